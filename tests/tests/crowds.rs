//! Callers who ask for much: none of them takes the memory, the places or the time of others.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::admin::metric;
use crate::client::DEADLINE;
use crate::client::ENTRIES;
use crate::client::Reply;
use crate::client::get;
use crate::client::http_client;
use crate::requests::Signer;
use crate::requests::to_json;
use crate::server::Server;
use crate::server::Site;

/// The memory of one request, in bytes: enough for many that are short.
const MEMORY: &str = "--max-request-memory";

/// The longest body of Rekor v2, in bytes.
const LARGEST: usize = 4 << 20;

fn address(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, host)
}

async fn connect(server: &Server, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address(host), 0).into()).unwrap();
    let to = server.address().parse().unwrap();
    socket.connect(to).await.unwrap()
}

/// Submits an entry from an address of its own.
async fn submit_from(server: &Server, host: u8, body: String) -> Reply {
    let client = reqwest::Client::builder().local_address(IpAddr::from(address(host)));
    let request = client.build().unwrap().post(server.at(ENTRIES)).body(body);
    Reply::read(request.send().await.unwrap()).await
}

/// Begins a body of `length` bytes, and sends all of it but the last byte, or as much as is taken.
/// Returns what the server answers meanwhile, or nothing when it waits for the rest.
async fn stall(server: &Server, host: u8, length: usize) -> (TcpStream, Option<u16>) {
    let mut stream = connect(server, host).await;
    let head = format!(
        "POST /api/v2/log/entries HTTP/1.1\r\nhost: log\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![b' '; length - 1];
    // Who is refused may be cut off before all is sent.
    let _ = stream.write_all(&chunk).await;
    let mut status = [0; 12];
    match stream.try_read(&mut status) {
        Ok(12) => {
            let status = str::from_utf8(&status[9..]).unwrap().parse();
            (stream, Some(status.unwrap()))
        }
        _ => (stream, None),
    }
}

/// Bodies that never end take a quarter of the memory, and no more.
#[tokio::test]
async fn stalled_bodies_of_one_caller_leave_memory_for_others() {
    let server = Site::new().with(MEMORY, "134217728").start();
    let (mut stalled, mut taken, mut refused) = (Vec::new(), 0.0_f64, None);
    for _ in 0..200 {
        let (stream, status) = stall(&server, 3, LARGEST).await;
        stalled.push(stream);
        taken = taken.max(metric(&server, "ledgerstone_request_memory_bytes").await);
        if let Some(status) = status {
            refused = Some(status);
            break;
        }
    }
    assert_eq!(refused, Some(429));
    assert!(taken <= f64::from(128 << 20), "{taken}");
    let counted = r#"ledgerstone_refused_requests_total{reason="memory"}"#;
    assert!(metric(&server, counted).await >= 1.0);
    let signer = Signer::new();
    let large = format!(
        "{}{}",
        to_json(&signer.hashedrekord(b"artifact")),
        " ".repeat(LARGEST / 2)
    );
    assert_eq!(submit_from(&server, 2, large).await.status, 201);
    // Health is told to whoever asks.
    let mut stream = connect(&server, 3).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: log\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = [0; 12];
    timeout(DEADLINE, stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    // All of it comes back.
    drop(stalled);
    let given_back = async {
        while metric(&server, "ledgerstone_request_memory_bytes").await > 0.0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, given_back)
        .await
        .expect("memory stays taken");
}

/// Connections whose clients hold up their own requests end for others, in the end.
#[tokio::test]
async fn stalled_connections_of_many_callers_make_room() {
    let server = Site::new().with("--max-connections", "8").start();
    let mut stalled = Vec::new();
    for number in 0..8 {
        stalled.push(stall(&server, 3 + number / 2, 100).await);
    }
    let answered = async {
        loop {
            let mut stream = connect(&server, 2).await;
            let request = b"GET /checkpoint HTTP/1.1\r\nhost: log\r\n\r\n";
            let mut answer = [0; 12];
            if stream.write_all(request).await.is_ok()
                && stream.read_exact(&mut answer).await.is_ok()
            {
                return answer;
            }
        }
    };
    let answer = timeout(DEADLINE, answered).await;
    assert_eq!(&answer.expect("nobody makes room"), b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_caller_that_sends_too_fast_is_told_when_to_come_back() {
    let server = Site::new().with("--max-caller-rate", "1").start();
    let client = http_client();
    let ask =
        async || Reply::read(client.get(server.at("/checkpoint")).send().await.unwrap()).await;
    let mut answered = 0;
    let refused = loop {
        let reply = ask().await;
        if reply.status != 200 {
            break reply;
        }
        answered += 1;
        assert!(answered < 1_000, "nobody is refused");
    };
    assert!(answered >= 10, "{answered}");
    refused.error(
        429,
        8,
        "you send more requests than one caller may; retry later",
    );
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    let v1 = Reply::read(client.get(server.at("/api/v1/log")).send().await.unwrap()).await;
    assert_eq!((v1.status, &v1.json()["code"]), (429, &429.into()));
    let signer = Signer::new();
    let body = to_json(&signer.hashedrekord(b"artifact"));
    assert_eq!(submit_from(&server, 2, body).await.status, 201);
    assert_eq!(get(&server, "/healthz").await.status, 200);
}
