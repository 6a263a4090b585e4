//! What an index may say about an entry, told from body and attestation.

use std::convert::Infallible;

use bytes::Bytes;
use ledgerstone_entry::Claim;
use ledgerstone_entry::IndexKeys;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::facts::search_keys_of_statement;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::Signer;
use crate::v1_support::STATEMENT;
use crate::v1_support::create;
use crate::v1_support::envelope;
use crate::v1_support::intoto_v001;
use crate::v1_support::intoto_v002;
use crate::v1_support::public_key_pem;
use crate::v1_support::signed_dsse;
use crate::v1_support::signed_hashedrekord;
use crate::v1_support::signed_intoto_v002;

/// The keys of `entry` from what a log holds, with `kept` as the only attestation.
fn index_keys(entry: &PreparedEntry, kept: Option<&[u8]>) -> IndexKeys {
    let kept = kept.map(Bytes::copy_from_slice);
    let Ok(keys) = IndexKeys::of(&entry.body, |_| Ok::<_, Infallible>(kept));
    keys
}

fn claim(keys: &IndexKeys, key: &SearchKey) -> Claim {
    keys.claim(key.kind.number(), key.hash)
}

fn digest(text: &str) -> SearchKey {
    SearchKey::artifact_digest_text(&hex::encode(Sha256::digest(text))).unwrap()
}

fn of_statement() -> Vec<SearchKey> {
    search_keys_of_statement(STATEMENT.as_bytes())
}

fn without(keys: &[SearchKey], others: &[SearchKey]) -> Vec<SearchKey> {
    let mut keys = keys.to_vec();
    keys.retain(|key| !others.contains(key));
    keys
}

#[test]
fn a_body_that_says_all_allows_nothing_else() {
    let entry = create(&signed_hashedrekord(&Signer::p256(), b"artifact")).unwrap();
    let keys = index_keys(&entry, Some(STATEMENT.as_bytes()));
    assert_eq!(keys.named(), entry.search_keys);
    for key in &entry.search_keys {
        assert_eq!(claim(&keys, key), Claim::Shown);
    }
    for other in [digest("other"), SearchKey::subject("a@example.com")] {
        assert_eq!(claim(&keys, &other), Claim::False);
    }
    let unknown = keys.claim(200, digest("artifact").hash);
    assert_eq!(unknown, Claim::Unreadable, "a kind of a later version");
}

#[test]
fn what_a_statement_brought_is_known_where_it_is_kept() {
    let signer = Signer::p256();
    let text = envelope(STATEMENT.as_bytes(), &[&signer]).to_string();
    for submitted in [
        intoto_v001(&text, &public_key_pem(&signer)),
        signed_intoto_v002(STATEMENT.as_bytes(), &[&signer]),
    ] {
        let entry = create(&submitted).unwrap();
        let attestation = entry.attestation.clone().unwrap().data;
        let keys = index_keys(&entry, Some(&attestation));
        assert_eq!(keys.named(), entry.search_keys);
        for key in of_statement() {
            assert_eq!(claim(&keys, &key), Claim::Shown);
        }
        assert_eq!(claim(&keys, &digest("other")), Claim::False);

        for kept in [None, Some(&b"another document"[..])] {
            let keys = index_keys(&entry, kept);
            let in_body = without(&entry.search_keys, &of_statement());
            assert_eq!(keys.named(), in_body);
            for key in of_statement() {
                assert_eq!(claim(&keys, &key), Claim::Submitted);
            }
        }
    }
}

#[test]
fn what_nobody_can_tell_is_left_alone() {
    let signer = Signer::p256();
    let entry = create(&signed_dsse(STATEMENT.as_bytes(), &[&signer])).unwrap();
    assert!(entry.attestation.is_none());
    let keys = index_keys(&entry, None);
    assert_eq!(keys.named(), without(&entry.search_keys, &of_statement()));
    for key in of_statement() {
        assert_eq!(claim(&keys, &key), Claim::Submitted);
    }
    // It may have named any artifact, but nobody's key and no identity.
    assert_eq!(claim(&keys, &digest("other")), Claim::Submitted);
    let other = create(&signed_dsse(STATEMENT.as_bytes(), &[&Signer::p256()])).unwrap();
    let own_key = other.search_keys.iter().find(|key| {
        let is_artifact = key.kind.number() == digest("").kind.number();
        !is_artifact && !entry.search_keys.contains(key)
    });
    assert_eq!(claim(&keys, own_key.unwrap()), Claim::False);
    assert_eq!(
        claim(&keys, &SearchKey::subject("a@example.com")),
        Claim::False
    );
}

/// The body of the oldest kind does not say what type its payload has. When it was another than
/// in-toto's, the subjects were not indexed, so that they may be neither added nor removed, unless
/// the document says itself that it is a statement.
#[test]
fn a_payload_of_unknown_type_proves_nothing() {
    let signer = Signer::p256();
    let untyped = r#"{"subject":[{"digest":{"sha256":"AA"}}]}"#;
    let named = search_keys_of_statement(untyped.as_bytes());
    let text = envelope(untyped.as_bytes(), &[&signer]).to_string();
    let entry = create(&intoto_v001(&text, &public_key_pem(&signer))).unwrap();
    let keys = index_keys(&entry, Some(untyped.as_bytes()));
    assert_eq!(keys.named(), without(&entry.search_keys, &named));
    assert_eq!(claim(&keys, &named[0]), Claim::Submitted);
    assert_eq!(claim(&keys, &digest("other")), Claim::False);
}

#[test]
fn a_payload_of_another_type_names_no_artifact() {
    let signer = Signer::p256();
    let payload_type = "text/plain";
    let signed = ledgerstone_entry::pre_authentication_encoding(payload_type, STATEMENT.as_bytes());
    let envelope = json!({
        "payloadType": payload_type,
        "payload": crate::v1_support::encode(STATEMENT),
        "signatures": [{"keyid": "", "sig": crate::v1_support::encode(signer.sign(&signed))}],
    });
    let entry = create(&intoto_v002(&envelope, &[public_key_pem(&signer)])).unwrap();
    let keys = index_keys(&entry, Some(STATEMENT.as_bytes()));
    assert_eq!(keys.named(), entry.search_keys);
    for key in of_statement() {
        assert_eq!(claim(&keys, &key), Claim::False);
    }
}

#[test]
fn a_body_that_cannot_be_read_is_not_judged() {
    let keys = |body: &str| {
        let Ok(keys) = IndexKeys::of(body.as_bytes(), |_| Ok::<_, Infallible>(None));
        keys
    };
    let jar = keys(r#"{"apiVersion":"0.0.1","kind":"jar","spec":{}}"#);
    let broken = keys(r#"{"apiVersion":"0.0.1","kind":"dsse","spec":{}}"#);
    let foreign = keys("no JSON");
    let kind = |text| vec![SearchKey::of(SearchKeyKind::EntryKind, text)];
    for (keys, named, expected) in [
        (jar, kind("jar 0.0.1"), Claim::Unreadable),
        (broken, kind("dsse 0.0.1"), Claim::Unreadable),
        (foreign, Vec::new(), Claim::False),
    ] {
        assert_eq!(keys.named(), named);
        assert_eq!(claim(&keys, &digest("artifact")), expected);
    }
}
