//! The arguments of `sign`.

use std::path::PathBuf;

use clap::Args;

use crate::connection::LogArguments;
use crate::trust::TrustedLogArguments;

pub(crate) const SIGN_HELP: &str = "Signing again:
  What is submitted is kept in FILE.sigstore.json.pending until its proof is written. After a
  time-out or a crash, the same command submits the same signature again, and the log answers
  with the entry that it has. So it does when FILE.sigstore.json holds a signature of this file
  by this key already: the bundle is written anew, with a newer proof. To log another signature
  of the same file, name another --bundle. A bundle of other file content is replaced with
  --key; a FILE.pub of another key stops the command before anything is submitted.";

#[derive(Args, Debug)]
pub(crate) struct SignArguments {
    /// The file to sign.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// A private key as PEM: PKCS#8, SEC 1, PKCS#1 or cosign's; ECDSA P-256, P-384, P-521, Ed25519
    /// or RSA. The password of an encrypted one is asked for, or taken from COSIGN_PASSWORD.
    /// Without one, an ECDSA P-256 key is made for this signature alone; its public half goes to
    /// FILE.pub (or PATH.pub, with --bundle PATH), its private half nowhere. A file of that name
    /// that holds anything else is never replaced.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    /// Where the bundle goes, instead of FILE.sigstore.json.
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}
