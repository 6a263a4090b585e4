//! A private Sigstore in memory: an authority for certificates, a certificate log, a time stamp
//! authority and a log, each with windows that a test may move; and a bundle that they all signed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleContent;
use ledgerstone_client::BundleEntry;
use ledgerstone_client::BundleMaterial;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::ExpectedText;
use ledgerstone_client::Identity;
use ledgerstone_client::LogEntry;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::Verified;
use ledgerstone_client::VerifyError;
use ledgerstone_client::verify;
use ledgerstone_entry::Policy;
use ledgerstone_entry::prepare;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use ledgerstone_proto::sigstore::rekor::v2 as rekor;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::PublicKeyData as _;
use rcgen::SanType;
use rcgen::SerialNumber;
use rcgen::SigningKey as _;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::MemoryLog;
use crate::support::ORIGIN;

/// When the signature was made, in Unix seconds.
pub(crate) const NOW: i64 = 1_750_000_000;

pub(crate) const NAME: &str = "ada@example.com";

pub(crate) const ISSUER: &str = "https://accounts.example.com";

const SHA256_ID: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const SCT_LIST: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// First and last second of something.
pub(crate) type Times = (i64, i64);

/// What a test may change, with values that verify.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) root_certificate: Times,
    pub(crate) intermediate: Times,
    pub(crate) certificate: Times,
    pub(crate) stamper_root: Times,
    pub(crate) stamper: Times,
    /// Those of the trusted root.
    pub(crate) authority_window: Times,
    pub(crate) ct_window: Times,
    pub(crate) stamper_window: Times,
    pub(crate) log_window: Times,
    /// What the time stamp says, and the certificate log, in milliseconds.
    pub(crate) stamped_at: i64,
    pub(crate) sct_at: i64,
    pub(crate) usage: ExtendedKeyUsagePurpose,
    pub(crate) key_usage: KeyUsagePurpose,
    pub(crate) stamper_usages: Vec<ExtendedKeyUsagePurpose>,
    /// Whether the time stamp carries the certificate of its authority.
    pub(crate) embeds: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let wide = (NOW - 1_000_000, NOW + 1_000_000);
        Self {
            root_certificate: wide,
            intermediate: wide,
            certificate: (NOW - 60, NOW + 540),
            stamper_root: wide,
            stamper: wide,
            authority_window: wide,
            ct_window: wide,
            stamper_window: wide,
            log_window: wide,
            stamped_at: NOW,
            sct_at: (NOW - 60) * 1_000,
            usage: ExtendedKeyUsagePurpose::CodeSigning,
            key_usage: KeyUsagePurpose::DigitalSignature,
            stamper_usages: vec![ExtendedKeyUsagePurpose::TimeStamping],
            embeds: false,
        }
    }
}

/// A certificate that issues others, with its key.
pub(crate) struct Parent {
    params: CertificateParams,
    key: KeyPair,
    pub(crate) der: Vec<u8>,
}

impl Parent {
    pub(crate) fn root(name: &str, times: Times) -> Self {
        let (params, key) = (issuing(name, times), KeyPair::generate().unwrap());
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { params, key, der }
    }

    fn below(&self, name: &str, times: Times, usage: ExtendedKeyUsagePurpose) -> Self {
        let mut params = issuing(name, times);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let der = self.sign(&params, &key);
        Self { params, key, der }
    }

    pub(crate) fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        params.signed_by(key, &issuer).unwrap().der().to_vec()
    }

    fn spki(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }
}

/// All of it, and what it made.
pub(crate) struct PrivateSigstore {
    pub(crate) bundle: Bundle,
    pub(crate) artifact: Artifact,
    pub(crate) trusted_root: Value,
    pub(crate) root: Parent,
    pub(crate) expected: Expectation,
    pub(crate) signer: KeyPair,
}

impl PrivateSigstore {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::signing(settings, b"what is signed")
    }

    /// The same, with a signature over `artifact`.
    pub(crate) fn signing(settings: &Settings, artifact: &[u8]) -> Self {
        let root = Parent::root("root", settings.root_certificate);
        let intermediate = root.below(
            "intermediate",
            settings.intermediate,
            ExtendedKeyUsagePurpose::CodeSigning,
        );
        let ct_key = KeyPair::generate().unwrap();
        let signer = KeyPair::generate().unwrap();
        let params = leaf(settings);
        let certificate = with_sct(&params, &intermediate, &signer, &ct_key, settings.sct_at);

        let stamper_root = Parent::root("stamper root", settings.stamper_root);
        let stamper_key = KeyPair::generate().unwrap();
        let stamper = stamper_root.sign(&stamper(settings), &stamper_key);

        let artifact = artifact.to_vec();
        let signature = signer.sign(&artifact).unwrap();
        let token = Stamp {
            signature: &signature,
            seconds: settings.stamped_at,
            certificate: &stamper,
            key: &stamper_key,
            embeds: settings.embeds,
        };
        let bundle = Bundle {
            material: BundleMaterial::Certificate(certificate.clone().into()),
            intermediates: Vec::new(),
            content: BundleContent::Message {
                digest: None,
                signature: signature.clone().into(),
            },
            entries: vec![entry(&artifact, &signature, &certificate)],
            timestamps: vec![token.make().into()],
            stamped: None,
        };
        let trusted_root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(
                &format!("https://{ORIGIN}"),
                &crate::support::signer().verifier().public_key_der(),
                "PKIX_ED25519",
                &crate::support::signer().verifier().log_id(),
                settings.log_window,
            )],
            "certificateAuthorities": [authority(
                "https://fulcio.example",
                &[&intermediate.der, &root.der],
                settings.authority_window,
            )],
            "ctlogs": [log(
                "https://ct.example",
                &ct_key.subject_public_key_info(),
                "PKIX_ECDSA_P256_SHA_256",
                &Sha256::digest(ct_key.subject_public_key_info()),
                settings.ct_window,
            )],
            "timestampAuthorities": [authority(
                "https://tsa.example",
                &[&stamper, &stamper_root.der],
                settings.stamper_window,
            )],
        });
        Self {
            bundle,
            artifact: Artifact::Bytes(artifact),
            trusted_root,
            root,
            expected: Expectation::of(ExpectedSigner::Certified(identity())),
            signer,
        }
    }

    pub(crate) fn verify(&self) -> Result<Verified, VerifyError> {
        let trust = self.trusted_root.to_string();
        let trust = TrustedRoot::parse_at(trust.as_bytes(), NOW + 2_000_000).unwrap();
        verify(&self.bundle, &self.artifact, &self.expected, &trust)
    }

    /// Puts another certificate for the same key into bundle and entry.
    pub(crate) fn replace_certificate(&mut self, der: Vec<u8>) {
        let BundleContent::Message { signature, .. } = &self.bundle.content else {
            panic!("a message")
        };
        let Artifact::Bytes(artifact) = &self.artifact else {
            panic!("bytes")
        };
        self.bundle.entries = vec![entry(artifact, signature, &der)];
        self.bundle.material = BundleMaterial::Certificate(der.into());
    }
}

/// Whose certificate it is.
pub(crate) fn identity() -> Identity {
    Identity::new()
        .name(ExpectedText::exactly(NAME))
        .issuer(ExpectedText::exactly(ISSUER))
}

fn date(params: &mut CertificateParams, (from, to): Times) {
    let at = |seconds: i64| {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.try_into().unwrap())
    };
    (params.not_before, params.not_after) = (at(from), at(to));
}

fn issuing(name: &str, times: Times) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    date(&mut params, times);
    params
}

/// A certificate as Fulcio issues them.
pub(crate) fn leaf(settings: &Settings) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::Rfc822Name(NAME.try_into().unwrap())];
    params.key_usages = vec![settings.key_usage];
    params.extended_key_usages = vec![settings.usage.clone()];
    params.serial_number = Some(SerialNumber::from_slice(&[7; 16]));
    let issuer = tlv(0x0c, ISSUER.as_bytes());
    let issuer = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, 8], issuer);
    params.custom_extensions = vec![issuer];
    date(&mut params, settings.certificate);
    params
}

fn stamper(settings: &Settings) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "stamper");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // rcgen has no critical one.
    let usages = settings.stamper_usages.iter().map(|usage| match usage {
        ExtendedKeyUsagePurpose::TimeStamping => tlv(6, &[0x2b, 6, 1, 5, 5, 7, 3, 8]),
        _ => tlv(6, &[0x2b, 6, 1, 5, 5, 7, 3, 3]),
    });
    let usages = tlv(0x30, &usages.collect::<Vec<_>>().concat());
    let mut usages = CustomExtension::from_oid_content(&[2, 5, 29, 37], usages);
    usages.set_criticality(true);
    params.custom_extensions = vec![usages];
    date(&mut params, settings.stamper);
    params
}

/// The certificate with the time stamp of a certificate log (RFC 6962, section 3.3).
pub(crate) fn with_sct(
    params: &CertificateParams,
    issuer: &Parent,
    key: &KeyPair,
    ct_key: &KeyPair,
    milliseconds: i64,
) -> Vec<u8> {
    let without = issuer.sign(params, key);
    let time = u64::try_from(milliseconds).unwrap().to_be_bytes();
    let signed_part = first_member(&without);
    let mut signed = vec![0, 0];
    signed.extend(time);
    signed.extend([0, 1]);
    signed.extend(Sha256::digest(issuer.spki()));
    signed.extend(&u32::try_from(signed_part.len()).unwrap().to_be_bytes()[1..]);
    signed.extend(signed_part);
    signed.extend([0, 0]);
    let signature = ct_key.sign(&signed).unwrap();

    let mut sct = vec![0];
    sct.extend(Sha256::digest(ct_key.subject_public_key_info()));
    sct.extend(time);
    sct.extend([0, 0, 4, 3]);
    sct.extend(vector(&signature));
    let list = tlv(4, &vector(&vector(&sct)));
    let mut params = params.clone();
    let list = CustomExtension::from_oid_content(SCT_LIST, list);
    params.custom_extensions.push(list);
    issuer.sign(&params, key)
}

fn vector(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[..], bytes].concat()
}

/// The first member of a sequence, with its header.
fn first_member(der: &[u8]) -> &[u8] {
    let (header, _) = read_length(der);
    let inner = &der[header..];
    let (header, length) = read_length(inner);
    &inner[..header + length]
}

fn read_length(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        _ => panic!("longer than tests need"),
    }
}

/// A value of DER.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = match length {
        0..=0x7f => vec![tag, u8::try_from(length).unwrap()],
        0x80..=0xff => vec![tag, 0x81, u8::try_from(length).unwrap()],
        _ => {
            let bytes = u16::try_from(length).unwrap().to_be_bytes();
            vec![tag, 0x82, bytes[0], bytes[1]]
        }
    };
    out.extend(content);
    out
}

/// A time stamp to be made (RFC 3161).
struct Stamp<'a> {
    signature: &'a [u8],
    seconds: i64,
    certificate: &'a [u8],
    key: &'a KeyPair,
    embeds: bool,
}

impl Stamp<'_> {
    fn make(&self) -> Vec<u8> {
        const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        const INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
        let info = self.info();
        let sha256 = tlv(0x30, &tlv(6, SHA256_ID));
        let content = [tlv(6, INFO), tlv(0xa0, &tlv(4, &info))].concat();
        let certificates = match self.embeds {
            true => tlv(0xa0, self.certificate),
            false => Vec::new(),
        };
        let signed_data = [
            tlv(2, &[3]),
            tlv(0x31, &sha256),
            tlv(0x30, &content),
            certificates,
            tlv(0x31, &self.signer_info(&info)),
        ];
        let signed_data = tlv(0x30, &signed_data.concat());
        let token = [tlv(6, SIGNED_DATA), tlv(0xa0, &signed_data)].concat();
        let status = tlv(0x30, &tlv(2, &[0]));
        tlv(0x30, &[status, tlv(0x30, &token)].concat())
    }

    fn info(&self) -> Vec<u8> {
        let sha256 = tlv(0x30, &[tlv(6, SHA256_ID), tlv(5, &[])].concat());
        let imprint = [sha256, tlv(4, &Sha256::digest(self.signature))].concat();
        let time = jiff::Timestamp::from_second(self.seconds).unwrap();
        let time = time.strftime("%Y%m%d%H%M%SZ").to_string();
        let members = [
            tlv(2, &[1]),
            tlv(6, &[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 2]),
            tlv(0x30, &imprint),
            tlv(2, &[42]),
            tlv(0x18, time.as_bytes()),
        ];
        tlv(0x30, &members.concat())
    }

    fn signer_info(&self, info: &[u8]) -> Vec<u8> {
        const CMS: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9];
        const INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
        let name = |rest: &[u8]| tlv(6, &[&CMS[..], rest].concat());
        let attribute =
            |rest: &[u8], value: Vec<u8>| tlv(0x30, &[name(rest), tlv(0x31, &value)].concat());
        let id = tlv(0x30, &tlv(4, &Sha256::digest(self.certificate)));
        let mut attributes = [
            attribute(&[3], tlv(6, INFO)),
            attribute(&[4], tlv(4, &Sha256::digest(info))),
            attribute(&[16, 2, 47], tlv(0x30, &tlv(0x30, &id))),
        ];
        attributes.sort();
        let attributes = attributes.concat();
        let signature = self.key.sign(&tlv(0x31, &attributes)).unwrap();
        use der::Decode;
        use der::Encode;
        let certificate = x509_cert::Certificate::from_der(self.certificate).unwrap();
        let signed = certificate.tbs_certificate();
        let issuer = signed.issuer().to_der().unwrap();
        let serial = signed.serial_number().to_der().unwrap();
        let members = [
            tlv(2, &[1]),
            tlv(0x30, &[issuer, serial].concat()),
            tlv(0x30, &tlv(6, SHA256_ID)),
            tlv(0xa0, &attributes),
            tlv(0x30, &tlv(6, ECDSA_SHA256)),
            tlv(4, &signature),
        ];
        tlv(0x30, &members.concat())
    }
}

/// The log's entry about the signature, of Rekor v2.
fn entry(artifact: &[u8], signature: &[u8], certificate: &[u8]) -> BundleEntry {
    let verifier = rekor::Verifier {
        key_details: PublicKeyDetails::PkixEcdsaP256Sha256.into(),
        verifier: Some(rekor::verifier::Verifier::X509Certificate(
            X509Certificate {
                raw_bytes: Bytes::copy_from_slice(certificate),
            },
        )),
    };
    let request = rekor::HashedRekordRequestV002 {
        digest: Sha256::digest(artifact).to_vec().into(),
        signature: Some(rekor::Signature {
            content: Bytes::copy_from_slice(signature),
            verifier: Some(verifier),
        }),
    };
    let request = rekor::CreateEntryRequest {
        spec: Some(Spec::HashedRekordRequestV002(request)),
    };
    let body = prepare(&request, &Policy::default()).unwrap().body;
    let reply = MemoryLog::new(vec![body.to_vec()]).reply(0);
    BundleEntry::Proven(LogEntry::new(reply).unwrap())
}

fn window((from, to): Times) -> Value {
    let text = |seconds| jiff::Timestamp::from_second(seconds).unwrap().to_string();
    json!({"start": text(from), "end": text(to)})
}

fn log(url: &str, spki: &[u8], details: &str, id: &[u8], times: Times) -> Value {
    json!({
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": STANDARD.encode(spki),
            "keyDetails": details,
            "validFor": window(times),
        },
        "logId": {"keyId": STANDARD.encode(id)},
    })
}

fn authority(url: &str, chain: &[&Vec<u8>], times: Times) -> Value {
    let chain = chain
        .iter()
        .map(|der| json!({"rawBytes": STANDARD.encode(der)}));
    json!({
        "subject": {"organization": "example", "commonName": url},
        "uri": url,
        "certChain": {"certificates": chain.collect::<Vec<_>>()},
        "validFor": window(times),
    })
}
