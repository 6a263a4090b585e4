//! What makes a kind of Rekor v2.

use ledgerstone_proto::sigstore::rekor::v2::Entry;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec as RequestSpec;
use ledgerstone_proto::sigstore::rekor::v2::spec::Spec as LoggedSpec;

use crate::body;
use crate::body::Canonical;
use crate::body_error::BodyError;
use crate::content::Content;
use crate::content::ReadBody;
use crate::entry_kind::EntryKind;
use crate::prepared::PreparedEntry;
use crate::v2::limits::V2Limits;
use crate::v2::rule::Rule;

/// A kind of Rekor v2. The type itself is what a body of the kind says.
pub(crate) trait V2Kind: Canonical + Content + Sized {
    /// Name and version.
    const KIND: EntryKind;

    /// The message that such an entry is submitted as.
    type Request;

    /// The message that such an entry is logged as.
    type Logged;

    /// The request in `spec`, if it is one for this kind.
    fn request(spec: &RequestSpec) -> Option<&Self::Request>;

    /// Verifies a request, and makes the entry of it.
    fn prepare(request: &Self::Request, limits: &V2Limits) -> Result<PreparedEntry, Rule>;

    /// The message in `spec`, if it is of this kind.
    fn logged(spec: LoggedSpec) -> Option<Self::Logged>;

    /// Reads what is logged.
    fn read(logged: Self::Logged) -> Result<Self, BodyError>;
}

/// A request that is for one kind, and waits to be verified by it.
pub(crate) type Submission<'r> = Box<dyn FnOnce(V2Limits) -> Result<PreparedEntry, Rule> + 'r>;

/// A row of the table of kinds.
pub(crate) struct V2KindDefinition {
    pub(crate) kind: EntryKind,
    /// The request, if it is one for this kind.
    pub(crate) submission: for<'r> fn(&'r RequestSpec) -> Option<Submission<'r>>,
    /// Reads a canonical body of this kind.
    pub(crate) read: ReadBody,
}

impl V2KindDefinition {
    pub(crate) const fn of<K: V2Kind>() -> Self {
        Self {
            kind: K::KIND,
            submission: submission::<K>,
            read: read::<K>,
        }
    }
}

fn submission<K: V2Kind>(spec: &RequestSpec) -> Option<Submission<'_>> {
    let request = K::request(spec)?;
    Some(Box::new(move |limits| K::prepare(request, &limits)))
}

/// Reads `body` and writes it again: the same bytes must come out, which settles everything that
/// JSON leaves open.
fn read<K: V2Kind>(body: &[u8]) -> Result<Box<dyn Content>, BodyError> {
    let entry: Entry = serde_json::from_slice(body).map_err(BodyError::json)?;
    let spec = entry.spec.and_then(|spec| spec.spec);
    let logged = spec.and_then(K::logged);
    let content = K::read(logged.ok_or(BodyError::Missing("spec of its kind"))?)?;
    if body::format(&content)? != body {
        return Err(BodyError::NotCanonical);
    }
    Ok(Box::new(content))
}
