//! What a verification leaves unchecked.

/// A claim that was not verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unchecked {
    /// The certificate's chain, validity, extended usage and transparency: it proves nothing about
    /// who signed.
    Certificate,
    /// Whose the certificate is: nobody asked.
    Identity,
    /// Whether certificate logs hold the certificate: nobody asked.
    CertificateLogs,
    /// The comments in a signature file of minisign, the one that it signs included.
    Comments,
    /// When a signature of OpenPGP was made: key and subkey held at the time that it says itself.
    SignersTime,
    /// Further signatures of an envelope: one was verified.
    OtherSignatures,
    /// RFC 3161 time stamps.
    Timestamps,
    /// Whether the log holds the entry: it promised to, and the bundle has no proof that it does.
    Inclusion,
    /// Whether the log holds this signature: the oldest kind of envelope names what was signed, and
    /// by whom, and no more.
    LoggedSignature,
    /// Signatures of witnesses on the checkpoint.
    Cosignatures,
    /// When the entry was logged: the key of the log is no longer valid, and the entry has no
    /// verified time.
    LogKeyEnded,
}

impl std::fmt::Display for Unchecked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Certificate => "who the certificate was issued to, by whom and for when",
            Self::Identity => "whose the certificate is: nobody asked",
            Self::CertificateLogs => "whether certificate logs hold the certificate: nobody asked",
            Self::Comments => "the comments in the signature file",
            Self::SignersTime => {
                "when the signature was made: it says so itself, and the key held at that time"
            }
            Self::OtherSignatures => "the other signatures of the envelope",
            Self::Timestamps => "the signed time stamps",
            Self::Inclusion => "whether the log holds the entry: it only promised to",
            Self::LoggedSignature => {
                "whether the log holds this very signature: its entry names payload and key only"
            }
            Self::Cosignatures => "the signatures of witnesses",
            Self::LogKeyEnded => {
                "whether it was logged while the log's key was valid: that time has ended \
                 (validFor)"
            }
        })
    }
}
