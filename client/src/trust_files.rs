//! The files that make other Sigstore clients trust and use a log: trusted root, signing config, client trust config and
//! the log's keys.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use der::Encode;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_merkle::KeyAlgorithm;
use ledgerstone_proto::google::protobuf::Timestamp;
use ledgerstone_proto::json::JsonError;
use ledgerstone_proto::json::to_vec_pretty;
use ledgerstone_proto::sigstore::common::v1 as common;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::trustroot::v1 as proto;
use sha2::Digest as _;
use sha2::Sha256;
use x509_cert::Certificate;

use crate::audit_state::replace_file;
use crate::log_api::LogDescription;
use crate::log_api::Predecessor;
use crate::signing_key::public_key_pem;
use crate::trusted_log::TrustedLog;

/// The media type of a trusted root: newer ones are refused by sigstore-go and sigstore-python.
pub const TRUSTED_ROOT_MEDIA_TYPE: &str =
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The media type of a signing config.
pub const SIGNING_CONFIG_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// The media type of a client trust config.
pub const CLIENT_TRUST_CONFIG_MEDIA_TYPE: &str =
    "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

const SECONDS_PER_DAY: i64 = 86_400;

/// The two interfaces that signing clients may be sent to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RekorApiVersion {
    /// Rekor v1: `/api/v1/`.
    V1,
    /// Rekor v2: `/api/v2/`.
    #[default]
    V2,
}

/// What trust files say beyond the log's own keys.
#[derive(Clone, Debug)]
pub struct TrustOptions {
    /// Where clients reach the log.
    pub url: String,
    /// Which interface they are to use.
    pub api_version: RekorApiVersion,
    /// Since when the keys are valid, in Unix seconds; `None` for the beginning of the day (UTC) on which the log began.
    pub valid_from: Option<i64>,
    /// The earlier trees of the log, whose entries are verified with keys of their own.
    pub predecessors: Vec<Predecessor>,
    /// A certificate authority, for certificates of signers.
    pub certificate_authority: Option<Authority>,
    /// A time stamping authority; its URL is the one that requests are sent to.
    pub timestamp_authority: Option<Authority>,
    /// The public key of a certificate transparency log as PEM.
    pub ct_key: Option<String>,
}

/// An authority with its certificates.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Where it is reached.
    pub url: String,
    /// Its certificates as PEM, the root last.
    pub chain: String,
}

/// The files, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustFiles {
    files: Vec<(&'static str, Vec<u8>)>,
}

impl TrustFiles {
    /// The files for a log.
    ///
    /// The trusted root lists the log twice, once for each key: with ECDSA P-256 for Rekor v1, with Ed25519 for Rekor v2. Its
    /// predecessors follow under theirs, valid from their first entries on.
    /// Clients find a log by its key id, and take the host of its `baseUrl` for the origin of its checkpoints; they never
    /// connect to it. Where they do connect, the signing config says.
    ///
    /// # Errors
    /// When a certificate or the CT key cannot be read, or the instant is beyond what a file can say.
    pub fn new(log: &LogDescription, options: &TrustOptions) -> Result<Self, TrustFilesError> {
        let start = options
            .valid_from
            .unwrap_or_else(|| log.created - log.created.rem_euclid(SECONDS_PER_DAY));
        let valid_for = common::TimeRange {
            start: Some(Timestamp::from_unix_seconds(start)),
            end: None,
        };
        let trusted_root = trusted_root(log, options, &valid_for)?;
        let signing_config = signing_config(log.origin(), options, &valid_for);
        let client_trust_config = proto::ClientTrustConfig {
            media_type: CLIENT_TRUST_CONFIG_MEDIA_TYPE.to_owned(),
            trusted_root: Some(trusted_root.clone()),
            signing_config: Some(signing_config.clone()),
        };
        let pem = |log: &TrustedLog| public_key_pem(&log.key().public_key_der()).into_bytes();
        Ok(Self {
            files: vec![
                ("trusted_root.json", to_vec_pretty(&trusted_root)?),
                ("signing_config.v0.2.json", to_vec_pretty(&signing_config)?),
                (
                    "client_trust_config.json",
                    to_vec_pretty(&client_trust_config)?,
                ),
                ("log-ed25519.pub", pem(&log.ed25519)),
                ("log-ecdsa-p256.pub", pem(&log.ecdsa_p256)),
                ("log.vkey", format!("{}\n", log.ed25519.key()).into_bytes()),
            ],
        })
    }

    /// Names and contents.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.files
            .iter()
            .map(|(name, content)| (*name, &content[..]))
    }

    /// The content of the file `name`.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find_map(|(other, content)| (other == name).then_some(content))
    }

    /// Writes the files into `directory`, which is made if need be; each replaces an older one.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, directory: &Path) -> Result<Vec<PathBuf>, TrustFilesError> {
        let failed = |path: &Path, source| TrustFilesError::Io {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
        let mut written = Vec::with_capacity(self.files.len());
        for (name, content) in self.iter() {
            let path = directory.join(name);
            replace_file(&path, content).map_err(|source| failed(&path, source))?;
            written.push(path);
        }
        Ok(written)
    }
}

/// Why trust files could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustFilesError {
    /// The certificates of an authority cannot be read.
    #[error("the certificates of {url} cannot be read: {reason}")]
    Certificates {
        /// The authority.
        url: String,
        /// What is wrong with them.
        #[source]
        reason: der::Error,
    },
    /// An authority has no certificate.
    #[error("the file with the certificates of {url} has none")]
    NoCertificate {
        /// The authority.
        url: String,
    },
    /// The key of the certificate transparency log cannot be read.
    #[error("the CT key cannot be read: {0}")]
    CtKey(#[from] PublicKeyError),
    /// A value has no JSON form.
    #[error("the files cannot be written as JSON: {0}")]
    Json(#[from] JsonError),
    /// A file cannot be written.
    #[error("{} cannot be written", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

fn trusted_root(
    log: &LogDescription,
    options: &TrustOptions,
    valid_for: &common::TimeRange,
) -> Result<proto::TrustedRoot, TrustFilesError> {
    let scheme = options
        .url
        .split("://")
        .next()
        .filter(|scheme| *scheme == "http")
        .unwrap_or("https");
    let base_url = format!("{scheme}://{}", log.origin());
    let mut tlogs = [&log.ecdsa_p256, &log.ed25519]
        .map(|log| log_instance(&base_url, log, valid_for))
        .to_vec();
    for Predecessor { log, since } in &options.predecessors {
        let base_url = format!("{scheme}://{}", log.origin());
        let valid_for = common::TimeRange {
            start: Some(Timestamp::from_unix_seconds(*since)),
            end: None,
        };
        tlogs.push(log_instance(&base_url, log, &valid_for));
    }
    let authority = |authority: &Authority| certificate_authority(authority, valid_for);
    let ct_url = options
        .certificate_authority
        .as_ref()
        .map_or(&base_url, |authority| &authority.url);
    let ct_log = |pem: &String| -> Result<_, TrustFilesError> {
        let key = PublicKey::from_pem(pem)?;
        let id = Sha256::digest(key.spki_der()).to_vec();
        Ok(instance(
            &format!("{ct_url}/ctlog"),
            key.spki_der(),
            key.default_algorithm().details(),
            &id,
            valid_for,
        ))
    };
    Ok(proto::TrustedRoot {
        media_type: TRUSTED_ROOT_MEDIA_TYPE.to_owned(),
        tlogs,
        certificate_authorities: options
            .certificate_authority
            .iter()
            .map(authority)
            .collect::<Result<_, _>>()?,
        ctlogs: options
            .ct_key
            .iter()
            .map(ct_log)
            .collect::<Result<_, _>>()?,
        timestamp_authorities: options
            .timestamp_authority
            .iter()
            .map(authority)
            .collect::<Result<_, _>>()?,
    })
}

fn signing_config(
    origin: &str,
    options: &TrustOptions,
    valid_for: &common::TimeRange,
) -> proto::SigningConfig {
    let service = |url: &str, version| proto::Service {
        url: url.trim_end_matches('/').to_owned(),
        major_api_version: version,
        valid_for: Some(*valid_for),
        operator: origin.to_owned(),
    };
    let any = proto::ServiceConfiguration {
        selector: proto::ServiceSelector::Any.into(),
        count: 0,
    };
    let rekor_version = match options.api_version {
        RekorApiVersion::V1 => 1,
        RekorApiVersion::V2 => 2,
    };
    let services = |authority: &Option<Authority>| -> Vec<_> {
        authority
            .iter()
            .map(|authority| service(&authority.url, 1))
            .collect()
    };
    proto::SigningConfig {
        media_type: SIGNING_CONFIG_MEDIA_TYPE.to_owned(),
        ca_urls: services(&options.certificate_authority),
        oidc_urls: Vec::new(),
        rekor_tlog_urls: vec![service(&options.url, rekor_version)],
        rekor_tlog_config: Some(any),
        tsa_urls: services(&options.timestamp_authority),
        // cosign stops at a config without the services, and at services without a config.
        tsa_config: options.timestamp_authority.as_ref().map(|_| any),
    }
}

fn log_instance(
    base_url: &str,
    log: &TrustedLog,
    valid_for: &common::TimeRange,
) -> proto::TransparencyLogInstance {
    let details = match log.key().algorithm() {
        KeyAlgorithm::EcdsaP256 => PublicKeyDetails::PkixEcdsaP256Sha256,
        _ => PublicKeyDetails::PkixEd25519,
    };
    instance(
        base_url,
        &log.key().public_key_der(),
        details,
        log.log_id(),
        valid_for,
    )
}

fn instance(
    base_url: &str,
    spki_der: &[u8],
    details: PublicKeyDetails,
    log_id: &[u8],
    valid_for: &common::TimeRange,
) -> proto::TransparencyLogInstance {
    proto::TransparencyLogInstance {
        base_url: base_url.to_owned(),
        hash_algorithm: HashAlgorithm::Sha2256.into(),
        public_key: Some(common::PublicKey {
            raw_bytes: Some(Bytes::copy_from_slice(spki_der)),
            key_details: details.into(),
            valid_for: Some(*valid_for),
        }),
        log_id: Some(common::LogId {
            key_id: Bytes::copy_from_slice(log_id),
        }),
        checkpoint_key_id: None,
        operator: String::new(),
    }
}

fn certificate_authority(
    authority: &Authority,
    valid_for: &common::TimeRange,
) -> Result<proto::CertificateAuthority, TrustFilesError> {
    let unreadable = |reason| TrustFilesError::Certificates {
        url: authority.url.clone(),
        reason,
    };
    let chain = Certificate::load_pem_chain(authority.chain.as_bytes()).map_err(unreadable)?;
    let root = chain.last().ok_or_else(|| TrustFilesError::NoCertificate {
        url: authority.url.clone(),
    })?;
    let subject = root.tbs_certificate().subject();
    let organization = subject.organization().map_err(unreadable)?;
    let common_name = subject.common_name().map_err(unreadable)?;
    let text = |name: Option<x509_cert::ext::pkix::name::DirectoryString>| {
        name.map(|name| name.value().into_owned())
            .filter(|name| !name.is_empty())
    };
    let (organization, common_name) = (text(organization), text(common_name));
    // An empty name is left out of the JSON, and there are clients that refuse a subject without both.
    let other = common_name.clone().or_else(|| organization.clone());
    let other = other.unwrap_or_else(|| authority.url.clone());
    let certificates = chain
        .iter()
        .map(|certificate| -> Result<_, TrustFilesError> {
            Ok(common::X509Certificate {
                raw_bytes: certificate.to_der().map_err(unreadable)?.into(),
            })
        });
    Ok(proto::CertificateAuthority {
        subject: Some(common::DistinguishedName {
            organization: organization.unwrap_or_else(|| other.clone()),
            common_name: common_name.unwrap_or(other),
        }),
        uri: authority.url.clone(),
        cert_chain: Some(common::X509CertificateChain {
            certificates: certificates.collect::<Result<_, _>>()?,
        }),
        valid_for: Some(*valid_for),
        operator: String::new(),
    })
}
