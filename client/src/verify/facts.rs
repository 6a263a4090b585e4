//! What was checked of signature, log and time, in words.

use crate::signer_key::SignerKey;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::fact::Fact;
use crate::verify::logged::VerifiedEntry;
use crate::verify::proven_time::ProvenTime;
use crate::verify::proven_time::TimeSource;
use crate::verify::proven_time::time_text;

pub(crate) fn facts_about_signature(bundle: &Bundle, key: &SignerKey) -> Vec<Fact> {
    let whose = match bundle.material {
        BundleMaterial::Certificate(_) => "of the certificate",
        BundleMaterial::PublicKey { .. } => "that was given",
    };
    let over = match &bundle.content {
        BundleContent::Message { .. } => "the artifact".to_owned(),
        BundleContent::Dsse(envelope) => {
            format!(
                "an envelope of {}, about the artifact",
                envelope.payload_type
            )
        }
        BundleContent::SimpleSigning { .. } => {
            "a payload of cosign's that names the artifact by its digest".to_owned()
        }
    };
    vec![Fact::new(
        "signature",
        format!("by the {key} {whose}, over {over}"),
    )]
}

pub(crate) fn facts_about_log(entries: &[VerifiedEntry]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for entry in entries {
        let VerifiedEntry { kind, origin, .. } = entry;
        facts.push(Fact::new(
            "log entry",
            format!("{kind} in {origin}, about this signature, key and artifact"),
        ));
        if let Some(inclusion) = &entry.inclusion {
            facts.push(Fact::new(
                "inclusion",
                format!(
                    "entry {} of {}, by proof and signed checkpoint",
                    inclusion.index, inclusion.size
                ),
            ));
        }
        if let Some(promise) = &entry.promise {
            let time = time_text(promise.time.saturating_mul(1_000));
            let text = format!("log index {}, signed at {time}", promise.index);
            facts.push(Fact::new("promise of the log", text));
        }
    }
    facts
}

pub(crate) fn facts_about_times(times: &[ProvenTime]) -> Vec<Fact> {
    let fact = |time: &ProvenTime| {
        let at = time_text(time.milliseconds);
        let by = match &time.source {
            TimeSource::Authority { name, policy } => {
                format!("{at}, by the time stamp of {name} under policy {policy}")
            }
            TimeSource::Log { origin } => format!("{at}, by the promise of {origin}"),
        };
        Fact::new("time", by)
    };
    times.iter().map(fact).collect()
}
