use std::sync::Arc;

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
use ledgerstone_log::Log;
use ledgerstone_log::LogKeys;
use ledgerstone_log::LogOptions;
use ledgerstone_log::SearchOperator;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::Shard;
use ledgerstone_log::ShardKeys;
use ledgerstone_log::Shards;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::PublicKey;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_proto::sigstore::rekor::v2::verifier;
use ledgerstone_storage::MemoryStore;
use ledgerstone_storage::ShardId;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::ORIGIN;

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
        let envelope = json!({
            "payloadType": STATEMENT_TYPE,
            "payload": STANDARD.encode(&payload),
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

fn new_log(store: &Arc<MemoryStore>, shard: u32, keys: LogKeys) -> Log {
    let options = LogOptions::default();
    Log::create(store.clone(), ShardId::new(shard), keys, options).unwrap()
}

pub(crate) async fn log_all(log: &Log, entries: impl IntoIterator<Item = PreparedEntry>) {
    for entry in entries {
        log.append(entry.into()).await.unwrap();
    }
}

pub(crate) fn found(shards: &Shards, query: &SearchQuery) -> Vec<u64> {
    let page = shards.search(query, 1_000, usize::MAX).unwrap();
    assert_eq!(page.next, None);
    page.hits.iter().map(|hit| hit.virtual_index).collect()
}

/// Reads pages of `limit` hits to the end.
pub(crate) fn paged(shards: &Shards, query: &SearchQuery, limit: usize, bytes: usize) -> Vec<u64> {
    let mut query = query.clone();
    let mut indexes = Vec::new();
    loop {
        let page = shards.search(&query, limit, bytes).unwrap();
        assert!(page.hits.len() <= limit);
        indexes.extend(page.hits.iter().map(|hit| hit.virtual_index));
        match page.next {
            Some(next) => query.indexes.start = next,
            None => return indexes,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_combine_by_or_and_by_and_over_all_trees() {
    let store = Arc::new(MemoryStore::new());
    let pems = (
        ledgerstone_merkle::Ed25519Signer::generate_pkcs8_pem().unwrap(),
        EcdsaP256Signer::generate_pkcs8_pem().unwrap(),
    );
    let keys = || LogKeys::from_pem(ORIGIN, &pems.0, &pems.1).unwrap();
    let (ann, bob) = (Person::new(), Person::new());

    let old = new_log(&store, 0, keys());
    log_all(&old, [ann.signs("a"), bob.signs("a"), ann.signs("b")]).await;
    old.close().await.unwrap();
    let active = new_log(&store, 1, LogKeys::generate(ORIGIN).unwrap());
    log_all(&active, [bob.signs("b"), ann.signs("c"), bob.signs("a")]).await;
    let frozen = Shard::open_frozen(
        store,
        ShardId::new(0),
        ShardKeys::Own(Arc::new(keys())),
        &LogOptions::default(),
    );
    let shards = Shards::new(vec![frozen.unwrap()], active).unwrap();

    let (ann, bob) = (ann.search_key(), bob.search_key());
    let find =
        |keys: &[SearchKey], operator| found(&shards, &SearchQuery::new(keys.to_vec(), operator));
    use SearchOperator::And;
    use SearchOperator::Or;
    assert_eq!(find(&[ann], Or), [0, 2, 4]);
    assert_eq!(find(&[bob], And), [1, 3, 5]);
    assert_eq!(find(&[ann, bob], Or), [0, 1, 2, 3, 4, 5]);
    assert!(find(&[ann, bob], And).is_empty());
    assert_eq!(find(&[digest("a")], Or), [0, 1, 5]);
    assert_eq!(find(&[digest("a"), ann], And), [0]);
    assert_eq!(find(&[digest("a"), ann], Or), [0, 1, 2, 4, 5]);
    assert_eq!(find(&[ann, digest("c"), ann], And), [4]);
    assert!(find(&[digest("nothing")], Or).is_empty());
    assert!(find(&[], Or).is_empty());
    assert!(find(&[], And).is_empty());

    let all = SearchQuery::new(vec![ann, bob], Or);
    let ranged = |indexes| SearchQuery {
        indexes,
        ..all.clone()
    };
    assert_eq!(found(&shards, &ranged(1..5)), [1, 2, 3, 4]);
    assert_eq!(found(&shards, &ranged(4..u64::MAX)), [4, 5]);
    assert!(found(&shards, &ranged(6..u64::MAX)).is_empty());
    #[expect(clippy::reversed_empty_ranges, reason = "what a caller may send")]
    let reversed = ranged(5..2);
    assert!(found(&shards, &reversed).is_empty());
    for limit in 1..8 {
        assert_eq!(paged(&shards, &all, limit, usize::MAX), [0, 1, 2, 3, 4, 5]);
    }
    assert_eq!(paged(&shards, &all, 100, 1), [0, 1, 2, 3, 4, 5]);
    let page = shards.search(&all, 100, 1).unwrap();
    assert_eq!((page.hits.len(), page.next), (1, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_name_their_tree_their_time_and_their_evidence() {
    let ann = Person::new();
    let log = new_log(
        &Arc::new(MemoryStore::new()),
        0,
        LogKeys::generate(ORIGIN).unwrap(),
    );
    let entry = ann.signs("a");
    let appended = log.append(entry.clone().into()).await.unwrap();
    let shards = Shards::from(log);
    let query = SearchQuery::new(vec![digest("a")], SearchOperator::Or);
    let page = shards.search(&query, 10, usize::MAX).unwrap();
    let [hit] = page.hits.as_slice() else {
        panic!("{page:?}");
    };
    assert_eq!(hit.leaf_hash, entry.leaf_hash);
    assert_eq!(hit.entry.body, entry.body);
    assert_eq!(hit.entry.integrated_time, appended.integrated_time);
    assert_eq!(hit.tree_id, shards.active().tree_id());
    assert_eq!(hit.evidence, Evidence::Body);

    let time = appended.integrated_time;
    let at = |times| SearchQuery {
        times,
        ..query.clone()
    };
    assert_eq!(found(&shards, &at(time..time + 1)), [0]);
    assert!(found(&shards, &at(time + 1..i64::MAX)).is_empty());
    assert!(found(&shards, &at(i64::MIN..time)).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_that_its_entry_does_not_bear_out_is_not_believed() {
    let (ann, bob) = (Person::new(), Person::new());
    let log = new_log(
        &Arc::new(MemoryStore::new()),
        0,
        LogKeys::generate(ORIGIN).unwrap(),
    );
    // An index that lies: the entry of one person under the key of another. A statement may name any artifact, but no key.
    let lie = |entry| PreparedEntry {
        search_keys: vec![bob.search_key()],
        ..entry
    };
    log_all(
        &log,
        [lie(ann.signs("a")), bob.signs("b"), lie(ann.attests("c"))],
    )
    .await;
    let shards = Shards::from(log);
    let query = SearchQuery::new(vec![bob.search_key()], SearchOperator::Or);
    assert_eq!(found(&shards, &query), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_bring_keys_with_their_payload_are_found_by_them_and_say_so() {
    let log = new_log(
        &Arc::new(MemoryStore::new()),
        0,
        LogKeys::generate(ORIGIN).unwrap(),
    );
    // The payload, and with it the subject, is not in the body of a dsse entry.
    let entry = Person::new().attests("a subject");
    assert!(entry.search_keys.contains(&digest("a subject")));
    log_all(&log, [entry]).await;
    let shards = Shards::from(log);
    let query = SearchQuery::new(vec![digest("a subject")], SearchOperator::Or);
    let page = shards.search(&query, 10, usize::MAX).unwrap();
    assert_eq!(page.hits.len(), 1);
    assert_eq!(page.hits[0].evidence, Evidence::Submission);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_entries_of_one_key_are_read_in_pages() {
    let ann = Person::new();
    let log = new_log(
        &Arc::new(MemoryStore::new()),
        0,
        LogKeys::generate(ORIGIN).unwrap(),
    );
    let tasks: Vec<_> = (0..600)
        .map(|number| {
            let (log, entry) = (log.clone(), ann.signs(&format!("artifact {number}")));
            tokio::spawn(async move { log.append(entry.into()).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let shards = Shards::from(log);
    let query = SearchQuery::new(vec![ann.search_key()], SearchOperator::Or);
    let all: Vec<u64> = (0..600).collect();
    assert_eq!(found(&shards, &query), all);
    assert_eq!(paged(&shards, &query, 7, usize::MAX), all);
    let both = SearchQuery::new(
        vec![ann.search_key(), digest("artifact 599")],
        SearchOperator::And,
    );
    assert_eq!(found(&shards, &both).len(), 1);
}
