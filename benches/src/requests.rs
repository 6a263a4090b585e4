//! Requests, made and signed before anything is timed.

use std::thread;

use anyhow::Context;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::PublicKeyX509Der;
use aws_lc_rs::rand;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::KeyPair;
use clap::ValueEnum;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::PublicKey;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_proto::sigstore::rekor::v2::verifier::Verifier as Material;
use sha2::Digest;
use sha2::Sha256;

use crate::certificate::Authority;

/// What the entries carry beside digest and signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Body {
    /// A public key: bodies of about 490 bytes.
    Key,
    /// A certificate like Fulcio's, another one for each entry: bodies of about 3,200 bytes.
    Cert,
}

/// Makes P-256 hashedrekord entries, each different from all others.
pub(crate) struct Signer {
    body: Body,
    /// Distinguishes the artifacts of this run from those of others.
    run: [u8; 16],
    keys: Vec<EcdsaKeyPair>,
    authority: Authority,
}

/// How many keys sign the entries without certificates.
const KEYS: usize = 256;

impl Signer {
    pub(crate) fn new(body: Body) -> anyhow::Result<Self> {
        let mut run = [0; 16];
        rand::fill(&mut run).context("the system has no random bytes")?;
        let keys: anyhow::Result<_> = (0..KEYS).map(|_| new_key()).collect();
        Ok(Self {
            body,
            run,
            keys: keys?,
            authority: Authority::new(),
        })
    }

    /// Entry `number` of this run.
    pub(crate) fn request(&self, number: u64) -> anyhow::Result<CreateEntryRequest> {
        let artifact = [&self.run[..], &number.to_be_bytes()].concat();
        match self.body {
            Body::Key => {
                let key = &self.keys[number as usize % KEYS];
                let spki: PublicKeyX509Der<'_> = key.public_key().as_der()?;
                let raw_bytes = spki.as_ref().to_vec().into();
                entry(&artifact, key, Material::PublicKey(PublicKey { raw_bytes }))
            }
            Body::Cert => {
                let key = new_key()?;
                let certificate = self.authority.issue(number, key.public_key().as_ref())?;
                let raw_bytes = certificate.into();
                let material = Material::X509Certificate(X509Certificate { raw_bytes });
                entry(&artifact, &key, material)
            }
        }
    }

    /// The first `count` entries, made on all processors.
    pub(crate) fn requests(&self, count: usize) -> anyhow::Result<Vec<CreateEntryRequest>> {
        let threads = thread::available_parallelism().map_or(1, Into::into);
        let share = count.div_ceil(threads);
        let make = |begin: usize| {
            let numbers = begin..(begin + share).min(count);
            let requests = numbers.map(|number| self.request(number as u64));
            requests.collect::<anyhow::Result<Vec<_>>>()
        };
        let parts: anyhow::Result<Vec<_>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..count)
                .step_by(share.max(1))
                .map(|begin| scope.spawn(move || make(begin)))
                .collect();
            let results = workers.into_iter().map(|worker| {
                let result = worker.join();
                result.unwrap_or_else(|_| Err(anyhow::anyhow!("a signing thread panicked")))
            });
            results.collect()
        });
        Ok(parts?.concat())
    }
}

pub(crate) fn new_key() -> anyhow::Result<EcdsaKeyPair> {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).context("no key can be made")
}

fn entry(
    artifact: &[u8],
    key: &EcdsaKeyPair,
    material: Material,
) -> anyhow::Result<CreateEntryRequest> {
    let signature = key
        .sign(&SystemRandom::new(), artifact)
        .context("the key does not sign")?;
    let request = HashedRekordRequestV002 {
        digest: Sha256::digest(artifact).to_vec().into(),
        signature: Some(Signature {
            content: signature.as_ref().to_vec().into(),
            verifier: Some(Verifier {
                verifier: Some(material),
                key_details: PublicKeyDetails::PkixEcdsaP256Sha256.into(),
            }),
        }),
    };
    Ok(CreateEntryRequest {
        spec: Some(Spec::HashedRekordRequestV002(request)),
    })
}

#[cfg(test)]
mod tests {
    use ledgerstone_entry::Policy;
    use ledgerstone_entry::prepare;

    use super::*;

    fn bodies(body: Body) -> Vec<bytes::Bytes> {
        let requests = Signer::new(body).unwrap().requests(20).unwrap();
        let prepared = requests
            .iter()
            .map(|request| prepare(request, &Policy::default()).unwrap());
        let mut bodies: Vec<_> = prepared.map(|entry| entry.body).collect();
        bodies.sort();
        bodies.dedup();
        bodies
    }

    #[test]
    fn a_log_accepts_every_entry_and_no_two_are_the_same() {
        assert_eq!(bodies(Body::Key).len(), 20);
        assert_eq!(bodies(Body::Cert).len(), 20);
    }

    /// A Rekor v2 entry of a GitHub workflow has 3,175 bytes, a certificate of 2,101 in it.
    #[test]
    fn entries_with_certificates_are_about_as_long_as_real_ones() {
        for body in bodies(Body::Cert) {
            assert!((3_000..3_300).contains(&body.len()), "{} bytes", body.len());
        }
    }
}
