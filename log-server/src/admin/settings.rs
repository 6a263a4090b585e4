//! The settings of the admin port.

use std::net::SocketAddr;

use crate::settings::section::section;

section! {
    /// Where the admin port is.
    pub struct AdminSettings from AdminOverrides {
        /// Address of /metrics, /healthz, /readyz, /reindex and /statements/remove; not for the
        /// public
        [ADDRESS] admin_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 2112));
    }
}
