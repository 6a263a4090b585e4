//! The grammar of the command line.

use std::path::PathBuf;

use clap::ArgGroup;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::error::ErrorKind;

use crate::commands::fsck::Fsck;
use crate::commands::import::Import;
use crate::commands::reindex::Reindex;
use crate::commands::serve::Serve;
use crate::commands::tree::TreeCommand;
use crate::exit;

const EXIT_CODES: &str = "Exit codes:
  0  done, and everything verified
  1  could not be done: wrong arguments, an unreadable file, something that the log refuses or does not have
  2  something does not verify: a signature, a proof, a checkpoint, a log that contradicts itself
  3  the log cannot be reached, or is in trouble";

const SIGN_HELP: &str = "Signing again:
  What is submitted is kept in FILE.sigstore.json.pending until its proof is written. After a time-out or a crash, the same
  command submits the same signature again, and the log answers with the entry that it has. So it does when
  FILE.sigstore.json holds a signature of this file by this key already: the bundle is written anew, with a newer proof. To
  log another signature of the same file, name another --bundle. A bundle of other file content is replaced with --key; a
  FILE.pub of another key stops the command before anything is submitted.";

const VERIFY_HELP: &str = "What is verified:
  Bundles of version 0.1 to 0.3 with entries of Rekor v2 (hashedrekord 0.0.2, dsse 0.0.2) and of Rekor v1 (hashedrekord 0.0.1,
  dsse 0.0.1, intoto 0.0.1 and 0.0.2). The signature has to be over the file, the entry about this signature, key and file,
  and the log has to hold it: 'inclusion proven' by an inclusion proof and the checkpoint that the log signed. A Rekor v1 also
  promises, with a time ('promised at'); the promise is verified wherever there is one, and its time has to lie in that of the
  log's key. Bundles of version 0.1 may have the promise alone: then inclusion is 'promised', and so it says.
  Names what it did not verify as 'not checked': of a certificate, only that its key made the signature.";

const REINDEX_HELP: &str = "What is rebuilt:
  Everything that an entry is found by and that follows from its body, or from the attestation that is kept beside it: what
  is missing is added, and what leads to an entry that does not name it, or to none, is removed. The subjects of a statement
  that the log does not hold (dsse 0.0.1, and intoto entries without a kept attestation) came with the submission. They
  cannot be made again, so that they are never removed: 'not checkable' counts them.

Interruption:
  What was done is kept, and the next rebuild goes on behind it. A server that is started on a directory with a rebuild that
  did not end goes on with it.";

const TLS_HELP: &str = "HTTPS:
  Servers are verified with the certificate authorities of the system. To use a private one, name its certificate (PEM) in
  the environment variable SSL_CERT_FILE; it then stands in place of the system's.";

/// A transparency log for signed software artifacts.
#[derive(Debug, Parser)]
#[command(name = "ledgerstone", version, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    /// Print one JSON object instead of text; one a line where entries are listed.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// The arguments of this process. Ends it with help, or with exit code 1 when they are wrong: clap's own code, 2, is
    /// taken.
    pub(crate) fn parse_or_exit() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            // There are no arguments yet that could say so.
            if !asked && std::env::args_os().any(|argument| argument == "--json") {
                let message = error.to_string();
                let message = message.trim_start_matches("error: ").trim_end().to_owned();
                exit::report(&anyhow::Error::msg(message), true);
            } else if let Err(error) = error.print()
                && error.kind() != std::io::ErrorKind::BrokenPipe
            {
                std::process::exit(exit::UNDONE.into());
            }
            std::process::exit(if asked { 0 } else { exit::UNDONE.into() })
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a log.
    Serve(Box<Serve>),
    /// Sign a file, submit the signature, and keep the proof in FILE.sigstore.json.
    #[command(after_long_help = SIGN_HELP)]
    Sign(SignArguments),
    /// Submit a signature that exists already, or a DSSE envelope.
    Submit(SubmitArguments),
    /// Verify a file with its bundle, offline: signature, inclusion, checkpoint and log key.
    #[command(after_long_help = VERIFY_HELP)]
    Verify(VerifyArguments),
    /// Read entries from the log.
    #[command(after_long_help = TLS_HELP)]
    Get(GetArguments),
    /// Find the entries that the log holds about an artifact, a key or an identity, and prove each.
    Search(SearchArguments),
    /// Fetch a proof and verify it.
    #[command(subcommand)]
    Proof(ProofCommand),
    /// Check that a log extends what it showed before, or rebuild all of it.
    Audit(AuditArguments),
    /// Find the entries that name an identity, a key or an artifact, and be told when new ones appear.
    Monitor(MonitorArguments),
    /// Write the files that make other Sigstore clients trust and use a log.
    Trust(TrustArguments),
    /// Copy a log that somebody else runs into a shard of its own, verified entry by entry. Goes on where an interrupted import
    /// was, and where an earlier one ended.
    Import(Import),
    /// Check a data directory while no server runs: hash every entry, rebuild every tile, compare the root with what was
    /// signed.
    Fsck(Fsck),
    /// Rebuild the search index from the entries: in a data directory while no server runs, or by a server that does. Goes on
    /// where an interrupted rebuild was.
    #[command(after_long_help = REINDEX_HELP)]
    Reindex(Reindex),
    /// The trees of a data directory: list them, or upgrade that of version 0.1.
    #[command(subcommand)]
    Tree(TreeCommand),
}

/// Which tree.
#[derive(Args, Debug)]
pub(crate) struct TreeArguments {
    /// The number of a tree that the log holds beside the one that grows: an older one of its own, or a copy of another log,
    /// whose key is then named with --log-key.
    #[arg(long, value_name = "N")]
    pub(crate) tree_id: Option<u64>,
}

/// Which log to talk to.
#[derive(Args, Debug)]
pub(crate) struct LogArguments {
    /// The URL of the log.
    #[arg(
        long,
        env = "LEDGERSTONE_URL",
        default_value = "http://127.0.0.1:3000",
        value_name = "URL"
    )]
    pub(crate) url: String,

    /// How long a request may take, in seconds.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}

/// Which log to trust.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("trust"))]
pub(crate) struct TrustedLogArguments {
    /// A Sigstore trusted root (trusted_root.json) that lists the log.
    #[arg(long, value_name = "FILE", group = "trust")]
    pub(crate) trusted_root: Option<PathBuf>,

    /// The log's key: a C2SP verifier key, or a file that holds one or a PEM public key (the latter with --origin).
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

#[derive(Args, Debug)]
pub(crate) struct SignArguments {
    /// The file to sign.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// A private key as PEM: PKCS#8, SEC 1 or PKCS#1; ECDSA P-256, P-384, P-521, Ed25519 or RSA. Without one, an ECDSA P-256
    /// key is made for this signature alone; its public half goes to FILE.pub (or PATH.pub, with --bundle PATH), its private
    /// half nowhere. A file of that name that holds anything else is never replaced.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// Where the bundle goes, instead of FILE.sigstore.json.
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["signature", "dsse"]))]
#[command(group = ArgGroup::new("with").required(true).args(["key", "certificate"]))]
#[command(group = ArgGroup::new("about").args(["artifact", "digest"]))]
pub(crate) struct SubmitArguments {
    /// The signature: raw bytes or base64.
    #[arg(long, value_name = "FILE", requires = "about")]
    pub(crate) signature: Option<PathBuf>,

    /// A DSSE envelope with one signature, as JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "about")]
    pub(crate) dsse: Option<PathBuf>,

    /// The public key that the signature verifies with, as PEM.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// The certificate that the signature verifies with, as PEM.
    #[arg(long, value_name = "PEM")]
    pub(crate) certificate: Option<PathBuf>,

    /// The file that was signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Option<PathBuf>,

    /// The digest of what was signed: sha256:HEX, sha384:HEX or sha512:HEX, by the hash function of the key.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,

    /// The kind of entry for an envelope: dsse for clients from before 2026 and for Ed25519 keys.
    #[arg(long, value_enum, default_value_t = EnvelopeKind::Hashedrekord, conflicts_with = "signature")]
    pub(crate) kind: EnvelopeKind,

    /// Where to keep the proof as a Sigstore bundle.
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum EnvelopeKind {
    /// A hashedrekord entry over what the signature is over.
    Hashedrekord,
    /// A dsse entry.
    Dsse,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("trusted").required(true).args(["trusted_root", "log_key"]))]
#[command(group = ArgGroup::new("subject").required(true).args(["file", "digest"]))]
pub(crate) struct VerifyArguments {
    /// The file that was signed.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The digest of what was signed, where the file is not at hand: sha256:HEX, sha384:HEX or sha512:HEX.
    #[arg(long, value_name = "DIGEST", requires = "bundle")]
    pub(crate) digest: Option<String>,

    /// The bundle, instead of FILE.sigstore.json.
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,

    /// The signer's public key or certificate as PEM. A bundle made with a key needs it.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["index", "leaf_hash", "range"]))]
pub(crate) struct GetArguments {
    /// The position of the entry, from 0. The entry is proven to be in the log.
    #[arg(long, value_name = "N")]
    pub(crate) index: Option<u64>,

    /// The leaf hash of the entry, hexadecimal. The entry is proven to be in the log.
    #[arg(long, value_name = "HEX", value_parser = parse_hash)]
    pub(crate) leaf_hash: Option<ledgerstone_merkle::Hash>,

    /// Entries from the index FIRST up to, not including, END. Only their hashes are checked: see audit --full.
    #[arg(long, value_name = "FIRST..END", value_parser = parse_range)]
    pub(crate) range: Option<IndexRange>,

    /// Print the body alone, as it is hashed.
    #[arg(long, conflicts_with_all = ["range", "json"])]
    pub(crate) body: bool,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

/// Entries from `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct IndexRange {
    pub(crate) first: u64,
    pub(crate) end: u64,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("terms").required(true).multiple(true).args(["digest", "email", "subject", "key"]))]
pub(crate) struct SearchArguments {
    /// The digest of an artifact, a payload or an envelope: sha256:HEX, or by another hash function.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) digest: Option<String>,

    /// The e-mail address that a certificate names.
    #[arg(long, visible_alias = "identity", value_name = "ADDRESS")]
    pub(crate) email: Option<String>,

    /// The URI, DNS name, IP address or other name that a certificate names.
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,

    /// The public key or certificate, as PEM.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// Only entries that name everything given, not one thing of it.
    #[arg(long)]
    pub(crate) and: bool,

    /// The index to start with, counted over all trees of the log.
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    pub(crate) start: u64,

    /// Only this tree: an older one of the log, or a copy of another log that it holds [default: all trees, and then all
    /// copies].
    #[arg(long, value_name = "N")]
    pub(crate) tree_id: Option<u64>,

    /// How many entries to print at most.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,

    /// Only entries that were logged then or later: RFC 3339, such as 2026-01-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<jiff::Timestamp>,

    /// Only entries that were logged before.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<jiff::Timestamp>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProofCommand {
    /// Prove that an entry is in the log.
    Inclusion(InclusionArguments),
    /// Prove that the log only grew between two sizes.
    Consistency(ConsistencyArguments),
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["index", "leaf_hash"]))]
pub(crate) struct InclusionArguments {
    /// The position of the entry, from 0.
    #[arg(long, value_name = "N")]
    pub(crate) index: Option<u64>,

    /// The leaf hash of the entry, hexadecimal.
    #[arg(long, value_name = "HEX", value_parser = parse_hash)]
    pub(crate) leaf_hash: Option<ledgerstone_merkle::Hash>,

    /// The size of the tree to prove it in, instead of the current one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tree_size: Option<u64>,

    /// Keep the proof as a C2SP tlog-proof, in the current tree.
    #[arg(long, value_name = "PATH", conflicts_with = "tree_size")]
    pub(crate) tlog_proof: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Args, Debug)]
pub(crate) struct ConsistencyArguments {
    /// The size of the older tree.
    #[arg(long, value_name = "N")]
    pub(crate) old_size: u64,

    /// The size of the newer tree, instead of the current one.
    #[arg(long, value_name = "N")]
    pub(crate) new_size: Option<u64>,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Args, Debug)]
pub(crate) struct AuditArguments {
    /// The file that remembers the last head that was verified.
    #[arg(long, value_name = "FILE", default_value = "ledgerstone-audit.json")]
    pub(crate) state: PathBuf,

    /// Download every entry and tile, hash them again and rebuild the root. Goes on where an interrupted run was.
    #[arg(long)]
    pub(crate) full: bool,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Args, Debug)]
pub(crate) struct MonitorArguments {
    /// What to look for: a TOML file with identities, keys, digests and kinds, and perhaps an on-hit command.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,

    /// The file that remembers the last head that was verified, and which entries were looked at.
    #[arg(long, value_name = "FILE", default_value = "ledgerstone-monitor.json")]
    pub(crate) state: PathBuf,

    /// Look once at what is new, and end. So it is without --interval.
    #[arg(long, conflicts_with = "interval")]
    pub(crate) once: bool,

    /// Look again and again, after so many seconds, until the log contradicts itself.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) interval: Option<u64>,

    /// Begin with this entry, whatever was looked at before. Without it, a first run begins with entry 0.
    #[arg(long, value_name = "INDEX")]
    pub(crate) from: Option<u64>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("key_files").args(["data_dir", "key_dir"]))]
pub(crate) struct TrustArguments {
    /// The directory that the files go into.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Take the keys from the key files of the log with this data directory instead of asking the log. Needs --origin.
    #[arg(
        long,
        value_name = "DIR",
        requires = "origin",
        conflicts_with = "key_dir"
    )]
    pub(crate) data_dir: Option<PathBuf>,

    /// Take the keys from the log's own key files in this directory instead of asking the log. Needs --origin.
    #[arg(long, value_name = "DIR", requires = "origin")]
    pub(crate) key_dir: Option<PathBuf>,

    /// The name of the log whose key files are read.
    #[arg(long, value_name = "NAME", requires = "key_files")]
    pub(crate) origin: Option<String>,

    /// The Rekor API that signing clients are to use.
    #[arg(long, value_name = "1|2", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) api_version: u8,

    /// Since when the log's keys are valid, instead of the day on which the log began: RFC 3339, such as 2026-01-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) valid_from: Option<jiff::Timestamp>,

    /// The URL of a certificate authority (Fulcio).
    #[arg(long, value_name = "URL", requires = "certificate_authority")]
    pub(crate) fulcio_url: Option<String>,

    /// The certificates of that authority as PEM, the root last.
    #[arg(long, value_name = "PEM", requires = "fulcio_url")]
    pub(crate) certificate_authority: Option<PathBuf>,

    /// The public key of the certificate transparency log of that authority, as PEM.
    #[arg(long, value_name = "PEM", requires = "fulcio_url")]
    pub(crate) ct_key: Option<PathBuf>,

    /// The URL that requests for time stamps go to.
    #[arg(long, value_name = "URL", requires = "timestamp_authority")]
    pub(crate) tsa_url: Option<String>,

    /// The certificates of the time stamping authority as PEM, the root last.
    #[arg(long, value_name = "PEM", requires = "tsa_url")]
    pub(crate) timestamp_authority: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) log: LogArguments,
}

fn parse_hash(text: &str) -> Result<ledgerstone_merkle::Hash, String> {
    // As machines are told it.
    let text = text.strip_prefix("sha256:").unwrap_or(text);
    let bytes = hex::decode(text).ok();
    bytes
        .and_then(|bytes| ledgerstone_merkle::Hash::from_slice(&bytes))
        .ok_or_else(|| "give 64 hexadecimal digits".to_owned())
}

fn parse_range(text: &str) -> Result<IndexRange, String> {
    let bounds = text
        .split_once("..")
        .and_then(|(first, end)| Some((first.parse().ok()?, end.parse().ok()?)));
    match bounds {
        Some((first, end)) if first < end => Ok(IndexRange { first, end }),
        _ => Err("give two numbers, the smaller one first, such as 0..100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Command, ErrorKind> {
        let words = ["ledgerstone"].into_iter().chain(line.split_whitespace());
        Arguments::try_parse_from(words)
            .map(|arguments| arguments.command)
            .map_err(|error| error.kind())
    }

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_people_type_is_understood() {
        for line in [
            "search --identity a@example.com --digest sha256:00 --and --since 2026-01-01T00:00:00Z",
            "monitor --config m.toml --interval 60 --from 5 --state s.json --log-key log.vkey",
            "sign a.txt",
            "sign a.txt --key key.pem --url https://log.example --trusted-root trusted_root.json",
            "submit --signature a.sig --key a.pub --artifact a.txt",
            "submit --signature a.sig --certificate a.crt --digest sha256:00",
            "submit --dsse envelope.json --key a.pub --kind dsse --bundle a.sigstore.json",
            "verify a.txt --trusted-root trusted_root.json",
            "verify a.txt --log-key log.pub --origin log.example --key a.pub",
            "verify --digest sha256:00 --bundle a.sigstore.json --log-key log.vkey",
            "get --index 7",
            "get --range 0..10",
            "proof inclusion --index 0 --tlog-proof a.tlog-proof",
            "proof consistency --old-size 1 --new-size 9",
            "audit --full --state s.json",
            "trust --out trust --api-version 1 --valid-from 2026-01-01T00:00:00Z",
            "trust --out trust --key-dir data/keys --origin log.example",
            "trust --out trust --data-dir data --origin log.example",
            "import --from https://log.example --log-key log.vkey --data-dir data",
            "reindex",
            "tree list --data-dir data",
            "tree upgrade --v2-origin v2.log.example --dry-run --key-dir keys",
            "reindex --data-dir data",
            "reindex --admin-url http://127.0.0.1:2112 --timeout 5",
            "import --from ./tiles --trusted-root trusted_root.json --shard 3",
            "import --from https://rekor.example --log-key a.pub --origin rekor.example --tree-id 7",
            "import --from https://rekor.example --protocol rekor-v1 --trusted-root trusted_root.json --parallel 16",
        ] {
            assert!(parse(line).is_ok(), "{line}");
            assert!(parse(&format!("{line} --json")).is_ok(), "{line} --json");
        }
        assert!(parse("get --index 7 --body").is_ok());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        use ErrorKind::ArgumentConflict;
        use ErrorKind::MissingRequiredArgument;
        use ErrorKind::ValueValidation;
        for (line, expected) in [
            ("sign", MissingRequiredArgument),
            ("verify a.txt", MissingRequiredArgument),
            (
                "verify a.txt --trusted-root a --log-key b",
                ArgumentConflict,
            ),
            ("verify a.txt --trusted-root a --origin b", ArgumentConflict),
            (
                "verify --digest sha256:00 --trusted-root a",
                MissingRequiredArgument,
            ),
            (
                "verify a.txt --digest sha256:00 --bundle b --trusted-root a",
                ArgumentConflict,
            ),
            (
                "submit --signature a.sig --key a.pub",
                MissingRequiredArgument,
            ),
            (
                "submit --signature a.sig --artifact a.txt",
                MissingRequiredArgument,
            ),
            (
                "submit --dsse e.json --key a.pub --artifact a.txt",
                ArgumentConflict,
            ),
            (
                "submit --dsse e.json --key a.pub --certificate a.crt",
                ArgumentConflict,
            ),
            (
                "submit --signature a.sig --key a.pub --artifact a.txt --kind dsse",
                ArgumentConflict,
            ),
            ("get", MissingRequiredArgument),
            ("get --index 1 --range 0..2", ArgumentConflict),
            ("get --range 2..2", ValueValidation),
            ("get --leaf-hash 00", ValueValidation),
            ("get --index -1", ErrorKind::UnknownArgument),
            ("proof inclusion --index 0 --tree-size 0", ValueValidation),
            (
                "proof inclusion --index 0 --tree-size 1 --tlog-proof p",
                ArgumentConflict,
            ),
            ("proof consistency", MissingRequiredArgument),
            ("search", MissingRequiredArgument),
            ("search --and --limit 5", MissingRequiredArgument),
            ("search --email a --limit 0", ValueValidation),
            ("search --email a --since yesterday", ValueValidation),
            ("monitor", MissingRequiredArgument),
            (
                "monitor --config m.toml --once --interval 60",
                ArgumentConflict,
            ),
            ("monitor --config m.toml --interval 0", ValueValidation),
            ("trust", MissingRequiredArgument),
            ("trust --out t --api-version 3", ValueValidation),
            ("trust --out t --key-dir data", MissingRequiredArgument),
            (
                "trust --out t --origin log.example",
                MissingRequiredArgument,
            ),
            (
                "trust --out t --key-dir a --data-dir b --origin c",
                ArgumentConflict,
            ),
            (
                "trust --out t --tsa-url http://tsa",
                MissingRequiredArgument,
            ),
            ("import --log-key k", MissingRequiredArgument),
            ("import --from https://log.example", MissingRequiredArgument),
            (
                "import --from d --log-key k --trusted-root t",
                ArgumentConflict,
            ),
            ("import --from d --log-key k --shard 0", ValueValidation),
            ("import --from d --log-key k --parallel 65", ValueValidation),
            ("tree upgrade", MissingRequiredArgument),
            ("reindex --timeout 0", ValueValidation),
            ("mystery", ErrorKind::InvalidSubcommand),
        ] {
            assert_eq!(parse(line).unwrap_err(), expected, "{line}");
        }
    }
}
