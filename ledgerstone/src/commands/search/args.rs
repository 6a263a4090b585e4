//! The arguments of `search`, and what they ask for.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::SearchTerms;
use ledgerstone_client::TrustedRoot;
use ledgerstone_entry::query::parse;

use crate::commands::time_argument::parse_unix_seconds;
use crate::connection::LogArguments;
use crate::files::read_text;
use crate::kind::FileKind;
use crate::trust::TrustedLogArguments;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("terms")
    .required(true)
    .multiple(true)
    .args(["query", "digest", "email", "subject", "key"]))]
pub(crate) struct SearchArguments {
    /// What to look for: terms such as subject:*@acme.example, repository:, package:, digest:,
    /// predicate: or kind:, which all have to hold unless `or` or `not` stands between them. See
    /// docs/recall.md.
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,

    /// The digest of an artifact, a payload or an envelope: sha256:HEX, or by another hash
    /// function.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,

    /// The e-mail address that a certificate names.
    #[arg(long, visible_alias = "identity", value_name = "ADDRESS")]
    pub(crate) email: Option<String>,

    /// The URI, DNS name, IP address or other name that a certificate names.
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,

    /// A file with a public key or a certificate as PEM, or with an OpenPGP, SSH or minisign key.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// Only entries that name everything given, not one thing of it.
    #[arg(long)]
    pub(crate) and: bool,

    /// Where to go on in each tree, as an earlier search with the same terms said at its end.
    #[arg(long, value_name = "TREE:INDEX,...", conflicts_with = "start")]
    pub(crate) from: Option<String>,

    /// The index to start with, in the tree that --tree-id names.
    #[arg(long, value_name = "INDEX", requires = "tree_id")]
    pub(crate) start: Option<u64>,

    /// Only this tree: one of the log, or a copy of another log that it holds [default: all trees
    /// of the log, and then all copies].
    #[arg(long, value_name = "N")]
    pub(crate) tree_id: Option<u64>,

    /// How many entries to print at most.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) limit: u64,

    /// Only entries that were logged then or later: a date, a time by RFC 3339, or how long ago,
    /// such as 7d.
    #[arg(long, value_name = "TIME", value_parser = parse_unix_seconds)]
    pub(crate) since: Option<i64>,

    /// Only entries that were logged before.
    #[arg(long, value_name = "TIME", value_parser = parse_unix_seconds)]
    pub(crate) until: Option<i64>,

    /// Those that were logged last come first.
    #[arg(long)]
    pub(crate) newest_first: bool,

    /// Read all entries of the signed trees, hash them and match them here, and take nobody's word
    /// for it that there are no others. What only statements say is not seen so.
    #[arg(long, conflicts_with_all = ["from", "start", "newest_first"])]
    pub(crate) scan: bool,

    /// Print comma-separated values.
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

/// What is looked for, by the arguments.
pub(super) fn terms(
    arguments: &SearchArguments,
    authorities: Option<TrustedRoot>,
) -> anyhow::Result<SearchTerms> {
    let now = jiff::Timestamp::now().as_second();
    let mut query = SearchTerms::default();
    let words = arguments.query.join(" ");
    if !words.trim().is_empty() {
        query = query.query(parse(&words, now)?);
    }
    if let Some(digest) = &arguments.digest {
        query = query.hash(digest).map_err(Error::from)?;
    }
    if let Some(email) = &arguments.email {
        query = query.email(email);
    }
    if let Some(subject) = &arguments.subject {
        query = query.subject(subject);
    }
    if let Some(path) = &arguments.key {
        let pem = read_text(path)?;
        query = query
            .public_key(&pem)
            .map_err(Error::from)
            .with_context(|| {
                let wanted = "a public key or certificate (PEM) is needed";
                FileKind::of(pem.as_bytes()).instead_of(path, wanted)
            })?;
    }
    query.all = arguments.and;
    query.newest_first = arguments.newest_first;
    query.from_time = arguments.since;
    query.until_time = arguments.until;
    query.trust = authorities.map(Arc::new);
    anyhow::ensure!(
        query.trust.is_some() || !query.asks_trust(),
        "which authorities are trusted, a trusted root says: give --trusted-root"
    );
    Ok(query)
}
