//! Whose certificate a signature was made with, who issued it, and that this was public.

use bytes::Bytes;

use crate::trust::trusted_root::TrustedRoot;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::certificate::extension::FulcioExtension;
use crate::verify::certificate::path::find_path;
use crate::verify::certificate::sct::VerifiedSct;
use crate::verify::certificate::sct::verify_scts;
use crate::verify::certificate::signing::CODE_SIGNING;
use crate::verify::certificate::signing::SigningCertificate;
use crate::verify::error::VerifyError;
use crate::verify::expected::identity::Identity;
use crate::verify::expected::thresholds::Thresholds;
use crate::verify::fact::Fact;
use crate::verify::proven_time::ProvenTime;
use crate::verify::proven_time::time_text;

/// The holder of a certificate that an authority of the trusted root issued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certified {
    /// Whom the certificate names.
    pub names: Vec<String>,
    /// Who vouched for the name.
    pub issuer: Option<String>,
    /// What else Fulcio says of the holder.
    pub extensions: Vec<(FulcioExtension, String)>,
    /// The authority that issued the certificate, as the trusted root calls it.
    pub authority: String,
    /// The first and the last second of its validity, in Unix seconds.
    pub validity: (i64, i64),
    /// Whether the verifier said whose it has to be.
    pub identity_checked: bool,
    /// Whether certificate logs were verified to hold the certificate.
    pub logs_checked: bool,
    scts: Vec<VerifiedSct>,
    matched: Vec<String>,
}

impl Certified {
    /// Checks the certificate in `bundle` at all `times`, of which there has to be one.
    pub(crate) fn check(
        bundle: &Bundle,
        identity: Option<&Identity>,
        times: &[ProvenTime],
        trust: &TrustedRoot,
        thresholds: &Thresholds,
    ) -> Result<Self, VerifyError> {
        let BundleMaterial::Certificate(der) = &bundle.material else {
            return Err(VerifyError::IdentityNeeded);
        };
        let certificate = SigningCertificate::read(der).map_err(VerifyError::Path)?;
        if times.is_empty() {
            return Err(VerifyError::NoTime);
        }
        let times: Vec<i64> = times.iter().map(|time| time.milliseconds).collect();
        let authorities = trust.certificate_authorities();
        let bundled: &[Bytes] = &bundle.intermediates;
        let path = find_path(&certificate, bundled, authorities, &times, CODE_SIGNING)
            .map_err(VerifyError::Path)?;
        let scts = match thresholds.scts {
            0 => Vec::new(),
            _ => verify_scts(der, &path.issuer_spki, trust.ct_logs()).map_err(VerifyError::Sct)?,
        };
        thresholds.check_scts(scts.len())?;
        let matched = match identity {
            Some(identity) => identity.check(&certificate)?,
            None => Vec::new(),
        };
        let said = |extension| Some((extension, certificate.fulcio(extension)?));
        Ok(Self {
            names: certificate.names(),
            issuer: certificate.issuer(),
            extensions: FulcioExtension::all().filter_map(said).collect(),
            authority: path.authority,
            validity: certificate.validity(),
            identity_checked: identity.is_some(),
            logs_checked: thresholds.scts > 0,
            scts,
            matched,
        })
    }

    /// What was checked.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let (from, to) = self.validity;
        let second = |seconds: i64| time_text(seconds.saturating_mul(1_000));
        let mut facts = vec![
            Fact::new("certificate issued by", self.authority.clone()),
            Fact::new(
                "certificate valid",
                format!(
                    "from {} to {}, at each proven time",
                    second(from),
                    second(to)
                ),
            ),
        ];
        facts.extend(self.scts.iter().map(|sct| {
            let time = i64::try_from(sct.time).unwrap_or(i64::MAX);
            let by = format!("{} at {}", sct.log, time_text(time));
            Fact::new("certificate made public", by)
        }));
        let matched = self.matched.iter();
        facts.extend(matched.map(|text| Fact::new("identity as expected", text.clone())));
        facts
    }
}
