//! The list of what is watched for, and how it looks at a body.

use ledgerstone_merkle::Hash;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use crate::digest_text::asked_digest;
use crate::facts::fact::Fact;
use crate::facts::normal::normal;
use crate::key::public_key::PublicKey;
use crate::known::Known;
use crate::matcher::pattern::Pattern;
use crate::matcher::rule_error::MAX_RULES;
use crate::matcher::rule_error::RuleError;
use crate::query::evaluate::Verdict;
use crate::query::expression::Expression;
use crate::query::expression::Term;
use crate::search_key::SearchKeyKind;

/// What to look for in entries.
///
/// An entry is a hit when it names any of the identities, keys and digests, or when one of the
/// queries holds of it, and when it is of one of the kinds. A list without any but kinds takes
/// every entry of its kinds; one without kinds, entries of all kinds.
#[derive(Clone, Debug, Default)]
pub struct WatchList {
    rules: Vec<Rule>,
    kinds: Vec<Expression>,
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
        let like = |kind: SearchKeyKind, text: &str| {
            // Before it is cut.
            Pattern::parse(text)?;
            let text = normal(kind, text).ok_or(RuleError::EmptyPattern)?;
            let pattern = Pattern::parse(&text)?;
            Ok(Expression::Term(Term::Like {
                kind,
                text,
                pattern,
            }))
        };
        let mut parts = vec![like(SearchKeyKind::Subject, subject)?];
        if let Some(issuer) = issuer {
            parts.push(like(SearchKeyKind::Issuer, issuer)?);
        }
        let expression = Expression::Signer(Box::new(Expression::All(parts)));
        self.add(Watched::Identity, expression)
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
        let expression = Expression::is(SearchKeyKind::PublicKey, hash.to_string());
        self.add(Watched::Key, expression)
    }

    /// Watches for an artifact, payload or envelope by its digest, and for what depends on it: in
    /// any form that a [query](crate::query) takes.
    ///
    /// A subject of an in-toto statement is found where the body holds the statement. Most hold its
    /// hash only.
    ///
    /// # Errors
    /// [`RuleError`] for a text of another form, and more than [`MAX_RULES`] rules.
    pub fn add_digest(&mut self, digest: &str) -> Result<(), RuleError> {
        let text = asked_digest(digest).ok_or_else(|| RuleError::Digest(digest.to_owned()))?;
        let expression = Expression::is(SearchKeyKind::ArtifactDigest, text);
        self.add(Watched::Digest, expression)
    }

    /// Takes entries of `kind`, such as `hashedrekord` or `hashedrekord 0.0.2`.
    ///
    /// # Errors
    /// [`RuleError`] for a text of another form, and more than [`MAX_RULES`] rules.
    pub fn add_kind(&mut self, kind: &str) -> Result<(), RuleError> {
        let mut words = kind.split_ascii_whitespace();
        let (Some(name), version, None) = (words.next(), words.next(), words.next()) else {
            return Err(RuleError::Kind(kind.to_owned()));
        };
        let text = format!("{name} {}", version.unwrap_or("*"));
        let pattern = Pattern::parse(&text)?;
        let kind = SearchKeyKind::EntryKind;
        self.kinds.push(Expression::Term(Term::Like {
            kind,
            text,
            pattern,
        }));
        self.check_count()
    }

    /// Watches for what `query` asks for. Hits say that it was the rule with this name.
    ///
    /// # Errors
    /// [`RuleError::Count`] for more than [`MAX_RULES`] rules.
    pub fn add_query(&mut self, name: &str, query: Expression) -> Result<(), RuleError> {
        self.add_rule(name, query, None)
    }

    /// As [`add_query`](Self::add_query); hits also name the signers of whom `expected` does not
    /// hold, where there is such a query.
    ///
    /// # Errors
    /// [`RuleError::Count`] for more than [`MAX_RULES`] rules.
    pub fn add_rule(
        &mut self,
        name: &str,
        query: Expression,
        expected: Option<Expression>,
    ) -> Result<(), RuleError> {
        let name = name.to_owned();
        self.add(Watched::Query { name, expected }, query)
    }

    /// What is watched for, one question for each rule, with its name: what the rule asks and that
    /// the entry is of one of the kinds. A list without rules but with kinds asks for these.
    pub fn questions(&self) -> Vec<Question> {
        let kinds = (!self.kinds.is_empty()).then(|| Expression::Any(self.kinds.clone()));
        if self.rules.is_empty() {
            let of_kinds = kinds.map(|asked| Question {
                name: KINDS.to_owned(),
                asked,
                expected: None,
            });
            return of_kinds.into_iter().collect();
        }
        let questions = self.rules.iter().map(|rule| {
            let (name, expected) = match &rule.watched {
                Watched::Query { name, expected } => (name.clone(), expected.clone()),
                _ => (rule.expression.to_string(), None),
            };
            let asked = rule.expression.clone();
            let asked = match &kinds {
                Some(kinds) => Expression::All(vec![kinds.clone(), asked]),
                None => asked,
            };
            Question {
                name,
                asked,
                expected,
            }
        });
        questions.collect()
    }

    /// Whether a rule asks which authorities are trusted.
    pub fn asks_trust(&self) -> bool {
        self.rules.iter().any(|rule| rule.expression.asks_trust())
    }

    /// Whether every entry is a hit, for want of rules.
    pub fn takes_everything(&self) -> bool {
        self.rules.is_empty() && self.kinds.is_empty()
    }

    /// Looks at one body.
    pub fn examine(&self, body: &[u8]) -> Examined {
        self.examine_known(&Known::of_body(body))
    }

    /// Looks at what is known of an entry.
    pub fn examine_known(&self, known: &Known) -> Examined {
        let (kind, version) = known.kind.clone().unwrap_or_default();
        let verdict = |expression: &Expression| expression.verdict(known, &|_| false);
        let is_kind = |kind: &Expression| matches!(verdict(kind), Verdict::Yes(_));
        let right_kind = self.kinds.is_empty() || self.kinds.iter().any(is_kind);
        let mut examined = Examined {
            kind,
            version,
            matches: None,
            // What is not watched for need not be understood.
            understood: known.is_read || !right_kind,
            is_unseen: false,
        };
        if !right_kind {
            return examined;
        }
        let mut matches = self.rules.is_empty().then(Vec::new);
        for rule in &self.rules {
            match verdict(&rule.expression) {
                Verdict::Yes(_) => {
                    let found = matches.get_or_insert_default();
                    for one in rule.matches(known) {
                        if !found.contains(&one) {
                            found.push(one);
                        }
                    }
                }
                Verdict::Unknown => examined.is_unseen = true,
                Verdict::No => {}
            }
        }
        examined.is_unseen &= matches.is_none();
        examined.matches = matches;
        examined
    }

    fn add(&mut self, watched: Watched, expression: Expression) -> Result<(), RuleError> {
        self.rules.push(Rule {
            watched,
            expression,
        });
        self.check_count()
    }

    fn check_count(&self) -> Result<(), RuleError> {
        match self.rules.len() + self.kinds.len() > MAX_RULES {
            true => Err(RuleError::Count),
            false => Ok(()),
        }
    }
}

/// What one rule asks.
#[derive(Clone, Debug)]
pub struct Question {
    /// What hits call the rule.
    pub name: String,
    /// What has to hold of an entry.
    pub asked: Expression,
    /// What holds of entries with a signer who is expected, where the rule says who is.
    pub expected: Option<Expression>,
}

/// One thing that is watched for.
#[derive(Clone, Debug)]
struct Rule {
    watched: Watched,
    expression: Expression,
}

/// In which words a hit is told.
#[derive(Clone, Debug)]
enum Watched {
    Identity,
    Key,
    Digest,
    /// The rule with this name, and who is expected to sign.
    Query {
        name: String,
        expected: Option<Expression>,
    },
}

/// What the only question is called of a list that has kinds and no rules.
const KINDS: &str = "kinds";

impl Rule {
    /// Why the rule holds of `known`.
    fn matches(&self, known: &Known) -> Vec<Match> {
        match &self.watched {
            Watched::Identity => self.identities(known),
            Watched::Key => self.found(known, |text| Match::Key { sha256: text }),
            Watched::Digest => self.found(known, |text| Match::ArtifactDigest { digest: text }),
            Watched::Query { name, expected } => {
                let mut terms = Vec::new();
                self.expression.visit(&mut |term| terms.push(term));
                let facts = known.facts.iter();
                let named = facts.filter(|fact| terms.iter().any(|term| term.takes(fact)));
                let mut found: Vec<String> = named
                    .map(|fact| format!("{}:{}", fact.kind.name(), fact.text))
                    .collect();
                found.sort_unstable();
                found.dedup();
                let unexpected = expected.as_ref();
                vec![Match::Query {
                    rule: name.clone(),
                    found,
                    unexpected: unexpected.map_or_else(Vec::new, |it| unexpected_of(it, known)),
                }]
            }
        }
    }

    fn found(&self, known: &Known, told: fn(String) -> Match) -> Vec<Match> {
        let Expression::Term(term) = &self.expression else {
            return Vec::new();
        };
        let found = known.facts.iter().filter(|fact| term.takes(fact));
        found.map(|fact| told(fact.text.clone())).collect()
    }

    /// The subjects that were found, each with the issuer of its own certificate.
    fn identities(&self, known: &Known) -> Vec<Match> {
        let terms = self.expression.required();
        let of = |kind: SearchKeyKind| known.facts.iter().filter(move |fact| fact.kind == kind);
        let takes = |fact: &Fact| {
            let mut terms = terms.iter().filter(|term| term.kind() == Some(fact.kind));
            terms.all(|term| term.takes(fact))
        };
        let wants_issuer = terms.len() > 1;
        let mut found = Vec::new();
        for subject in of(SearchKeyKind::Subject).filter(|subject| takes(subject)) {
            let mut issuers = of(SearchKeyKind::Issuer).filter(|one| one.signer == subject.signer);
            let issuer = issuers.find(|issuer| takes(issuer));
            if issuer.is_some() || !wants_issuer {
                found.push(Match::Identity {
                    subject: subject.text.clone(),
                    issuer: issuer.map(|issuer| issuer.text.clone()),
                });
            }
        }
        found
    }
}

/// Who signed of whom `expected` does not hold: whom the certificates name, and the keys.
fn unexpected_of(expected: &Expression, known: &Known) -> Vec<String> {
    let is_expected = |signer: u16| {
        let verdict = expected.verdict_of(known, signer);
        matches!(verdict, Verdict::Yes(_))
    };
    let told = |fact: &&Fact| TOLD_OF_SIGNERS.contains(&fact.kind);
    let mut told: Vec<String> = (1..=known.facts.signers())
        .filter(|signer| !is_expected(*signer))
        .flat_map(|signer| {
            let facts = known.facts.iter().filter(move |fact| fact.signer == signer);
            facts.filter(told)
        })
        .map(|fact| format!("{}:{}", fact.kind.name(), fact.text))
        .collect();
    told.sort_unstable();
    told.dedup();
    told
}

/// What is told of a signer who is not expected.
const TOLD_OF_SIGNERS: [SearchKeyKind; 5] = [
    SearchKeyKind::Subject,
    SearchKeyKind::Issuer,
    SearchKeyKind::Authority,
    SearchKeyKind::Workflow,
    SearchKeyKind::PublicKey,
];

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
    /// Whether it is no hit as far as can be seen, but would be one if a statement that was not
    /// seen says so.
    pub is_unseen: bool,
}

/// One thing that was watched for and found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Match {
    /// A certificate names this subject.
    Identity {
        /// In lower case.
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
    /// A query holds of the entry.
    Query {
        /// The name of the rule.
        rule: String,
        /// What the entry names of what the query asks for: a field, a colon and the value.
        found: Vec<String>,
        /// Of a rule that says who is expected: who signed and is not, in the same form.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unexpected: Vec<String>,
    },
}
