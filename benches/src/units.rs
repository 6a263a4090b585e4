use std::path::PathBuf;

use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1;
use aws_lc_rs::signature::KeyPair;
use aws_lc_rs::signature::UnparsedPublicKey;
use clap::Args;
use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;
use ledgerstone_entry::Policy;
use ledgerstone_entry::prepare;

use crate::machine::Machine;
use crate::machine::SyncLatency;
use crate::machine::time_of;
use crate::report::Column;
use crate::report::Report;
use crate::requests::Body;
use crate::requests::Signer;
use crate::requests::new_key;
use crate::server;

/// The arguments of `verify-unit`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Directory on the disk whose sync is measured [default: the current one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Windows of calls, each timed as a whole. The figure is the median window's.
const WINDOWS: usize = 21;
const CALLS: usize = 100;

/// About as long as a checkpoint.
const CHECKPOINT_BYTES: usize = 100;

/// Measures each unit on one thread, in processor time.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let mut report = Report::new("verify-unit", Machine::look());
    let directory = server::directory(arguments.dir.as_deref())?;
    let sync = SyncLatency::measure(directory.path())?;
    let ed25519 = SigningKey::from_bytes(&[7; 32]);
    let checkpoint = [0x2a; CHECKPOINT_BYTES];
    let ed25519_micros = time_of(WINDOWS, CALLS, |_| {
        std::hint::black_box(ed25519.sign(&checkpoint));
    }) / 1e3;
    let key = new_key()?;
    let random = SystemRandom::new();
    let p256_micros = time_of(WINDOWS, CALLS, |_| {
        let signature = key.sign(&random, &checkpoint);
        assert!(signature.is_ok(), "the key does not sign");
    }) / 1e3;
    let verification = verification_micros()?;
    let key_micros = prepare_micros(Body::Key)?;
    let cert_micros = prepare_micros(Body::Cert)?;
    let column = Column::new("one")
        .figure(
            "P-256 verification, aws-lc-rs, us (V)",
            "verificationMicros",
            verification,
            1,
        )
        .figure(
            "P-256 signature, aws-lc-rs, us",
            "p256SignMicros",
            p256_micros,
            1,
        )
        .figure(
            "Ed25519 signature, ed25519-dalek, us",
            "ed25519SignMicros",
            ed25519_micros,
            1,
        )
        .figure(
            "entry with a key verified and made canonical, us",
            "prepareKeyMicros",
            key_micros,
            1,
        )
        .figure(
            "the same with a certificate, us",
            "prepareCertMicros",
            cert_micros,
            1,
        )
        .figure(
            "the first of these two, in V",
            "prepareKeyInVerifications",
            key_micros / verification,
            2,
        )
        .figure(
            "the second, in V",
            "prepareCertInVerifications",
            cert_micros / verification,
            2,
        )
        .figure(
            "disk sync of 4 KiB, median, ms",
            "syncMedianMs",
            sync.median(),
            2,
        )
        .figure("disk sync of 4 KiB, p99, ms", "syncP99Ms", sync.p99(), 2);
    report.push(column);
    Ok(report)
}

/// The processor time of one P-256 verification by aws-lc-rs, the key parsed each time as entries
/// need it, in microseconds. Everything else that a server does for an entry is measured in this
/// unit.
pub(crate) fn verification_micros() -> anyhow::Result<f64> {
    let random = SystemRandom::new();
    let sign = |number: usize| {
        let (key, message) = (new_key()?, number.to_be_bytes());
        let signature = key
            .sign(&random, &message)
            .context("the key does not sign")?;
        anyhow::Ok((key.public_key().as_ref().to_vec(), message, signature))
    };
    let signed: anyhow::Result<Vec<_>> = (0..CALLS).map(sign).collect();
    let signed = signed?;
    let nanos = time_of(WINDOWS, CALLS, |call| {
        let (key, message, signature) = &signed[call % CALLS];
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key);
        assert!(
            key.verify(message, signature.as_ref()).is_ok(),
            "a good signature does not verify"
        );
    });
    Ok(nanos / 1e3)
}

/// The processor time of all that is done for an entry before it goes to the sequencer, but for
/// HTTP and JSON.
fn prepare_micros(body: Body) -> anyhow::Result<f64> {
    let requests = Signer::new(body)?.requests(CALLS)?;
    let policy = Policy::default();
    let nanos = time_of(WINDOWS, CALLS, |call| {
        let prepared = prepare(&requests[call % CALLS], &policy);
        assert!(prepared.is_ok(), "a good entry is refused");
    });
    Ok(nanos / 1e3)
}
