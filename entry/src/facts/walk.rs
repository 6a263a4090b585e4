//! Walks JSON of any size, and keeps none of it.

use std::fmt;

use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

/// What hears of each text in a document.
pub(crate) trait Listener {
    /// A text, and the names of the members that lead to it; lists leave no trace in the path.
    /// Breaks the walk off when it returns `false`.
    fn text(&mut self, path: &[String], text: &str) -> bool;

    /// A hash function and a digest that are members of one object.
    fn digest(&mut self, path: &[String], function: &str, digest: &str) -> bool;
}

/// Walks `document`, and says whether it is JSON that was read to its end.
pub(crate) fn walk(document: &[u8], start: &[&str], listener: &mut dyn Listener) -> bool {
    let mut walk = Walk {
        path: start.iter().map(|name| (*name).to_owned()).collect(),
        listener,
    };
    let mut reader = serde_json::Deserializer::from_slice(document);
    let read = Value(&mut walk).deserialize(&mut reader);
    read.is_ok() && reader.end().is_ok()
}

struct Walk<'l> {
    path: Vec<String>,
    listener: &'l mut dyn Listener,
}

/// Reads one value. Yields it when it is a text that may belong to a pair.
struct Value<'w, 'l>(&'w mut Walk<'l>);

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let walk = self.0;
        go_on(walk.listener.text(&walk.path, text))?;
        let name = walk.path.last().map_or("", String::as_str);
        let is_half = FUNCTIONS.contains(&name) || DIGESTS.contains(&name);
        Ok((is_half && text.len() <= MAX_HALF).then(|| text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element_seed(Value(&mut *self.0))?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let walk = self.0;
        let (mut functions, mut digests) = (Vec::new(), Vec::new());
        while let Some(name) = members.next_key::<String>()? {
            let halves = match name.as_str() {
                name if FUNCTIONS.contains(&name) => Some(&mut functions),
                name if DIGESTS.contains(&name) => Some(&mut digests),
                _ => None,
            };
            walk.path.push(name);
            let text = members.next_value_seed(Value(&mut *walk))?;
            walk.path.pop();
            // A member that is there twice is read both ways.
            if let Some(halves) = halves
                && halves.len() < MAX_REPEATED
            {
                halves.extend(text);
            }
        }
        for function in &functions {
            for digest in &digests {
                go_on(walk.listener.digest(&walk.path, function, digest))?;
            }
        }
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

fn go_on<E: serde::de::Error>(goes_on: bool) -> Result<(), E> {
    match goes_on {
        true => Ok(()),
        false => Err(E::custom("there is too much of it")),
    }
}

/// How formats call the hash function of a digest: CycloneDX, SPDX 2 and 3.
const FUNCTIONS: &[&str] = &["alg", "algorithm"];

/// How they call the digest beside it.
pub(crate) const DIGESTS: &[&str] = &["content", "checksumValue", "hashValue"];

/// The longest text of a pair, in bytes.
const MAX_HALF: usize = 512;

/// How often a member of one object may be there and still be read.
const MAX_REPEATED: usize = 4;
