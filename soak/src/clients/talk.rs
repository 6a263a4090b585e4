//! How an honest client asks, and what it makes of an answer before it looks into it.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use reqwest::RequestBuilder;

use crate::clients::diary::Diary;
use crate::keys::LogKeys;
use crate::told::Entry;
use crate::told::Head;
use crate::told::Told;

/// Why a client did not get what it asked for.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// No answer, or one that asks to come again. Nothing was promised.
    Unavailable,
    /// An answer that is not true.
    Wrong(String),
}

/// A client and the server that it talks to.
pub(crate) struct Talk {
    pub(crate) http: reqwest::Client,
    pub(crate) url: Arc<str>,
    pub(crate) keys: Arc<LogKeys>,
    pub(crate) diary: Arc<Diary>,
    /// Whether the time of its requests counts.
    pub(crate) is_timed: bool,
}

/// An answer with a code of success.
pub(crate) struct Reply {
    pub(crate) at: Instant,
    pub(crate) body: Bytes,
}

impl Talk {
    pub(crate) async fn get(&self, path: &str) -> Result<Reply, Trouble> {
        self.send(self.http.get(format!("{}{path}", self.url)))
            .await
    }

    pub(crate) async fn post(&self, path: &str, json: Bytes) -> Result<Reply, Trouble> {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json");
        self.send(request.body(json)).await
    }

    /// Notes what a verified answer said.
    pub(crate) fn believe(&self, at: Instant, entry: Option<Entry>, head: Head) {
        self.diary.tell(Told {
            server: Arc::clone(&self.url),
            at,
            entry,
            head,
        });
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, Trouble> {
        let started = Instant::now();
        let answer = async {
            let response = request.send().await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        let answer = answer.await;
        let at = Instant::now();
        if self.is_timed {
            self.diary.sample(started);
        }
        match answer {
            Ok((status, body)) if status.is_success() => Ok(Reply { at, body }),
            Ok((status, _)) if status.is_server_error() || is_busy(status.as_u16()) => {
                Err(Trouble::Unavailable)
            }
            Ok((status, body)) => Err(Trouble::Wrong(format!(
                "a good request was answered with {status}: {}",
                String::from_utf8_lossy(&body)
            ))),
            Err(_) => Err(Trouble::Unavailable),
        }
    }
}

fn is_busy(status: u16) -> bool {
    matches!(status, 408 | 429)
}

/// A hash of an answer.
pub(crate) fn hash(bytes: &[u8]) -> Result<Hash, Trouble> {
    Hash::from_slice(bytes).ok_or_else(|| wrong("a hash has not 32 bytes"))
}

/// An answer that is not true, for this reason.
pub(crate) fn wrong(reason: impl ToString) -> Trouble {
    Trouble::Wrong(reason.to_string())
}
