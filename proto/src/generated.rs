//! The generated code, in the module tree that the packages' names imply: it refers to its own
//! types by relative paths.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::nursery)]

pub mod dev {
    pub mod sigstore {
        pub mod bundle {
            /// `dev.sigstore.bundle.v1`
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.bundle.v1.rs"));
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.bundle.v1.serde.rs"));
            }
        }
        pub mod common {
            /// `dev.sigstore.common.v1`
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.common.v1.rs"));
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.common.v1.serde.rs"));
            }
        }
        pub mod rekor {
            /// `dev.sigstore.rekor.v1`
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.rekor.v1.rs"));
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.rekor.v1.serde.rs"));
            }
            /// `dev.sigstore.rekor.v2`
            pub mod v2 {
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.rekor.v2.rs"));
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.rekor.v2.serde.rs"));
            }
        }
        pub mod trustroot {
            /// `dev.sigstore.trustroot.v1`
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/dev.sigstore.trustroot.v1.rs"));
                include!(concat!(
                    env!("OUT_DIR"),
                    "/dev.sigstore.trustroot.v1.serde.rs"
                ));
            }
        }
    }
}

pub mod google {
    /// `google.api`
    pub mod api {
        include!(concat!(env!("OUT_DIR"), "/google.api.rs"));
    }
}

pub mod io {
    /// `io.intoto`
    pub mod intoto {
        include!(concat!(env!("OUT_DIR"), "/io.intoto.rs"));
        include!(concat!(env!("OUT_DIR"), "/io.intoto.serde.rs"));
    }
}

pub mod ledgerstone {
    /// `ledgerstone.v1`
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/ledgerstone.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/ledgerstone.v1.serde.rs"));
    }
}
