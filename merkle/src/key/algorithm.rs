//! The algorithms of note keys, with the byte that stands for each.

/// What a note key signs, and how.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum KeyAlgorithm {
    /// Ed25519 over the note's text.
    Ed25519,
    /// ECDSA with P-256 and SHA-256 over the note's text, the signature in ASN.1 DER.
    EcdsaP256,
    /// Ed25519 over a time and the text of a checkpoint: a witness's cosignature (C2SP
    /// tlog-cosignature).
    CosignatureV1,
}

impl KeyAlgorithm {
    /// The byte that stands for the algorithm in ids and vkeys.
    pub const fn type_byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::EcdsaP256 => 0x02,
            Self::CosignatureV1 => 0x04,
        }
    }

    pub(crate) const fn from_type_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x02 => Some(Self::EcdsaP256),
            0x04 => Some(Self::CosignatureV1),
            _ => None,
        }
    }
}
