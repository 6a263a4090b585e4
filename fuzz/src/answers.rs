//! A log on the loopback interface that gives the bytes of an input as its answers.

use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::parts;

/// How many different answers an input has; the last is given again and again.
const ANSWERS: usize = 6;

/// The answers of the input that is tried now, the next one last.
type Answers = Arc<Mutex<Vec<Bytes>>>;

/// A runtime with a server on it.
pub(crate) struct Server {
    runtime: Runtime,
    transport: Transport,
    answers: Answers,
}

impl Server {
    /// Listens on a port that the system picks.
    pub(crate) fn start() -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("there is a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("there is a port");
        let address = listener.local_addr().expect("it has an address");
        let answers = Answers::default();
        runtime.spawn(accept(listener, Arc::clone(&answers)));
        let options = TransportOptions {
            attempts: 1,
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(2),
            ..TransportOptions::default()
        };
        let transport = Transport::new(&format!("http://{address}"), options);
        Self {
            runtime,
            transport: transport.expect("the address is a URL"),
            answers,
        }
    }

    /// Lets a client ask, and answers with the parts of `data`.
    pub(crate) fn answer<F: Future<Output = ()>>(
        &self,
        data: &[u8],
        client: impl FnOnce(Transport) -> F,
    ) {
        let parts: [&[u8]; ANSWERS] = parts::split(data);
        let answers = parts.iter().rev().map(|part| Bytes::copy_from_slice(part));
        *self.answers.lock().expect("nobody panicked") = answers.collect();
        self.runtime.block_on(client(self.transport.clone()));
    }
}

async fn accept(listener: TcpListener, answers: Answers) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, Arc::clone(&answers)));
    }
}

/// Answers one request after the other, until the client goes.
async fn serve(mut stream: TcpStream, answers: Answers) {
    while read_request(&mut stream).await.is_some() {
        let body = next(&answers);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        let reply = [head.as_bytes(), &body].concat();
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

fn next(answers: &Answers) -> Bytes {
    let mut answers = answers.lock().expect("nobody panicked");
    match answers.len() {
        0 | 1 => answers.first().cloned().unwrap_or_default(),
        _ => answers.pop().unwrap_or_default(),
    }
}

/// Reads a request with its body.
async fn read_request(stream: &mut TcpStream) -> Option<()> {
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length = length.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
        if body.len() >= length {
            return Some(());
        }
    }
}
