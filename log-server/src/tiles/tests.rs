//! Bundles, whose answers can be long.

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use http::Request;
use ledgerstone_log::Submission;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_storage::TreeKind;
use tower::ServiceExt;

use super::PART_BYTES;
use crate::rekor_v1::tests::Site;

/// A bundle of the longest entries has 16 MiB, of which a reader that takes nothing holds little.
#[tokio::test]
async fn a_long_bundle_is_read_part_by_part() {
    let site = Site::new().await;
    let body = |number: usize| {
        let mut body = vec![7; MAX_ENTRY_BYTES];
        body[..8].copy_from_slice(&(number as u64).to_be_bytes());
        Bytes::from(body)
    };
    let bodies: Vec<Bytes> = (0..TILE_WIDTH).map(body).collect();
    for body in &bodies {
        let submission = Submission::new(body.clone()).unwrap();
        let appended = site.log.append(TreeKind::REKOR_V2, submission).await;
        appended.unwrap();
    }
    let request = Request::get("/tile/entries/000").body(Body::empty());
    let answer = site.router.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut chunks = answer.into_body().into_data_stream();
    let first = chunks.next().await.unwrap().unwrap();
    assert!(
        first.len() <= PART_BYTES + MAX_ENTRY_BYTES + 2,
        "{}",
        first.len()
    );
    let before = site.state.numbers().memory;
    assert!(before < 1 << 20, "{before}");
    let mut bundle = first.to_vec();
    while let Some(chunk) = chunks.next().await {
        bundle.extend_from_slice(&chunk.unwrap());
    }
    assert!(bundle == EntryBundle::encode(&bodies).unwrap());
    drop(chunks);
    assert_eq!(site.state.numbers().memory, 0);
}
