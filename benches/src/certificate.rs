//! Certificates as Fulcio issues them for GitHub Actions: the same extensions with values of the
//! same kind and length.
//!
//! A log does not ask who issued a certificate, so the issuer's signature and the certificate
//! transparency timestamp are random bytes of the right form. What is random in a real certificate
//! is random here: nothing compresses better than it would.

use std::time::Duration;

use anyhow::Context;
use aws_lc_rs::rand;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::Issuer;
use rcgen::KeyIdMethod;
use rcgen::KeyUsagePurpose;
use rcgen::PKCS_ECDSA_P256_SHA256;
use rcgen::PKCS_ECDSA_P384_SHA384;
use rcgen::PublicKeyData;
use rcgen::SanType;
use rcgen::SerialNumber;
use rcgen::SignatureAlgorithm;
use rcgen::SigningKey;

/// How many repositories the certificates name: each signs again and again, as in the field.
const REPOSITORIES: u64 = 5_000;

const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Fulcio's arc, and the subject key identifier and timestamp list of X.509 (RFC 5280, RFC 6962).
const FULCIO: &[u64] = &[1, 3, 6, 1, 4, 1, 57264, 1];
const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
const TIMESTAMPS: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// When the first certificate of this issuer begins.
const FIRST_YEAR: i32 = 2026;

/// Issues certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, RandomSignatures>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, "sigstore.example");
        name.push(DnType::CommonName, "sigstore-intermediate");
        params.distinguished_name = name;
        params.key_identifier_method = KeyIdMethod::PreSpecified(vec![0x71; 20]);
        Self {
            issuer: Issuer::new(params, RandomSignatures),
        }
    }

    /// The certificate of run `number` for the uncompressed P-256 point `point`, as DER.
    pub(crate) fn issue(&self, number: u64, point: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let begin = rcgen::date_time_ymd(FIRST_YEAR, 1, 1) + Duration::from_secs(number);
        (params.not_before, params.not_after) = (begin, begin + Duration::from_secs(600));
        let mut serial: [u8; 20] = random()?;
        serial[0] = serial[0] & 0x3f | 0x20;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.use_authority_key_identifier_extension = true;
        let run = Run::new(number)?;
        params.subject_alt_names = vec![SanType::URI(run.workflow.as_str().try_into()?)];
        params.custom_extensions = run.extensions()?;
        let certificate = params
            .signed_by(&Point(point), &self.issuer)
            .context("rcgen cannot make the certificate")?;
        Ok(certificate.der().to_vec())
    }
}

/// One run of a workflow, of which a certificate tells.
struct Run {
    number: u64,
    /// Which of the repositories.
    of: u64,
    owner: String,
    repository: String,
    workflow: String,
    commit: String,
}

impl Run {
    fn new(number: u64) -> anyhow::Result<Self> {
        let of = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % REPOSITORIES;
        let owner = format!("organization-{:04}", of / 4);
        let repository = format!("{owner}/software-that-is-built-and-released-{of:04}");
        let workflow = format!(
            "https://github.com/{repository}/.github/workflows/build-sign-and-release.yml\
             @refs/heads/main"
        );
        let commit: [u8; 20] = random()?;
        Ok(Self {
            number,
            of,
            owner,
            repository,
            workflow,
            commit: commit.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// The extensions in Fulcio's order. Numbers 1 to 6 are bare text, the later ones DER (Fulcio,
    /// oid-info).
    fn extensions(&self) -> anyhow::Result<Vec<CustomExtension>> {
        let repository = format!("https://github.com/{}", self.repository);
        let owner = format!("https://github.com/{}", self.owner);
        let attempt = format!(
            "{repository}/actions/runs/{}/attempts/1",
            15_000_000_000 + self.number
        );
        let repository_id = (600_000_000 + self.of).to_string();
        let owner_id = (130_000_000 + self.of / 4).to_string();
        let bare = [
            ISSUER,
            "push",
            &self.commit,
            "Build, sign and release",
            &self.repository,
            "refs/heads/main",
        ];
        let encoded = [
            ISSUER,
            &self.workflow,
            &self.commit,
            "github-hosted",
            &repository,
            &self.commit,
            "refs/heads/main",
            &repository_id,
            &owner,
            &owner_id,
            &self.workflow,
            &self.commit,
            "push",
            &attempt,
            "public",
        ];
        let fulcio = |number: u64, content| {
            CustomExtension::from_oid_content(&[FULCIO, &[number]].concat(), content)
        };
        let key_id: [u8; 20] = random()?;
        let mut extensions = vec![CustomExtension::from_oid_content(
            SUBJECT_KEY_ID,
            tlv(OCTET_STRING, &key_id),
        )];
        let bare = (1..).zip(bare.map(|text| text.as_bytes().to_vec()));
        extensions.extend(bare.map(|(number, content)| fulcio(number, content)));
        let encoded = (8..).zip(encoded.map(|text| tlv(UTF8_STRING, text.as_bytes())));
        extensions.extend(encoded.map(|(number, content)| fulcio(number, content)));
        extensions.push(CustomExtension::from_oid_content(TIMESTAMPS, timestamps()?));
        Ok(extensions)
    }
}

/// A list of one timestamp (RFC 6962, section 3.2): the log's id is always the same, time and
/// signature are not.
fn timestamps() -> anyhow::Result<Vec<u8>> {
    let time: [u8; 4] = random()?;
    let signature = ecdsa_signature::<32>()?;
    let mut timestamp = vec![0];
    timestamp.extend([0x2b; 32]);
    timestamp.extend([0, 0, 1, 0x97]);
    timestamp.extend(time);
    timestamp.extend([0, 0, 4, 3, 0, signature.len() as u8]);
    timestamp.extend(signature);
    let length = timestamp.len() as u16;
    let list = [
        &(length + 2).to_be_bytes()[..],
        &length.to_be_bytes(),
        &timestamp,
    ]
    .concat();
    Ok(tlv(OCTET_STRING, &list))
}

/// Something with the form of an ECDSA signature of two numbers of `N` bytes.
fn ecdsa_signature<const N: usize>() -> anyhow::Result<Vec<u8>> {
    let mut numbers: [[u8; N]; 2] = [random()?, random()?];
    for number in &mut numbers {
        number[0] = number[0] & 0x3f | 0x40;
    }
    let numbers = numbers.map(|number| tlv(INTEGER, &number)).concat();
    Ok(tlv(SEQUENCE, &numbers))
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;

/// A DER value of at most 255 bytes.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u8;
    let mut value = match length {
        0..128 => vec![tag, length],
        _ => vec![tag, 0x81, length],
    };
    value.extend_from_slice(content);
    value
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).context("the system has no random bytes")?;
    Ok(bytes)
}

/// The key of a certificate.
struct Point<'a>(&'a [u8]);

impl PublicKeyData for Point<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Stands for the P-384 key of an authority.
struct RandomSignatures;

impl PublicKeyData for RandomSignatures {
    fn der_bytes(&self) -> &[u8] {
        &[]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P384_SHA384
    }
}

impl SigningKey for RandomSignatures {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        ecdsa_signature::<48>().map_err(|_| rcgen::Error::RingUnspecified)
    }
}
