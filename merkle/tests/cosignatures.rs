//! Cosignatures of real witnesses, and one made with another implementation.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Cosignature;
use ledgerstone_merkle::CosignatureError;
use ledgerstone_merkle::CosignatureSigner;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::NoteSignature;
use ledgerstone_merkle::NoteSignatureError;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;

use crate::fixtures;
use crate::fixtures::decode;

const TEXT: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const TIME: u64 = 1_679_315_147;
const NAME: &str = "witness.example.com/w1";

/// By the published key of Go's note tests, over the specification's example, made with `openssl
/// pkeyutl -sign -rawin`.
const LINE: &str = "— witness.example.com/w1 1GorGwAAAABkGFDLJeR//pqzhnEKVvEm2wWbh2RJ6oru5+cUUfm5X9\
    NnlaGr8aSH9QE5RVZD4QGlxl2F5UpVIIi94p178KLfqPPsAA==";
const VKEY: &str = "witness.example.com/w1+d46a2b1b+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fn seed() -> [u8; 32] {
    decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1..]
        .try_into()
        .unwrap()
}

/// The keys of the witnesses of v2-dsse, as their operators publish them.
const WITNESSES: [&str; 3] = [
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    "staging.witness.transparency.goog/ring-any-bells+2e1a8dc9+BG5JTpLc3FJtwzgh1Uv+Qelz9qeOH2bfWjS1\
     s0s+y4rL",
    "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G",
];

#[test]
fn the_example_of_the_specification() {
    let line = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9\
        dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
    let signature: NoteSignature = line.parse().unwrap();
    assert_eq!(signature.id().to_string(), "8d66cf3f");
    let cosignature = Cosignature::from_bytes(signature.bytes()).unwrap();
    assert_eq!(cosignature.timestamp(), TIME);
    assert_eq!(cosignature.to_bytes(), signature.bytes());
    assert_eq!(signature.to_string(), line);
}

/// transparency-dev/formats, note/note_cosigv1_test.go, TestCoSigV1Timestamp.
#[test]
fn published_times() {
    let works = "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOw\
        orDcFiEBYJXORmnFBOBA==";
    assert_eq!(
        Cosignature::from_bytes(&decode(works)[4..])
            .unwrap()
            .timestamp(),
        1_727_964_367
    );
    let plain = "eQjRQm6eSKzFoiYalgwCPXu2y3ijtg68is9M46JKxuZB+dRfTmeQeDBoXnvxZx2ugnkyV+MUMLXpWs1hPb\
        /W/4xkNQY=";
    let refused = Cosignature::from_bytes(&decode(plain)[4..]);
    assert_eq!(refused, Err(CosignatureError::Length { bytes: 64 }));
}

#[test]
fn another_implementation_signs_the_same() {
    let signer = CosignatureSigner::from_seed(NAME, &seed()).unwrap();
    assert_eq!(signer.verifier().to_string(), VKEY);
    let checkpoint = Checkpoint::parse(TEXT).unwrap();
    assert_eq!(signer.cosign(&checkpoint, TIME).unwrap().to_string(), LINE);
}

#[test]
fn each_part_is_signed() {
    let key: VerifierKey = VKEY.parse().unwrap();
    let signer = CosignatureSigner::from_seed(NAME, &seed()).unwrap();
    let text = format!("{TEXT}an extension\n");
    let signature = signer
        .cosign(&Checkpoint::parse(&text).unwrap(), TIME)
        .unwrap();
    assert_eq!(key.verify(&text, signature.bytes()), Ok(()));
    assert_eq!(key.verify(TEXT, signature.bytes()), Err(NoteSignatureError));
    assert_eq!(
        key.verify(&text.replace("an ext", "no ext"), signature.bytes()),
        Err(NoteSignatureError)
    );
    for position in 0..Cosignature::LENGTH {
        let mut bytes = signature.bytes().to_vec();
        bytes[position] ^= 1;
        assert_eq!(
            key.verify(&text, &bytes),
            Err(NoteSignatureError),
            "byte {position}"
        );
    }
    assert_eq!(
        key.verify(&text, &signature.bytes()[8..]),
        Err(NoteSignatureError)
    );
}

#[test]
fn a_time_fits_63_bits() {
    let timestamp = Cosignature::MAX_TIMESTAMP + 1;
    let signer = CosignatureSigner::from_seed(NAME, &seed()).unwrap();
    let checkpoint = Checkpoint::parse(TEXT).unwrap();
    let refused = CosignatureError::Timestamp { timestamp };
    assert_eq!(signer.cosign(&checkpoint, timestamp), Err(refused));
    let bytes = [&timestamp.to_be_bytes()[..], &[0; 64]].concat();
    assert_eq!(Cosignature::from_bytes(&bytes), Err(refused));
    let last = signer
        .cosign(&checkpoint, Cosignature::MAX_TIMESTAMP)
        .unwrap();
    assert_eq!(
        Cosignature::from_bytes(last.bytes()).unwrap().timestamp(),
        Cosignature::MAX_TIMESTAMP
    );
}

/// A log and a witness with the same private key: their ids differ, and neither can speak for the
/// other.
#[test]
fn a_cosignature_is_no_log_signature() {
    let log = Ed25519Signer::from_seed(NAME, &seed()).unwrap();
    let witness = CosignatureSigner::from_seed(NAME, &seed()).unwrap();
    assert_ne!(log.verifier().id(), witness.verifier().id());
    let mut note = SignedNote::sign(TEXT, &[&log]).unwrap();
    note.add_signature(
        witness
            .cosign(&Checkpoint::parse(TEXT).unwrap(), TIME)
            .unwrap(),
    )
    .unwrap();
    let keys = [log.verifier().clone(), witness.verifier().clone()];
    assert_eq!(note.verify(&keys).unwrap(), [&keys[0], &keys[1]]);
    let mut swapped = note.clone();
    let bytes = note.signatures()[0].bytes().to_vec();
    let by_witness = NoteSignature::new(keys[1].key_name().clone(), keys[1].id(), bytes);
    swapped.add_signature(by_witness).unwrap();
    assert!(matches!(
        swapped.verify(&keys),
        Err(NoteError::InvalidSignature { .. })
    ));
}

/// What witnesses answer goes under a checkpoint that was signed before, and changes nothing else.
#[test]
fn a_signed_checkpoint_gets_cosignatures_later() {
    let log = Ed25519Signer::from_seed("example.com/behind-the-sofa", &[7; 32]).unwrap();
    let signed = SignedNote::sign(TEXT, &[&log]).unwrap();
    let published = signed.to_string();
    let witness: VerifierKey = VKEY.parse().unwrap();
    let second = CosignatureSigner::from_seed("witness.example.com/w2", &[2; 32]).unwrap();
    let checkpoint = Checkpoint::parse(TEXT).unwrap();
    let by_second = second.cosign(&checkpoint, TIME).unwrap();
    let keys = [witness, second.verifier().clone()];

    // Lines by keys that are not asked for are left out, those of other witnesses too.
    let mut note = signed;
    let answer = format!("{LINE}\n{by_second}\n");
    let added = note.add_verified_lines(&answer, &keys[..1]);
    assert_eq!(added, Ok(vec![&keys[0]]));
    assert_eq!(note.to_string(), format!("{published}{LINE}\n"));
    let added = note.add_verified_lines(&answer, &keys).unwrap();
    assert_eq!(added, [&keys[0], &keys[1]]);
    assert_eq!(
        note.to_string(),
        format!("{published}{LINE}\n{by_second}\n")
    );
    let log_key = [log.verifier().clone()];
    assert_eq!(note.verify(&log_key).unwrap(), [&log_key[0]]);

    // A later cosignature takes the place of the one before.
    let later = second.cosign(&checkpoint, TIME + 1).unwrap();
    note.add_verified_lines(&format!("{later}\n"), &keys)
        .unwrap();
    assert_eq!(note.to_string(), format!("{published}{LINE}\n{later}\n"));
}

#[test]
fn what_is_no_cosignature_of_this_checkpoint_changes_nothing() {
    let log = Ed25519Signer::from_seed("example.com/behind-the-sofa", &[7; 32]).unwrap();
    let mut note = SignedNote::sign(TEXT, &[&log]).unwrap();
    let before = note.clone();
    let witness = CosignatureSigner::from_seed(NAME, &seed()).unwrap();
    let keys = [witness.verifier().clone()];
    let mut other = Checkpoint::parse(TEXT).unwrap();
    other.origin = "example.com/another".to_owned();
    let of_another = witness.cosign(&other, TIME).unwrap();
    let (name, id) = (keys[0].key_name().clone(), keys[0].id());
    for (lines, error) in [
        (String::new(), NoteError::NoSignatures),
        (LINE.to_owned(), NoteError::SignatureLine),
        (format!("{LINE}\n\n"), NoteError::SignatureLine),
        (
            format!("{of_another}\n"),
            NoteError::InvalidSignature {
                name: name.clone(),
                id,
            },
        ),
        // One that is right does not save one that is wrong.
        (
            format!("{LINE}\n{of_another}\n"),
            NoteError::InvalidSignature { name, id },
        ),
        (
            format!("{}\n", before.signatures()[0]),
            NoteError::NoKnownKey,
        ),
    ] {
        assert_eq!(
            note.add_verified_lines(&lines, &keys),
            Err(error),
            "{lines}"
        );
        assert_eq!(note, before);
    }
}

#[test]
fn real_witnesses() {
    let Some(entry) = fixtures::log_entry("v2-dsse") else {
        return;
    };
    let keys: Vec<VerifierKey> = WITNESSES.iter().map(|vkey| vkey.parse().unwrap()).collect();
    let note = SignedNote::parse(entry.inclusion_proof.checkpoint.envelope).unwrap();
    assert_eq!(note.verify(&keys).unwrap(), keys.iter().collect::<Vec<_>>());
    let times = note.signatures()[1..]
        .iter()
        .map(|line| Cosignature::from_bytes(line.bytes()).unwrap().timestamp());
    assert!(times.eq([1_778_700_214; 3]));
}
