//! What is added to clap's words about arguments that cannot be used.

use std::path::Path;

use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;

use crate::cli::absent;

/// Files that say whom to trust, by the argument that takes them: as `trust` writes them, here or
/// in the folder of the README.
const TRUST_FILES: &[(&str, &str)] = &[
    ("--trusted-root", "trusted_root.json"),
    ("--trusted-root", "trust/trusted_root.json"),
    ("--log-key", "log.vkey"),
    ("--log-key", "trust/log.vkey"),
];

/// What to say in place of clap's own words.
pub(crate) fn instead(error: &clap::Error) -> Option<String> {
    absent::advice(error)
}

/// What to say behind clap's own words.
pub(crate) fn behind(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let is_trust = error.kind() == ErrorKind::MissingRequiredArgument
        && missing.iter().any(|it| it.contains("--trusted-root"));
    is_trust.then(|| trust_advice(Path::new(".")))
}

fn trust_advice(folder: &Path) -> String {
    let mut files = TRUST_FILES.iter();
    match files.find(|(_, file)| folder.join(file).is_file()) {
        Some((argument, file)) => format!("tip: {file} lies here: add {argument} {file}"),
        None => "tip: `ledgerstone trust --out trust` writes trust/trusted_root.json, with the \
                 keys that the log gives for itself"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn trust_files_that_lie_here_are_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(trust_advice(folder.path()).contains("ledgerstone trust"));
        fs::create_dir(folder.path().join("trust")).unwrap();
        fs::write(folder.path().join("trust/log.vkey"), "").unwrap();
        assert!(trust_advice(folder.path()).ends_with("add --log-key trust/log.vkey"));
    }
}
