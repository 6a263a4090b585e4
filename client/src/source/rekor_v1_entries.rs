//! Entries as a Rekor v1 answers with them (rekor-v1, sections 1.5 and 2).

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use crate::source::entry::SourceEntry;
use crate::source::error::EntryFault;
use crate::source::rekor_v1_tree::RekorV1Tree;

/// The most entries that one request may ask for (rekor-v1, section 1.5).
pub(crate) const MAX_RETRIEVED: u64 = 10;

/// The answer to a request for entries: a list of objects, each with an entry under its id.
///
/// It is read only as far as it has what one request may ask for. Read as any list, one of 32 MiB
/// with nothing but empty objects would take half a gigabyte.
pub(crate) struct RetrievedEntries(Vec<(String, RetrievedEntry)>);

impl RetrievedEntries {
    /// The entries with their ids.
    pub(crate) fn by_virtual_index(self) -> HashMap<u64, (String, RetrievedEntry)> {
        let entries = self.0.into_iter();
        entries
            .map(|(id, entry)| (entry.log_index, (id, entry)))
            .collect()
    }
}

impl<'de> Deserialize<'de> for RetrievedEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = RetrievedEntries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        let mut objects = 0;
        while let Some(EntryObject(members)) = list.next_element()? {
            entries.extend(members);
            objects += 1;
            if objects > MAX_RETRIEVED || entries.len() as u64 > MAX_RETRIEVED {
                return Err(A::Error::custom(TooManyEntries));
            }
        }
        Ok(RetrievedEntries(entries))
    }
}

/// An object with entries under their ids; one, by the rules.
struct EntryObject(Vec<(String, RetrievedEntry)>);

impl<'de> Deserialize<'de> for EntryObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = EntryObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = object.next_entry()? {
            if entries.len() as u64 == MAX_RETRIEVED {
                return Err(A::Error::custom(TooManyEntries));
            }
            entries.push(entry);
        }
        Ok(EntryObject(entries))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it has more than {MAX_RETRIEVED} entries, which nobody asks for at a time")]
struct TooManyEntries;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RetrievedEntry {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Option<Verification>,
    attestation: Option<Attestation>,
}

#[derive(Deserialize)]
struct Attestation {
    data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    #[serde(default)]
    signed_entry_timestamp: String,
}

impl RetrievedEntry {
    /// The entry, if it is the one that `id` names in `tree`, and `key` signed when it was taken.
    pub(crate) fn check(
        self,
        id: &str,
        tree: &RekorV1Tree,
        key: &VerifierKey,
    ) -> Result<SourceEntry, EntryFault> {
        let body: Bytes = match STANDARD.decode(&self.body) {
            Ok(body) => body.into(),
            Err(_) => return Err(EntryFault::Base64),
        };
        let expected = format!("{:016x}{}", tree.tree_id, leaf_hash(&body));
        if !id.eq_ignore_ascii_case(&expected) {
            return Err(EntryFault::Id {
                id: id.chars().take(80).collect(),
                expected,
            });
        }
        if self.log_id != Hash::new(key.log_id()).to_string() {
            return Err(EntryFault::LogId);
        }
        let timestamp = self.check_timestamp(key)?;
        let attestation = self.attestation.and_then(|attestation| attestation.data);
        let attestation = attestation.and_then(|data| STANDARD.decode(data).ok());
        Ok(SourceEntry {
            body,
            integrated_time: self.integrated_time,
            timestamp: Some(timestamp.into()),
            attestation: attestation.map(Bytes::from),
        })
    }

    /// Checks the signed entry timestamp: without it, nobody but the connection vouches for the
    /// time (rekor-v1, section 2).
    fn check_timestamp(&self, key: &VerifierKey) -> Result<Vec<u8>, EntryFault> {
        let signature = self
            .verification
            .as_ref()
            .and_then(|verification| STANDARD.decode(&verification.signed_entry_timestamp).ok())
            .ok_or(EntryFault::Timestamp)?;
        // Canonical JSON as it stands: the keys are in order. The body decoded as base64, so that
        // it needs no escapes.
        let payload = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
            self.body, self.integrated_time, self.log_id, self.log_index
        );
        match key.verify(&payload, &signature) {
            Ok(()) => Ok(signature),
            Err(_) => Err(EntryFault::Timestamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use ledgerstone_proto::json::from_slice;

    use super::*;

    fn read(json: &str) -> Result<RetrievedEntries, String> {
        from_slice(json.as_bytes()).map_err(|error| error.to_string())
    }

    fn list(objects: impl Iterator<Item = String>) -> String {
        format!("[{}]", objects.collect::<Vec<_>>().join(","))
    }

    #[test]
    fn no_more_entries_are_read_than_are_asked_for() {
        let entry = |index: u64| {
            let numbers = format!(r#""integratedTime":1,"logIndex":{index}"#);
            format!(r#""{index:x}":{{"body":"","logID":"",{numbers}}}"#)
        };
        let entries = |count| list((0..count).map(|index| format!("{{{}}}", entry(index))));
        assert_eq!(read(&entries(10)).unwrap().by_virtual_index().len(), 10);
        let one_object = (0..11).map(entry).collect::<Vec<_>>().join(",");
        let excessive = [
            entries(11),
            format!("[{{{one_object}}}]"),
            list((0..11).map(|_| "{}".to_owned())),
        ];
        for json in excessive {
            let refusal = read(&json).map(drop).unwrap_err();
            assert!(refusal.contains("more than 10 entries"), "{refusal}");
        }
    }
}
