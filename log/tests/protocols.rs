//! A protocol that uses all that a protocol may decide, as a certificate log does.

use bytes::Bytes;
use ledgerstone_log::BundleEntry;
use ledgerstone_log::DurableHead;
use ledgerstone_log::Leaf;
use ledgerstone_log::LoggedEntry;
use ledgerstone_log::NewTree;
use ledgerstone_log::Protocol;
use ledgerstone_log::Submission;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::TreeKind;

use crate::ORIGIN;
use crate::Site;
use crate::V1_SHARD;
use crate::faulty::Faults;
use crate::verified;

const KIND: TreeKind = TreeKind::new(200);

/// Its leaves say where and when they were logged; duplicates are told by what was submitted; a
/// chain is kept beside each leaf and stands in the bundles; checkpoints have a line of their own.
struct Dated;

impl Protocol for Dated {
    fn kind(&self) -> TreeKind {
        KIND
    }

    fn name(&self) -> &'static str {
        "dated"
    }

    fn origin(&self, log: &str, _tree_id: u64) -> String {
        format!("{log}/dated")
    }

    fn finish(&self, submission: &Submission, index: LeafIndex, time: i64) -> Leaf {
        let mut body = Vec::new();
        body.extend(index.get().to_be_bytes());
        body.extend(time.to_be_bytes());
        body.extend(submission.body());
        let chain = [b"chain of ", submission.body().as_ref()].concat();
        Leaf {
            leaf_hash: leaf_hash(&body),
            body: body.into(),
            beside: Some(chain.into()),
        }
    }

    fn duplicate_key(&self, submission: &Submission) -> Hash {
        leaf_hash(&[b"submitted ", submission.body().as_ref()].concat())
    }

    fn repeats(&self, submission: &Submission, stored: &LoggedEntry) -> bool {
        stored.body.get(16..) == Some(submission.body())
    }

    fn keeps_beside(&self) -> bool {
        true
    }

    fn bundle(&self, entries: &[BundleEntry]) -> Result<Bytes, String> {
        let mut bundle = Vec::new();
        for entry in entries {
            let beside = entry.beside.as_ref().ok_or("a leaf without its chain")?;
            for part in [&entry.body, beside] {
                bundle.push(part.len() as u8);
                bundle.extend(part);
            }
        }
        Ok(bundle.into())
    }

    fn checkpoint(
        &self,
        head: &DurableHead,
        origin: &str,
        signer: &dyn NoteSigner,
    ) -> Result<String, String> {
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            size: head.size(),
            root: head.root(),
            extensions: vec![format!("time {}", head.time())],
        };
        let note = SignedNote::sign(checkpoint.to_text(), &[signer]);
        note.map(|note| note.to_string())
            .map_err(|error| error.to_string())
    }
}

fn site() -> Site {
    let mut trees = NewTree::of_log(ORIGIN);
    trees.pop();
    trees.push(NewTree::new(V1_SHARD, KIND, ORIGIN));
    let mut site = Site::new();
    site.options.protocols = site.options.protocols.with(Dated);
    site.keyring = ledgerstone_log::Keyring::generate(&trees, &site.options.protocols).unwrap();
    site.trees = trees;
    site
}

fn submission(number: u64) -> Submission {
    Submission::new(crate::body(number)).unwrap()
}

#[tokio::test]
async fn a_protocol_finishes_its_leaves_and_tells_duplicates_in_its_own_way() {
    let site = site();
    let log = site.create().log;
    let mut logged = Vec::new();
    for number in 0..300 {
        logged.push(log.append(KIND, submission(number)).await.unwrap());
    }
    let head = log.trees().growing_of(KIND).unwrap().head();
    for (index, appended) in (0_u64..).zip(&logged) {
        assert_eq!(appended.body[..8], index.to_be_bytes());
        assert_eq!(appended.body[8..16], appended.integrated_time.to_be_bytes());
        assert_eq!(appended.leaf_hash, leaf_hash(&appended.body));
        let root = appended.head.root();
        appended.proof.verify(&appended.leaf_hash, &root).unwrap();
    }
    // The leaf would be another one now, but it is the same submission.
    let again = log.append(KIND, submission(7)).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.index.get(), 7);
    assert_eq!(
        (&again.body, again.leaf_hash),
        (&logged[7].body, logged[7].leaf_hash)
    );
    assert_eq!(again.head.size(), head.size());

    // It is found by its leaf hash as every other.
    let trees = log.trees();
    let tree = trees.growing_of(KIND).unwrap();
    let found = tree.index_of(&logged[7].leaf_hash).await.unwrap();
    assert_eq!(found, Some(LeafIndex::new(7)));
    log.close().await.unwrap();
}

#[tokio::test]
async fn a_protocol_has_its_own_bundles_and_checkpoints() {
    let site = site();
    let log = site.create().log;
    for number in 0..3 {
        log.append(KIND, submission(number)).await.unwrap();
    }
    let check = |tree: &ledgerstone_log::Tree| {
        let head = tree.head();
        let checkpoint = verified(&head.checkpoint(), tree.checkpoint_key());
        assert_eq!(checkpoint.origin, format!("{ORIGIN}/dated"));
        assert_eq!(checkpoint.extensions, [format!("time {}", head.time())]);
        let width = TileWidth::new(3).unwrap();
        let bundle = crate::ready(tree.bundle(0, width)).unwrap().unwrap();
        let text = String::from_utf8_lossy(&bundle);
        for number in 0..3 {
            let chain = format!("chain of {}", String::from_utf8_lossy(&crate::body(number)));
            assert!(text.contains(&chain), "{text}");
        }
    };
    check(log.trees().growing_of(KIND).unwrap());
    log.close().await.unwrap();
    drop(log);
    // A start signs the same form.
    let log = site.open().unwrap().log;
    check(log.trees().growing_of(KIND).unwrap());
}

#[tokio::test]
async fn a_hit_that_is_not_what_was_submitted_is_not_believed() {
    let site = site();
    let log = site.create().log;
    for number in 0..3 {
        log.append(KIND, submission(number)).await.unwrap();
    }
    let key = Dated.duplicate_key(&submission(1));
    site.store.set(Faults {
        wrong_index: Some((key, 2)),
        ..Faults::default()
    });
    let refused = log.append(KIND, submission(1)).await.unwrap_err();
    assert!(refused.to_string().contains("another entry"), "{refused}");
}

#[tokio::test]
async fn a_tree_of_a_protocol_that_is_not_known_is_refused() {
    let mut site = site();
    site.create().log.close().await.unwrap();
    site.options.protocols = ledgerstone_log::Protocols::default();
    let error = site.open().err().unwrap();
    assert!(error.to_string().contains("protocol 200"), "{error}");
}
