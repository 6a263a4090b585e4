//! The ways of signing that the log knows, and the set of those that it accepts.

use std::fmt;

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;

use crate::key::key_type::KeyType;

/// The ways of signing that the log knows: a key type with the hash that goes before it, if one
/// does.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 over SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 over SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-521 over SHA-512.
    EcdsaP521Sha512,
    /// RSA PKCS#1 v1.5 of 2048 bits over SHA-256.
    RsaPkcs1Size2048Sha256,
    /// RSA PKCS#1 v1.5 of 3072 bits over SHA-256.
    RsaPkcs1Size3072Sha256,
    /// RSA PKCS#1 v1.5 of 4096 bits over SHA-256.
    RsaPkcs1Size4096Sha256,
    /// Ed25519 over the message itself. Only where the message is at hand: never for a hashedrekord
    /// entry.
    Ed25519,
    /// Ed25519ph, over SHA-512.
    Ed25519Ph,
}

impl SigningAlgorithm {
    /// All of them: what a log accepts unless it is configured to accept less.
    pub const ALL: [Self; 8] = [
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
        Self::EcdsaP521Sha512,
        Self::RsaPkcs1Size2048Sha256,
        Self::RsaPkcs1Size3072Sha256,
        Self::RsaPkcs1Size4096Sha256,
        Self::Ed25519,
        Self::Ed25519Ph,
    ];

    /// The algorithm that `details` stand for, or `None` for one that the log does not know.
    pub fn from_details(details: PublicKeyDetails) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.details() == details)
    }

    /// The algorithm that Sigstore's configuration files and flags call `name`, such as
    /// `ecdsa-sha2-256-nistp256`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// What Sigstore's configuration files and flags call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ecdsa-sha2-256-nistp256",
            Self::EcdsaP384Sha384 => "ecdsa-sha2-384-nistp384",
            Self::EcdsaP521Sha512 => "ecdsa-sha2-512-nistp521",
            Self::RsaPkcs1Size2048Sha256 => "rsa-sign-pkcs1-2048-sha256",
            Self::RsaPkcs1Size3072Sha256 => "rsa-sign-pkcs1-3072-sha256",
            Self::RsaPkcs1Size4096Sha256 => "rsa-sign-pkcs1-4096-sha256",
            Self::Ed25519 => "ed25519",
            Self::Ed25519Ph => "ed25519-ph",
        }
    }

    /// How an entry names it.
    pub fn details(self) -> PublicKeyDetails {
        match self {
            Self::EcdsaP256Sha256 => PublicKeyDetails::PkixEcdsaP256Sha256,
            Self::EcdsaP384Sha384 => PublicKeyDetails::PkixEcdsaP384Sha384,
            Self::EcdsaP521Sha512 => PublicKeyDetails::PkixEcdsaP521Sha512,
            Self::RsaPkcs1Size2048Sha256 => PublicKeyDetails::PkixRsaPkcs1v152048Sha256,
            Self::RsaPkcs1Size3072Sha256 => PublicKeyDetails::PkixRsaPkcs1v153072Sha256,
            Self::RsaPkcs1Size4096Sha256 => PublicKeyDetails::PkixRsaPkcs1v154096Sha256,
            Self::Ed25519 => PublicKeyDetails::PkixEd25519,
            Self::Ed25519Ph => PublicKeyDetails::PkixEd25519Ph,
        }
    }

    /// The type of the keys that sign this way.
    pub fn key_type(self) -> KeyType {
        match self {
            Self::EcdsaP256Sha256 => KeyType::EcdsaP256,
            Self::EcdsaP384Sha384 => KeyType::EcdsaP384,
            Self::EcdsaP521Sha512 => KeyType::EcdsaP521,
            Self::RsaPkcs1Size2048Sha256 => KeyType::Rsa2048,
            Self::RsaPkcs1Size3072Sha256 => KeyType::Rsa3072,
            Self::RsaPkcs1Size4096Sha256 => KeyType::Rsa4096,
            Self::Ed25519 | Self::Ed25519Ph => KeyType::Ed25519,
        }
    }

    /// The hash that is signed, or `None` when the message itself is.
    pub fn hash_algorithm(self) -> Option<HashAlgorithm> {
        (self != Self::Ed25519).then(|| self.key_type().hash_algorithm())
    }
}

impl KeyType {
    /// The algorithm that a hashedrekord entry by such a key is logged under.
    ///
    /// Verifiers rebuild an entry from a bundle with this one, since a bundle does not say which
    /// was used.
    pub fn default_algorithm(self) -> SigningAlgorithm {
        match self {
            Self::EcdsaP256 => SigningAlgorithm::EcdsaP256Sha256,
            Self::EcdsaP384 => SigningAlgorithm::EcdsaP384Sha384,
            Self::EcdsaP521 => SigningAlgorithm::EcdsaP521Sha512,
            Self::Rsa2048 => SigningAlgorithm::RsaPkcs1Size2048Sha256,
            Self::Rsa3072 => SigningAlgorithm::RsaPkcs1Size3072Sha256,
            Self::Rsa4096 => SigningAlgorithm::RsaPkcs1Size4096Sha256,
            Self::Ed25519 => SigningAlgorithm::Ed25519Ph,
        }
    }
}

/// The name in configuration files and flags.
impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which ways of signing a log accepts. A set can only be narrower than [`SigningAlgorithm::ALL`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlgorithmSet(u16);

impl AlgorithmSet {
    /// The set of `algorithms`.
    pub fn new(algorithms: impl IntoIterator<Item = SigningAlgorithm>) -> Self {
        Self(
            algorithms
                .into_iter()
                .fold(0, |bits, algorithm| bits | bit(algorithm)),
        )
    }

    /// The set of the algorithms called `names`, in the spelling of [`SigningAlgorithm::name`].
    ///
    /// # Errors
    /// [`AlgorithmSetError`] for a name that the log does not know, or when there is none at all.
    pub fn from_names<N: AsRef<str>>(
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, AlgorithmSetError> {
        let mut set = Self(0);
        for name in names {
            let name = name.as_ref();
            let algorithm = SigningAlgorithm::from_name(name)
                .ok_or_else(|| AlgorithmSetError::Unknown(name.to_owned()))?;
            set.0 |= bit(algorithm);
        }
        if set.0 == 0 {
            return Err(AlgorithmSetError::Empty);
        }
        Ok(set)
    }

    /// Whether `algorithm` is accepted.
    pub fn contains(self, algorithm: SigningAlgorithm) -> bool {
        self.0 & bit(algorithm) != 0
    }

    /// The names of the algorithms in the set, as [`Self::from_names`] reads them.
    pub fn names(self) -> Vec<String> {
        self.iter()
            .map(|algorithm| algorithm.name().to_owned())
            .collect()
    }

    /// The algorithms in the set.
    pub fn iter(self) -> impl Iterator<Item = SigningAlgorithm> {
        SigningAlgorithm::ALL
            .into_iter()
            .filter(move |algorithm| self.contains(*algorithm))
    }
}

impl Default for AlgorithmSet {
    fn default() -> Self {
        Self::new(SigningAlgorithm::ALL)
    }
}

/// Why a list of names is not a set of algorithms.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AlgorithmSetError {
    /// Not a way of signing that the log knows.
    #[error("unknown signing algorithm {0:?}")]
    Unknown(String),
    /// A log that accepts nothing is a mistake.
    #[error("no signing algorithm is named")]
    Empty,
}

fn bit(algorithm: SigningAlgorithm) -> u16 {
    1 << algorithm as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_details_are_read_back() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(
                SigningAlgorithm::from_name(algorithm.name()),
                Some(algorithm)
            );
            assert_eq!(
                SigningAlgorithm::from_details(algorithm.details()),
                Some(algorithm)
            );
        }
    }

    #[test]
    fn the_default_details_of_a_key_type_describe_it() {
        for algorithm in SigningAlgorithm::ALL {
            let default = algorithm.key_type().default_algorithm();
            assert_eq!(default.key_type(), algorithm.key_type());
            assert!(
                default.hash_algorithm().is_some(),
                "{default} signs no digest"
            );
        }
    }

    #[test]
    fn the_default_set_is_everything_and_names_narrow_it() {
        assert_eq!(
            AlgorithmSet::default().iter().count(),
            SigningAlgorithm::ALL.len()
        );
        let set = AlgorithmSet::from_names(["ed25519-ph", "ecdsa-sha2-256-nistp256"]).unwrap();
        assert!(set.contains(SigningAlgorithm::Ed25519Ph));
        assert!(set.contains(SigningAlgorithm::EcdsaP256Sha256));
        assert!(!set.contains(SigningAlgorithm::Ed25519));
        assert_eq!(set.names(), ["ecdsa-sha2-256-nistp256", "ed25519-ph"]);
    }

    #[test]
    fn unknown_names_and_an_empty_list_are_refused() {
        assert_eq!(
            AlgorithmSet::from_names(["rsa-sign-pss-2048-sha256"]),
            Err(AlgorithmSetError::Unknown(
                "rsa-sign-pss-2048-sha256".to_owned()
            ))
        );
        assert_eq!(
            AlgorithmSet::from_names::<&str>([]),
            Err(AlgorithmSetError::Empty)
        );
    }
}
