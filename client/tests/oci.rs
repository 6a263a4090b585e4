//! Images in a registry on loopback and in a folder, with what is attached to them: found wherever
//! it lies, believed only of the image that it names, and read within limits.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::header::LINK;
use axum::http::header::LOCATION;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Artifact;
use ledgerstone_client::Attached;
use ledgerstone_client::BundleError;
use ledgerstone_client::Error;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::Failure;
use ledgerstone_client::Image;
use ledgerstone_client::ImageLayout;
use ledgerstone_client::ImageReference;
use ledgerstone_client::MAX_ATTACHED;
use ledgerstone_client::MAX_MANIFEST_BYTES;
use ledgerstone_client::OciError;
use ledgerstone_client::RegistryCredentials;
use ledgerstone_client::TransportError;
use ledgerstone_client::TransportOptions;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::Verified;
use ledgerstone_client::VerifyError;
use ledgerstone_client::verify;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::pem;
use ledgerstone_entry::pre_authentication_encoding;
use rcgen::KeyPair;
use rcgen::PublicKeyData as _;
use rcgen::SigningKey as _;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::private_sigstore::NOW;
use crate::private_sigstore::PrivateSigstore;
use crate::private_sigstore::Settings;
use crate::support::Seen;
use crate::support::Server;

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// The bytes of an image's manifest, told apart by `text`.
fn manifest(text: &str) -> Vec<u8> {
    let json = json!({"schemaVersion": 2, "annotations": {"is": text}, "layers": []});
    json.to_string().into_bytes()
}

/// A registry with one repository.
#[derive(Clone, Default)]
struct Content {
    /// By tag or digest.
    manifests: HashMap<String, Vec<u8>>,
    blobs: HashMap<String, Vec<u8>>,
    /// By the digest of what they refer to; `None` for a registry that has no such lists.
    referrers: Option<HashMap<String, Vec<Value>>>,
    /// `Authorization` of whoever may read.
    secret: Option<String>,
    /// Where blobs are, if not here.
    elsewhere: Option<String>,
}

impl Content {
    fn put(&mut self, tag: Option<&str>, manifest: &[u8]) -> String {
        let digest = digest(manifest);
        self.manifests.insert(digest.clone(), manifest.to_vec());
        if let Some(tag) = tag {
            self.manifests.insert(tag.to_owned(), manifest.to_vec());
        }
        digest
    }

    fn layer(&mut self, media_type: &str, bytes: &[u8], annotations: Value) -> Value {
        self.blobs.insert(digest(bytes), bytes.to_vec());
        json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len(),
            "annotations": annotations})
    }

    /// Attaches a bundle to what has `subject`, as cosign 3 does.
    fn attach(&mut self, subject: &str, bundle: &[u8]) {
        let layer = self.layer(BUNDLE, bundle, json!({}));
        let manifest = json!({
            "schemaVersion": 2, "artifactType": BUNDLE, "layers": [layer],
            "subject": {"digest": subject, "size": 1},
        });
        let manifest = manifest.to_string().into_bytes();
        let digest = self.put(None, &manifest);
        let descriptor = json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
            "size": manifest.len(), "artifactType": BUNDLE,
        });
        match &mut self.referrers {
            Some(lists) => lists
                .entry(subject.to_owned())
                .or_default()
                .push(descriptor),
            // Such a registry keeps the list under a tag.
            None => {
                let tag = subject.replace(':', "-");
                let known = self.manifests.get(&tag);
                let known = known.map(|json| serde_json::from_slice::<Value>(json).unwrap());
                let mut index = known.unwrap_or_else(|| json!({"manifests": []}));
                index["manifests"].as_array_mut().unwrap().push(descriptor);
                self.put(Some(&tag), index.to_string().as_bytes());
            }
        }
    }

    /// Attaches layers under a tag of cosign's own.
    fn tag(&mut self, subject: &str, end: &str, layers: &[Value]) {
        let manifest = json!({"schemaVersion": 2, "layers": layers}).to_string();
        let tag = format!("{}{end}", subject.replace(':', "-"));
        self.put(Some(&tag), manifest.as_bytes());
    }

    fn answer(&self, seen: &Seen) -> Response {
        let shown = seen
            .headers
            .get(AUTHORIZATION)
            .map(|it| it.to_str().unwrap());
        if seen.path.starts_with("/token") {
            return match shown {
                Some("Basic YTpi") => json!({"token": "t0ken"}).to_string().into_response(),
                _ => StatusCode::UNAUTHORIZED.into_response(),
            };
        }
        if let Some(secret) = &self.secret
            && shown != Some(secret)
        {
            let host = seen.headers["host"].to_str().unwrap();
            let challenge = format!(
                "Bearer realm=\"http://{host}/token\",service=\"test\",\
                 scope=\"repository:acme/app:pull\""
            );
            return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response();
        }
        self.read(&seen.path)
            .unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
    }

    fn read(&self, path: &str) -> Option<Response> {
        let rest = path.strip_prefix("/v2/acme/app/")?;
        let (what, name) = rest.split_once('/')?;
        match what {
            "manifests" => Some(self.manifests.get(name)?.clone().into_response()),
            "blobs" => match &self.elsewhere {
                Some(other) => {
                    let location = format!("{other}/{name}");
                    Some((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response())
                }
                None => Some(self.blobs.get(name)?.clone().into_response()),
            },
            "referrers" => {
                let (digest, page) = name.split_once("?page=").unwrap_or((name, "0"));
                let page: usize = page.parse().unwrap();
                let list = self
                    .referrers
                    .as_ref()?
                    .get(digest)
                    .cloned()
                    .unwrap_or_default();
                // One a page.
                let shown: Vec<_> = list.iter().skip(page).take(1).collect();
                let body = json!({"schemaVersion": 2, "manifests": shown}).to_string();
                Some(match page + 1 < list.len() {
                    true => {
                        let next = format!("/v2/acme/app/referrers/{digest}?page={}", page + 1);
                        ([(LINK, format!("<{next}>; rel=\"next\""))], body).into_response()
                    }
                    false => body.into_response(),
                })
            }
            _ => None,
        }
    }

    /// The same as a layout in `folder`: every tag and every referrer in its index.
    fn write(&self, folder: &Path) {
        let blobs = folder.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(
            folder.join("oci-layout"),
            r#"{"imageLayoutVersion":"1.0.0"}"#,
        )
        .unwrap();
        let mut index = Vec::new();
        for (name, bytes) in &self.manifests {
            let digest = digest(bytes);
            fs::write(blobs.join(digest.replace("sha256:", "")), bytes).unwrap();
            if *name != digest {
                index.push(json!({"digest": digest, "size": bytes.len(),
                    "annotations": {"org.opencontainers.image.ref.name": name}}));
            }
        }
        for (digest, bytes) in &self.blobs {
            fs::write(blobs.join(digest.replace("sha256:", "")), bytes).unwrap();
        }
        let lists = self.referrers.iter().flat_map(HashMap::values);
        index.extend(lists.flatten().cloned());
        let index = json!({"schemaVersion": 2, "manifests": index}).to_string();
        fs::write(folder.join("index.json"), index).unwrap();
    }
}

/// A registry that can be changed.
struct Registry {
    server: Server,
    content: Arc<Mutex<Content>>,
}

impl Registry {
    async fn new(content: Content) -> Self {
        let content = Arc::new(Mutex::new(content));
        let shown = Arc::clone(&content);
        let server = Server::start(move |seen| shown.lock().unwrap().answer(seen)).await;
        Self { server, content }
    }

    fn name(&self, end: &str) -> String {
        format!("{}/acme/app{end}", self.server.address)
    }

    async fn image(&self, end: &str) -> Result<Image, OciError> {
        self.image_with(end, None).await
    }

    async fn image_with(
        &self,
        end: &str,
        credentials: Option<RegistryCredentials>,
    ) -> Result<Image, OciError> {
        let reference = ImageReference::parse(&self.name(end)).unwrap();
        Image::in_registry(reference, credentials, options()).await
    }
}

fn options() -> TransportOptions {
    TransportOptions {
        attempts: 2,
        first_backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        ..TransportOptions::default()
    }
}

fn statement(image: &str) -> Vec<u8> {
    let (_, hex) = image.split_once(':').unwrap();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": hex}}],
        "predicateType": "https://sigstore.dev/cosign/sign/v1",
        "predicate": {},
    });
    statement.to_string().into_bytes()
}

fn envelope(signer: &KeyPair, image: &str) -> Value {
    let payload = statement(image);
    let signed = pre_authentication_encoding(IN_TOTO, &payload);
    let signature = signer.sign(&signed).unwrap();
    json!({"payload": STANDARD.encode(&payload), "payloadType": IN_TOTO,
        "signatures": [{"sig": STANDARD.encode(signature)}]})
}

/// A bundle of `signer`'s about the image, with no log entry.
fn bundle(signer: &KeyPair, image: &str) -> Vec<u8> {
    let bundle = json!({
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": "test"}, "tlogEntries": []},
        "dsseEnvelope": envelope(signer, image),
    });
    bundle.to_string().into_bytes()
}

/// What cosign before version 3 signs.
fn payload(image: &str) -> Vec<u8> {
    let payload = json!({"critical": {
        "identity": {"docker-reference": "r.example/acme/app"},
        "image": {"docker-manifest-digest": image},
        "type": "cosign container image signature",
    }, "optional": null});
    payload.to_string().into_bytes()
}

fn expected(signer: &KeyPair) -> Expectation {
    let key = PublicKey::from_spki_der(&signer.subject_public_key_info()).unwrap();
    let mut expected = Expectation::of(ExpectedSigner::Key(Box::new(key.into())));
    expected.thresholds.log_entries = 0;
    expected
}

fn nobody() -> TrustedRoot {
    let root = json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": [],
    });
    TrustedRoot::parse_at(root.to_string().as_bytes(), NOW).unwrap()
}

fn verify_one(
    image: &Image,
    attached: &Attached,
    signer: &KeyPair,
) -> Result<Verified, VerifyError> {
    let bundle = attached.bundle.as_ref().unwrap();
    verify(bundle, &image.artifact(), &expected(signer), &nobody())
}

#[tokio::test]
async fn bundles_that_refer_to_an_image_are_found_and_speak_of_it_alone() {
    let signer = KeyPair::generate().unwrap();
    for with_lists in [true, false] {
        let mut content = Content {
            referrers: with_lists.then(HashMap::new),
            ..Content::default()
        };
        let (image, other) = (manifest("image"), manifest("other"));
        let name = content.put(Some("1.2"), &image);
        let other = content.put(Some("other"), &other);
        content.attach(&name, &bundle(&signer, &name));
        content.attach(&name, &bundle(&signer, &other));
        // Somebody attached to another image what was signed for the first.
        content.attach(&other, &bundle(&signer, &name));
        let registry = Registry::new(content.clone()).await;
        for end in [
            ":1.2".to_owned(),
            format!("@{name}"),
            format!(":1.2@{name}"),
        ] {
            let image = registry.image(&end).await.unwrap();
            assert_eq!(image.digest().to_string(), name);
            let attached = image.attached().await.unwrap();
            assert_eq!(attached.len(), 2, "{with_lists}");
            verify_one(&image, &attached[0], &signer).unwrap();
            let error = verify_one(&image, &attached[1], &signer).unwrap_err();
            assert!(
                matches!(error, VerifyError::NoSuchSubject { .. }),
                "{error}"
            );
            let stranger = KeyPair::generate().unwrap();
            let error = verify_one(&image, &attached[0], &stranger).unwrap_err();
            assert!(matches!(error, VerifyError::Signature(_)), "{error}");
        }
        let other = registry.image(":other").await.unwrap();
        let attached = other.attached().await.unwrap();
        let error = verify_one(&other, &attached[0], &signer).unwrap_err();
        assert!(
            matches!(error, VerifyError::NoSuchSubject { .. }),
            "{error}"
        );

        // The same from a folder.
        let folder = tempfile::tempdir().unwrap();
        content.write(folder.path());
        let folder = folder.path().display();
        for end in [":1.2".to_owned(), format!("@{name}")] {
            let layout = ImageLayout::parse(&format!("{folder}{end}")).unwrap();
            let image = Image::in_layout("layout", layout).await.unwrap();
            assert_eq!(image.digest().to_string(), name);
            let attached = image.attached().await.unwrap();
            assert_eq!(attached.len(), 2, "{with_lists}");
            let found: Vec<_> = attached
                .iter()
                .filter(|one| verify_one(&image, one, &signer).is_ok())
                .collect();
            assert_eq!(found.len(), 1);
        }
        let layout = ImageLayout::parse(&folder.to_string()).unwrap();
        let error = Image::in_layout("layout", layout).await.unwrap_err();
        assert!(
            matches!(error, OciError::WhichImage { count: 2, .. }),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_cosign_keeps_under_tags_is_found() {
    let signer = KeyPair::generate().unwrap();
    let mut content = Content::default();
    let name = content.put(Some("1"), &manifest("image"));
    let other = digest(&manifest("other"));
    let layers: Vec<Value> = [&name, &other]
        .map(|image| {
            let payload = payload(image);
            let signature = STANDARD.encode(signer.sign(&payload).unwrap());
            let annotations = json!({"dev.cosignproject.cosign/signature": signature});
            content.layer(SIMPLE_SIGNING, &payload, annotations)
        })
        .into();
    content.tag(&name, ".sig", &layers);
    let att = envelope(&signer, &name).to_string();
    let att = content.layer(
        ENVELOPE,
        att.as_bytes(),
        json!({"dev.cosignproject.cosign/signature": ""}),
    );
    let junk = content.layer("text/plain", b"junk", json!({}));
    content.tag(&name, ".att", &[att, junk]);

    let registry = Registry::new(content.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    content.write(folder.path());
    let layout = ImageLayout::parse(&format!("{}:1", folder.path().display())).unwrap();
    for image in [
        registry.image(":1").await.unwrap(),
        Image::in_layout("layout", layout).await.unwrap(),
    ] {
        let attached = image.attached().await.unwrap();
        assert_eq!(attached.len(), 4);
        verify_one(&image, &attached[0], &signer).unwrap();
        let error = verify_one(&image, &attached[1], &signer).unwrap_err();
        assert!(
            matches!(error, VerifyError::OtherArtifact { .. }),
            "{error}"
        );
        verify_one(&image, &attached[2], &signer).unwrap();
        let junk = attached[3].bundle.as_ref().unwrap_err();
        assert!(matches!(junk, BundleError::CosignImage(_)), "{junk}");
    }
}

#[tokio::test]
async fn a_certificate_in_annotations_is_checked_like_any_other() {
    let mut content = Content::default();
    let name = content.put(Some("1"), &manifest("image"));
    let payload = payload(&name);
    let sigstore = PrivateSigstore::signing(&Settings::default(), &payload);
    let trust = sigstore.trusted_root.to_string();
    let trust = TrustedRoot::parse_at(trust.as_bytes(), NOW + 2_000_000).unwrap();
    let mut wanted = sigstore.expected.clone();
    wanted.thresholds.log_entries = 0;
    let json = sigstore.bundle.to_json();
    let json: Value = serde_json::from_str(&json).unwrap();
    let text = |pointer: &str| json.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let der = STANDARD
        .decode(text("/verificationMaterial/certificate/rawBytes"))
        .unwrap();
    let stamp =
        text("/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp");
    let annotations = json!({
        "dev.cosignproject.cosign/signature": text("/messageSignature/signature"),
        "dev.sigstore.cosign/certificate": pem::encode(pem::CERTIFICATE, &der),
        // cosign keeps the root as well. It is not believed, and does no harm.
        "dev.sigstore.cosign/chain": pem::encode(pem::CERTIFICATE, &sigstore.root.der),
        "dev.sigstore.cosign/rfc3161timestamp":
            json!({"SignedRFC3161Timestamp": stamp}).to_string(),
    });
    let layer = content.layer(SIMPLE_SIGNING, &payload, annotations.clone());
    let mut without_time = annotations;
    let members = without_time.as_object_mut().unwrap();
    members.remove("dev.sigstore.cosign/rfc3161timestamp");
    let mut untimed = layer.clone();
    untimed["annotations"] = without_time;
    content.tag(&name, ".sig", &[layer, untimed]);
    let registry = Registry::new(content).await;
    let image = registry.image(":1").await.unwrap();
    let attached = image.attached().await.unwrap();
    let verify = |number: usize, artifact: &Artifact| {
        let bundle = attached[number].bundle.as_ref().unwrap();
        verify(bundle, artifact, &wanted, &trust)
    };
    let verified = verify(0, &image.artifact()).unwrap();
    assert!(verified.certified.is_some());
    let error = verify(0, &Artifact::Bytes(manifest("other"))).unwrap_err();
    assert!(
        matches!(error, VerifyError::OtherArtifact { .. }),
        "{error}"
    );
    let error = verify(1, &image.artifact()).unwrap_err();
    assert!(matches!(error, VerifyError::NoTime), "{error}");
}

#[tokio::test]
async fn a_registry_is_shown_what_it_asks_for_and_nobody_else_is() {
    let signer = KeyPair::generate().unwrap();
    let mut content = Content {
        secret: Some("Bearer t0ken".to_owned()),
        ..Content::default()
    };
    let name = content.put(Some("1"), &manifest("image"));
    content.attach(&name, &bundle(&signer, &name));
    let blobs = content.blobs.clone();
    let elsewhere = Server::start(move |seen| {
        let found = blobs.get(seen.path.trim_start_matches('/'));
        found.cloned().unwrap_or_default().into_response()
    })
    .await;
    content.elsewhere = Some(format!("http://{}", elsewhere.address));
    let registry = Registry::new(content).await;
    let address = registry.server.address.to_string();
    let find = |auth: &str| {
        let json = json!({"auths": {&address: {"auth": auth}}}).to_string();
        RegistryCredentials::find(json.as_bytes(), &address).unwrap()
    };
    let image = registry.image_with(":1", find("YTpi")).await.unwrap();
    let attached = image.attached().await.unwrap();
    verify_one(&image, &attached[0], &signer).unwrap();
    let seen = elsewhere.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].headers.get(AUTHORIZATION).is_none());

    // Other credentials, and none.
    for credentials in [find("YTpj"), None] {
        let error = registry.image_with(":1", credentials).await.unwrap_err();
        assert!(matches!(error, OciError::Unauthorized { .. }), "{error}");
        assert_eq!(Error::from(error).failure(), Failure::Undone);
    }
    registry.content.lock().unwrap().secret = Some("Bearer other".to_owned());
    let error = registry.image_with(":1", find("YTpi")).await.unwrap_err();
    assert!(matches!(error, OciError::Unauthorized { .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_there_or_not_what_was_named_is_told_apart() {
    let signer = KeyPair::generate().unwrap();
    let mut content = Content::default();
    let name = content.put(Some("1"), &manifest("image"));
    content.attach(&name, &bundle(&signer, &name));
    let registry = Registry::new(content).await;
    let error = registry.image(":2").await.unwrap_err();
    assert!(matches!(error, OciError::NoImage(_)), "{error}");
    {
        let mut content = registry.content.lock().unwrap();
        content.manifests.insert(name.clone(), manifest("other"));
    }
    let error = registry.image(&format!("@{name}")).await.unwrap_err();
    assert!(matches!(error, OciError::OtherContent(_)), "{error}");
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
    // A tag still means the first one; its bundle is another than the descriptor says.
    for blob in registry.content.lock().unwrap().blobs.values_mut() {
        *blob.last_mut().unwrap() ^= 1;
    }
    let image = registry.image(":1").await.unwrap();
    let error = image.attached().await.unwrap_err();
    assert!(matches!(error, OciError::OtherContent(_)), "{error}");
    // Nobody listens.
    let reference = ImageReference::parse("127.0.0.1:1/acme/app:1").unwrap();
    let error = Image::in_registry(reference, None, options())
        .await
        .unwrap_err();
    assert_eq!(Error::from(error).failure(), Failure::Unreachable);
}

#[tokio::test]
async fn nothing_is_read_beyond_its_limit() {
    let signer = KeyPair::generate().unwrap();
    let mut content = Content::default();
    content.put(Some("long"), &vec![b' '; MAX_MANIFEST_BYTES + 1]);
    let name = content.put(Some("1"), &manifest("image"));
    for number in 0..=MAX_ATTACHED {
        let mut bundle = bundle(&signer, &name);
        bundle.extend(vec![b' '; number]);
        content.attach(&name, &bundle);
    }
    let registry = Registry::new(content).await;
    let error = registry.image(":long").await.unwrap_err();
    assert!(
        matches!(error, OciError::Transport(TransportError::TooLong { .. })),
        "{error}"
    );
    let image = registry.image(":1").await.unwrap();
    let error = image.attached().await.unwrap_err();
    assert!(matches!(error, OciError::TooMany(_)), "{error}");

    // A list without an end.
    let mut content = Content {
        referrers: Some(HashMap::new()),
        ..Content::default()
    };
    let name = content.put(Some("1"), &manifest("image"));
    let other = json!({"digest": name, "size": 1, "artifactType": "text/plain"});
    let lists = content.referrers.as_mut().unwrap();
    lists.insert(name, vec![other; 10_000]);
    let registry = Registry::new(content).await;
    let image = registry.image(":1").await.unwrap();
    let error = image.attached().await.unwrap_err();
    assert!(matches!(error, OciError::TooMany(_)), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_no_layout_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let read = || async {
        let layout = ImageLayout::parse(&folder.path().display().to_string()).unwrap();
        Image::in_layout("layout", layout)
            .await
            .map(drop)
            .unwrap_err()
    };
    let error = read().await;
    assert!(matches!(error, OciError::Io { .. }), "{error}");
    fs::write(
        folder.path().join("oci-layout"),
        r#"{"imageLayoutVersion":"2.0"}"#,
    )
    .unwrap();
    let error = read().await;
    assert!(matches!(error, OciError::Malformed { .. }), "{error}");
    let mut content = Content::default();
    let name = content.put(Some("1"), &manifest("image"));
    content.write(folder.path());
    let blob = folder
        .path()
        .join("blobs/sha256")
        .join(name.replace("sha256:", ""));
    fs::write(blob, manifest("other")).unwrap();
    let error = read().await;
    assert!(matches!(error, OciError::OtherContent(_)), "{error}");
    fs::write(folder.path().join("index.json"), "[").unwrap();
    let error = read().await;
    assert!(matches!(error, OciError::Malformed { .. }), "{error}");
}
