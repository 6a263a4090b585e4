//! Clients that send slowly, read slowly, or go away: none of them costs the others anything.

use std::time::Duration;

use futures::future::join_all;
use ledgerstone_proto::log::v1::ReadEntriesRequest;
use ledgerstone_proto::log::v1::WatchEntriesRequest;
use ledgerstone_proto::log::v1::log_client::LogClient;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::interval;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::admin::metric;
use crate::client::DEADLINE;
use crate::client::fill;
use crate::client::get;
use crate::client::log_client;
use crate::client::submit_proven;
use crate::requests::Signer;
use crate::server::Server;

/// The server gives a client ten seconds to say what it wants.
async fn hung_up(server: &Server, first: &[u8]) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(first).await.unwrap();
    let mut answer = Vec::new();
    let end = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    end.expect("the server waits for ever").unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "");
}

#[tokio::test]
async fn who_does_not_say_what_it_wants_is_hung_up_on() {
    let server = Server::start();
    let half_heads: [&[u8]; 5] = [
        b"",
        b"P",
        b"PRI * HT",
        b"GET /checkpoint",
        b"GET /checkpoint HTTP/1.1\r\nhost: log\r\n",
    ];
    join_all(half_heads.map(|said| hung_up(&server, said))).await;
    assert_eq!(get(&server, "/checkpoint").await.status, 200);
}

#[tokio::test]
async fn who_drips_a_head_is_hung_up_on() {
    let server = Server::start();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    writer
        .write_all(b"GET /checkpoint HTTP/1.1\r\nx-slow: ")
        .await
        .unwrap();
    let drip = async {
        let mut ticks = interval(Duration::from_millis(200));
        while writer.write_all(b"x").await.is_ok() {
            ticks.tick().await;
        }
    };
    let mut answer = Vec::new();
    let end = async {
        // A reset is an end too.
        let _ = reader.read_to_end(&mut answer).await;
    };
    timeout(DEADLINE, async { tokio::join!(drip, end) })
        .await
        .expect("the server reads for ever");
    assert!(!String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 2"));
}

/// A client that takes in a thousand bytes, and then no more until it reads.
async fn narrow_client(server: &Server) -> LogClient<Channel> {
    let endpoint = Channel::from_shared(server.url.clone()).unwrap();
    let endpoint = endpoint.initial_stream_window_size(1_000);
    LogClient::new(endpoint.connect().await.unwrap())
}

#[tokio::test]
async fn a_slow_reader_holds_up_nobody_and_misses_nothing() {
    let server = Server::start();
    let bodies = fill(&server, 200).await;
    let mut slow = narrow_client(&server).await;
    let request = ReadEntriesRequest {
        start: 0,
        end: 0,
        tree_id: 0,
    };
    let mut range = slow.read_entries(request).await.unwrap().into_inner();
    let request = WatchEntriesRequest::default();
    let mut watch = slow.watch_entries(request).await.unwrap().into_inner();
    range.message().await.unwrap();
    watch.message().await.unwrap();

    let more = fill(&server, 100).await;
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
    assert_eq!(
        metric(&server, "ledgerstone_streams").await,
        2.0,
        "the slow reader is still there"
    );

    for (index, body) in bodies.iter().enumerate().skip(1) {
        let entry = timeout(DEADLINE, range.message())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!((entry.index, &entry.body), (index as u64, body));
    }
    assert!(range.message().await.unwrap().is_none());
    for (index, body) in bodies.iter().chain(&more).enumerate().skip(1) {
        let entry = timeout(DEADLINE, watch.message())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!((entry.index, &entry.body), (index as u64, body));
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_nothing_behind() {
    let server = Server::start();
    fill(&server, 200).await;
    for _ in 0..20 {
        let mut client = narrow_client(&server).await;
        let request = WatchEntriesRequest::default();
        let mut watch = client.watch_entries(request).await.unwrap().into_inner();
        watch.message().await.unwrap();
    }
    let gone = async {
        while metric(&server, "ledgerstone_streams").await != 0.0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, gone)
        .await
        .expect("streams without readers stay open");
    let mut client = log_client(&server).await;
    client
        .get_tree_head(ledgerstone_proto::log::v1::GetTreeHeadRequest { tree_id: 0 })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_submitter_that_goes_away_leaves_a_whole_entry_or_none() {
    let server = Server::start();
    let signer = Signer::new();
    for number in 0..50_u8 {
        let body = crate::requests::to_json(&signer.hashedrekord(&[number]));
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let length = body.len();
        let head = format!(
            "POST /api/v2/log/entries HTTP/1.1\r\nhost: log\r\ncontent-length: {length}\r\n\r\n"
        );
        // Every other one goes away in the middle of its body.
        let sent = if number % 2 == 0 { length } else { length / 2 };
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body.as_bytes()[..sent]).await.unwrap();
    }
    let proven = submit_proven(&server, &signer.hashedrekord(b"the last one")).await;
    assert!(proven.index.get() <= 25, "{}", proven.index);
    server.stop().await.start();
}
