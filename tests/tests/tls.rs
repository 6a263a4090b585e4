//! One port with TLS: HTTP/1.1, HTTP/2 and gRPC.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use ledgerstone_proto::log::v1::GetTreeHeadRequest;
use ledgerstone_proto::log::v1::log_client::LogClient;
use rcgen::CertifiedKey;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::Endpoint;
use tower::service_fn;

use crate::client::DEADLINE;
use crate::client::ENTRIES;
use crate::client::verified_checkpoint;
use crate::requests::Signer;
use crate::requests::to_json;
use crate::server::Server;
use crate::server::Site;

/// A site that serves TLS, and the certificate that clients have to trust.
fn tls_site() -> (Site, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let site = Site::new();
    let (chain, key) = files(&site);
    fs::write(&chain, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    let site = site
        .with("--tls-certificate", chain.to_str().unwrap())
        .with("--tls-key", key.to_str().unwrap());
    (site, cert.der().clone())
}

fn files(site: &Site) -> (PathBuf, PathBuf) {
    (site.path().join("chain.pem"), site.path().join("key.pem"))
}

fn tls_client(certificate: &CertificateDer<'_>) -> reqwest::ClientBuilder {
    let certificate = reqwest::Certificate::from_der(certificate).unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(DEADLINE)
        .tls_certs_only([certificate])
}

async fn read_and_write(server: &Server, client: reqwest::Client, version: http::Version) {
    let response = client.get(server.at("/checkpoint")).send().await.unwrap();
    assert_eq!(response.version(), version);
    verified_checkpoint(&server.ed25519, &response.text().await.unwrap());
    let request = to_json(&Signer::new().hashedrekord(b"artifact"));
    let response = client
        .post(server.at(ENTRIES))
        .body(request)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn http_1_1() {
    let (site, certificate) = tls_site();
    let server = site.start();
    assert!(server.url.starts_with("https://"));
    let client = tls_client(&certificate).http1_only().build().unwrap();
    read_and_write(&server, client, http::Version::HTTP_11).await;
}

#[tokio::test]
async fn http_2() {
    let (site, certificate) = tls_site();
    let server = site.start();
    let client = tls_client(&certificate).build().unwrap();
    read_and_write(&server, client, http::Version::HTTP_2).await;
}

#[tokio::test]
async fn grpc() {
    let (site, certificate) = tls_site();
    let server = site.start();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (connector, address) = (
        TlsConnector::from(Arc::new(config)),
        server.address().to_owned(),
    );
    let connect = service_fn(move |_| {
        let (connector, address) = (connector.clone(), address.clone());
        async move {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("127.0.0.1").expect("this is an address");
            Ok::<_, std::io::Error>(TokioIo::new(connector.connect(name, stream).await?))
        }
    });
    let endpoint = Endpoint::from_static("http://log.example.com");
    let channel = endpoint.connect_with_connector(connect).await.unwrap();
    let head = LogClient::new(channel)
        .get_tree_head(GetTreeHeadRequest { tree_id: 0 })
        .await;
    verified_checkpoint(&server.ed25519, &head.unwrap().get_ref().checkpoint);
}

#[tokio::test]
async fn clear_text_is_not_answered() {
    let (site, _) = tls_site();
    let server = site.start();
    let client = crate::client::http_client();
    assert!(
        client
            .get(format!("http://{}/checkpoint", server.address()))
            .send()
            .await
            .is_err()
    );
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let (site, _) = tls_site();
    let (chain, key) = files(&site);
    let sound = fs::read(&key).unwrap();
    fs::write(&key, "nonsense").unwrap();
    site.start_refused().assert(1, &["TLS", "key.pem"]);
    fs::write(&key, sound).unwrap();
    fs::remove_file(&chain).unwrap();
    site.start_refused().assert(1, &["TLS", "chain.pem"]);
    site.without("--tls-certificate")
        .start_refused()
        .assert(1, &["tls-certificate"]);
}
