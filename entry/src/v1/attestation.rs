//! The documents that are kept beside in-toto entries.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use sha2::Digest;
use sha2::Sha256;

use crate::describe::describe;
use crate::prepared::Attestation;

/// What the attestation of the entry with this body is kept under: SHA-256 of its payload, by the
/// word of the body. `None` for an entry that cannot have one: only in-toto entries do (rekor-v1,
/// sections 4.3 and 4.4), and not the oldest.
pub fn attestation_key(body: &[u8]) -> Option<Hash> {
    describe(body).ok()?.any_content()?.attestation_hash()
}

/// `document` as the attestation of the entry with this body, which has to name it by its hash.
pub fn attestation_of(body: &[u8], document: Bytes) -> Option<Attestation> {
    let key = attestation_key(body)?;
    let is_named = Sha256::digest(&document)[..] == key.as_bytes()[..];
    is_named.then_some(Attestation {
        key,
        data: document,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::ProposedEntry;
    use crate::v1::V1Policy;
    use crate::v1::prepare;

    #[test]
    fn a_document_is_the_attestation_of_the_entry_that_names_its_hash() {
        let signer = ledgerstone_tests::proposals::Signer::new();
        let document = Bytes::from(ledgerstone_tests::proposals::statement(b"artifact"));
        let body = |proposal: serde_json::Value| {
            let proposed = ProposedEntry::parse_bytes(proposal.to_string().into()).unwrap();
            prepare(&proposed, &V1Policy::default()).unwrap().body
        };
        for proposal in [signer.intoto_v001(&document), signer.intoto_v002(&document)] {
            let body = body(proposal);
            let attestation = attestation_of(&body, document.clone()).unwrap();
            assert_eq!(
                attestation.key.as_bytes()[..],
                Sha256::digest(&document)[..]
            );
            assert_eq!(attestation.data, document);
            assert_eq!(attestation_of(&body, Bytes::from_static(b"other")), None);
        }
        let dsse = body(signer.dsse(&document));
        assert_eq!(attestation_of(&dsse, document.clone()), None);
        assert_eq!(attestation_of(b"no JSON", document), None);
    }
}
