//! Reads logged bodies, of this log or of another.

use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::body::BodyTooLarge;
use crate::body::MAX_BODY_LENGTH;
use crate::body_error::BodyError;
use crate::content::Content;
use crate::entry_kind::EntryKind;
use crate::facts::collected::Facts;
use crate::kinds::find_row;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;

/// Reads a logged body, of this log or of another.
///
/// Of the kinds that [`kinds`](crate::kinds()) lists, everything is read and the bytes must be
/// canonical. Of others, kind and version. No signature is verified: the log did that, or whoever
/// wants to know does it with the parts.
///
/// # Errors
/// [`BodyError`] when the bytes are no such body.
pub fn describe(body: &[u8]) -> Result<EntryDescription, BodyError> {
    if body.len() > MAX_BODY_LENGTH {
        return Err(BodyError::TooLarge(BodyTooLarge { length: body.len() }));
    }
    // A structure would be read from an array as well.
    if !body.starts_with(b"{") {
        return Err(BodyError::Json("it is not an object".to_owned()));
    }
    let head: Head<'_> = serde_json::from_slice(body).map_err(BodyError::json)?;
    let content = match find_row(&head.kind, &head.api_version) {
        Some((kind, read)) => Some((kind, Arc::from(read(body)?))),
        None => None,
    };
    Ok(EntryDescription {
        kind: head.kind.into_owned(),
        version: head.api_version.into_owned(),
        content,
    })
}

/// What the entry with this body is found by, so that a search index can be built from the log
/// alone: the same keys as when it was submitted, but for those of a statement that came with it.
///
/// # Errors
/// [`BodyError`] when the bytes are no body.
pub fn search_keys_of_body(body: &[u8]) -> Result<Vec<SearchKey>, BodyError> {
    Ok(describe(body)?.search_keys())
}

/// What a body says.
#[derive(Clone, Debug)]
pub struct EntryDescription {
    kind: String,
    version: String,
    /// `None` for a kind that this version does not read.
    content: Option<(EntryKind, Arc<dyn Content>)>,
}

impl EntryDescription {
    /// The name of the kind, such as `hashedrekord`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version of the kind, such as `0.0.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The kind, or `None` for one that this version does not read.
    pub fn entry_kind(&self) -> Option<EntryKind> {
        self.content.as_ref().map(|(kind, _)| *kind)
    }

    /// What the body says beyond its kind, if `T` is the type for that kind: for instance
    /// [`HashedRekordV002`](crate::HashedRekordV002) of a hashedrekord 0.0.2 entry.
    pub fn content<T: Any>(&self) -> Option<&T> {
        let content: &dyn Any = self.any_content()?;
        content.downcast_ref()
    }

    /// What the body says beyond its kind, or `None` for a kind that this version does not read.
    pub(crate) fn any_content(&self) -> Option<&dyn Content> {
        self.content.as_ref().map(|(_, content)| &**content)
    }

    /// What the entry is found by, each key once and in order. The kind alone, for one that is not
    /// known.
    pub fn search_keys(&self) -> Vec<SearchKey> {
        self.facts().search_keys()
    }

    /// What the body names. The kind alone, for one that is not known.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        let kind = format!("{} {}", self.kind, self.version);
        facts.add(SearchKeyKind::EntryKind, &kind);
        if let Some(content) = self.any_content() {
            content.add_facts(&mut facts);
        }
        facts
    }
}

/// What all bodies have in common.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(rename = "spec")]
    _spec: HashMap<String, IgnoredAny>,
}
