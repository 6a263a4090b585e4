//! Commands that people paste into a shell as they are.

use std::env;

/// What starts this program where it was started.
pub(crate) fn program() -> String {
    let started_as = env::args().next();
    quoted(started_as.as_deref().unwrap_or("ledgerstone"))
}

/// `word` as a shell reads it back: in quotes where a character in it means something.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%,=+".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        for (word, written) in [
            ("a.txt", "a.txt"),
            (
                "log.example.com+bb4669a3+AQ/a=",
                "log.example.com+bb4669a3+AQ/a=",
            ),
            ("my file", "'my file'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), written);
        }
    }
}
