//! What to search for.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use ledgerstone_entry::Known;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::facts::FactSource;
use ledgerstone_entry::query::Expression;
use ledgerstone_entry::query::Term;
use ledgerstone_entry::query::Verdict;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::search_key_of_hash;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_entry::v1::search_key_of_subject;
use reqwest::Url;

use crate::known_entry::known_entry;
use crate::trust::trusted_root::TrustedRoot;

/// What to search for, and where.
#[derive(Clone, Debug, Default)]
pub struct SearchTerms {
    /// In the form of the log's interface, by name.
    terms: Vec<(&'static str, String)>,
    /// What entries that answer the query are found by.
    keys: Vec<SearchKey>,
    /// The format of the public key, where it is another than PEM.
    format: Option<&'static str>,
    /// Whether an entry has to name everything that is searched for, and not only one thing of it.
    pub all: bool,
    /// What has to hold of the entries besides.
    query: Option<Expression>,
    /// Whether those that were logged last come first.
    pub newest_first: bool,
    /// The first Unix second at which the log took an entry.
    pub from_time: Option<i64>,
    /// The Unix second before which the log took an entry.
    pub until_time: Option<i64>,
    /// Where to end in each tree: `<tree id>:<index>` with commas between. Trees that are left out
    /// are searched to what they hold.
    pub end: String,
    /// Whose certificates are trusted, for queries that ask.
    pub trust: Option<Arc<TrustedRoot>>,
}

impl SearchTerms {
    /// Looks for entries about the artifact, payload, envelope or key with this hash: hexadecimal
    /// digits, with `sha256:` or another hash function's name before them.
    ///
    /// # Errors
    /// [`SearchTermError::Hash`] for a text of another form.
    pub fn hash(mut self, hash: &str) -> Result<Self, SearchTermError> {
        let key = search_key_of_hash(hash).ok_or_else(|| SearchTermError::Hash(hash.to_owned()))?;
        self.push("hash", hash.to_owned(), key);
        Ok(self)
    }

    /// Looks for entries with certificates for this e-mail address.
    pub fn email(mut self, email: &str) -> Self {
        self.push("email", email.to_owned(), search_key_of_subject(email));
        self
    }

    /// Looks for entries with certificates for this URI, DNS name, IP address or other name.
    pub fn subject(mut self, subject: &str) -> Self {
        let key = search_key_of_subject(subject);
        self.push("subject", subject.to_owned(), key);
        self
    }

    /// Looks for entries with this key: a public key or a certificate as PEM, or an OpenPGP, SSH or
    /// minisign key.
    ///
    /// # Errors
    /// [`SearchTermError::Key`] when it is none.
    pub fn public_key(mut self, text: &str) -> Result<Self, SearchTermError> {
        let read = |format| search_key_of_public_key(format, text.as_bytes());
        let x509 = read(PublicKeyFormat::X509);
        let others = [
            PublicKeyFormat::Pgp,
            PublicKeyFormat::Ssh,
            PublicKeyFormat::Minisign,
        ];
        let mut others = others.into_iter();
        let found = others.find_map(|format| Some((format, read(format).ok()?)));
        let (format, key) = match (x509, found) {
            (Ok(key), _) => (PublicKeyFormat::X509, key),
            (Err(_), Some(other)) => other,
            (Err(reject), None) => return Err(SearchTermError::Key(reject.to_string())),
        };
        self.format = Some(format.name()).filter(|_| format != PublicKeyFormat::X509);
        self.push("publicKey", URL_SAFE.encode(text), key);
        Ok(self)
    }

    /// Looks for entries of which `query` holds: of those that answer the other terms, if there are
    /// any.
    pub fn query(self, query: Expression) -> Self {
        let query = match self.query {
            None => query,
            Some(other) => Expression::All(vec![other, query]),
        };
        Self {
            query: Some(query),
            ..self
        }
    }

    /// A term of each kind is sent once: a later one takes the place of an earlier one.
    fn push(&mut self, name: &'static str, value: String, key: SearchKey) {
        if let Some(at) = self.terms.iter().position(|(known, _)| *known == name) {
            self.terms.remove(at);
            self.keys.remove(at);
        }
        self.terms.push((name, value));
        self.keys.push(key);
    }

    /// The path of a page of at most `limit` hits, which begins where `from` says for each tree.
    pub(crate) fn path(&self, from: &str, limit: usize) -> String {
        let mut url = Url::parse("http://log/log/v1/search").expect("a constant URL");
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(&self.terms);
        if self.all {
            pairs.append_pair("operator", "and");
        }
        for (name, time) in [("fromTime", self.from_time), ("untilTime", self.until_time)] {
            if let Some(time) = time {
                pairs.append_pair(name, &time.to_string());
            }
        }
        if !from.is_empty() {
            pairs.append_pair("from", from);
        }
        pairs.append_pair("limit", &limit.to_string());
        if let Some(format) = self.format {
            pairs.append_pair("publicKeyFormat", format);
        }
        if let Some(query) = &self.query {
            pairs.append_pair("q", &for_the_log(query).to_string());
        }
        if !self.end.is_empty() {
            pairs.append_pair("end", &self.end);
        }
        if self.newest_first {
            pairs.append_pair("order", "desc");
        }
        if from.is_empty() {
            pairs.append_pair("coverage", "true");
        }
        drop(pairs);
        format!("{}?{}", url.path(), url.query().unwrap_or_default())
    }

    /// Whether the entry, which the log took at `time`, in Unix seconds, answers the query as far
    /// as its body and the authorities that are trusted tell; and whether what the log was asked
    /// holds of the body.
    pub(crate) fn verdict_on(&self, body: &[u8], index: u64, time: i64) -> (Verdict, bool) {
        let trust = self.trust.as_deref().filter(|_| self.asks_trust());
        let known = known_entry(body, index, time, trust);
        let verdict = |query: &Expression| query.verdict(&known, &|_| false);
        let asked = self.expression();
        let log_was_asked = verdict(&for_the_log(&asked));
        (
            verdict(&asked),
            log_was_asked == Verdict::Yes(FactSource::Body),
        )
    }

    /// Whether an entry answers the query, as far as its body tells.
    pub fn verdict(&self, known: &Known) -> Verdict {
        let since = self.from_time.map(Term::Since);
        let until = self.until_time.map(Term::Until);
        let times = since.into_iter().chain(until).map(Expression::Term);
        let asked = times.chain([self.expression()]).collect();
        Expression::All(asked).verdict(known, &|_| false)
    }

    /// Whether it is asked which authorities are trusted.
    pub fn asks_trust(&self) -> bool {
        self.query.as_ref().is_some_and(Expression::asks_trust)
    }

    fn expression(&self) -> Expression {
        let terms = self
            .keys
            .iter()
            .map(|key| Expression::Term(Term::Key(*key)));
        let terms: Vec<Expression> = terms.collect();
        let terms = match (terms.is_empty(), self.all) {
            (true, _) => None,
            (false, true) => Some(Expression::All(terms)),
            (false, false) => Some(Expression::Any(terms)),
        };
        Expression::All(terms.into_iter().chain(self.query.clone()).collect())
    }
}

/// What the log is asked: it does not know which authorities its caller trusts.
fn for_the_log(query: &Expression) -> Expression {
    let everything = || Expression::Term(Term::From(0));
    query.without_trust().unwrap_or_else(everything)
}

/// Why something cannot be searched for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SearchTermError {
    /// Not a hash.
    #[error("{0:?} is not a hash; write sha256: and 64 hexadecimal digits")]
    Hash(String),
    /// Not a key.
    #[error("the key cannot be searched for: {0}")]
    Key(String),
}
