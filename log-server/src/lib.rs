//! The faces of the log: each protocol parses within limits, calls the log, and renders. No face
//! touches the storage, and no face signs.
//!
//! | module | protocol |
//! |---|---|
//! | `rekor_v1` | Rekor v1, under `/api/v1/` |
//! | `rekor_v2` | `dev.sigstore.rekor.v2.Rekor` over gRPC, and under `/api/v2/` |
//! | `tiles` | C2SP tlog-tiles: `/checkpoint`, `/tile/...` |
//! | `log_v1` | `ledgerstone.v1.Log` over gRPC, and its reads as JSON under `/log/v1/` |
//! | `page` | a page for people at `/` |
//! | `admin` | metrics and health, on a port of their own |

mod admin;
mod admission;
mod api_version;
mod error;
mod face;
mod layers;
mod log_v1;
mod metrics;
mod page;
mod rekor_v1;
mod rekor_v2;
mod server;
mod settings;
mod space;
mod state;
mod telemetry;
mod tiles;
mod webhooks;

pub use metrics::Metrics;
pub use server::Reading;
pub use server::Server;
pub use server::ServerError;
pub use server::Sockets;
pub use server::router;
pub use settings::Definition;
pub use settings::LogOverrides;
pub use settings::OnDuplicate;
pub use settings::Overrides;
pub use settings::Settings;
pub use settings::SettingsError;
pub use settings::is_origin;
pub use telemetry::Telemetry;
pub use telemetry::init as init_telemetry;
pub use webhooks::WebhookError;
pub use webhooks::filter::WebhookRules;
