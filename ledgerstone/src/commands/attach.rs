//! `attach`: hands in the statements behind entries that hold no more than their hashes.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use bytes::Bytes;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Error;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_proto::log::v1::AttachedEntry;
use serde_json::Value;
use serde_json::json;

use crate::commands::verify::images::NamedImage;
use crate::connection::LogArguments;
use crate::connection::TreeArguments;
use crate::connection::transport;
use crate::connection::tree;
use crate::files::read_limited;
use crate::kind::FileKind;
use crate::output;

/// The longest file that is read, in bytes.
const MAX_FILE_BYTES: usize = 1 << 30;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["bundle", "oci"]))]
pub(crate) struct AttachArguments {
    /// A file with the statement: a Sigstore bundle, a DSSE envelope, several of either in lines
    /// (JSON Lines), the payload that cosign 2 signs for an image, or a statement or SBOM that was
    /// signed as it is. Can be given several times.
    #[arg(long, value_name = "FILE", visible_aliases = ["envelope", "payload"])]
    pub(crate) bundle: Vec<PathBuf>,

    /// An image in a registry, or oci-layout:DIR: all that is attached to it. Can be given
    /// several times.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) oci: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,
}

/// Some statements were not taken; each was told.
#[derive(Debug, thiserror::Error)]
#[error("{refused} of {all} statements were not taken")]
pub(crate) struct NotTaken {
    refused: usize,
    all: usize,
}

/// Something that may be a statement, and where it is from.
struct Found {
    name: String,
    json: Bytes,
}

pub(crate) async fn run(arguments: AttachArguments, json: bool) -> anyhow::Result<()> {
    let mut found = Vec::new();
    for path in &arguments.bundle {
        found.extend(in_file(path)?);
    }
    for image in &arguments.oci {
        found.extend(in_image(image).await?);
    }
    let api = tree(transport(&arguments.log)?, &arguments.tree);
    let mut refused = 0;
    for one in &found {
        match api.attach(one.json.clone()).await {
            Ok(entries) => print(one, &entries, json)?,
            // The others may be taken all the same.
            Err(error) if found.len() > 1 => {
                refused += 1;
                output::note(&format!("note: {}: {error}", one.name));
            }
            Err(error) => {
                return Err(anyhow::Error::from(Error::from(error)).context(one.name.clone()));
            }
        }
    }
    match refused {
        0 => Ok(()),
        refused => Err(NotTaken {
            refused,
            all: found.len(),
        }
        .into()),
    }
}

/// The statements in a file: it is one, or has one a line.
fn in_file(path: &Path) -> anyhow::Result<Vec<Found>> {
    let content = Bytes::from(read_limited(path, MAX_FILE_BYTES)?);
    let name = path.display().to_string();
    let Err(whole) = AttachedStatement::parse(&content) else {
        return Ok(vec![Found {
            name,
            json: content,
        }]);
    };
    let lines = content.split(|byte| *byte == b'\n').zip(1..);
    let lines: Vec<Found> = lines
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| Found {
            name: format!("{name}, line {number}"),
            json: content.slice_ref(line),
        })
        .filter(|found| AttachedStatement::parse(&found.json).is_ok())
        .collect();
    match lines.is_empty() {
        false => Ok(lines),
        true => Err(whole).with_context(|| {
            FileKind::of(&content).instead_of(path, "a bundle or an envelope is needed")
        }),
    }
}

/// The statements that are attached to an image.
async fn in_image(argument: &Path) -> anyhow::Result<Vec<Found>> {
    let named = NamedImage::parse(argument).map_err(Error::from)?;
    let named = named.with_context(|| {
        format!(
            "{} is no image: give its name in a registry, as in ghcr.io/acme/app:v1, or \
             oci-layout:DIR",
            argument.display()
        )
    })?;
    let (image, attached) = named.fetched(argument, true, false).await?;
    let mut found = Vec::new();
    for one in attached {
        match one.statement() {
            Some(json) => found.push(Found {
                name: one.name,
                json,
            }),
            None => output::note(&format!("note: {}: no statement is in it", one.name)),
        }
    }
    anyhow::ensure!(
        !found.is_empty(),
        "no statement is attached to {} ({})",
        image.name(),
        image.digest()
    );
    Ok(found)
}

fn print(found: &Found, entries: &[AttachedEntry], as_json: bool) -> anyhow::Result<()> {
    for entry in entries {
        if as_json {
            output::json(&value(found, entry))?;
            continue;
        }
        let done = match entry.known {
            true => "was kept before for",
            false => "is kept for",
        };
        output::line(&format!(
            "{} {done} entry {} of tree {}",
            found.name, entry.index, entry.tree_id
        ))?;
    }
    Ok(())
}

fn value(found: &Found, entry: &AttachedEntry) -> Value {
    json!({
        "statement": found.name,
        "treeId": entry.tree_id.to_string(),
        "index": entry.index,
        "leafHash": hex::encode(&entry.leaf_hash),
        "known": entry.known,
    })
}
