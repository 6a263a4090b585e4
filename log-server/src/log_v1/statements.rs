//! Statements that are handed in after their entries, as both of the log's own faces have them.

use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_log::AttachError;
use ledgerstone_log::Attached;
use ledgerstone_log::KeptStatement;
use ledgerstone_log::StatementLimits;
use ledgerstone_log::Tree;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1::AttachStatementResponse;
use ledgerstone_proto::log::v1::AttachedEntry;
use ledgerstone_proto::log::v1::Statement;
use ledgerstone_proto::log::v1::StatementState;
use tracing::error;

use crate::error::ApiError;
use crate::error::failure::Failure;
use crate::state::State;

/// Refuses statements where the server takes none.
pub(crate) fn check_taken(state: &State) -> Result<(), ApiError> {
    let settings = state.settings();
    if settings.log.read_only {
        return Err(ApiError::unimplemented("log frozen"));
    }
    if !settings.statements.keep_statements {
        return Err(ApiError::unimplemented(
            "this log takes no statements after their entries",
        ));
    }
    Ok(())
}

/// Keeps a statement for the entries that vouch for it: of the tree with this number, or for 0 of
/// all.
pub(crate) async fn attach(
    state: &State,
    json: Bytes,
    tree_id: u64,
) -> Result<AttachStatementResponse, ApiError> {
    check_taken(state)?;
    if tree_id != 0 {
        state.tree(tree_id)?;
    }
    let settings = &state.settings().statements;
    let parsed = state
        .verified(move || AttachedStatement::parse(&json))
        .await?;
    let statement = parsed.map_err(|error| ApiError::invalid(error.to_string()))?;
    if statement.payload().len() > settings.max_statement_bytes {
        return Err(ApiError::too_large(settings.max_statement_bytes));
    }
    let limits = StatementLimits {
        total_bytes: settings.max_statements_bytes,
    };
    let tree_id = (tree_id != 0).then_some(tree_id);
    let kept = state.log().attach(tree_id, statement, limits).await?;
    Ok(AttachStatementResponse {
        entries: kept.into_iter().map(render).collect(),
    })
}

fn render(attached: Attached) -> AttachedEntry {
    AttachedEntry {
        tree_id: attached.tree_id,
        index: attached.index.get(),
        leaf_hash: Bytes::copy_from_slice(attached.leaf_hash.as_bytes()),
        known: attached.is_known,
    }
}

/// The statement of an entry.
pub(crate) async fn statement(
    state: &State,
    tree: &Tree,
    index: u64,
    has_payload: bool,
) -> Result<Statement, ApiError> {
    let index = LeafIndex::new(index);
    let found = state.read(tree, async move |tree| {
        let Some(entry) = tree.entry(index).await? else {
            return Ok(None);
        };
        tree.statement(index, &entry).await
    });
    let no = || ApiError::not_found("the log keeps no statement of this entry, or has no such one");
    Ok(match found.await?.ok_or_else(no)? {
        KeptStatement::Kept(statement) => Statement {
            state: StatementState::Kept as i32,
            since: 0,
            payload_type: statement.payload_type().unwrap_or_default().to_owned(),
            length: statement.payload().len() as u64,
            payload: match has_payload {
                true => statement.payload().clone(),
                false => Bytes::new(),
            },
            signatures: match has_payload {
                true => statement.signatures().to_vec(),
                false => Vec::new(),
            },
        },
        KeptStatement::Expired(since) => gone(StatementState::Expired, since),
        KeptStatement::Removed(since) => gone(StatementState::Removed, since),
    })
}

fn gone(state: StatementState, since: i64) -> Statement {
    Statement {
        state: state as i32,
        since,
        ..Statement::default()
    }
}

impl From<AttachError> for ApiError {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::NoEntry => Self::not_found(error.to_string()),
            AttachError::Removed => Self::forbidden(error.to_string()),
            AttachError::Full { .. } => Self::full(error.to_string()),
            AttachError::DiskFull => Failure::DiskFull.into(),
            AttachError::ReadOnly | AttachError::Stopped => Failure::Closed.into(),
            AttachError::Read(reason) => {
                error!(error = %reason, "what a statement belongs to could not be read");
                Failure::Unreadable.into()
            }
        }
    }
}
