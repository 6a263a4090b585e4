//! A layer between serde and the generated code, which lacks three things: null stands for the
//! default of a field of any type, base64 may have line breaks in it, and an error tells the path
//! to the value.

use std::cell::Cell;
use std::cell::RefCell;
use std::fmt;
use std::fmt::Write as _;

use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::StrDeserializer;
use serde::forward_to_deserialize_any;

use crate::json::base64_text::without_line_breaks;

/// The most values that one document may hold: one of a few megabytes must not take hundreds in
/// memory.
const MAX_VALUES: usize = 65_536;

/// Where an error happened. Filled from the inside out while the error passes.
#[derive(Debug, Default)]
pub(super) struct Trace {
    steps: RefCell<Vec<Step>>,
    /// How many values were read.
    values: Cell<usize>,
}

impl Trace {
    /// The path from the message to the value: `signature.verifiers[1].keyDetails`. Empty for the
    /// message itself.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.borrow().iter().rev() {
            // Writing to a String cannot fail.
            let _ = match step {
                Step::Field(name) if path.is_empty() => write!(path, "{name}"),
                Step::Field(name) => write!(path, ".{name}"),
                Step::Element(position) => write!(path, "[{position}]"),
            };
        }
        path
    }

    /// Counts a value before it is read.
    fn count<E: Error>(&self) -> Result<(), E> {
        let values = self.values.get() + 1;
        self.values.set(values);
        if values > MAX_VALUES {
            return Err(E::custom(format_args!("more than {MAX_VALUES} values")));
        }
        Ok(())
    }

    fn push(&self, step: Step) {
        self.steps.borrow_mut().push(step);
    }
}

#[derive(Debug)]
enum Step {
    Field(String),
    Element(usize),
}

/// Reads one value: a message, the value of a field, or an element of a list.
pub(super) struct ValueReader<'t, D> {
    deserializer: D,
    /// Whether null is a value here. True for fields.
    nullable: bool,
    trace: &'t Trace,
}

impl<'t, D> ValueReader<'t, D> {
    pub(super) fn new(deserializer: D, trace: &'t Trace) -> Self {
        Self {
            deserializer,
            nullable: false,
            trace,
        }
    }
}

impl<'de, 't, D: Deserializer<'de>> ValueReader<'t, D> {
    /// Asks for any type: serde's readers of one type refuse null before a visitor sees it.
    fn read<V: Visitor<'de>>(self, visitor: V, unset: Unset) -> Result<V::Value, D::Error> {
        let Self {
            deserializer,
            nullable,
            trace,
        } = self;
        deserializer.deserialize_any(ValueVisitor {
            visitor,
            null: nullable.then_some(unset),
            trace,
        })
    }

    fn not_null<V: Visitor<'de>>(self, visitor: V) -> (D, ValueVisitor<'t, V>) {
        let visitor = ValueVisitor {
            visitor,
            null: None,
            trace: self.trace,
        };
        (self.deserializer, visitor)
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ValueReader<'_, D> {
    type Error = D::Error;

    /// Enums and numbers: they come as names or strings as well.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read(visitor, Unset::Zero)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read(visitor, Unset::False)
    }

    /// Bytes: the generated code asks for base64 this way, and for texts by `deserialize_string`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read(Base64Text(visitor), Unset::EmptyText)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read(visitor, Unset::EmptyText)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read(visitor, Unset::EmptyList)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let (deserializer, visitor) = self.not_null(visitor);
        deserializer.deserialize_option(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let (deserializer, visitor) = self.not_null(visitor);
        deserializer.deserialize_struct(name, fields, visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        newtype_struct tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ValueReader<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.trace.count()?;
        self.deserializer.deserialize(ValueReader {
            deserializer,
            nullable: self.nullable,
            trace: self.trace,
        })
    }
}

/// What null stands for.
#[derive(Clone, Copy)]
enum Unset {
    EmptyList,
    EmptyText,
    False,
    Zero,
}

struct ValueVisitor<'t, V> {
    visitor: V,
    null: Option<Unset>,
    trace: &'t Trace,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for ValueVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(formatter)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.visitor.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.visitor.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visitor.visit_u64(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.visitor.visit_f64(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        self.visitor.visit_str(value)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        self.visitor.visit_borrowed_str(value)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let reader = ValueReader::new(deserializer, self.trace);
        self.visitor.visit_some(reader)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        match self.null {
            Some(Unset::EmptyList) => self.visitor.visit_seq(NoElements(std::marker::PhantomData)),
            Some(Unset::EmptyText) => self.visitor.visit_str(""),
            Some(Unset::False) => self.visitor.visit_bool(false),
            Some(Unset::Zero) => self.visitor.visit_u64(0),
            None => self.visitor.visit_unit(),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        self.visitor.visit_seq(Elements {
            elements,
            position: 0,
            trace: self.trace,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        self.visitor.visit_map(Fields {
            fields,
            name: String::new(),
            trace: self.trace,
        })
    }
}

/// Reads base64, in which line breaks mean nothing.
struct Base64Text<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Base64Text<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.0.visit_str(&without_line_breaks(text))
    }
}

struct Fields<'t, A> {
    fields: A,
    /// The field whose value comes next.
    name: String,
    trace: &'t Trace,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let Some(name) = self.fields.next_key()? else {
            return Ok(None);
        };
        self.name = name;
        seed.deserialize(StrDeserializer::new(&self.name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        let reader = ValueReader {
            deserializer: seed,
            nullable: true,
            trace: self.trace,
        };
        self.fields
            .next_value_seed(reader)
            .inspect_err(|_| self.trace.push(Step::Field(self.name.clone())))
    }
}

struct Elements<'t, A> {
    elements: A,
    position: usize,
    trace: &'t Trace,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        let reader = ValueReader::new(seed, self.trace);
        let element = self
            .elements
            .next_element_seed(reader)
            .inspect_err(|_| self.trace.push(Step::Element(self.position)))?;
        self.position += 1;
        Ok(element)
    }
}

struct NoElements<E>(std::marker::PhantomData<E>);

impl<'de, E: Error> SeqAccess<'de> for NoElements<E> {
    type Error = E;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        _seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        Ok(None)
    }
}
