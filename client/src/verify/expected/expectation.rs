//! Everything that a verifier expects of a bundle.

use crate::signer_key::SignerKey;
use crate::verify::expected::identity::Identity;
use crate::verify::expected::statement::ExpectedStatement;
use crate::verify::expected::thresholds::Thresholds;

/// Everything that a verifier expects of a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Who has to have signed.
    pub signer: ExpectedSigner,
    /// What the statement has to say.
    pub statement: ExpectedStatement,
    /// How much has to show it.
    pub thresholds: Thresholds,
}

/// Who has to have signed.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectedSigner {
    /// The holder of this key. A bundle with a certificate has to have one for the key, and the
    /// certificate is believed in nothing else.
    Key(Box<SignerKey>),
    /// The holder of a certificate that says this.
    Certified(Identity),
    /// Whoever has a certificate of an authority that is trusted: nobody asked who.
    AnyCertified,
    /// Nothing was said. A bundle with a certificate is refused, and so is one with a key.
    Nobody,
}

impl Expectation {
    /// Signed by `signer`, in one log. The statement may say anything.
    pub fn of(signer: ExpectedSigner) -> Self {
        Self {
            signer,
            statement: ExpectedStatement::default(),
            thresholds: Thresholds::default(),
        }
    }
}
