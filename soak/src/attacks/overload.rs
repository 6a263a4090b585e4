//! More new entries than the log can take, over HTTP/2, by clients that give up (findings B14).

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use h2::client::Builder;
use h2::client::SendRequest;
use http::Method;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio::time::interval;
use tokio::time::timeout;

use crate::attacks::ground::Ground;
use crate::clients::v2;

/// How many connections there are, and how often each asks.
const CONNECTIONS: usize = 8;
const EVERY: Duration = Duration::from_millis(1);

/// When a client gives up.
const PATIENCE: Duration = Duration::from_millis(500);

/// Submits new entries at a fixed rate, whatever becomes of them.
pub(crate) async fn run(ground: Ground) {
    join_all((0..CONNECTIONS).map(|number| press(&ground, number))).await;
}

async fn press(ground: &Ground, connection: usize) {
    let mut step = 0_u64;
    loop {
        let Some(opened) = ground.http2(&Builder::new()).await else {
            tokio::time::sleep(PATIENCE).await;
            continue;
        };
        let mut asked = JoinSet::new();
        let mut ticks = interval(EVERY);
        // A generator that fell behind does not catch up: it would only take processor time.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !opened.is_over() {
            ticks.tick().await;
            step += 1;
            let artifact = format!("{} overload {connection} {step}", ground.name);
            let body = ground.signer.hashedrekord_v2(artifact.as_bytes());
            let request = ground.request(Method::POST, v2::ENTRIES);
            let submit = submit(opened.requests.clone(), request, body.to_string().into());
            asked.spawn(async move { timeout(PATIENCE, submit).await.is_ok() });
            while asked.try_join_next().is_some() {}
        }
    }
}

async fn submit(requests: SendRequest<Bytes>, request: http::Request<()>, body: Bytes) {
    let Ok(mut ready) = requests.ready().await else {
        return;
    };
    // Dropped when time is over, the answer resets its stream.
    if let Ok((answer, mut stream)) = ready.send_request(request, false) {
        let _ = stream.send_data(body, true);
        let _ = answer.await;
    }
}
