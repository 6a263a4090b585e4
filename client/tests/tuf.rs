//! A TUF repository as the public instance recorded it, under a fixed clock: followed from an older
//! root, kept, and refused where something in it was changed or undone.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::Instance;
use ledgerstone_client::Repository;
use ledgerstone_client::RepositoryError;
use ledgerstone_client::TrustedRoot;
use ledgerstone_tuf::Role;
use ledgerstone_tuf::TufError;
use tempfile::TempDir;

use crate::support::Server;
use crate::support::transport;

/// A second at which all of it holds: 2026-08-25.
const NOW: i64 = 1_787_616_000;

/// The second at which its timestamp ends.
const END: i64 = 1_787_945_156;

fn recorded(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tuf_repository");
    fs::read(PathBuf::from(folder).join(name)).unwrap()
}

/// What a repository serves, by path.
type Files = Vec<(String, Vec<u8>)>;

fn files() -> Files {
    let trusted_root = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/assets/sigstore/trusted_root.json"
    ));
    let targets: serde_json::Value = serde_json::from_slice(&recorded("targets.json")).unwrap();
    let hash = &targets["signed"]["targets"]["trusted_root.json"]["hashes"]["sha256"];
    let target = format!("/targets/{}.trusted_root.json", hash.as_str().unwrap());
    vec![
        ("/14.root.json".to_owned(), recorded("14.root.json")),
        ("/15.root.json".to_owned(), recorded("15.root.json")),
        ("/timestamp.json".to_owned(), recorded("timestamp.json")),
        ("/165.snapshot.json".to_owned(), recorded("snapshot.json")),
        ("/14.targets.json".to_owned(), recorded("targets.json")),
        (target, trusted_root.unwrap()),
    ]
}

/// A repository on loopback, and where what it says is kept.
struct Desk {
    folder: TempDir,
    server: Server,
    files: Arc<Mutex<Files>>,
}

impl Desk {
    async fn new() -> Self {
        let files = Arc::new(Mutex::new(files()));
        let shown = Arc::clone(&files);
        let server = Server::start(move |seen| {
            let files = shown.lock().unwrap();
            let found = files.iter().find(|(path, _)| *path == seen.path);
            found.map_or_else(
                || StatusCode::NOT_FOUND.into_response(),
                |(_, bytes)| -> Response { bytes.clone().into_response() },
            )
        })
        .await;
        Self {
            folder: tempfile::tempdir().unwrap(),
            server,
            files,
        }
    }

    fn repository(&self) -> Repository {
        let url = format!("http://{}", self.server.address);
        Repository::new(&url, &recorded("13.root.json"), self.folder.path())
    }

    async fn refresh(&self, now: i64) -> Result<TrustedRoot, RepositoryError> {
        let transport = transport(self.server.address);
        self.repository().refresh(&transport, now).await
    }

    fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut files = self.files.lock().unwrap();
        let (_, bytes) = files
            .iter_mut()
            .find(|(name, _)| name.contains(path))
            .unwrap();
        change(bytes);
    }
}

fn reason(error: RepositoryError) -> TufError {
    match error {
        RepositoryError::Metadata { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_public_instance_is_followed_from_an_older_root() {
    let desk = Desk::new().await;
    assert!(desk.repository().kept(NOW).unwrap().is_none());
    let root = desk.refresh(NOW).await.unwrap();
    let shipped = Instance::named("sigstore").unwrap().shipped().unwrap();
    assert_eq!(root, shipped);
    assert_eq!(desk.repository().kept(NOW).unwrap(), Some(shipped));

    // The next time begins where this one ended, and fetches no target again.
    desk.refresh(NOW).await.unwrap();
    let paths: Vec<_> = desk
        .server
        .seen()
        .into_iter()
        .map(|seen| seen.path)
        .collect();
    assert_eq!(
        paths
            .iter()
            .filter(|path| path.contains("root.json"))
            .count(),
        5
    );
    assert_eq!(
        paths
            .iter()
            .filter(|path| path.contains("targets/"))
            .count(),
        1
    );
}

#[tokio::test]
async fn its_time_counts_to_the_second() {
    let desk = Desk::new().await;
    desk.refresh(END - 1).await.unwrap();
    let error = desk.refresh(END).await.unwrap_err();
    let expired = reason(error);
    assert!(
        matches!(
            expired,
            TufError::Expired {
                role: Role::Timestamp,
                ..
            }
        ),
        "{expired}"
    );
    // What was kept is as old as it is.
    assert!(desk.repository().kept(END).unwrap().is_some());
}

#[tokio::test]
async fn what_was_changed_is_refused() {
    for (path, find, replace) in [
        ("15.root.json", "\"threshold\": 3", "\"threshold\": 2"),
        ("timestamp.json", "\"version\": 165", "\"version\": 166"),
        ("snapshot.json", "\"version\": 14", "\"version\": 15"),
        ("14.targets.json", "\"length\": 6787", "\"length\": 6788"),
        (
            "trusted_root.json",
            "rekor.sigstore.dev",
            "rekor.sigstore.dew",
        ),
    ] {
        let desk = Desk::new().await;
        desk.change(path, |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(text.contains(find), "{path}");
            *bytes = text.replacen(find, replace, 1).into_bytes();
        });
        let error = desk.refresh(NOW).await.unwrap_err();
        assert!(
            matches!(error, RepositoryError::Metadata { .. }),
            "{path}: {error}"
        );
        assert_eq!(Error::from(error).failure(), Failure::Untrue);
    }
}

#[tokio::test]
async fn a_root_cannot_be_passed_over() {
    let desk = Desk::new().await;
    // The keys of the thirteenth root did not sign the fifteenth with its version next.
    desk.change("/14.root.json", |bytes| *bytes = recorded("15.root.json"));
    let error = reason(desk.refresh(NOW).await.unwrap_err());
    assert!(
        matches!(
            error,
            TufError::Version {
                role: Role::Root,
                ..
            } | TufError::Threshold { .. }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_kept_may_not_be_damaged() {
    let desk = Desk::new().await;
    desk.refresh(NOW).await.unwrap();
    let folder = fs::read_dir(desk.folder.path()).unwrap().next().unwrap();
    let kept = folder.unwrap().path().join("trusted_root.json");
    fs::write(&kept, "{}").unwrap();
    let error = reason(desk.repository().kept(NOW).unwrap_err());
    assert!(matches!(error, TufError::OtherTarget(_)), "{error}");
    // It is fetched again.
    desk.refresh(NOW).await.unwrap();
    assert!(desk.repository().kept(NOW).unwrap().is_some());
}

#[tokio::test]
async fn a_repository_that_is_not_there_could_not_be_looked_up() {
    let desk = Desk::new().await;
    desk.files
        .lock()
        .unwrap()
        .retain(|(path, _)| !path.contains("timestamp"));
    let error = desk.refresh(NOW).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Missing { .. }), "{error}");
    assert_eq!(Error::from(error).failure(), Failure::Unreachable);
    let error = Error::from(desk.repository().not_kept());
    assert_eq!(error.failure(), Failure::Unreachable);
}
