//! What operators set, and what anybody may send to a server: paths, queries, headers, bodies.

use std::str;

use axum::body::Body;
use clap::Args as _;
use clap::Command;
use clap::FromArgMatches as _;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::StatusCode;
use http::Uri;
use http::header;
use ledgerstone_log_server::Overrides;
use ledgerstone_log_server::Settings;
use serde_json::Value;

use crate::Target;
use crate::parts;
use crate::site::Answer;
use crate::site::Site;
use crate::site::V2_TREE;

/// The longest request id that a server takes over, in bytes.
const MAX_REQUEST_ID: usize = 64;

const REQUEST_ID: &str = "x-request-id";

/// What the target of headers asks for: something of each face.
const ASKED: [(Method, &str); 10] = [
    (Method::GET, "/checkpoint"),
    (Method::GET, "/tile/0/000"),
    (Method::GET, "/api/v1/log"),
    (Method::GET, "/api/v1/log/publicKey"),
    (Method::GET, "/log/v1/entries?start=0&limit=30"),
    (Method::POST, "/api/v1/index/retrieve"),
    (Method::POST, "/api/v2/log/entries"),
    (Method::POST, "/ledgerstone.v1.Log/ListTrees"),
    (Method::OPTIONS, "/api/v2/log/entries"),
    (Method::OPTIONS, "/api/v1/log/entries"),
];

/// The target of this crate with this name.
pub fn target(name: &str) -> Option<Target> {
    Some(match name {
        "settings_file" => fuzz_settings_file,
        "settings_flags" => fuzz_settings_flags,
        "requests_rekor_v1" => fuzz_requests_rekor_v1,
        "requests_rekor_v2" => fuzz_requests_rekor_v2,
        "requests_log_v1" => fuzz_requests_log_v1,
        "requests_tiles" => fuzz_requests_tiles,
        "request_headers" => fuzz_request_headers,
        _ => return None,
    })
}

/// A TOML file of settings.
fn fuzz_settings_file(data: &[u8]) {
    let overrides = str::from_utf8(data).ok().and_then(read_settings);
    if let Some(settings) = overrides.and_then(|it| it.resolve().ok()) {
        must_be_printed(&settings);
    }
}

/// Flags, one a line. Variables are parsed by the same parsers.
fn fuzz_settings_flags(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let flags = text.lines().map(|line| format!("--{line}"));
    let command = Overrides::augment_args(Command::new("serve").no_binary_name(true));
    let Ok(matches) = command.try_get_matches_from(flags) else {
        return;
    };
    let overrides = Overrides::from_arg_matches(&matches).expect("what was parsed is there");
    if let Ok(settings) = overrides.resolve() {
        must_be_printed(&settings);
    }
}

fn read_settings(text: &str) -> Option<Overrides> {
    Overrides::parse(text).ok()
}

/// Settings that can be are printed as a file that gives the same ones.
fn must_be_printed(settings: &Settings) {
    let printed = settings.to_toml();
    let read = read_settings(&printed).expect("what was printed is a file of settings");
    let read = read.resolve().expect("what was printed can be");
    assert_eq!(read.to_toml(), printed);
    assert_eq!(format!("{read:?}"), format!("{settings:?}"));
}

thread_local! {
    static SITE: Site = Site::start();
}

/// A request as an input has it: path and query in the first line, then headers, one a line, and
/// behind a separator the body.
struct Input {
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Input {
    /// The request to a path that starts with `prefix`.
    fn parse(prefix: &str, data: &[u8]) -> Option<Self> {
        let [head, body] = parts::split(data);
        let mut lines = head.split(|byte| *byte == b'\n');
        let path = lines.next().unwrap_or_default();
        let uri = Uri::try_from([prefix.as_bytes(), path].concat()).ok()?;
        Some(Self {
            uri,
            headers: lines.filter_map(header_of).collect(),
            body: body.to_vec(),
        })
    }

    fn method(&self) -> Method {
        match self.body.is_empty() {
            true => Method::GET,
            false => Method::POST,
        }
    }

    fn send(&self) -> Answer {
        self.send_as(self.method(), self.uri.clone())
    }

    /// Sends it, and checks what has to hold for any answer.
    fn send_as(&self, method: Method, uri: Uri) -> Answer {
        let mut request = Request::new(Body::from(self.body.clone()));
        (*request.method_mut(), *request.uri_mut()) = (method, uri);
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        let answer = SITE.with(|site| site.send(request));
        must_be_in_order(&answer);
        answer
    }

    /// Sends it to another path too, which has to have the same answer.
    fn must_be_the_same(&self, answer: &Answer, path: &str) {
        let query = self.uri.query().map(|query| format!("?{query}"));
        let uri = Uri::try_from(format!("{path}{}", query.unwrap_or_default()));
        let other = self.send_as(self.method(), uri.expect("it was a part of a URI"));
        // A caller may have so little patience that time decides.
        if [answer.status, other.status].contains(&StatusCode::GATEWAY_TIMEOUT) {
            return;
        }
        assert_eq!(answer.status, other.status);
        // Rekor v1 signs the time of an entry anew for each answer.
        if answer.status != StatusCode::OK || !self.uri.path().starts_with("/api/v1/") {
            assert_eq!(answer.body, other.body);
        }
    }
}

/// A header as a line has it; `None` where a connection would not take it.
fn header_of(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    Some((name, value))
}

/// Whatever was asked: no fault of the server, an id that cannot forge a line of a log, leave for
/// pages to read, and JSON where the answer says so.
fn must_be_in_order(answer: &Answer) {
    let faults = [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    assert!(!faults.contains(&answer.status), "{answer:?}");
    let headers = &answer.headers;
    assert!(is_plain(headers[REQUEST_ID].as_bytes()), "{answer:?}");
    assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let is_json = headers.get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static(JSON));
    if is_json && !headers.contains_key(header::CONTENT_ENCODING) {
        serde_json::from_slice::<Value>(&answer.body).expect("JSON is JSON");
    }
}

const JSON: &str = "application/json";

fn is_plain(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(byte);
    (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(plain)
}

/// Everything below `/api/v1/`. However many slashes a path has, it names the same.
fn fuzz_requests_rekor_v1(data: &[u8]) {
    let Some(input) = Input::parse("/api/v1/", data) else {
        return;
    };
    let answer = input.send();
    if input.method() == Method::GET {
        let path = input.uri.path().replace('/', "//");
        input.must_be_the_same(&answer, &path);
    }
}

/// Everything below `/api/v2/`, whose reads are those of tiles.
fn fuzz_requests_rekor_v2(data: &[u8]) {
    let Some(input) = Input::parse("/api/v2/", data) else {
        return;
    };
    let answer = input.send();
    let path = input.uri.path().trim_start_matches("/api/v2");
    let is_read = path == "/checkpoint" || path.starts_with("/tile/");
    if is_read && input.method() == Method::GET {
        input.must_be_the_same(&answer, path);
    }
}

/// Everything below `/log/v1/`. A page of entries says where the next one begins.
fn fuzz_requests_log_v1(data: &[u8]) {
    let Some(input) = Input::parse("/log/v1/", data) else {
        return;
    };
    let answer = input.send();
    let encoded = answer.headers.contains_key(header::CONTENT_ENCODING);
    if encoded || answer.status != StatusCode::OK || input.uri.path() != "/log/v1/entries" {
        return;
    }
    let page: Value = serde_json::from_slice(&answer.body).expect("JSON is JSON");
    let entries = page["entries"].as_array().expect("it has entries");
    let next = page["next"].as_str().and_then(|next| next.parse().ok());
    if let Some(first) = entries.first() {
        let first = first["index"].as_u64().expect("an entry has an index");
        assert_eq!(next, Some(first + entries.len() as u64));
    }
}

/// The paths of C2SP, of the tree that has none of its own and of all trees by their ids.
fn fuzz_requests_tiles(data: &[u8]) {
    let Some(input) = Input::parse("/", data) else {
        return;
    };
    let path = input.uri.path();
    let is_tile = path.starts_with("/tile/");
    if !is_tile && !path.starts_with("/trees/") && path != "/checkpoint" {
        return;
    }
    let answer = input.send();
    // By another name the server may have been asked for the frozen tree.
    let is_named = input.headers.iter().any(|(name, _)| name == header::HOST);
    if answer.status == StatusCode::OK && is_tile && !is_named {
        input.must_be_the_same(&answer, &format!("/trees/{V2_TREE}{path}"));
    }
}

/// Headers, to what the first byte stands for. A name of a host means the same in capitals, and
/// whoever takes anything is not told that there is nothing for him.
fn fuzz_request_headers(data: &[u8]) {
    let Some((choice, lines)) = data.split_first() else {
        return;
    };
    let (method, path) = &ASKED[usize::from(*choice) % ASKED.len()];
    let Some(mut input) = Input::parse(path, &[b"\n", lines].concat()) else {
        return;
    };
    let answer = input.send_as(method.clone(), input.uri.clone());
    let given = input.headers.iter().find(|(name, _)| name == REQUEST_ID);
    if let Some((_, given)) = given.filter(|(_, id)| is_plain(id.as_bytes())) {
        assert_eq!(answer.headers[REQUEST_ID], given);
    }
    for (name, value) in &mut input.headers {
        if *name == header::HOST {
            let capitals = value.as_bytes().to_ascii_uppercase();
            *value = HeaderValue::from_bytes(&capitals).expect("capitals are no other kind");
        }
    }
    let everything = HeaderValue::from_static("*/*");
    input.headers.push((header::ACCEPT, everything));
    let again = input.send_as(method.clone(), input.uri.clone());
    assert_ne!(again.status, StatusCode::NOT_ACCEPTABLE);
    let late = [answer.status, again.status].contains(&StatusCode::GATEWAY_TIMEOUT);
    if !late && answer.status != StatusCode::NOT_ACCEPTABLE {
        assert_eq!(answer.status, again.status);
    }
    if !late && answer.status == StatusCode::OK && *path == "/checkpoint" {
        assert_eq!(answer.body, again.body);
    }
}
