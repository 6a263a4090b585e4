//! Rekor v2 over gRPC, with reflection and health.

use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::EntryBundleRequest;
use ledgerstone_proto::sigstore::rekor::v2::TileRequest;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::client::Proven;
use crate::client::channel;
use crate::client::fill;
use crate::client::get;
use crate::client::rekor_client;
use crate::requests::Signer;
use crate::server::Server;
use crate::server::Site;

const SERVICES: [&str; 2] = ["dev.sigstore.rekor.v2.Rekor", "ledgerstone.v1.Log"];

#[tokio::test]
async fn creates_an_entry() {
    let server = Server::start();
    let mut client = rekor_client(&server).await;
    let request = Signer::new().hashedrekord(b"artifact");
    let response = client.create_entry(request.clone()).await.unwrap();
    assert_eq!(response.metadata().get("x-http-code").unwrap(), "201");
    assert!(!response.metadata().contains_key("x-log-index"));
    let first = Proven::check(&server.ed25519, response.get_ref());

    let response = client.create_entry(request).await.unwrap();
    assert_eq!(response.metadata().get("x-http-code").unwrap(), "201");
    assert_eq!(response.metadata().get("x-log-index").unwrap(), "0");
    let again = Proven::check(&server.ed25519, response.get_ref());
    assert_eq!((again.index, again.leaf), (first.index, first.leaf));
}

#[tokio::test]
async fn refuses_a_duplicate_where_parity_is_asked_for() {
    let server = Site::new().with("--on-duplicate", "conflict").start();
    let mut client = rekor_client(&server).await;
    let request = Signer::new().hashedrekord(b"artifact");
    client.create_entry(request.clone()).await.unwrap();
    let status = client.create_entry(request).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(status.metadata().get("x-log-index").unwrap(), "0");
}

#[tokio::test]
async fn refuses_what_is_invalid() {
    let server = Server::start();
    let mut client = rekor_client(&server).await;
    let status = client
        .create_entry(CreateEntryRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().starts_with("invalid type, must be"),
        "{status}"
    );
}

#[tokio::test]
async fn refuses_a_message_over_the_limit() {
    let server = Site::new().with("--max-request-bytes", "65536").start();
    let mut client = rekor_client(&server).await;
    let signer = Signer::new();
    let status = client
        .create_entry(signer.dsse(vec![b' '; 70_000]))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    client.create_entry(signer.dsse("{}")).await.unwrap();
}

#[tokio::test]
async fn refuses_writes_to_a_frozen_log() {
    let site = Server::start().stop().await;
    let server = site.with("--read-only", "true").start();
    let mut client = rekor_client(&server).await;
    let request = Signer::new().hashedrekord(b"artifact");
    let status = client.create_entry(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unimplemented, "log frozen")
    );
}

#[tokio::test]
async fn reads_what_http_reads() {
    let server = Server::start();
    fill(&server, 3).await;
    let mut client = rekor_client(&server).await;

    let checkpoint = client.get_checkpoint(()).await.unwrap().into_inner();
    let same = get(&server, "/checkpoint").await;
    assert_eq!(checkpoint.content_type, same.header("content-type"));
    assert_eq!(checkpoint.data, same.body);

    let request = TileRequest {
        l: 0,
        n: "000.p/3".to_owned(),
    };
    let tile = client.get_tile(request).await.unwrap().into_inner();
    let same = get(&server, "/tile/0/000.p/3").await;
    assert_eq!(tile.content_type, same.header("content-type"));
    assert_eq!(tile.data, same.body);

    let request = EntryBundleRequest {
        n: "000.p/3".to_owned(),
    };
    let bundle = client.get_entry_bundle(request).await.unwrap().into_inner();
    assert_eq!(
        bundle.data,
        get(&server, "/tile/entries/000.p/3").await.body
    );
}

#[tokio::test]
async fn has_no_tile_beyond_the_head() {
    let server = Server::start();
    fill(&server, 3).await;
    let mut client = rekor_client(&server).await;
    for (l, n) in [
        (0, "000.p/4"),
        (0, "000"),
        (0, "001"),
        (1, "000.p/1"),
        (64, "000"),
        (0, "0"),
    ] {
        let n = n.to_owned();
        let status = client
            .get_tile(TileRequest { l, n: n.clone() })
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{l} {n}");
    }
}

#[tokio::test]
async fn reflection_lists_the_services() {
    let server = Server::start();
    let mut client = ServerReflectionClient::new(channel(&server).await);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let responses = client
        .server_reflection_info(tokio_stream::once(request))
        .await;
    let response = responses
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = response.message_response else {
        panic!("{response:?}");
    };
    let listed: Vec<_> = list
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    for service in SERVICES {
        assert!(listed.contains(&service), "{service} is not in {listed:?}");
    }
}

#[tokio::test]
async fn health_is_serving() {
    let server = Server::start();
    let mut client = HealthClient::new(channel(&server).await);
    for service in SERVICES.into_iter().chain([""]) {
        let service = service.to_owned();
        let response = client.check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(response.into_inner().status(), ServingStatus::Serving);
    }
}
