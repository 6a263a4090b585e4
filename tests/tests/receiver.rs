//! A receiver of webhooks, which does as it is told with each request, and keeps all that it saw.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use serde_json::Value;
use std::sync::Mutex;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::client::DEADLINE;

/// What a receiver does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Act {
    /// Takes the event: 204.
    Take,
    /// Answers with this status.
    Answer(u16),
    /// Sends the sender elsewhere, to itself.
    Redirect,
    /// Closes the connection without an answer.
    Close,
    /// Closes the connection in the middle of the head of an answer.
    Break,
    /// Reads the request, and never answers.
    Hang,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) request_line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) act: Act,
}

impl Attempt {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The index of the entry that the event is about.
    pub(crate) fn index(&self) -> u64 {
        let event = self.event();
        event["data"]["logIndex"]
            .as_str()
            .map_or(0, |index| index.parse().unwrap())
    }
}

#[derive(Clone)]
pub(crate) struct Receiver {
    /// `host:port`.
    pub(crate) address: String,
    script: Arc<Mutex<VecDeque<Act>>>,
    seen: Arc<watch::Sender<Vec<Attempt>>>,
}

impl Receiver {
    /// Does the acts of `script` in order, and takes what comes after them.
    pub(crate) async fn start(script: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap().to_string(),
            script: Arc::new(Mutex::new(script.iter().copied().collect())),
            seen: Arc::new(watch::Sender::new(Vec::new())),
        };
        let this = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                // A connection that ends in the middle of a request is the end of a server.
                tokio::spawn(async move { this.serve(stream).await });
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.seen.borrow().clone()
    }

    /// Waits for so many attempts in all.
    pub(crate) async fn wait_for_attempts(&self, count: usize) -> Vec<Attempt> {
        self.wait(|seen| seen.len() >= count).await
    }

    /// Waits until it has taken the entry with this index, and returns what it took.
    pub(crate) async fn wait_for_index(&self, index: u64) -> Vec<Attempt> {
        let seen = self
            .wait(|seen| taken(seen).iter().any(|one| one.index() == index))
            .await;
        taken(&seen)
    }

    async fn wait(&self, enough: impl Fn(&[Attempt]) -> bool) -> Vec<Attempt> {
        let mut seen = self.seen.subscribe();
        let found = timeout(2 * DEADLINE, seen.wait_for(|seen| enough(seen))).await;
        found.unwrap().unwrap().clone()
    }

    async fn serve(self, mut stream: TcpStream) -> Option<()> {
        let mut buffer = Vec::new();
        loop {
            let (request_line, headers) = loop {
                if let Some(head) = take_head(&mut buffer) {
                    break head;
                }
                read_more(&mut stream, &mut buffer).await?;
            };
            let length = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
            while buffer.len() < length {
                read_more(&mut stream, &mut buffer).await?;
            }
            let body = Bytes::from(buffer.drain(..length).collect::<Vec<u8>>());
            let next = self.script.lock().unwrap().pop_front();
            let act = next.unwrap_or(Act::Take);
            let attempt = Attempt {
                request_line,
                headers,
                body,
                act,
            };
            let answer = match act {
                Act::Take => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
                Act::Answer(status) => {
                    format!("HTTP/1.1 {status} Status\r\ncontent-length: 2\r\n\r\nno")
                }
                Act::Redirect => format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
                    self.url()
                ),
                Act::Break => "HTTP/1.1 20".to_owned(),
                Act::Close | Act::Hang => String::new(),
            };
            // Seen before it is answered: whoever waits for an attempt may end the server before it
            // hears the answer, which is what a crash at the worst moment does.
            self.seen.send_modify(|seen| seen.push(attempt));
            stream.write_all(answer.as_bytes()).await.ok()?;
            match act {
                Act::Close | Act::Break => return None,
                Act::Hang => while read_more(&mut stream, &mut buffer).await.is_some() {},
                _ => {}
            }
        }
    }
}

fn taken(seen: &[Attempt]) -> Vec<Attempt> {
    seen.iter()
        .filter(|one| one.act == Act::Take)
        .cloned()
        .collect()
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(buffer).await.ok()?;
    (read > 0).then_some(())
}

/// The head of a request, without it in the buffer from then on.
fn take_head(buffer: &mut Vec<u8>) -> Option<(String, HeaderMap)> {
    let end = buffer.windows(4).position(|part| part == b"\r\n\r\n")?;
    let head: Vec<u8> = buffer.drain(..end + 4).collect();
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let request_line = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        let value: HeaderValue = value.trim().parse().unwrap();
        (name, value)
    });
    Some((request_line, headers.collect()))
}
