//! Instances of Sigstore that are known by name.

use crate::trust::error::TrustError;
use crate::trust::trusted_root::TrustedRoot;

/// An instance of Sigstore whose root is shipped with this program. It is refreshed by TUF only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Instance {
    name: &'static str,
    url: &'static str,
    root: &'static [u8],
    trusted_root: &'static [u8],
}

impl Instance {
    /// The instance of this name.
    pub fn named(name: &str) -> Option<Self> {
        INSTANCES.iter().find(|one| one.name == name).copied()
    }

    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> {
        INSTANCES.iter().map(|one| one.name)
    }

    /// Its TUF repository.
    pub fn url(&self) -> &'static str {
        self.url
    }

    /// The root of its repository, as it was when this program was made.
    pub fn root(&self) -> &'static [u8] {
        self.root
    }

    /// Its trusted root, as it was when this program was made.
    ///
    /// # Errors
    /// None that a release has: a test reads it.
    pub fn shipped(&self) -> Result<TrustedRoot, TrustError> {
        TrustedRoot::parse(self.trusted_root)
    }
}

const INSTANCES: &[Instance] = &[Instance {
    name: "sigstore",
    url: "https://tuf-repo-cdn.sigstore.dev",
    root: include_bytes!("../../assets/sigstore/root.json"),
    trusted_root: include_bytes!("../../assets/sigstore/trusted_root.json"),
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_can_be_read() {
        assert_eq!(Instance::names().collect::<Vec<_>>(), ["sigstore"]);
        let instance = Instance::named("sigstore").unwrap();
        let shipped = instance.shipped().unwrap();
        assert_eq!(shipped.left_out(), [""; 0]);
        assert!(!shipped.certificate_authorities().is_empty());
        assert!(ledgerstone_tuf::TrustedMetadata::new(instance.root()).is_ok());
        assert_eq!(Instance::named("other"), None);
    }
}
