//! Offline verification of a bundle: who signed what, when, and where it was logged.

use std::borrow::Cow;

use ledgerstone_entry::v1::PublicKeyFormat;

use crate::artifact::Artifact;
use crate::signer_key::SignerKey;
use crate::trust::trusted_root::TrustedRoot;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_entry::Shown;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::certified::Certified;
use crate::verify::chosen_signature::with_signature_of;
use crate::verify::document::check_document;
use crate::verify::document::format_of_signature;
use crate::verify::error::VerifyError;
use crate::verify::expected::expectation::Expectation;
use crate::verify::expected::expectation::ExpectedSigner;
use crate::verify::fact::Fact;
use crate::verify::facts::facts_about_log;
use crate::verify::facts::facts_about_signature;
use crate::verify::facts::facts_about_times;
use crate::verify::logged::CheckedLog;
use crate::verify::logged::VerifiedEntry;
use crate::verify::logged::check_logged;
use crate::verify::logged::has_other_signatures;
use crate::verify::proven_time::ProvenTime;
use crate::verify::signer::Signer;
use crate::verify::times::check_log_windows;
use crate::verify::times::count_authorities;
use crate::verify::times::promised_times;
use crate::verify::times::stamped_times;
use crate::verify::unchecked::Unchecked;

/// Verifies that `bundle` signs `artifact` as `expected`, by what `trust` lists. No network is
/// used.
///
/// The signature has to be over the artifact, and as many logs as asked for have to hold it. Each
/// time stamp in the bundle has to be by a time stamp authority that was trusted then, and each
/// promise by its log. A certificate has to have been issued by an authority that was trusted, and
/// has to be valid, at **every** time that is proven, of which there must be one; certificate logs
/// have to have signed it; and it has to name who is expected.
///
/// # Errors
/// [`VerifyError`] with the first check that fails.
pub fn verify(
    bundle: &Bundle,
    artifact: &Artifact,
    expected: &Expectation,
    trust: &TrustedRoot,
) -> Result<Verified, VerifyError> {
    let thresholds = &expected.thresholds;
    let (bundle, key, log) = check_signature(bundle, artifact, &expected.signer, trust)?;
    let bundle = bundle.as_ref();
    thresholds.check_log_entries(count_logs(&log.shown))?;
    let stamps_matter = can_stamp(bundle, expected, trust);
    let stamped = match stamps_matter {
        true => stamped_times(bundle, trust)?,
        false => Vec::new(),
    };
    thresholds.check_timestamps(count_authorities(&stamped))?;
    check_log_windows(&log.shown, &stamped)?;
    let times = [stamped, promised_times(&log.shown)].concat();
    let certified = match &expected.signer {
        ExpectedSigner::Certified(identity) => Some(Certified::check(
            bundle,
            Some(identity),
            &times,
            trust,
            thresholds,
        )?),
        ExpectedSigner::AnyCertified => {
            Some(Certified::check(bundle, None, &times, trust, thresholds)?)
        }
        ExpectedSigner::Key(_) | ExpectedSigner::Nobody => None,
    };
    let envelope = match &bundle.content {
        BundleContent::Dsse(envelope) => Some(envelope),
        BundleContent::Message { .. } | BundleContent::SimpleSigning { .. } => None,
    };
    let said = expected.statement.check(envelope, &log.subject_names)?;

    let mut facts = facts_about_signature(bundle, &key);
    facts.extend(facts_about_log(&log.entries));
    facts.extend(facts_about_times(&times));
    facts.extend(certified.iter().flat_map(Certified::facts));
    facts.extend(said.into_iter().map(|text| Fact::new("statement", text)));
    Ok(Verified {
        not_checked: not_checked(
            bundle,
            &key,
            &log,
            &times,
            certified.as_ref(),
            stamps_matter,
        ),
        key,
        certified,
        times,
        entries: log.entries,
        facts,
    })
}

/// What a successful verification has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The key that signed.
    pub key: SignerKey,
    /// Whose certificate it is, where that was verified.
    pub certified: Option<Certified>,
    /// When the signature existed.
    pub times: Vec<ProvenTime>,
    /// The log entries that hold the signature.
    pub entries: Vec<VerifiedEntry>,
    /// Everything that was checked, and how.
    pub facts: Vec<Fact>,
    /// What the bundle claims beyond that, and nobody verified.
    pub not_checked: Vec<Unchecked>,
}

/// Checks the signature and every entry by whoever is expected. Returns the bundle with the
/// signature in front that was checked, and the key that made it.
fn check_signature<'b>(
    bundle: &'b Bundle,
    artifact: &Artifact,
    expected: &ExpectedSigner,
    trust: &TrustedRoot,
) -> Result<(Cow<'b, Bundle>, SignerKey, CheckedLog), VerifyError> {
    if let ExpectedSigner::Key(key) = expected
        && format_of_signature(&bundle.content, key).is_some()
    {
        if matches!(bundle.material, BundleMaterial::Certificate(_)) {
            return Err(VerifyError::OtherKey);
        }
        let log = check_document(bundle, artifact, key, trust.logs())?;
        return Ok((Cow::Borrowed(bundle), SignerKey::clone(key), log));
    }
    let signer = find_signer(bundle, expected)?;
    let bundle = with_signature_of(bundle, &signer);
    let log = check_logged(&bundle, Some(artifact), &signer, trust.logs())?;
    let key = match expected {
        ExpectedSigner::Key(key) => SignerKey::clone(key),
        _ => signer.key.into(),
    };
    Ok((bundle, key, log))
}

/// The signer in the bundle, if it can be one that is expected.
fn find_signer(bundle: &Bundle, expected: &ExpectedSigner) -> Result<Signer, VerifyError> {
    match (expected, &bundle.material) {
        (ExpectedSigner::Key(key), material) => match key.bare() {
            Some(key) => Signer::find(material, Some(key)),
            None => Err(VerifyError::EnvelopeFormat(key.format())),
        },
        (_, BundleMaterial::PublicKey { hint }) => {
            Err(VerifyError::KeyNeeded { hint: hint.clone() })
        }
        (ExpectedSigner::Nobody, BundleMaterial::Certificate(_)) => {
            Err(VerifyError::IdentityNeeded)
        }
        (ExpectedSigner::Certified(identity), _) if !identity.says_who() => {
            Err(VerifyError::IdentityNeeded)
        }
        (_, material) => Signer::find(material, None),
    }
}

/// Logs that hold the signature: each counts once, however many entries it has.
fn count_logs(shown: &[Shown]) -> usize {
    let mut ids: Vec<&[u8]> = shown.iter().map(|shown| shown.log.log_id()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

/// Whether the time stamps of the bundle are verified: always, but for a bundle of a known key
/// whose verifier knows no time stamp authority and asks for none.
fn can_stamp(bundle: &Bundle, expected: &Expectation, trust: &TrustedRoot) -> bool {
    let is_key = matches!(expected.signer, ExpectedSigner::Key(_));
    let knows_none = trust.timestamp_authorities().is_empty();
    let asks_for_none = expected.thresholds.signed_timestamps == 0;
    let may_be_left = is_key && knows_none && asks_for_none;
    !bundle.timestamps.is_empty() && !may_be_left
}

fn not_checked(
    bundle: &Bundle,
    key: &SignerKey,
    log: &CheckedLog,
    times: &[ProvenTime],
    certified: Option<&Certified>,
    stamps_matter: bool,
) -> Vec<Unchecked> {
    let is_certificate = matches!(bundle.material, BundleMaterial::Certificate(_));
    let nobody_asked = certified.is_some_and(|certified| !certified.identity_checked);
    let format = format_of_signature(&bundle.content, key);
    let ended = |shown: &Shown| shown.log.ended() && shown.promise.is_none();
    let claims = [
        (
            is_certificate && certified.is_none(),
            Unchecked::Certificate,
        ),
        (nobody_asked, Unchecked::Identity),
        (
            certified.is_some_and(|certified| !certified.logs_checked),
            Unchecked::CertificateLogs,
        ),
        (has_other_signatures(bundle), Unchecked::OtherSignatures),
        (
            format == Some(PublicKeyFormat::Minisign),
            Unchecked::Comments,
        ),
        (format == Some(PublicKeyFormat::Pgp), Unchecked::SignersTime),
        (
            !stamps_matter && !bundle.timestamps.is_empty(),
            Unchecked::Timestamps,
        ),
        (
            times.is_empty() && log.shown.iter().any(ended),
            Unchecked::LogKeyEnded,
        ),
    ];
    let claims = claims.into_iter();
    let claims = claims.filter_map(|(present, claim)| present.then_some(claim));
    claims.chain(log.unchecked()).collect()
}
