//! Everything that a Sigstore trusted root lists: logs, authorities and certificate logs.

use std::fmt::Display;

use ledgerstone_proto::json::JsonError;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::sigstore::trustroot::v1 as proto;
use serde_json::Value;

use crate::trust::authority::TrustedAuthority;
use crate::trust::ct_log::CtLog;
use crate::trust::error::TrustError;
use crate::trust::logs::TrustedLogs;
use crate::trust::root::TrustedRootFile;
use crate::trust::root::logs_at;
use crate::trust::root::now;

/// Who is trusted, for what and when: the logs, the authorities for certificates and for time
/// stamps, and the certificate logs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedRoot {
    logs: Option<TrustedLogs>,
    certificate_authorities: Vec<TrustedAuthority>,
    ct_logs: Vec<CtLog>,
    timestamp_authorities: Vec<TrustedAuthority>,
    left_out: Vec<String>,
}

impl TrustedRoot {
    /// Reads a `trusted_root.json`, or a client trust config that holds one.
    ///
    /// What cannot be read, or does not say since when it is trusted, is left out, each with the
    /// reason in [`left_out`](Self::left_out): a new kind of key must not take the others away.
    ///
    /// # Errors
    /// When the document is neither.
    pub fn parse(json: &[u8]) -> Result<Self, TrustError> {
        Self::parse_at(json, now())
    }

    /// As [`parse`](Self::parse), at `now` in Unix seconds: a log key whose time has not begun is
    /// left out.
    ///
    /// # Errors
    /// As there.
    pub fn parse_at(json: &[u8], now: i64) -> Result<Self, TrustError> {
        let file = TrustedRootFile::parse(json)?;
        let (logs, mut left_out) = logs_at(&file.tlogs, now);
        let certificate_authorities = each(
            &file.certificate_authorities,
            "certificate authority",
            &mut left_out,
            |message: proto::CertificateAuthority| TrustedAuthority::new(&message),
        );
        let ct_logs = each(
            &file.ctlogs,
            "certificate log",
            &mut left_out,
            |message: proto::TransparencyLogInstance| CtLog::new(&message),
        );
        let timestamp_authorities = each(
            &file.timestamp_authorities,
            "time stamp authority",
            &mut left_out,
            |message: proto::CertificateAuthority| TrustedAuthority::new(&message),
        );
        Ok(Self {
            logs: TrustedLogs::new(logs).ok(),
            certificate_authorities,
            ct_logs,
            timestamp_authorities,
            left_out,
        })
    }

    /// Only these logs: nobody is trusted to issue certificates or time stamps.
    pub fn of_logs(logs: TrustedLogs) -> Self {
        Self {
            left_out: logs.left_out().to_vec(),
            logs: Some(logs),
            certificate_authorities: Vec::new(),
            ct_logs: Vec::new(),
            timestamp_authorities: Vec::new(),
        }
    }

    /// The logs, if there are any.
    pub fn logs(&self) -> Option<&TrustedLogs> {
        self.logs.as_ref()
    }

    /// Who may issue certificates to signers.
    pub fn certificate_authorities(&self) -> &[TrustedAuthority] {
        &self.certificate_authorities
    }

    /// The logs that certificates have to be in.
    pub fn ct_logs(&self) -> &[CtLog] {
        &self.ct_logs
    }

    /// Who may issue time stamps.
    pub fn timestamp_authorities(&self) -> &[TrustedAuthority] {
        &self.timestamp_authorities
    }

    /// What the document lists and is not trusted, each with the reason.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

/// Those of `items` that `read` takes. The others are named in `left_out`.
fn each<M, T>(
    items: &[Value],
    what: &str,
    left_out: &mut Vec<String>,
    read: impl Fn(M) -> Result<T, TrustError>,
) -> Vec<T>
where
    M: serde::de::DeserializeOwned,
{
    let mut taken = Vec::new();
    for (position, item) in items.iter().enumerate() {
        let mut leave = |reason: &dyn Display| {
            left_out.push(format!("{what} {}: {reason}", position + 1));
        };
        let message: Result<M, JsonError> = from_slice(item.to_string().as_bytes());
        match message {
            Ok(message) => match read(message) {
                Ok(one) => taken.push(one),
                Err(reason) => leave(&reason),
            },
            Err(reason) => leave(&reason),
        }
    }
    taken
}
