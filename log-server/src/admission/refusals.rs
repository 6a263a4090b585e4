//! How soon a caller is told that it is turned away.
//!
//! To refuse a request costs less than to do it, but not nothing: callers that ask again at once
//! could take the processor from those who were let in. So each caller is refused at once a few
//! times a second. More refusals are held back for as long as the caller is asked to wait in any
//! case; until then its request takes one of the places that its connection has, and nothing new
//! is read in its stead.

use std::time::Duration;

use axum::response::Response;
use http::header::RETRY_AFTER;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::admission::rates::Rates;
use crate::admission::service::Caller;

/// How many refusals a second a caller gets at once.
const AT_ONCE: usize = 64;

/// How long the others are held back.
const HELD: Duration = Duration::from_secs(1);

/// The refusals of all callers.
#[derive(Debug)]
pub(crate) struct Refusals {
    rates: Rates,
}

impl Refusals {
    pub(crate) fn new() -> Self {
        Self {
            rates: Rates::new(AT_ONCE),
        }
    }

    /// Waits until a refusal of `caller` may be sent, or the server ends.
    pub(crate) async fn pause(&self, caller: Option<Caller>, ending: &CancellationToken) {
        if !self.is_held(caller) {
            return;
        }
        tokio::select! {
            () = sleep(HELD) => {}
            () = ending.cancelled() => {}
        }
    }

    /// Whoever calls through a proxy holds no place of its own there, but one of those that all
    /// callers of the proxy share.
    fn is_held(&self, caller: Option<Caller>) -> bool {
        caller.is_some_and(|caller| caller.is_direct && self.rates.count(caller.peer).is_err())
    }
}

/// Whether an answer says, in whichever protocol, to ask again later.
pub(crate) fn is_refusal(answer: &Response) -> bool {
    let is_code = |code: Code| {
        let status = answer.headers().get("grpc-status");
        status.is_some_and(|status| status.as_bytes() == (code as i32).to_string().as_bytes())
    };
    answer.headers().contains_key(RETRY_AFTER)
        || is_code(Code::Unavailable)
        || is_code(Code::ResourceExhausted)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use futures::FutureExt;
    use tonic::Status;

    use super::*;
    use crate::admission::peer::Peer;
    use crate::error::ApiError;
    use crate::error::failure::Failure;

    fn caller(number: u8, is_direct: bool) -> Option<Caller> {
        let peer = Peer::of([192, 0, 2, number].into());
        Some(Caller { peer, is_direct })
    }

    /// How many of 10,000 refusals are sent at once.
    fn at_once(refusals: &Refusals, caller: Option<Caller>) -> usize {
        let ending = CancellationToken::new();
        let pauses = (0..10_000).map(|_| refusals.pause(caller, &ending).now_or_never());
        pauses.flatten().count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_is_refused_at_once_only_so_often() {
        let refusals = Refusals::new();
        let sent = at_once(&refusals, caller(1, true));
        assert!((AT_ONCE..2_000).contains(&sent), "{sent} refusals");
        refusals
            .pause(caller(2, true), &CancellationToken::new())
            .now_or_never()
            .unwrap();
        assert_eq!(at_once(&refusals, caller(1, false)), 10_000);
        assert_eq!(at_once(&refusals, None), 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_refusal_is_sent_at_last_and_no_later_than_the_server_ends() {
        let (refusals, ending) = (Refusals::new(), CancellationToken::new());
        at_once(&refusals, caller(1, true));
        refusals.pause(caller(1, true), &ending).await;
        let begun = tokio::time::Instant::now();
        ending.cancel();
        refusals.pause(caller(1, true), &ending).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[test]
    fn refusals_are_known_in_each_protocol() {
        let busy = ApiError::from(Failure::Busy);
        let grpc = |error: &ApiError| {
            let status = Status::from(error.clone());
            status.into_http::<tonic::body::Body>().into_response()
        };
        assert!(is_refusal(&busy.clone().into_response()));
        assert!(is_refusal(&grpc(&busy)));
        assert!(is_refusal(&grpc(&Failure::CallerShare.into())));
        let wrong = ApiError::invalid("no");
        assert!(!is_refusal(&wrong.clone().into_response()));
        assert!(!is_refusal(&grpc(&wrong)));
        assert!(!is_refusal(&().into_response()));
    }
}
