//! The arguments of `verify`.

use std::path::PathBuf;

use clap::ArgGroup;
use clap::Args;

use crate::commands::verify::expected::ExpectedArguments;
use crate::commands::verify::trust_source::TrustSourceArguments;

pub(crate) const VERIFY_HELP: &str = "What is verified:
  The signature over the file. The log entry: that it is about this signature, key and file, and
  that the log holds it, by an inclusion proof and the checkpoint that the log signed, or in old
  bundles by its promise. Every time stamp (RFC 3161) and every promise in the bundle. Of a
  certificate: that an authority of the trusted root issued it and that it was valid at every
  time that is proven, that certificate logs hold it, and that it names whom you expect. Each
  authority and key within the time in which the trusted root trusts it. 'checked' lists each
  fact and what showed it, 'not checked' what the bundle claims beyond that.

Who has to have signed:
  A bundle with a certificate needs --certificate-identity with --certificate-oidc-issuer, or
  --github-repository, or the openly careless --any-identity; one that was made with a key needs
  --key. Everything else that is given has to be true as well.

Exit codes: 0 verified; 1 could not be done, for instance because nobody was expected; 2 does not
verify; 3 what is trusted could not be looked up.";

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("subject").required(true).multiple(true).args(["files", "digest"]))]
pub(crate) struct VerifyArguments {
    /// The files that were signed, and images: oci://ghcr.io/acme/app:1.2, or the same without
    /// oci:// where no file is called so; or oci-layout:DIR, with :TAG or @DIGEST behind it. Of an
    /// image the signatures are looked for that are attached to it, unless a --bundle is named.
    #[arg(value_name = "FILE|IMAGE")]
    pub(crate) files: Vec<PathBuf>,

    /// The digest of what was signed, where the file is not at hand: sha256:HEX, sha384:HEX or
    /// sha512:HEX.
    #[arg(
        long,
        value_name = "DIGEST",
        conflicts_with = "files",
        requires = "proof"
    )]
    pub(crate) digest: Option<String>,

    /// A bundle, instead of FILE.sigstore.json: of Sigstore, or one that cosign wrote before those.
    /// May be given more than once: each file needs one that verifies, and each bundle a file.
    #[arg(long, value_name = "PATH", group = "proof")]
    pub(crate) bundle: Vec<PathBuf>,

    /// A signature that lies in a file of its own: raw, base64, a DSSE envelope, or as ssh-keygen,
    /// minisign, signify or gpg make it.
    #[arg(long, value_name = "PATH", group = "proof", conflicts_with = "bundle")]
    pub(crate) signature: Option<PathBuf>,

    /// The certificate of that signature, PEM, with others of its chain behind it. It needs a
    /// --timestamp.
    #[arg(
        long,
        value_name = "PEM",
        requires = "signature",
        conflicts_with = "bundle"
    )]
    pub(crate) certificate: Option<PathBuf>,

    /// A time stamp over that signature, as an authority answers (RFC 3161, DER).
    #[arg(
        long,
        value_name = "PATH",
        requires = "signature",
        conflicts_with = "bundle"
    )]
    pub(crate) timestamp: Vec<PathBuf>,

    /// The log entry of that signature, as a Rekor v1 answers with it: an object with one entry
    /// under its id.
    #[arg(
        long,
        value_name = "JSON",
        requires = "signature",
        conflicts_with = "bundle"
    )]
    pub(crate) entry: Vec<PathBuf>,

    /// Rules of who has to have signed, TOML: see docs/verify.md.
    #[arg(long, value_name = "FILE", conflicts_with = "expected")]
    pub(crate) policy: Option<PathBuf>,

    /// Print the in-toto statement too.
    #[arg(long)]
    pub(crate) statement: bool,

    #[command(flatten)]
    pub(crate) expected: ExpectedArguments,

    #[command(flatten)]
    pub(crate) trust: TrustSourceArguments,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        _arguments: VerifyArguments,
    }

    /// An option that another one makes useless is refused, and not passed over: the library does
    /// not ask for what an option requires where that is in conflict with something given.
    #[test]
    fn what_would_not_be_looked_at_is_refused() {
        let given = "verify file --bundle b --trusted-root r --any-identity";
        let parse = |more: &str| {
            let words = given.split(' ').chain(more.split_whitespace());
            Command::try_parse_from(words)
        };
        assert!(parse("").is_ok());
        for useless in [
            "--certificate c",
            "--timestamp t",
            "--entry e",
            "--signature s",
            "--origin log.example.com",
            "--tuf-root r",
            "--log-key k",
        ] {
            assert!(parse(useless).is_err(), "{useless} is passed over");
        }
    }
}
