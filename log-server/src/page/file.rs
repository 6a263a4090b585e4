use std::sync::LazyLock;

use http::HeaderValue;
use sha2::Digest as _;
use sha2::Sha256;

/// A file of the page, which is part of the program.
pub(super) struct File {
    /// As it is asked for, below `/page/`.
    pub(super) name: &'static str,
    /// Its content type.
    pub(super) kind: &'static str,
    pub(super) content: &'static [u8],
    /// What changes with the content.
    tag: String,
}

impl File {
    fn new(name: &'static str, kind: &'static str, content: &'static [u8]) -> Self {
        let hash = Sha256::digest(content);
        Self {
            name,
            kind,
            content,
            tag: format!("\"{}\"", hex::encode(&hash[..16])),
        }
    }

    /// The file with this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        FILES.iter().find(|file| file.name == name)
    }

    /// The tag by which a browser knows the content again. It is weak, since the same content may
    /// be sent compressed.
    pub(super) fn tag(&self) -> HeaderValue {
        HeaderValue::try_from(format!("W/{}", self.tag)).expect("digits are a header value")
    }

    /// Whether the tag is in a list of tags, as `If-None-Match` has it (RFC 9110, section 13.1.2).
    pub(super) fn is_one_of(&self, tags: &HeaderValue) -> bool {
        let is_mine = |tag: &str| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.tag
        };
        tags.to_str().is_ok_and(|tags| tags.split(',').any(is_mine))
    }
}

/// A file of the folder `assets`.
macro_rules! file {
    ($name:literal, $kind:expr) => {
        File::new($name, $kind, include_bytes!(concat!("assets/", $name)))
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// All of them.
pub(super) static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    vec![
        file!("index.html", HTML),
        file!("style.css", CSS),
        file!("icon.svg", SVG),
        file!("api.js", JAVASCRIPT),
        file!("body.js", JAVASCRIPT),
        file!("certificate.js", JAVASCRIPT),
        file!("collect.js", JAVASCRIPT),
        file!("commands.js", JAVASCRIPT),
        file!("coverage.js", JAVASCRIPT),
        file!("dom.js", JAVASCRIPT),
        file!("encoding.js", JAVASCRIPT),
        file!("export.js", JAVASCRIPT),
        file!("hashing.js", JAVASCRIPT),
        file!("history.js", JAVASCRIPT),
        file!("hits.js", JAVASCRIPT),
        file!("json_text.js", JAVASCRIPT),
        file!("key.js", JAVASCRIPT),
        file!("main.js", JAVASCRIPT),
        file!("memory.js", JAVASCRIPT),
        file!("named_keys.js", JAVASCRIPT),
        file!("note.js", JAVASCRIPT),
        file!("route.js", JAVASCRIPT),
        file!("signature.js", JAVASCRIPT),
        file!("step.js", JAVASCRIPT),
        file!("step_list.js", JAVASCRIPT),
        file!("steps.js", JAVASCRIPT),
        file!("text.js", JAVASCRIPT),
        file!("trust_files.js", JAVASCRIPT),
        file!("view_entry.js", JAVASCRIPT),
        file!("view_keys.js", JAVASCRIPT),
        file!("view_recall.js", JAVASCRIPT),
        file!("view_search.js", JAVASCRIPT),
        file!("view_trees.js", JAVASCRIPT),
    ]
});
