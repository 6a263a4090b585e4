use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::Policy;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::prepare;
use ledgerstone_entry::v1;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_log::Evidence;
use ledgerstone_log::Positions;
use ledgerstone_log::SearchOperator;
use ledgerstone_log::SearchPage;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::Trees;
use ledgerstone_log::search;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::PublicKey;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_proto::sigstore::rekor::v2::verifier;
use ledgerstone_storage::TreeKind;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::Running;
use crate::Site;

/// A signer of artifacts.
pub(crate) struct Person {
    key: EcdsaP256Signer,
}

impl Person {
    pub(crate) fn new() -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        Self {
            key: EcdsaP256Signer::from_pkcs8_pem("person", &pem).unwrap(),
        }
    }

    pub(crate) fn signs(&self, artifact: &str) -> PreparedEntry {
        let key = PublicKey {
            raw_bytes: Bytes::copy_from_slice(self.key.public_key_der()),
        };
        let request = HashedRekordRequestV002 {
            digest: Bytes::copy_from_slice(&Sha256::digest(artifact)),
            signature: Some(Signature {
                content: self.key.sign_bytes(artifact.as_bytes()).unwrap().into(),
                verifier: Some(Verifier {
                    key_details: PublicKeyDetails::PkixEcdsaP256Sha256 as i32,
                    verifier: Some(verifier::Verifier::PublicKey(key)),
                }),
            }),
        };
        let request = CreateEntryRequest {
            spec: Some(Spec::HashedRekordRequestV002(request)),
        };
        prepare(&request, &Policy::default()).unwrap()
    }

    /// Signs an in-toto statement about `artifact`, as a Rekor v1 client submits it.
    pub(crate) fn attests(&self, artifact: &str) -> PreparedEntry {
        let (payload, signature) = self.statement(artifact);
        self.submits(&payload, &signature)
    }

    /// Signs a statement about so many subjects.
    pub(crate) fn attests_all(&self, subjects: usize) -> PreparedEntry {
        let subject = |number: usize| {
            let name = format!("subject {number}");
            let sha256 = hex::encode(Sha256::digest(&name));
            json!({ "name": name, "digest": { "sha256": sha256 } })
        };
        let subjects: Vec<_> = (0..subjects).map(subject).collect();
        let statement = json!({ "_type": "https://in-toto.io/Statement/v1", "subject": subjects });
        let (payload, signature) = self.signed(&statement);
        self.submits(&payload, &signature)
    }

    fn submits(&self, payload: &[u8], signature: &str) -> PreparedEntry {
        let envelope = json!({
            "payloadType": STATEMENT_TYPE,
            "payload": STANDARD.encode(payload),
            "signatures": [{ "sig": signature }],
        });
        let content = json!({
            "envelope": envelope.to_string(),
            "verifiers": [STANDARD.encode(self.pem())],
        });
        propose("dsse", "0.0.1", json!({ "proposedContent": content }))
    }

    /// The same in an entry beside which the log keeps the statement.
    pub(crate) fn attests_and_leaves(&self, artifact: &str) -> PreparedEntry {
        let (payload, signature) = self.statement(artifact);
        // All of an envelope once more in base64, and the hash of it, which nobody checks.
        let envelope = json!({
            "payloadType": STATEMENT_TYPE,
            "payload": STANDARD.encode(STANDARD.encode(&payload)),
            "signatures": [{
                "sig": STANDARD.encode(signature),
                "publicKey": STANDARD.encode(self.pem()),
            }],
        });
        let hash = json!({ "algorithm": "sha256", "value": hex::encode(Sha256::digest("")) });
        let content = json!({ "envelope": envelope, "hash": hash });
        let entry = propose("intoto", "0.0.2", json!({ "content": content }));
        assert!(entry.attestation.is_some());
        entry
    }

    /// A statement about `artifact`, and the signature over it in base64.
    fn statement(&self, artifact: &str) -> (Vec<u8>, String) {
        let sha256: String = hex::encode(Sha256::digest(artifact));
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "artifact", "digest": { "sha256": sha256 } }],
        });
        self.signed(&statement)
    }

    fn signed(&self, statement: &serde_json::Value) -> (Vec<u8>, String) {
        let payload = statement.to_string().into_bytes();
        let signed = pre_authentication_encoding(STATEMENT_TYPE, &payload);
        let signature = STANDARD.encode(self.key.sign_bytes(&signed).unwrap());
        (payload, signature)
    }

    fn pem(&self) -> String {
        let spki = STANDARD.encode(self.key.public_key_der());
        format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n")
    }

    /// The key that all entries of this person have and no others.
    pub(crate) fn search_key(&self) -> SearchKey {
        let (one, two) = (self.signs("one"), self.signs("two"));
        let common = one
            .search_keys
            .iter()
            .find(|key| key.kind == SearchKeyKind::PublicKey && two.search_keys.contains(key));
        *common.unwrap()
    }
}

const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

fn propose(kind: &str, version: &str, spec: serde_json::Value) -> PreparedEntry {
    let proposal = json!({ "apiVersion": version, "kind": kind, "spec": spec }).to_string();
    let proposed = v1::ProposedEntry::parse(proposal.as_bytes()).unwrap();
    v1::prepare(&proposed, &V1Policy::default()).unwrap()
}

pub(crate) fn digest(artifact: &str) -> SearchKey {
    let text: String = Sha256::digest(artifact)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    SearchKey::artifact_digest_text(&text).unwrap()
}

pub(crate) async fn log_all(log: &Running, entries: impl IntoIterator<Item = PreparedEntry>) {
    for entry in entries {
        log.append(entry.into()).await.unwrap();
    }
}

/// One page over the trees of the log, from its start.
pub(crate) fn page(trees: &Trees, query: &SearchQuery, limit: usize, bytes: usize) -> SearchPage {
    let (from, end) = (Positions::default(), Positions::default());
    crate::ready(search(trees.own(), query, &from, &end, limit, bytes)).unwrap()
}

pub(crate) fn found(trees: &Trees, query: &SearchQuery) -> Vec<u64> {
    let page = page(trees, query, 1_000, usize::MAX);
    assert!(page.complete);
    page.hits.iter().map(|hit| hit.index.get()).collect()
}

/// Reads pages of `limit` hits to the end.
pub(crate) fn paged(trees: &Trees, query: &SearchQuery, limit: usize, bytes: usize) -> Vec<u64> {
    let hits = paged_hits(trees, query, limit, bytes);
    hits.into_iter().map(|(_, index)| index).collect()
}

/// Tree ids and indexes, over pages of `limit` hits. Positions go through their text, as they do
/// for a caller.
fn paged_hits(trees: &Trees, query: &SearchQuery, limit: usize, bytes: usize) -> Vec<(u64, u64)> {
    let (mut from, end) = (Positions::default(), Positions::default());
    let mut hits = Vec::new();
    loop {
        let page = crate::ready(search(trees.own(), query, &from, &end, limit, bytes)).unwrap();
        assert!(page.hits.len() <= limit);
        hits.extend(page.hits.iter().map(|hit| (hit.tree_id, hit.index.get())));
        from = page.next.to_string().parse().unwrap();
        if page.complete {
            return hits;
        }
    }
}

/// A log whose entries, by two persons, went to both trees in turns: trees and indexes in the order
/// in which they were logged.
async fn two_trees(ann: &Person, bob: &Person) -> (Running, Vec<(u64, u64)>) {
    let log = Site::with_both().create();
    let mut logged = Vec::new();
    for (number, artifact) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let (v2, v1) = if number % 2 == 0 {
            (ann, bob)
        } else {
            (bob, ann)
        };
        for (kind, person) in [(TreeKind::REKOR_V1, v1), (TreeKind::REKOR_V2, v2)] {
            let appended = log.log.append(kind, person.signs(artifact).into()).await;
            let appended = appended.unwrap();
            logged.push((
                appended.integrated_time,
                appended.tree_id,
                appended.index.get(),
            ));
        }
    }
    // In one second, those of one tree come before those of the other: that of Rekor v1 is the
    // first.
    let v1 = log
        .log
        .trees()
        .growing_of(TreeKind::REKOR_V1)
        .unwrap()
        .tree_id();
    logged.sort_by_key(|(time, tree_id, index)| (*time, *tree_id != v1, *index));
    let logged = logged
        .into_iter()
        .map(|(_, tree_id, index)| (tree_id, index));
    (log, logged.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_of_all_trees_come_in_one_order_of_time_whatever_the_length_of_pages() {
    let (ann, bob) = (Person::new(), Person::new());
    let (log, logged) = two_trees(&ann, &bob).await;
    let trees = log.log.trees();
    let keys = vec![ann.search_key(), bob.search_key()];
    let all = SearchQuery::new(keys, SearchOperator::Or);
    for limit in 1..12 {
        assert_eq!(paged_hits(&trees, &all, limit, usize::MAX), logged);
    }
    assert_eq!(paged_hits(&trees, &all, 100, 1), logged);
    assert_eq!(page(&trees, &all, 100, 1).hits.len(), 1);

    let of = |query: SearchQuery| paged_hits(&trees, &query, 3, usize::MAX);
    let of_ann = SearchQuery::new(vec![ann.search_key()], SearchOperator::Or);
    assert_eq!(of(of_ann).len(), 5);
    let both = vec![ann.search_key(), digest("d")];
    assert_eq!(
        of(SearchQuery::new(both.clone(), SearchOperator::And)).len(),
        1
    );
    assert_eq!(of(SearchQuery::new(both, SearchOperator::Or)).len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_where_it_is_told_and_goes_on_with_what_is_new() {
    let (ann, bob) = (Person::new(), Person::new());
    let (log, logged) = two_trees(&ann, &bob).await;
    let keys = vec![ann.search_key(), bob.search_key()];
    let all = SearchQuery::new(keys, SearchOperator::Or);
    let trees = log.log.trees();
    let (nowhere, second) = (
        Positions::default(),
        trees.own().map(|tree| (tree.tree_id(), 2)).collect(),
    );
    let find = |from: &Positions, end: &Positions| {
        crate::ready(search(trees.own(), &all, from, end, 100, usize::MAX)).unwrap()
    };
    let begin = find(&nowhere, &second);
    assert_eq!((begin.hits.len(), &begin.next), (4, &second));
    let rest = find(&begin.next, &nowhere);
    assert_eq!(rest.hits.len(), logged.len() - 4);
    assert!(find(&rest.next, &nowhere).hits.is_empty());
    log.append(ann.signs("later").into()).await.unwrap();
    let new = find(&rest.next, &nowhere);
    assert_eq!(new.hits.len(), 1);
    assert_eq!(new.hits[0].index.get(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_combine_by_or_and_by_and() {
    let (ann, bob) = (Person::new(), Person::new());
    let log = Site::new().create();
    log_all(
        &log,
        [
            ann.signs("a"),
            bob.signs("a"),
            ann.signs("b"),
            bob.signs("b"),
            ann.signs("c"),
            bob.signs("d"),
        ],
    )
    .await;
    let trees = log.log.trees();
    let (ann, bob) = (ann.search_key(), bob.search_key());
    let find =
        |keys: &[SearchKey], operator| found(&trees, &SearchQuery::new(keys.to_vec(), operator));
    use SearchOperator::And;
    use SearchOperator::Or;
    assert_eq!(find(&[ann], Or), [0, 2, 4]);
    assert_eq!(find(&[bob], And), [1, 3, 5]);
    assert_eq!(find(&[ann, bob], Or), [0, 1, 2, 3, 4, 5]);
    assert!(find(&[ann, bob], And).is_empty());
    assert_eq!(find(&[digest("a")], Or), [0, 1]);
    assert_eq!(find(&[digest("a"), ann], And), [0]);
    assert_eq!(find(&[digest("a"), ann], Or), [0, 1, 2, 4]);
    assert_eq!(find(&[ann, digest("c"), ann], And), [4]);
    assert!(find(&[digest("nothing")], Or).is_empty());
    assert!(find(&[], Or).is_empty());
    assert!(find(&[], And).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_name_their_tree_their_time_and_their_evidence() {
    let ann = Person::new();
    let log = Site::new().create();
    let entry = ann.signs("a");
    let appended = log.append(entry.clone().into()).await.unwrap();
    let trees = log.log.trees();
    let query = SearchQuery::new(vec![digest("a")], SearchOperator::Or);
    let page = page(&trees, &query, 10, usize::MAX);
    let [hit] = page.hits.as_slice() else {
        panic!("{page:?}");
    };
    assert_eq!(hit.leaf_hash, entry.leaf_hash);
    assert_eq!(hit.entry.body, entry.body);
    assert_eq!(hit.entry.integrated_time, appended.integrated_time);
    assert_eq!(hit.tree_id, log.tree_id());
    assert_eq!(hit.evidence, Evidence::Body);

    let time = appended.integrated_time;
    let at = |times| SearchQuery {
        times,
        ..query.clone()
    };
    assert_eq!(found(&trees, &at(time..time + 1)), [0]);
    assert!(found(&trees, &at(time + 1..i64::MAX)).is_empty());
    assert!(found(&trees, &at(i64::MIN..time)).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_that_its_entry_does_not_bear_out_is_not_believed() {
    let (ann, bob) = (Person::new(), Person::new());
    let log = Site::new().create();
    // An index that lies: the entry of one person under the key of another. A statement may name
    // any artifact, but no key.
    let lie = |entry| PreparedEntry {
        search_keys: vec![bob.search_key()],
        ..entry
    };
    log_all(
        &log,
        [lie(ann.signs("a")), bob.signs("b"), lie(ann.attests("c"))],
    )
    .await;
    let trees = log.log.trees();
    let query = SearchQuery::new(vec![bob.search_key()], SearchOperator::Or);
    assert_eq!(found(&trees, &query), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_bring_keys_with_their_payload_are_found_by_them_and_say_so() {
    let log = Site::new().create();
    // The payload, and with it the subject, is not in the body of a dsse entry.
    let entry = Person::new().attests("a subject");
    assert!(entry.search_keys.contains(&digest("a subject")));
    log_all(&log, [entry]).await;
    let trees = log.log.trees();
    let query = SearchQuery::new(vec![digest("a subject")], SearchOperator::Or);
    let page = page(&trees, &query, 10, usize::MAX);
    assert_eq!(page.hits.len(), 1);
    assert_eq!(page.hits[0].evidence, Evidence::Submission);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_entries_of_one_key_are_read_in_pages() {
    let ann = Person::new();
    let log = Site::new().create();
    let tasks: Vec<_> = (0..600)
        .map(|number| {
            let (log, entry) = (log.clone(), ann.signs(&format!("artifact {number}")));
            tokio::spawn(async move { log.append(entry.into()).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let trees = log.log.trees();
    let query = SearchQuery::new(vec![ann.search_key()], SearchOperator::Or);
    let all: Vec<u64> = (0..600).collect();
    assert_eq!(found(&trees, &query), all);
    assert_eq!(paged(&trees, &query, 7, usize::MAX), all);
    let both = SearchQuery::new(
        vec![ann.search_key(), digest("artifact 599")],
        SearchOperator::And,
    );
    assert_eq!(found(&trees, &both).len(), 1);
}
