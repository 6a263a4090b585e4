//! What is refused before it is looked at.
//!
//! Over HTTP/2 a caller may send far more submissions than the log can take. Those whose turn would
//! not come in time are refused here, before a route is found for them and anything of their body
//! is read; everything else is let in by [`admit`](crate::server::admit), where the same is asked
//! once more.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures::future::Either;
use http::Method;
use http::Version;
use http::header::ORIGIN;
use tower::Service;

use crate::admission::service::Caller;
use crate::error::failure::Failure;
use crate::layers::request_id;
use crate::server::admit::Form;
use crate::server::routes;
use crate::state::State;

/// Where entries are submitted.
const SUBMISSIONS: [&str; 3] = [
    "/api/v2/log/entries",
    "/api/v1/log/entries",
    "/dev.sigstore.rekor.v2.Rekor/CreateEntry",
];

/// The faces, behind what is refused before.
#[derive(Clone)]
pub(super) struct Gate {
    state: State,
    router: Router,
}

type Refusal = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Gate {
    /// A gate before `router`.
    pub(super) fn new(state: State, router: Router) -> Self {
        Self { state, router }
    }

    /// The path and the reason, for a submission that would wait for too long. A script in a page
    /// is refused where it is told that it may read so.
    fn refused(&self, request: &Request) -> Option<(&'static str, Failure)> {
        let may_be = request.version() == Version::HTTP_2
            && request.method() == Method::POST
            && !request.headers().contains_key(ORIGIN);
        let path = request.uri().path();
        let path = SUBMISSIONS.into_iter().find(|one| may_be && *one == path)?;
        let caller = request.extensions().get::<Caller>()?;
        let refused = self.state.check_turn_of(Some(caller.peer));
        refused.err().map(|failure| (path, failure))
    }

    /// Refuses a request, no sooner than its caller may be told.
    fn refuse(&self, path: &'static str, failure: Failure, request: &Request) -> Refusal {
        let (state, started) = (self.state.clone(), Instant::now());
        let caller = request.extensions().get().copied();
        let form = Form::of(path, request.headers());
        let id = request_id::of(request.headers());
        Box::pin(async move {
            state.pause_refusal(caller).await;
            let mut answer = form.refusal(failure);
            routes::count(
                &state,
                Some(path),
                path,
                &Method::POST,
                &answer,
                started.elapsed(),
            );
            answer.headers_mut().insert(request_id::HEADER, id);
            Ok(answer)
        })
    }
}

impl Service<Request<Body>> for Gate {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<<Router as Service<Request<Body>>>::Future, Refusal>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.refused(&request) {
            Some((path, failure)) => Either::Right(self.refuse(path, failure, &request)),
            None => Either::Left(self.router.call(request)),
        }
    }
}
