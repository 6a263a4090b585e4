//! What commands print: aligned lines for people, or one JSON object. Everything goes through here,
//! so that what came over the wire cannot steer a terminal, and so that a pipe that was closed or a
//! disk that is full is noticed.

use std::fmt::Write as _;
use std::io;
use std::io::IsTerminal;
use std::io::Write;

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

/// Standard output took nothing more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// The program that reads it has ended, or wants no more.
    #[error("standard output was closed")]
    Closed,
    /// It could not be written, for instance because the disk is full.
    #[error("standard output cannot be written")]
    Io(#[source] io::Error),
}

/// Prints `text`, with a line feed at its end, on standard output. Control characters other than
/// line feeds are escaped.
pub(crate) fn line(text: &str) -> Result<(), OutputError> {
    let mut text = escaped(text);
    text.push('\n');
    put(text.as_bytes())
}

/// `value` as JSON. Only objects with names that are no text have no such form, and nothing here
/// has them.
pub(crate) fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The version of what is printed with `--json`. Members may be added without another number; it
/// counts up when one is removed, is renamed or means something else. docs/json.md lists them.
pub(crate) const JSON_VERSION: u32 = 1;

/// The object `value` with the version of its form.
pub(crate) fn versioned(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.insert("jsonVersion".to_owned(), JSON_VERSION.into());
    }
    value
}

/// Prints `value` in one line on standard output, with the version of its form.
pub(crate) fn json(value: &Value) -> Result<(), OutputError> {
    // Outside of strings JSON of one line has no control characters, and within them it may be
    // escaped.
    line(&versioned(value.clone()).to_string())
}

/// Writes `bytes` to standard output as they are, or without control characters where that is a
/// terminal.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), OutputError> {
    if io::stdout().is_terminal() {
        return line(&String::from_utf8_lossy(bytes));
    }
    put(bytes)
}

/// Prints `text` on standard error, for people. There is nobody to tell when that fails.
pub(crate) fn note(text: &str) {
    let mut text = escaped(text);
    text.push('\n');
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn put(bytes: &[u8]) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => OutputError::Closed,
        _ => OutputError::Io(error),
    })
}

/// Control characters as JSON escapes them. Line feeds stay.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if character.is_control() && character != '\n' {
            // Control characters are below U+00A0.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

/// The result of a command, in the order in which it is printed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    /// What people are told it is. Empty for what only machines are told.
    label: &'static str,
    name: &'static str,
    value: Value,
    /// What people are told, where that is another form of the value.
    text: Option<Vec<String>>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a field: `label` for people, `name` for machines.
    pub(crate) fn field(
        mut self,
        label: &'static str,
        name: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        self.fields.push(Field {
            label,
            name,
            value: value.into(),
            text: None,
        });
        self
    }

    /// Adds a list in which each item has several members, of which people are told what `text`
    /// says.
    pub(crate) fn list(
        mut self,
        label: &'static str,
        name: &'static str,
        items: Vec<Value>,
        text: impl Fn(&Value) -> String,
    ) -> Self {
        let text = items.iter().map(text).collect();
        self.fields.push(Field {
            label,
            name,
            value: items.into(),
            text: Some(text),
        });
        self
    }

    /// Adds what only machines are told.
    pub(crate) fn machine(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push(Field {
            label: "",
            name,
            value,
            text: Some(Vec::new()),
        });
        self
    }

    /// Adds a field where there is a value.
    pub(crate) fn optional(
        self,
        label: &'static str,
        name: &'static str,
        value: Option<impl Into<Value>>,
    ) -> Self {
        match value {
            Some(value) => self.field(label, name, value),
            None => self,
        }
    }

    /// Prints the report on standard output.
    pub(crate) fn print(&self, as_json: bool) -> Result<(), OutputError> {
        match as_json {
            true => json(&self.to_json()),
            false => line(self.to_text().trim_end_matches('\n')),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let fields = self
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), field.value.clone()));
        Value::Object(fields.collect::<Map<_, _>>())
    }

    fn to_text(&self) -> String {
        let width = self
            .fields
            .iter()
            .map(|field| field.label.len())
            .max()
            .unwrap_or_default();
        let mut text = String::new();
        for field in &self.fields {
            let mut label = field.label;
            let told = field.text.clone();
            for line in told.unwrap_or_else(|| lines(&field.value)) {
                text.push_str(format!("{label:width$}  {line}").trim_end());
                text.push('\n');
                label = "";
            }
        }
        text
    }
}

/// A value as people read it: lists have a line for each item.
fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(lines).collect(),
        Value::String(text) => text.lines().map(str::to_owned).collect(),
        Value::Bool(true) => vec!["yes".to_owned()],
        Value::Bool(false) => vec!["no".to_owned()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

/// A time in RFC 3339; one beyond what that can say as the number that it is.
pub(crate) fn time(unix_seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds)
        .map_or_else(|_| unix_seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_over_the_wire_cannot_steer_a_terminal() {
        let text = "a\u{1b}[2Jb\r\u{9b}c\u{7f}\nd\u{e9}";
        assert_eq!(escaped(text), "a\\u001b[2Jb\\u000d\\u009bc\\u007f\nd\u{e9}");
        let value = json!({"name": text});
        let printed = escaped(&value.to_string());
        assert!(printed.chars().all(|character| !character.is_control()));
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), value);
    }

    #[test]
    fn people_and_machines_are_told_the_same() {
        let report = Report::new()
            .field("index", "index", 7)
            .field("not checked", "notChecked", vec!["one", "two"])
            .optional("bundle", "bundle", None::<String>)
            .field("duplicate", "duplicate", false);
        assert_eq!(
            report.to_text(),
            "index        7\nnot checked  one\n             two\nduplicate    no\n"
        );
        assert_eq!(
            report.to_json(),
            json!({"index": 7, "notChecked": ["one", "two"], "duplicate": false})
        );
    }
}
