//! Notes: the vectors of signed-note and of Go's note package, and the checkpoints of real logs.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::KeyName;
use ledgerstone_merkle::MAX_NOTE_BYTES;
use ledgerstone_merkle::MAX_NOTE_SIGNATURES;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::NoteSignature;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignError;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::VerifierKeyError;

use crate::fixtures;
use crate::fixtures::decode;

const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know \
    what your problem is.\n";
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const PETER_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2\
    pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ\
    5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

/// The private half of Peter's published key: the type byte 1, and the seed.
const PETER_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

fn peter() -> Ed25519Signer {
    Ed25519Signer::from_seed("PeterNeumann", decode(PETER_SEED)[1..].try_into().unwrap()).unwrap()
}

fn key(vkey: &str) -> VerifierKey {
    vkey.parse().unwrap()
}

fn names(note: &SignedNote, keys: &[VerifierKey]) -> Vec<String> {
    note.verify(keys)
        .unwrap()
        .iter()
        .map(|key| key.name().to_owned())
        .collect()
}

#[test]
fn the_example_of_the_specification() {
    let text = "This is an example message.\n\n— example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM\
        =\n";
    let note = SignedNote::parse(text).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_string(), text);
    let keys = [key(
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    )];
    assert_eq!(note.verify(&keys).unwrap(), [&keys[0]]);
}

#[test]
fn signing_gives_the_published_note() {
    assert_eq!(peter().verifier().to_string(), PETER);
    let note = SignedNote::sign(TEXT, &[&peter()]).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{PETER_LINE}"));
}

#[test]
fn known_signatures_count_and_unknown_ones_do_not() {
    let note = SignedNote::parse(format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}")).unwrap();
    assert_eq!(note.signatures().len(), 2);
    assert_eq!(names(&note, &[key(PETER)]), ["PeterNeumann"]);
    assert_eq!(
        names(&note, &[key(ENOCH), key(PETER)]),
        ["PeterNeumann", "EnochRoot"]
    );
    assert_eq!(note.verify(&[]), Err(NoteError::NoKnownKey));
    // A name or an id alone is no known key.
    let renamed = SignedNote::parse(format!(
        "{TEXT}\n{}",
        PETER_LINE.replace("PeterNeumann", "CarmenSandiego")
    ))
    .unwrap();
    assert_eq!(renamed.verify(&[key(PETER)]), Err(NoteError::NoKnownKey));
    let other_id =
        SignedNote::parse(format!("{TEXT}\n{}", PETER_LINE.replace("x08g", "xxxx"))).unwrap();
    assert_eq!(other_id.verify(&[key(PETER)]), Err(NoteError::NoKnownKey));
}

#[test]
fn a_failing_known_signature_rejects_the_note() {
    let (name, id) = (key(PETER).key_name().clone(), key(PETER).id());
    let invalid = Err(NoteError::InvalidSignature { name, id });
    let note = SignedNote::parse(format!("Another text.\n\n{PETER_LINE}")).unwrap();
    assert_eq!(note.verify(&[key(PETER)]), invalid);
    let longer = format!("{}ABCD{}", &PETER_LINE[..60], &PETER_LINE[60..]);
    let note = SignedNote::parse(format!("{TEXT}\n{ENOCH_LINE}{longer}")).unwrap();
    assert_eq!(note.verify(&[key(PETER), key(ENOCH)]), invalid);
    assert_eq!(names(&note, &[key(ENOCH)]), ["EnochRoot"]);
}

#[test]
fn keys_and_signatures_given_twice() {
    let note = SignedNote::parse(format!(
        "{TEXT}\n{PETER_LINE}{PETER_LINE}{ENOCH_LINE}{ENOCH_LINE}"
    ))
    .unwrap();
    assert_eq!(
        names(&note, &[key(ENOCH), key(ENOCH), key(PETER)]),
        ["PeterNeumann", "EnochRoot"]
    );
}

/// Two keys of one name whose ids, 4 bytes only, were searched for until they met.
#[test]
fn ambiguous_keys_are_refused() {
    let first = key("twins+aae08ee4+AdPvswm9R6YIqB23MWbk0jvNTecIb7vwp97M0+Th4tpj");
    let second = key("twins+aae08ee4+AahpStc7/B8OW78smIfiOOGsnEnqXuWFhjbAvVOcJKrb");
    let bytes = vec![0; 64];
    let mut note = SignedNote::sign(TEXT, &[&peter()]).unwrap();
    note.add_signature(NoteSignature::new(
        first.key_name().clone(),
        first.id(),
        bytes,
    ))
    .unwrap();
    let (name, id) = (first.key_name().clone(), first.id());
    let keys = [first, second, key(PETER)];
    assert_eq!(
        note.verify(&keys),
        Err(NoteError::AmbiguousKey { name, id })
    );
    let unused = SignedNote::sign(TEXT, &[&peter()]).unwrap();
    assert_eq!(names(&unused, &keys), ["PeterNeumann"]);
}

#[test]
fn empty_lines_belong_to_the_text() {
    let text = "one\n\ntwo\n\n\nthree\n";
    let note = SignedNote::sign(text, &[&peter()]).unwrap();
    let read = SignedNote::parse(note.to_string()).unwrap();
    assert_eq!(read.text(), text);
    assert_eq!(read, note);
    let newline = SignedNote::sign("\n", &[&peter()]).unwrap();
    assert_eq!(SignedNote::parse(newline.to_string()), Ok(newline));
}

/// golang/mod, sumdb/note/note_test.go, TestOpen, and one case for each further rule.
#[test]
fn malformed_notes() {
    let no_id = "— PeterNeumann x08g\n";
    let id_only = "— PeterNeumann x08gow==\n";
    for (note, error) in [
        (String::new(), NoteError::NoSignatures),
        (TEXT.to_owned(), NoteError::NoSignatures),
        (format!("{TEXT}\n"), NoteError::NoSignatures),
        (format!("{TEXT}{PETER_LINE}"), NoteError::NoSignatures),
        (PETER_LINE.to_owned(), NoteError::NoSignatures),
        (
            format!("{TEXT}\n{}", PETER_LINE.trim_end()),
            NoteError::SignatureLine,
        ),
        (format!("\x01{TEXT}\n{PETER_LINE}"), NoteError::NotText),
        (
            format!("{}\n{PETER_LINE}", TEXT.replace('\n', "\r\n")),
            NoteError::NotText,
        ),
        (format!("{TEXT}\t\n\n{PETER_LINE}"), NoteError::NotText),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "Bad Name")),
            NoteError::SignatureLine,
        ),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "a+b")),
            NoteError::Key(VerifierKeyError::Name),
        ),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "")),
            NoteError::Key(VerifierKeyError::Name),
        ),
        (
            format!("{TEXT}\n{PETER_LINE}Unexpected line.\n"),
            NoteError::SignatureLine,
        ),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace('—', "-")),
            NoteError::SignatureLine,
        ),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace("— ", "—")),
            NoteError::SignatureLine,
        ),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace("nAM=", "nAM")),
            NoteError::SignatureLine,
        ),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace("nAM=", "nAN=")),
            NoteError::SignatureLine,
        ),
        (
            format!("{TEXT}\n{}", PETER_LINE.replace("=\n", "= \n")),
            NoteError::SignatureLine,
        ),
        (format!("{TEXT}\n{no_id}"), NoteError::SignatureLine),
        (format!("{TEXT}\n{id_only}"), NoteError::SignatureLine),
        (
            format!("{TEXT}\n{}", PETER_LINE.repeat(101)),
            NoteError::TooManySignatures,
        ),
    ] {
        assert_eq!(SignedNote::parse(&note), Err(error), "{note:.300?}");
    }
    let longest = "a".repeat(MAX_NOTE_BYTES - "\n\n".len() - PETER_LINE.len());
    assert!(SignedNote::parse(format!("{longest}\n\n{PETER_LINE}")).is_ok());
    let bytes = MAX_NOTE_BYTES + 1;
    let too_long = SignedNote::parse(format!("{longest}a\n\n{PETER_LINE}"));
    assert!(too_long == Err(NoteError::TooLong { bytes }));
    let not_utf8 = [b"\xff", TEXT.as_bytes(), b"\n", PETER_LINE.as_bytes()].concat();
    assert_eq!(SignedNote::parse(not_utf8), Err(NoteError::NotText));
    assert!(SignedNote::parse(format!("{TEXT}\n{}", PETER_LINE.repeat(100))).is_ok());
}

#[test]
fn only_notes_that_can_be_read_are_signed() {
    let sign = |text: &str| SignedNote::sign(text, &[&peter()]).unwrap_err();
    assert_eq!(sign("abc"), NoteError::NotTerminated);
    assert_eq!(sign(""), NoteError::NotTerminated);
    assert_eq!(sign("a\rb\n"), NoteError::NotText);
    let too_long = sign(&format!("{}\n", "a".repeat(MAX_NOTE_BYTES)));
    assert!(matches!(too_long, NoteError::TooLong { .. }));
    assert_eq!(SignedNote::sign(TEXT, &[]), Err(NoteError::NoSignatures));
    assert_eq!(
        SignedNote::sign(TEXT, &[&Broken(peter())]),
        Err(NoteError::Sign(SignError))
    );
    let fits = MAX_NOTE_BYTES - "\n\n".len() - PETER_LINE.len();
    let largest = SignedNote::sign(format!("{}\n", "a".repeat(fits)), &[&peter()])
        .unwrap()
        .to_string();
    assert_eq!(largest.len(), MAX_NOTE_BYTES);
    assert!(SignedNote::parse(largest).is_ok());
}

#[test]
fn a_key_has_one_signature() {
    let mut note = SignedNote::sign(TEXT, &[&peter()]).unwrap();
    note.add_signature(ENOCH_LINE.trim_end().parse().unwrap())
        .unwrap();
    let peters = note.signatures()[0].clone();
    let bad = NoteSignature::new(peters.name().clone(), peters.id(), b"bad".to_vec());
    note.add_signature(bad.clone()).unwrap();
    assert_eq!(note.signatures()[0], bad);
    note.add_signature(peters).unwrap();
    assert_eq!(
        note.to_string(),
        format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}")
    );
    for number in note.signatures().len()..MAX_NOTE_SIGNATURES {
        let name = KeyName::new(format!("witness-{number}")).unwrap();
        note.add_signature(NoteSignature::new(name, bad.id(), vec![1]))
            .unwrap();
    }
    let name = KeyName::new("one-too-many").unwrap();
    let refused = note.add_signature(NoteSignature::new(name, bad.id(), vec![1]));
    assert_eq!(refused, Err(NoteError::TooManySignatures));
    assert_eq!(SignedNote::parse(note.to_string()), Ok(note));
}

/// Whatever bit of a note is changed: it is no note any more, or not one that the key signed.
#[test]
fn every_bit_counts() {
    let note = format!("{TEXT}\n{PETER_LINE}");
    let keys = [key(PETER)];
    for position in 0..8 * note.len() {
        let mut bytes = note.as_bytes().to_vec();
        bytes[position / 8] ^= 1 << (position % 8);
        if let Ok(changed) = SignedNote::parse(&bytes) {
            assert_eq!(changed.to_string().as_bytes(), bytes);
            assert!(changed.verify(&keys).is_err(), "bit {position}");
        }
    }
}

/// Checkpoints of Rekor v1 (ECDSA, an origin that is not the key's name, an extension line) and v2
/// (Ed25519).
#[test]
fn real_checkpoints() {
    let keys = fixtures::log_keys();
    for (folder, name, extensions) in [
        ("v1-hashedrekord", "rekor.sigstore.dev", 0),
        ("v1-dsse", "rekor.sigstore.dev", 0),
        ("v1-managed-key", "rekor.sigstore.dev", 0),
        ("v1-intoto-custom-root", "localhost:8000", 1),
        ("v2-hashedrekord", "log2025-alpha1.rekor.sigstage.dev", 0),
        ("v2-dsse", "log2025-alpha3.rekor.sigstage.dev", 0),
        ("v2-cosigned", "log2025-alpha1.rekor.sigstage.dev", 0),
    ] {
        let Some(entry) = fixtures::log_entry(folder) else {
            return;
        };
        let envelope = entry.inclusion_proof.checkpoint.envelope;
        let note = SignedNote::parse(&envelope).unwrap();
        assert_eq!(note.to_string(), envelope);
        assert_eq!(names(&note, &keys), [name]);
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        assert_eq!(checkpoint.to_string(), note.text());
        assert_eq!(checkpoint.extensions.len(), extensions);
        let altered = envelope.replacen('\n', "x\n", 1);
        let altered = SignedNote::parse(altered).unwrap();
        assert!(
            matches!(
                altered.verify(&keys),
                Err(NoteError::InvalidSignature { .. })
            ),
            "{folder}"
        );
    }
}

/// A signer whose key has gone.
struct Broken(Ed25519Signer);

impl NoteSigner for Broken {
    fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    fn sign(&self, _text: &str) -> Result<Vec<u8>, SignError> {
        Err(SignError)
    }
}
