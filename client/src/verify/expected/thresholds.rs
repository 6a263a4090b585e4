//! How much has to show what a bundle claims.

/// How many of each have to be verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Thresholds {
    /// Time stamp authorities that saw the signature. With none, a certificate still needs a
    /// verified time: from one of them, or from a log.
    pub signed_timestamps: usize,
    /// Logs that hold the signature.
    pub log_entries: usize,
    /// Certificate logs that hold the certificate, where there is one.
    pub scts: usize,
}

impl Default for Thresholds {
    /// One log, and one certificate log.
    fn default() -> Self {
        Self {
            signed_timestamps: 0,
            log_entries: 1,
            scts: 1,
        }
    }
}

/// Less than the verifier asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found} {what} could be verified, and {needed} are asked for ({flag})")]
pub struct Shortage {
    /// What there is too little of.
    pub what: &'static str,
    /// The setting that asks for it.
    pub flag: &'static str,
    /// How many were verified.
    pub found: usize,
    /// How many were asked for.
    pub needed: usize,
}

impl Thresholds {
    pub(crate) fn check_timestamps(&self, found: usize) -> Result<(), Shortage> {
        check(
            "time stamp authorities",
            "signed-timestamps",
            found,
            self.signed_timestamps,
        )
    }

    pub(crate) fn check_log_entries(&self, found: usize) -> Result<(), Shortage> {
        check(
            "logs with the entry",
            "log-entries",
            found,
            self.log_entries,
        )
    }

    pub(crate) fn check_scts(&self, found: usize) -> Result<(), Shortage> {
        check("certificate logs", "scts", found, self.scts)
    }
}

fn check(
    what: &'static str,
    flag: &'static str,
    found: usize,
    needed: usize,
) -> Result<(), Shortage> {
    let shortage = Shortage {
        what,
        flag,
        found,
        needed,
    };
    (found >= needed).then_some(()).ok_or(shortage)
}
