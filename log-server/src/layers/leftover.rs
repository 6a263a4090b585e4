//! What callers still send when their answer is ready.
//!
//! A connection of HTTP/1.1 that is closed while its client writes is reset, and the client may
//! never read the answer: whoever sends more than the limit would see a broken pipe and not the
//! 413. So the answer is sent at once, and what is left of the body is read and thrown away
//! meanwhile, however long it is, for a bounded time.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use http::StatusCode;
use http::Version;
use http::header;
use hyper::body::Body as HttpBody;
use hyper::body::Frame;
use hyper::body::SizeHint;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long that may take, and how long nothing may come: those who do not stop are cut off.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(30);
const PAUSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Throws away what the faces leave of a body.
pub(crate) async fn discard(request: Request, next: Next) -> Response {
    // HTTP/2 ends one request without the others, and a client that waits for a word to go on has
    // sent nothing.
    let is_safe = request.version() > Version::HTTP_11
        || request.body().is_end_stream()
        || request.headers().contains_key(header::EXPECT);
    if is_safe {
        return next.run(request).await;
    }
    let (back, mut leftover) = oneshot::channel();
    let request = request.map(|body| {
        Body::new(Returned {
            body: Some(body),
            back: Some(back),
        })
    });
    let response = next.run(request).await;
    // Whoever was too slow already is not waited for.
    if response.status() != StatusCode::GATEWAY_TIMEOUT
        && let Ok(body) = leftover.try_recv()
    {
        // The connection lives as long as its body does, and sends the answer meanwhile.
        tokio::spawn(timeout(DISCARD_TIMEOUT, read_away(body)));
    }
    response
}

async fn read_away(body: Body) {
    let mut chunks = body.into_data_stream();
    // An error is an end too, and so is a pause.
    while let Ok(Some(Ok(_))) = timeout(PAUSE_TIMEOUT, chunks.next()).await {}
}

/// A body that goes back when it is dropped before its end.
struct Returned {
    body: Option<Body>,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Returned {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.as_ref().map(HttpBody::size_hint);
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take())
            && !body.is_end_stream()
        {
            // The request may be gone, and nobody waits.
            let _ = back.send(body);
        }
    }
}
