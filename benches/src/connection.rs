//! How the load generator talks to a server.

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;

/// One HTTP/1.1 connection that is kept open. It reads only what our server sends: a status, a
/// length, a body. A general client would take a good part of the processor time that the server
/// should have.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer, in the buffer of its connection.
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// The longest answer that is read, in bytes.
const MAX_REPLY_BYTES: usize = 4 << 20;

const HEAD_END: &[u8] = b"\r\n\r\n";

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        Self::over(stream)
    }

    /// The same from the address `from`.
    pub(crate) async fn open_from(from: Ipv4Addr, to: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        Self::over(socket.connect(to).await?)
    }

    fn over(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(16 << 10),
        })
    }

    /// Sends a whole request, as [`request`] makes it, and reads the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Reply<'_>> {
        self.received.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            self.read().await?;
            if let Some(head) = Head::parse(&self.received)? {
                break head;
            }
        };
        ensure!(
            head.content_length <= MAX_REPLY_BYTES,
            "the answer has {} bytes",
            head.content_length
        );
        let end = head.length + head.content_length;
        while self.received.len() < end {
            self.read().await?;
        }
        ensure!(
            self.received.len() == end,
            "the server sends more than it was asked for"
        );
        Ok(Reply {
            status: head.status,
            body: &self.received[head.length..],
        })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.received).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// A request with everything that goes over the wire.
pub(crate) fn request(method: &str, path: &str, json: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        json.len()
    );
    [head.as_bytes(), json].concat()
}

#[derive(Debug, PartialEq)]
struct Head {
    status: u16,
    /// Of the head with the empty line behind it.
    length: usize,
    content_length: usize,
}

impl Head {
    /// `None` while the head is not there as a whole.
    fn parse(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let mut windows = bytes.windows(HEAD_END.len());
        let Some(end) = windows.position(|window| window == HEAD_END) else {
            ensure!(
                bytes.len() < MAX_REPLY_BYTES,
                "the head of the answer has no end"
            );
            return Ok(None);
        };
        let text = str::from_utf8(&bytes[..end]).context("the head of the answer is not text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let content_length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim());
        Ok(Some(Self {
            status: status
                .and_then(|text| text.parse().ok())
                .context("no status")?,
            length: end + HEAD_END.len(),
            content_length: content_length
                .context("the answer does not say how long it is")?
                .parse()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let reply = b"HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello";
        let end = reply.len() - 5;
        for cut in 0..end {
            assert_eq!(Head::parse(&reply[..cut]).unwrap(), None);
        }
        let head = Head {
            status: 201,
            length: end,
            content_length: 5,
        };
        assert_eq!(Head::parse(reply).unwrap(), Some(head));
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::parse(b"nonsense\r\n\r\n").is_err());
    }
}
