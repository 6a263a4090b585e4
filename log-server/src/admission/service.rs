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
use hyper::body::Frame;
use hyper::body::SizeHint;
use tower::Service;

use crate::admission::connections::Activity;
use crate::admission::connections::Busy;
use crate::admission::peer::Peer;
use crate::admission::proxies::Proxies;

/// Who sent a request: an extension of each that came over a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) Peer);

/// The service of one connection: it says of each request who sent it, and counts it as work from
/// its head to the last byte of its answer.
#[derive(Clone)]
pub(crate) struct ConnectionService<S> {
    pub(crate) service: S,
    pub(crate) address: IpAddr,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) activity: Arc<Activity>,
}

impl<S, B> Service<Request<B>> for ConnectionService<S>
where
    S: Service<Request<B>, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let caller = self.proxies.caller(self.address, request.headers());
        request.extensions_mut().insert(Caller(caller));
        let busy = self.activity.begin();
        let answer = self.service.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| Body::new(BusyBody { body, _busy: busy })))
        })
    }
}

/// The body of an answer, which is work until it is sent or given up.
struct BusyBody {
    body: Body,
    _busy: Busy,
}

impl hyper::body::Body for BusyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
