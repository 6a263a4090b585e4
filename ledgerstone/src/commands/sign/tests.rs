//! What happens to a signature when the log, or the directory, is in the way.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use clap::Parser;
use ledgerstone_client::SigningKey;
use serde_json::Value;
use tempfile::TempDir;

use crate::commands::sign::args::SignArguments;
use crate::commands::sign::outputs::Outputs;
use crate::commands::sign::pending::Pending;
use crate::commands::sign::run::run;
use crate::commands::sign::signed::Signed;
use crate::files::beside;

const LOG_KEY: &str = "rekor-local+d80b4420+AURLycjWRo1+gdwwCLg9wU4PayMFdNBmPF4ORVPiBQ1E";

/// A command line.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: SignArguments,
}

/// A directory with a file to sign, and a log that takes what is submitted and refuses to answer.
struct Desk {
    directory: TempDir,
    submitted: Arc<Mutex<Vec<Value>>>,
    url: String,
}

impl Desk {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a.txt"), "what is signed").unwrap();
        let submitted: Arc<Mutex<Vec<Value>>> = Arc::default();
        let seen = Arc::clone(&submitted);
        let handler = move |body: Bytes| {
            let body = serde_json::from_slice(&body).unwrap();
            seen.lock().unwrap().push(body);
            async { StatusCode::FORBIDDEN }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            directory,
            submitted,
            url,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn arguments(&self, more: &[&str]) -> SignArguments {
        let file = self.path("a.txt");
        let words = ["sign", file.to_str().unwrap()];
        let log = ["--url", &self.url, "--log-key", LOG_KEY];
        let words = words.iter().chain(&log).chain(more);
        Line::try_parse_from(words).unwrap().arguments
    }

    async fn fails(&self, more: &[&str]) -> String {
        let error = run(self.arguments(more)).await.unwrap_err();
        format!("{error:#}")
    }

    fn submitted(&self) -> Vec<Value> {
        self.submitted.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn what_was_not_finished_is_submitted_again() {
    let desk = Desk::new().await;
    for _ in 0..2 {
        assert!(desk.fails(&[]).await.contains("submits it again"));
    }
    let [first, second] = &desk.submitted()[..] else {
        panic!("two submissions")
    };
    assert_eq!(first, second);
    assert!(desk.path("a.txt.sigstore.json.pending").exists());
    assert!(!desk.path("a.txt.pub").exists());

    // Another content needs another signature.
    fs::write(desk.path("a.txt"), "something else").unwrap();
    desk.fails(&[]).await;
    assert_ne!(desk.submitted()[2], *first);
}

#[tokio::test]
async fn what_is_in_the_way_is_found_before_anything_is_submitted() {
    let desk = Desk::new().await;
    for own in [
        "ssh-ed25519 AAAA me@example.com\n".to_owned(),
        SigningKey::generate().unwrap().public_pem(),
    ] {
        fs::write(desk.path("a.txt.pub"), &own).unwrap();
        let message = desk.fails(&[]).await;
        assert!(message.contains("a.txt.pub exists"), "{message}");
        assert_eq!(fs::read_to_string(desk.path("a.txt.pub")).unwrap(), own);
    }
    fs::create_dir(desk.path("b")).unwrap();
    let directory = desk.path("b");
    let message = desk.fails(&["--bundle", directory.to_str().unwrap()]).await;
    assert!(message.contains("is not a file"), "{message}");
    let nowhere = desk.path("nowhere/bundle.json");
    let message = desk.fails(&["--bundle", nowhere.to_str().unwrap()]).await;
    assert!(message.contains("cannot be written"), "{message}");
    assert!(desk.submitted().is_empty());
}

#[tokio::test]
async fn another_bundle_of_the_file_has_its_key_beside_it() {
    let desk = Desk::new().await;
    let bundle = desk.path("b.json");
    let outputs = Outputs::new(&desk.arguments(&["--bundle", bundle.to_str().unwrap()]));
    assert_eq!(outputs.public_key, Some(desk.path("b.json.pub")));
    assert_eq!(outputs.pending, desk.path("b.json.pending"));
    let outputs = Outputs::new(&desk.arguments(&[]));
    assert_eq!(outputs.public_key, Some(desk.path("a.txt.pub")));
}

#[test]
fn a_logged_signature_keeps_its_key_and_bundle() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.txt");
    fs::write(&file, "what is signed").unwrap();
    let outputs = Outputs {
        bundle: beside(&file, ".sigstore.json"),
        public_key: Some(beside(&file, ".pub")),
        pending: beside(&file, ".pending"),
    };
    let signed = Signed::find_or_make(&file, None, &outputs).unwrap();
    Pending::of(&signed).save(&outputs.pending).unwrap();
    // The bundle cannot be written: all that is needed to get it again stays.
    fs::create_dir(&outputs.bundle).unwrap();
    assert!(outputs.write(&signed, "{}").is_err());
    assert!(outputs.pending.exists());
    fs::remove_dir(&outputs.bundle).unwrap();
    let again = Signed::find_or_make(&file, None, &outputs).unwrap();
    assert_eq!(again.signature, signed.signature);
    outputs.write(&again, "{}").unwrap();
    assert!(!outputs.pending.exists());
    let names = fs::read_dir(directory.path()).unwrap();
    assert_eq!(names.count(), 3);
}
