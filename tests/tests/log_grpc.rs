//! `ledgerstone.v1.Log`: the log's own protocol.

use bytes::Bytes;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::EntryFilter;
use ledgerstone_proto::log::v1::GetConsistencyProofRequest;
use ledgerstone_proto::log::v1::GetEntryRequest;
use ledgerstone_proto::log::v1::GetInclusionProofRequest;
use ledgerstone_proto::log::v1::GetTreeHeadRequest;
use ledgerstone_proto::log::v1::IdentityPattern;
use ledgerstone_proto::log::v1::ReadEntriesRequest;
use ledgerstone_proto::log::v1::TreeHead;
use ledgerstone_proto::log::v1::WatchEntriesRequest;
use ledgerstone_proto::log::v1::WatchTreeHeadsRequest;
use ledgerstone_proto::log::v1::append_result::Outcome;
use ledgerstone_proto::log::v1::get_entry_request;
use ledgerstone_proto::log::v1::get_inclusion_proof_request;
use ledgerstone_proto::log::v1::log_client::LogClient;
use sha2::Digest;
use sha2::Sha256;
use tokio::time::timeout;
use tonic::Code;
use tonic::Status;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::client::DEADLINE;
use crate::client::Proven;
use crate::client::fill;
use crate::client::hash;
use crate::client::log_client;
use crate::client::verified_checkpoint;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::Server;

fn root_of(bodies: &[Bytes]) -> Hash {
    let mut edge = RightEdge::new();
    edge.extend(&leaf_hashes(bodies));
    edge.root()
}

fn hashes(bytes: &[Bytes]) -> Vec<Hash> {
    bytes.iter().map(|bytes| hash(bytes)).collect()
}

fn by_index(index: u64) -> GetEntryRequest {
    GetEntryRequest {
        lookup: Some(get_entry_request::Lookup::Index(index)),
        tree_id: 0,
    }
}

fn by_leaf_hash(leaf: impl AsRef<[u8]>) -> GetEntryRequest {
    let leaf = Bytes::copy_from_slice(leaf.as_ref());
    GetEntryRequest {
        lookup: Some(get_entry_request::Lookup::LeafHash(leaf)),
        tree_id: 0,
    }
}

fn inclusion_by_index(index: u64, tree_size: u64) -> GetInclusionProofRequest {
    let lookup = Some(get_inclusion_proof_request::Lookup::Index(index));
    GetInclusionProofRequest {
        lookup,
        tree_size,
        tree_id: 0,
    }
}

/// The next message of a stream that must not hang.
async fn next<T>(stream: &mut Streaming<T>) -> Result<Option<T>, Status> {
    timeout(DEADLINE, stream.message())
        .await
        .expect("the stream says nothing")
}

async fn read(client: &mut LogClient<Channel>, start: u64, end: u64) -> Result<Vec<Entry>, Status> {
    let mut stream = client
        .read_entries(ReadEntriesRequest {
            start,
            end,
            tree_id: 0,
        })
        .await?
        .into_inner();
    let mut entries = Vec::new();
    while let Some(entry) = next(&mut stream).await? {
        entries.push(entry);
    }
    Ok(entries)
}

#[tokio::test]
async fn append_answers_with_a_proven_entry() {
    let server = Server::start();
    let mut client = log_client(&server).await;
    let request = append_request(Signer::new().hashedrekord(b"artifact"));
    let response = client.append(request.clone()).await.unwrap().into_inner();
    let proven = Proven::check(&server.ed25519, &response.entry.unwrap());
    assert!(!response.duplicate);
    assert_eq!(hash(&response.leaf_hash), proven.leaf);

    let again = client.append(request).await.unwrap().into_inner();
    assert!(again.duplicate);
    assert_eq!(again.leaf_hash, response.leaf_hash);
    assert_eq!(
        Proven::check(&server.ed25519, &again.entry.unwrap()).index,
        proven.index
    );
}

#[tokio::test]
async fn append_refuses_what_is_invalid() {
    let server = Server::start();
    let mut client = log_client(&server).await;
    let status = client.append(AppendRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let status = client
        .append(append_request(Default::default()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let head = client
        .get_tree_head(GetTreeHeadRequest { tree_id: 0 })
        .await
        .unwrap();
    assert_eq!(head.get_ref().size, 0);
}

#[tokio::test]
async fn a_bad_entry_does_not_end_a_stream_of_appends_and_order_is_kept() {
    let server = Server::start();
    let signer = Signer::new();
    let mut requests: Vec<_> = (0..200_u8)
        .map(|number| append_request(signer.hashedrekord(&[number])))
        .collect();
    requests[70] = AppendRequest::default();
    requests[71] = requests[3].clone();
    let mut client = log_client(&server).await;
    let stream = client.append_stream(tokio_stream::iter(requests)).await;
    let mut stream = stream.unwrap().into_inner();
    let mut indexes = Vec::new();
    for position in 0..200_u64 {
        let result = next(&mut stream).await.unwrap().unwrap();
        assert_eq!(result.position, position);
        match result.outcome.unwrap() {
            Outcome::Response(response) => {
                assert_eq!(response.duplicate, position == 71);
                indexes.push(Proven::check(&server.ed25519, &response.entry.unwrap()).index);
            }
            Outcome::Status(status) => {
                assert_eq!((position, status.code), (70, Code::InvalidArgument as i32));
                assert!(!status.message.is_empty());
            }
        }
    }
    assert!(next(&mut stream).await.unwrap().is_none());
    assert_eq!(
        indexes[70], indexes[3],
        "the same entry twice has one index"
    );
    indexes.sort_unstable();
    indexes.dedup();
    assert_eq!(indexes, (0..198).map(LeafIndex::new).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_head_is_signed() {
    let server = Server::start();
    let bodies = fill(&server, 5).await;
    let mut client = log_client(&server).await;
    let head = client
        .get_tree_head(GetTreeHeadRequest { tree_id: 0 })
        .await
        .unwrap()
        .into_inner();
    let checkpoint = verified_checkpoint(&server.ed25519, &head.checkpoint);
    assert_eq!((checkpoint.size.get(), head.size), (5, 5));
    assert_eq!(checkpoint.root, root_of(&bodies));
    assert_eq!(hash(&head.root_hash), checkpoint.root);
    assert_eq!(head.origin, checkpoint.origin);
    assert_eq!(head.tree_id.to_string(), server.tree_id);
    assert!(head.time > 1_600_000_000, "Unix seconds");
}

#[tokio::test]
async fn entries_are_found_by_index_and_by_leaf_hash() {
    let server = Server::start();
    let bodies = fill(&server, 5).await;
    let mut client = log_client(&server).await;
    for (index, body) in bodies.iter().enumerate() {
        let entry = client
            .get_entry(by_index(index as u64))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(entry.body, body);
        assert_eq!(entry.leaf_hash, leaf_hash(body).as_ref());
        assert_eq!(
            (entry.kind.as_str(), entry.version.as_str()),
            ("hashedrekord", "0.0.2")
        );
        let same = client
            .get_entry(by_leaf_hash(leaf_hash(body)))
            .await
            .unwrap();
        assert_eq!(same.into_inner(), entry);
    }
}

#[tokio::test]
async fn entries_that_are_not_there_are_told_apart() {
    let server = Server::start();
    fill(&server, 5).await;
    let mut client = log_client(&server).await;
    let cases = [
        (by_index(5), Code::OutOfRange),
        (by_index(u64::MAX), Code::OutOfRange),
        (by_leaf_hash([7; 32]), Code::NotFound),
        (by_leaf_hash([7; 31]), Code::InvalidArgument),
        (by_leaf_hash([]), Code::InvalidArgument),
        (
            GetEntryRequest {
                lookup: None,
                tree_id: 0,
            },
            Code::InvalidArgument,
        ),
    ];
    for (request, code) in cases {
        let status = client.get_entry(request).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
    }
}

#[tokio::test]
async fn ranges_are_read_in_order() {
    let server = Server::start();
    let bodies = fill(&server, 600).await;
    let mut client = log_client(&server).await;
    for (start, end) in [
        (0, 0),
        (0, 600),
        (255, 257),
        (599, 600),
        (7, 7),
        (600, 0),
        (600, 600),
    ] {
        let last = if end == 0 { 600 } else { end };
        let entries = read(&mut client, start, end).await.unwrap();
        let indexes: Vec<_> = entries.iter().map(|entry| entry.index).collect();
        assert_eq!(indexes, (start..last).collect::<Vec<_>>(), "{start}..{end}");
        for entry in entries {
            assert_eq!(entry.body, bodies[entry.index as usize]);
        }
    }
    for (start, end, code) in [
        (0, 601, Code::OutOfRange),
        (3, 2, Code::InvalidArgument),
        (601, 0, Code::InvalidArgument),
    ] {
        let status = read(&mut client, start, end).await.unwrap_err();
        assert_eq!(status.code(), code, "{start}..{end}: {status}");
    }
}

#[tokio::test]
async fn inclusion_is_proven_at_every_size() {
    let server = Server::start();
    let bodies = fill(&server, 20).await;
    let mut client = log_client(&server).await;
    for size in 1..=20_u64 {
        let root = root_of(&bodies[..size as usize]);
        for index in 0..size {
            let response = client
                .get_inclusion_proof(inclusion_by_index(index, size))
                .await;
            let response = response.unwrap().into_inner();
            assert_eq!((response.index, response.tree_size), (index, size));
            assert_eq!(hash(&response.root_hash), root);
            let leaf = leaf_hash(&bodies[index as usize]);
            assert_eq!(hash(&response.leaf_hash), leaf);
            let proof = InclusionProof {
                index: LeafIndex::new(index),
                size: TreeSize::new(size),
                hashes: hashes(&response.hashes),
            };
            proof.verify(&leaf, &root).unwrap();
            assert_eq!(
                response.checkpoint.is_empty(),
                size < 20,
                "only the head is signed"
            );
        }
    }
    let at_head = client
        .get_inclusion_proof(inclusion_by_index(3, 0))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(at_head.tree_size, 20);
    verified_checkpoint(&server.ed25519, &at_head.checkpoint);
}

#[tokio::test]
async fn inclusion_is_proven_by_leaf_hash() {
    let server = Server::start();
    let bodies = fill(&server, 5).await;
    let mut client = log_client(&server).await;
    let lookup = |leaf: &[u8]| GetInclusionProofRequest {
        lookup: Some(get_inclusion_proof_request::Lookup::LeafHash(
            Bytes::copy_from_slice(leaf),
        )),
        tree_size: 0,
        tree_id: 0,
    };
    let response = client
        .get_inclusion_proof(lookup(leaf_hash(&bodies[3]).as_ref()))
        .await;
    assert_eq!(response.unwrap().into_inner().index, 3);
    for (request, code) in [
        (lookup(&[7; 32]), Code::NotFound),
        (lookup(&[7; 33]), Code::InvalidArgument),
        (GetInclusionProofRequest::default(), Code::InvalidArgument),
        (inclusion_by_index(5, 0), Code::OutOfRange),
        (inclusion_by_index(2, 2), Code::OutOfRange),
        (inclusion_by_index(0, 6), Code::OutOfRange),
    ] {
        let status = client.get_inclusion_proof(request).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
    }
}

#[tokio::test]
async fn consistency_is_proven_between_any_two_sizes() {
    let server = Server::start();
    let bodies = fill(&server, 20).await;
    let mut client = log_client(&server).await;
    for new_size in 1..=20_u64 {
        for old_size in 0..=new_size {
            let request = GetConsistencyProofRequest {
                old_size,
                new_size,
                tree_id: 0,
            };
            let response = client
                .get_consistency_proof(request)
                .await
                .unwrap()
                .into_inner();
            let proof = ConsistencyProof {
                old: TreeSize::new(old_size),
                new: TreeSize::new(new_size),
                hashes: hashes(&response.hashes),
            };
            let (old_root, new_root) = match old_size {
                0 => (EMPTY_ROOT, root_of(&bodies[..new_size as usize])),
                _ => (
                    root_of(&bodies[..old_size as usize]),
                    root_of(&bodies[..new_size as usize]),
                ),
            };
            assert_eq!(
                (hash(&response.old_root), hash(&response.new_root)),
                (old_root, new_root)
            );
            proof.verify(&old_root, &new_root).unwrap();
        }
    }
    let to_head = GetConsistencyProofRequest {
        old_size: 7,
        new_size: 0,
        tree_id: 0,
    };
    assert_eq!(
        client
            .get_consistency_proof(to_head)
            .await
            .unwrap()
            .into_inner()
            .new_size,
        20
    );
    for (old_size, new_size, code) in [
        (1, 21, Code::OutOfRange),
        (21, 0, Code::OutOfRange),
        (3, 2, Code::InvalidArgument),
    ] {
        let request = GetConsistencyProofRequest {
            old_size,
            new_size,
            tree_id: 0,
        };
        let status = client.get_consistency_proof(request).await.unwrap_err();
        assert_eq!(status.code(), code, "{old_size}..{new_size}: {status}");
    }
}

#[tokio::test]
async fn watched_heads_grow_and_are_signed() {
    let server = Server::start();
    let mut client = log_client(&server).await;
    let request = WatchTreeHeadsRequest {
        tree_id: server.tree_id.parse().unwrap(),
    };
    let stream = client.watch_tree_heads(request).await;
    let mut heads = stream.unwrap().into_inner();
    let first: TreeHead = next(&mut heads).await.unwrap().unwrap();
    assert_eq!(first.size, 0, "the head that is there comes at once");
    let bodies = fill(&server, 10).await;
    let mut last = first.size;
    while last < 10 {
        let head = next(&mut heads).await.unwrap().unwrap();
        assert!(head.size > last);
        let checkpoint = verified_checkpoint(&server.ed25519, &head.checkpoint);
        assert_eq!(checkpoint.root, root_of(&bodies[..head.size as usize]));
        last = head.size;
    }
}

#[tokio::test]
async fn watched_entries_come_without_gaps_across_new_appends() {
    let server = Server::start();
    let mut bodies = fill(&server, 300).await;
    let mut client = log_client(&server).await;
    let request = WatchEntriesRequest {
        start: 290,
        tree_id: server.tree_id.parse().unwrap(),
        ..WatchEntriesRequest::default()
    };
    let mut entries = client.watch_entries(request).await.unwrap().into_inner();
    for expected in 290..300 {
        assert_eq!(next(&mut entries).await.unwrap().unwrap().index, expected);
    }
    bodies.extend(fill(&server, 50).await);
    for expected in 300..350 {
        let entry = next(&mut entries).await.unwrap().unwrap();
        assert_eq!(entry.index, expected);
        assert_eq!(entry.body, bodies[expected as usize]);
    }
}

#[tokio::test]
async fn a_filtered_watch_sends_what_it_was_asked_for() {
    let server = Server::start();
    let mut client = log_client(&server).await;
    let (wanted, certified) = (Signer::new(), Signer::new());
    let filter = EntryFilter {
        identities: vec![IdentityPattern {
            subject: "*.example.com".to_owned(),
            issuer: String::new(),
        }],
        key_hashes: vec![Sha256::digest(wanted.spki()).to_vec().into()],
        ..EntryFilter::default()
    };
    let request = |start| WatchEntriesRequest {
        start,
        filter: Some(filter.clone()),
        tree_id: server.tree_id.parse().unwrap(),
        ..WatchEntriesRequest::default()
    };
    fill(&server, 270).await;
    let mut indexes = Vec::new();
    let mut entries = client.watch_entries(request(0)).await.unwrap().into_inner();
    for number in 0..4_u8 {
        let artifact = [number; 8];
        let entry = match number % 2 {
            0 => wanted.hashedrekord(&artifact),
            _ => certified.hashedrekord_with(&artifact, certified.certificate(0)),
        };
        let appended = client
            .append(append_request(entry))
            .await
            .unwrap()
            .into_inner();
        indexes.push(appended.entry.unwrap().log_index as u64);
        fill(&server, 5).await;
    }
    for expected in &indexes {
        assert_eq!(next(&mut entries).await.unwrap().unwrap().index, *expected);
    }
    let mut resumed = client
        .watch_entries(request(indexes[1] + 1))
        .await
        .unwrap()
        .into_inner();
    for expected in &indexes[2..] {
        assert_eq!(next(&mut resumed).await.unwrap().unwrap().index, *expected);
    }
    let wrong = WatchEntriesRequest {
        start: 0,
        filter: Some(EntryFilter {
            artifact_digests: vec!["nothing".to_owned()],
            ..EntryFilter::default()
        }),
        ..WatchEntriesRequest::default()
    };
    let status = client.watch_entries(wrong).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_watch_may_start_beyond_the_head() {
    let server = Server::start();
    fill(&server, 3).await;
    let mut client = log_client(&server).await;
    let request = WatchEntriesRequest {
        start: 5,
        tree_id: server.tree_id.parse().unwrap(),
        ..WatchEntriesRequest::default()
    };
    let mut entries = client.watch_entries(request).await.unwrap().into_inner();
    fill(&server, 4).await;
    for expected in 5..7 {
        assert_eq!(next(&mut entries).await.unwrap().unwrap().index, expected);
    }
}

#[tokio::test]
async fn a_watch_ends_with_a_reason_when_the_server_does() {
    let server = Server::start();
    let mut client = log_client(&server).await;
    let stream = client
        .watch_tree_heads(WatchTreeHeadsRequest::default())
        .await;
    let mut heads = stream.unwrap().into_inner();
    for _ in 0..2 {
        next(&mut heads).await.unwrap();
    }
    server.terminate();
    let status = next(&mut heads).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    drop((client, heads));
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0), "{stderr}");
}

#[tokio::test]
async fn writes_to_a_frozen_log_are_refused() {
    let site = Server::start().stop().await;
    let server = site.with("--read-only", "true").start();
    let mut client = log_client(&server).await;
    let request = append_request(Signer::new().hashedrekord(b"artifact"));
    let status = client.append(request.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let status = client
        .append_stream(tokio_stream::once(request))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}
