//! A generated incident: entries of all kinds, and what is true of each.

use std::collections::BTreeSet;

use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_storage::TreeKind;
use serde_json::json;

use crate::incident::certificate::Holder;
use crate::incident::signer::Kind;
use crate::incident::signer::Signer;
use crate::incident::statement::Form;
use crate::incident::statement::Named;

/// People, of whom the first was taken over. The second has the same address at another provider.
pub(crate) const PEOPLE: [Holder; 4] = [
    Holder::Person("alice@acme.example", "https://accounts.google.com"),
    Holder::Person("alice@acme.example", "https://github.com/login/oauth"),
    Holder::Person("bob@acme.example", "https://accounts.google.com"),
    Holder::Person("alice@acme.example.org", "https://accounts.google.com"),
];

/// Workflows: the last is the shared one of somebody else, called by the repository of the first.
pub(crate) const WORKFLOWS: [Holder; 3] = [
    workflow(
        "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1",
        APP,
    ),
    workflow(
        "https://github.com/acme/lib/.github/workflows/ci.yml@refs/heads/main",
        LIB,
    ),
    workflow(
        "https://github.com/shared/ci/.github/workflows/build.yml@refs/heads/main",
        APP,
    ),
];

pub(crate) const APP: &str = "https://github.com/acme/app";
const LIB: &str = "https://github.com/acme/lib";

const fn workflow(workflow: &'static str, repository: &'static str) -> Holder {
    Holder::Workflow {
        workflow,
        repository,
        commit: "0123456789abcdef0123456789abcdef01234567",
        runner: "github-hosted",
    }
}

/// Packages and their digests, of which the first is bad. The second is another version, and the
/// third a package whose name begins alike.
pub(crate) const PACKAGES: [(&str, &str); 4] = [
    ("pkg:npm/left-pad@1.3.0", BAD_DIGEST),
    (
        "pkg:npm/left-pad@1.2.0",
        "2222222222222222222222222222222222222222222222222222222222222222",
    ),
    (
        "pkg:npm/left-pad-extra@1.3.0",
        "3333333333333333333333333333333333333333333333333333333333333333",
    ),
    (
        "pkg:pypi/Foo.Bar@2",
        "4444444444444444444444444444444444444444444444444444444444444444",
    ),
];

pub(crate) const BAD_DIGEST: &str =
    "1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b";

/// Builders, of whom the first was broken into. The second is one whose name begins alike.
pub(crate) const BUILDERS: [&str; 3] = [
    "https://builder.example/b1",
    "https://builder.example/b10",
    "https://actions.example/hosted",
];

/// An entry, with all that is true of it.
pub(crate) struct Happened {
    pub(crate) entry: PreparedEntry,
    pub(crate) tree: TreeKind,
    pub(crate) kind: Kind,
    /// Who signed; `None` for one of the bare keys, which is `key`.
    pub(crate) holder: Option<Holder>,
    pub(crate) key: Option<usize>,
    /// What the statement names, where there is one.
    pub(crate) stated: Option<(Form, Named)>,
    /// The image that was signed as cosign 2 does.
    pub(crate) image: Option<u64>,
    /// What can be handed in for the entry.
    pub(crate) statement: Option<AttachedStatement>,
    /// Whether the log saw the statement with the submission.
    pub(crate) is_seen: bool,
}

/// The world, and the keys in it; the first was leaked.
pub(crate) struct World {
    pub(crate) keys: Vec<Signer>,
    pub(crate) happened: Vec<Happened>,
}

/// A reference to an image that cosign 2 signs, and its digest.
pub(crate) fn image_digest(image: u64) -> String {
    format!("sha256:{image:064x}")
}

const KINDS: [Kind; 7] = [
    Kind::HashedRekordV1,
    Kind::RekordV1,
    Kind::DsseV1,
    Kind::IntotoV1,
    Kind::IntotoV2,
    Kind::HashedRekordV2,
    Kind::DsseV2,
];

impl World {
    /// `count` entries, which run through all that there is in strides without a common divisor, so
    /// that everything meets everything.
    pub(crate) fn generate(count: u64) -> Self {
        let keys: Vec<_> = (0..3).map(|_| Signer::new(None)).collect();
        let mut happened = Vec::new();
        for number in 0..count {
            happened.push(happen(number, &keys));
        }
        Self { keys, happened }
    }

    /// The numbers of the entries of which this is true.
    pub(crate) fn all(&self, is_true: impl Fn(&Happened) -> bool) -> BTreeSet<usize> {
        let numbered = self.happened.iter().enumerate();
        let numbered = numbered.filter(|(_, happened)| is_true(happened));
        numbered.map(|(number, _)| number).collect()
    }
}

fn happen(number: u64, keys: &[Signer]) -> Happened {
    let of = |stride: u64, count: usize| (number / stride % count as u64) as usize;
    let kind = KINDS[of(1, KINDS.len())];
    let (holder, key) = match of(7, 3) {
        0 => (None, Some(of(21, keys.len()))),
        1 => (Some(PEOPLE[of(21, PEOPLE.len())]), None),
        _ => (Some(WORKFLOWS[of(21, WORKFLOWS.len())]), None),
    };
    let certified = Signer::new(holder);
    let signer = key.map_or(&certified, |key| &keys[key]);
    let is_document = match kind {
        Kind::RekordV1 => true,
        Kind::HashedRekordV1 | Kind::HashedRekordV2 => of(11, 3) == 0,
        _ => false,
    };
    let tree = match kind {
        Kind::HashedRekordV2 | Kind::DsseV2 => TreeKind::REKOR_V2,
        _ => TreeKind::REKOR_V1,
    };
    let blank = |entry| Happened {
        entry,
        tree,
        kind,
        holder,
        key,
        stated: None,
        image: None,
        statement: None,
        is_seen: true,
    };
    if is_document {
        let entry = signer.signs(kind, format!("document {number}").as_bytes());
        return Happened {
            // What is signed as it is may be a statement too, unless the log had the document.
            is_seen: kind == Kind::RekordV1,
            ..blank(entry)
        };
    }
    if kind == Kind::HashedRekordV1 && of(13, 2) == 0 {
        let payload = simple_signing(number);
        return Happened {
            image: Some(number % 5),
            statement: Some(AttachedStatement::bare(Bytes::from(payload.clone()))),
            is_seen: false,
            ..blank(signer.signs(kind, &payload))
        };
    }
    let (package, package_digest) = PACKAGES[of(3, PACKAGES.len())];
    let form = Form::ALL[of(1, Form::ALL.len())];
    let named = Named {
        subject: number,
        package,
        package_digest,
        builder: BUILDERS[of(5, BUILDERS.len())],
    };
    let (entry, statement) = signer.attests(kind, &form.statement(&named));
    Happened {
        stated: Some((form, named)),
        statement: Some(statement),
        is_seen: !matches!(kind, Kind::HashedRekordV1 | Kind::HashedRekordV2),
        ..blank(entry)
    }
}

/// What cosign 2 signs for an image.
fn simple_signing(number: u64) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "identity": { "docker-reference": "registry.example/acme/app" },
            "image": { "docker-manifest-digest": image_digest(number % 5) },
            "type": "cosign container image signature",
        },
        "optional": { "number": number },
    });
    payload.to_string().into_bytes()
}
