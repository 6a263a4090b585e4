//! All faces behind one port, and what they have in common: request ids, time limits, metrics,
//! panics.

use std::any::Any;
use std::sync::LazyLock;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State as Extract;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::Uri;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use ledgerstone_proto::FILE_DESCRIPTOR_SET;
use ledgerstone_proto::log::v1::log_server::LogServer;
use ledgerstone_proto::sigstore::rekor::v2::rekor_server::RekorServer;
use tonic::server::NamedService;
use tonic_health::pb::health_server::HealthServer;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use tracing::debug;
use tracing::debug_span;
use tracing::error;
use tracing::warn;

use crate::error::ApiError;
use crate::face::Routes;
use crate::layers::cors;
use crate::layers::deadline;
use crate::layers::encoding;
use crate::layers::host;
use crate::layers::leftover;
use crate::layers::request_id;
use crate::log_v1;
use crate::log_v1::grpc;
use crate::page;
use crate::rekor_v1;
use crate::rekor_v2;
use crate::server::admit;
use crate::server::health;
use crate::state::State;
use crate::tiles;

/// The description in OpenAPI 3.1, of our own writing.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// The service that lists the services.
const REFLECTION: &str = "grpc.reflection.v1.ServerReflection";

/// The route label of requests that match none.
const UNMATCHED: &str = "unmatched";

/// The same where metrics have upstream's names.
const UNRECOGNIZED: &str = "unrecognized";

/// What the gRPC library says, percent-encoded, of a message over the limit.
const OVERSIZED: &[u8] = b"decoded%20message%20length%20too%20large";

/// The router of the main port.
pub(crate) fn router(state: State) -> Router {
    // Around the routes, not within: it changes the path that they match.
    let clean =
        tower::util::MapRequestLayer::new(|request| rekor_v1::clean(host::remember(request)));
    Router::new().fallback_service(clean.layer(faces(state)))
}

fn faces(state: State) -> Router {
    let (v1, v2) = (&state.settings().rekor_v1, &state.settings().rekor_v2);
    let mut http = beside()
        .router()
        .merge(tiles::routes().router())
        .merge(log_v1::http::routes().router());
    if state.settings().page.page {
        http = http.merge(page::routes().router());
    }
    if v2.rekor_v2 {
        http = http.merge(rekor_v2::routes().router());
    }
    // Not 405: so answers the gateway of the reference server (rekor-v2, section 1.5).
    http = http.method_not_allowed_fallback(method_not_implemented);
    http = http.layer(middleware::from_fn_with_state(
        state.clone(),
        deadline::limit_http,
    ));
    if v1.rekor_v1 {
        http = http.merge(rekor_v1::router(&state));
    }
    http.layer(encoding::layer())
        .merge(grpc_router(&state))
        .fallback(not_found)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.clone(), admit::admit))
        .layer(middleware::from_fn(cors::allow))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .layer(middleware::from_fn(leftover::discard))
        .with_state(state)
}

fn grpc_router(state: &State) -> Router<State> {
    let mut services = vec![LogServer::<grpc::Face>::NAME];
    let mut router = mount(Router::new(), grpc::service(state.clone()));
    if state.settings().rekor_v2.rekor_v2 {
        services.push(RekorServer::<rekor_v2::Face>::NAME);
        router = mount(router, rekor_v2::service(state.clone()));
    }
    let health = health::service(state.clone(), services.clone());
    services.extend([HealthServer::<health::Reporter>::NAME, REFLECTION]);
    router = mount(router, health);
    let reflection = || {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
        // Lists what is served, and not what is switched off.
        let services = services.iter();
        services.fold(builder, |builder, name| builder.with_service_name(*name))
    };
    // The descriptors are our own, compiled in: a failure is a defect of the build, and costs only
    // the reflection.
    router = match (reflection().build_v1(), reflection().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => mount(mount(router, v1), v1alpha),
        (Err(error), _) | (_, Err(error)) => {
            error!(%error, "gRPC reflection is not available");
            router
        }
    };
    router
        .layer(middleware::map_response(oversized))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            deadline::limit_grpc,
        ))
}

/// Gives a message over the limit the code that the reference server gives it (rekor-v2, section
/// 1.5): the library's own is OUT_OF_RANGE.
async fn oversized(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let message = headers
        .get("grpc-message")
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let oversized = message
        .windows(OVERSIZED.len())
        .any(|part| part == OVERSIZED);
    if oversized && headers.get("grpc-status").is_some_and(|code| code == "11") {
        headers.insert("grpc-status", HeaderValue::from_static("8"));
    }
    response
}

fn mount<S>(router: Router<State>, service: S) -> Router<State>
where
    S: tower::Service<Request, Error = std::convert::Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    router.route_service(&format!("/{}/{{method}}", S::NAME), service)
}

/// What stands beside the faces.
pub(crate) fn beside() -> Routes {
    Routes::new()
        .get("/healthz", healthz)
        .get("/openapi.json", description)
}

async fn method_not_implemented() -> ApiError {
    ApiError::unimplemented("Method Not Allowed")
}

/// The description of all that is served over HTTP, but for Rekor v1, which has its own.
async fn description(Extract(state): Extract<State>) -> Response {
    let served = match state.settings().rekor_v2.rekor_v2 {
        true => OPENAPI,
        false => &WITHOUT_REKOR_V2,
    };
    ([(CONTENT_TYPE, "application/json")], served).into_response()
}

/// The description without a face that is switched off.
static WITHOUT_REKOR_V2: LazyLock<String> = LazyLock::new(|| {
    let document: Result<serde_json::Value, _> = serde_json::from_str(OPENAPI);
    let mut document = document.unwrap_or_default();
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.retain(|path, _| !path.starts_with(rekor_v2::PREFIX));
    }
    document.to_string()
});

/// The health answer of Rekor v2, on the main port as there.
async fn healthz() -> Response {
    (
        [(CONTENT_TYPE, "application/json")],
        r#"{"status":"SERVING"}"#,
    )
        .into_response()
}

async fn not_found(headers: HeaderMap, uri: Uri) -> Response {
    let grpc = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if grpc {
        return tonic::Status::unimplemented("no such service")
            .into_http::<tonic::body::Body>()
            .into_response();
    }
    if rekor_v1::is_v1(uri.path()) {
        return rekor_v1::not_found(uri.path());
    }
    ApiError::not_found("Not Found").into_response()
}

/// Gives each request an id, counts it, and logs it.
async fn observe(Extract(state): Extract<State>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id::of(request.headers());
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let path = request.uri().path().to_owned();
    // The face below sees the id that the answer and the log lines carry.
    request.headers_mut().insert(request_id::HEADER, id.clone());
    let span = debug_span!("request", id = id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span).await;

    let (status, took) = (response.status(), started.elapsed());
    let template = matched.as_ref().map(MatchedPath::as_str);
    count(&state, template, &path, &method, &response, took);
    let id_text = id.to_str().unwrap_or_default();
    // Who is turned away for now is counted. A line for each would cost more than to answer it.
    let is_turned_away = response.headers().contains_key(RETRY_AFTER);
    let is_fault = status.is_server_error() && status != http::StatusCode::NOT_IMPLEMENTED;
    if is_fault && !is_turned_away {
        warn!(id = id_text, %method, path, status = status.as_u16(), ?took, "request failed");
    } else {
        debug!(id = id_text, %method, path, status = status.as_u16(), ?took, "request");
    }
    response.headers_mut().insert(request_id::HEADER, id);
    response
}

/// Counts an answer. `template` is the route that its request matched, if any.
pub(crate) fn count(
    state: &State,
    template: Option<&str>,
    path: &str,
    method: &Method,
    answer: &Response,
    took: Duration,
) {
    let (status, route) = (answer.status(), template.unwrap_or(UNMATCHED));
    // gRPC has one route a service. The last part of the path is a method when the service knew it:
    // any other name must not become a label, since callers could make up any number of them.
    let grpc = grpc_code(answer);
    let known = status.is_success() && grpc != Some(tonic::Code::Unimplemented as u16);
    let route = if known && route.ends_with("/{method}") {
        path
    } else {
        route
    };
    let code = grpc.unwrap_or_else(|| status.as_u16());
    state.metrics().request(route, method, code, took);
    if rekor_v1::is_v1(path) {
        let (metrics, template) = (state.metrics(), template.unwrap_or(UNRECOGNIZED));
        metrics.rekor_request(template, method, status.as_u16(), took);
    }
}

/// The gRPC status of an answer that has no body.
fn grpc_code(response: &Response) -> Option<u16> {
    response
        .headers()
        .get("grpc-status")
        .map(HeaderValue::to_str)?
        .ok()?
        .parse()
        .ok()
}

fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    error!("a handler panicked");
    ApiError::internal().into_response()
}
