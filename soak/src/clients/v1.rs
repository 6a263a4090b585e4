//! Submitting, reading and searching over Rekor v1.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Instant;

use ledgerstone_merkle::Hash;
use ledgerstone_tests::entry_rules;
use ledgerstone_tests::proposals::sha256;
use serde_json::Value;
use serde_json::json;

use crate::clients::talk::Reply;
use crate::clients::talk::Talk;
use crate::clients::talk::Trouble;
use crate::clients::talk::hash;
use crate::clients::talk::wrong;
use crate::told::Entry;
use crate::told::Head;

/// Where Rekor v1 takes entries.
pub(crate) const ENTRIES: &str = "/api/v1/log/entries";

/// Where Rekor v1 is searched.
pub(crate) const SEARCH: &str = "/api/v1/index/retrieve";

/// Submits a proposal about `artifact`, and checks the answer. Yields the id of the entry.
pub(crate) async fn submit(
    talk: &Talk,
    proposal: &Value,
    artifact: &[u8],
) -> Result<String, Trouble> {
    let reply = talk.post(ENTRIES, proposal.to_string().into()).await?;
    let answer = Answer::read(talk, &reply)?;
    if answer.digest != sha256(artifact) {
        return Err(wrong("the answer is about another artifact"));
    }
    answer.believe(talk, true);
    Ok(answer.id)
}

/// Reads an entry that was acknowledged, and checks the answer.
pub(crate) async fn read(talk: &Talk, entry: Entry) -> Result<(), Trouble> {
    let path = format!("{ENTRIES}?logIndex={}", entry.index);
    let reply = talk.get(&path).await?;
    let answer = Answer::read(talk, &reply)?;
    if answer.entry != entry {
        return Err(wrong("another entry is at the index"));
    }
    answer.believe(talk, false);
    Ok(())
}

/// Searches for an artifact, which has to find the entry with this id.
pub(crate) async fn search(talk: &Talk, artifact: &[u8], id: &str) -> Result<(), Trouble> {
    let query = json!({ "hash": sha256(artifact) });
    let reply = talk.post(SEARCH, query.to_string().into()).await?;
    let found: Vec<String> = serde_json::from_slice(&reply.body).map_err(wrong)?;
    match found.iter().any(|found| found == id) {
        true => Ok(()),
        false => Err(wrong("a search does not find an entry that was logged")),
    }
}

/// A verified answer about one entry.
struct Answer {
    at: Instant,
    id: String,
    entry: Entry,
    head: Head,
    /// Of the artifact, in hexadecimal.
    digest: String,
}

impl Answer {
    fn read(talk: &Talk, reply: &Reply) -> Result<Self, Trouble> {
        let entries: Value = serde_json::from_slice(&reply.body).map_err(wrong)?;
        let entries = entries.as_object().filter(|entries| entries.len() == 1);
        let (id, entry) = entries
            .and_then(|entries| entries.iter().next())
            .ok_or_else(|| wrong("the answer is not one entry"))?;
        let (index, size, tree) = checked(|| {
            let (index, size) = entry_rules::verify(&talk.keys.v1_key, id, entry);
            (index, size, entry_rules::tree_id(id))
        })?;
        if tree != talk.keys.v1.id.to_string() {
            return Err(wrong("the entry is in another tree"));
        }
        let tree = talk.keys.v1.id;
        let leaf = hash_in_hexadecimal(&id[id.len() - 2 * Hash::LENGTH..])?;
        let root = &entry["verification"]["inclusionProof"]["rootHash"];
        let root = hash_in_hexadecimal(root.as_str().unwrap_or_default())?;
        Ok(Self {
            at: reply.at,
            id: id.clone(),
            entry: Entry { tree, index, leaf },
            head: Head { tree, size, root },
            digest: digest(entry)?,
        })
    }

    fn believe(&self, talk: &Talk, acknowledges: bool) {
        let entry = acknowledges.then_some(self.entry);
        talk.believe(self.at, entry, self.head);
    }
}

/// What the rules find, which stop whoever breaks them.
fn checked<T>(rules: impl FnOnce() -> T) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(rules)).map_err(|panic| {
        let reason = panic.downcast_ref::<String>().cloned();
        wrong(reason.unwrap_or_else(|| "the entry breaks a rule of Rekor v1".to_owned()))
    })
}

fn digest(entry: &Value) -> Result<String, Trouble> {
    let body = entry["body"].as_str().unwrap_or_default();
    let body = ledgerstone_proto::json::decode_base64(body).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).map_err(wrong)?;
    let digest = body["spec"]["data"]["hash"]["value"].as_str();
    Ok(digest.unwrap_or_default().to_owned())
}

fn hash_in_hexadecimal(text: &str) -> Result<Hash, Trouble> {
    hash(&hex::decode(text).map_err(wrong)?)
}
