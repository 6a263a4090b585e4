//! The members of a JSON object as upstream's decoder reads them: names in any case, `null` the
//! same as absent, unknown ones ignored, of several with one name the last, and nothing read behind
//! the object (rekor-v1, section 1.2).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeOwned;
use serde::de::Error;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;

use crate::rekor_v1::error::V1Error;

/// The most members that an object may have: millions of them, in a few bytes each, must not take
/// hundreds of megabytes.
const MAX_MEMBERS: usize = 1_024;

/// The members of an object, not yet read.
pub(crate) struct Members<'j>(Vec<(Cow<'j, str>, &'j RawValue)>);

/// The first `N` elements of a list. The others are counted, and nothing is kept of them.
pub(crate) struct UpTo<T, const N: usize> {
    pub(crate) items: Vec<T>,
    /// How many there are in all.
    pub(crate) count: usize,
}

impl<'j> Members<'j> {
    /// The members of the first value in `json`.
    ///
    /// # Errors
    /// 400 when that is no object, or has more than [`MAX_MEMBERS`].
    pub(crate) fn parse(json: &'j [u8]) -> Result<Self, V1Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        Self::deserialize(&mut deserializer).map_err(|error| undecodable(&error))
    }

    /// The member called `name`, unless it is `null`.
    ///
    /// # Errors
    /// 400 when it is of another type.
    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, V1Error> {
        self.raw(name)
            .map(|raw| serde_json::from_str(raw.get()).map_err(|error| undecodable(&error)))
            .transpose()
    }

    /// The first elements of the list called `name`. What they borrow, they borrow from the
    /// document.
    ///
    /// # Errors
    /// 400 when it is no list, or one of these elements is of another type.
    pub(crate) fn list<T: Deserialize<'j>, const N: usize>(
        &self,
        name: &str,
    ) -> Result<Option<UpTo<T, N>>, V1Error> {
        self.raw(name)
            .map(|raw| serde_json::from_str(raw.get()).map_err(|error| undecodable(&error)))
            .transpose()
    }

    /// The members of the object called `name`.
    ///
    /// # Errors
    /// 400 when it is no object.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, V1Error> {
        self.raw(name)
            .map(|raw| Self::parse(raw.get().as_bytes()))
            .transpose()
    }

    fn raw(&self, name: &str) -> Option<&'j RawValue> {
        let named = self
            .0
            .iter()
            .rfind(|(given, _)| given.eq_ignore_ascii_case(name));
        named
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }
}

fn undecodable(error: &serde_json::Error) -> V1Error {
    V1Error::invalid(format!("parsing body failed: {error}"))
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    if members.len() == MAX_MEMBERS {
                        return Err(A::Error::custom(format_args!(
                            "more than {MAX_MEMBERS} members"
                        )));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for UpTo<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const N: usize>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for List<T, N> {
            type Value = UpTo<T, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while items.len() < N {
                    match list.next_element()? {
                        Some(item) => items.push(item),
                        None => {
                            let count = items.len();
                            return Ok(UpTo { items, count });
                        }
                    }
                }
                let mut count = items.len();
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(UpTo { items, count })
            }
        }

        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// A name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_in_any_case_and_the_last_one_counts() {
        let members =
            Members::parse(br#"{"LOGindexes":[1],"x":{"y":[]},"log\u0049ndexes":[2]} trailing"#)
                .unwrap();
        assert_eq!(members.get::<Vec<u64>>("logIndexes"), Ok(Some(vec![2])));
        assert_eq!(members.get::<u64>("absent"), Ok(None));
    }

    #[test]
    fn of_long_lists_the_first_elements_are_kept_and_all_are_counted() {
        let members =
            Members::parse(br#"{"a":[1,2,3,"four",{}],"b":[1],"c":[],"d":["x"]}"#).unwrap();
        let list = |name| {
            members
                .list::<u64, 3>(name)
                .map(|list| list.map(|list| (list.items, list.count)))
        };
        assert_eq!(list("a"), Ok(Some((vec![1, 2, 3], 5))));
        assert_eq!(list("b"), Ok(Some((vec![1], 1))));
        assert_eq!(list("c"), Ok(Some((vec![], 0))));
        assert!(list("d").is_err());
        assert_eq!(list("e"), Ok(None));
    }

    #[test]
    fn the_number_of_members_is_bounded() {
        let of = |count: usize| format!("{{{}}}", vec![r#""a":[]"#; count].join(","));
        assert!(Members::parse(of(MAX_MEMBERS).as_bytes()).is_ok());
        assert!(Members::parse(of(MAX_MEMBERS + 1).as_bytes()).is_err());
    }

    #[test]
    fn null_is_absent_and_other_types_are_refused() {
        let members = Members::parse(br#"{"a":null,"b":"text"}"#).unwrap();
        assert_eq!(members.get::<u64>("a"), Ok(None));
        assert!(members.get::<u64>("b").is_err());
        for json in ["", "[]", "null", "7", "{\"a\":", "{\"a\":1", "{'a':1}"] {
            assert!(Members::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
