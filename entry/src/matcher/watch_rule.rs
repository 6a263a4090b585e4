//! A rule of a watch list that asks in the query language.

use serde::Deserialize;

use crate::query::error::QueryError;
use crate::query::expression::Expression;
use crate::query::parse::parse;

/// A query to watch by.
///
/// With `expected` it is the question "who else signs for what is mine?": a hit is an entry of
/// which the query holds, and one signer of which at least is not expected. Only what the body says
/// of a signer counts for that, so that nobody becomes expected by what they write into a
/// statement.
///
/// ```
/// use ledgerstone_entry::matcher::WatchRule;
///
/// let rule = WatchRule {
///     name: "somebody else signs for app".to_owned(),
///     query: "repository:https://github.com/acme/app".to_owned(),
///     expected:
/// vec!["workflow:https://github.com/acme/app/.github/workflows/ci.yml@*".to_owned()],
///     authorities: vec!["trusted".to_owned()],
/// };
/// assert!(rule.expression()?.asks_trust());
/// # Ok::<(), ledgerstone_entry::query::QueryError>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchRule {
    /// What hits call it.
    pub name: String,
    /// A [query](crate::query). Times like `7d` are not for one that goes on for ever.
    pub query: String,
    /// Queries of which one holds of each signer who is expected. Nobody is, where there is none.
    #[serde(default)]
    pub expected: Vec<String>,
    /// The authorities whose certificates count: `trusted`, or names as `authority:` has them. With
    /// `expected`, who is certified by another is not expected; without, such a signer is no hit.
    #[serde(default)]
    pub authorities: Vec<String>,
}

impl WatchRule {
    /// What makes an entry a hit.
    ///
    /// # Errors
    /// [`QueryError`] with what is wrong.
    pub fn expression(&self) -> Result<Expression, QueryError> {
        let asked = parse(&self.query, 0)?;
        if let Some(expected) = self.expected()? {
            let others = || Expression::Not(Box::new(expected.clone()));
            let of_one = Expression::All(vec![asked.clone(), others()]);
            let of_all = Expression::All(vec![asked, others()]);
            let of_one = Expression::Signer(Box::new(of_one));
            return Ok(Expression::Any(vec![of_one, of_all]));
        }
        Ok(match self.authority()? {
            None => asked,
            Some(authority) => {
                let certified = Expression::SignedBy(Box::new(authority));
                Expression::Signer(Box::new(Expression::All(vec![asked, certified])))
            }
        })
    }

    /// What holds of entries with a signer who is expected, where somebody is.
    ///
    /// # Errors
    /// [`QueryError`] with what is wrong.
    pub fn expected(&self) -> Result<Option<Expression>, QueryError> {
        if self.expected.is_empty() {
            return Ok(None);
        }
        let signers = self.expected.iter().map(|query| parse(query, 0));
        let signers = Expression::Any(signers.collect::<Result<_, _>>()?);
        let signer = match self.authority()? {
            None => signers,
            Some(authority) => Expression::All(vec![signers, authority]),
        };
        Ok(Some(Expression::SignedBy(Box::new(signer))))
    }

    fn authority(&self) -> Result<Option<Expression>, QueryError> {
        if self.authorities.is_empty() {
            return Ok(None);
        }
        let quoted = |name: &String| {
            let name = name.replace('\\', r"\\").replace('"', "\\\"");
            parse(&format!("authority:\"{name}\""), 0)
        };
        let named = self.authorities.iter().map(quoted);
        Ok(Some(Expression::Any(named.collect::<Result<_, _>>()?)))
    }
}
