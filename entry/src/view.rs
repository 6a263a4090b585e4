//! One entry of a log, decoded: the one form in which machines are told of entries, wherever no
//! protocol of somebody else says otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::leaf_hash;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::any_body::read_kind;
use crate::describe::describe;
use crate::named_parts::EntryDigest;
use crate::named_parts::EntrySigner;

/// An entry of a log, decoded, with what is known about its place there.
///
/// ```
/// use ledgerstone_entry::EntryView;
///
/// let body = br#"{"apiVersion":"0.0.1","kind":"jar","spec":{}}"#;
/// let view = EntryView::new(body).at(7).integrated_at(1_700_000_000);
/// assert_eq!(
///     serde_json::to_string(&view)?,
///     "{\"index\":7,\
///      \"leafHash\":\"sha256:\
///      fc687d3fe0bf8f583a0ce51cc7b2701efb7c7fb06249978a0c4e120896c1b13b\",\
///      \"kind\":\"jar\",\"version\":\"0.0.1\",\"time\":\"2023-11-14T22:13:20Z\",\
///      \"body\":{\"apiVersion\":\"0.0.1\",\"kind\":\"jar\",\"spec\":{}}}"
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// The position in its tree, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The number of its tree, decimal. A text: many readers of JSON round numbers of this size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree_id: Option<String>,
    /// Tree and leaf hash in 80 hexadecimal digits, as Rekor v1 names entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The hash of the body as a leaf (RFC 6962, section 2.1): `sha256:` and hexadecimal digits.
    pub leaf_hash: String,
    /// The name of the kind. `None` when the body is not that of an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The version of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When the log took the entry, by its own word: RFC 3339. `None` when that is not known, as
    /// of a log that was copied by its tiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The digests of what was signed. `None` for a body that this version cannot read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digests: Option<Vec<EntryDigest>>,
    /// Who signed, in the order of the signatures. `None` for a body that this version cannot read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signers: Option<Vec<EntrySigner>>,
    /// Where it is in the log's own interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<EntryLinks>,
    /// The body, if it is a JSON object in one line, as all canonical bodies are: it stands in the
    /// document as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<JsonText>,
    /// Any other body, in padded standard base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl EntryView {
    /// The entry with this body. No signature is verified.
    pub fn new(body: &[u8]) -> Self {
        let description = describe(body).ok();
        let (kind, version) = match &description {
            Some(known) => Some((known.kind().to_owned(), known.version().to_owned())),
            None => read_kind(body),
        }
        .unzip();
        let json = JsonText::new(body);
        let body_base64 = json.is_none().then(|| STANDARD.encode(body));
        let content = description.as_ref().and_then(|known| known.any_content());
        Self {
            index: None,
            tree_id: None,
            uuid: None,
            leaf_hash: format!("sha256:{}", leaf_hash(body)),
            kind,
            version,
            time: None,
            digests: content.map(|content| content.digests()),
            signers: content.map(|content| content.signers()),
            links: None,
            body: json,
            body_base64,
        }
    }

    /// The entry at this position of its tree, from 0.
    pub fn at(self, index: u64) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// The entry in the tree with this number.
    pub fn in_tree(self, tree_id: u64) -> Self {
        let leaf = self.leaf_hash.trim_start_matches("sha256:");
        Self {
            uuid: Some(format!("{tree_id:016x}{leaf}")),
            links: self.index.map(|index| EntryLinks::new(tree_id, index)),
            tree_id: Some(tree_id.to_string()),
            ..self
        }
    }

    /// The entry that was taken at this time, in seconds since 1970. 0 stands for a time that is
    /// not known.
    pub fn integrated_at(self, unix_seconds: i64) -> Self {
        let time = jiff::Timestamp::from_second(unix_seconds).ok();
        Self {
            time: time
                .filter(|_| unix_seconds > 0)
                .map(|time| time.to_string()),
            ..self
        }
    }

    /// The body, byte for byte. `None` for a view that was read from a document without one.
    pub fn body_bytes(&self) -> Option<Vec<u8>> {
        match (&self.body, &self.body_base64) {
            (Some(JsonText(json)), _) => Some(json.get().as_bytes().to_vec()),
            (None, Some(text)) => STANDARD.decode(text).ok(),
            (None, None) => None,
        }
    }

    /// When the log took the entry, in seconds since 1970, or 0 when that is not known.
    pub fn integrated_seconds(&self) -> i64 {
        let time = self.time.as_deref().and_then(|time| time.parse().ok());
        time.map_or(0, jiff::Timestamp::as_second)
    }

    /// Name and version of the kind, such as `hashedrekord 0.0.2`, for people.
    pub fn kind_text(&self) -> String {
        match (&self.kind, &self.version) {
            (Some(kind), Some(version)) => format!("{kind} {version}"),
            _ => "not understood".to_owned(),
        }
    }
}

/// Where an entry is in the interface of its log: paths below the URL of that.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryLinks {
    /// The entry itself.
    pub entry: String,
    /// The proof that it is in its tree.
    pub inclusion_proof: String,
}

impl EntryLinks {
    fn new(tree_id: u64, index: u64) -> Self {
        Self {
            entry: format!("/log/v1/entries/{index}?treeId={tree_id}"),
            inclusion_proof: format!("/log/v1/proofs/inclusion?index={index}&treeId={tree_id}"),
        }
    }
}

/// A JSON object in one line, as it stands in a document.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
struct JsonText(Box<RawValue>);

impl JsonText {
    fn new(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let is_one_line = text.starts_with('{') && !text.contains(['\r', '\n']);
        // Space behind it would not be part of the value.
        let is_value = is_one_line && text.ends_with('}');
        let line = is_value.then(|| text.to_owned())?;
        RawValue::from_string(line).ok().map(Self)
    }
}

impl Eq for JsonText {}

impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_have_a_view_that_holds_them() {
        for body in [
            &b""[..],
            b"no JSON",
            b"\xff\x00",
            b" {}",
            b"{\n}",
            b"[1]",
            b"null",
            b"{} ",
            br#"{"apiVersion":"1","kind":"k","spec":0}"#,
        ] {
            let view = EntryView::new(body);
            assert_eq!(view.body_bytes().unwrap(), body);
            let text = serde_json::to_vec(&view).unwrap();
            assert_eq!(serde_json::from_slice::<EntryView>(&text).unwrap(), view);
            let value = serde_json::to_value(&view).unwrap();
            assert!(value.get("signers").is_none() && value.get("time").is_none());
            let is_json = value.get("body").is_some();
            assert_ne!(is_json, value.get("bodyBase64").is_some());
        }
        let unknown = EntryView::new(br#"{"apiVersion":"1","kind":"k","spec":0}"#);
        assert_eq!(unknown.kind_text(), "k 1");
        assert_eq!(EntryView::new(b"").kind_text(), "not understood");
    }

    #[test]
    fn an_entry_of_a_tree_is_named_as_rekor_v1_names_it() {
        let view = EntryView::new(b"{}").at(5).in_tree(255);
        let leaf = leaf_hash(b"{}");
        assert_eq!(view.uuid, Some(format!("00000000000000ff{leaf}")));
        let links = view.links.unwrap();
        assert_eq!(links.entry, "/log/v1/entries/5?treeId=255");
        assert_eq!(
            links.inclusion_proof,
            "/log/v1/proofs/inclusion?index=5&treeId=255"
        );
    }

    #[test]
    fn a_time_that_is_not_known_is_not_told() {
        let time = |seconds| EntryView::new(b"{}").integrated_at(seconds).time;
        assert_eq!(time(0), None);
        assert_eq!(time(-1), None);
        assert_eq!(time(i64::MAX), None);
        assert_eq!(time(1).as_deref(), Some("1970-01-01T00:00:01Z"));
        let view = EntryView::new(b"{}");
        for seconds in [0, 1_700_000_000] {
            let view = view.clone().integrated_at(seconds);
            assert_eq!(view.integrated_seconds(), seconds);
        }
    }
}
