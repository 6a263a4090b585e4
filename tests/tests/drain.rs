//! SIGTERM: what is under way is finished, what is new is not begun, and the end is clean.

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::admin::admin_get;
use crate::client::DEADLINE;
use crate::client::ENTRIES;
use crate::client::Proven;
use crate::client::channel;
use crate::client::fill;
use crate::client::get;
use crate::requests::Signer;
use crate::requests::to_json;
use crate::server::Server;
use crate::server::Site;

/// A submission whose head was read, and whose body was asked for.
struct UnderWay {
    stream: TcpStream,
    body: String,
}

impl UnderWay {
    async fn begin(server: &Server) -> Self {
        let body = to_json(&Signer::new().hashedrekord(b"artifact"));
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = format!(
            "POST {ENTRIES} HTTP/1.1\r\nhost: log\r\nexpect: 100-continue\r\ncontent-length: \
             {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let expected = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut answer = vec![0; expected.len()];
        timeout(DEADLINE, stream.read_exact(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(answer, expected);
        Self { stream, body }
    }

    /// Sends the body, and reads the answer up to the end of the connection.
    async fn finish(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        timeout(DEADLINE, self.stream.read_to_end(&mut answer))
            .await
            .unwrap()
            .unwrap();
        String::from_utf8(answer).unwrap()
    }
}

/// Waits until the server has heard the signal.
async fn draining(server: &Server) {
    let drained = async {
        while admin_get(server, "/readyz").await.status != 503 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, drained)
        .await
        .expect("the server does not drain");
}

#[tokio::test]
async fn what_is_under_way_is_acknowledged() {
    let server = Server::start();
    fill(&server, 3).await;
    let mut under_way = Vec::new();
    for _ in 0..10 {
        under_way.push(UnderWay::begin(&server).await);
    }
    server.terminate();
    draining(&server).await;
    assert!(
        TcpStream::connect(server.address()).await.is_err(),
        "new connections are refused"
    );

    let mut acknowledged = Vec::new();
    for submission in under_way {
        let answer = submission.finish().await;
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let entry = ledgerstone_proto::json::from_slice(body.as_bytes()).unwrap();
        acknowledged.push(Proven::check(&server.ed25519, &entry));
    }
    let site = server.site.clone();
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("drained"), "{stderr}");

    let server = site.start();
    assert_eq!(server.size, 13);
    for proven in acknowledged {
        let path = format!("/log/v1/entries/by-leaf-hash/{}", hex::encode(proven.leaf));
        let entry = get(&server, &path).await.json();
        assert_eq!(entry["index"], proven.index.get());
    }
}

#[tokio::test]
async fn health_is_not_serving_as_soon_as_the_drain_begins() {
    let server = Server::start();
    let mut client = HealthClient::new(channel(&server).await);
    let mut watches = Vec::new();
    for service in ["", "ledgerstone.v1.Log", "dev.sigstore.rekor.v2.Rekor"] {
        let service = service.to_owned();
        let request = HealthCheckRequest { service };
        let status = client.check(request.clone()).await.unwrap().into_inner();
        assert_eq!(status.status(), ServingStatus::Serving);
        let mut watch = client.watch(request).await.unwrap().into_inner();
        let first = watch.message().await.unwrap().unwrap();
        assert_eq!(first.status(), ServingStatus::Serving);
        watches.push(watch);
    }
    server.terminate();
    for watch in &mut watches {
        let next = timeout(DEADLINE, watch.message()).await.unwrap();
        assert_eq!(next.unwrap().unwrap().status(), ServingStatus::NotServing);
        // Nobody who watches holds up the end.
        assert!(
            timeout(DEADLINE, watch.message())
                .await
                .unwrap()
                .unwrap()
                .is_none()
        );
    }
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("still open"), "{stderr}");
}

#[tokio::test]
async fn who_never_finishes_does_not_hold_up_the_end() {
    let server = Site::new().with("--shutdown-timeout", "1").start();
    let under_way = UnderWay::begin(&server).await;
    server.terminate();
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("still open"), "{stderr}");
    drop(under_way);
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let server = Server::start();
    let idle = TcpStream::connect(server.address()).await.unwrap();
    let client = crate::client::http_client();
    client.get(server.at("/checkpoint")).send().await.unwrap();
    server.terminate();
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("still open"), "{stderr}");
    drop((idle, client));
}

#[tokio::test]
async fn an_interrupt_is_as_good() {
    let server = Server::start();
    server.interrupt();
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0), "{stderr}");
}
