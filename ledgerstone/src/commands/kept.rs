//! The statement that a log keeps beside an entry.

use anyhow::Context;
use bytes::Bytes;
use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::v1::attestation_of;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::Statement;
use ledgerstone_proto::log::v1::StatementState;
use serde::Serialize;

use crate::output;

/// What a log says of the statement of an entry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToldStatement {
    /// `kept`, `expired` or `removed`.
    state: &'static str,
    /// Since when it is no longer kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Of an envelope.
    #[serde(skip_serializing_if = "String::is_empty")]
    payload_type: String,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
}

/// What the log says of the statement of an entry; `None` where it has none.
pub(crate) async fn told(api: &LogApi, entry: &Entry) -> anyhow::Result<Option<ToldStatement>> {
    let index = LeafIndex::new(entry.index);
    let statement = api.statement(index, false).await.map_err(Error::from)?;
    Ok(statement.map(|statement| ToldStatement {
        state: state(&statement),
        since: (statement.since != 0).then(|| output::time(statement.since)),
        length: is_kept(&statement).then_some(statement.length),
        payload_type: statement.payload_type,
    }))
}

/// The same for people.
pub(crate) fn told_text(told: &ToldStatement) -> String {
    match (told.state, &told.since) {
        ("removed", Some(since)) => format!("removed by the operator of the log at {since}"),
        ("expired", Some(since)) => format!("no longer kept since {since}"),
        (state, _) => format!(
            "{state}: {} of {} bytes (see it with --statement)",
            match told.payload_type.as_str() {
                "" => "a document that was signed as it is,",
                payload_type => payload_type,
            },
            told.length.unwrap_or_default()
        ),
    }
}

/// The statement itself, which the entry has to vouch for.
pub(crate) async fn kept_statement(api: &LogApi, entry: &Entry) -> anyhow::Result<Bytes> {
    let index = LeafIndex::new(entry.index);
    let found = api.statement(index, true).await.map_err(Error::from)?;
    let found = found.context("the log keeps no statement of this entry")?;
    anyhow::ensure!(
        is_kept(&found),
        "the statement of this entry is {} since {}",
        state(&found),
        output::time(found.since)
    );
    let payload = found.payload.clone();
    let statement = match found.payload_type.as_str() {
        "" => AttachedStatement::bare(found.payload),
        kind => AttachedStatement::envelope(kind, found.payload, found.signatures),
    };
    let is_right =
        statement.answers_to(&entry.body) || attestation_of(&entry.body, payload.clone()).is_some();
    anyhow::ensure!(
        is_right,
        "the log gave a statement that the entry does not vouch for"
    );
    Ok(payload)
}

fn is_kept(statement: &Statement) -> bool {
    statement.state() == StatementState::Kept
}

fn state(statement: &Statement) -> &'static str {
    match statement.state() {
        StatementState::Expired => "expired",
        StatementState::Removed => "removed",
        StatementState::Kept | StatementState::Unspecified => "kept",
    }
}
