//! `completions` and `man`: what packages ship beside the program.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap::Command;
use clap_complete::Shell;

use crate::output;

/// The arguments of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// The arguments of `man`.
#[derive(Args, Debug)]
pub(crate) struct ManArguments {
    /// The directory that the pages go into, one for each command.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Prints what makes a shell complete the words of `grammar`.
pub(crate) fn completions(
    arguments: &CompletionsArguments,
    mut grammar: Command,
) -> anyhow::Result<()> {
    let name = grammar.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut grammar, name, &mut script);
    Ok(output::raw(&script)?)
}

/// Writes the manual pages of `grammar`.
pub(crate) fn man(arguments: &ManArguments, grammar: Command) -> anyhow::Result<()> {
    let directory = &arguments.directory;
    let written =
        fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(grammar, directory));
    written.with_context(|| format!("the pages cannot be written to {}", directory.display()))
}
