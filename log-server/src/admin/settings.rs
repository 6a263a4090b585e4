//! The settings of the admin port.

use crate::settings::address::ListenAddress;
use crate::settings::section::section;

section! {
    /// Where the admin port is.
    pub struct AdminSettings from AdminOverrides {
        /// Address of /metrics, /healthz, /readyz, /reindex, /webhook-rules and
        /// /statements/remove; not for the public
        [ADDRESS] admin_listen: ListenAddress = ListenAddress::loopback(2112);
    }
}
