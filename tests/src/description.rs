//! Whether answers are what a description in Swagger 2.0 says they are.

use http::HeaderMap;
use http::Method;
use http::StatusCode;
use serde_json::Value;

const JSON: &str = "application/json";

/// The description of the API.
#[derive(Clone, Debug)]
pub struct Description(Value);

impl Description {
    /// The description in `document`.
    pub fn new(document: Value) -> Self {
        Self(document)
    }

    /// The whole document.
    pub fn document(&self) -> &Value {
        &self.0
    }

    /// Checks an answer against the description of its operation: its body, and the headers that the answer should have. What
    /// the description does not have, it does not check.
    ///
    /// # Panics
    /// When the answer is another one.
    #[track_caller]
    pub fn check(
        &self,
        method: &Method,
        path: &str,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) {
        let Some(operation) = self.operation(method, &clean(path)) else {
            return;
        };
        let what = format!(
            "{method} {path}: {status} {:?}",
            String::from_utf8_lossy(body)
        );
        let responses = &operation["responses"];
        let response = responses
            .get(status.as_str())
            .unwrap_or_else(|| &responses["default"]);
        for name in response["headers"].as_object().into_iter().flatten() {
            assert!(headers.contains_key(name.0), "{what} has no {}", name.0);
        }
        let is_json = headers
            .get("content-type")
            .is_some_and(|given| given == JSON);
        match response.get("schema") {
            Some(schema) if is_json => {
                let value = serde_json::from_slice(body).unwrap();
                self.check_value(schema, &value, &what);
            }
            Some(_) => assert!(!body.is_empty(), "{what}"),
            None => assert!(body.is_empty(), "{what}"),
        }
    }

    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let paths = self.0["paths"].as_object()?;
        let described = paths.get(path).or_else(|| {
            let id = path.strip_prefix("/api/v1/log/entries/")?;
            (!id.contains('/')).then(|| &paths["/api/v1/log/entries/{entryUUID}"])
        })?;
        described.get(method.as_str().to_lowercase())
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let name = reference.strip_prefix("#/definitions/").unwrap();
                let definition = &self.0["definitions"][name];
                assert!(definition.is_object(), "{reference} leads nowhere");
                definition
            }
            None => schema,
        }
    }

    /// As much of JSON Schema as the description uses for answers.
    fn check_value(&self, schema: &Value, value: &Value, place: &str) {
        let schema = self.resolve(schema);
        match schema["type"].as_str() {
            Some("object") => self.check_object(schema, value, place),
            Some("array") => {
                let items = value
                    .as_array()
                    .unwrap_or_else(|| panic!("{place} is {value}"));
                for (position, item) in items.iter().enumerate() {
                    self.check_value(&schema["items"], item, &format!("{place}.{position}"));
                }
            }
            Some("integer") => {
                let number = value
                    .as_i64()
                    .unwrap_or_else(|| panic!("{place} is {value}"));
                let minimum = schema["minimum"].as_i64().unwrap_or(i64::MIN);
                assert!(number >= minimum, "{place} is {number}");
            }
            Some("string") => {
                let text = value
                    .as_str()
                    .unwrap_or_else(|| panic!("{place} is {value}"));
                if let Some(pattern) = schema["pattern"].as_str() {
                    assert!(matches(pattern, text), "{place} is {text:?}, not {pattern}");
                }
            }
            other => panic!("the description has the type {other:?} at {place}"),
        }
    }

    fn check_object(&self, schema: &Value, value: &Value, place: &str) {
        let members = value
            .as_object()
            .unwrap_or_else(|| panic!("{place} is {value}"));
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            assert!(members.contains_key(name), "{place} has no {name}: {value}");
        }
        let count = members.len() as u64;
        let limits = (&schema["minProperties"], &schema["maxProperties"]);
        assert!(
            limits.0.as_u64().is_none_or(|least| count >= least),
            "{place}"
        );
        assert!(
            limits.1.as_u64().is_none_or(|most| count <= most),
            "{place}"
        );
        for (name, member) in members {
            let place = format!("{place}.{name}");
            match (
                schema["properties"].get(name),
                &schema["additionalProperties"],
            ) {
                (Some(schema), _) => self.check_value(schema, member, &place),
                (None, Value::Bool(false)) => panic!("{place} is not in the description"),
                (None, Value::Null) => {}
                (None, schema) => self.check_value(schema, member, &place),
            }
        }
    }
}

/// The path without its query, and without empty segments, which servers of Rekor v1 ignore.
fn clean(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| format!("/{segment}")).collect()
}

/// Whether `text` is of a pattern of the form `^[class]+$` or `^[class]{n}$`.
fn matches(pattern: &str, text: &str) -> bool {
    let inner = pattern
        .strip_prefix("^[")
        .unwrap()
        .strip_suffix('$')
        .unwrap();
    let (class, count) = inner.split_once(']').unwrap();
    let class: Vec<char> = class.chars().collect();
    let in_class = |letter: char| {
        class
            .chunks(3)
            .any(|range| (range[0]..=range[2]).contains(&letter))
    };
    let counted = match count.strip_prefix('{') {
        Some(count) => text.len() == count.strip_suffix('}').unwrap().parse::<usize>().unwrap(),
        None => count == "+" && !text.is_empty(),
    };
    counted && text.chars().all(in_class)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_are_told_apart() {
        assert!(matches("^[0-9a-f]{4}$", "09af"));
        assert!(!matches("^[0-9a-f]{4}$", "09aF"));
        assert!(!matches("^[0-9a-f]{4}$", "09a"));
        assert!(matches("^[0-9]+$", "7"));
        assert!(!matches("^[0-9]+$", ""));
    }

    fn check(answer: Value, headers: &[(&str, &str)]) {
        let error = json!({
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
        });
        let document = json!({
            "paths": {"/a": {"get": {"responses": {"default": {
                "schema": {"$ref": "#/definitions/Error"},
                "headers": {"Location": {"type": "string"}},
            }}}}},
            "definitions": {"Error": error},
        });
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Description::new(document).check(
            &Method::GET,
            "//a/?x=1",
            StatusCode::CONFLICT,
            &headers.collect(),
            answer.to_string().as_bytes(),
        );
    }

    #[test]
    fn a_right_answer_passes() {
        let answer = json!({"code": 1, "message": "m"});
        check(answer, &[("content-type", JSON), ("location", "/a")]);
    }

    #[test]
    #[should_panic = ".message"]
    fn a_wrong_body_is_found() {
        let answer = json!({"code": 1, "message": null});
        check(answer, &[("content-type", JSON), ("location", "/a")]);
    }

    #[test]
    #[should_panic = "has no Location"]
    fn a_header_that_is_missing_is_found() {
        check(
            json!({"code": 1, "message": "m"}),
            &[("content-type", JSON)],
        );
    }
}
