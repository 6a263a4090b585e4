//! The commands that a build was made without.

use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;

/// What operators type. A build for signers, verifiers and auditors has none of it.
const OF_OPERATORS: &[&str] = &[
    "serve", "import", "fsck", "reindex", "detach", "tree", "ready",
];

/// What to say where `error` is about a command that other builds have.
pub(crate) fn advice(error: &clap::Error) -> Option<String> {
    if cfg!(feature = "server") || error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    OF_OPERATORS.contains(&name.as_str()).then(|| {
        format!(
            "this build has no `{name}`: it is the client, for signers, verifiers and auditors; \
             the full build has it, which is the package ledgerstone, or `cargo install --path \
             ledgerstone` in the source"
        )
    })
}

/// What the help of a build says that lacks commands.
pub(crate) fn note() -> Option<String> {
    (!cfg!(feature = "server")).then(|| {
        format!(
            "Not in this build, which is for signers, verifiers and auditors:\n  {}",
            OF_OPERATORS.join(", ")
        )
    })
}
