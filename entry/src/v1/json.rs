//! JSON as the formats of Rekor v1 are read from it.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

/// The most values that one JSON document may hold: a document of a few megabytes must not take
/// hundreds in memory.
pub(crate) const MAX_JSON_VALUES: usize = 65_536;

/// JSON as Rekor v1 reads it: names match in any case, the last of equal names counts, and what has
/// another type than expected is as good as absent.
///
/// Texts are borrowed wherever they hold no escape. Depth is bounded by the parser (128).
#[derive(Debug)]
pub(crate) enum Json<'a> {
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
    /// Null, a number or a boolean: the formats have no use for any of them.
    Other,
}

impl<'a> Json<'a> {
    /// Reads the first value in `json`, and ignores what comes after it.
    pub(crate) fn first(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        Self::read(&mut serde_json::Deserializer::from_slice(json))
    }

    /// Reads `json`, which holds one value and nothing else.
    pub(crate) fn whole(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let value = Self::read(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    /// The member called `name` of an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let mut named = members
            .iter()
            .rev()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value)
    }

    /// The member called `name`, if it is an object.
    pub(crate) fn object(&self, name: &str) -> Option<&Self> {
        self.member(name)
            .filter(|value| matches!(value, Self::Object(_)))
    }

    /// The member called `name`, if it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.as_text()
    }

    /// The member called `name`, if it is a list.
    pub(crate) fn list(&self, name: &str) -> Option<&[Self]> {
        match self.member(name)? {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn read(
        deserializer: &mut serde_json::Deserializer<serde_json::de::SliceRead<'a>>,
    ) -> Result<Self, serde_json::Error> {
        let left = Cell::new(MAX_JSON_VALUES);
        Value { left: &left }.deserialize(deserializer)
    }
}

/// Reads one value, and counts down how many more may come.
#[derive(Clone, Copy)]
struct Value<'c> {
    left: &'c Cell<usize>,
}

impl Value<'_> {
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self
            .left
            .get()
            .checked_sub(1)
            .ok_or_else(|| E::custom(format_args!("more than {MAX_JSON_VALUES} values")))?;
        self.left.set(left);
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Value<'_> {
    type Value = Json<'a>;

    fn deserialize<D: serde::Deserializer<'a>>(
        self,
        deserializer: D,
    ) -> Result<Json<'a>, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Value<'_> {
    type Value = Json<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'a>, E> {
        Ok(Json::Other)
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Json<'a>, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Json<'a>, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Json<'a>, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Json<'a>, E> {
        Ok(Json::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Json<'a>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<Json<'a>, A::Error> {
        let mut values = Vec::new();
        while let Some(name) = members.next_key_seed(Name)? {
            values.push((name, members.next_value_seed(self)?));
        }
        Ok(Json::Object(values))
    }
}

/// Reads a name, borrowed where it can be: `Cow` itself never borrows when it is deserialised.
struct Name;

impl<'a> DeserializeSeed<'a> for Name {
    type Value = Cow<'a, str>;

    fn deserialize<D: serde::Deserializer<'a>>(
        self,
        deserializer: D,
    ) -> Result<Cow<'a, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Name {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_any_case_and_the_last_counts() {
        let json = Json::first(br#"{"a":"1","A":"2","b":{"c":["x",null]}} trailing"#).unwrap();
        assert_eq!(json.text("a"), Some("2"));
        assert_eq!(
            json.object("B").and_then(|b| b.list("C")).map(<[_]>::len),
            Some(2)
        );
        assert_eq!(json.text("b"), None);
        assert_eq!(json.text("c"), None);
    }

    #[test]
    fn texts_are_borrowed_unless_they_hold_escapes() {
        let json = Json::first(br#"{"plain":"abc","escaped":"a\nc"}"#).unwrap();
        assert!(matches!(
            json.member("plain"),
            Some(Json::Text(Cow::Borrowed("abc")))
        ));
        assert_eq!(json.text("escaped"), Some("a\nc"));
    }

    #[test]
    fn only_a_whole_document_ends_where_it_ends() {
        assert!(Json::first(b"{} {}").is_ok());
        assert!(Json::whole(b"{} {}").is_err());
        assert!(Json::whole(b" {} ").is_ok());
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert!(Json::whole(deep.as_bytes()).is_err());
        let wide = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
        assert!(Json::whole(wide(MAX_JSON_VALUES - 1).as_bytes()).is_ok());
        let error = Json::whole(wide(MAX_JSON_VALUES).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("more than"), "{error}");
    }
}
