//! By which name a server was called.

use axum::extract::FromRequestParts;
use axum::extract::Request;
use http::header::HOST;
use http::request::Parts;

/// The host name that a request was sent to, in lower case and without its port; empty where it
/// names none. Behind a proxy it is what the proxy passes on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Host(String);

impl Host {
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// As HTTP/2 has it in the authority of the URI, or HTTP/1.1 in a header.
    fn of(uri: &http::Uri, headers: &http::HeaderMap) -> Self {
        let header = || headers.get(HOST)?.to_str().ok()?.parse().ok();
        let authority = uri.authority().cloned().or_else(header);
        let name = authority.map(|authority: http::uri::Authority| authority.host().to_lowercase());
        Self(name.unwrap_or_default())
    }
}

/// Keeps the name for handlers that see no head of a request, those of gRPC.
pub(crate) fn remember(mut request: Request) -> Request {
    let host = Host::of(request.uri(), request.headers());
    request.extensions_mut().insert(host);
    request
}

impl<S: Sync> FromRequestParts<S> for Host {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(uri: &str, header: Option<&str>) -> String {
        let mut request = http::Request::get(uri);
        if let Some(header) = header {
            request = request.header(HOST, header);
        }
        let request = request.body(()).unwrap();
        Host::of(request.uri(), request.headers()).0
    }

    #[test]
    fn is_a_name_without_its_port() {
        assert_eq!(
            host("/checkpoint", Some("Log.Example.com:3000")),
            "log.example.com"
        );
        assert_eq!(
            host("http://log.example.com:3000/", None),
            "log.example.com"
        );
        assert_eq!(host("/checkpoint", Some("[::1]:3000")), "[::1]");
        assert_eq!(host("/checkpoint", Some("not a host")), "");
        assert_eq!(host("/checkpoint", None), "");
    }
}
