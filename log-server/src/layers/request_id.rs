//! One id a request, in its answer and in every log line about it.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

/// The header that carries the id, in requests and in answers.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a caller, in bytes.
const MAX_LENGTH: usize = 64;

/// The id that the caller gave, when it is short and plain; else a new one.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    let given = headers
        .get(HEADER)
        .filter(|given| is_plain(given.as_bytes()));
    given.cloned().unwrap_or_else(next)
}

/// What goes into log lines must not be able to forge one.
fn is_plain(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(byte);
    !id.is_empty() && id.len() <= MAX_LENGTH && id.iter().all(plain)
}

fn next() -> HeaderValue {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| {
        let mut bytes = [0; 4];
        // Without random bytes the ids of two processes may coincide, which is no harm.
        let _ = getrandom::fill(&mut bytes);
        u32::from_be_bytes(bytes)
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::try_from(format!("{:08x}-{count:x}", *PROCESS))
        .expect("hexadecimal digits are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &str) -> HeaderMap {
        HeaderMap::from_iter([(HEADER, HeaderValue::from_bytes(id.as_bytes()).unwrap())])
    }

    #[test]
    fn a_plain_id_is_taken_over_and_any_other_replaced() {
        assert_eq!(of(&given("build-17/attempt.2")), "build-17/attempt.2");
        for bad in ["", "a b", "a\tb", "a=b", &"x".repeat(65), "\u{e9}"] {
            assert_ne!(
                of(&given(bad)),
                HeaderValue::from_bytes(bad.as_bytes()).unwrap()
            );
        }
    }

    #[test]
    fn new_ids_differ() {
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
