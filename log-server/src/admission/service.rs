//! What one connection serves its requests with.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::Request;
use hyper::body::Body as _;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::body::SizeHint;
use tower::Service;

use crate::admission::activity::Activity;
use crate::admission::activity::Busy;
use crate::admission::peer::Peer;
use crate::admission::proxies::Proxies;

/// Who sent a request: an extension of each that came over a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    /// Whether the connection is its own, and not that of a proxy.
    pub(crate) is_direct: bool,
}

/// The service of one connection: it says of each request who sent it, and notes from its head to
/// the last byte of its answer whether it waits for the server or for its client.
#[derive(Clone)]
pub(crate) struct ConnectionService<S> {
    pub(crate) service: S,
    pub(crate) address: IpAddr,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) activity: Arc<Activity>,
}

impl<S> Service<Request<Incoming>> for ConnectionService<S>
where
    S: Service<Request<Body>, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let caller = Caller {
            peer: self.proxies.caller(self.address, request.headers()),
            is_direct: !self.proxies.contain(self.address),
        };
        request.extensions_mut().insert(caller);
        let busy = Arc::new(self.activity.begin());
        let request = request.map(|body| match body.is_end_stream() {
            true => Body::empty(),
            false => Body::new(Upload {
                body,
                busy: Arc::clone(&busy),
            }),
        });
        let answer = self.service.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            busy.wait_for_reader();
            Ok(answer.map(|body| Body::new(Download { body, busy })))
        })
    }
}

/// The body of a request, which waits for its client while nothing comes.
struct Upload {
    body: Incoming,
    busy: Arc<Busy>,
}

/// The body of an answer, which waits for its client until the next part is asked for.
struct Download {
    body: Body,
    busy: Arc<Busy>,
}

impl hyper::body::Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match polled {
            Poll::Pending => self.busy.wait_for_sender(),
            Poll::Ready(_) => self.busy.work(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl hyper::body::Body for Download {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match polled {
            Poll::Pending => self.busy.work(),
            Poll::Ready(_) => self.busy.wait_for_reader(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
