//! Whether answers are what `openapi.json` says they are.

use std::sync::LazyLock;

use http::Method;
use serde_json::Value;

use crate::rekor_v1::JSON;
use crate::rekor_v1::pages::OPENAPI;
use crate::rekor_v1::path;
use crate::rekor_v1::tests::Answer;
use crate::rekor_v1::tests::Site;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(OPENAPI).unwrap());

/// Checks an answer against the description of the operation. What the description does not have, it does not check.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let path = path::clean_text(path).unwrap_or_else(|| path.to_owned());
    let Some(operation) = operation(method, &path) else {
        return;
    };
    let responses = &operation["responses"];
    let response = responses
        .get(answer.status.as_str())
        .unwrap_or_else(|| &responses["default"]);
    let is_json = answer
        .headers
        .get("content-type")
        .is_some_and(|given| given == JSON);
    match response.get("schema").map(resolve) {
        Some(schema) if is_json => {
            let body = serde_json::from_slice(&answer.body).unwrap();
            check_value(schema, &body, "body");
        }
        Some(_) => assert!(!answer.body.is_empty(), "{method} {path}: {answer:?}"),
        None => assert!(answer.body.is_empty(), "{method} {path}: {answer:?}"),
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object()?;
    let described = paths.get(path).or_else(|| {
        let id = path.strip_prefix("/api/v1/log/entries/")?;
        (!id.contains('/')).then(|| &paths["/api/v1/log/entries/{entryUUID}"])
    })?;
    described.get(method.as_str().to_lowercase())
}

fn resolve(schema: &'static Value) -> &'static Value {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let name = reference.strip_prefix("#/definitions/").unwrap();
            let definition = &DOCUMENT["definitions"][name];
            assert!(definition.is_object(), "{reference} leads nowhere");
            definition
        }
        None => schema,
    }
}

/// As much of JSON Schema as the description uses for answers.
fn check_value(schema: &'static Value, value: &Value, place: &str) {
    let schema = resolve(schema);
    match schema["type"].as_str() {
        Some("object") => check_object(schema, value, place),
        Some("array") => {
            let items = value
                .as_array()
                .unwrap_or_else(|| panic!("{place} is {value}"));
            for (position, item) in items.iter().enumerate() {
                check_value(&schema["items"], item, &format!("{place}.{position}"));
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

fn check_object(schema: &'static Value, value: &Value, place: &str) {
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
            (Some(schema), _) => check_value(schema, member, &place),
            (None, Value::Bool(false)) => panic!("{place} is not in the description"),
            (None, Value::Null) => {}
            (None, schema) => check_value(schema, member, &place),
        }
    }
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

#[test]
fn patterns_are_told_apart() {
    assert!(matches("^[0-9a-f]{4}$", "09af"));
    assert!(!matches("^[0-9a-f]{4}$", "09aF"));
    assert!(!matches("^[0-9a-f]{4}$", "09a"));
    assert!(matches("^[0-9]+$", "7"));
    assert!(!matches("^[0-9]+$", ""));
}

#[test]
#[should_panic = "body.message"]
fn a_wrong_answer_is_found() {
    let schema = &DOCUMENT["definitions"]["Error"];
    check_value(
        schema,
        &serde_json::json!({"code": 1, "message": null}),
        "body",
    );
}

#[tokio::test]
async fn it_is_served_and_every_operation_in_it_exists() {
    let site = Site::new().await;
    let answer = site.get("/swagger.json").await;
    assert_eq!(answer.json(), *DOCUMENT);
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let request = http::Request::builder()
                .method(method)
                .uri(path.replace("{entryUUID}", "x"))
                .body(axum::body::Body::empty());
            let answer = site.send(request.unwrap()).await;
            // A GET of the retrieval is a lookup of an id that is none.
            let described = methods.get(method.to_lowercase()).is_some()
                || (method == "GET" && path.ends_with("/entries/retrieve"));
            assert_eq!(answer.status != 405, described, "{method} {path}");
            assert_ne!(answer.status, 404, "{method} {path}");
        }
    }
}
