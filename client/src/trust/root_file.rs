//! The trusted root of a log.

use bytes::Bytes;
use der::Encode;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_merkle::KeyAlgorithm;
use ledgerstone_proto::google::protobuf::Timestamp;
use ledgerstone_proto::sigstore::common::v1 as common;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::trustroot::v1 as proto;
use sha2::Digest as _;
use sha2::Sha256;
use x509_cert::Certificate;

use crate::trust::description::KeyPeriod;
use crate::trust::description::LogDescription;
use crate::trust::file_error::TrustFilesError;
use crate::trust::file_options::Authority;
use crate::trust::file_options::TrustOptions;
use crate::trust::log::TrustedLog;
use crate::trust::root::TRUSTED_ROOT_MEDIA_TYPE;

const SECONDS_PER_DAY: i64 = 86_400;

/// The trusted root of `log`. Its authorities are valid for the time of the tree that clients sign
/// for, `signing`.
pub(crate) fn trusted_root(
    log: &LogDescription,
    options: &TrustOptions,
    signing: &common::TimeRange,
) -> Result<proto::TrustedRoot, TrustFilesError> {
    let scheme = options
        .url
        .split("://")
        .next()
        .filter(|scheme| *scheme == "http")
        .unwrap_or("https");
    let instance_of = |period: &KeyPeriod, valid_for| log_instance(scheme, &period.log, &valid_for);
    let growing = log.v1.iter().chain(&log.v2);
    let growing = growing.map(|period| instance_of(period, valid_for(period, options.valid_from)));
    let frozen = log.frozen.iter();
    let frozen = frozen.map(|period| instance_of(period, valid_for(period, None)));
    // Their first entries are older than the trees that were made for them here.
    let imported = options.predecessors.iter();
    let imported = imported.map(|period| instance_of(period, exactly(period, period.since)));
    let tlogs = growing.chain(frozen).chain(imported).collect();

    let authority = |authority: &Authority| certificate_authority(authority, signing);
    let base_url = base_url(scheme, log.origin());
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
            signing,
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

/// When the key is valid: from `start` on, or else from the beginning of its first day (UTC), which
/// lies in no client's future.
pub(crate) fn valid_for(period: &KeyPeriod, start: Option<i64>) -> common::TimeRange {
    let day = period.since - period.since.rem_euclid(SECONDS_PER_DAY);
    exactly(period, start.unwrap_or(day))
}

fn exactly(period: &KeyPeriod, start: i64) -> common::TimeRange {
    common::TimeRange {
        start: Some(Timestamp::from_unix_seconds(start)),
        end: period.until.map(Timestamp::from_unix_seconds),
    }
}

/// Clients compare its host with the origins of checkpoints.
fn base_url(scheme: &str, origin: &str) -> String {
    format!("{scheme}://{origin}")
}

fn log_instance(
    scheme: &str,
    log: &TrustedLog,
    valid_for: &common::TimeRange,
) -> proto::TransparencyLogInstance {
    let details = match log.key().algorithm() {
        KeyAlgorithm::EcdsaP256 => PublicKeyDetails::PkixEcdsaP256Sha256,
        KeyAlgorithm::Ed25519 | KeyAlgorithm::CosignatureV1 => PublicKeyDetails::PkixEd25519,
    };
    instance(
        &base_url(scheme, log.origin()),
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

pub(crate) fn certificate_authority(
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
    // An empty name is left out of the JSON, and there are clients that refuse a subject without
    // both.
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
