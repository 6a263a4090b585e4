//! The base URL of a log.

use reqwest::Url;

use crate::transport::error::TransportError;

pub(crate) fn parse_base(url: &str) -> Result<String, TransportError> {
    let refuse = |reason: &str| TransportError::Url {
        url: url.to_owned(),
        reason: reason.to_owned(),
    };
    let parsed = Url::parse(url).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(refuse("it must begin with http:// or https://"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refuse("it must end with the host or a path"));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_checked() {
        assert_eq!(
            parse_base("http://127.0.0.1:3000/").unwrap(),
            "http://127.0.0.1:3000"
        );
        assert_eq!(
            parse_base("https://log.example/api/v2/").unwrap(),
            "https://log.example/api/v2"
        );
        for bad in [
            "127.0.0.1:3000",
            "ftp://log.example",
            "http://",
            "https://log.example/?a=b",
            "https://log.example/#x",
            "",
        ] {
            assert!(
                matches!(parse_base(bad), Err(TransportError::Url { .. })),
                "{bad}"
            );
        }
    }
}
