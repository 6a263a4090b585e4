//! Which entries a statement answers to.

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::attached::statement::AttachedStatement;
use crate::describe::describe;
use crate::search_key::SearchKey;

/// The hash functions that entries name of what was signed.
const HASHES: [HashAlgorithm; 3] = [
    HashAlgorithm::Sha2256,
    HashAlgorithm::Sha2384,
    HashAlgorithm::Sha2512,
];

impl AttachedStatement {
    /// What the entries are found by that may vouch for it: the hash of what is signed, by each
    /// function that entries have, and of an envelope the hash of the payload.
    pub fn search_keys(&self) -> Vec<SearchKey> {
        let signed = HASHES.into_iter().filter_map(|algorithm| {
            let digest = self.signed_digest(algorithm)?;
            SearchKey::artifact_digest(algorithm, digest.as_ref())
        });
        let payload = self.payload_digest();
        let payload = payload
            .and_then(|digest| SearchKey::artifact_digest(HashAlgorithm::Sha2256, digest.as_ref()));
        signed.chain(payload).collect()
    }

    /// Whether the entry with this body vouches for the statement: its digest is the hash of what
    /// is signed, by the function that the entry names, or its signature verifies over that.
    pub fn answers_to(&self, body: &[u8]) -> bool {
        let Ok(description) = describe(body) else {
            return false;
        };
        let content = description.any_content();
        content.is_some_and(|content| content.vouches_for(self))
    }
}
