//! How the load generator talks HTTP/2.

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use anyhow::Context;
use bytes::Bytes;
use h2::client::SendRequest;
use tokio::net::TcpSocket;

/// One HTTP/2 connection with many requests at a time. Clones share it.
#[derive(Clone)]
pub(crate) struct Multiplexed {
    requests: SendRequest<Bytes>,
}

/// What stands between the head and the body of a request of HTTP/1.1.
const HEAD_END: &[u8] = b"\r\n\r\n";

impl Multiplexed {
    /// Connects from the address `from`.
    pub(crate) async fn open(from: Ipv4Addr, to: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = h2::client::handshake(stream).await?;
        tokio::task::spawn_local(async move {
            // Its end shows in the requests.
            let _ = connection.await;
        });
        Ok(Self { requests })
    }

    /// Posts what is in `request`, whose form is that of HTTP/1.1, as an entry, and returns the
    /// status of the answer, which is read to its end. Dropping this gives the request up.
    pub(crate) async fn post(self, request: &[u8]) -> anyhow::Result<u16> {
        let mut windows = request.windows(HEAD_END.len());
        let head = windows.position(|window| window == HEAD_END);
        let body = head.context("no head")? + HEAD_END.len();
        let head = http::Request::post("http://localhost/api/v2/log/entries")
            .header("content-type", "application/json")
            .body(())?;
        let mut requests = self.requests.ready().await?;
        let (answer, mut stream) = requests.send_request(head, false)?;
        stream.send_data(Bytes::copy_from_slice(&request[body..]), true)?;
        let answer = answer.await?;
        let status = answer.status().as_u16();
        let mut body = answer.into_body();
        while let Some(data) = body.data().await {
            let length = data?.len();
            body.flow_control().release_capacity(length)?;
        }
        Ok(status)
    }
}
