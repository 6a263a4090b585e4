//! The files that are made from a report and its hits: for people, and for other programs.

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;

use crate::recall::directory::RecallDirectory;
use crate::recall::entry_files::bundle;
use crate::recall::entry_files::entry_json;
use crate::recall::entry_files::log_entry;
use crate::recall::error::RecallError;
use crate::recall::hit::failed;
use crate::recall::page::write_page;
use crate::recall::report::RecallReport;
use crate::recall::table::RenderError;
use crate::recall::table::write_csv;
use crate::trust::checkpoint::SignedCheckpoint;

/// Writes what is made from the report and its hits.
pub(super) fn write_derived(
    directory: &RecallDirectory,
    report: &RecallReport,
    pinned: &BTreeMap<u64, SignedCheckpoint>,
) -> Result<(), RecallError> {
    let run = report.run;
    let hits = || directory.read_hits(run).map_err(RenderError::Hits);
    write_file(&directory.csv(run), |out| write_csv(report, hits()?, out))?;
    write_file(&directory.page(run), |out| write_page(report, hits()?, out))?;
    for hit in directory.read_hits(run)? {
        let hit = hit?;
        let Some((tree_id, index)) = hit.place() else {
            continue;
        };
        let Some(head) = pinned.get(&tree_id) else {
            continue;
        };
        let body = hit.entry.body_bytes().unwrap_or_default();
        let entry = log_entry(&hit, &body, head);
        let path = directory.entry(run, tree_id, index);
        write_text(&path, &entry_json(&entry))?;
        if let Some(bundle) = bundle(entry) {
            write_text(&directory.bundle(run, tree_id, index), &bundle.to_json())?;
        }
    }
    Ok(())
}

fn write_text(path: &Path, text: &str) -> Result<(), RecallError> {
    fs::write(path, text).map_err(|source| failed(path, source))
}

fn write_file(
    path: &Path,
    render: impl FnOnce(&mut BufWriter<File>) -> Result<(), RenderError>,
) -> Result<(), RecallError> {
    let io = |source: io::Error| failed(path, source);
    let mut out = BufWriter::new(File::create(path).map_err(io)?);
    match render(&mut out) {
        Ok(()) => {}
        Err(RenderError::Hits(error)) => return Err(error),
        Err(RenderError::Write(error)) => return Err(io(error)),
    }
    out.flush().map_err(io)
}
