//! The grammar of the command line.

mod absent;
mod examples;
mod refusal;

use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;
use clap::Subcommand;
use clap::error::ErrorKind;

use crate::commands::attach::AttachArguments;
use crate::commands::audit::AuditArguments;
use crate::commands::completions::CompletionsArguments;
use crate::commands::completions::ManArguments;
#[cfg(feature = "server")]
use crate::commands::detach::DetachArguments;
#[cfg(feature = "server")]
use crate::commands::fsck::Fsck;
use crate::commands::get::GetArguments;
#[cfg(feature = "server")]
use crate::commands::import::Import;
use crate::commands::monitor::MonitorArguments;
use crate::commands::proof::ProofCommand;
#[cfg(feature = "server")]
use crate::commands::ready::ReadyArguments;
use crate::commands::recall::RecallArguments;
#[cfg(feature = "server")]
use crate::commands::reindex::Reindex;
use crate::commands::search::SearchArguments;
#[cfg(feature = "server")]
use crate::commands::serve::Serve;
use crate::commands::sign::args::SIGN_HELP;
use crate::commands::sign::args::SignArguments;
use crate::commands::submit::SubmitArguments;
#[cfg(feature = "server")]
use crate::commands::tree::TreeCommand;
use crate::commands::trust::TrustArguments;
use crate::commands::verify::args::VERIFY_HELP;
use crate::commands::verify::args::VerifyArguments;
use crate::connection::TLS_HELP;
use crate::exit;
use crate::output;

const EXIT_CODES: &str = "Exit codes:
  0  done, and everything verified
  1  could not be done: wrong arguments, an unreadable file, something that the log refuses or
     does not have
  2  something does not verify: a signature, a proof, a checkpoint, a log that contradicts itself
  3  the log cannot be reached, or is in trouble";

#[cfg(feature = "server")]
const REINDEX_HELP: &str = "What is rebuilt:
  Everything that an entry is found by and that follows from its body, or from the attestation
  that is kept beside it: what is missing is added, and what leads to an entry that does not
  name it, or to none, is removed. The subjects of a statement that the log does not hold (dsse
  0.0.1, and intoto entries without a kept attestation) came with the submission. They cannot be
  made again, so that they are never removed: 'not checkable' counts them.

Interruption:
  What was done is kept, and the next rebuild goes on behind it. A server that is started on a
  directory with a rebuild that did not end goes on with it.";

/// What stands behind the long help of `recall`.
const RECALL_HELP: &str = "\
What a check shows:
  That the log signed each head, that each head extends the one before, that each hit is in its
  tree and answers its rules, and that page and table say what the hits say. That nothing was left
  out is somebody's word: with --scan, for what bodies say, of who made the report; else of the
  log. The report and its check say whose. Times are the log's word too.

What to trust:
  Nothing in the directory vouches for itself. Give a trusted root or a key that you have from
  elsewhere; or --trust-hash, told by another way than the report came.";

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
    /// The whole grammar, with what stands behind the help of each command.
    pub(crate) fn grammar() -> clap::Command {
        let grammar = Self::command();
        let grammar = match absent::note() {
            Some(note) => grammar.after_help(format!("{EXIT_CODES}\n\n{note}")),
            None => grammar,
        };
        examples::add(grammar)
    }

    /// The arguments of this process. Ends it with help, or with exit code 1 when they are wrong:
    /// clap's own code, 2, is taken.
    pub(crate) fn parse_or_exit() -> Self {
        let matches = Self::grammar().try_get_matches();
        let arguments = matches.and_then(|matches| Self::from_arg_matches(&matches));
        arguments.unwrap_or_else(|error| refuse(&error))
    }
}

/// Ends the process with help, or with what is wrong with its arguments.
fn refuse(error: &clap::Error) -> ! {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    // There are no arguments yet that could say so.
    let json = std::env::args_os().any(|argument| argument == "--json");
    let behind = refusal::behind(error);
    if let Some(advice) = refusal::instead(error) {
        exit::report(&anyhow::Error::msg(advice), json);
    } else if !asked && json {
        let message = error.to_string();
        let message = message.trim_start_matches("error: ").trim_end();
        let behind = behind.as_ref().map(|behind| format!("\n\n{behind}"));
        let message = format!("{message}{}", behind.unwrap_or_default());
        exit::report(&anyhow::Error::msg(message), true);
    } else if let Err(error) = error.print()
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        std::process::exit(exit::UNDONE.into());
    }
    if let Some(behind) = behind.filter(|_| !json) {
        output::note(&format!("\n{behind}"));
    }
    std::process::exit(if asked { 0 } else { exit::UNDONE.into() })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "server")]
    /// Run a log.
    Serve(Box<Serve>),
    /// Sign a file, submit the signature, and keep the proof in FILE.sigstore.json.
    #[command(after_long_help = SIGN_HELP)]
    Sign(SignArguments),
    /// Submit a signature that exists already, or a DSSE envelope.
    Submit(SubmitArguments),
    /// Verify files with their bundles, offline: who signed what, when, and where it was logged.
    #[command(after_long_help = VERIFY_HELP)]
    Verify(Box<VerifyArguments>),
    /// Hand in the statements behind entries that hold no more than their hashes: they are kept,
    /// and entries are found by what they name.
    #[command(after_long_help = TLS_HELP)]
    Attach(AttachArguments),
    /// Read entries from the log.
    #[command(after_long_help = TLS_HELP)]
    Get(GetArguments),
    /// Find the entries that the log holds about an artifact, a key or an identity, and prove each.
    Search(SearchArguments),
    /// Write a report of all entries that some rules are about, each proven, or check one offline.
    #[command(after_long_help = RECALL_HELP)]
    Recall(Box<RecallArguments>),
    /// Fetch a proof and verify it.
    #[command(subcommand)]
    Proof(ProofCommand),
    /// Check that a log extends what it showed before, or rebuild all of it.
    Audit(AuditArguments),
    /// Find the entries that name an identity, a key or an artifact, and be told when new ones
    /// appear.
    Monitor(MonitorArguments),
    /// Write the files that make other Sigstore clients trust and use a log.
    Trust(TrustArguments),
    #[cfg(feature = "server")]
    /// Copy a log that somebody else runs into a shard of its own, verified entry by entry. Goes on
    /// where an interrupted import was, and where an earlier one ended.
    Import(Import),
    #[cfg(feature = "server")]
    /// Check a data directory while no server runs: hash every entry, rebuild every tile, compare
    /// the root with what was signed.
    Fsck(Fsck),
    #[cfg(feature = "server")]
    /// Rebuild the search index from the entries: in a data directory while no server runs, or by a
    /// server that does. Goes on where an interrupted rebuild was.
    #[command(after_long_help = REINDEX_HELP)]
    Reindex(Reindex),
    #[cfg(feature = "server")]
    /// Remove what the log has of the statement of an entry, in a data directory while no server
    /// runs, or by a server that does. Answers say from then on that a statement was removed.
    Detach(DetachArguments),
    #[cfg(feature = "server")]
    /// The trees of a data directory: list them, or upgrade that of version 0.1.
    #[command(subcommand)]
    Tree(TreeCommand),
    /// Ask a server whether it serves: exit code 0 if it does. For health checks.
    #[cfg(feature = "server")]
    Ready(ReadyArguments),
    /// Print what makes a shell complete the words of this program.
    #[command(hide = true)]
    Completions(CompletionsArguments),
    /// Write the manual pages of this program.
    #[command(hide = true)]
    Man(ManArguments),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, ErrorKind> {
        let words = ["ledgerstone"].into_iter().chain(line.split_whitespace());
        let matches = Arguments::grammar().try_get_matches_from(words);
        matches
            .and_then(|matches| Arguments::from_arg_matches(&matches))
            .map(|arguments| arguments.command)
            .map_err(|error| error.kind())
    }

    #[test]
    fn the_grammar_is_sound() {
        Arguments::grammar().debug_assert();
    }

    /// Every command of the grammar, by the words that name it.
    fn commands(command: &clap::Command, before: &[String], found: &mut Vec<Vec<String>>) {
        found.push(before.to_vec());
        for below in command.get_subcommands() {
            let mut words = before.to_vec();
            words.push(below.get_name().to_owned());
            commands(below, &words, found);
        }
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        let mut found = Vec::new();
        commands(&Arguments::grammar(), &[], &mut found);
        let known = |words: &[String]| {
            let mut all = examples::EXAMPLES.iter();
            all.any(|it| it.command.iter().eq(words.iter()) && !it.lines.is_empty())
        };
        for command in &found {
            assert!(known(command), "{command:?} has no examples");
        }
        let lines = examples::EXAMPLES.iter().flat_map(|it| it.lines);
        for line in lines.filter(|_| cfg!(feature = "server")) {
            let (_, words) = line.split_once("ledgerstone ").unwrap();
            let words = words.split(" > ").next().unwrap();
            assert!(parse(words).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        for line in [
            "search --email a --tree-id 7 --start 21",
            "search --email a --from 7:21,9:0",
            "audit --full --tree-id 7",
            "monitor --config m.toml --tree-id 7",
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
            "verify a b --bundle c --bundle d --trusted-root t --policy p.toml",
            "verify a --trusted-root t --certificate-identity i --certificate-oidc-issuer u",
            "verify a --trusted-root t --github-repository o/r --ref refs/heads/x --trigger push",
            "verify a --trusted-root t --any-identity --extension runner-environment=github-hosted",
            "verify a --trusted-root t --any-identity --signature s --certificate c --timestamp t \
             --log-entries 0",
            "verify a --trusted-root t --key k --predicate-type p --statement",
            "verify a --instance sigstore --offline --any-identity",
            "verify a --tuf-url https://tuf.example --tuf-root root.json --tuf-cache d --key k",
            "attach --bundle a.sigstore.json --envelope b.json --tree-id 7",
            "attach --oci ghcr.io/acme/app:v1",
            "detach --index 7 --tree-id 9 --data-dir data",
            "detach --index 7 --admin-url http://127.0.0.1:2112",
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
            "import --from https://rekor.example --log-key a.pub --origin rekor.example --tree-id \
             7",
            "import --from https://rekor.example --protocol rekor-v1 --trusted-root \
             trusted_root.json --parallel 16",
        ] {
            assert!(parse(line).is_ok(), "{line}");
            assert!(parse(&format!("{line} --json")).is_ok(), "{line} --json");
        }
        assert!(parse("get --index 7 --body").is_ok());
        assert!(parse("get --index 7 --statement").is_ok());
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
            ("verify a --trusted-root t --extension x", ValueValidation),
            ("verify a --instance other", ValueValidation),
            (
                "verify a --tuf-url https://tuf.example",
                MissingRequiredArgument,
            ),
            (
                "verify a --trusted-root t --policy p --any-identity",
                ArgumentConflict,
            ),
            (
                "verify a --trusted-root t --signature s --bundle b",
                ArgumentConflict,
            ),
            (
                "verify a --trusted-root t --certificate c",
                MissingRequiredArgument,
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
                "submit --dsse e.json --key a.pub --artifact a.txt --digest sha256:00",
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
            ("search --email a --start 21", MissingRequiredArgument),
            (
                "search --email a --tree-id 7 --start 21 --from 7:21",
                ArgumentConflict,
            ),
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
