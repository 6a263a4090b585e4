//! The bodies of requests, which take memory as they come, whichever face reads them.

use std::error::Error;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::Body as HttpBody;
use hyper::body::Frame;
use hyper::body::SizeHint;
use thiserror::Error;
use tonic::Status;

use crate::admission::room::Room;
use crate::error::ApiError;
use crate::error::failure::Failure;

/// `body`, which takes `room` as it comes.
pub(crate) fn metered(body: Body, room: &Room) -> Body {
    match body.is_end_stream() {
        true => body,
        false => Body::new(Metered {
            body,
            room: room.clone(),
        }),
    }
}

/// The body of a request, which takes room as it comes.
struct Metered {
    body: Body,
    room: Room,
}

/// Why the rest of a body is not read.
#[derive(Debug, Error)]
#[error("{}", .failure.text())]
pub(crate) struct NotRead {
    failure: Failure,
    /// What the gRPC library answers with.
    #[source]
    status: Status,
}

impl NotRead {
    fn new(failure: Failure) -> Self {
        let status = ApiError::from(failure.clone()).into();
        Self { failure, status }
    }

    /// What `error`, which ended the body of a request, says of it.
    pub(crate) fn failure(error: &axum::Error) -> Failure {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if let Some(not_read) = error.downcast_ref::<Self>() {
                return not_read.failure.clone();
            }
            cause = error.source();
        }
        Failure::BodyCut
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && let Err(full) = self.room.grow(data.len())
        {
            let error = axum::Error::new(NotRead::new(full.into()));
            return Poll::Ready(Some(Err(error)));
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
