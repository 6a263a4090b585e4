//! Old entries that are submitted again, as fast as they are answered (findings B6).

use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;

use crate::attacks::ground::Ground;
use crate::clients::v2;

const CLIENTS: usize = 32;

const PATIENCE: Duration = Duration::from_secs(10);

/// How long a client waits that was refused, so that it does not take the processors away.
const PAUSE: Duration = Duration::from_millis(5);

/// Submits old entries.
pub(crate) async fn run(ground: Ground) {
    let Ok(http) = ground.caller.http(PATIENCE, CLIENTS) else {
        return;
    };
    let url = format!("http://{}{}", ground.server, v2::ENTRIES);
    let clients = (0..CLIENTS).map(|number| replay(&ground, &http, &url, number));
    join_all(clients).await;
}

async fn replay(ground: &Ground, http: &reqwest::Client, url: &str, number: usize) {
    // Each begins somewhere else.
    let submissions = ground.submissions.iter().cycle().skip(number * 31);
    for submission in submissions {
        let request = http.post(url).header("content-type", "application/json");
        match request.body(submission.clone()).send().await {
            Ok(answer) if answer.status().is_success() => drop(answer.bytes().await),
            _ => sleep(PAUSE).await,
        }
    }
}
