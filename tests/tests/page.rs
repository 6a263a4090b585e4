//! The page at `/`: what a browser is told with it. What it does in one, `tests/web` tests.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::client::Reply;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::verified_checkpoint;
use crate::server::Server;

async fn get_with(server: &Server, path: &str, header: (&str, &str)) -> Reply {
    let request = http_client()
        .get(server.at(path))
        .header(header.0, header.1);
    Reply::read(request.send().await.unwrap()).await
}

/// The files that the page names, in its head and in its scripts.
async fn files(server: &Server) -> Vec<String> {
    let mut paths = vec!["/".to_owned()];
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        let reply = get(server, &path).await;
        assert_eq!(reply.status, 200, "{path}");
        let words = reply.text().split('"');
        let named = words.filter_map(|word| {
            let name = word
                .strip_prefix("./")
                .or_else(|| word.strip_prefix("page/"))?;
            Some(format!("/page/{name}"))
        });
        let new: Vec<String> = named.filter(|named| !paths.contains(named)).collect();
        paths.extend(new);
        at += 1;
    }
    paths.sort();
    paths.dedup();
    paths
}

#[tokio::test]
async fn each_file_is_known_again_and_sent_once() {
    let server = Server::start();
    let files = files(&server).await;
    assert!(files.len() > 20, "{files:?}");
    for path in files {
        let reply = get(&server, &path).await;
        let tag = reply.header("etag").to_owned();
        assert_eq!(reply.header("cache-control"), "no-cache", "{path}");
        assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin");
        let lists = [tag.clone(), format!("\"other\", {tag}"), "*".to_owned()];
        for tags in lists {
            let again = get_with(&server, &path, ("if-none-match", tags.as_str())).await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            assert_eq!(again.header("etag"), tag);
        }
        let other = get_with(&server, &path, ("if-none-match", "W/\"other\"")).await;
        assert_eq!((other.status, other.body), (200, reply.body));
    }
}

#[tokio::test]
async fn a_browser_is_told_to_keep_to_what_the_page_needs() {
    let server = Server::start();
    let reply = get(&server, "/").await;
    assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
    let policy = reply.header("content-security-policy");
    let rules: Vec<&str> = policy.split("; ").collect();
    assert_eq!(
        rules,
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), value);
    }
    let script = get(&server, "/page/main.js").await;
    assert_eq!(
        script.header("content-type"),
        "text/javascript; charset=utf-8"
    );
}

#[tokio::test]
async fn it_is_sent_compressed_and_its_head_can_be_asked_for_alone() {
    let server = Server::start();
    let plain = get(&server, "/page/style.css").await;
    let packed = get_with(&server, "/page/style.css", ("accept-encoding", "gzip")).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = Vec::new();
    let mut decoder = GzDecoder::new(&packed.body[..]);
    decoder.read_to_end(&mut text).unwrap();
    assert_eq!(text, plain.body);
    assert_eq!(packed.header("etag"), plain.header("etag"));
    let head = http_client().head(server.at("/")).send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert!(head.headers().contains_key("content-security-policy"));
}

#[tokio::test]
async fn it_stands_in_the_way_of_nothing_and_can_be_switched_off() {
    let server = Server::start();
    fill(&server, 3).await;
    let note = get(&server, "/checkpoint").await;
    assert_eq!(
        verified_checkpoint(&server.ed25519, note.text()).size.get(),
        3
    );
    assert_eq!(get(&server, "/tile/entries/000.p/3").await.status, 200);
    for path in ["/page", "/page/", "/index.html", "/page/x/y", "/pages"] {
        let reply = get(&server, path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("content-type"), "application/json");
    }
    let server = server.stop().await.with("--page", "false").start();
    get(&server, "/page/main.js")
        .await
        .error(404, 5, "Not Found");
    // That of Rekor v1 stands there then.
    let other = get(&server, "/").await;
    assert_eq!(other.status, 200);
    assert!(!other.text().contains("<script"));
    let site = server.stop().await.with("--rekor-v1", "false");
    let server = site.start();
    get(&server, "/").await.error(404, 5, "Not Found");
    assert_eq!(get(&server, "/checkpoint").await.status, 200);
}

#[tokio::test]
async fn who_only_reads_has_it_too() {
    let server = Server::start();
    fill(&server, 1).await;
    let server = server.stop().await.with("--read-only", "true").start();
    assert_eq!(get(&server, "/").await.status, 200);
}
