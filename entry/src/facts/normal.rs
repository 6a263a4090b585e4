//! The one form in which things of a kind are compared.

use crate::facts::package::package_text;
use crate::facts::repository::repository_text;
use crate::facts::repository::without_user;
use crate::search_key::SearchKeyKind;

/// The longest text of a fact, in bytes. A longer one is cut, where it is written as where it is
/// asked for.
pub const MAX_FACT_BYTES: usize = 1_024;

/// The text by which a thing of this kind is found, however it was written. Also that of a pattern:
/// `*` stays what it is. `None` where nothing is named.
///
/// Upper and lower case are the same in all of them: who is told too much can look closer, and who
/// asks in another spelling must not miss anything.
pub(crate) fn normal(kind: SearchKeyKind, text: &str) -> Option<String> {
    let text = text.trim();
    let normal = match kind {
        SearchKeyKind::Issuer => text.trim_end_matches('/').to_lowercase(),
        SearchKeyKind::Repository | SearchKeyKind::Owner => repository_text(text),
        SearchKeyKind::Package => package_text(text)?,
        SearchKeyKind::Name => without_user(text).to_lowercase(),
        _ => text.to_lowercase(),
    };
    let names_nothing = matches!(normal.as_str(), "" | "_" | "noassertion" | "none");
    (!names_nothing).then(|| cut(normal))
}

/// Cuts a text between two characters where it is too long.
fn cut(mut text: String) -> String {
    let mut length = text.len().min(MAX_FACT_BYTES);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    text.truncate(length);
    text
}
