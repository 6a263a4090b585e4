//! Whether a bundle holds a signature over an artifact, and a log holds that: nothing is said yet
//! about who signed.

use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;

use crate::artifact::Artifact;
use crate::trust::logs::TrustedLogs;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_entry::Shown;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::chosen_signature::with_signature_of;
use crate::verify::error::VerifyError;
use crate::verify::promise::VerifiedPromise;
use crate::verify::signed_as::SignedAs;
use crate::verify::signer::Signer;
use crate::verify::unchecked::Unchecked;
use crate::verify::v1_body::V1Body;

/// Verifies that `bundle` signs `artifact`, and that one of `logs` holds the signature. **It says
/// nothing about who signed**: that is for [`verify`](crate::verify()).
///
/// `key` is the signer's public key. A bundle with a certificate brings its own; then a `key` that
/// is given must be the certified one. No network is used. What is not checked is in
/// [`Logged::not_checked`].
///
/// The body of each entry has to be about this signature, key and artifact, and the log has to be
/// shown to hold it: by the inclusion proof and the checkpoint that the log signed, or in bundles
/// of version 0.1 by its promise, the signed entry timestamp of Rekor v1. A promise is verified
/// wherever there is one, and with it the time at which the entry was logged, which has to lie in
/// the time of the log's key.
///
/// # Errors
/// [`VerifyError`] with the first check that fails.
pub fn verify_logged(
    bundle: &Bundle,
    artifact: &Artifact,
    key: Option<&PublicKey>,
    logs: &TrustedLogs,
) -> Result<Logged, VerifyError> {
    verify_logged_about(bundle, Some(artifact), key, logs)
}

/// As [`verify_logged`]; but what an envelope is about is not looked at where there is no
/// `artifact`. A signature over an artifact needs it.
///
/// # Errors
/// As there.
pub fn verify_logged_about(
    bundle: &Bundle,
    artifact: Option<&Artifact>,
    key: Option<&PublicKey>,
    logs: &TrustedLogs,
) -> Result<Logged, VerifyError> {
    let signer = Signer::find(&bundle.material, key)?;
    let bundle = &with_signature_of(bundle, &signer);
    let checked = check_logged(bundle, artifact, &signer, Some(logs))?;
    if checked.entries.is_empty() {
        return Err(VerifyError::NoEntry);
    }
    Ok(Logged {
        not_checked: not_checked(bundle, &checked),
        key: signer.key,
        certified: matches!(signer.material, VerifierMaterial::Certificate(_)),
        entries: checked.entries,
    })
}

/// What [`verify_logged`] has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The key that signed.
    pub key: PublicKey,
    /// Whether the key came from a certificate in the bundle. Then nothing says whose it is: see
    /// [`not_checked`](Self::not_checked).
    pub certified: bool,
    /// The log entries that hold the signature.
    pub entries: Vec<VerifiedEntry>,
    /// What the bundle claims beyond that, and nobody verified.
    pub not_checked: Vec<Unchecked>,
}

/// A log entry that holds the signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedEntry {
    /// Kind and version.
    pub kind: String,
    /// The name of the log; for a Rekor v1 with the number of the tree, where that was signed.
    pub origin: String,
    /// Where the log was shown to hold the entry; `None` when it only promised to, see
    /// [`Unchecked::Inclusion`].
    pub inclusion: Option<VerifiedInclusion>,
    /// What the log promised, which only Rekor v1 does.
    pub promise: Option<VerifiedPromise>,
}

/// That a log holds an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerifiedInclusion {
    /// The position in the tree.
    pub index: LeafIndex,
    /// The size of the tree that the log signed.
    pub size: TreeSize,
    /// How many signatures of others, such as witnesses, are on the checkpoint. They were not
    /// verified.
    pub other_signatures: usize,
}

/// What was found about the signature and its entries.
pub(crate) struct CheckedLog {
    pub(crate) entries: Vec<VerifiedEntry>,
    pub(crate) shown: Vec<Shown>,
    /// What the subjects of the statement are called that are the artifact.
    pub(crate) subject_names: Vec<String>,
    bodies: Vec<Option<V1Body>>,
}

/// Checks the signature and every entry. There need not be one.
pub(crate) fn check_logged(
    bundle: &Bundle,
    artifact: Option<&Artifact>,
    signer: &Signer,
    logs: Option<&TrustedLogs>,
) -> Result<CheckedLog, VerifyError> {
    let bodies = read_bodies(bundle)?;
    let first = bodies.first().and_then(Option::as_ref);
    let signed_as = first.map(V1Body::signed_as);
    let signed_as = signed_as.or_else(|| signed_without_entry(bundle));
    let subject_names = signer.verify_content(&bundle.content, artifact, signed_as)?;
    let checked = check_entries(bundle, bodies, logs, |entry, v1_body| match v1_body {
        Some(body) => {
            let is_signer = &|pem: &[u8]| signer.is_in(pem);
            body.check(entry, &bundle.content, artifact, is_signer)
        }
        None => signer.verify_body(entry, &bundle.content, artifact),
    })?;
    Ok(CheckedLog {
        subject_names,
        ..checked
    })
}

/// The entries of `bundle` with the bodies of those of Rekor v1.
pub(crate) fn read_bodies(bundle: &Bundle) -> Result<Vec<Option<V1Body>>, VerifyError> {
    bundle.entries.iter().map(V1Body::read).collect()
}

/// Checks every entry: that its body is about the signature, as `check_body` says, and that the log
/// has it.
pub(crate) fn check_entries(
    bundle: &Bundle,
    bodies: Vec<Option<V1Body>>,
    logs: Option<&TrustedLogs>,
    check_body: impl Fn(&BundleEntry, Option<&V1Body>) -> Result<(), VerifyError>,
) -> Result<CheckedLog, VerifyError> {
    let (mut entries, mut shown) = (Vec::new(), Vec::new());
    for (entry, v1_body) in bundle.entries.iter().zip(&bodies) {
        check_body(entry, v1_body.as_ref())?;
        let found = entry.verify(logs)?;
        entries.push(VerifiedEntry::of(entry, &found));
        shown.push(found);
    }
    Ok(CheckedLog {
        entries,
        shown,
        subject_names: Vec::new(),
        bodies,
    })
}

/// Where no entry says it, the bundle says which hash function was signed with.
fn signed_without_entry(bundle: &Bundle) -> Option<SignedAs> {
    match &bundle.content {
        BundleContent::Message {
            digest: Some(digest),
            ..
        } if bundle.entries.is_empty() => Some(SignedAs::Digest(digest.algorithm())),
        _ => None,
    }
}

impl VerifiedEntry {
    fn of(entry: &BundleEntry, shown: &Shown) -> Self {
        let checkpoint = shown.checkpoint.as_ref();
        let origin = checkpoint.map(|signed| signed.checkpoint.origin.as_str());
        let origin = origin.unwrap_or_else(|| shown.log.origin());
        Self {
            kind: format!("{} {}", entry.kind(), entry.version()),
            origin: origin.to_owned(),
            inclusion: checkpoint.map(|signed| VerifiedInclusion {
                index: entry.index(),
                size: signed.checkpoint.size,
                other_signatures: signed.other_signatures,
            }),
            promise: shown.promise,
        }
    }
}

/// Whether the bundle holds an envelope with more signatures than the one that was verified.
pub(crate) fn has_other_signatures(bundle: &Bundle) -> bool {
    matches!(&bundle.content, BundleContent::Dsse(envelope) if envelope.signatures.len() > 1)
}

fn not_checked(bundle: &Bundle, checked: &CheckedLog) -> Vec<Unchecked> {
    let of_signer = [
        (
            matches!(bundle.material, BundleMaterial::Certificate(_)),
            Unchecked::Certificate,
        ),
        (has_other_signatures(bundle), Unchecked::OtherSignatures),
        (!bundle.timestamps.is_empty(), Unchecked::Timestamps),
    ];
    let of_signer = of_signer.into_iter();
    let of_signer = of_signer.filter_map(|(present, claim)| present.then_some(claim));
    // With a time that the log signed, the key was valid then.
    let ended = |shown: &Shown| shown.log.ended() && shown.promise.is_none();
    let ended = checked.shown.iter().any(ended);
    let ended = ended.then_some(Unchecked::LogKeyEnded);
    of_signer.chain(checked.unchecked()).chain(ended).collect()
}

impl CheckedLog {
    /// What the entries claim, and nobody verified.
    pub(crate) fn unchecked(&self) -> Vec<Unchecked> {
        let unproven = |shown: &Shown| shown.checkpoint.is_none();
        let unsigned = |body: &V1Body| !body.holds_signature();
        let cosigned = |shown: &Shown| {
            let signed = shown.checkpoint.as_ref();
            signed.is_some_and(|signed| signed.note.matches("\n\u{2014} ").count() > 1)
        };
        let claims = [
            (self.shown.iter().any(unproven), Unchecked::Inclusion),
            (
                self.bodies.iter().flatten().any(unsigned),
                Unchecked::LoggedSignature,
            ),
            (self.shown.iter().any(cosigned), Unchecked::Cosignatures),
        ];
        claims
            .into_iter()
            .filter_map(|(present, claim)| present.then_some(claim))
            .collect()
    }
}
