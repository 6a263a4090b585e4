//! What a verification has shown, for people and for machines.

use ledgerstone_client::BundleContent;
use ledgerstone_client::Verified;
use serde_json::Value;
use serde_json::json;

use crate::commands::verify::inputs::Input;
use crate::commands::verify::inputs::NamedBundle;
use crate::output::Report;
use crate::output::time;

/// What was shown of the artifact `input` by `bundle`, under the rule of a policy where there is
/// one.
pub(crate) fn report(
    input: &Input,
    rule: Option<&str>,
    bundle: &NamedBundle,
    verified: &Verified,
    with_statement: bool,
) -> Report {
    let report = Report::new()
        .field("verified", "verified", true)
        .field("artifact", "artifact", input.name.clone())
        .optional("digest", "digest", input.digest.clone())
        .optional("rule", "rule", rule)
        .field("signed by", "signedBy", signer(verified));
    let report = about_certificate(report, verified);
    let report = report.field("bundle", "bundle", bundle.name.clone());
    let report = about_log(report, verified);
    let statement = with_statement.then(|| statement(bundle)).flatten();
    report
        .list("checked", "checked", facts(verified), |fact| {
            format!("{}: {}", text(fact, "fact"), text(fact, "by"))
        })
        .field("not checked", "notChecked", unchecked(verified))
        .optional("statement", "statement", statement)
}

fn signer(verified: &Verified) -> String {
    let key = &verified.key;
    match &verified.certified {
        Some(_) => format!("{key} of the certificate"),
        None => format!("{key} that was given"),
    }
}

fn about_certificate(report: Report, verified: &Verified) -> Report {
    let Some(certified) = &verified.certified else {
        return report;
    };
    let extensions: serde_json::Map<_, _> = certified
        .extensions
        .iter()
        .map(|(extension, value)| (extension.name().to_owned(), Value::from(value.clone())))
        .collect();
    report
        .field("name", "certificateNames", certified.names.clone())
        .optional("issuer", "certificateIssuer", certified.issuer.clone())
        .field(
            "authority",
            "certificateAuthority",
            certified.authority.clone(),
        )
        .machine("certificateExtensions", Value::Object(extensions))
}

fn about_log(mut report: Report, verified: &Verified) -> Report {
    for entry in &verified.entries {
        let (inclusion, promise) = (&entry.inclusion, &entry.promise);
        let shown = match inclusion {
            Some(_) => "proven",
            None => "promised",
        };
        report = report
            .field("log", "origin", entry.origin.clone())
            .optional(
                "index",
                "index",
                inclusion.map(|inclusion| inclusion.index.get()),
            )
            // Of a Rekor v1: over all of its trees.
            .optional(
                "log index",
                "logIndex",
                promise.map(|promise| promise.index),
            )
            .field("kind", "kind", entry.kind.clone())
            .optional(
                "tree size",
                "treeSize",
                inclusion.map(|inclusion| inclusion.size.get()),
            )
            .field("inclusion", "inclusion", shown)
            .optional(
                "promised at",
                "integratedTime",
                promise.map(|promise| time(promise.time)),
            );
    }
    report
}

fn facts(verified: &Verified) -> Vec<Value> {
    let facts = verified.facts.iter();
    facts
        .map(|fact| json!({"fact": fact.what, "by": fact.by}))
        .collect()
}

/// A member of an object, if it is a text.
pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn unchecked(verified: &Verified) -> Vec<String> {
    let claims = verified.not_checked.iter();
    claims.map(ToString::to_string).collect()
}

/// The payload of the envelope, as JSON if it is such.
fn statement(bundle: &NamedBundle) -> Option<Value> {
    let payload = match &bundle.bundle.content {
        BundleContent::Dsse(envelope) => &envelope.payload,
        BundleContent::SimpleSigning { payload, .. } => payload,
        BundleContent::Message { .. } => return None,
    };
    let json = serde_json::from_slice(payload).ok();
    json.or_else(|| Some(json!(String::from_utf8_lossy(payload))))
}
