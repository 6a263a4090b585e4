//! Asking in the query language: the same answers as a monitor gives, in every order, and what
//! could not be seen.

use ledgerstone_entry::EntryView;
use ledgerstone_entry::Known;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_entry::query::parse;
use ledgerstone_log::Evidence;
use ledgerstone_log::FollowedEntry;
use ledgerstone_log::Positions;
use ledgerstone_log::SearchOrder;
use ledgerstone_log::SearchQuery;
use ledgerstone_log::TreeCoverage;
use ledgerstone_log::Trees;
use ledgerstone_log::coverage;
use ledgerstone_log::search;
use ledgerstone_merkle::LeafIndex;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sha2::Digest as _;
use sha2::Sha256;

use crate::Running;
use crate::SHARD;
use crate::Site;
use crate::search::Person;
use crate::search::digest;
use crate::search::found;
use crate::search::log_all;
use crate::search::page;
use crate::search::paged;

fn ask(query: &str) -> SearchQuery {
    SearchQuery::of(parse(query, 1_800_000_000).unwrap())
}

fn sha256(artifact: &str) -> String {
    let digest = Sha256::digest(artifact);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn covered(trees: &Trees, query: &SearchQuery) -> TreeCoverage {
    let (from, end) = (Positions::default(), Positions::default());
    let covered = crate::ready(coverage(trees.own(), query, &from, &end)).unwrap();
    covered.into_iter().next().unwrap()
}

/// Entries of two persons, of kinds with all in the body, with a kept statement, and with one that
/// is not kept.
async fn mixed(ann: &Person, bob: &Person) -> Running {
    let log = Site::new().create();
    let mut entries = Vec::new();
    for artifact in ["a", "b", "c"] {
        entries.push(ann.signs(artifact));
        entries.push(bob.attests(artifact));
        entries.push(ann.attests_and_leaves(artifact));
        entries.push(bob.signs(artifact));
    }
    log_all(&log, entries).await;
    log
}

/// The questions: each term, each of them denied, and each two of them together in both ways.
fn questions(ann: &Person) -> Vec<String> {
    let terms = terms(ann);
    let mut questions = Vec::new();
    for one in &terms {
        questions.extend([one.clone(), format!("not {one}"), format!("signer({one})")]);
        for other in &terms {
            questions.push(format!("{one} {other}"));
            questions.push(format!("{one} not {other}"));
            questions.push(format!("{one} or {other}"));
        }
    }
    questions
}

fn terms(ann: &Person) -> Vec<String> {
    vec![
        format!("digest:{}", sha256("a")),
        format!("digest:{}", sha256("b")),
        format!("key:{}", key_of(ann)),
        "kind:dsse".to_owned(),
        "kind:*rekord*".to_owned(),
        "name:art*".to_owned(),
        "predicate:*".to_owned(),
        "index:3..7".to_owned(),
        "since:2020-01-01".to_owned(),
        "subject:*".to_owned(),
    ]
}

fn key_of(person: &Person) -> String {
    let view = EntryView::new(&person.signs("any").body);
    view.signers.unwrap()[0].key.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_a_monitor_hits_or_counts_as_not_visible() {
    let (ann, bob) = (Person::new(), Person::new());
    let log = mixed(&ann, &bob).await;
    for question in questions(&ann) {
        same_answers(&log, &question).await;
    }
}

/// Whether a monitor, which sees bodies alone, hits what a search finds, or counts it as not
/// visible to it; and what who knows all that the log does, as a webhook, decides by the same
/// matcher.
async fn same_answers(log: &Running, question: &str) {
    let query = ask(question);
    let trees = log.log.trees();
    let hits = found(&trees, &query);
    let mut list = WatchList::default();
    list.add_query("rule", query.expression.clone()).unwrap();
    let tree = trees.own().next().unwrap();
    for index in 0..log.head().size().get() {
        let at = LeafIndex::new(index);
        let entry = log.entry(at).await.unwrap().unwrap();
        let known = Known::of_body(&entry.body)
            .at(index)
            .taken_at(entry.integrated_time);
        let examined = list.examine_known(&known);
        let is_found = hits.contains(&index);
        let is_hit = examined.matches.is_some();
        assert!(
            is_found == is_hit || examined.is_unseen,
            "{question} at {index}: found {is_found}, hit {is_hit}"
        );
        assert!(!is_hit || is_found, "{question} at {index}");
        let one = FollowedEntry {
            tree_id: tree.tree_id(),
            index: at,
            entry,
        };
        let passes = one.passes(std::slice::from_ref(tree), &list).await.unwrap();
        assert_eq!(
            passes, is_found,
            "{question} at {index}: a webhook or a watch"
        );
    }
}

/// Entries of either person, of any kind, about one of a few artifacts.
fn any_entries() -> impl Strategy<Value = Vec<(bool, u8, u8)>> {
    proptest::collection::vec((any::<bool>(), 0..3_u8, 0..3_u8), 1..20)
}

/// Any question over `terms`.
fn any_question(terms: Vec<String>) -> impl Strategy<Value = String> {
    let term = proptest::sample::select(terms);
    term.prop_recursive(3, 12, 3, |inner| {
        let parts = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner.clone().prop_map(|part| format!("not {part}")),
            inner.clone().prop_map(|part| format!("signer({part})")),
            inner.prop_map(|part| format!("signed-by({part})")),
            parts
                .clone()
                .prop_map(|parts| format!("any({})", parts.join(" "))),
            parts.prop_map(|parts| format!("all({})", parts.join(" "))),
        ]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn any_question_about_any_entries_is_answered_alike_by_all() {
    let (ann, bob) = (Person::new(), Person::new());
    let mut runner = TestRunner::default();
    for _ in 0..12 {
        let log = Site::new().create();
        let chosen = any_entries().new_tree(&mut runner).unwrap().current();
        let entries = chosen.iter().map(|(is_ann, kind, artifact)| {
            let person = if *is_ann { &ann } else { &bob };
            let artifact = ["a", "b", "c"][usize::from(*artifact)];
            match kind {
                0 => person.signs(artifact),
                1 => person.attests(artifact),
                _ => person.attests_and_leaves(artifact),
            }
        });
        log_all(&log, entries).await;
        let questions = any_question(terms(&ann));
        for _ in 0..20 {
            let question = questions.new_tree(&mut runner).unwrap().current();
            same_answers(&log, &question).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_found_by_what_they_name_and_not_by_what_they_do_not() {
    let (ann, bob) = (Person::new(), Person::new());
    let log = mixed(&ann, &bob).await;
    let trees = log.log.trees();
    let of_a = format!("digest:sha256:{}", sha256("a"));
    assert_eq!(found(&trees, &ask(&of_a)), [0, 1, 2, 3]);
    assert_eq!(found(&trees, &ask("name:artifact")), [1, 2, 5, 6, 9, 10]);
    assert_eq!(found(&trees, &ask("name:ART*")), [1, 2, 5, 6, 9, 10]);
    assert_eq!(found(&trees, &ask("name:*fact kind:dsse")), [1, 5, 9]);
    assert_eq!(
        found(&trees, &ask(&format!("{of_a} not kind:hashedrekord"))),
        [1, 2]
    );
    assert!(found(&trees, &ask("name:other*")).is_empty());
    let page = page(&trees, &ask("name:artifact"), 1, usize::MAX);
    assert_eq!(page.hits[0].evidence, Evidence::Submission);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_first_is_the_same_backwards_in_pages_of_any_size() {
    let (ann, bob) = (Person::new(), Person::new());
    let log = mixed(&ann, &bob).await;
    let trees = log.log.trees();
    for question in [
        "name:artifact",
        "kind:*",
        "index:2..9",
        "not kind:dsse",
        "since:2020-01-01",
    ] {
        let oldest = ask(question);
        let newest = SearchQuery {
            order: SearchOrder::NewestFirst,
            ..oldest.clone()
        };
        let mut expected = found(&trees, &oldest);
        expected.reverse();
        for limit in [1, 2, 100] {
            assert_eq!(
                paged(&trees, &newest, limit, usize::MAX),
                expected,
                "{question}"
            );
        }
    }
    // A page that was begun goes on below what came since.
    let newest = SearchQuery {
        order: SearchOrder::NewestFirst,
        ..ask("kind:*")
    };
    let first = page(&trees, &newest, 5, usize::MAX);
    log_all(&log, [ann.signs("later")]).await;
    let end = Positions::default();
    let trees = log.log.trees();
    let rest = search(trees.own(), &newest, &first.next, &end, 100, usize::MAX);
    let rest = crate::ready(rest).unwrap();
    assert_eq!(rest.hits.first().unwrap().index.get(), 6);
    assert_eq!(rest.hits.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_hits_come_backwards_too() {
    let ann = Person::new();
    let log = Site::new().create();
    let entries = (0..600).map(|number| ann.signs(&format!("artifact {number}")));
    log_all(&log, entries).await;
    let query = SearchQuery {
        order: SearchOrder::NewestFirst,
        ..ask(&format!("key:{}", key_of(&ann)))
    };
    let trees = log.log.trees();
    let expected: Vec<u64> = (0..600).rev().collect();
    assert_eq!(paged(&trees, &query, 70, usize::MAX), expected);
    let rare = ask(&format!("digest:{}", sha256("artifact 3")));
    let rare = SearchQuery {
        order: SearchOrder::NewestFirst,
        ..rare
    };
    assert_eq!(paged(&trees, &rare, 70, usize::MAX), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_seen_is_said() {
    let (ann, bob) = (Person::new(), Person::new());
    let log = Site::new().create();
    log_all(&log, [ann.attests("a"), bob.attests_and_leaves("b")]).await;
    let trees = log.log.trees();
    let covered_by = |question: &str| covered(&log.log.trees(), &ask(question));
    let by_name = covered_by("name:nobody");
    assert_eq!(
        (by_name.range.clone(), by_name.without_statement()),
        (0..2, Some(0))
    );
    assert!(by_name.is_everything(), "{by_name:?}");
    // A hash may be that of an envelope, of which the log saw no statement.
    log_all(&log, [ann.signs("c")]).await;
    let by_name = covered_by("name:nobody");
    assert_eq!(by_name.without_statement(), Some(1));
    assert!(!by_name.is_everything());
    // Which certificate signed is in the body.
    assert!(covered_by("issuer:https://nobody.example").is_everything());
    assert_eq!(covered_by("name:nobody index:1..2").range, 1..2);
    drop(trees);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_with_thousands_of_subjects_is_indexed_in_steps_also_after_a_restart() {
    let ann = Person::new();
    let site = Site::new();
    let log = site.create();
    const SUBJECTS: usize = 30_000;
    log_all(&log, [ann.signs("a"), ann.attests_all(SUBJECTS)]).await;
    log.close().await.unwrap();
    let log = site.open().unwrap();
    let trees = log.log.trees();
    while covered(&trees, &ask("kind:*")).unindexed > 0 {
        tokio::task::yield_now().await;
    }
    assert!(site.store.unindexed(SHARD, 10).unwrap().is_empty());
    for number in [0, SUBJECTS / 2, SUBJECTS - 1] {
        let question = format!("digest:{}", sha256(&format!("subject {number}")));
        assert_eq!(found(&trees, &ask(&question)), [1], "{number}");
    }
    let question = format!("name:\"subject {}\"", SUBJECTS - 1);
    assert_eq!(found(&trees, &ask(&question)), [1]);
    assert_eq!(
        found(
            &trees,
            &SearchQuery::new(vec![digest("a")], Default::default())
        ),
        [0]
    );
    log.close().await.unwrap();
    site.check_whole_log(2);
}
