//! Why a policy cannot be used.

use std::io;
use std::path::PathBuf;

use crate::signer_key::SignerKeyError;
use crate::verify::expected::text::PatternError;

/// The longest policy that is read, in bytes.
pub const MAX_POLICY_BYTES: usize = 1 << 20;

/// The most rules that a policy may have.
pub const MAX_POLICY_RULES: usize = 256;

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// More than [`MAX_POLICY_BYTES`].
    #[error("the policy is longer than {MAX_POLICY_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_POLICY_RULES`].
    #[error("the policy has {0} rules, at most {MAX_POLICY_RULES} can be used")]
    TooManyRules(usize),
    /// Not TOML, or with something in it that no policy has.
    #[error("the policy cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A rule that is named does not exist.
    #[error("{by} names the rule {name:?}, which the policy does not have")]
    NoSuchRule {
        /// Who names it.
        by: String,
        /// What is named.
        name: String,
    },
    /// A rule leads back to itself.
    #[error("the rule {0:?} leads back to itself")]
    Circle(String),
    /// A rule that says too much or too little.
    #[error("the rule {name:?} {reason}")]
    Rule {
        /// Which rule.
        name: String,
        /// What is wrong with it.
        #[source]
        reason: RuleError,
    },
    /// A file that the policy names cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Why a rule cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Both what a bundle has to say and which rules have to hold.
    #[error("either combines other rules, with any or all, or says what it expects")]
    Mixed,
    /// A list of rules without any.
    #[error("combines no rules")]
    Empty,
    /// Several ways to say who signed.
    #[error("says more than one of: key, any-identity, a certificate's identity")]
    TwoSigners,
    /// A text and a pattern for the same.
    #[error("gives {0} as text and as regular expression")]
    TextAndPattern(&'static str),
    /// It does not say whose signature it expects.
    #[error(
        "does not say who has to have signed: give key, or certificate-oidc-issuer with \
         certificate-identity or another condition, or github-repository, or any-identity"
    )]
    Nobody,
    /// Something of an identity is asked for without the repository or the issuer.
    #[error(
        "does not say who has to vouch for the identity: give certificate-oidc-issuer (or \
         github-repository, for GitHub Actions)"
    )]
    NoIssuer,
    /// An extension that Fulcio does not have.
    #[error("names the extension {0:?}, which Fulcio does not have")]
    Extension(String),
    /// A regular expression that is none.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A key that cannot be read.
    #[error("has a key that cannot be used: {0}")]
    Key(#[from] SignerKeyError),
}
