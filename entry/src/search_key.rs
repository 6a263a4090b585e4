//! What an entry can be found by.

use ledgerstone_merkle::Hash;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use sha2::Digest as _;
use sha2::Sha256;

use crate::digest_text::asked_digest;
use crate::hash_function::hash_name;
use crate::key::public_key::PublicKey;
use crate::pem;
use crate::pem::PUBLIC_KEY;

/// What an entry can be found by: the kind of thing, and the SHA-256 hash of its normalised text.
///
/// An index stores kind and hash only, so that its keys have one length and a text of any length is
/// as good as another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SearchKey {
    /// What kind of thing the text names.
    pub kind: SearchKeyKind,
    /// SHA-256 of the normalised text.
    pub hash: Hash,
}

impl SearchKey {
    /// The artifact, payload or envelope whose hash is `digest`. The text is `sha256:` and
    /// lower-case hexadecimal, with the name of the hash function.
    ///
    /// `None` when `algorithm` names no hash function.
    pub fn artifact_digest(algorithm: HashAlgorithm, digest: &[u8]) -> Option<Self> {
        let name = hash_name(algorithm)?;
        let text = format!("{name}:{}", hex::encode(digest));
        Some(Self::of(SearchKeyKind::ArtifactDigest, &text))
    }

    /// The same from text: hexadecimal in either case, with the name of the function before it, or
    /// with nothing when the length tells which one it is; `sha512-` and base64; an image with its
    /// digest.
    ///
    /// `None` when the text is no such hash.
    pub fn artifact_digest_text(text: &str) -> Option<Self> {
        let text = asked_digest(text)?;
        Some(Self::of(SearchKeyKind::ArtifactDigest, &text))
    }

    /// Entries signed by `key`, whether they hold it bare or in a certificate. The text is the
    /// SHA-256 hash of the key's PEM in lower-case hexadecimal, which is how Rekor v1 names a key.
    pub fn public_key(key: &PublicKey) -> Self {
        Self::of_key_text(pem::encode(PUBLIC_KEY, key.spki_der()).as_bytes())
    }

    /// Entries whose certificate names `subject`: an e-mail address, URI, DNS name or IP address,
    /// in any case.
    pub fn subject(subject: &str) -> Self {
        Self::of(SearchKeyKind::Subject, &subject.to_lowercase())
    }

    /// The key whose canonical text is `text`: PEM, or what else its format has.
    pub(crate) fn of_key_text(text: &[u8]) -> Self {
        Self::of(SearchKeyKind::PublicKey, &hex::encode(Sha256::digest(text)))
    }

    /// Entries that name what has this text, as facts have it.
    pub fn of(kind: SearchKeyKind, text: &str) -> Self {
        Self {
            kind,
            hash: Hash::new(Sha256::digest(text).into()),
        }
    }
}

/// Defines the kinds: each with the number that is stored, which never changes its meaning, the
/// name by which queries call it, and what it is like.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal $name:literal $traits:expr;)*) => {
        /// The kinds of things that entries are found by. The numbers are stored, and never change
        /// their meaning.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum SearchKeyKind {
            $($(#[$doc])* $kind = $number,)*
        }

        impl SearchKeyKind {
            /// All kinds, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The kind that is stored as `number`, or `None` for a number of a later version.
            pub fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// What queries call it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            const fn traits(self) -> Traits {
                match self {
                    $(Self::$kind => $traits,)*
                }
            }
        }
    };
}

kinds! {
    /// The hash of an artifact, a payload or an envelope, of a commit, of a dependency, or of a
    /// key, as Rekor v1 has it for some kinds: `sha256:` and the text of [`Self::PublicKey`].
    ArtifactDigest = 1 "digest" Traits::STATED;
    /// A public key or certificate: the SHA-256 hash of its canonical text, and of its DER.
    PublicKey = 2 "key" Traits::EXACT;
    /// Whom a certificate names.
    Subject = 3 "subject" Traits::NAMED;
    /// The OpenID provider that vouched for whom a certificate names.
    Issuer = 4 "issuer" Traits::NAMED;
    /// A source repository: host and path.
    Repository = 5 "repository" Traits::BOTH;
    /// The owner of a source repository: host and path.
    Owner = 6 "owner" Traits::NAMED;
    /// A branch or a tag, such as `refs/heads/main`.
    Ref = 7 "ref" Traits::BOTH;
    /// The workflow that signed, or that called the one that signed.
    Workflow = 8 "workflow" Traits::BOTH;
    /// What started the workflow, such as `push`.
    Trigger = 9 "trigger" Traits::NAMED;
    /// Where the workflow ran, such as `self-hosted`.
    Runner = 10 "runner" Traits::NAMED;
    /// One run of a workflow.
    Run = 11 "run" Traits::STATED;
    /// Where the workflow deployed to.
    Environment = 12 "environment" Traits::NAMED;
    /// Any other claim of Fulcio: its number, `=`, and its value.
    Claim = 13 "claim" Traits::NAMED;
    /// Who issued a certificate: the distinguished name, and the identifier of the key.
    Authority = 14 "authority" Traits::NAMED;
    /// The SHA-256 hash of a signature.
    Signature = 15 "signature" Traits::EXACT;
    /// What a statement calls an artifact or a dependency.
    Name = 16 "name" Traits::BOTH;
    /// A package: a purl without qualifiers.
    Package = 17 "package" Traits::BOTH;
    /// Who built an artifact, by the word of a statement.
    Builder = 18 "builder" Traits::BOTH;
    /// How an artifact was built.
    BuildType = 19 "build-type" Traits::BOTH;
    /// What a statement is about.
    PredicateType = 20 "predicate" Traits::BOTH;
    /// Name and version of the kind of entry.
    EntryKind = 21 "kind" Traits::NAMED;
    /// That the statement of an entry was seen: the text is `seen`.
    Statement = 22 "statement" Traits::STATED;
    /// That something in the body could not be read which may name somebody: the text is
    /// `certificate`.
    Unread = 23 "unread" Traits::EXACT;
}

/// What a kind of thing is like.
struct Traits {
    /// Whether it can be asked for by a pattern.
    is_named: bool,
    /// Whether a statement may name it.
    is_stated: bool,
}

impl Traits {
    const EXACT: Self = Self::new(false, false);
    const NAMED: Self = Self::new(true, false);
    const STATED: Self = Self::new(false, true);
    const BOTH: Self = Self::new(true, true);

    const fn new(is_named: bool, is_stated: bool) -> Self {
        Self {
            is_named,
            is_stated,
        }
    }
}

impl SearchKeyKind {
    /// The number that is stored.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The kind that queries call `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether it can be asked for by a pattern: then an index keeps the distinct texts.
    pub fn is_named(self) -> bool {
        self.traits().is_named
    }

    /// Whether a statement may name it, which the body of an entry need not hold.
    pub fn is_stated(self) -> bool {
        self.traits().is_stated
    }
}
