//! The base URL of a log: scheme, host, perhaps a port, and a path where the log has one.

use reqwest::Url;

use crate::transport::error::TransportError;
use crate::transport::url_fault::UrlFault;

/// The paths that a log serves below its address, whatever face they are of.
const OWN_PATHS: [&str; 5] = ["/api/v1", "/api/v2/log", "/log/v1", "/checkpoint", "/tile"];

/// The base URL in `url`, without a slash at its end.
pub(crate) fn parse_base(url: &str) -> Result<String, TransportError> {
    read_base(url.trim()).map_err(|fault| TransportError::Url {
        url: url.to_owned(),
        fault,
    })
}

fn read_base(url: &str) -> Result<String, UrlFault> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(match url.trim_start_matches('/') {
            "" => UrlFault::NoHost,
            rest => UrlFault::NoScheme {
                rest: rest.to_owned(),
            },
        });
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(UrlFault::OtherScheme {
            scheme: scheme.to_owned(),
        });
    }
    if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) {
        return Err(UrlFault::NoHost);
    }
    let mut parsed = Url::parse(url).map_err(|error| UrlFault::Malformed(error.to_string()))?;
    if parsed.query().is_some() || parsed.fragment().is_some() {
        parsed.set_query(None);
        parsed.set_fragment(None);
        return Err(UrlFault::Query {
            base: text(&parsed),
        });
    }
    match own_path(parsed.path()) {
        None => Ok(text(&parsed)),
        Some(start) => {
            let (before, path) = parsed.path().split_at(start);
            let (before, path) = (before.to_owned(), path.to_owned());
            parsed.set_path(&before);
            Err(UrlFault::OwnPath {
                path,
                base: text(&parsed),
            })
        }
    }
}

/// Where in `path` something begins that the log serves.
fn own_path(path: &str) -> Option<usize> {
    let starts = OWN_PATHS.iter().filter_map(|own| {
        let mut found = path.match_indices(own);
        let (start, _) = found.find(|(start, _)| {
            let after = &path[start + own.len()..];
            after.is_empty() || after.starts_with('/')
        })?;
        Some(start)
    });
    starts.min()
}

fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(url: &str) -> UrlFault {
        match parse_base(url) {
            Err(TransportError::Url { fault, .. }) => fault,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn base_urls_are_read() {
        for (url, base) in [
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
            ("https://log.example/api/v2/", "https://log.example/api/v2"),
            ("http://[::1]:3000/trees/7", "http://[::1]:3000/trees/7"),
            ("HTTPS://Log.example", "https://log.example"),
            (" http://log.example\n", "http://log.example"),
            (
                "https://log.example/tiles/checkpoints",
                "https://log.example/tiles/checkpoints",
            ),
        ] {
            assert_eq!(parse_base(url).unwrap(), base);
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_with_what_to_write() {
        for (url, message) in [
            ("localhost:3000", "write http://localhost:3000, or https"),
            ("127.0.0.1:3000", "write http://127.0.0.1:3000, or https"),
            ("log.example/x", "write http://log.example/x, or https"),
            ("//log.example", "write http://log.example, or https"),
            ("ftp://log.example", "not by ftp://"),
            ("", "names no host"),
            ("http://", "names no host"),
            ("http:///checkpoint", "names no host"),
            ("http://:3000", "names no host"),
            ("https://log.example/?a=b", ": https://log.example"),
            ("https://log.example/t#x", ": https://log.example/t"),
            ("https://log.example:port", "invalid port number"),
        ] {
            let fault = fault(url).to_string();
            assert!(fault.contains(message), "{url}: {fault}");
        }
    }

    #[test]
    fn a_path_of_the_log_itself_is_not_its_address() {
        for (url, path, base) in [
            (
                "http://localhost:3000/checkpoint",
                "/checkpoint",
                "http://localhost:3000",
            ),
            (
                "https://log.example/api/v1/log/entries",
                "/api/v1/log/entries",
                "https://log.example",
            ),
            (
                "https://log.example/api/v2/log/entries",
                "/api/v2/log/entries",
                "https://log.example",
            ),
            (
                "https://log.example/trees/7/tile/0/000",
                "/tile/0/000",
                "https://log.example/trees/7",
            ),
            (
                "https://log.example/log/v1/tree-head",
                "/log/v1/tree-head",
                "https://log.example",
            ),
        ] {
            let expected = UrlFault::OwnPath {
                path: path.to_owned(),
                base: base.to_owned(),
            };
            assert_eq!(fault(url), expected);
        }
    }
}
