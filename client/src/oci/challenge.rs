//! What a registry asks for with 401 (RFC 9110, section 11.6.1; distribution, "token
//! authentication").

/// What a registry asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token that somebody else gives.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// Reads the value of a `WWW-Authenticate` header.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let header = header.trim();
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let members = members(rest);
        let find = |name: &str| {
            let mut members = members.iter();
            let found = members.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        Some(Self::Bearer {
            realm: find("realm")?,
            service: find("service"),
            scope: find("scope"),
        })
    }
}

/// `name="value"` or `name=value`, with commas between them.
fn members(text: &str) -> Vec<(String, String)> {
    let (mut members, mut rest) = (Vec::new(), text);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([',', ' ', '\t']).to_owned();
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        members.push((name, value.trim().to_owned()));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let text = |text: &str| Some(text.to_owned());
        let header = "Bearer realm=\"https://auth.example/token\",service=\"r.example\", \
            scope=\"repository:a/b:pull,push\"";
        let expected = Challenge::Bearer {
            realm: "https://auth.example/token".to_owned(),
            service: text("r.example"),
            scope: text("repository:a/b:pull,push"),
        };
        assert_eq!(Challenge::parse(header), Some(expected));
        let bare = Challenge::Bearer {
            realm: "https://auth.example".to_owned(),
            service: None,
            scope: None,
        };
        assert_eq!(
            Challenge::parse("bearer realm=https://auth.example"),
            Some(bare)
        );
        assert_eq!(
            Challenge::parse("Basic realm=\"x\""),
            Some(Challenge::Basic)
        );
        assert_eq!(Challenge::parse("Digest realm=\"x\""), None);
        assert_eq!(Challenge::parse("Bearer service=\"x\""), None);
        assert_eq!(Challenge::parse(""), None);
    }
}
