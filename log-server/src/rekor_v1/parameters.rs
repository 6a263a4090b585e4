use axum::extract::Query;
use http::Uri;

use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::error::schema;

/// The parameters of a query. Of several with one name the last counts; an empty one is absent.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// # Errors
    /// 400 when the query is not percent-encoded text.
    pub(crate) fn of(uri: &Uri) -> Result<Self, V1Error> {
        Query::try_from_uri(uri)
            .map(|Query(parameters)| Self(parameters))
            .map_err(|rejection| V1Error::invalid(rejection.body_text()))
    }

    /// The parameter called `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().rfind(|(given, _)| given == name);
        named
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The parameter called `name` as a number that is `minimum` at least.
    ///
    /// # Errors
    /// 422 when it is not.
    pub(crate) fn integer(&self, name: &str, minimum: i64) -> Result<Option<u64>, V1Error> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number: i64 = text.parse().map_err(|_| {
            let message = format!("{name} in query must be of type int64: {text:?}");
            V1Error::schema(schema::TYPE, message)
        })?;
        if number < minimum {
            let message = format!("{name} in query should be greater than or equal to {minimum}");
            return Err(V1Error::schema(schema::MINIMUM, message));
        }
        Ok(Some(number.unsigned_abs()))
    }

    /// The parameter called `name`, which has to be there, as a number that is `minimum` at least.
    ///
    /// # Errors
    /// 422 when it is not.
    pub(crate) fn required_integer(&self, name: &str, minimum: i64) -> Result<u64, V1Error> {
        self.integer(name, minimum)?.ok_or_else(|| {
            V1Error::schema(schema::REQUIRED, format!("{name} in query is required"))
        })
    }

    /// The parameter `treeID`: decimal digits, of any number.
    ///
    /// # Errors
    /// 422 when it is anything else.
    pub(crate) fn tree_id(&self) -> Result<Option<&str>, V1Error> {
        match self.text("treeID") {
            Some(text) if !text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let message = "treeID in query should match '^[0-9]+$'";
                Err(V1Error::schema(schema::PATTERN, message))
            }
            given => Ok(given),
        }
    }
}
