//! What is said when no reply comes, and what to change: with listeners on loopback that are each
//! wrong in one way.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use ledgerstone_client::AdminPort;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::MAX_JSON_BYTES;
use ledgerstone_client::NetworkFault;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportError;
use ledgerstone_client::TransportOptions;
use rcgen::BasicConstraints;
use rcgen::Certificate;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::date_time_ymd;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::Server;

/// One attempt is enough: what is wrong stays wrong.
const OPTIONS: TransportOptions = TransportOptions {
    connect_timeout: Duration::from_secs(20),
    request_timeout: Duration::from_secs(30),
    attempts: 1,
    first_backoff: Duration::ZERO,
    max_backoff: Duration::ZERO,
};

/// A listener that does with each connection what `answer` says, as bytes.
async fn listen(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
            });
        }
    });
    address
}

/// A server that speaks TLS with this certificate, and answers every request with `{}`.
async fn listen_tls(certificate: &Certificate, key: &KeyPair) -> SocketAddr {
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(OK).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    address
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

/// An authority and a key of a server.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    server_key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
            server_key: KeyPair::generate().unwrap(),
        }
    }

    /// A server whose certificate this authority made for `name`, after `change`.
    async fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> SocketAddr {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&self.server_key, &self.issuer).unwrap();
        listen_tls(&certificate, &self.server_key).await
    }
}

async fn fetch(transport: &Transport) -> Result<(), TransportError> {
    let fetched = transport.fetch("/log/v1/tree-head", MAX_JSON_BYTES).await;
    fetched.map(|body| assert!(body.is_some()))
}

/// The fault and the message of a request to `url` that gets no reply.
async fn fault(url: &str, authorities: Option<&str>) -> (NetworkFault, String) {
    let transport = match authorities {
        Some(pem) => Transport::with_authorities(url, OPTIONS, pem.as_bytes()),
        None => Transport::new(url, OPTIONS),
    };
    let error = fetch(&transport.unwrap()).await.unwrap_err();
    let message = error.to_string();
    match error {
        TransportError::Unreachable { fault, .. } => (*fault, message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_certificate_is_taken() {
    let authority = Authority::new();
    let address = authority.server("localhost", |_| {}).await;
    let url = format!("https://localhost:{}", address.port());
    let trusting = Transport::with_authorities(&url, OPTIONS, authority.pem.as_bytes());
    fetch(&trusting.unwrap()).await.unwrap();
}

#[tokio::test]
async fn tls_to_a_server_in_the_clear_names_the_other_scheme() {
    let port = listen(OK).await.port();
    let (fault, message) = fault(&format!("https://localhost:{port}"), None).await;
    assert!(matches!(fault, NetworkFault::NoTls { .. }), "{fault:?}");
    let expected =
        format!("the server at localhost:{port} does not speak TLS: use http://localhost:{port}");
    assert!(message.ends_with(&expected), "{message}");
}

#[tokio::test]
async fn clear_text_to_a_tls_server_names_the_other_scheme() {
    let authority = Authority::new();
    let port = authority.server("localhost", |_| {}).await.port();
    let (fault, message) = fault(&format!("http://localhost:{port}"), None).await;
    assert!(matches!(fault, NetworkFault::TlsOnly { .. }), "{fault:?}");
    let expected = format!("speaks TLS: use https://localhost:{port}");
    assert!(message.ends_with(&expected), "{message}");
}

/// A refusal in the clear at a port without TLS is what it says.
#[tokio::test]
async fn a_bad_request_is_not_taken_for_tls() {
    let port = listen(b"HTTP/1.0 400 Bad Request\r\n\r\nno").await.port();
    let transport = Transport::new(&format!("http://localhost:{port}"), OPTIONS).unwrap();
    let error = fetch(&transport).await.unwrap_err();
    assert!(matches!(error, TransportError::Status { status: 400, .. }));
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told() {
    let authority = Authority::new();
    let pem = Some(authority.pem.as_str());
    let url = |address: SocketAddr| format!("https://localhost:{}", address.port());

    let good = authority.server("localhost", |_| {}).await;
    let (unknown, message) = fault(&url(good), Some(&Authority::new().pem)).await;
    let is_told = matches!(unknown, NetworkFault::UnknownAuthority { .. });
    assert!(is_told && message.contains("SSL_CERT_FILE"), "{message}");
    let (unknown, _) = fault(&url(good), None).await;
    assert!(matches!(unknown, NetworkFault::UnknownAuthority { .. }));

    let other = authority.server("log.example", |_| {}).await;
    let (other, message) = fault(&url(other), pem).await;
    let NetworkFault::OtherName { names, .. } = other else {
        panic!("{message}");
    };
    assert_eq!(names, ["log.example"]);
    assert!(message.contains("but for log.example"), "{message}");

    let old = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let (expired, _) = fault(&url(authority.server("localhost", old).await), pem).await;
    assert!(matches!(expired, NetworkFault::Expired { .. }));

    let new = |params: &mut CertificateParams| params.not_before = date_time_ymd(2200, 1, 1);
    let (early, _) = fault(&url(authority.server("localhost", new).await), pem).await;
    assert!(matches!(early, NetworkFault::NotYetValid { .. }));
}

/// What `openssl req -x509` makes by default.
#[tokio::test]
async fn an_authority_that_is_shown_as_a_server_is_told() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let port = listen_tls(&certificate, &key).await.port();
    let url = format!("https://localhost:{port}");
    let (fault, message) = fault(&url, Some(&certificate.pem())).await;
    let is_told = matches!(fault, NetworkFault::AuthorityAsServer { .. });
    assert!(is_told && message.contains("CA:FALSE"), "{message}");
}

#[tokio::test]
async fn a_port_without_a_listener_is_told() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (fault, message) = fault(&format!("http://127.0.0.1:{port}"), None).await;
    assert!(matches!(fault, NetworkFault::Refused { .. }), "{fault:?}");
    let expected = format!("nothing listens at 127.0.0.1:{port}");
    assert!(message.contains(&expected), "{message}");
}

/// A name in `.invalid` has no address anywhere (RFC 6761, section 6.4).
#[tokio::test]
async fn a_name_without_an_address_is_told() {
    let (fault, message) = fault("http://log.invalid", None).await;
    assert!(
        matches!(fault, NetworkFault::UnknownHost { .. }),
        "{fault:?}"
    );
    assert!(message.contains("log.invalid has no address"), "{message}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_told() {
    let address = listen(b"").await;
    let (fault, message) = fault(&format!("http://{address}"), None).await;
    assert!(
        matches!(fault, NetworkFault::Connection { .. }),
        "{fault:?}"
    );
    assert!(message.contains("check the address"), "{message}");
}

#[tokio::test]
async fn silence_is_told_with_how_long_was_waited() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = TransportOptions {
        request_timeout: Duration::from_millis(200),
        ..OPTIONS
    };
    let transport = Transport::new(&format!("http://{address}"), options).unwrap();
    let error = fetch(&transport).await.unwrap_err();
    assert!(matches!(error, TransportError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("within 0.2 s"), "{error}");
    drop(listener);
}

#[tokio::test]
async fn readers_follow_a_redirect_and_submissions_are_told() {
    let target = Server::start(|_| "{}".into_response()).await;
    let base = format!("http://{}", target.address);
    let to = base.clone();
    let site = Server::start(move |request| {
        let location = format!("{to}{}", request.path);
        (StatusCode::FOUND, [("location", location)]).into_response()
    })
    .await;
    let transport = Transport::new(&format!("http://{}", site.address), OPTIONS).unwrap();
    fetch(&transport).await.unwrap();

    let error = AdminPort::new(transport).start_reindex().await.unwrap_err();
    let message = error.to_string();
    let TransportError::Redirect { to, .. } = error else {
        panic!("{message}");
    };
    assert_eq!(to, base);
    assert!(message.contains("give the address"), "{message}");
    assert_eq!(target.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_without_end_is_told() {
    let site = Server::start(|request| {
        let location = request.path.clone();
        (StatusCode::TEMPORARY_REDIRECT, [("location", location)]).into_response()
    })
    .await;
    let transport = Transport::new(&format!("http://{}", site.address), OPTIONS).unwrap();
    let error = fetch(&transport).await.unwrap_err();
    assert!(matches!(error, TransportError::Redirect { .. }), "{error}");
    assert_eq!(Error::from(error).failure(), Failure::Unreachable);
}
