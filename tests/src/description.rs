//! Whether answers are what a description says they are: one in Swagger 2.0 or in OpenAPI 3.1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::Method;
use http::StatusCode;
use regex::Regex;
use serde_json::Value;

const JSON: &str = "application/json";

/// The mark of a path parameter that may have slashes, for which OpenAPI has no word.
const MAY_HAVE_SLASHES: &str = "x-may-have-slashes";

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

    /// Checks a value against the schema that is at `pointer` in the document.
    ///
    /// # Panics
    /// When it is another one.
    #[track_caller]
    pub fn check_as(&self, pointer: &str, value: &Value) {
        let schema = self.0.pointer(pointer);
        let schema = schema.unwrap_or_else(|| panic!("{pointer} leads nowhere"));
        self.check_value(schema, value, pointer);
    }

    /// Whether the description has this operation. `path` is one of a request.
    pub fn has(&self, method: &Method, path: &str) -> bool {
        self.operation(method, path).is_some()
    }

    /// Checks an answer against the description of its operation: its status, its body, and the
    /// headers that the answer should have. Operations that the description does not have, it does
    /// not check.
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
        let Some(operation) = self.operation(method, path) else {
            return;
        };
        let text = String::from_utf8_lossy(body);
        let what = format!("{method} {path}: {status} {text:?}");
        let response = self.response(operation, status);
        let response = response.unwrap_or_else(|| panic!("{what} is not described"));
        self.check_headers(response, headers, &what);
        let kind = headers
            .get("content-type")
            .map(|kind| kind.to_str().unwrap());
        if self.is_swagger() {
            match response.get("schema") {
                Some(schema) => self.check_body(schema, kind, body, &what),
                None => assert!(body.is_empty(), "{what}"),
            }
            return;
        }
        let content = response.get("content").and_then(Value::as_object);
        let Some(content) = content else {
            assert!(body.is_empty(), "{what}");
            return;
        };
        let described = kind.and_then(|kind| content.get(kind));
        let described = described.unwrap_or_else(|| panic!("{what} has the type {kind:?}"));
        // Compressed only for those who ask.
        if let Some(schema) = described.get("schema")
            && !headers.contains_key("content-encoding")
        {
            self.check_body(schema, kind, body, &what);
        }
    }

    fn is_swagger(&self) -> bool {
        self.0.get("swagger").is_some()
    }

    #[track_caller]
    fn check_body(&self, schema: &Value, kind: Option<&str>, body: &[u8], what: &str) {
        if kind == Some(JSON) {
            let value = serde_json::from_slice(body).unwrap();
            self.check_value(schema, &value, what);
        } else {
            assert!(!body.is_empty(), "{what}");
        }
    }

    #[track_caller]
    fn check_headers(&self, response: &Value, headers: &HeaderMap, what: &str) {
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let required = &self.resolve(header)["required"];
            let is_needed = self.is_swagger() || required.as_bool().unwrap_or(false);
            assert!(
                !is_needed || headers.contains_key(name),
                "{what} has no {name}"
            );
        }
    }

    fn response<'a>(&'a self, operation: &'a Value, status: StatusCode) -> Option<&'a Value> {
        let responses = &operation["responses"];
        let response = responses.get(status.as_str());
        let response = response.or_else(|| responses.get("default"))?;
        Some(self.resolve(response))
    }

    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let paths = self.0["paths"].as_object()?;
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        // Servers of Rekor v1 ignore empty segments.
        let clean = self.is_swagger().then(|| clean(path));
        let path = clean.as_deref().unwrap_or(path);
        let described = paths.get(path).or_else(|| {
            let mut named = paths.iter();
            let found = named.find(|(template, item)| fits(template, item, path));
            found.map(|(_, item)| item)
        })?;
        described.get(method.as_str().to_lowercase())
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let found = self.0.pointer(reference.strip_prefix('#').unwrap());
                found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
            None => value,
        }
    }

    /// As much of JSON Schema as the descriptions use for answers.
    fn check_value(&self, schema: &Value, value: &Value, place: &str) {
        let schema = self.resolve(schema);
        if let Some(words) = schema["enum"].as_array() {
            assert!(words.contains(value), "{place} is {value}");
        }
        match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(_)) => self.check_object(schema, value, place),
            (Some("array"), Value::Array(items)) => {
                for (position, item) in items.iter().enumerate() {
                    self.check_value(&schema["items"], item, &format!("{place}.{position}"));
                }
            }
            (Some("integer"), Value::Number(_)) => {
                let number = value
                    .as_i64()
                    .unwrap_or_else(|| panic!("{place} is {value}"));
                let minimum = schema["minimum"].as_i64().unwrap_or(i64::MIN);
                let maximum = schema["maximum"].as_i64().unwrap_or(i64::MAX);
                assert!((minimum..=maximum).contains(&number), "{place} is {number}");
            }
            (Some("string"), Value::String(text)) => check_text(schema, text, place),
            (Some("boolean"), Value::Bool(_)) | (Some("null"), Value::Null) | (None, _) => {}
            (Some(kind), _) => panic!("{place} is {value}, not of the type {kind}"),
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

#[track_caller]
fn check_text(schema: &Value, text: &str, place: &str) {
    if let Some(pattern) = schema["pattern"].as_str() {
        assert!(matches(pattern, text), "{place} is {text:?}, not {pattern}");
    }
    if schema["contentEncoding"] == "base64" {
        assert!(
            STANDARD.decode(text).is_ok(),
            "{place} is {text:?}, not base64"
        );
    }
}

/// Whether the path of a request is one of `template`, which `item` describes.
fn fits(template: &str, item: &Value, path: &str) -> bool {
    let is_parameter = |segment: &str| segment.starts_with('{');
    let wanted: Vec<&str> = template.split('/').collect();
    let given: Vec<&str> = path.splitn(wanted.len(), '/').collect();
    let operations = item.as_object().into_iter().flatten();
    let parameters = operations.filter_map(|(_, operation)| operation["parameters"].as_array());
    let mut parameters = parameters.flatten();
    let may_have_slashes = parameters.any(|parameter| parameter[MAY_HAVE_SLASHES] == true);
    wanted.len() == given.len()
        && (may_have_slashes || !given.last().is_some_and(|last| last.contains('/')))
        && wanted
            .iter()
            .zip(&given)
            .all(|(wanted, given)| wanted == given || is_parameter(wanted) && !given.is_empty())
}

/// The path without empty segments.
fn clean(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| format!("/{segment}")).collect()
}

fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).unwrap().is_match(text)
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
            "swagger": "2.0",
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

    #[test]
    fn the_longest_literal_path_and_then_parameters_name_an_operation() {
        let get = json!({"get": {}});
        let slashes = json!({"get": {"parameters": [{"name": "n", MAY_HAVE_SLASHES: true}]}});
        let description = Description::new(json!({
            "paths": {"/a/{x}": get, "/a/b": {"post": {}}, "/t/{l}/{n}": slashes},
        }));
        for (method, path, has) in [
            (Method::GET, "/a/c", true),
            (Method::GET, "/a/c?d=/", true),
            (Method::GET, "/a/b", false),
            (Method::POST, "/a/b", true),
            (Method::GET, "/a", false),
            (Method::GET, "/a/c/d", false),
            (Method::GET, "/t/0/x001/234", true),
            (Method::GET, "/t/0", false),
        ] {
            assert_eq!(description.has(&method, path), has, "{method} {path}");
        }
    }

    fn check_openapi(status: StatusCode, kind: &str, answer: Value) {
        let schema = json!({
            "type": "object",
            "required": ["size"],
            "additionalProperties": false,
            "properties": {
                "size": {"type": "string", "pattern": "^[0-9]+$"},
                "root": {"type": "string", "contentEncoding": "base64"},
                "role": {"type": "string", "enum": ["one", "two"]},
            },
        });
        let document = json!({
            "openapi": "3.1.0",
            "paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/A"}}}}},
            "components": {"responses": {"A": {"content": {JSON: {"schema": schema}}}}},
        });
        let kind = ("content-type".parse().unwrap(), kind.parse().unwrap());
        let headers = HeaderMap::from_iter([kind]);
        let body = answer.to_string();
        Description::new(document).check(&Method::GET, "/a", status, &headers, body.as_bytes());
    }

    #[test]
    fn a_right_answer_of_openapi_passes() {
        let answer = json!({"size": "7", "root": "AA==", "role": "two"});
        check_openapi(StatusCode::OK, JSON, answer);
    }

    #[test]
    #[should_panic = "is not described"]
    fn a_status_that_is_not_described_is_found() {
        check_openapi(StatusCode::NOT_FOUND, JSON, json!({"size": "7"}));
    }

    #[test]
    #[should_panic = "has the type"]
    fn a_content_type_that_is_not_described_is_found() {
        check_openapi(StatusCode::OK, "text/plain", json!({"size": "7"}));
    }

    #[test]
    #[should_panic = ".more is not in the description"]
    fn a_member_that_is_not_described_is_found() {
        check_openapi(StatusCode::OK, JSON, json!({"size": "7", "more": 1}));
    }

    #[test]
    #[should_panic = "not base64"]
    fn bytes_that_are_no_base64_are_found() {
        check_openapi(StatusCode::OK, JSON, json!({"size": "7", "root": "?"}));
    }
}
