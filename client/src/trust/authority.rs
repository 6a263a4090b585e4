//! Authorities that a trusted root lists: for certificates, and for time stamps.

use bytes::Bytes;
use der::Decode;
use ledgerstone_proto::sigstore::trustroot::v1 as proto;
use x509_cert::Certificate;

use crate::trust::error::MAX_AUTHORITY_CERTIFICATES;
use crate::trust::error::TrustError;
use crate::trust::window::Window;

/// An authority that is trusted for some time, with its certificates.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedAuthority {
    name: String,
    /// DER, as the trusted root lists them: the root is the last one.
    certificates: Vec<Bytes>,
    window: Window,
}

impl TrustedAuthority {
    /// The authority that `message` describes.
    pub(crate) fn new(message: &proto::CertificateAuthority) -> Result<Self, TrustError> {
        let chain = message.cert_chain.as_ref();
        let chain = chain.map(|chain| chain.certificates.as_slice());
        let certificates: Vec<Bytes> = chain
            .unwrap_or_default()
            .iter()
            .map(|certificate| certificate.raw_bytes.clone())
            .collect();
        if certificates.is_empty() || certificates.len() > MAX_AUTHORITY_CERTIFICATES {
            return Err(TrustError::ChainLength(certificates.len()));
        }
        for der in &certificates {
            Certificate::from_der(der).map_err(TrustError::Certificate)?;
        }
        Ok(Self {
            name: name(message),
            certificates,
            window: Window::new(message.valid_for.as_ref())?,
        })
    }

    /// What the trusted root calls it: organisation and URL.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it is trusted.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The certificate that the path has to end with.
    pub(crate) fn root(&self) -> &Bytes {
        self.certificates.last().expect("there is at least one")
    }

    /// All certificates but the root, as they are listed.
    pub(crate) fn below_root(&self) -> &[Bytes] {
        let last = self.certificates.len() - 1;
        &self.certificates[..last]
    }
}

/// Organisation, common name and URL, as far as there are such.
fn name(message: &proto::CertificateAuthority) -> String {
    let subject = message.subject.as_ref();
    let organization = subject.map(|subject| subject.organization.as_str());
    let common_name = subject.map(|subject| subject.common_name.as_str());
    let mut parts: Vec<&str> = Vec::new();
    for part in [organization, common_name, Some(message.uri.as_str())] {
        let part = part.unwrap_or_default();
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(", ")
}
