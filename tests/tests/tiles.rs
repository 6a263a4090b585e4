//! C2SP tlog-tiles: what auditors, monitors and mirrors read.

use std::io::Read;

use flate2::read::GzDecoder;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TilePath;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_merkle::tile_width_at;

use crate::client::Reply;
use crate::client::checkpoint;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::submit_proven;
use crate::client::verified_checkpoint;
use crate::requests::Signer;
use crate::server::Server;

const BOTH_PREFIXES: [&str; 2] = ["", "/api/v2"];

/// A header that every object has, for pages of other sites.
const CORS: &str = "access-control-allow-origin";

#[tokio::test]
async fn an_empty_log_has_a_signed_checkpoint_and_no_tiles() {
    let server = Server::start();
    let head = checkpoint(&server).await;
    assert_eq!(head.size.get(), 0);
    assert_eq!(head.root, ledgerstone_merkle::EMPTY_ROOT);
    for path in ["/tile/0/000", "/tile/0/000.p/1", "/tile/entries/000.p/1"] {
        assert_eq!(get(&server, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_checkpoint_is_text_that_is_not_cached() {
    let server = Server::start();
    for prefix in BOTH_PREFIXES {
        let reply = get(&server, &format!("{prefix}/checkpoint")).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(reply.header("cache-control"), "no-cache");
        assert_eq!(reply.header(CORS), "*");
        verified_checkpoint(&server.ed25519, reply.text());
    }
}

#[tokio::test]
async fn tiles_are_bytes_that_never_change() {
    let server = Server::start();
    let bodies = fill(&server, 300).await;
    let leaves = leaf_hashes(&bodies);
    let bytes =
        |hashes: &[Hash]| -> Vec<u8> { hashes.iter().flat_map(|hash| *hash.as_bytes()).collect() };
    let above = Tile::from_hashes(&leaves[..256]).unwrap().root().unwrap();
    let objects = [
        ("tile/0/000", bytes(&leaves[..256])),
        ("tile/0/000.p/255", bytes(&leaves[..255])),
        ("tile/0/000.p/1", bytes(&leaves[..1])),
        ("tile/0/001.p/44", bytes(&leaves[256..])),
        ("tile/0/001.p/7", bytes(&leaves[256..263])),
        ("tile/1/000.p/1", bytes(&[above])),
        (
            "tile/entries/000",
            EntryBundle::encode(&bodies[..256]).unwrap(),
        ),
        (
            "tile/entries/000.p/3",
            EntryBundle::encode(&bodies[..3]).unwrap(),
        ),
        (
            "tile/entries/001.p/44",
            EntryBundle::encode(&bodies[256..]).unwrap(),
        ),
    ];
    for prefix in BOTH_PREFIXES {
        for (path, expected) in &objects {
            let reply = get(&server, &format!("{prefix}/{path}")).await;
            assert_eq!(reply.status, 200, "{path}");
            assert_eq!(reply.body, expected, "{path}");
            assert_eq!(reply.header("content-type"), "application/octet-stream");
            assert_eq!(reply.header("cache-control"), "max-age=604800,immutable");
            assert_eq!(reply.header(CORS), "*");
            assert!(
                !reply.headers.contains_key("content-encoding"),
                "nobody asked for it"
            );
        }
    }
}

#[tokio::test]
async fn bundles_are_compressed_when_asked() {
    let server = Server::start();
    let bodies = fill(&server, 40).await;
    let request = http_client()
        .get(server.at("/tile/entries/000.p/40"))
        .header("accept-encoding", "gzip");
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert_eq!(reply.header("content-encoding"), "gzip");
    assert!(
        reply
            .header("vary")
            .to_lowercase()
            .contains("accept-encoding")
    );
    let mut plain = Vec::new();
    GzDecoder::new(&reply.body[..])
        .read_to_end(&mut plain)
        .unwrap();
    assert_eq!(plain, EntryBundle::encode(&bodies).unwrap());
    assert!(reply.body.len() < plain.len());
}

#[tokio::test]
async fn what_the_head_does_not_cover_is_404() {
    let server = Server::start();
    fill(&server, 3).await;
    for prefix in BOTH_PREFIXES {
        for path in [
            "tile/0/000",
            "tile/0/000.p/4",
            "tile/0/001.p/1",
            "tile/1/000.p/1",
            "tile/63/000.p/1",
            "tile/entries/000",
            "tile/entries/000.p/4",
            "tile/entries/001.p/1",
        ] {
            let reply = get(&server, &format!("{prefix}/{path}")).await;
            assert_eq!(reply.status, 404, "{path}");
            // It may be there a moment later.
            assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_no_tile_path_is_404() {
    let server = Server::start();
    fill(&server, 3).await;
    for path in [
        "/tile",
        "/tile/",
        "/tile/0",
        "/tile/0/",
        "/tile/0/0",
        "/tile/0/0000",
        "/tile/0/x000",
        "/tile/0/x000/000",
        "/tile/00/000.p/3",
        "/tile/+0/000.p/3",
        "/tile/64/000.p/1",
        "/tile/-1/000.p/1",
        "/tile/0/000.p/0",
        "/tile/0/000.p/03",
        "/tile/0/000.p/256",
        "/tile/0/000.p/",
        "/tile/0/000.p/3/",
        "/tile/entries/000.p/3x",
        "/tile/Entries/000.p/3",
        "/tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/..%2f000.p/3",
        "/tile/data/000.p/3",
    ] {
        assert_eq!(get(&server, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn old_partial_tiles_stay_readable() {
    let server = Server::start();
    let signer = Signer::new();
    let mut seen = Vec::new();
    for number in 0..5_u8 {
        let proven = submit_proven(&server, &signer.hashedrekord(&[number])).await;
        let path = format!("/tile/0/000.p/{}", proven.size);
        let tile = get(&server, &path).await;
        assert_eq!(tile.status, 200);
        seen.push((path, tile.body));
    }
    for (path, bytes) in seen {
        assert_eq!(get(&server, &path).await.body, bytes, "{path}");
    }
}

#[tokio::test]
async fn the_root_follows_from_the_bundles_alone_and_every_tile_from_them() {
    let server = Server::start();
    fill(&server, 600).await;
    let head = checkpoint(&server).await;
    assert_eq!(head.size.get(), 600);

    let mut edge = RightEdge::new();
    let mut level: Vec<Hash> = Vec::new();
    for number in 0..3 {
        let id = TileId { level: 0, number };
        let width = tile_width_at(id, head.size).unwrap();
        let bundle = get(
            &server,
            &format!("/{}", TilePath::Entries { number, width }),
        )
        .await;
        let leaves = leaf_hashes(&EntryBundle::decode(&bundle.body).unwrap());
        assert_eq!(leaves.len(), width.get());
        edge.extend(&leaves);
        level.extend(leaves);
    }
    assert_eq!(edge.root(), head.root);

    for level_number in 0.. {
        if level.is_empty() {
            break;
        }
        let mut above = Vec::new();
        for (number, hashes) in level.chunks(256).enumerate() {
            let id = TileId {
                level: level_number,
                number: number as u64,
            };
            let width = tile_width_at(id, head.size).unwrap();
            let path = TilePath::Hashes { id, width };
            let reply = get(&server, &format!("/{path}")).await;
            let tile = Tile::from_hashes(hashes).unwrap();
            assert_eq!(reply.body, tile.to_bytes(width), "{path}");
            if width.is_full() {
                above.push(tile.root().unwrap());
            }
        }
        level = above;
    }
}

#[tokio::test]
async fn head_requests_have_no_body() {
    let server = Server::start();
    let request = http_client().head(server.at("/checkpoint"));
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.is_empty());
}
