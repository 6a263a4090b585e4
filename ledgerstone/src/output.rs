//! What commands print: aligned lines for people, or one JSON object.

use serde_json::Map;
use serde_json::Value;

/// The result of a command, in the order in which it is told.
#[derive(Debug, Default)]
pub(crate) struct Report {
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    label: &'static str,
    name: &'static str,
    value: Value,
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
    pub(crate) fn print(&self, json: bool) {
        if json {
            println!("{}", self.to_json());
        } else {
            print!("{}", self.to_text());
        }
    }

    fn to_json(&self) -> Value {
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
            for line in lines(&field.value) {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
