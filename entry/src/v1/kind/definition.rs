//! What makes a kind of Rekor v1.

use crate::body;
use crate::body::Canonical;
use crate::body_error::BodyError;
use crate::content::Content;
use crate::content::ReadBody;
use crate::entry_kind::EntryKind;
use crate::prepared::PreparedEntry;
use crate::v1::json::Json;
use crate::v1::limits::V1Limits;
use crate::v1::purpose::Purpose;
use crate::v1::reject::V1Reject;

/// A kind of Rekor v1, in one of its versions. The type itself is what a body of the kind says.
pub(crate) trait V1Kind: Canonical + Content + Sized {
    /// Name and version.
    const KIND: EntryKind;

    /// Verifies the spec of a proposed entry, and makes the entry of it.
    fn prepare(
        spec: &Json<'_>,
        limits: &V1Limits,
        purpose: Purpose,
    ) -> Result<PreparedEntry, V1Reject>;

    /// Reads the spec of a body: the form that is logged.
    fn read(spec: &Json<'_>) -> Result<Self, V1Reject>;
}

/// Verifies the spec of a proposed entry of one kind, and makes the entry of it.
pub(crate) type PrepareSpec = fn(&Json<'_>, &V1Limits, Purpose) -> Result<PreparedEntry, V1Reject>;

/// A row of the table of kinds.
pub(crate) struct V1KindDefinition {
    pub(crate) kind: EntryKind,
    pub(crate) prepare: PrepareSpec,
    /// Reads a canonical body of this kind.
    pub(crate) read: ReadBody,
}

impl V1KindDefinition {
    pub(crate) const fn of<K: V1Kind>() -> Self {
        Self {
            kind: K::KIND,
            prepare: K::prepare,
            read: read::<K>,
        }
    }
}

/// Reads `body` and writes it again: the same bytes must come out, which settles everything that
/// JSON leaves open.
fn read<K: V1Kind>(body: &[u8]) -> Result<Box<dyn Content>, BodyError> {
    let entry = Json::whole(body).map_err(BodyError::json)?;
    let content = K::read(entry.object("spec").ok_or(BodyError::Missing("spec"))?)?;
    if body::format(&content)? != body {
        return Err(BodyError::NotCanonical);
    }
    Ok(Box::new(content))
}
