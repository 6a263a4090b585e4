//! Rekord entries with the signatures of ssh-keygen, minisign and signify, and with chains of
//! certificates.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::describe;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::RekordV001;
use ledgerstone_entry::v1::V1Reject;
use ledgerstone_entry::v1::search_key_of_hash;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_tests::documents::MINISIGN_DOCUMENT;
use ledgerstone_tests::documents::MINISIGN_HASHED_KEY;
use ledgerstone_tests::documents::MINISIGN_HASHED_SIGNATURE;
use ledgerstone_tests::documents::MINISIGN_KEY;
use ledgerstone_tests::documents::MINISIGN_SIGNATURE;
use ledgerstone_tests::documents::SIGNIFY_KEY;
use ledgerstone_tests::documents::SIGNIFY_SIGNATURE;
use ledgerstone_tests::documents::SSH_DOCUMENT;
use ledgerstone_tests::documents::SSH_KEY;
use ledgerstone_tests::documents::SSH_SIGNATURE;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::date_time_ymd;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::Signer;
use crate::support::base64;
use crate::v1_support::create;
use crate::v1_support::encode;
use crate::v1_support::logged;
use crate::v1_support::pem;
use crate::v1_support::refusal;
use crate::v1_support::rekord;

/// What holds of every entry with a key in `format`: the logged texts, and what finds it.
fn check(entry: &PreparedEntry, format: PublicKeyFormat, key: &str, signature: &str) {
    assert_eq!(entry.kind, RekordV001::KIND);
    let value = logged(entry);
    assert_eq!(
        serde_json_canonicalizer::to_vec(&value).unwrap(),
        entry.body
    );
    let logged = &value["spec"]["signature"];
    assert_eq!(logged["format"], format.name());
    assert_eq!(logged["publicKey"]["content"], encode(key));
    assert_eq!(logged["content"], encode(signature));
    assert!(describe(&entry.body).is_ok());
    assert_eq!(search_keys_of_body(&entry.body).unwrap(), entry.search_keys);
    let searched = search_key_of_public_key(format, key.as_bytes()).unwrap();
    assert!(entry.search_keys.contains(&searched));
    let prefixed = format!("sha256:{}", hex::encode(Sha256::digest(key)));
    assert!(
        entry
            .search_keys
            .contains(&search_key_of_hash(&prefixed).unwrap())
    );
}

fn second_line(text: &str) -> &str {
    text.lines().nth(1).unwrap()
}

#[test]
fn minisign_and_signify_as_upstreams_tests_have_them() {
    for (key, signature) in [
        (MINISIGN_KEY, MINISIGN_SIGNATURE),
        (MINISIGN_HASHED_KEY, MINISIGN_HASHED_SIGNATURE),
        (SIGNIFY_KEY, SIGNIFY_SIGNATURE),
    ] {
        let submitted = |key: &[u8], signature: &str| {
            create(&rekord(
                "minisign",
                MINISIGN_DOCUMENT,
                signature.as_bytes(),
                key,
            ))
            .unwrap()
        };
        let entry = submitted(key.as_bytes(), signature);
        let canonical = format!("untrusted comment:\n{}", second_line(signature));
        check(
            &entry,
            PublicKeyFormat::Minisign,
            second_line(key),
            &canonical,
        );
        // The key alone is the same key, and what is logged is in order itself.
        assert_eq!(submitted(second_line(key).as_bytes(), signature), entry);
        assert_eq!(submitted(second_line(key).as_bytes(), &canonical), entry);

        // The oldest entries have nothing but the key itself, whose id is then not known.
        let bare = &base64(second_line(key))[10..];
        let nameless = encode([b"Ed\0\0\0\0\0\0\0\0", bare].concat());
        check(
            &submitted(bare, signature),
            PublicKeyFormat::Minisign,
            &nameless,
            &canonical,
        );
    }
}

#[test]
fn malformed_minisign_texts_are_refused() {
    let refused = |key: &str, signature: &str| {
        let proposal = rekord(
            "minisign",
            MINISIGN_DOCUMENT,
            signature.as_bytes(),
            key.as_bytes(),
        );
        refusal(&proposal)
    };
    for key in [
        "RWQ",
        "a comment\nRWQ/VK4mEZOS\n",
        "a comment",
        "a comment\n\n",
    ] {
        let reject = refused(key, MINISIGN_SIGNATURE);
        let format = PublicKeyFormat::Minisign;
        assert!(
            matches!(reject, V1Reject::MalformedKey { format: of, .. } if of == format),
            "{reject}"
        );
    }
    let one_line = second_line(MINISIGN_SIGNATURE);
    let without_global: Vec<&str> = MINISIGN_SIGNATURE.lines().take(3).collect();
    for signature in [
        one_line.to_owned(),
        "a comment\nRWQ=".to_owned(),
        "a comment\nno base64".to_owned(),
        without_global.join("\n"),
        format!("{}\nAAAA", without_global.join("\n")),
        format!("{MINISIGN_SIGNATURE}one more line\n"),
    ] {
        let reject = refused(MINISIGN_KEY, &signature);
        assert!(
            matches!(reject, V1Reject::MalformedSignature { .. }),
            "{signature}: {reject}"
        );
    }
    for (key, signature) in [
        (MINISIGN_KEY, SIGNIFY_SIGNATURE),
        (MINISIGN_KEY, MINISIGN_HASHED_SIGNATURE),
        (MINISIGN_HASHED_KEY, MINISIGN_SIGNATURE),
    ] {
        assert_eq!(
            refused(key, signature),
            V1Reject::Mismatch(PublicKeyFormat::Minisign)
        );
    }
}

fn ssh_key() -> String {
    format!("ssh-rsa {}", SSH_KEY.split_whitespace().collect::<String>())
}

/// The bytes in the armor of a signature.
fn ssh_wire(armored: &str) -> Vec<u8> {
    let lines: Vec<&str> = armored
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    base64(&lines.concat())
}

#[test]
fn an_ssh_signature_as_upstreams_tests_have_it() {
    let submitted = |key: &str| {
        let signature = SSH_SIGNATURE.as_bytes();
        create(&rekord("ssh", SSH_DOCUMENT, signature, key.as_bytes()))
    };
    let entry = submitted(&format!("{} test@rekor.dev\n", ssh_key())).unwrap();
    let canonical = pem("SSH SIGNATURE", &ssh_wire(SSH_SIGNATURE));
    check(
        &entry,
        PublicKeyFormat::Ssh,
        &format!("{}\n", ssh_key()),
        &canonical,
    );
    for key in [
        ssh_key(),
        format!("# a comment\n\n  {}\n", ssh_key()),
        format!(
            "no-pty,command=\"ssh-rsa AAAA\" {} somebody else\n",
            ssh_key()
        ),
    ] {
        assert_eq!(submitted(&key).unwrap(), entry, "{key}");
    }
}

#[test]
fn malformed_ssh_texts_are_refused() {
    let refused = |key: &str, signature: &str| {
        refusal(&rekord(
            "ssh",
            SSH_DOCUMENT,
            signature.as_bytes(),
            key.as_bytes(),
        ))
    };
    let long = format!("{}{}", ssh_key(), " ".repeat(64 << 10));
    let another_type = ssh_key().replace("ssh-rsa", "ssh-dss");
    let sk = format!(
        "sk-ssh-ed25519@openssh.com {}",
        encode(b"\0\0\0\x1ask-ssh-ed25519@openssh.com")
    );
    for key in [
        "",
        "ssh-rsa",
        "ssh-rsa no-base64",
        "ssh-rsa AAAA",
        &ssh_key()[..200],
        &another_type,
        &long,
        &sk,
    ] {
        let key = if key.is_empty() { " " } else { key };
        let reject = refused(key, SSH_SIGNATURE);
        assert!(
            matches!(reject, V1Reject::MalformedKey { .. }),
            "{key}: {reject}"
        );
    }

    let wire = ssh_wire(SSH_SIGNATURE);
    let replaced = |from: &[u8], to: &[u8]| {
        let at = wire
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        let mut wire = wire.clone();
        wire.splice(at..at + from.len(), to.iter().copied());
        pem("SSH SIGNATURE", &wire)
    };
    for signature in [
        "no armor".to_owned(),
        pem("SSH KEY", &wire),
        pem("SSH SIGNATURE", b""),
        pem("SSH SIGNATURE", &wire[..wire.len() - 1]),
        pem("SSH SIGNATURE", &[&wire[..], b"more"].concat()),
        replaced(b"SSHSIG", b"SSHSAG"),
        replaced(b"\0\0\0\x01", b"\0\0\0\x02"),
        replaced(b"\0\0\0\x04file", b"\0\0\0\x03git"),
        replaced(b"sha512\0", b"sha256\0"),
        replaced(b"\0\0\0\x07ssh-rsa", b"\0\0\0\x06sh-rsa"),
        replaced(b"\0\0\x01\x97", b"\xff\xff\xff\xff"),
    ] {
        let reject = refused(&ssh_key(), &signature);
        assert!(
            matches!(reject, V1Reject::MalformedSignature { .. }),
            "{signature}: {reject}"
        );
    }
    for signature in [
        replaced(b"rsa-sha2-512", b"rsa-sha2-256"),
        replaced(b"rsa-sha2-512", b"ssh-ed25519x"),
    ] {
        assert_eq!(
            refused(&ssh_key(), &signature),
            V1Reject::Mismatch(PublicKeyFormat::Ssh)
        );
    }
    let other = refusal(&rekord(
        "ssh",
        b"another",
        SSH_SIGNATURE.as_bytes(),
        ssh_key().as_bytes(),
    ));
    assert_eq!(other, V1Reject::Mismatch(PublicKeyFormat::Ssh));
}

/// Runs a program of this machine. `None` when it is not there.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        println!("skipped: {program} is not at hand");
        return None;
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {complaint}"
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn keys_of_ssh_keygen() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("document"), "signed with ssh-keygen").unwrap();
    for (name, kind, bits) in [
        ("one", "ed25519", "256"),
        ("two", "ecdsa", "256"),
        ("three", "ecdsa", "384"),
        ("four", "ecdsa", "521"),
        ("five", "rsa", "3072"),
    ] {
        let made = [
            "-q",
            "-t",
            kind,
            "-b",
            bits,
            "-N",
            "",
            "-C",
            "ada@example.com",
            "-f",
            name,
        ];
        if run(folder, "ssh-keygen", &made).is_none() {
            return;
        }
        let sign = |hash: &str| {
            let _ = fs::remove_file(folder.join("document.sig"));
            run(
                folder,
                "ssh-keygen",
                &[
                    "-Y", "sign", "-n", "file", "-f", name, "-O", hash, "document",
                ],
            );
            fs::read_to_string(folder.join("document.sig")).unwrap()
        };
        let key = fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap();
        let proposal = |signature: &str| {
            rekord(
                "ssh",
                b"signed with ssh-keygen",
                signature.as_bytes(),
                key.as_bytes(),
            )
        };
        let signature = sign("hashalg=sha512");
        let entry =
            create(&proposal(&signature)).unwrap_or_else(|reject| panic!("{kind}: {reject}"));
        let canonical_key = key.replace(" ada@example.com", "");
        let canonical = pem("SSH SIGNATURE", &ssh_wire(&signature));
        check(&entry, PublicKeyFormat::Ssh, &canonical_key, &canonical);

        let reject = refusal(&proposal(&sign("hashalg=sha256")));
        assert!(
            matches!(reject, V1Reject::MalformedSignature { .. }),
            "{kind}: {reject}"
        );
    }
}

/// A chain that openssl makes: root, intermediate, leaf, with a key of `algorithm` each. The texts
/// of leaf, intermediate, root, and of a root that has nothing to do with them.
fn openssl_chain(folder: &Path, algorithm: &[&str]) -> Option<[String; 4]> {
    let authority = "basicConstraints=critical,CA:TRUE";
    let make = |name: &str, issuer: Option<&str>, extension: &str| {
        let subject = format!("/CN={name}");
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let mut arguments = vec!["req", "-x509", "-nodes", "-subj", &subject, "-days", "30"];
        arguments.extend(["-keyout", &key, "-out", &certificate, "-addext", extension]);
        arguments.extend(algorithm);
        let (issuer_key, issuer_certificate) = match issuer {
            Some(issuer) => (format!("{issuer}.key"), format!("{issuer}.pem")),
            None => (String::new(), String::new()),
        };
        if issuer.is_some() {
            arguments.extend(["-CAkey", &issuer_key, "-CA", &issuer_certificate]);
        }
        run(folder, "openssl", &arguments)?;
        Some(fs::read_to_string(folder.join(certificate)).unwrap())
    };
    let root = make("root", None, authority)?;
    let intermediate = make("middle", Some("root"), authority)?;
    let leaf = make(
        "leaf",
        Some("middle"),
        "subjectAltName=email:ada@example.com",
    )?;
    let other = make("other", None, authority)?;
    Some([leaf, intermediate, root, other])
}

#[test]
fn chains_of_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let document = b"signed with openssl";
    fs::write(folder.join("document"), document).unwrap();
    for algorithm in [
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..],
        &[
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-384",
            "-sha384",
        ],
        &["-newkey", "rsa:2048", "-sha512"],
    ] {
        let Some([leaf, middle, root, other]) = openssl_chain(folder, algorithm) else {
            return;
        };
        run(
            folder,
            "openssl",
            &[
                "dgst", "-sha256", "-sign", "leaf.key", "-out", "sig", "document",
            ],
        );
        let signature = fs::read(folder.join("sig")).unwrap();
        let submit = |chain: &[&String]| {
            let chain: String = chain.iter().map(|pem| pem.as_str()).collect();
            (
                create(&rekord("x509", document, &signature, chain.as_bytes())),
                chain,
            )
        };
        for chain in [
            &[&leaf, &middle, &root][..],
            &[&leaf, &middle],
            &[&leaf, &other, &middle, &root],
            &[&leaf],
        ] {
            let (entry, text) = submit(chain);
            let entry = entry.unwrap_or_else(|reject| panic!("{algorithm:?}: {reject}"));
            let value: Value = logged(&entry);
            assert_eq!(
                value["spec"]["signature"]["publicKey"]["content"],
                encode(&text)
            );
            let subject = ledgerstone_entry::SearchKey::subject("ada@example.com");
            assert!(entry.search_keys.contains(&subject));
        }
        for broken in [
            &[&leaf, &root][..],
            &[&leaf, &other],
            &[&leaf, &middle, &other],
            &[&leaf, &leaf],
        ] {
            assert_eq!(submit(broken).0, Err(V1Reject::Chain), "{algorithm:?}");
        }
        let limit = 10;
        let (refused, _) = submit(&[&leaf; 11]);
        assert_eq!(refused, Err(V1Reject::TooManyCertificates { limit }));
    }
}

/// Whether a leaf made today is taken with a root like this.
fn chain_with(root: CertificateParams) -> Result<PreparedEntry, V1Reject> {
    let document = b"signed with a certified key";
    let signer = Signer::p256();
    let leaf_pair = KeyPair::try_from(signer.pkcs8()).unwrap();
    let root_pair = KeyPair::generate().unwrap();
    let root_certificate = root.self_signed(&root_pair).unwrap();
    let mut leaf = CertificateParams::default();
    (leaf.not_before, leaf.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 2, 1));
    let leaf = leaf
        .signed_by(&leaf_pair, &Issuer::new(root, root_pair))
        .unwrap();
    let chain = [
        pem("CERTIFICATE", leaf.der()),
        pem("CERTIFICATE", root_certificate.der()),
    ]
    .concat();
    create(&rekord(
        "x509",
        document,
        &signer.sign(document),
        chain.as_bytes(),
    ))
}

fn authority() -> CertificateParams {
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root
}

#[test]
fn an_issuer_must_be_an_authority_and_valid_at_the_time() {
    assert!(chain_with(authority()).is_ok());
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let mut root = authority();
        root.is_ca = is_ca;
        assert_eq!(chain_with(root), Err(V1Reject::Chain));
    }
    let mut early = authority();
    early.not_after = date_time_ymd(2025, 12, 31);
    let mut late = authority();
    late.not_before = date_time_ymd(2026, 1, 2);
    for root in [early, late] {
        assert_eq!(chain_with(root), Err(V1Reject::Chain));
    }
}
