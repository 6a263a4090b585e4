//! Submitting an entry.

use axum::extract::Request;
use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::StatusCode;
use http::Uri;
use http::header;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::v1::ProposedEntry;
use ledgerstone_entry::v1::prepare;
use ledgerstone_log::LoggedEntry;
use ledgerstone_log::ProvenEntry;
use ledgerstone_storage::TreeKind;

use crate::admission::turns::Turn;
use crate::rekor_v1::body;
use crate::rekor_v1::entry_id::EntryId;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::json::json_line;
use crate::rekor_v1::log_entry;
use crate::rekor_v1::operation::admit;
use crate::rekor_v1::settings::V1Endpoint;
use crate::settings::OnDuplicate;
use crate::state::State;
use crate::state::Submitted;

/// What upstream says before the reason for which an entry is not taken.
const REJECTED: &str = "error processing entry: ";

/// A proposal up to this length, in bytes, is read on the request's own task, and a hashedrekord
/// verified there: one signature, over a digest.
const QUICK_PROPOSAL: usize = 64 << 10;

/// `POST /api/v1/log/entries` (rekor-v1, section 1.2).
pub(crate) async fn create(
    Extract(state): Extract<State>,
    request: Request,
) -> Result<Response, V1Error> {
    let (parts, content) = request.into_parts();
    if state.settings().log.read_only {
        return Err(V1Error::switched_off(V1Endpoint::CreateLogEntry));
    }
    admit(&state, V1Endpoint::CreateLogEntry, &parts)?;
    state.check_turn()?;
    let body = body::read(&state, &parts, content, "proposedEntry").await?;
    let (turn, prepared) = prepare_proposal(&state, body).await?;

    let submitted = state.append(turn, TreeKind::REKOR_V1, prepared).await?;
    let id = EntryId::new(submitted.appended.tree_id, submitted.appended.leaf_hash);
    let location = location(&parts.uri, &id);
    if submitted.appended.duplicate && state.settings().log.on_duplicate == OnDuplicate::Conflict {
        let message =
            format!("an equivalent entry already exists in the transparency log with UUID {id}");
        let error = V1Error::new(StatusCode::CONFLICT, message);
        return Ok(([(header::LOCATION, location)], error).into_response());
    }
    state.accepted(&submitted);
    let Submitted { tree, appended, .. } = submitted;
    let proven = ProvenEntry {
        index: appended.index,
        entry: LoggedEntry {
            integrated_time: appended.integrated_time,
            body: appended.body,
        },
        leaf_hash: appended.leaf_hash,
        head: appended.head,
        proof: appended.proof,
    };
    let entries = log_entry::render(&tree, &proven).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(JSON)),
        // Not quoted: Go clients take it as the id, letter for letter.
        (header::ETAG, header_value(id.to_string())),
        (header::LOCATION, location),
    ];
    Ok((StatusCode::CREATED, headers, json_line(&entries)).into_response())
}

/// Reads, verifies and canonicalises a proposal when it is its turn.
async fn prepare_proposal(state: &State, body: Bytes) -> Result<(Turn, PreparedEntry), V1Error> {
    let policy = *state.v1_policy();
    let (turn, prepared) = if body.len() <= QUICK_PROPOSAL {
        let proposed = ProposedEntry::parse_bytes(body).map_err(|reject| refuse(state, &reject))?;
        // Of the others some have many signatures, or a whole artifact.
        let is_quick = proposed.kind == "hashedrekord";
        let prepare = move || prepare(&proposed, &policy);
        state.prepared(is_quick, prepare).await?
    } else {
        let prepare = move || {
            let proposed = ProposedEntry::parse_bytes(body)?;
            prepare(&proposed, &policy)
        };
        state.prepared(false, prepare).await?
    };
    Ok((turn, prepared.map_err(|reject| refuse(state, &reject))?))
}

fn refuse(state: &State, reject: &ledgerstone_entry::v1::V1Reject) -> V1Error {
    state.metrics().rejected(reject.reason_label());
    V1Error::rejected(reject, REJECTED)
}

/// Where the entry can be read: relative, with the query of the request but for its API key.
fn location(uri: &Uri, id: &EntryId) -> HeaderValue {
    let mut location = format!("{}/{id}", uri.path());
    let kept = uri.query().unwrap_or_default().split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && name != "apiKey"
    });
    for (position, pair) in kept.enumerate() {
        location.push(if position == 0 { '?' } else { '&' });
        location.push_str(pair);
    }
    header_value(location)
}

/// Paths, queries and ids as they came in a request line are header values.
fn header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use ledgerstone_merkle::Hash;

    use super::*;

    #[test]
    fn the_location_is_relative_and_without_the_api_key() {
        let id = EntryId::new(1, Hash::new([0xab; 32]));
        let at = |uri: &str| location(&uri.parse().unwrap(), &id);
        let path = format!("/api/v1/log/entries/{id}");
        assert_eq!(at("http://log.example/api/v1/log/entries"), path);
        assert_eq!(at("/api/v1/log/entries?apiKey=secret"), path);
        assert_eq!(
            at("/api/v1/log/entries?a=1&apiKey=x&b"),
            format!("{path}?a=1&b")
        );
    }
}
