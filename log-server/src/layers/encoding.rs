//! Which answers are compressed for those who ask for it.

use http::Extensions;
use http::HeaderMap;
use http::StatusCode;
use http::Version;
use http::header::CONTENT_TYPE;
use tower_http::compression::CompressionLayer;
use tower_http::compression::CompressionLevel;
use tower_http::compression::Predicate;
use tower_http::compression::predicate::SizeAbove;

/// The shortest answer that is compressed, in bytes: shorter ones hardly shrink, and fit into one
/// packet as they are.
const MIN_ENCODED: u64 = 512;

/// The types of answers that are compressed. gRPC, which compresses by itself, is none of them.
const TYPES: [&[u8]; 4] = [
    b"application/json",
    b"application/octet-stream",
    b"application/openmetrics-text",
    b"text/",
];

/// Marks an answer that is left as it is: hashes do not shrink.
#[derive(Clone, Copy)]
pub(crate) struct Incompressible;

/// Compresses with gzip, and says so in `Vary` where another request would get another answer.
pub(crate) fn layer() -> CompressionLayer<impl Predicate> {
    let predicate = SizeAbove::new(MIN_ENCODED).and(is_compressible);
    CompressionLayer::new()
        .gzip(true)
        .quality(CompressionLevel::Fastest)
        .compress_when(predicate)
}

fn is_compressible(_: StatusCode, _: Version, headers: &HeaderMap, marks: &Extensions) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    let kind = kind.unwrap_or_default();
    TYPES.iter().any(|known| kind.starts_with(known)) && marks.get::<Incompressible>().is_none()
}
