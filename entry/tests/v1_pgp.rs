//! Rekord entries with signatures of OpenPGP: those of upstream's tests, and those of gpg.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::V1Reject;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_tests::documents::PGP_DOCUMENT as DOCUMENT;
use ledgerstone_tests::documents::PGP_KEY as KEY;
use ledgerstone_tests::documents::PGP_SIGNATURE as SIGNATURE;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::base64;
use crate::v1_support::create;
use crate::v1_support::encode;
use crate::v1_support::logged;
use crate::v1_support::refusal;
use crate::v1_support::rekord;

/// SHA-256 of the canonical form that upstream gives the key.
const CANONICAL_KEY_HASH: &str = "3d9852f5669f66f2d508f31b84909d4a6112ce6103e06769cb34e710551252ad";

fn submit(document: &[u8], signature: &[u8], key: &[u8]) -> Result<PreparedEntry, V1Reject> {
    create(&rekord("pgp", document, signature, key))
}

/// The texts of key and signature that an entry logs.
fn logged_texts(entry: &PreparedEntry) -> [String; 2] {
    ["/publicKey/content", "/content"].map(|pointer| {
        let value = logged(entry);
        let text = value["spec"]["signature"].pointer(pointer).unwrap();
        String::from_utf8(base64(text.as_str().unwrap())).unwrap()
    })
}

/// The packets in a text of one block.
fn dearmor(text: &str) -> Vec<u8> {
    let body = text.split_once("\n\n").unwrap().1;
    let lines: Vec<&str> = body
        .lines()
        .take_while(|line| !line.starts_with(['=', '-']))
        .collect();
    base64(&lines.concat())
}

#[test]
fn a_signature_as_upstreams_tests_have_it() {
    let entry = submit(DOCUMENT, SIGNATURE.as_bytes(), KEY.as_bytes()).unwrap();
    let [key, signature] = logged_texts(&entry);
    assert_eq!(hex::encode(Sha256::digest(&key)), CANONICAL_KEY_HASH);
    assert_eq!(signature, SIGNATURE);
    assert!(
        entry
            .search_keys
            .contains(&SearchKey::subject("not@real.com"))
    );
    assert_eq!(search_keys_of_body(&entry.body).unwrap(), entry.search_keys);
    let (binary_key, binary) = (dearmor(KEY), dearmor(SIGNATURE));
    for written in [KEY.as_bytes(), key.as_bytes(), &binary_key] {
        let searched = search_key_of_public_key(PublicKeyFormat::Pgp, written).unwrap();
        assert!(entry.search_keys.contains(&searched));
        assert_eq!(
            submit(DOCUMENT, SIGNATURE.as_bytes(), written).unwrap(),
            entry
        );
    }
    // Without armor it gets one, which has no line break at its end.
    let bare = submit(DOCUMENT, &binary, KEY.as_bytes()).unwrap();
    assert_eq!(logged_texts(&bare)[1], SIGNATURE.trim_end());
}

#[test]
fn what_is_not_signed_is_refused() {
    let mismatch = V1Reject::Mismatch(PublicKeyFormat::Pgp);
    let refused = |document: &[u8], signature: &[u8], key: &[u8]| {
        refusal(&rekord("pgp", document, signature, key))
    };
    assert_eq!(
        refused(b"another", SIGNATURE.as_bytes(), KEY.as_bytes()),
        mismatch
    );
    let (key, signature) = (dearmor(KEY), dearmor(SIGNATURE));
    // Each bit of the signature counts, but for those that say nothing of it: its packet's head,
    // and its unsigned part.
    for position in (3..signature.len()).step_by(5) {
        let mut damaged = signature.clone();
        damaged[position] ^= 1;
        let result = submit(DOCUMENT, &damaged, KEY.as_bytes());
        let is_unsigned = (54..64).contains(&position);
        assert!(result.is_err() || is_unsigned, "{position}");
    }
    // So does each of the key, its owner, its subkey and what binds them.
    for position in (3..key.len()).step_by(13) {
        let mut damaged = key.clone();
        damaged[position] ^= 1;
        let result = submit(DOCUMENT, &signature, &damaged);
        let is_unsigned = (357..369).contains(&position) || (942..954).contains(&position);
        assert!(result.is_err() || is_unsigned, "{position}");
    }
    // At 629 the subkey begins, and what stands before it is whole.
    for cut in (0..key.len()).step_by(17).filter(|cut| *cut != 629) {
        let reject = refused(
            DOCUMENT,
            &signature,
            if cut == 0 { b"key" } else { &key[..cut] },
        );
        assert!(
            matches!(reject, V1Reject::MalformedKey { .. }),
            "{cut}: {reject}"
        );
    }
}

#[test]
fn malformed_texts_are_refused() {
    let signature = |text: &str| refusal(&rekord("pgp", DOCUMENT, text.as_bytes(), KEY.as_bytes()));
    let two = format!("{}{}", SIGNATURE, KEY);
    for text in [
        "no packets",
        KEY,
        "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----",
        "-----BEGIN PGP SIGNATURE-----\n\n!\n-----END PGP SIGNATURE-----",
        "-----BEGIN PGP SIGNATURE-----",
        "-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----",
    ] {
        let reject = signature(text);
        assert!(
            matches!(reject, V1Reject::MalformedSignature { .. }),
            "{text}: {reject}"
        );
    }
    assert!(create(&rekord("pgp", DOCUMENT, two.as_bytes(), KEY.as_bytes())).is_ok());

    let key = |text: &[u8]| refusal(&rekord("pgp", DOCUMENT, SIGNATURE.as_bytes(), text));
    let secret = KEY.replace("PUBLIC", "PRIVATE");
    let huge = [KEY.as_bytes(), &vec![b'\n'; 256 << 10]].concat();
    let version_6 = [0xc6, 6, 6, 0, 0, 0, 0, 27];
    let dsa = [0xc6, 6, 4, 0, 0, 0, 0, 17];
    for text in [
        &b"no packets"[..],
        SIGNATURE.as_bytes(),
        secret.as_bytes(),
        &huge,
        &version_6,
        &dsa,
        &[&dearmor(KEY)[..], &dsa].concat(),
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----",
        &dearmor(KEY)[272..],
    ] {
        let reject = key(text);
        assert!(matches!(reject, V1Reject::MalformedKey { .. }), "{reject}");
    }
}

/// Runs gpg over a folder of its own. `None` when it is not there.
fn gpg(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("gpg")
        .arg("--homedir")
        .arg(folder)
        .args([
            "--batch",
            "--yes",
            "--quiet",
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
        ])
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        println!("skipped: gpg is not at hand");
        return None;
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "gpg {arguments:?}: {complaint}");
    Some(output.stdout)
}

#[test]
fn keys_of_gpg() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let document = folder.join("document");
    fs::write(&document, DOCUMENT).unwrap();
    let document = document.to_str().unwrap();
    for (algorithm, usage) in [
        ("ed25519", "default"),
        ("nistp256", "default"),
        ("nistp384", "sign"),
        ("nistp521", "sign"),
        ("rsa2048", "default"),
    ] {
        let address = format!("{algorithm}@example.com");
        let owner = format!("Ada ({algorithm}) <{address}>");
        if gpg(
            folder,
            &["--quick-generate-key", &owner, algorithm, usage, "1y"],
        )
        .is_none()
        {
            return;
        }
        let sign = |more: &[&str]| {
            let arguments = [
                more,
                &["-u", &address, "-o", "-", "--detach-sign", document],
            ]
            .concat();
            gpg(folder, &arguments).unwrap()
        };
        let key = gpg(folder, &["--export", &address]).unwrap();
        let armored = gpg(folder, &["--armor", "--export", &address]).unwrap();
        let signature = sign(&["--armor"]);
        let entry = submit(DOCUMENT, &signature, &armored)
            .unwrap_or_else(|reject| panic!("{algorithm}: {reject}"));
        assert_eq!(logged_texts(&entry)[1].as_bytes(), signature);
        assert!(entry.search_keys.contains(&SearchKey::subject(&address)));
        assert_eq!(
            submit(DOCUMENT, &signature, &key).unwrap(),
            entry,
            "{algorithm}"
        );
        assert!(submit(DOCUMENT, &sign(&[]), &key).is_ok());
        let mut unfit = vec![vec!["--textmode"]];
        if algorithm == "rsa2048" {
            unfit.push(vec!["--digest-algo", "SHA224"]);
        }
        for unfit in unfit {
            let reject = submit(DOCUMENT, &sign(&unfit), &key).unwrap_err();
            assert!(
                matches!(reject, V1Reject::MalformedSignature { .. }),
                "{algorithm}: {reject}"
            );
        }
        let secret = gpg(folder, &["--armor", "--export-secret-keys", &address]).unwrap();
        assert!(matches!(
            submit(DOCUMENT, &signature, &secret),
            Err(V1Reject::MalformedKey { .. })
        ));
    }
}

#[test]
fn subkeys_owners_and_revocations_of_gpg() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let document = folder.join("document");
    fs::write(&document, DOCUMENT).unwrap();
    let document = document.to_str().unwrap();
    if gpg(
        folder,
        &[
            "--quick-generate-key",
            "one@example.com",
            "ed25519",
            "cert",
            "1y",
        ],
    )
    .is_none()
    {
        return;
    }
    let list = gpg(folder, &["--with-colons", "--list-keys"]).unwrap();
    let list = String::from_utf8(list).unwrap();
    let fingerprint = list
        .lines()
        .find_map(|line| line.strip_prefix("fpr:"))
        .unwrap();
    let fingerprint = fingerprint.trim_matches(':').to_owned();
    let export = || gpg(folder, &["--export", &fingerprint]).unwrap();

    gpg(
        folder,
        &["--quick-add-key", &fingerprint, "ed25519", "sign", "1y"],
    );
    gpg(
        folder,
        &["--quick-add-uid", &fingerprint, "Two <Two@example.com>"],
    );
    let signature = gpg(
        folder,
        &["-u", &fingerprint, "-o", "-", "--detach-sign", document],
    )
    .unwrap();
    let entry = submit(DOCUMENT, &signature, &export()).unwrap();
    for owner in ["one@example.com", "two@example.com"] {
        assert!(
            entry.search_keys.contains(&SearchKey::subject(owner)),
            "{owner}"
        );
    }
    let [key, _] = logged_texts(&entry);
    assert_eq!(
        encode(dearmor(&key)),
        encode(canonical_packets(&dearmor(&key)))
    );

    // A key ring of several, in blocks one after the other.
    let ring = [KEY.as_bytes(), key.as_bytes(), b"\n"].concat();
    let ring = submit(DOCUMENT, &signature, &ring).unwrap();
    assert!(
        ring.search_keys
            .contains(&SearchKey::subject("not@real.com"))
    );

    // What was signed before stays signed, until the key is called compromised.
    let revocation =
        fs::read_to_string(folder.join(format!("openpgp-revocs.d/{fingerprint}.rev"))).unwrap();
    let revocation = dearmor(
        &revocation
            .replace(":-----BEGIN", "-----BEGIN")
            .split_off(revocation.find(":-----BEGIN").unwrap()),
    );
    let mut revoked = export();
    let primary = 2 + usize::from(revoked[1]);
    revoked.splice(primary..primary, revocation);
    assert!(submit(DOCUMENT, &signature, &revoked).is_err());
}

/// The same packets: the canonical form of what is canonical already.
fn canonical_packets(packets: &[u8]) -> Vec<u8> {
    let key = submit(
        DOCUMENT,
        SIGNATURE.as_bytes(),
        &[dearmor(KEY), packets.to_vec()].concat(),
    );
    let [ring, _] = logged_texts(&key.unwrap());
    let [alone, _] = logged_texts(&submit(DOCUMENT, SIGNATURE.as_bytes(), KEY.as_bytes()).unwrap());
    dearmor(&ring)[dearmor(&alone).len()..].to_vec()
}
