//! Signed certificate timestamps: certificate logs of the trusted root saw the certificate before
//! it was used (RFC 6962, sections 3.2 and 3.3).

use aws_lc_rs::digest;
use ledgerstone_entry::key::KeyType;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::trust::ct_log::CtLog;
use crate::verify::certificate::fault::SctFault;
use crate::verify::certificate::precertificate::Precertificate;

/// The most time stamps that a certificate may have.
pub const MAX_SCTS: usize = 16;

/// A certificate log that signed a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct VerifiedSct {
    /// Its URL.
    pub(crate) log: String,
    /// In milliseconds since 1970.
    pub(crate) time: u64,
}

/// The certificate logs among `logs` that signed `certificate`, which the holder of the key
/// `issuer_spki` issued. Each log counts once.
///
/// Time stamps by other logs say nothing, as long as enough do; one that claims to be by a log of
/// the trusted root and is not is a fault.
pub(crate) fn verify_scts(
    certificate: &[u8],
    issuer_spki: &[u8],
    logs: &[CtLog],
) -> Result<Vec<VerifiedSct>, SctFault> {
    let precertificate = Precertificate::of(certificate)
        .map_err(|_| SctFault::Malformed("the certificate cannot be taken apart"))?;
    let list = precertificate.timestamps.ok_or(SctFault::None)?;
    let (mut verified, mut unknown) = (Vec::<VerifiedSct>::new(), Vec::new());
    for sct in read_list(list)? {
        let Some(log) = logs.iter().find(|log| log.id() == sct.log_id) else {
            unknown.push(hex::encode(sct.log_id));
            continue;
        };
        sct.verify(log, &precertificate.signed_part, issuer_spki)?;
        if verified.iter().all(|other| other.log != log.name()) {
            verified.push(VerifiedSct {
                log: log.name().to_owned(),
                time: sct.time,
            });
        }
    }
    match verified.is_empty() {
        true if unknown.is_empty() => Err(SctFault::None),
        true => Err(SctFault::UnknownLog(unknown.join(", "))),
        false => Ok(verified),
    }
}

/// A signed certificate timestamp of version 1.
struct Sct<'a> {
    log_id: &'a [u8],
    time: u64,
    extensions: &'a [u8],
    hash: HashAlgorithm,
    is_ecdsa: bool,
    signature: &'a [u8],
}

impl Sct<'_> {
    fn verify(&self, log: &CtLog, signed_part: &[u8], issuer_spki: &[u8]) -> Result<(), SctFault> {
        let is_inside = i64::try_from(self.time).is_ok_and(|time| log.window().contains(time));
        if !is_inside {
            return Err(SctFault::OutsideWindow {
                log: log.name().to_owned(),
                time: self.time,
            });
        }
        let wrong = || SctFault::Signature {
            log: log.name().to_owned(),
        };
        if self.is_ecdsa != is_ecdsa(log.key().key_type()) {
            return Err(wrong());
        }
        let signed = self.signed(signed_part, issuer_spki).ok_or_else(wrong)?;
        let function = match self.hash {
            HashAlgorithm::Sha2384 => &digest::SHA384,
            HashAlgorithm::Sha2512 => &digest::SHA512,
            _ => &digest::SHA256,
        };
        let hash = digest::digest(function, &signed);
        log.key()
            .verify_digest(self.hash, hash.as_ref(), self.signature)
            .map_err(|_| wrong())
    }

    /// What the log signed. `None` for a certificate that is longer than logs take.
    fn signed(&self, signed_part: &[u8], issuer_spki: &[u8]) -> Option<Vec<u8>> {
        let length = u32::try_from(signed_part.len()).ok()?.to_be_bytes();
        if length[0] != 0 {
            return None;
        }
        let mut signed = vec![VERSION_1, CERTIFICATE_TIMESTAMP];
        signed.extend(self.time.to_be_bytes());
        signed.extend(PRECERTIFICATE_ENTRY.to_be_bytes());
        signed.extend(digest::digest(&digest::SHA256, issuer_spki).as_ref());
        signed.extend(&length[1..]);
        signed.extend(signed_part);
        signed.extend(u16::try_from(self.extensions.len()).ok()?.to_be_bytes());
        signed.extend(self.extensions);
        Some(signed)
    }
}

fn is_ecdsa(key_type: KeyType) -> bool {
    matches!(
        key_type,
        KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521
    )
}

fn read_list(list: &[u8]) -> Result<Vec<Sct<'_>>, SctFault> {
    let mut reader = TlsReader(list);
    let mut items = TlsReader(reader.vector()?);
    reader.end()?;
    let mut scts = Vec::new();
    while !items.0.is_empty() {
        if scts.len() == MAX_SCTS {
            return Err(SctFault::Malformed("there are too many"));
        }
        // Those of later versions say nothing here.
        if let Some(sct) = read_sct(items.vector()?)? {
            scts.push(sct);
        }
    }
    Ok(scts)
}

fn read_sct(bytes: &[u8]) -> Result<Option<Sct<'_>>, SctFault> {
    let mut reader = TlsReader(bytes);
    if reader.take(1)? != [VERSION_1] {
        return Ok(None);
    }
    let log_id = reader.take(32)?;
    let time = reader.take(8)?.try_into().map_err(|_| CUT_SHORT)?;
    let extensions = reader.vector()?;
    let algorithm = reader.take(2)?;
    let signature = reader.vector()?;
    reader.end()?;
    let hash = match algorithm[0] {
        4 => HashAlgorithm::Sha2256,
        5 => HashAlgorithm::Sha2384,
        6 => HashAlgorithm::Sha2512,
        _ => return Err(SctFault::Malformed("the hash function is not of SHA-2")),
    };
    if !matches!(algorithm[1], RSA | ECDSA) {
        return Err(SctFault::Malformed(
            "the signature is neither ECDSA nor RSA",
        ));
    }
    Ok(Some(Sct {
        log_id,
        time: u64::from_be_bytes(time),
        extensions,
        hash,
        is_ecdsa: algorithm[1] == ECDSA,
        signature,
    }))
}

/// Reads what TLS encodes (RFC 5246, section 4).
struct TlsReader<'a>(&'a [u8]);

impl<'a> TlsReader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SctFault> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT_SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Bytes behind their length in two bytes.
    fn vector(&mut self) -> Result<&'a [u8], SctFault> {
        let length = self.take(2)?;
        self.take(usize::from(u16::from_be_bytes([length[0], length[1]])))
    }

    fn end(self) -> Result<(), SctFault> {
        match self.0 {
            [] => Ok(()),
            _ => Err(SctFault::Malformed("there is more than the lengths say")),
        }
    }
}

const CUT_SHORT: SctFault = SctFault::Malformed("they are cut short");

const VERSION_1: u8 = 0;
const CERTIFICATE_TIMESTAMP: u8 = 0;
const PRECERTIFICATE_ENTRY: u16 = 1;
const RSA: u8 = 1;
const ECDSA: u8 = 3;
