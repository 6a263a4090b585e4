//! The keys of a log, and of its earlier trees.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1 as proto;
use serde::Deserialize;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;
use crate::trust::description::LogDescription;
use crate::trust::description::Predecessor;
use crate::trust::log::TrustedLog;

impl LogApi {
    /// Who the log says it is. Nothing vouches for it but the connection.
    ///
    /// # Errors
    /// When the log cannot be asked, or its answer does not fit together.
    pub async fn keys(&self) -> Result<LogDescription, ApiError> {
        let path = "/log/v1/keys";
        let keys: KeysReply = self.fetch(path).await?.ok_or_else(|| self.not_this_api())?;
        let bad = |reason: &str| self.transport().bad_reply(path, reason.to_owned());
        let spki = |key: &KeyReply| {
            STANDARD
                .decode(&key.spki)
                .map_err(|_| bad("a key is not base64"))
        };
        Ok(LogDescription {
            ed25519: TrustedLog::from_spki_der(&keys.origin, &spki(&keys.ed25519)?)?,
            ecdsa_p256: TrustedLog::from_spki_der(&keys.origin, &spki(&keys.ecdsa_p256)?)?,
            created: keys
                .created
                .parse()
                .map_err(|_| bad("created is not in Unix seconds"))?,
        })
    }

    /// The earlier trees of the log that have entries, oldest first. Nothing vouches for them but
    /// the connection.
    ///
    /// # Errors
    /// When the log cannot be asked, or a key is none that signs checkpoints.
    pub async fn predecessors(&self) -> Result<Vec<Predecessor>, ApiError> {
        let mut predecessors = Vec::new();
        for tree in self.trees().await? {
            let head = tree.head.unwrap_or_default();
            if tree.role != proto::TreeRole::Predecessor as i32 || head.size == 0 {
                continue;
            }
            let first = EntryLookup::Index(LeafIndex::new(0));
            let first = self.tree(head.tree_id).entry(first).await?;
            predecessors.push(Predecessor {
                log: TrustedLog::from_spki_der(&head.origin, &tree.rekor_v1_key)?,
                since: first.integrated_time,
            });
        }
        Ok(predecessors)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeysReply {
    origin: String,
    created: String,
    ed25519: KeyReply,
    ecdsa_p256: KeyReply,
}

#[derive(Deserialize)]
struct KeyReply {
    spki: String,
}
