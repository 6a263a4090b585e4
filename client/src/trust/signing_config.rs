//! The signing config of a log: where signing clients go.

use ledgerstone_proto::sigstore::common::v1 as common;
use ledgerstone_proto::sigstore::trustroot::v1 as proto;

use crate::trust::file_options::Authority;
use crate::trust::file_options::TrustOptions;

/// The media type of a signing config.
pub const SIGNING_CONFIG_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

pub(crate) fn signing_config(
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
        rekor_tlog_urls: vec![service(&options.url, options.api_version.number())],
        rekor_tlog_config: Some(any),
        tsa_urls: services(&options.timestamp_authority),
        // cosign stops at a config without the services, and at services without a config.
        tsa_config: options.timestamp_authority.as_ref().map(|_| any),
    }
}
