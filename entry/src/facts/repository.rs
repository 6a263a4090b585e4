//! Names of source repositories.

/// The text of a repository by which it is found: host and path. Scheme, user, default port, `.git`
/// and what says where in the repository are left out.
pub(crate) fn repository_text(text: &str) -> String {
    let lower = text.to_lowercase();
    let text = lower.split(['#', '?']).next().unwrap_or_default();
    // Tags may hold `@` and `/`.
    let text = text.split_once("@refs/").map_or(text, |(before, _)| before);
    let text = text.strip_prefix("git+").unwrap_or(text);
    let (text, has_scheme) = match text.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (text, false),
    };
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    // `git@host:owner/name`: what is behind the colon is no port.
    let scp = host
        .split_once('@')
        .and_then(|(_, rest)| rest.split_once(':'));
    if let Some((host, first)) = scp.filter(|_| !has_scheme) {
        return join(host, &format!("{first}/{path}"));
    }
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = [":443", ":80", ":22", ":9418"]
        .iter()
        .find_map(|port| host.strip_suffix(port))
        .unwrap_or(host);
    join(host, path)
}

/// The URI without the user and the password that may be in it: one may be a token.
pub(crate) fn without_user(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return uri.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// The commit that a URI names: 40 hexadecimal digits behind `/commit/` or `@`.
pub(crate) fn commit_in(uri: &str) -> Option<&str> {
    let behind = |mark: &str| {
        let (_, rest) = uri.rsplit_once(mark)?;
        let digits = rest.split(['#', '?', '/']).next()?;
        let is_commit = digits.len() == 40 && digits.bytes().all(|one| one.is_ascii_hexdigit());
        is_commit.then_some(digits)
    };
    behind("/commit/").or_else(|| behind("@"))
}

/// Whether a URI is that of a repository, and not of some file.
pub(crate) fn is_repository(uri: &str) -> bool {
    let begins = |start: &&str| uri.starts_with(*start);
    [
        "git+",
        "git://",
        "git@",
        "ssh://",
        "https://github.com/",
        "https://gitlab.com/",
    ]
    .iter()
    .any(begins)
        || uri
            .split(['@', '#'])
            .next()
            .is_some_and(|uri| uri.ends_with(".git"))
}

fn join(host: &str, path: &str) -> String {
    let path = path
        .split_once("/commit/")
        .map_or(path, |(before, _)| before);
    let path = match path.split_once('@') {
        Some((before, _)) => before,
        None => path,
    };
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    match path {
        "" => host.to_owned(),
        path => format!("{host}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_one_text_however_it_is_written() {
        let commit = "ab".repeat(20);
        for text in [
            "https://github.com/acme/app".to_owned(),
            "https://github.com/Acme/App/".to_owned(),
            "https://token@github.com/acme/app.git".to_owned(),
            "git+https://github.com/acme/app@refs/tags/@scope/pkg@1.0".to_owned(),
            "git@github.com:acme/app.git".to_owned(),
            "ssh://git@github.com:22/acme/app".to_owned(),
            "git://github.com/acme/app#main".to_owned(),
            format!("https://github.com/acme/app/commit/{commit}"),
            format!("git+https://github.com/acme/app@{commit}"),
            "github.com/acme/app".to_owned(),
        ] {
            assert_eq!(repository_text(&text), "github.com/acme/app", "{text}");
        }
        assert_eq!(
            repository_text("https://github.com/acme/*"),
            "github.com/acme/*"
        );
        assert_eq!(
            repository_text("https://github.com/acme"),
            "github.com/acme"
        );
        assert_eq!(repository_text("acme/app"), "acme/app");
        assert_eq!(without_user("https://a:b@h/o@1"), "https://h/o@1");
        assert_eq!(without_user("a@b"), "a@b");
        let uri = format!("git+https://h/o@{commit}");
        assert_eq!(commit_in(&uri), Some(commit.as_str()));
        assert_eq!(commit_in("https://h/o@1"), None);
        assert!(is_repository("https://h/o.git@refs/heads/main"));
        assert!(!is_repository("https://h/o.tar.gz"));
    }
}
