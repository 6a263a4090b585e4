//! What clients submit, made with keys of the test's own.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::PublicKeyX509Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::KeyPair;
use bytes::Bytes;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_proto::intoto;
use ledgerstone_proto::json;
use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::DsseRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::PublicKey;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_proto::sigstore::rekor::v2::verifier::Verifier as Material;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::SanType;
use sha2::Digest;
use sha2::Sha256;

/// A private extension, in an arc for examples (RFC 5612).
const PADDING_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 1];

/// The OpenID provider, among Fulcio's extensions.
const ISSUER_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 57264, 1, 8];

/// Someone who signs artifacts with an ECDSA P-256 key.
pub(crate) struct Signer {
    pair: EcdsaKeyPair,
    pkcs8: Vec<u8>,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        Self {
            pair: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).unwrap(),
            pkcs8: pkcs8.as_ref().to_vec(),
        }
    }

    /// The public key as SubjectPublicKeyInfo.
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    /// The same pair for certificates.
    pub(crate) fn key_pair(&self) -> rcgen::KeyPair {
        rcgen::KeyPair::try_from(self.pkcs8.as_slice()).unwrap()
    }

    pub(crate) fn verifier(&self) -> Verifier {
        let key = PublicKey {
            raw_bytes: self.spki().into(),
        };
        verifier(Material::PublicKey(key))
    }

    /// A self-signed certificate of this key with an extension of `padding` bytes.
    pub(crate) fn certificate(&self, padding: usize) -> Verifier {
        let pair = self.key_pair();
        let mut params = CertificateParams::new(vec!["signer.example.com".to_owned()]).unwrap();
        if padding > 0 {
            let content = vec![0; padding];
            params.custom_extensions =
                vec![CustomExtension::from_oid_content(PADDING_OID, content)];
        }
        let certificate = params.self_signed(&pair).unwrap();
        let certificate = X509Certificate {
            raw_bytes: certificate.der().to_vec().into(),
        };
        verifier(Material::X509Certificate(certificate))
    }

    /// A self-signed certificate of this key that names `email`, as `issuer` says.
    pub(crate) fn issued_to(&self, email: &str, issuer: &str) -> Verifier {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::Rfc822Name(email.try_into().unwrap())];
        // A UTF8String, shorter than 128 bytes.
        let text = [&[0x0c, issuer.len() as u8], issuer.as_bytes()].concat();
        params.custom_extensions = vec![CustomExtension::from_oid_content(ISSUER_OID, text)];
        let certificate = params.self_signed(&self.key_pair()).unwrap();
        let certificate = X509Certificate {
            raw_bytes: certificate.der().to_vec().into(),
        };
        verifier(Material::X509Certificate(certificate))
    }

    /// A hashedrekord entry for a file with this content.
    pub(crate) fn hashedrekord(&self, artifact: &[u8]) -> CreateEntryRequest {
        self.hashedrekord_with(artifact, self.verifier())
    }

    pub(crate) fn hashedrekord_with(
        &self,
        artifact: &[u8],
        verifier: Verifier,
    ) -> CreateEntryRequest {
        let request = HashedRekordRequestV002 {
            digest: Sha256::digest(artifact).to_vec().into(),
            signature: Some(Signature {
                content: self.sign(artifact).into(),
                verifier: Some(verifier),
            }),
        };
        CreateEntryRequest {
            spec: Some(Spec::HashedRekordRequestV002(request)),
        }
    }

    /// A dsse entry for an envelope with this payload.
    pub(crate) fn dsse(&self, payload: impl Into<Bytes>) -> CreateEntryRequest {
        let (payload, payload_type) = (payload.into(), "application/vnd.in-toto+json");
        let signed = pre_authentication_encoding(payload_type, &payload);
        let request = DsseRequestV002 {
            envelope: Some(intoto::Envelope {
                payload,
                payload_type: payload_type.to_owned(),
                signatures: vec![intoto::Signature {
                    sig: self.sign(&signed).into(),
                    keyid: String::new(),
                }],
            }),
            verifiers: vec![self.verifier()],
        };
        CreateEntryRequest {
            spec: Some(Spec::DsseRequestV002(request)),
        }
    }
}

fn verifier(material: Material) -> Verifier {
    Verifier {
        verifier: Some(material),
        key_details: PublicKeyDetails::PkixEcdsaP256Sha256.into(),
    }
}

/// The JSON that clients send.
pub(crate) fn to_json(request: &CreateEntryRequest) -> String {
    String::from_utf8(json::to_vec(request).unwrap()).unwrap()
}

pub(crate) fn append_request(entry: CreateEntryRequest) -> AppendRequest {
    AppendRequest {
        entry: Some(entry),
        ..AppendRequest::default()
    }
}
