//! Someone at a terminal, in a directory of their own.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::server::command;

/// A directory, and what is typed in it.
pub(crate) struct Terminal {
    pub(crate) directory: TempDir,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Types a line. Words have no spaces; those before it that look like `NAME=VALUE` set
    /// variables.
    pub(crate) fn run(&self, line: &str) -> Output {
        let mut command = command();
        let (variables, line) = match line.split_once(" ledgerstone ") {
            Some((variables, line)) => (variables, line),
            None => ("", line),
        };
        let variables = variables.split_whitespace();
        command.envs(variables.filter_map(|it| it.split_once('=')));
        command
            .current_dir(&self.directory)
            .args(line.split_whitespace());
        command.output().unwrap()
    }

    /// Types a line that has to work, and returns what it prints for machines.
    pub(crate) fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("--json {line}"));
        assert!(output.status.success(), "{line}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Types a line that has to work, and returns what it prints for people.
    pub(crate) fn text(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Types a line that has to fail, and returns what is told about it.
    pub(crate) fn fails(&self, code: i32, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(code), "{line}: {output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!told.is_empty(), "{line} tells nothing");
        let json = self.run(&format!("--json {line}"));
        assert_eq!(json.status.code(), Some(code), "{line} --json: {json:?}");
        told
    }
}
