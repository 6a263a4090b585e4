//! The morning after: every question of an incident is answered with all that it touches, and
//! nothing else.

pub(crate) mod certificate;
pub(crate) mod signer;
mod statement;
mod world;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use ledgerstone_entry::query::parse;
use ledgerstone_log::AttachError;
use ledgerstone_log::KeptStatement;
use ledgerstone_log::Positions;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::StatementLimits;
use ledgerstone_log::TreeCoverage;
use ledgerstone_log::coverage;
use ledgerstone_log::search;
use ledgerstone_merkle::LeafIndex;

use crate::Running;
use crate::Site;
use crate::incident::certificate::Holder;
use crate::incident::signer::Kind;
use crate::incident::statement::Form;
use crate::incident::statement::Named;
use crate::incident::statement::subject_digest;
use crate::incident::world::APP;
use crate::incident::world::BAD_DIGEST;
use crate::incident::world::BUILDERS;
use crate::incident::world::Happened;
use crate::incident::world::PEOPLE;
use crate::incident::world::World;
use crate::incident::world::image_digest;

/// How many entries the incident has.
const ENTRIES: u64 = 2_000;

pub(crate) const LIMITS: StatementLimits = StatementLimits {
    total_bytes: 1 << 30,
};

/// A question, and of which entries its answer is true. The last says whether only a statement
/// tells.
type Question = (String, Box<dyn Fn(&Happened) -> bool>, bool);

fn questions(world: &World) -> Vec<Question> {
    let states = |is_true: fn(&Form, &Named) -> bool| {
        move |happened: &Happened| {
            let stated = happened.stated.as_ref();
            stated.is_some_and(|(form, named)| is_true(form, named))
        }
    };
    let by = |is_true: fn(&Holder) -> bool| {
        move |happened: &Happened| happened.holder.as_ref().is_some_and(is_true)
    };
    let leaked = world.keys[0].fingerprint();
    vec![
        // A key leaked.
        (
            format!("key:{leaked}"),
            Box::new(|happened| happened.key == Some(0)),
            false,
        ),
        // An account was taken.
        (
            "signer(subject:alice@acme.example issuer:https://accounts.google.com)".to_owned(),
            Box::new(by(|holder| *holder == PEOPLE[0])),
            false,
        ),
        (
            "subject:*@acme.example".to_owned(),
            Box::new(by(|holder| PEOPLE[..3].contains(holder))),
            false,
        ),
        // This package version is bad.
        (
            "package:pkg:npm/left-pad@1.3.0".to_owned(),
            Box::new(states(|_, named| named.package == "pkg:npm/left-pad@1.3.0")),
            true,
        ),
        (
            "package:pkg:npm/left-pad".to_owned(),
            Box::new(states(|_, named| {
                named.package.starts_with("pkg:npm/left-pad@")
            })),
            true,
        ),
        (
            "package:pkg:npm/left-pad@*".to_owned(),
            Box::new(states(|_, named| {
                named.package.starts_with("pkg:npm/left-pad@")
            })),
            true,
        ),
        (
            format!("digest:{}", BAD_DIGEST.to_uppercase()),
            Box::new(states(|_, named| named.package_digest == BAD_DIGEST)),
            true,
        ),
        (
            "package:pkg:pypi/foo_bar@2".to_owned(),
            Box::new(states(|_, named| named.package == "pkg:pypi/Foo.Bar@2")),
            true,
        ),
        // This builder was broken into.
        (
            format!("builder:{}", BUILDERS[0]),
            Box::new(states(|form, named| {
                form.names_builder() && named.builder == BUILDERS[0]
            })),
            true,
        ),
        (
            "builder:https://builder.example/*".to_owned(),
            Box::new(states(|form, named| {
                form.names_builder() && named.builder.starts_with("https://builder.example/")
            })),
            true,
        ),
        // What else is asked on such a morning.
        (
            format!("repository:{APP}"),
            Box::new(by(|holder| holder.repository() == Some(APP))),
            false,
        ),
        (
            "workflow:https://github.com/shared/*".to_owned(),
            Box::new(by(|holder| {
                holder
                    .workflow()
                    .is_some_and(|name| name.contains("/shared/"))
            })),
            false,
        ),
        (
            format!("digest:sha256:{}", subject_digest(614)),
            Box::new(states(|_, named| named.subject == 614)),
            true,
        ),
        (
            format!("registry.example/acme/app@{}", image_digest(3)),
            Box::new(|happened| happened.image == Some(3)),
            true,
        ),
        (
            "predicate:https://cyclonedx.org/bom".to_owned(),
            Box::new(states(|form, _| {
                matches!(form, Form::CycloneDx | Form::CycloneDxInText)
            })),
            true,
        ),
        (
            "package:pkg:npm/left-pad@1.3.0 subject:*@acme.example kind:dsse".to_owned(),
            Box::new(|happened| {
                let by_acme = happened
                    .holder
                    .is_some_and(|one| PEOPLE[..3].contains(&one));
                let stated = happened.stated.as_ref();
                let is_bad = stated.is_some_and(|(_, one)| one.package_digest == BAD_DIGEST);
                by_acme && is_bad && matches!(happened.kind, Kind::DsseV1 | Kind::DsseV2)
            }),
            true,
        ),
    ]
}

/// The incident, logged: the number of each entry by its tree and its index.
struct Logged {
    log: Running,
    world: World,
    numbers: BTreeMap<(u64, u64), usize>,
}

impl Logged {
    async fn new(site: &Site, count: u64) -> Self {
        let (log, world) = (site.create(), World::generate(count));
        let mut numbers = BTreeMap::new();
        for (number, happened) in world.happened.iter().enumerate() {
            let appended = log.log.append(happened.tree, happened.entry.clone().into());
            let appended = appended.await.unwrap();
            assert!(!appended.duplicate);
            numbers.insert((appended.tree_id, appended.index.get()), number);
        }
        Self {
            log,
            world,
            numbers,
        }
    }

    fn ask(&self, question: &str) -> BTreeSet<usize> {
        let query = SearchQuery::of(parse(question, 1_800_000_000).unwrap());
        let trees = self.log.log.trees();
        let (mut from, end) = (Positions::default(), Positions::default());
        let mut found = BTreeSet::new();
        loop {
            let page = search(trees.own(), &query, &from, &end, 100, usize::MAX);
            let page = crate::ready(page).unwrap();
            for hit in page.hits {
                let number = self.numbers[&(hit.tree_id, hit.index.get())];
                assert!(found.insert(number), "{question}: {number} was found twice");
            }
            from = page.next;
            if page.complete {
                return found;
            }
        }
    }

    fn covered(&self, question: &str) -> Vec<TreeCoverage> {
        let query = SearchQuery::of(parse(question, 1_800_000_000).unwrap());
        let trees = self.log.log.trees();
        let (from, end) = (Positions::default(), Positions::default());
        crate::ready(coverage(trees.own(), &query, &from, &end)).unwrap()
    }

    /// Waits until all is indexed.
    async fn indexed(&self) {
        let is_late = |tree: &TreeCoverage| tree.unindexed > 0;
        while self.covered("kind:*").iter().any(is_late) {
            tokio::task::yield_now().await;
        }
    }

    /// Asks every question: the answers are exactly what is true, as far as `is_visible`.
    fn must_answer(&self, is_visible: &dyn Fn(usize, &Happened) -> bool) {
        for (question, is_true, is_stated) in questions(&self.world) {
            let truth = self.world.all(&is_true);
            assert!(!truth.is_empty(), "{question} touches nothing");
            let expected: BTreeSet<usize> = truth
                .into_iter()
                .filter(|number| !is_stated || is_visible(*number, &self.world.happened[*number]))
                .collect();
            assert_eq!(self.ask(&question), expected, "{question}");
        }
    }

    /// How many entries are told to have no statement that the log saw, and how many a removed one.
    fn unseen(&self) -> (u64, u64) {
        let covered = self.covered("package:pkg:npm/nobody");
        let unseen = covered.iter().map(|tree| tree.without_statement().unwrap());
        (unseen.sum(), covered.iter().map(|tree| tree.removed).sum())
    }

    fn place(&self, number: usize) -> (u64, LeafIndex) {
        let mut places = self.numbers.iter();
        let ((tree_id, index), _) = places.find(|(_, one)| **one == number).unwrap();
        (*tree_id, LeafIndex::new(*index))
    }

    /// What the log has of the statement of an entry.
    async fn kept(&self, number: usize) -> Option<KeptStatement> {
        let (tree_id, index) = self.place(number);
        let trees = self.log.log.trees();
        let tree = trees.by_tree_id(tree_id).unwrap();
        let entry = tree.entry(index).await.unwrap().unwrap();
        tree.statement(index, &entry).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_of_an_incident_is_answered_with_all_and_nothing_else() {
    let site = Site::with_both();
    let logged = Logged::new(&site, ENTRIES).await;
    logged.indexed().await;
    // Before anything was handed in, what only statements say is found where the log saw them, and
    // the rest is counted.
    logged.must_answer(&|_, happened| happened.is_seen);
    let is_unseen = |happened: &Happened| !happened.is_seen || happened.kind == Kind::RekordV1;
    let unseen = logged.world.all(is_unseen).len() as u64;
    assert_eq!(logged.unseen(), (unseen, 0));

    let to_hand_in = |happened: &Happened| !happened.is_seen && happened.statement.is_some();
    let to_hand_in = logged.world.all(to_hand_in);
    assert!(to_hand_in.len() > 100);
    for number in &to_hand_in {
        let statement = logged.world.happened[*number].statement.clone().unwrap();
        let kept = logged
            .log
            .log
            .attach(None, statement, LIMITS)
            .await
            .unwrap();
        let places: Vec<_> = kept.iter().map(|one| (one.tree_id, one.index)).collect();
        assert_eq!(places, [logged.place(*number)]);
        assert!(!kept[0].is_known);
    }
    logged.indexed().await;
    logged.must_answer(&|_, _| true);
    assert_eq!(logged.unseen(), (unseen - to_hand_in.len() as u64, 0));

    // All is the same after a restart, and after the index was made again.
    let removed = *to_hand_in.first().unwrap();
    remove_one(&logged, removed).await;
    logged.must_answer(&|number, _| number != removed);
    logged.log.close().await.unwrap();
    for shard in [crate::SHARD, crate::V1_SHARD] {
        assert!(site.store.unindexed(shard, 1).unwrap().is_empty());
    }
    let mut rebuild = ledgerstone_log::Reindex::open(site.store.store.clone()).unwrap();
    while rebuild.step().unwrap() {}
    let done = rebuild.progress();
    assert_eq!((done.added, done.removed), (0, 0));
    let logged = Logged {
        log: site.open().unwrap(),
        ..logged
    };
    logged.must_answer(&|number, _| number != removed);
    logged.log.close().await.unwrap();
}

/// Removes one statement: nothing rests on it any more, and that is said.
async fn remove_one(logged: &Logged, number: usize) {
    let (unseen, _) = logged.unseen();
    let (tree_id, index) = logged.place(number);
    let log = &logged.log.log;
    let statement = logged.world.happened[number].statement.clone().unwrap();
    let kept = Some(KeptStatement::Kept(statement.clone()));
    assert_eq!(logged.kept(number).await, kept);
    assert_eq!(log.detach(tree_id, index).await.unwrap(), 1);
    logged.indexed().await;
    assert_eq!(logged.unseen(), (unseen + 1, 1));
    assert!(matches!(
        logged.kept(number).await,
        Some(KeptStatement::Removed(_))
    ));
    let again = log.attach(None, statement, LIMITS).await;
    assert!(matches!(again, Err(AttachError::Removed)), "{again:?}");
}
