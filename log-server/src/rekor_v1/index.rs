//! Finding entries by artifact, key or identity.

use axum::extract::Request;
use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::search_key_of_email;
use ledgerstone_entry::v1::search_key_of_hash;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_entry::v1::search_key_of_subject;
use ledgerstone_log::Positions;
use ledgerstone_log::SearchOperator;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::Tree;
use ledgerstone_log::Trees;
use ledgerstone_log::search as search_trees;

use crate::api_version::is_of_rekor_v2;
use crate::rekor_v1::body;
use crate::rekor_v1::entry_id::EntryId;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::error::schema;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::json::json_line;
use crate::rekor_v1::members::Members;
use crate::rekor_v1::operation;
use crate::rekor_v1::operation::admit;
use crate::rekor_v1::settings::V1Endpoint;
use crate::state::State;

/// The most ids that one answer holds. Whoever may get more has `/log/v1/search`, which has pages.
const MAX_RESULTS: usize = 50_000;

/// How many hits are read at a time, and in how many bytes of bodies.
const PAGE_HITS: usize = 256;
const PAGE_BYTES: usize = 4 << 20;

/// How many pages a search reads. Only pages without hits get it there: keys that many entries
/// have, but hardly any together.
const MAX_PAGES: usize = 1_000;

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 512;

/// How a schema calls the form of a hash.
const HASH_PATTERN: &str =
    "^(sha512:)?[0-9a-fA-F]{128}$|^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$";

/// `POST /api/v1/index/retrieve` (rekor-v1, section 1.6).
pub(crate) async fn search(
    Extract(state): Extract<State>,
    request: Request,
) -> Result<Response, V1Error> {
    let (parts, content) = request.into_parts();
    admit(&state, V1Endpoint::SearchIndex, &parts)?;
    let body = body::read(&state, &parts, content, "query").await?;
    let query = parse(&body)?;
    drop(body);
    let ids = operation::read(&state, async move |trees| {
        find(&trees, &query, MAX_RESULTS).await
    })
    .await?;
    let headers = [(header::CONTENT_TYPE, JSON)];
    Ok((StatusCode::OK, headers, json_line(&ids)).into_response())
}

/// The ids of all entries that answer `query` and that clients of Rekor v1 can read, in one order
/// of time: those of the log, and then those of the copies, tree by tree.
///
/// # Errors
/// 400 when they are more than `limit`.
async fn find(trees: &Trees, query: &SearchQuery, limit: usize) -> Result<Vec<String>, V1Error> {
    let mut ids = Vec::new();
    collect(&mut ids, trees.counted(), query, limit).await?;
    for copy in trees.copies() {
        collect(&mut ids, std::slice::from_ref(copy), query, limit).await?;
    }
    Ok(ids)
}

/// Adds what is found in `trees`, page by page.
async fn collect(
    ids: &mut Vec<String>,
    trees: &[Tree],
    query: &SearchQuery,
    limit: usize,
) -> Result<(), V1Error> {
    let (mut from, end) = (Positions::default(), Positions::default());
    for _ in 0..MAX_PAGES {
        let page = search_trees(trees, query, &from, &end, PAGE_HITS, PAGE_BYTES).await?;
        // A tree of version 0.1 holds entries of Rekor v2 too, whose ids would lead these clients
        // to what they cannot read.
        let readable = page
            .hits
            .iter()
            .filter(|hit| !is_of_rekor_v2(&hit.entry.body));
        ids.extend(readable.map(|hit| EntryId::new(hit.tree_id, hit.leaf_hash).to_string()));
        if ids.len() > limit {
            break;
        }
        if page.complete {
            return Ok(());
        }
        from = page.next;
    }
    // An answer that was cut short without a word would be taken for a whole one.
    Err(V1Error::invalid(format!(
        "the search is too broad for one answer, which holds {limit} entries at most; read \
         /log/v1/search page by page"
    )))
}

fn parse(body: &[u8]) -> Result<SearchQuery, V1Error> {
    let members = Members::parse(body)?;
    let text = |name| {
        let text: Option<String> = members.get(name)?;
        Ok::<_, V1Error>(text.filter(|text| !text.is_empty()))
    };
    let (email, hash, subject) = (text("email")?, text("hash")?, text("subject")?);
    let operator = text("operator")?;
    let mut keys = Vec::new();
    if let Some(email) = email {
        keys.push(email_key(&email)?);
    }
    if let Some(hash) = hash {
        keys.push(hash_key(&hash)?);
    }
    let operator = match operator.as_deref() {
        None | Some("or") => SearchOperator::Or,
        Some("and") => SearchOperator::And,
        Some(_) => {
            let message = "operator in body should be one of [and or]";
            return Err(V1Error::schema(schema::ENUM, message));
        }
    };
    if let Some(public_key) = members.object("publicKey")? {
        keys.push(public_key_key(&public_key)?);
    }
    if let Some(subject) = subject {
        if subject.chars().count() > MAX_SUBJECT {
            let message = format!("subject in body should be at most {MAX_SUBJECT} chars long");
            return Err(V1Error::schema(schema::TOO_LONG, message));
        }
        keys.push(search_key_of_subject(&subject));
    }
    Ok(SearchQuery::new(keys, operator))
}

fn email_key(email: &str) -> Result<SearchKey, V1Error> {
    let is_email = email.rsplit_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !email.contains(char::is_whitespace)
    });
    if !is_email {
        let message = format!("email in body must be of type email: {email:?}");
        return Err(V1Error::schema(schema::TYPE, message));
    }
    Ok(search_key_of_email(email))
}

/// A hash whose function is named, or told by its length. SHA-384 is not among them.
fn hash_key(hash: &str) -> Result<SearchKey, V1Error> {
    let (named, digits) = hash
        .split_once(':')
        .map_or((None, hash), |(name, digits)| (Some(name), digits));
    let implied = match digits.len() {
        40 => Some("sha1"),
        64 => Some("sha256"),
        128 => Some("sha512"),
        _ => None,
    };
    let is_hash = implied.is_some()
        && (named.is_none() || named == implied)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash
        .then(|| search_key_of_hash(hash))
        .flatten()
        .ok_or_else(|| {
            let message = format!("hash in body should match '{HASH_PATTERN}'");
            V1Error::schema(schema::PATTERN, message)
        })
}

fn public_key_key(public_key: &Members<'_>) -> Result<SearchKey, V1Error> {
    if public_key
        .get::<String>("url")?
        .is_some_and(|url| !url.is_empty())
    {
        // Upstream once fetched it for whoever asked.
        return Err(V1Error::invalid(
            "a public key has to be given as content; the log fetches nothing",
        ));
    }
    let format: Option<String> = public_key.get("format")?;
    let format = format
        .filter(|format| !format.is_empty())
        .ok_or_else(|| V1Error::schema(schema::REQUIRED, "publicKey.format in body is required"))?;
    let format = PublicKeyFormat::from_name(&format).ok_or_else(|| {
        let message = "publicKey.format in body should be one of [pgp x509 minisign ssh tuf]";
        V1Error::schema(schema::ENUM, message)
    })?;
    let content: String = public_key.get("content")?.unwrap_or_default();
    let content: String = content.split(['\r', '\n']).collect();
    let content = STANDARD
        .decode(content)
        .map_err(|_| V1Error::invalid("publicKey.content has to be standard base64"))?;
    search_key_of_public_key(format, &content).map_err(|reject| match reject {
        ledgerstone_entry::v1::V1Reject::UnsupportedFormat(_) => {
            V1Error::invalid("the PKI format requested is not supported by this server")
        }
        _ => V1Error::invalid("public key provided could not be parsed"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rekor_v1::tests::Site;
    use crate::rekor_v1::tests::proposals::Signer;

    #[tokio::test]
    async fn more_answers_than_the_limit_are_an_error_and_not_a_part_of_them() {
        let site = Site::new().await;
        let signer = Signer::new();
        for number in 0..4_u8 {
            site.create(&signer.hashedrekord(&[number])).await;
        }
        let pem = signer.public_key_pem();
        let key = search_key_of_public_key(PublicKeyFormat::X509, pem.as_bytes()).unwrap();
        let query = SearchQuery::new(vec![key], SearchOperator::Or);
        assert_eq!(find(&site.log.trees(), &query, 4).await.unwrap().len(), 4);
        let error = find(&site.log.trees(), &query, 3).await.unwrap_err();
        assert!(format!("{error:?}").contains("too broad"), "{error:?}");
    }
}
