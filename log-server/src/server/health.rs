//! gRPC health (`grpc.health.v1.Health`): SERVING until the server drains.

use std::pin::Pin;

use futures::Stream;
use futures::StreamExt;
use futures::stream;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use tonic::async_trait;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::health_server::HealthServer;

use crate::state::State;

/// Answers for the server as a whole, which has the empty name, and for `services`.
pub(crate) fn service(state: State, services: Vec<&'static str>) -> HealthServer<Reporter> {
    HealthServer::new(Reporter { state, services })
}

pub(crate) struct Reporter {
    state: State,
    services: Vec<&'static str>,
}

impl Reporter {
    fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.services.contains(&service)
    }
}

#[async_trait]
impl Health for Reporter {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !self.knows(&request.get_ref().service) {
            return Err(Status::not_found("service not registered"));
        }
        Ok(Response::new(match self.state.draining().is_cancelled() {
            true => told(ServingStatus::NotServing),
            false => told(ServingStatus::Serving),
        }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    /// Tells the status now, and when it changes. Ends with the server: a drain does not wait for
    /// those who watch it.
    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let draining = self.state.draining().clone();
        if !self.knows(&request.get_ref().service) {
            // As the protocol has it: the stream stays open, for a service that may come.
            let unknown = stream::once(async { Ok(told(ServingStatus::ServiceUnknown)) });
            let unknown = unknown.chain(stream::pending());
            let until = unknown.take_until(draining.cancelled_owned());
            return Ok(Response::new(until.boxed()));
        }
        let is_serving = !draining.is_cancelled();
        let now = stream::iter(is_serving.then(|| Ok(told(ServingStatus::Serving))));
        let end = stream::once(async move {
            draining.cancelled().await;
            Ok(told(ServingStatus::NotServing))
        });
        Ok(Response::new(now.chain(end).boxed()))
    }
}

fn told(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rekor_v1::tests::Site;

    #[tokio::test]
    async fn all_services_serve_until_the_drain_and_others_are_unknown() {
        let state = Site::new().await.state;
        let services = vec!["a.Service"];
        let reporter = Reporter { state, services };
        let ask = |service: &str| {
            let service = service.to_owned();
            Request::new(HealthCheckRequest { service })
        };
        for expected in [ServingStatus::Serving, ServingStatus::NotServing] {
            for service in ["", "a.Service"] {
                let answer = reporter.check(ask(service)).await.unwrap();
                assert_eq!(answer.get_ref().status(), expected, "{service:?}");
                let mut watch = reporter.watch(ask(service)).await.unwrap().into_inner();
                let first = watch.next().await.unwrap().unwrap();
                assert_eq!(first.status(), expected, "{service:?}");
            }
            let refused = reporter.check(ask("b.Service")).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::NotFound);
            reporter.state.draining().cancel();
        }
    }
}
