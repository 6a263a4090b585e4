//! Which authority issued the certificates in an entry: anybody may put any name into a certificate
//! of their own making, and a log takes it.

use bytes::Bytes;
use ledgerstone_entry::DsseV002;
use ledgerstone_entry::EntryDescription;
use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::describe;
use ledgerstone_entry::pem;
use ledgerstone_entry::v1::DsseV001;
use ledgerstone_entry::v1::HashedRekordV001;
use ledgerstone_entry::v1::IntotoV001;
use ledgerstone_entry::v1::IntotoV002;
use ledgerstone_entry::v1::RekordV001;
use serde::Serialize;

use crate::trust::trusted_root::TrustedRoot;
use crate::verify::certificate::path::find_path;
use crate::verify::certificate::signing::CODE_SIGNING;
use crate::verify::certificate::signing::SigningCertificate;

/// Who a certificate in an entry says its holder is, and who vouches for that.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedCertificate {
    /// Whom it names.
    pub names: Vec<String>,
    /// The OpenID provider that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The authority of the trusted root that issued it, or `None` if none did: then all of this is
    /// what somebody wrote.
    pub authority: Option<String>,
}

/// The certificates of the signers in `body`, each with the authority of `trust` that issued it for
/// the time at which it begins. Whether certificate logs hold it, and when it was used, is not
/// looked at: an entry alone does not say.
pub fn issued_certificates(body: &[u8], trust: &TrustedRoot) -> Vec<IssuedCertificate> {
    let Ok(description) = describe(body) else {
        return Vec::new();
    };
    let chains = chains_in(&description).into_iter();
    chains.filter_map(|chain| issued(&chain, trust)).collect()
}

/// The certificates of the signers in `body`, in the order of the signatures, as PEM.
pub fn entry_certificates(body: &[u8]) -> Vec<String> {
    let Ok(description) = describe(body) else {
        return Vec::new();
    };
    let chains = chains_in(&description).into_iter();
    let first = chains.filter_map(|chain| chain.into_iter().next());
    first
        .map(|der| pem::encode(pem::CERTIFICATE, &der))
        .collect()
}

/// Whether an authority of `trust` issued the certificate of each signer in `body`, in their order;
/// `None` for a signer without a certificate that can be read.
pub(crate) fn issued_by_trusted(body: &[u8], trust: &TrustedRoot) -> Vec<Option<bool>> {
    let Ok(description) = describe(body) else {
        return Vec::new();
    };
    let chains = chains_in(&description).into_iter();
    let issued = chains.map(|chain| issued(&chain, trust));
    issued
        .map(|issued| issued.map(|certificate| certificate.authority.is_some()))
        .collect()
}

fn issued(chain: &[Bytes], trust: &TrustedRoot) -> Option<IssuedCertificate> {
    let (first, others) = chain.split_first()?;
    let certificate = SigningCertificate::read(first).ok()?;
    let (begin, _) = certificate.validity();
    let times = [begin.saturating_mul(1_000)];
    let authorities = trust.certificate_authorities();
    let path = find_path(&certificate, others, authorities, &times, CODE_SIGNING);
    Some(IssuedCertificate {
        names: certificate.names(),
        issuer: certificate.issuer(),
        authority: path.ok().map(|path| path.authority),
    })
}

/// The chains of certificates in an entry, the signers' first, DER.
fn chains_in(entry: &EntryDescription) -> Vec<Vec<Bytes>> {
    let of_pem = |text: &Bytes| {
        let blocks = pem::blocks(&String::from_utf8_lossy(text), pem::CERTIFICATE);
        blocks.into_iter().map(Bytes::from).collect::<Vec<_>>()
    };
    let of_material = |material: &VerifierMaterial| match material {
        VerifierMaterial::Certificate(der) => vec![der.clone()],
        VerifierMaterial::PublicKey(_) => Vec::new(),
    };
    if let Some(body) = entry.content::<HashedRekordV002>() {
        return vec![of_material(&body.signature.verifier.material)];
    }
    if let Some(body) = entry.content::<DsseV002>() {
        let signatures = body.signatures.iter();
        return signatures
            .map(|it| of_material(&it.verifier.material))
            .collect();
    }
    if let Some(body) = entry.content::<HashedRekordV001>() {
        return vec![of_pem(&body.public_key)];
    }
    if let Some(body) = entry.content::<DsseV001>() {
        return body
            .signatures
            .iter()
            .map(|it| of_pem(&it.verifier))
            .collect();
    }
    if let Some(body) = entry.content::<IntotoV001>() {
        return vec![of_pem(&body.public_key)];
    }
    if let Some(body) = entry.content::<IntotoV002>() {
        return body
            .signatures
            .iter()
            .map(|it| of_pem(&it.public_key))
            .collect();
    }
    match entry.content::<RekordV001>() {
        Some(body) => vec![of_pem(&body.public_key)],
        None => Vec::new(),
    }
}
