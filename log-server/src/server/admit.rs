//! The one way in for requests of all faces: how fast their caller sends, and whether there is
//! memory for them.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::State as Extract;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use hyper::body::Body as HttpBody;
use hyper::body::Frame;
use hyper::body::SizeHint;
use tonic::Status;

use crate::admission::caller;
use crate::admission::refusals::is_refusal;
use crate::admission::room::Room;
use crate::admission::service::Caller;
use crate::error::ApiError;
use crate::error::failure::Failure;
use crate::layers::metered::metered;
use crate::rekor_v1;
use crate::state::State;

/// An answer up to this length, in bytes, is sent whatever memory there is: it takes less than to
/// refuse it would.
const SMALL_ANSWER: u64 = 4 << 10;

/// What answers whoever asks how the server is, and so is never refused.
const HEALTH: [&str; 2] = ["/healthz", "/grpc.health.v1.Health/"];

/// How the paths of Rekor v1 and v2 end to which entries are submitted. Answers of gRPC do not say
/// how long they are.
const SUBMISSIONS: &str = "/log/entries";

/// Lets a request in, with room for it, or refuses it before anything of its body is read.
pub(crate) async fn admit(
    Extract(state): Extract<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if HEALTH.iter().any(|health| path.starts_with(health)) {
        return next.run(request).await;
    }
    let caller: Option<Caller> = request.extensions().get().copied();
    let peer = caller.map(|caller| caller.peer);
    let form = Form::of(path, request.headers());
    let room = match state.admit(peer, request.uri(), request.headers()) {
        Ok(room) => room,
        Err(failure) => {
            state.pause_refusal(caller).await;
            return form.refusal(failure);
        }
    };
    // Searches are posted as well, and can be asked for again.
    let is_submission = *request.method() == http::Method::POST && path.ends_with(SUBMISSIONS);
    request.extensions_mut().insert(room.clone());
    let request = request.map(|body| metered(body, &room));
    let answer = caller::work_for(peer, next.run(request)).await;
    if is_refusal(&answer) {
        // All that was made of the request is gone.
        room.shrink_to_head();
        state.pause_refusal(caller).await;
    }
    let length = answer.body().size_hint().lower();
    // What was done is done: whoever is not told would ask for it again.
    if length > SMALL_ANSWER
        && let Err(full) = room.cover(usize::try_from(length).unwrap_or(usize::MAX))
        && !is_submission
    {
        return form.refusal(full.into());
    }
    answer.map(|body| Body::new(Held { body, _room: room }))
}

/// In which form a caller reads a refusal.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Grpc,
    RekorV1,
    Other,
}

impl Form {
    /// The form that suits a request with this head.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
        if kind.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
            Self::Grpc
        } else if rekor_v1::is_v1(path) {
            Self::RekorV1
        } else {
            Self::Other
        }
    }

    /// A refusal in this form.
    pub(super) fn refusal(self, failure: Failure) -> Response {
        match self {
            Self::Grpc => Status::from(ApiError::from(failure))
                .into_http::<tonic::body::Body>()
                .into_response(),
            Self::RekorV1 => rekor_v1::failed(failure),
            Self::Other => ApiError::from(failure).into_response(),
        }
    }
}

/// The body of an answer, with room for it until it is sent.
struct Held {
    body: Body,
    _room: Room,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
