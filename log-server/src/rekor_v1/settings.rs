//! The settings of the Rekor v1 face.

use clap::ValueEnum;
use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::KindSet;
use ledgerstone_entry::v1::DEFAULT_MAX_ATTESTATION_BYTES;
use ledgerstone_storage::MAX_ATTESTATION_BYTES;
use serde::Deserialize;
use serde::Serialize;

use crate::settings::section::section;
use crate::settings::section::words;

section! {
    /// Whether Rekor v1 is served, which operations of it, and what it takes.
    pub struct RekorV1Settings from RekorV1Overrides {
        /// Serve Rekor v1
        [BOOL] rekor_v1: bool = true;
        /// Rekor v1 operations that are served, by upstream's names; others answer 501
        [LIST] enabled_api_endpoints: Vec<V1Endpoint> = V1Endpoint::value_variants().to_vec(),
            shown "all";
        /// Rekor v1 kinds of entries that are taken
        [LIST] enabled_entry_types: Vec<String> = kinds(), shown "all";
        /// Keep the attestations of in-toto entries, and return them with the entries
        [BOOL] keep_attestations: bool = true;
        /// Longest attestation that is kept, in bytes; entries with a longer one are logged
        /// without it
        [BYTES] max_attestation_bytes: usize = DEFAULT_MAX_ATTESTATION_BYTES,
            in 0..=MAX_ATTESTATION_BYTES;
        /// Largest artifact that comes whole, in a rekord entry, in bytes
        [BYTES] max_artifact_bytes: usize = 16 << 20, in 0..=1 << 30;
    }
}

/// An operation of Rekor v1, by upstream's name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "camelCase")]
#[value(rename_all = "camelCase")]
pub enum V1Endpoint {
    /// `POST /api/v1/log/entries`.
    CreateLogEntry,
    /// `GET /api/v1/log/entries?logIndex=`.
    GetLogEntryByIndex,
    /// `GET /api/v1/log/entries/{entryUUID}`.
    #[serde(rename = "getLogEntryByUUID")]
    #[value(name = "getLogEntryByUUID")]
    GetLogEntryByUuid,
    /// `GET /api/v1/log`.
    GetLogInfo,
    /// `GET /api/v1/log/proof`.
    GetLogProof,
    /// `GET /api/v1/log/publicKey`.
    GetPublicKey,
    /// `POST /api/v1/index/retrieve`.
    SearchIndex,
    /// `POST /api/v1/log/entries/retrieve`.
    SearchLogQuery,
}

words!(V1Endpoint);

impl V1Endpoint {
    /// What upstream calls it where it says that it is switched off.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::CreateLogEntry => "Create Entry",
            Self::GetLogEntryByIndex => "Get Log Entry by Index",
            Self::GetLogEntryByUuid => "Get Log Entry by UUID",
            Self::GetLogInfo => "Get Log Info",
            Self::GetLogProof => "Get Log Proof",
            Self::GetPublicKey => "Get Public Key",
            Self::SearchIndex => "Search Index",
            Self::SearchLogQuery => "Search Log Query",
        }
    }
}

/// All kinds of Rekor v1, by their names.
fn kinds() -> Vec<String> {
    let names = KindSet::all(ApiVersion::V1).names();
    names.into_iter().map(str::to_owned).collect()
}
