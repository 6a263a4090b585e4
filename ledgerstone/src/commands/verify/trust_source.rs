//! Whom `verify` trusts, and where that is said.

use std::path::PathBuf;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_client::Instance;
use ledgerstone_client::Repository;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_client::TrustedRoot;
use tokio::runtime::Runtime;

use crate::files::read;
use crate::output;
use crate::trust;
use crate::trust::TrustedLogArguments;

/// Whom to trust.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("trusted")
        .required(true)
        .args(["trusted_root", "log_key", "tuf_url", "instance"])
)]
pub(crate) struct TrustSourceArguments {
    /// A Sigstore trusted root (trusted_root.json), or a client trust config that holds one.
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,

    /// The log's key: a C2SP verifier key, or a file that holds one or a PEM public key (the latter
    /// with --origin). Nobody is trusted to issue certificates.
    #[arg(long, value_name = "VKEY|FILE")]
    pub(crate) log_key: Option<String>,

    /// The name of the log, where --log-key is PEM.
    #[arg(
        long,
        value_name = "NAME",
        requires = "log_key",
        conflicts_with_all = ["trusted_root", "tuf_url", "instance"]
    )]
    pub(crate) origin: Option<String>,

    /// A TUF repository that has a trusted root. What it says is kept, and looked up anew each
    /// time.
    #[arg(long, value_name = "URL", requires = "tuf_root")]
    pub(crate) tuf_url: Option<String>,

    /// The root of that repository, as its operator handed it over: a root.json.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tuf_url",
        conflicts_with_all = ["trusted_root", "log_key", "instance"]
    )]
    pub(crate) tuf_root: Option<PathBuf>,

    /// An instance of Sigstore by its name, whose root comes with this program: sigstore, the
    /// public one.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::ValueParser::new(instance))]
    pub(crate) instance: Option<Instance>,

    /// Ask no repository: take what was kept of it, or what came with this program.
    #[arg(long)]
    pub(crate) offline: bool,

    /// Where what repositories say is kept [default: ledgerstone/tuf in the user's cache folder].
    #[arg(long, value_name = "DIR", env = "LEDGERSTONE_TUF_CACHE")]
    pub(crate) tuf_cache: Option<PathBuf>,
}

fn instance(name: &str) -> Result<Instance, String> {
    Instance::named(name).ok_or_else(|| {
        let names: Vec<_> = Instance::names().collect();
        format!("known are: {}", names.join(", "))
    })
}

/// Everybody who is trusted.
pub(crate) fn load(arguments: &TrustSourceArguments) -> anyhow::Result<TrustedRoot> {
    let root = match (&arguments.trusted_root, &arguments.log_key) {
        (Some(path), _) => {
            let json = read(path)?;
            let root = TrustedRoot::parse(&json).map_err(Error::from);
            root.with_context(|| trust::no_trusted_root(path, &json))?
        }
        (None, Some(_)) => of_log_key(arguments)?,
        (None, None) => of_repository(arguments)?,
    };
    for reason in root.left_out() {
        output::note(&format!("note: not trusted: {reason}"));
    }
    Ok(root)
}

fn of_log_key(arguments: &TrustSourceArguments) -> anyhow::Result<TrustedRoot> {
    let named = TrustedLogArguments {
        trusted_root: None,
        log_key: arguments.log_key.clone(),
        origin: arguments.origin.clone(),
    };
    let logs = trust::named(&named)?.context("give --trusted-root or --log-key")?;
    Ok(TrustedRoot::of_logs(logs))
}

fn of_repository(arguments: &TrustSourceArguments) -> anyhow::Result<TrustedRoot> {
    let folder = match &arguments.tuf_cache {
        Some(folder) => folder.clone(),
        None => cache_folder().context("name a folder with --tuf-cache")?,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = i64::try_from(now)?;
    let (url, root) = match (&arguments.instance, &arguments.tuf_url, &arguments.tuf_root) {
        (Some(instance), _, _) => (instance.url(), instance.root().to_vec()),
        (None, Some(url), Some(root)) => (url.as_str(), read(root)?),
        _ => anyhow::bail!("give --tuf-url with --tuf-root, or --instance"),
    };
    let repository = Repository::new(url, &root, &folder);
    if arguments.offline {
        let kept = repository.kept(now).map_err(Error::from)?;
        return match (kept, &arguments.instance) {
            (Some(root), _) => Ok(root),
            (None, Some(instance)) => Ok(instance.shipped().map_err(Error::from)?),
            (None, None) => Err(Error::from(repository.not_kept()).into()),
        };
    }
    let transport = Transport::new(url, TransportOptions::default()).map_err(Error::from)?;
    let runtime = Runtime::new().context("the async runtime cannot be started")?;
    let root = runtime.block_on(repository.refresh(&transport, now));
    root.map_err(Error::from).with_context(|| {
        format!("whom to trust could not be looked up at {url}; --offline takes what was kept")
    })
}

/// The user's folder for what can be had again (XDG Base Directory Specification).
fn cache_folder() -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = named("XDG_CACHE_HOME").map(PathBuf::from);
    let folder = folder.or_else(|| named("LOCALAPPDATA").map(PathBuf::from));
    let folder = folder.or_else(|| Some(PathBuf::from(named("HOME")?).join(".cache")));
    Some(folder?.join("ledgerstone").join("tuf"))
}
