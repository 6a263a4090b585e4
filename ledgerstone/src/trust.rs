//! Which log a command trusts.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::IssuedCertificate;
use ledgerstone_client::LogApi;
use ledgerstone_client::Transport;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::issued_certificates;
use ledgerstone_merkle::VerifierKey;

use crate::files::read;
use crate::files::read_text;
use crate::output;

/// Which log to trust.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("trust"))]
pub(crate) struct TrustedLogArguments {
    /// A Sigstore trusted root (trusted_root.json) that lists the log.
    #[arg(long, value_name = "FILE", group = "trust")]
    pub(crate) trusted_root: Option<PathBuf>,

    /// The log's key: a C2SP verifier key, or a file that holds one or a PEM public key (the latter
    /// with --origin).
    #[arg(long, value_name = "VKEY|FILE", group = "trust")]
    pub(crate) log_key: Option<String>,

    /// The name of the log, where --log-key is PEM.
    #[arg(
        long,
        value_name = "NAME",
        requires = "log_key",
        conflicts_with = "trusted_root"
    )]
    pub(crate) origin: Option<String>,
}

/// The logs that the arguments name, or `None` when they name none.
pub(crate) fn named(arguments: &TrustedLogArguments) -> anyhow::Result<Option<TrustedLogs>> {
    if let Some(path) = &arguments.trusted_root {
        let json = read(path)?;
        let logs = TrustedLogs::from_trusted_root(&json).map_err(Error::from)?;
        for log in logs.left_out() {
            output::note(&format!("note: not trusted: {log}"));
        }
        return Ok(Some(logs));
    }
    let Some(key) = &arguments.log_key else {
        return Ok(None);
    };
    let log = read_log_key(key, arguments.origin.as_deref())?;
    Ok(Some(TrustedLogs::new(vec![log]).map_err(Error::from)?))
}

/// The logs that the arguments name, or else the one behind `transport` under the keys that it
/// gives for all its trees: with a note, since nothing vouches for those, which tells the key of
/// the tree that is read.
pub(crate) async fn named_or_fetched(
    arguments: &TrustedLogArguments,
    transport: &Transport,
    tree_id: Option<u64>,
) -> anyhow::Result<TrustedLogs> {
    if let Some(logs) = named(arguments)? {
        return Ok(logs);
    }
    let log = LogApi::new(transport.clone())
        .description()
        .await
        .map_err(Error::from);
    let log = log.context(
        "no --trusted-root or --log-key was given, and the log's own keys could not be had",
    )?;
    let read = match tree_id {
        Some(tree_id) => log.tiles_key_of(tree_id),
        None => log.shown_key(),
    };
    let advice = read.map_or_else(String::new, |log| {
        format!("; name them with --log-key '{}'", log.key())
    });
    output::note(&format!(
        "note: trust on first use: the keys of {} were taken from the log itself{advice}",
        log.origin(),
    ));
    Ok(log.trusted().map_err(Error::from)?)
}

/// As [`named_or_fetched`], but a key that is `kept` from an earlier run goes before those that the
/// log gives today.
pub(crate) async fn named_or_kept_or_fetched(
    arguments: &TrustedLogArguments,
    kept: Option<VerifierKey>,
    transport: &Transport,
    tree_id: Option<u64>,
) -> anyhow::Result<TrustedLogs> {
    let Some(key) = kept else {
        return named_or_fetched(arguments, transport, tree_id).await;
    };
    if let Some(logs) = named(arguments)? {
        return Ok(logs);
    }
    let log = TrustedLog::new(key).map_err(Error::from)?;
    Ok(TrustedLogs::new(vec![log]).map_err(Error::from)?)
}

/// Who may issue certificates, where the arguments say: by a trusted root only.
pub(crate) fn authorities(arguments: &TrustedLogArguments) -> anyhow::Result<Option<TrustedRoot>> {
    let Some(path) = &arguments.trusted_root else {
        return Ok(None);
    };
    let root = TrustedRoot::parse(&read(path)?).map_err(Error::from)?;
    Ok((!root.certificate_authorities().is_empty()).then_some(root))
}

/// Whose certificates are in an entry with this body, and which authority issued each.
pub(crate) fn issued(body: &[u8], authorities: Option<&TrustedRoot>) -> Vec<IssuedCertificate> {
    authorities.map_or_else(Vec::new, |root| issued_certificates(body, root))
}

/// The same in one line each, for people.
pub(crate) fn issued_lines(issued: &[IssuedCertificate]) -> Vec<String> {
    let line = |certificate: &IssuedCertificate| {
        let names = certificate.names.join(", ");
        match &certificate.authority {
            Some(authority) => format!("{names}, issued by {authority}"),
            None => format!("{names}, issued by no authority that is trusted"),
        }
    };
    issued.iter().map(line).collect()
}

fn read_log_key(argument: &str, origin: Option<&str>) -> anyhow::Result<TrustedLog> {
    if !Path::new(argument).exists() && argument.matches('+').count() >= 2 {
        return Ok(argument.parse::<TrustedLog>().map_err(Error::from)?);
    }
    let text = read_text(Path::new(argument))
        .with_context(|| format!("{argument} is neither a verifier key nor a file with one"))?;
    if !text.trim_start().starts_with("-----BEGIN") {
        return Ok(text.parse::<TrustedLog>().map_err(Error::from)?);
    }
    let origin =
        origin.context("a PEM key does not say what the log is called: add --origin NAME")?;
    Ok(TrustedLog::from_pem(origin, &text).map_err(Error::from)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const VKEY: &str = "rekor-local+d80b4420+AURLycjWRo1+gdwwCLg9wU4PayMFdNBmPF4ORVPiBQ1E";

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAREvJyNZGjX6B3DAIuD3BTg9rIwV00GY8\
        Xg5FU+IFDUQ=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn a_log_key_may_be_given_in_three_ways() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let log = read_log_key(VKEY, None).unwrap();
        assert_eq!(
            read_log_key(&file("log.vkey", &format!("{VKEY}\n")), None).unwrap(),
            log
        );
        let pem = file("log.pub", PEM);
        assert_eq!(read_log_key(&pem, Some("rekor-local")).unwrap(), log);
        assert!(
            read_log_key(&pem, None)
                .unwrap_err()
                .to_string()
                .contains("--origin")
        );
        assert!(read_log_key("nowhere", None).is_err());
        assert!(read_log_key(&file("bad", "a+b"), None).is_err());
    }
}
