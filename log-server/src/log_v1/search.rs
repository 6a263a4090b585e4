//! Search as both of the log's own faces have it: `ledgerstone.v1.Log` over gRPC, and
//! `/log/v1/search` over HTTP.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use ledgerstone_entry::SearchKey;
use ledgerstone_entry::query::Expression;
use ledgerstone_entry::query::parse as parse_query;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::search_key_of_hash;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_entry::v1::search_key_of_subject;
use ledgerstone_log::Evidence;
use ledgerstone_log::MAX_SEARCH_KEYS;
use ledgerstone_log::Positions;
use ledgerstone_log::PositionsError;
use ledgerstone_log::SearchHit as Hit;
use ledgerstone_log::SearchOperator as Operator;
use ledgerstone_log::SearchOrder as Order;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::Tree;
use ledgerstone_log::TreeCoverage;
use ledgerstone_log::Trees;
use ledgerstone_proto::log::v1::SearchCoverage;
use ledgerstone_proto::log::v1::SearchEvidence;
use ledgerstone_proto::log::v1::SearchHit;
use ledgerstone_proto::log::v1::SearchOperator;
use ledgerstone_proto::log::v1::SearchOrder;
use ledgerstone_proto::log::v1::SearchPublicKey;
use ledgerstone_proto::log::v1::SearchRequest;
use ledgerstone_proto::log::v1::SearchResponse;
use ledgerstone_proto::log::v1::SearchTerm;
use ledgerstone_proto::log::v1::search_term::Term;

use crate::error::ApiError;
use crate::error::failure::Failure;
use crate::log_v1::views;
use crate::state::State;

/// One page of hits.
pub(crate) async fn search(
    state: &State,
    request: SearchRequest,
) -> Result<SearchResponse, ApiError> {
    let limit = match request.limit {
        0 => views::READ_ENTRIES,
        limit => views::READ_ENTRIES.min(limit as usize),
    };
    let query = parse(&request)?;
    let (from, end) = (positions(&request.from)?, positions(&request.end)?);
    let trees: Vec<Tree> = match request.tree_id {
        // What is not found may be in a tree that is not served.
        0 if state.log().lacking().any() => return Err(Failure::NotServed.into()),
        0 => state.trees().own().cloned().collect(),
        tree_id => vec![state.tree(tree_id)?],
    };
    let first = trees.first().cloned();
    let first = first.ok_or_else(|| ApiError::not_found("there is no tree here"))?;
    let wants_coverage = request.coverage;
    let (page, covered) = state
        .read(&first, async move |_| {
            let covered = match wants_coverage {
                true => ledgerstone_log::coverage(&trees, &query, &from, &end).await?,
                false => Vec::new(),
            };
            let page =
                ledgerstone_log::search(&trees, &query, &from, &end, limit, views::READ_BYTES);
            Ok((page.await?, covered))
        })
        .await?;
    let (trees, hits) = (state.trees(), page.hits.into_iter());
    Ok(SearchResponse {
        hits: hits.map(|hit| render(&trees, hit)).collect(),
        next: page.next.to_string(),
        complete: page.complete,
        coverage: covered.iter().map(render_coverage).collect(),
        unknown: page.unknown,
    })
}

/// Positions in trees, as a caller writes them.
pub(super) fn positions(text: &str) -> Result<Positions, ApiError> {
    let parsed = text.parse();
    parsed.map_err(|error: PositionsError| ApiError::invalid(error.to_string()))
}

fn parse(request: &SearchRequest) -> Result<SearchQuery, ApiError> {
    let is_empty = request.terms.is_empty() && request.query.is_empty();
    if is_empty || request.terms.len() > MAX_SEARCH_KEYS {
        return Err(ApiError::invalid(format!(
            "a search has a query, or 1 to {MAX_SEARCH_KEYS} terms, not {}",
            request.terms.len()
        )));
    }
    let operator = match SearchOperator::try_from(request.operator) {
        Ok(SearchOperator::And) => Operator::And,
        Ok(SearchOperator::Or | SearchOperator::Unspecified) => Operator::Or,
        Err(_) => return Err(ApiError::invalid("the operator is neither OR nor AND")),
    };
    let keys: Result<Vec<_>, ApiError> = request.terms.iter().map(key).collect();
    let keys = keys?;
    let asked = asked(&request.query)?;
    let mut query = match (asked, keys.is_empty()) {
        (None, _) => SearchQuery::new(keys, operator),
        (Some(asked), true) => SearchQuery::of(asked),
        (Some(asked), false) => {
            let terms = SearchQuery::new(keys, operator).expression;
            SearchQuery::of(Expression::All(vec![terms, asked]))
        }
    };
    query.order = match SearchOrder::try_from(request.order) {
        Ok(SearchOrder::NewestFirst) => Order::NewestFirst,
        Ok(SearchOrder::OldestFirst | SearchOrder::Unspecified) => Order::OldestFirst,
        Err(_) => {
            return Err(ApiError::invalid(
                "the order is not one of those that there are",
            ));
        }
    };
    if request.from_time != 0 {
        query.times.start = request.from_time;
    }
    if request.until_time != 0 {
        query.times.end = request.until_time;
    }
    Ok(query)
}

/// The query in words, where there is one.
pub(super) fn asked(query: &str) -> Result<Option<Expression>, ApiError> {
    if query.is_empty() {
        return Ok(None);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
    let parsed = parse_query(query, now);
    let parsed = parsed.map_err(|error| ApiError::invalid(error.to_string()))?;
    match parsed.asks_trust() {
        true => Err(ApiError::invalid(
            "which authorities are trusted, a log does not know: a client with a trusted root \
             answers that, as `ledgerstone search --trusted-root`",
        )),
        false => Ok(Some(parsed)),
    }
}

fn render_coverage(covered: &TreeCoverage) -> SearchCoverage {
    SearchCoverage {
        tree_id: covered.tree_id,
        first: covered.range.start,
        end: covered.range.end,
        without_statement: covered.without_statement(),
        asks_statements: covered.asks_statements,
        unreadable: covered.unreadable,
        has_times: covered.has_times,
        unindexed: covered.unindexed,
        is_index_complete: covered.is_index_complete,
        is_everything: covered.is_everything(),
        removed_statements: covered.removed,
    }
}

fn key(term: &SearchTerm) -> Result<SearchKey, ApiError> {
    match &term.term {
        Some(Term::Hash(text)) => search_key_of_hash(text).ok_or_else(|| {
            ApiError::invalid(format!(
                "{text:?} is no hash: write it in hexadecimal, with the function's name and a \
                 colon before it or with nothing"
            ))
        }),
        Some(Term::Subject(subject)) if !subject.is_empty() => Ok(search_key_of_subject(subject)),
        Some(Term::PublicKey(key)) => public_key(key),
        _ => Err(ApiError::invalid(
            "a term names a hash, a subject or a public key",
        )),
    }
}

fn public_key(key: &SearchPublicKey) -> Result<SearchKey, ApiError> {
    let format = PublicKeyFormat::from_name(&key.format).ok_or_else(|| {
        ApiError::invalid(format!(
            "{:?} is no format of keys: use x509, pgp, minisign or ssh",
            key.format
        ))
    })?;
    search_key_of_public_key(format, &key.content)
        .map_err(|reject| ApiError::invalid(reject.to_string()))
}

fn render(trees: &Trees, hit: Hit) -> SearchHit {
    let evidence = match hit.evidence {
        Evidence::Body => SearchEvidence::Body,
        Evidence::Submission => SearchEvidence::Submission,
    };
    let counted = trees.counted().iter().chain(trees.copies());
    let is_counted = counted
        .into_iter()
        .any(|tree| tree.tree_id() == hit.tree_id);
    SearchHit {
        index: hit.index.get(),
        tree_id: hit.tree_id,
        entry: Some(views::render_entry(hit.tree_id, hit.index, hit.entry)),
        evidence: evidence as i32,
        virtual_index: is_counted.then_some(hit.virtual_index),
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::rekor_v1::tests::Site;
    use crate::rekor_v1::tests::proposals::Signer;
    use crate::rekor_v1::tests::proposals::sha256;
    use crate::rekor_v1::tests::proposals::statement;

    fn hash(artifact: &[u8]) -> SearchTerm {
        SearchTerm {
            term: Some(Term::Hash(sha256(artifact))),
        }
    }

    fn key_of(signer: &Signer) -> SearchTerm {
        SearchTerm {
            term: Some(Term::PublicKey(SearchPublicKey {
                format: "x509".to_owned(),
                content: signer.public_key_pem().into(),
            })),
        }
    }

    fn indexes(page: &SearchResponse) -> Vec<u64> {
        let hits = page.hits.iter();
        hits.map(|hit| hit.virtual_index.unwrap()).collect()
    }

    #[tokio::test]
    async fn pages_follow_one_another_and_end_where_the_log_goes_on() {
        let signer = Signer::new();
        let site = Site::with_frozen(&[2], &signer).await;
        for number in 0..3_u8 {
            site.create(&signer.hashedrekord(&[number])).await;
        }
        let mut request = SearchRequest {
            terms: vec![key_of(&signer)],
            limit: 2,
            ..SearchRequest::default()
        };
        let mut found = Vec::new();
        loop {
            let page = search(&site.state, request.clone()).await.unwrap();
            assert!(page.hits.len() <= 2);
            found.extend(indexes(&page));
            request.from = page.next;
            if page.complete {
                break;
            }
        }
        assert_eq!(found, [0, 1, 2, 3, 4]);
        let v1 = site.v1_tree();
        assert!(request.from.contains(&format!("{}:3", v1.tree_id())));
        site.create(&signer.hashedrekord(b"later")).await;
        let page = search(&site.state, request).await.unwrap();
        assert_eq!(indexes(&page), [5]);
        let hit = &page.hits[0];
        assert_eq!((hit.tree_id, hit.index), (v1.tree_id(), 3));
        assert_eq!(hit.entry.as_ref().unwrap().index, 3);
        assert_eq!(hit.entry.as_ref().unwrap().kind, "hashedrekord");
        assert_eq!(hit.evidence(), SearchEvidence::Body);
    }

    #[tokio::test]
    async fn operators_ranges_and_times_narrow_a_search() {
        let site = Site::new().await;
        let (ann, bob) = (Signer::new(), Signer::new());
        site.create(&ann.hashedrekord(b"artifact")).await;
        let (_, entry) = site.create(&bob.dsse(&statement(b"artifact"))).await;
        let time = entry["integratedTime"].as_i64().unwrap();
        let request = SearchRequest {
            terms: vec![hash(b"artifact"), key_of(&bob)],
            ..SearchRequest::default()
        };
        let find = async |request: SearchRequest| {
            let page = search(&site.state, request).await.unwrap();
            assert!(page.complete);
            page
        };
        assert_eq!(indexes(&find(request.clone()).await), [0, 1]);
        let both = SearchRequest {
            operator: SearchOperator::And as i32,
            ..request.clone()
        };
        let page = find(both).await;
        assert_eq!(indexes(&page), [1]);
        // The digest of the statement's subject is not in the body of the entry.
        assert_eq!(page.hits[0].evidence(), SearchEvidence::Submission);
        let at = |index: u64| format!("{}:{index}", site.v1_tree().tree_id());
        for (from, end, from_time, until_time, expected) in [
            (at(1), String::new(), 0, 0, &[1][..]),
            (String::new(), at(1), 0, 0, &[0]),
            (String::new(), String::new(), time + 1, 0, &[]),
            (String::new(), String::new(), 0, 1, &[]),
        ] {
            let narrowed = SearchRequest {
                from,
                end,
                from_time,
                until_time,
                ..request.clone()
            };
            assert_eq!(indexes(&find(narrowed).await), expected);
        }
    }

    #[tokio::test]
    async fn what_is_no_search_is_refused() {
        let site = Site::new().await;
        let term = |term| SearchTerm { term: Some(term) };
        let public_key = |format: &str, content: &'static str| {
            term(Term::PublicKey(SearchPublicKey {
                format: format.to_owned(),
                content: content.into(),
            }))
        };
        for terms in [
            vec![],
            vec![hash(b"artifact"); MAX_SEARCH_KEYS + 1],
            vec![SearchTerm::default()],
            vec![term(Term::Hash("no hash".to_owned()))],
            vec![term(Term::Subject(String::new()))],
            vec![public_key("pem", "")],
            vec![public_key("x509", "no key")],
        ] {
            let request = SearchRequest {
                terms,
                ..SearchRequest::default()
            };
            let error = search(&site.state, request.clone()).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{request:?}");
        }
        let request = SearchRequest {
            terms: vec![hash(b"artifact")],
            operator: 7,
            ..SearchRequest::default()
        };
        let error = search(&site.state, request).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        let request = SearchRequest {
            terms: vec![hash(b"artifact")],
            from: "7".to_owned(),
            ..SearchRequest::default()
        };
        let error = search(&site.state, request).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
    }

    #[tokio::test]
    async fn the_same_is_there_over_http() {
        let site = Site::new().await;
        let signer = Signer::new();
        site.create(&signer.hashedrekord(b"artifact")).await;
        let digest = sha256(b"artifact");
        let key = signer.public_key_base64().replace('+', "%2B");
        let tree = site.v1_tree().tree_id();
        for query in [
            format!("hash={digest}"),
            format!("hash=sha256:{digest}&operator=and&publicKey={key}"),
            format!("publicKey={key}&publicKeyFormat=x509&from={tree}:0&end={tree}:9&limit=5"),
            format!("hash={digest}&email=nobody@example.com&fromTime=1"),
        ] {
            let page = site.get(&format!("/log/v1/search?{query}")).await.json();
            let hit = &page["hits"][0];
            assert_eq!(hit["entry"]["index"], 0, "{query}: {page}");
            assert_eq!(
                (&hit["virtualIndex"], &hit["shownByBody"]),
                (&0.into(), &true.into())
            );
            let next = page["next"].as_str().unwrap();
            assert!(next.contains(&format!("{tree}:1")), "{next}");
            assert_eq!(page["complete"], true);
        }
        let page = site.get("/log/v1/search?subject=nobody").await.json();
        assert_eq!(page["hits"], serde_json::json!([]));
        for query in [
            "",
            "hash=x",
            "operator=xor&subject=a",
            "publicKey=%25",
            "subject=a&limit=x",
            "subject=a&unknown=1",
        ] {
            let answer = site.get(&format!("/log/v1/search?{query}")).await;
            assert_eq!(answer.status, 400, "{query}: {answer:?}");
        }
    }
}
