//! kill -9 at any moment: nothing that was acknowledged is lost, moved, or contradicted.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::GetConsistencyProofRequest;
use ledgerstone_proto::log::v1::ReadEntriesRequest;
use ledgerstone_proto::log::v1::log_client::LogClient;
use ledgerstone_tests::random::Random;
use tokio::sync::mpsc;
use tonic::transport::Channel;

use crate::client::Proven;
use crate::client::channel;
use crate::client::checkpoint;
use crate::client::hash;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::Server;
use crate::server::Site;
use crate::server::command;

/// How often the server is killed.
const CYCLES: u64 = 100;

/// How many clients submit at a time.
const CLIENTS: u64 = 6;

/// The most entries that are acknowledged before a kill.
const MAX_ACKNOWLEDGED: u64 = 150;

/// Every eighth server is killed while it starts.
const KILLED_AT_START: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_under_load_lose_nothing() {
    let mut random = seeded();
    let site = Site::new();
    site.start().stop().await;
    let mut seen = Seen::default();
    for cycle in 0..CYCLES {
        if random.below(KILLED_AT_START) == 0 {
            site.start_killed(Duration::from_micros(random.below(150_000)));
            continue;
        }
        let server = site.start();
        seen.check_newest(&server).await;
        seen.load_and_kill(server, cycle, &mut random).await;
    }
    let server = site.start();
    seen.check_everything(&server).await;
    server.stop().await;

    let fsck = command()
        .arg("fsck")
        .arg("--data-dir")
        .arg(site.data_dir())
        .output();
    let fsck = fsck.unwrap();
    let told = String::from_utf8_lossy(&fsck.stdout);
    assert!(fsck.status.success() && told.contains("sound"), "{told}");
    eprintln!(
        "{} entries acknowledged, {} heads seen",
        seen.acknowledged.len(),
        seen.heads.len()
    );
}

/// What clients were told, and so must stay true.
#[derive(Default)]
struct Seen {
    /// Leaf hash and index of each acknowledged entry.
    acknowledged: HashMap<Hash, u64>,
    /// Every head, by size.
    heads: BTreeMap<u64, Hash>,
    /// What was submitted, and not answered before the kill.
    unanswered: Vec<AppendRequest>,
    /// How much of the log was compared with what was acknowledged.
    checked: u64,
}

impl Seen {
    /// Lets clients submit until a random moment, and kills the server then.
    async fn load_and_kill(&mut self, server: Server, cycle: u64, random: &mut Random) {
        let channel = channel(&server).await;
        let key = Arc::new(server.ed25519.clone());
        let (sender, mut answers) = mpsc::unbounded_channel();
        let mut clients = Vec::new();
        for client in 0..CLIENTS {
            // What a kill left unanswered is submitted again, as clients do.
            let again = self.unanswered.pop();
            let load = Load {
                client: LogClient::new(channel.clone()),
                sender: sender.clone(),
                name: format!("cycle {cycle} client {client}"),
            };
            clients.push(tokio::spawn(load.run(again)));
        }
        drop(sender);
        for _ in 0..random.below(MAX_ACKNOWLEDGED) {
            let answer = answers
                .recv()
                .await
                .expect("clients submit until the server is killed");
            self.note(&Proven::check(&key, &answer));
        }
        // The moment within a round is random too.
        tokio::time::sleep(Duration::from_micros(random.below(4_000))).await;
        server.kill();
        while let Some(answer) = answers.recv().await {
            self.note(&Proven::check(&key, &answer));
        }
        for client in clients {
            self.unanswered.push(client.await.unwrap());
        }
    }

    fn note(&mut self, proven: &Proven) {
        let index = proven.index.get();
        let before = self.acknowledged.insert(proven.leaf, index);
        assert!(
            before.is_none_or(|before| before == index),
            "an entry moved from {before:?} to {index}"
        );
        self.note_head(proven.size.get(), proven.root);
    }

    fn note_head(&mut self, size: u64, root: Hash) {
        let before = self.heads.insert(size, root);
        assert!(
            before.is_none_or(|before| before == root),
            "two roots were signed for size {size}"
        );
    }

    /// Checks what is new since the last check, and that the head extends the last one that was
    /// seen.
    async fn check_newest(&mut self, server: &Server) {
        let head = checkpoint(server).await;
        let size = head.size.get();
        let mut client = LogClient::new(channel(server).await);
        if let Some((old, root)) = self.heads.last_key_value() {
            assert!(
                *old <= size,
                "a head over {old} leaves was signed, and now there are {size}"
            );
            prove_extension(&mut client, (*old, *root), (size, head.root)).await;
        }
        self.note_head(size, head.root);
        let expected = self
            .acknowledged
            .values()
            .filter(|index| **index >= self.checked)
            .count();
        let entries = read(&mut client, self.checked, size).await;
        let found = entries
            .iter()
            .filter(|entry| self.is_acknowledged(entry))
            .count();
        assert_eq!(found, expected, "acknowledged entries are lost");
        self.checked = size;
    }

    /// Checks the whole log from its beginning, and every head that was ever seen.
    async fn check_everything(&mut self, server: &Server) {
        self.check_newest(server).await;
        let mut client = LogClient::new(channel(server).await);
        let entries = read(&mut client, 0, self.checked).await;
        let mut edge = RightEdge::new();
        let mut leaves = HashMap::new();
        for entry in &entries {
            let leaf = leaf_hash(&entry.body);
            assert_eq!(
                leaves.insert(leaf, entry.index),
                None,
                "an entry is logged twice"
            );
            edge.append(leaf);
            if let Some(root) = self.heads.get(&edge.size().get()) {
                assert_eq!(
                    edge.root(),
                    *root,
                    "a signed head of size {} is contradicted",
                    edge.size()
                );
            }
        }
        for (leaf, index) in &self.acknowledged {
            assert_eq!(
                leaves.get(leaf),
                Some(index),
                "an acknowledged entry is not at its index"
            );
        }
        let last = (self.checked, self.heads[&self.checked]);
        let some = self.heads.len().div_ceil(200);
        for (size, root) in self.heads.iter().step_by(some) {
            prove_extension(&mut client, (*size, *root), last).await;
        }
    }

    fn is_acknowledged(&self, entry: &Entry) -> bool {
        self.acknowledged.get(&leaf_hash(&entry.body)) == Some(&entry.index)
    }
}

/// A client that submits until the server is gone.
struct Load {
    client: LogClient<Channel>,
    sender: mpsc::UnboundedSender<ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry>,
    name: String,
}

impl Load {
    /// Returns the request that was not answered.
    async fn run(mut self, again: Option<AppendRequest>) -> AppendRequest {
        let signer = Signer::new();
        let mut request = again;
        for number in 0_u64.. {
            let artifact = || format!("{} artifact {number}", self.name);
            let next = request
                .take()
                .unwrap_or_else(|| append_request(signer.hashedrekord(artifact().as_bytes())));
            match self.client.append(next.clone()).await {
                Ok(response) => {
                    let entry = response.into_inner().entry.unwrap();
                    self.sender.send(entry).unwrap();
                }
                Err(_) => return next,
            }
        }
        unreachable!("the server is killed")
    }
}

async fn prove_extension(client: &mut LogClient<Channel>, old: (u64, Hash), new: (u64, Hash)) {
    let request = GetConsistencyProofRequest {
        old_size: old.0,
        new_size: new.0,
        tree_id: 0,
    };
    let response = client
        .get_consistency_proof(request)
        .await
        .unwrap()
        .into_inner();
    let proof = ConsistencyProof {
        old: TreeSize::new(old.0),
        new: TreeSize::new(new.0),
        hashes: response.hashes.iter().map(|bytes| hash(bytes)).collect(),
    };
    if new.0 > 0 {
        proof.verify(&old.1, &new.1).unwrap();
    }
}

async fn read(client: &mut LogClient<Channel>, start: u64, end: u64) -> Vec<Entry> {
    let mut entries = Vec::new();
    if start == end {
        return entries;
    }
    let request = ReadEntriesRequest {
        start,
        end,
        tree_id: 0,
    };
    let mut stream = client.read_entries(request).await.unwrap().into_inner();
    while let Some(entry) = stream.message().await.unwrap() {
        entries.push(entry);
    }
    entries
}

/// The numbers of the seed in `CRASH_SEED`, or of a new one; the seed is printed.
fn seeded() -> Random {
    let given = std::env::var("CRASH_SEED").ok();
    let seed = given.map_or_else(Random::fresh_seed, |seed| seed.parse().unwrap());
    eprintln!("CRASH_SEED={seed}");
    Random::new(seed)
}
