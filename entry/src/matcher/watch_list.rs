//! The list of what is watched for, and how it looks at a body.

use std::collections::HashSet;

use ledgerstone_merkle::Hash;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::key::public_key::PublicKey;
use crate::matcher::named::Named;
use crate::matcher::pattern::Pattern;
use crate::matcher::rule_error::MAX_RULES;
use crate::matcher::rule_error::RuleError;

/// What to look for in entries.
///
/// An entry is a hit when it names any of the identities, keys and digests, and is of one of the
/// kinds. A list without identities, keys and digests takes every entry of its kinds; one without
/// kinds, entries of all kinds.
#[derive(Clone, Debug, Default)]
pub struct WatchList {
    identities: Vec<IdentityRule>,
    key_hashes: HashSet<Hash>,
    digests: HashSet<String>,
    kinds: Vec<KindRule>,
}

impl WatchList {
    /// Watches for certificates that name `subject` (an e-mail address, URI, DNS name, IP address
    /// or other name), and that were issued on the word of `issuer` where there is one: the OpenID
    /// provider in Fulcio's extensions 1.3.6.1.4.1.57264.1.8 and .1.
    ///
    /// In both, `*` stands for any characters, and upper and lower case are the same.
    ///
    /// # Errors
    /// [`RuleError`] for an empty text, one over
    /// [`MAX_PATTERN_BYTES`](crate::matcher::MAX_PATTERN_BYTES), and more than [`MAX_RULES`] rules.
    pub fn add_identity(&mut self, subject: &str, issuer: Option<&str>) -> Result<(), RuleError> {
        self.identities.push(IdentityRule {
            subject: Pattern::parse(subject)?,
            issuer: issuer.map(Pattern::parse).transpose()?,
        });
        self.check_count()
    }

    /// Watches for `key`, bare or in a certificate.
    ///
    /// # Errors
    /// [`RuleError::Count`] for more than [`MAX_RULES`] rules.
    pub fn add_key(&mut self, key: &PublicKey) -> Result<(), RuleError> {
        self.add_key_hash(Hash::new(Sha256::digest(key.spki_der()).into()))
    }

    /// Watches for the key with this SHA-256 hash, of its DER SubjectPublicKeyInfo or of the text
    /// in which Rekor v1 logs it (PEM, for a certificate the certificate's). The latter also finds
    /// PGP, SSH and minisign keys.
    ///
    /// # Errors
    /// [`RuleError::Count`] for more than [`MAX_RULES`] rules.
    pub fn add_key_hash(&mut self, hash: Hash) -> Result<(), RuleError> {
        self.key_hashes.insert(hash);
        self.check_count()
    }

    /// Watches for an artifact, payload or envelope by its digest: `sha256:` and hexadecimal
    /// digits, or another hash function by its name. Without a name, SHA-1, SHA-256, SHA-384 and
    /// SHA-512 are told apart by their lengths.
    ///
    /// A subject of an in-toto statement is found where the body holds the statement. Most hold its
    /// hash only.
    ///
    /// # Errors
    /// [`RuleError`] for a text of another form, and more than [`MAX_RULES`] rules.
    pub fn add_digest(&mut self, digest: &str) -> Result<(), RuleError> {
        let normal = normal_digest(digest).ok_or_else(|| RuleError::Digest(digest.to_owned()))?;
        self.digests.insert(normal);
        self.check_count()
    }

    /// Takes entries of `kind`, such as `hashedrekord` or `hashedrekord 0.0.2`.
    ///
    /// # Errors
    /// [`RuleError`] for a text of another form, and more than [`MAX_RULES`] rules.
    pub fn add_kind(&mut self, kind: &str) -> Result<(), RuleError> {
        self.kinds.push(KindRule::parse(kind)?);
        self.check_count()
    }

    /// Whether every entry is a hit, for want of rules.
    pub fn takes_everything(&self) -> bool {
        self.takes_all_of_its_kinds() && self.kinds.is_empty()
    }

    /// Looks at one body.
    pub fn examine(&self, body: &[u8]) -> Examined {
        let Some(named) = Named::read(body) else {
            return Examined {
                matches: self.takes_everything().then(Vec::new),
                ..Examined::default()
            };
        };
        let right_kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.takes(&named));
        let matches = if right_kind {
            Some(self.matches(&named))
                .filter(|matches| !matches.is_empty() || self.takes_all_of_its_kinds())
        } else {
            None
        };
        Examined {
            // What is not watched for need not be understood.
            understood: named.complete || !right_kind,
            kind: named.kind,
            version: named.version,
            matches,
        }
    }

    fn matches(&self, named: &Named) -> Vec<Match> {
        let identities = named.identities.iter();
        let identities = identities
            .filter(|identity| {
                let mut rules = self.identities.iter();
                rules.any(|rule| rule.takes(&identity.subject, identity.issuer.as_deref()))
            })
            .map(|identity| Match::Identity {
                subject: identity.subject.clone(),
                issuer: identity.issuer.clone(),
            });
        let keys = named.key_hashes.iter();
        let keys = keys
            .filter(|hash| self.key_hashes.contains(*hash))
            .map(|hash| Match::Key {
                sha256: hash.to_string(),
            });
        let digests = named.digests.iter();
        let digests = digests
            .filter(|digest| self.digests.contains(*digest))
            .map(|digest| Match::ArtifactDigest {
                digest: digest.clone(),
            });
        identities.chain(keys).chain(digests).collect()
    }

    fn takes_all_of_its_kinds(&self) -> bool {
        self.identities.is_empty() && self.key_hashes.is_empty() && self.digests.is_empty()
    }

    fn check_count(&self) -> Result<(), RuleError> {
        let counts = [
            self.identities.len(),
            self.key_hashes.len(),
            self.digests.len(),
            self.kinds.len(),
        ];
        if counts.iter().sum::<usize>() > MAX_RULES {
            return Err(RuleError::Count);
        }
        Ok(())
    }
}

/// What came of looking at a body.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Examined {
    /// The kind of entry; empty when the body is not that of an entry.
    pub kind: String,
    /// The version of the kind.
    pub version: String,
    /// For a hit, everything watched for that the entry names; nothing when every entry of its kind
    /// is watched for. `None` when it is no hit.
    pub matches: Option<Vec<Match>>,
    /// Whether all that the entry names could be read. Where it could not, an entry that is no hit
    /// might be one.
    pub understood: bool,
}

/// One thing that was watched for and found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Match {
    /// A certificate names this subject.
    Identity {
        /// As it stands in the certificate.
        subject: String,
        /// The OpenID provider, where the certificate tells it.
        #[serde(skip_serializing_if = "Option::is_none")]
        issuer: Option<String>,
    },
    /// The entry holds this key.
    Key {
        /// The hash by which it was found, hexadecimal.
        sha256: String,
    },
    /// The entry is about this artifact, payload or envelope.
    ArtifactDigest {
        /// With the name of the hash function.
        digest: String,
    },
}

#[derive(Clone, Debug)]
struct IdentityRule {
    subject: Pattern,
    issuer: Option<Pattern>,
}

impl IdentityRule {
    fn takes(&self, subject: &str, issuer: Option<&str>) -> bool {
        let right_issuer = match (&self.issuer, issuer) {
            (None, _) => true,
            (Some(pattern), Some(issuer)) => pattern.matches(issuer),
            (Some(_), None) => false,
        };
        right_issuer && self.subject.matches(subject)
    }
}

#[derive(Clone, Debug)]
struct KindRule {
    kind: String,
    version: Option<String>,
}

impl KindRule {
    fn parse(text: &str) -> Result<Self, RuleError> {
        let mut words = text.split_ascii_whitespace().map(str::to_owned);
        match (words.next(), words.next(), words.next()) {
            (Some(kind), version, None) => Ok(Self { kind, version }),
            _ => Err(RuleError::Kind(text.to_owned())),
        }
    }

    fn takes(&self, named: &Named) -> bool {
        let version = self.version.as_ref();
        self.kind == named.kind && version.is_none_or(|version| *version == named.version)
    }
}

/// A digest with the name of its hash function, in lower case.
fn normal_digest(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (name, digits) = match text.split_once(':') {
        Some((name, digits)) => (Some(name), digits),
        None => (None, text.as_str()),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let lengths = [
        ("sha1", 40),
        ("sha256", 64),
        ("sha384", 96),
        ("sha512", 128),
        ("sha3-256", 64),
        ("sha3-384", 96),
    ];
    let (name, _) = lengths.iter().find(|(known, length)| {
        *length == digits.len() && name.is_none_or(|name| name == *known)
    })?;
    Some(format!("{name}:{digits}"))
}
