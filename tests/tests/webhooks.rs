//! Webhooks of the real binary: what receivers get, and that they get all of it, whatever happens
//! to them or to the log.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::json as proto_json;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_tests::entry_rules;
use ledgerstone_tests::proposals;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::admin::admin_get;
use crate::admin::metric;
use crate::client::Proven;
use crate::client::Reply;
use crate::client::checkpoint;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::submit_proven;
use crate::receiver::Act;
use crate::receiver::Attempt;
use crate::receiver::Receiver;
use crate::rekor_v1::V1;
use crate::requests::Signer;
use crate::server::Server;
use crate::server::Site;

/// What events are signed with, and how the settings want it.
const KEY: &[u8] = b"a secret between two servers";

fn site(urls: &[&str]) -> Site {
    let site = Site::new();
    let secret = site.path().join("secret");
    fs::write(&secret, format!("whsec_{}\n", STANDARD.encode(KEY))).unwrap();
    site.with("--webhook-secret-file", secret.to_str().unwrap())
        .with("--webhook-urls", &urls.join(","))
}

/// HMAC (RFC 2104) written out, so that nothing that signs checks itself.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36));
    let outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5c));
    let inner = inner.chain_update(message).finalize();
    outer.chain_update(inner).finalize().to_vec()
}

/// Checks what every attempt has: where it goes, how it is signed, and that it is the event that it
/// says.
fn check_attempt(attempt: &Attempt) {
    assert_eq!(attempt.request_line, "POST /hook HTTP/1.1");
    assert_eq!(
        attempt.header("content-type"),
        "application/cloudevents+json"
    );
    let (id, timestamp) = (
        attempt.header("webhook-id"),
        attempt.header("webhook-timestamp"),
    );
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &attempt.body].concat();
    let expected = format!("v1,{}", STANDARD.encode(hmac_sha256(KEY, &signed)));
    assert_eq!(attempt.header("webhook-signature"), expected);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    assert!(timestamp.parse::<u64>().unwrap() <= now.unwrap().as_secs());
    assert_eq!(attempt.event()["id"], id);
}

fn indexes(attempts: &[Attempt]) -> Vec<u64> {
    attempts.iter().map(Attempt::index).collect()
}

/// RFC 4231, test case 2.
#[test]
fn the_test_computes_hmac_as_published() {
    let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
    let published = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hex::encode(tag), published);
}

#[tokio::test]
async fn every_new_entry_is_an_event_with_these_members() {
    let receiver = Receiver::start(&[]).await;
    let v1 = V1::serving(&site(&[&receiver.url()])).await;
    let signer = proposals::Signer::new();
    let payload = statement(b"artifact");
    let mut kinds = Vec::new();
    for proposal in [
        signer.hashedrekord(b"artifact"),
        signer.dsse(&payload),
        signer.intoto_v001(&payload),
        signer.intoto_v002(&payload),
        signer.rekord(b"artifact"),
    ] {
        v1.create(&proposal).await;
        kinds.push((
            proposal["kind"].clone(),
            proposal["apiVersion"].clone(),
            None,
        ));
        // The log held it already: no news.
        v1.create(&proposal).await;
    }
    let v2 = Signer::new();
    let certified = v2.hashedrekord_with(b"artifact", v2.certificate(0));
    submit_proven(&v1.server, &certified).await;
    kinds.push((
        json!("hashedrekord"),
        json!("0.0.2"),
        Some("signer.example.com"),
    ));

    let events = receiver.wait_for_attempts(kinds.len()).await;
    // In each tree from 0 on: that of Rekor v2 has the last one.
    let last = kinds.len() as u64 - 1;
    assert_eq!(indexes(&events), (0..last).chain([0]).collect::<Vec<_>>());
    for (attempt, (kind, version, subject)) in events.iter().zip(kinds) {
        check_attempt(attempt);
        let event = attempt.event();
        let data: TransparencyLogEntry =
            proto_json::from_slice(event["data"].to_string().as_bytes()).unwrap();
        let is_v2 = version == "0.0.2" && kind == "hashedrekord";
        let tree_id = match is_v2 {
            true => &v1.server.tree_id,
            false => &v1.server.v1_tree_id,
        };
        let tree_id: u64 = tree_id.parse().unwrap();
        let leaf = leaf_hash(&data.canonicalized_body);
        let id = format!("{tree_id:016x}{leaf}");
        let time = event["time"].as_str().unwrap();
        assert_eq!(seconds_of(time), data.integrated_time, "{time}");
        let mut expected = json!({
            "specversion": "1.0",
            "id": id,
            "source": "/createLogEntry",
            "type": "dev.sigstore.rekor.events.v1.NewEntry",
            "time": time,
            "datacontenttype": "application/json",
            "rekor_entry_kind": kind,
            "data": event["data"],
        });
        if let Some(subject) = subject {
            expected["rekor_signing_subjects"] = json!(subject);
        }
        assert_eq!(event, expected);
        let kind_version = &event["data"]["kindVersion"];
        assert_eq!(kind_version, &json!({"kind": kind, "version": version}));
        if is_v2 {
            // Proven, like any answer of Rekor v2. Those say no time.
            let entry = TransparencyLogEntry {
                integrated_time: 0,
                ..data
            };
            Proven::check(&v1.server.ed25519, &entry);
        } else {
            // Word for word what Rekor v1 says of it.
            let path = format!("/api/v1/log/entries?logIndex={}", data.log_index);
            let (found, logged) = v1.get(&path).await.only_entry();
            assert_eq!(found, id);
            let told = as_rekor_v1_tells(&data);
            entry_rules::verify(&v1.server.ecdsa, &id, &told);
            for member in ["body", "integratedTime", "logID", "logIndex"] {
                assert_eq!(told[member], logged[member], "{member}");
            }
        }
    }
    assert_eq!(receiver.attempts().len(), events.len());
}

/// The entry in the form of Rekor v1's JSON.
fn as_rekor_v1_tells(data: &TransparencyLogEntry) -> Value {
    let proof = data.inclusion_proof.clone().unwrap();
    let promise = data.inclusion_promise.clone().unwrap();
    json!({
        "body": STANDARD.encode(&data.canonicalized_body),
        "integratedTime": data.integrated_time,
        "logID": hex::encode(&data.log_id.as_ref().unwrap().key_id),
        "logIndex": data.log_index,
        "verification": {
            "signedEntryTimestamp": STANDARD.encode(promise.signed_entry_timestamp),
            "inclusionProof": {
                "checkpoint": proof.checkpoint.unwrap().envelope,
                "hashes": proof.hashes.iter().map(hex::encode).collect::<Vec<_>>(),
                "logIndex": proof.log_index,
                "rootHash": hex::encode(proof.root_hash),
                "treeSize": proof.tree_size,
            },
        },
    })
}

/// The seconds since 1970 in a time of RFC 3339, by the algorithm for days of a civil calendar.
fn seconds_of(time: &str) -> i64 {
    let number = |from: usize, to: usize| time[from..to].parse::<i64>().unwrap();
    assert_eq!(
        (time.len(), &time[10..11], &time[19..]),
        (20, "T", "Z"),
        "{time}"
    );
    let (mut year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    year -= i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    86_400 * days + 3_600 * number(11, 13) + 60 * number(14, 16) + number(17, 19)
}

/// An event that is not taken comes again, the same each time, before any other; and a redirect is
/// not followed.
#[tokio::test]
async fn what_is_not_taken_is_sent_again_in_its_turn() {
    let script = [Act::Answer(500), Act::Close, Act::Redirect];
    let receiver = Receiver::start(&script).await;
    let server = site(&[&receiver.url()]).start();
    let bodies = fill(&server, 3).await;
    let attempts = receiver.wait_for_attempts(6).await;
    assert_eq!(indexes(&attempts), [0, 0, 0, 0, 1, 2]);
    for attempt in &attempts {
        check_attempt(attempt);
    }
    for repeated in &attempts[1..4] {
        assert_eq!(repeated.body, attempts[0].body);
        assert_eq!(
            repeated.header("webhook-id"),
            attempts[0].header("webhook-id")
        );
    }
    let first: Value = attempts[0].event();
    assert_eq!(
        first["data"]["canonicalizedBody"],
        STANDARD.encode(&bodies[0])
    );
    assert_eq!(deliveries(&server, &receiver, 1, "refused").await, 2.0);
    assert_eq!(deliveries(&server, &receiver, 1, "unreachable").await, 1.0);
    let delivered = || deliveries(&server, &receiver, 1, "delivered");
    until(|| async { delivered().await == 3.0 }).await;
}

async fn deliveries(server: &Server, receiver: &Receiver, number: u64, outcome: &str) -> f64 {
    let endpoint = format!("http://{}", receiver.address);
    let series = format!(
        "ledgerstone_webhook_deliveries_total{{endpoint=\"{endpoint}\",webhook=\"{number}\",\
         outcome=\"{outcome}\"}}"
    );
    metric(server, &series).await
}

/// Asks again until it is so. Each question waits for its answer, so that nobody is kept busy.
async fn until<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let asking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::client::DEADLINE, asking)
        .await
        .unwrap();
}

/// One receiver that hangs, one that answers in pieces and one that is not there hold up neither
/// the log nor the one that is well.
#[tokio::test]
async fn endpoints_that_are_down_hold_up_nothing_else() {
    let hung = Receiver::start(&[Act::Hang]).await;
    let broken = Receiver::start(&[Act::Break; 2]).await;
    let well = Receiver::start(&[]).await;
    // A port that was free a moment ago.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}/hook", nobody.local_addr().unwrap());
    drop(nobody);
    let urls = [&hung.url(), &broken.url(), &nowhere, &well.url()];
    let server = site(&urls.map(String::as_str)).start();
    let signer = Signer::new();
    submit_proven(&server, &signer.hashedrekord(b"the first")).await;
    hung.wait_for_attempts(1).await;
    for number in 0..20_u8 {
        submit_proven(&server, &signer.hashedrekord(&[number])).await;
    }
    assert_eq!(
        indexes(&well.wait_for_index(20).await),
        (0..21).collect::<Vec<_>>()
    );
    assert_eq!(hung.attempts().len(), 1);
    let lag = |endpoint: String, number: u64| {
        let server = &server;
        async move {
            let labels = format!("{{endpoint=\"{endpoint}\",webhook=\"{number}\"}}");
            let lag = metric(server, &format!("ledgerstone_webhook_lag_entries{labels}")).await;
            let last = format!("ledgerstone_webhook_last_delivered_index{labels}");
            (lag, metric(server, &last).await)
        }
    };
    let of = |receiver: &Receiver| format!("http://{}", receiver.address);
    assert_eq!(lag(of(&hung), 1).await, (21.0, 0.0));
    assert_eq!(
        lag(nowhere.trim_end_matches("/hook").to_owned(), 3).await,
        (21.0, 0.0)
    );
    until(|| async { lag(of(&well), 4).await == (0.0, 20.0) }).await;
    // They come to themselves, and get all of it: the one that hung after a time-out of the log's.
    assert_eq!(
        indexes(&broken.wait_for_index(20).await),
        (0..21).collect::<Vec<_>>()
    );
    assert_eq!(
        indexes(&hung.wait_for_index(20).await),
        (0..21).collect::<Vec<_>>()
    );
    assert_eq!(deliveries(&server, &hung, 1, "timeout").await, 1.0);
    until(|| async { lag(of(&hung), 1).await == (0.0, 20.0) }).await;
    assert_eq!(checkpoint(&server).await.size.get(), 21);
    server.stop().await;
}

/// Ends of all kinds, in the middle of deliveries: some events come twice, none is left out, and
/// none comes before its turn.
#[tokio::test]
async fn nothing_is_left_out_across_ends_of_the_log() {
    let receiver = Receiver::start(&[]).await;
    let site = site(&[&receiver.url()]);
    let mut logged = 0;
    for round in 0..8 {
        let server = site.start();
        logged += 150;
        fill(&server, 150).await;
        assert_eq!(checkpoint(&server).await.size.get(), logged);
        // In the middle of what this round logged, or before any of it is sent.
        let point = logged - 150 + 20 * (round % 4);
        if round % 4 > 0 {
            receiver.wait_for_index(point).await;
        }
        // The last attempt may be answered by nobody: it comes again.
        match round % 2 {
            0 => drop(server.kill()),
            _ => drop(server.stop().await),
        }
    }
    let server = site.start();
    let taken = indexes(&receiver.wait_for_index(logged - 1).await);
    // Each next one is the one after the newest so far, or one that came before.
    let mut newest = None;
    for index in &taken {
        let expected = newest.map_or(0, |newest| newest + 1);
        assert!(*index <= expected, "{index} came when {expected} was due");
        newest = newest.max(Some(*index));
    }
    assert_eq!(newest, Some(logged - 1));
    for attempt in receiver.attempts() {
        check_attempt(&attempt);
    }
    // A cursor is kept every page at the latest, and at each gentle end.
    assert!(
        taken.len() < logged as usize + 8 * 65,
        "{} for {logged}",
        taken.len()
    );
    server.stop().await;
}

/// What a new webhook gets begins with what comes after it was set.
#[tokio::test]
async fn a_new_webhook_begins_with_what_comes() {
    let early = Receiver::start(&[]).await;
    let late = Receiver::start(&[]).await;
    let first = site(&[&early.url()]);
    let server = first.start();
    fill(&server, 5).await;
    early.wait_for_index(4).await;
    server.stop().await;
    let both = format!("{},{}", early.url(), late.url());
    let server = first.with("--webhook-urls", &both).start();
    submit_proven(&server, &Signer::new().hashedrekord(b"new")).await;
    assert_eq!(indexes(&late.wait_for_index(5).await), [5]);
    assert_eq!(indexes(&early.wait_for_index(5).await), [0, 1, 2, 3, 4, 5]);
    server.stop().await;
}

#[tokio::test]
async fn secrets_are_told_to_nobody() {
    let receiver = Receiver::start(&[Act::Answer(403), Act::Close]).await;
    let secrets = [
        "us3r",
        "passw0rd",
        "s3cretpath",
        "t0ken",
        "fr4gment",
        &STANDARD.encode(KEY),
    ];
    let url =
        |address: &str| format!("http://us3r:passw0rd@{address}/s3cretpath?t0ken=t0ken#fr4gment");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = url(&closed.local_addr().unwrap().to_string());
    drop(closed);
    let site = site(&[&url(&receiver.address), &nowhere]).with("--log-level", "trace");
    let server = site.start();
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
    let attempts = receiver.wait_for_attempts(3).await;
    assert_eq!(
        attempts[0].request_line,
        "POST /s3cretpath?t0ken=t0ken HTTP/1.1"
    );
    let basic = format!("Basic {}", STANDARD.encode("us3r:passw0rd"));
    assert_eq!(attempts[0].header("authorization"), basic);
    let metrics = admin_get(&server, "/metrics").await.text().to_owned();
    let endpoint = format!("endpoint=\"http://{}\"", receiver.address);
    assert!(metrics.contains(&endpoint), "{metrics}");
    let page = get(&server, "/").await.text().to_owned();
    server.terminate();
    let (code, logged) = server.wait().await;
    assert_eq!(code, Some(0));
    assert!(logged.contains("a webhook was not taken"), "{logged}");
    assert!(logged.contains("403"), "{logged}");
    let mut told = vec![metrics, page, logged];
    for file in fs::read_dir(site.data_dir()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("webhook-") {
            told.push(format!("{name} {}", fs::read_to_string(&path).unwrap()));
        }
    }
    assert_eq!(told.len(), 5, "a cursor for each");
    for text in &told {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_without_telling_them() {
    let secret = |site: &Site, text: &str| {
        let path = site.path().join("weak");
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = site(&["http://127.0.0.1:1/hook"]);
    let weak = secret(&good, "c2hvcnQ=");
    for (site, told) in [
        (
            site(&["http://a/b", "ftp://us3r:passw0rd@host/s3cret/"]),
            "number 2 of webhook-urls is not an http or https URL",
        ),
        (
            site(&["us3r:passw0rd@host/s3cret/"]),
            "number 1 of webhook-urls is not an http or https URL",
        ),
        (
            site(&["http://us3r:passw0rd@host", "http://us3r:passw0rd@host/"]),
            "number 2 of webhook-urls is there before",
        ),
        (
            good.clone().without("--webhook-secret-file"),
            "needs webhook-secret-file too",
        ),
        (
            good.clone().with("--webhook-secret-file", &weak),
            "the secret has to be base64 of at least 24 bytes",
        ),
        (
            good.with("--webhook-secret-file", "/nowhere/at/all"),
            "/nowhere/at/all",
        ),
    ] {
        let refusal = site.start_refused();
        refusal.assert(1, &[told]);
        for secret in ["us3r", "passw0rd", "s3cret/", "c2hvcnQ="] {
            assert!(!format!("{refusal:?}").contains(secret), "{refusal:?}");
        }
        assert!(!site.data_dir().exists(), "no log was made");
    }
}

#[tokio::test]
async fn only_what_passes_the_filter_is_told() {
    let receiver = Receiver::start(&[]).await;
    let site = site(&[&receiver.url()]);
    let filter = site.path().join("filter.toml");
    let site = site.with("--webhook-filter-file", filter.to_str().unwrap());
    for (rules, told) in [
        ("", "it has no rules"),
        ("kinds = ['']", "kind"),
        ("keys = ['no.pub']", "no.pub"),
        ("on-hit = ['mail']", "on-hit"),
    ] {
        fs::write(&filter, rules).unwrap();
        site.start_refused().assert(1, &[told]);
    }

    let signer = proposals::Signer::new();
    fs::write(
        filter.with_file_name("release.pub"),
        signer.public_key_pem(),
    )
    .unwrap();
    let rules = "kinds = ['hashedrekord', 'intoto 0.0.2']\nkeys = ['release.pub']\n";
    fs::write(&filter, rules).unwrap();
    let v1 = V1::serving(&site).await;
    let other = proposals::Signer::new();
    for proposal in [
        other.hashedrekord(b"artifact"),
        signer.hashedrekord(b"artifact"),
        signer.dsse(&statement(b"artifact")),
        signer.intoto_v001(&statement(b"artifact")),
        other.intoto_v002(&statement(b"artifact")),
        signer.intoto_v002(&statement(b"artifact")),
    ] {
        v1.create(&proposal).await;
    }
    let events = receiver.wait_for_index(5).await;
    assert_eq!(indexes(&events), [1, 5]);
}

#[tokio::test]
async fn rules_are_read_again_while_the_server_runs() {
    let receiver = Receiver::start(&[]).await;
    let site = site(&[&receiver.url()]);
    let filter = site.path().join("filter.toml");
    let site = site.with("--webhook-filter-file", filter.to_str().unwrap());
    fs::write(&filter, "kinds = ['intoto']").unwrap();
    let v1 = V1::serving(&site).await;
    let signer = proposals::Signer::new();
    let reload = async || {
        let url = format!("{}/webhook-rules", v1.server.admin_url);
        let reply = http_client().post(url).send().await.unwrap();
        let reply = Reply::read(reply).await;
        reply.described_by_admin(&Method::POST, "/webhook-rules")
    };
    v1.create(&signer.hashedrekord(b"one")).await;
    fs::write(&filter, "kinds = ['']").unwrap();
    let refused = reload().await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("kind"), "{refused:?}");
    // Those before hold: nothing of this was told.
    v1.create(&signer.intoto_v002(&statement(b"two"))).await;
    assert_eq!(indexes(&receiver.wait_for_index(1).await), [1]);
    fs::write(&filter, "kinds = ['hashedrekord']").unwrap();
    assert_eq!(reload().await.status, 204);
    v1.create(&signer.intoto_v002(&statement(b"three"))).await;
    v1.create(&signer.hashedrekord(b"four")).await;
    assert_eq!(indexes(&receiver.wait_for_index(3).await), [1, 3]);
    fs::write(
        &filter,
        "[[rules]]\nname = 'all'\nquery = 'authority:trusted'",
    )
    .unwrap();
    let refused = reload().await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("trusted-root"), "{refused:?}");
    // A hang-up reads them too. It says so to nobody: entries are made until one is told.
    fs::write(&filter, "kinds = ['intoto']").unwrap();
    v1.server.hang_up();
    for number in 0..=u8::MAX {
        v1.create(&signer.intoto_v002(&statement(&[number]))).await;
        if receiver.attempts().len() > 2 {
            return;
        }
    }
    receiver.wait_for_attempts(3).await;
}
