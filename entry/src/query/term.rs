//! Reads one term of a query.

use ledgerstone_merkle::Hash;
use sha2::Digest as _;
use sha2::Sha256;

use crate::digest_text::asked_digest;
use crate::facts::normal::normal;
use crate::facts::package::has_version;
use crate::matcher::pattern::Pattern;
use crate::query::error::QueryError;
use crate::query::expression::Expression;
use crate::query::expression::Term;
use crate::query::time;
use crate::search_key::SearchKeyKind;

/// Reads a word of a query, whose value may have stood in quotation marks.
pub(super) fn read(text: &str, quoted: Option<&str>, now: i64) -> Result<Expression, QueryError> {
    match (text.split_once(':'), quoted) {
        // What is in quotation marks is the whole value.
        (Some((field, "")), Some(value)) => field_term(field, value, now),
        (None, Some(value)) => guess(value),
        (Some((field, value)), None) if is_field(field) => field_term(field, value, now),
        _ => guess(text),
    }
}

fn is_field(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    OTHER_FIELDS.contains(&field.as_str()) || SearchKeyKind::from_name(&field).is_some()
}

/// The fields that are no kinds of their own.
const OTHER_FIELDS: &[&str] = &["email", "commit", "leaf", "since", "until", "index"];

fn field_term(field: &str, value: &str, now: i64) -> Result<Expression, QueryError> {
    let field = field.to_ascii_lowercase();
    if value.is_empty() {
        return Err(QueryError::Missing(format!("{field}:")));
    }
    let wrong = |expected| QueryError::Value {
        field: field.clone(),
        value: value.to_owned(),
        expected,
    };
    let time = || time::read(value, now).ok_or_else(|| wrong(time::EXPECTED));
    match field.as_str() {
        "email" => named(SearchKeyKind::Subject, value),
        "commit" => commit(value).ok_or_else(|| wrong("write its 40 or 64 hexadecimal digits")),
        "leaf" => {
            let hash = hash(value).ok_or_else(|| wrong("write sha256: and 64 hexadecimal digits"));
            Ok(Expression::Term(Term::Leaf(hash?)))
        }
        "since" => Ok(Expression::Term(Term::Since(time()?))),
        "until" => Ok(Expression::Term(Term::Until(time()?))),
        "index" => range(value).ok_or_else(|| wrong("write 5, 5.., ..9 or 5..9")),
        "digest" => match asked_digest(value) {
            Some(text) => Ok(Expression::is(SearchKeyKind::ArtifactDigest, text)),
            None => Err(wrong(DIGEST)),
        },
        "key" | "signature" => {
            let kind = match field.as_str() {
                "key" => SearchKeyKind::PublicKey,
                _ => SearchKeyKind::Signature,
            };
            let hash = hash(value).ok_or_else(|| wrong("write sha256: and 64 hexadecimal digits"));
            Ok(Expression::is(kind, hash?.to_string()))
        }
        "kind" if !value.contains(['*', ' ']) => Ok(kind_of_any_version(value)?),
        name => match SearchKeyKind::from_name(name) {
            Some(kind) => named(kind, value),
            None => Err(QueryError::Field(field)),
        },
    }
}

/// A term by a name, or by a pattern where the value has `*` in it.
fn named(kind: SearchKeyKind, value: &str) -> Result<Expression, QueryError> {
    let text = normal(kind, value).ok_or_else(|| QueryError::Value {
        field: kind.name().to_owned(),
        value: value.to_owned(),
        expected: match kind {
            SearchKeyKind::Package => "write a purl, such as pkg:npm/left-pad@1.3.0",
            _ => "write a name",
        },
    })?;
    if text.contains('*') && kind.is_named() {
        return like(kind, text);
    }
    if kind == SearchKeyKind::Package && !has_version(&text) {
        let of_any_version = like(kind, format!("{text}@*"))?;
        return Ok(Expression::Any(vec![
            Expression::is(kind, text),
            of_any_version,
        ]));
    }
    Ok(Expression::is(kind, text))
}

fn like(kind: SearchKeyKind, text: String) -> Result<Expression, QueryError> {
    let pattern = Pattern::parse(&text)?;
    Ok(Expression::Term(Term::Like {
        kind,
        text,
        pattern,
    }))
}

fn kind_of_any_version(name: &str) -> Result<Expression, QueryError> {
    like(
        SearchKeyKind::EntryKind,
        format!("{} *", name.to_lowercase()),
    )
}

/// A commit by its digest. Old entries of gitsign hold the hash of its 40 digits.
fn commit(value: &str) -> Option<Expression> {
    let digits = value.rsplit(':').next()?.to_ascii_lowercase();
    let text = asked_digest(&digits)?;
    let is_digest = |text| Expression::is(SearchKeyKind::ArtifactDigest, text);
    let hashed = format!("sha256:{}", hex::encode(Sha256::digest(&digits)));
    Some(Expression::Any(vec![is_digest(text), is_digest(hashed)]))
}

fn range(value: &str) -> Option<Expression> {
    let from = |index| Expression::Term(Term::From(index));
    let before = |index| Expression::Term(Term::Before(index));
    let number = |text: &str| text.parse::<u64>().ok();
    let Some((start, end)) = value.split_once("..") else {
        let index = number(value)?;
        return Some(Expression::All(vec![
            from(index),
            before(index.checked_add(1)?),
        ]));
    };
    match (start, end) {
        ("", "") => None,
        (start, "") => Some(from(number(start)?)),
        ("", end) => Some(before(number(end)?)),
        (start, end) => Some(Expression::All(vec![
            from(number(start)?),
            before(number(end)?),
        ])),
    }
}

/// SHA-256 in hexadecimal, perhaps with its name.
fn hash(value: &str) -> Option<Hash> {
    let digits = asked_digest(value)?;
    let digits = digits.strip_prefix("sha256:")?;
    Hash::from_slice(&hex::decode(digits).ok()?)
}

/// What a word without a field is about.
fn guess(word: &str) -> Result<Expression, QueryError> {
    if let Some(digest) = asked_digest(word) {
        return Ok(Expression::is(SearchKeyKind::ArtifactDigest, digest));
    }
    if normal(SearchKeyKind::Package, word).is_some() {
        return named(SearchKeyKind::Package, word);
    }
    let kinds = match word {
        url if url.contains("://") => URL_KINDS,
        name if name.contains('@') => &[SearchKeyKind::Subject][..],
        _ => return Err(QueryError::Word(word.to_owned())),
    };
    let terms = kinds.iter().map(|kind| named(*kind, word));
    Ok(Expression::Any(terms.collect::<Result<_, _>>()?))
}

/// What a URL may be.
const URL_KINDS: &[SearchKeyKind] = &[
    SearchKeyKind::Subject,
    SearchKeyKind::Issuer,
    SearchKeyKind::Repository,
    SearchKeyKind::Owner,
    SearchKeyKind::Workflow,
    SearchKeyKind::Run,
    SearchKeyKind::Name,
    SearchKeyKind::Builder,
    SearchKeyKind::BuildType,
    SearchKeyKind::PredicateType,
];

const DIGEST: &str = "write hexadecimal digits, perhaps with sha256: or another function before \
                      them, or sha512- and base64";
