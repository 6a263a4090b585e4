//! Everything has a limit: the queue, connections, streams, headers. Beyond it the server says so,
//! and stays well.

use futures::future::join_all;
use ledgerstone_proto::log::v1::WatchTreeHeadsRequest;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;

use crate::admin::metric;
use crate::client::DEADLINE;
use crate::client::ENTRIES;
use crate::client::Proven;
use crate::client::Reply;
use crate::client::checkpoint;
use crate::client::get;
use crate::client::http_client;
use crate::client::log_client;
use crate::client::submit_proven;
use crate::requests::Signer;
use crate::requests::to_json;
use crate::server::Server;
use crate::server::Site;

/// How many clients submit at once to fill a queue of one entry.
const CROWD: usize = 64;

/// How often they try before the queue was never full.
const MAX_ROUNDS: usize = 50;

#[tokio::test]
async fn a_full_queue_is_503_with_retry_after_and_nothing_is_half_done() {
    let server = Site::new()
        .with("--queue-entries", "1")
        .with("--round-entries", "1")
        .start();
    let (signer, client) = (Signer::new(), http_client());
    let mut logged = 0;
    for round in 0..MAX_ROUNDS {
        let submissions = (0..CROWD).map(|number| {
            let artifact = format!("round {round} artifact {number}");
            let request = client
                .post(server.at(ENTRIES))
                .body(to_json(&signer.hashedrekord(artifact.as_bytes())));
            async { Reply::read(request.send().await.unwrap()).await }
        });
        let replies = join_all(submissions).await;
        let refused = replies.iter().filter(|reply| reply.status != 201);
        for reply in refused.clone() {
            reply.error(503, 14, "reached max pushback; retry");
            assert_eq!(reply.header("retry-after"), "1");
        }
        logged += replies.len() - refused.clone().count();
        assert_eq!(checkpoint(&server).await.size.get(), logged as u64);
        if refused.count() > 0 {
            submit_proven(&server, &signer.hashedrekord(b"after the rush")).await;
            return;
        }
    }
    panic!("{CROWD} clients never filled a queue of one entry");
}

#[tokio::test]
async fn a_crowd_is_answered_whole_within_the_default_queue() {
    let server = Server::start();
    let (signer, client) = (Signer::new(), http_client());
    let submissions = (0..CROWD).map(|number| {
        let artifact = format!("artifact {number}");
        let request = client
            .post(server.at(ENTRIES))
            .body(to_json(&signer.hashedrekord(artifact.as_bytes())));
        async { Reply::read(request.send().await.unwrap()).await }
    });
    let mut indexes = Vec::new();
    for reply in join_all(submissions).await {
        assert_eq!(reply.status, 201, "{reply:?}");
        let entry = ledgerstone_proto::json::from_slice(&reply.body).unwrap();
        indexes.push(Proven::check(&server.ed25519, &entry).index.get());
    }
    indexes.sort_unstable();
    assert_eq!(indexes, (0..CROWD as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_same_entry_from_many_clients_at_once_is_logged_once() {
    let server = Server::start();
    let client = http_client();
    let request = to_json(&Signer::new().hashedrekord(b"artifact"));
    let submissions = (0..CROWD).map(|_| {
        let request = client.post(server.at(ENTRIES)).body(request.clone());
        async { Reply::read(request.send().await.unwrap()).await }
    });
    let replies = join_all(submissions).await;
    for reply in &replies {
        assert_eq!(reply.status, 201, "{reply:?}");
        assert_eq!(reply.json()["logIndex"], "0");
    }
    let first = replies
        .iter()
        .filter(|reply| reply.header("x-log-index").is_empty());
    assert_eq!(
        first.count(),
        1,
        "one was new, and all others are told that theirs was there"
    );
    assert_eq!(checkpoint(&server).await.size.get(), 1);
}

/// A connection that asks once, and stays.
async fn connected(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    ask(&mut stream).await;
    answered(&mut stream).await;
    stream
}

async fn ask(stream: &mut TcpStream) {
    let request = b"GET /healthz HTTP/1.1\r\nhost: log\r\n\r\n";
    stream.write_all(request).await.unwrap();
}

async fn answered(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"SERVING\"}") {
        let read = timeout(DEADLINE, stream.read(&mut byte))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            read,
            1,
            "the connection ended after {:?}",
            String::from_utf8_lossy(&answer)
        );
        answer.push(byte[0]);
    }
}

/// A connection from another address of this machine.
async fn connect_from(server: &Server, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, host], 0).into()).unwrap();
    let address = server.address().parse().unwrap();
    socket.connect(address).await.unwrap()
}

/// A request that is at work until the rest of its body comes.
async fn begin(stream: &mut TcpStream) {
    let head = b"POST /api/v2/log/entries HTTP/1.1\r\nhost: log\r\n\
        content-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head).await.unwrap();
    // It is read: so much comes before the body is waited for.
    let mut reply = [0; 25];
    let read = timeout(DEADLINE, stream.read_exact(&mut reply)).await;
    read.unwrap().unwrap();
    assert_eq!(&reply, b"HTTP/1.1 100 Continue\r\n\r\n");
}

async fn assert_ended(stream: &mut TcpStream) {
    let read = timeout(DEADLINE, stream.read(&mut [0])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

/// One client that keeps as many connections as there may be shuts nobody out.
#[tokio::test]
async fn idle_connections_of_one_caller_make_room_for_others() {
    let server = Site::new().with("--max-connections", "8").start();
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(connected(&server).await);
    }
    for host in 2..6 {
        let mut other = connect_from(&server, host).await;
        ask(&mut other).await;
        answered(&mut other).await;
    }
    // Those that were idle for longest are gone.
    assert_ended(&mut idle[0]).await;
    let last = idle.last_mut().unwrap();
    ask(last).await;
    answered(last).await;
    let evicted = metric(&server, "ledgerstone_connections_evicted_total").await;
    assert!(evicted >= 1.0, "{evicted}");
}

/// Connections at work end for nobody, so that one caller never has all of them, however few there
/// may be.
#[tokio::test]
async fn connections_at_work_of_one_caller_leave_room_for_others() {
    let server = Site::new().with("--max-connections", "8").start();
    let mut at_work = Vec::new();
    for _ in 0..2 {
        let mut stream = connected(&server).await;
        begin(&mut stream).await;
        at_work.push(stream);
    }
    for _ in 0..8 {
        let mut refused = TcpStream::connect(server.address()).await.unwrap();
        assert_ended(&mut refused).await;
    }
    let mut other = connect_from(&server, 2).await;
    ask(&mut other).await;
    answered(&mut other).await;
}

#[tokio::test]
async fn one_caller_has_no_more_than_its_share_of_connections() {
    let site = Site::new().with("--max-caller-connections", "2");
    let server = site.start();
    let (mut first, mut second) = (connected(&server).await, connected(&server).await);
    begin(&mut first).await;
    begin(&mut second).await;
    let mut third = TcpStream::connect(server.address()).await.unwrap();
    assert_ended(&mut third).await;
    let mut other = connect_from(&server, 2).await;
    ask(&mut other).await;
    answered(&mut other).await;
    let refused = metric(&server, "ledgerstone_connections_refused_total").await;
    assert!(refused >= 1.0, "{refused}");
    // An idle one of its own gives way.
    drop(first);
    let mut again = loop {
        let mut again = TcpStream::connect(server.address()).await.unwrap();
        ask(&mut again).await;
        if again.peek(&mut [0]).await.is_ok_and(|bytes| bytes == 1) {
            break again;
        }
    };
    answered(&mut again).await;
}

#[tokio::test]
async fn streams_are_counted_for_each_caller_that_a_proxy_names() {
    let site = Site::new().with("--max-caller-streams", "1");
    let server = site.with("--trusted-proxies", "127.0.0.1").start();
    let mut client = log_client(&server).await;
    let mut watch = async |caller| client.watch_tree_heads(watch_of(caller)).await;
    let _first = watch("203.0.113.1").await.unwrap();
    let status = watch("203.0.113.1").await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(status.message().contains("of yours"), "{status}");
    let _second = watch("203.0.113.2").await.unwrap();
}

/// Whoever opens more connections than there are descriptors neither ends the log nor shuts it.
#[tokio::test]
async fn connections_leave_descriptors_for_the_store() {
    let site = Site::new();
    let server = site.start_with_descriptors(128);
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let mut other = connect_from(&server, 2).await;
    ask(&mut other).await;
    answered(&mut other).await;
    drop(other);
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
    drop(idle);
    server.stop().await;
}

/// Lines that nobody takes are dropped, and whoever logs them waits for nobody.
#[tokio::test]
async fn a_reader_of_log_lines_that_is_stuck_stops_nobody() {
    // Each request is a line.
    let server = Site::new().with("--log-level", "debug").start_unread();
    let mut stream = connected(&server).await;
    while metric(&server, "ledgerstone_log_lines_dropped_total").await == 0.0 {
        for _ in 0..500 {
            ask(&mut stream).await;
            answered(&mut stream).await;
        }
    }
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
}

#[tokio::test]
async fn streams_over_the_limit_are_refused_until_one_ends() {
    let site = Site::new().with("--max-streams", "2");
    let server = site.with("--trusted-proxies", "127.0.0.1").start();
    let mut client = log_client(&server).await;
    let first = client.watch_tree_heads(watch_of("203.0.113.1")).await;
    let first = first.unwrap();
    let second = client.watch_tree_heads(watch_of("203.0.113.2")).await;
    let second = second.unwrap();
    let status = client.watch_tree_heads(watch_of("203.0.113.3")).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(status.message().contains("streams"), "{status}");
    assert_eq!(metric(&server, "ledgerstone_streams").await, 2.0);
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;

    drop(first);
    let reopened = async {
        loop {
            match client.watch_tree_heads(watch_of("203.0.113.3")).await {
                Ok(stream) => return stream,
                Err(status) => assert_eq!(status.code(), Code::Unavailable),
            }
        }
    };
    timeout(DEADLINE, reopened)
        .await
        .expect("the place is not given back");
    drop(second);
}

/// A request for new heads that a proxy passes on for `caller`.
fn watch_of(caller: &str) -> tonic::Request<WatchTreeHeadsRequest> {
    let mut request = tonic::Request::new(WatchTreeHeadsRequest::default());
    let header = request.metadata_mut();
    header.insert("x-forwarded-for", caller.parse().unwrap());
    request
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "GET /checkpoint HTTP/1.1\r\nhost: log\r\nx-long: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    // The server may close before it has read all.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(DEADLINE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    assert_eq!(get(&server, "/checkpoint").await.status, 200);
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let headers: String = (0..500)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let head = format!("GET /checkpoint HTTP/1.1\r\nhost: log\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(DEADLINE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn what_is_not_http_is_hung_up_on() {
    let server = Server::start();
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        &[0; 64],
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(noise).await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(DEADLINE, stream.read_to_end(&mut answer))
            .await
            .unwrap();
        assert!(!String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 2"));
    }
    assert_eq!(get(&server, "/checkpoint").await.status, 200);
}
