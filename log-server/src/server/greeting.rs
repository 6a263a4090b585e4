//! The first bytes of a connection, which have to come soon.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::time::Sleep;
use tokio::time::sleep;

/// What an HTTP/2 client says first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection whose client has to show within a time limit which protocol it speaks.
///
/// hyper tells HTTP/2 from HTTP/1.1 by the preface, and has no limit for that: a client that sends
/// nothing, or `P` alone, would keep its place among the connections for as long as it likes. The
/// limits of the protocols follow after that.
pub(crate) struct Greeting<S> {
    stream: S,
    /// How much of the preface has come. Any other byte is HTTP/1.1.
    matched: usize,
    /// `None` when the protocol is known.
    limit: Option<Pin<Box<Sleep>>>,
}

impl<S> Greeting<S> {
    pub(crate) fn new(stream: S, limit: Duration) -> Self {
        Self {
            stream,
            matched: 0,
            limit: Some(Box::pin(sleep(limit))),
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let expected = &PREFACE[self.matched..];
        self.matched += bytes.len().min(expected.len());
        if !expected.starts_with(bytes) || self.matched == PREFACE.len() {
            self.limit = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Greeting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let Some(limit) = &mut self.limit else {
            return read;
        };
        if read.is_pending() {
            return limit
                .as_mut()
                .poll(cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        self.hear(&buf.filled()[before..]);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Greeting<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::io::duplex;

    use super::*;

    /// What a read comes to after the client said these parts, each a while after the one before,
    /// and then nothing more.
    async fn read_after(parts: &[&[u8]]) -> io::Result<usize> {
        let (mut client, server) = duplex(100);
        let mut server = Greeting::new(server, Duration::from_secs(10));
        let mut buf = [0; 100];
        for part in parts {
            client.write_all(part).await.unwrap();
            let heard = server.read(&mut buf).await?;
            assert_eq!(&buf[..heard], *part);
            tokio::time::advance(Duration::from_secs(6)).await;
        }
        let silence = tokio::time::timeout(Duration::from_secs(3_600), server.read(&mut buf));
        silence.await.unwrap_or(Ok(0))
    }

    #[tokio::test(start_paused = true)]
    async fn has_to_show_the_protocol_within_the_limit() {
        let cases: [&[&[u8]]; 4] = [&[], &[b"P"], &[&PREFACE[..18]], &[b"P", b"R"]];
        for parts in cases {
            let error = read_after(parts).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{parts:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn is_not_limited_once_the_protocol_is_known() {
        let cases: [&[&[u8]]; 5] = [
            &[b"G"],
            &[b"PO"],
            &[b"P", b"O"],
            &[PREFACE],
            &[&PREFACE[..18], b"SM\r\n\r\nand more"],
        ];
        for parts in cases {
            assert!(read_after(parts).await.is_ok(), "{parts:?}");
        }
    }
}
