//! Envelopes with several signatures (DSSE): the one that verifies for the signer is the one that
//! counts, and of the others nothing is said. In a Sigstore bundle an envelope has exactly one.

use std::borrow::Cow;

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::verify::bundle::Bundle;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::signer::Signer;

/// The bundle with the signature in front that is by `signer`; as it is where none is, which then
/// does not verify. All that follows looks at the first one.
pub(crate) fn with_signature_of<'b>(bundle: &'b Bundle, signer: &Signer) -> Cow<'b, Bundle> {
    let BundleContent::Dsse(envelope) = &bundle.content else {
        return Cow::Borrowed(bundle);
    };
    if envelope.signatures.len() < 2 {
        return Cow::Borrowed(bundle);
    }
    // By the hash function of the key, or by that of the envelopes in a Rekor v1.
    let is_by_signer = |signature: &[u8]| {
        [None, Some(HashAlgorithm::Sha2256)]
            .into_iter()
            .any(|hash| {
                let verified = signer.verify_envelope_signature(envelope, signature, hash);
                verified.is_ok()
            })
    };
    let mut signatures = envelope.signatures.iter();
    let Some(position) = signatures.position(|one| is_by_signer(&one.sig)) else {
        return Cow::Borrowed(bundle);
    };
    let mut bundle = bundle.clone();
    if let BundleContent::Dsse(envelope) = &mut bundle.content {
        envelope.signatures.swap(0, position);
    }
    Cow::Owned(bundle)
}
