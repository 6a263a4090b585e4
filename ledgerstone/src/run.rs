//! From the command line to the command.

use anyhow::Context;
use tokio::runtime::Runtime;

use crate::cli::Arguments;
use crate::cli::Command;
use crate::commands::attach;
use crate::commands::audit;
use crate::commands::completions;
#[cfg(feature = "server")]
use crate::commands::detach;
#[cfg(feature = "server")]
use crate::commands::fsck;
use crate::commands::get;
#[cfg(feature = "server")]
use crate::commands::import;
use crate::commands::monitor;
use crate::commands::proof;
use crate::commands::proof::ProofCommand;
#[cfg(feature = "server")]
use crate::commands::ready;
use crate::commands::recall;
#[cfg(feature = "server")]
use crate::commands::reindex;
use crate::commands::search;
#[cfg(feature = "server")]
use crate::commands::serve;
use crate::commands::sign;
use crate::commands::submit;
#[cfg(feature = "server")]
use crate::commands::tree;
use crate::commands::trust;
use crate::commands::verify;

/// Does what the command line says.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let json = arguments.json;
    let runtime = || Runtime::new().context("the async runtime cannot be started");
    let report = match arguments.command {
        #[cfg(feature = "server")]
        Command::Serve(arguments) => return serve::run(*arguments, json),
        #[cfg(feature = "server")]
        Command::Fsck(arguments) => return fsck::run(&arguments, json),
        #[cfg(feature = "server")]
        Command::Reindex(arguments) => reindex::run(&arguments),
        #[cfg(feature = "server")]
        Command::Detach(arguments) => detach::run(&arguments),
        Command::Attach(arguments) => return runtime()?.block_on(attach::run(arguments, json)),
        #[cfg(feature = "server")]
        Command::Ready(arguments) => runtime()?.block_on(ready::run(arguments)),
        #[cfg(feature = "server")]
        Command::Tree(command) => return tree::run(&command, json),
        Command::Sign(arguments) => runtime()?.block_on(sign::run::run(arguments)),
        Command::Submit(arguments) => runtime()?.block_on(submit::run(arguments)),
        Command::Verify(arguments) => return verify::run::run(*arguments, json),
        Command::Get(arguments) => return runtime()?.block_on(get::run(arguments, json)),
        Command::Proof(ProofCommand::Inclusion(arguments)) => {
            runtime()?.block_on(proof::inclusion(arguments))
        }
        Command::Proof(ProofCommand::Consistency(arguments)) => {
            runtime()?.block_on(proof::consistency(arguments))
        }
        Command::Audit(arguments) => runtime()?.block_on(audit::run(arguments)),
        #[cfg(feature = "server")]
        Command::Import(arguments) => runtime()?.block_on(import::run(arguments)),
        Command::Monitor(arguments) => return runtime()?.block_on(monitor::run(arguments, json)),
        Command::Recall(arguments) => return runtime()?.block_on(recall::run(*arguments, json)),
        Command::Search(arguments) => return runtime()?.block_on(search::run(arguments, json)),
        Command::Completions(arguments) => {
            return completions::completions(&arguments, Arguments::grammar());
        }
        Command::Man(arguments) => return completions::man(&arguments, Arguments::grammar()),
        Command::Trust(arguments) => runtime()?.block_on(trust::run(arguments)),
    };
    Ok(report?.print(json)?)
}
