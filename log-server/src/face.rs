//! How a face over HTTP names its routes: in one list, which the description is compared with.

use axum::Router;
use axum::handler::Handler;
use axum::routing::get;
use axum::routing::post;
use http::Method;

use crate::state::State;

/// The routes of a face.
pub(crate) struct Routes {
    router: Router<State>,
    /// The method and the path of each.
    #[cfg(test)]
    pub(crate) named: Vec<(Method, &'static str)>,
}

impl Routes {
    pub(crate) fn new() -> Self {
        Self {
            router: Router::new(),
            #[cfg(test)]
            named: Vec::new(),
        }
    }

    /// Adds a read.
    pub(crate) fn get<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.router = self.router.route(path, get(handler));
        self.name(Method::GET, path)
    }

    /// Adds a write.
    pub(crate) fn post<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, State>,
        T: 'static,
    {
        self.router = self.router.route(path, post(handler));
        self.name(Method::POST, path)
    }

    /// All of them, as axum routes them.
    pub(crate) fn router(self) -> Router<State> {
        self.router
    }

    #[cfg(test)]
    fn name(mut self, method: Method, path: &'static str) -> Self {
        self.named.push((method, path));
        self
    }

    #[cfg(not(test))]
    fn name(self, _: Method, _: &'static str) -> Self {
        self
    }
}
