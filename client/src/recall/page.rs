//! A report as one HTML page, for people: no script, nothing from elsewhere, no link, and all text
//! escaped.

use std::fmt;
use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;
use sha2::Sha256;

use crate::recall::error::RecallError;
use crate::recall::hit::HitRule;
use crate::recall::hit::ReportHit;
use crate::recall::hit::ShownBy;
use crate::recall::report::RecallReport;
use crate::recall::table::RenderError;
use crate::recall::table::rule_names;

const STYLE: &str = "
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
code, pre, td.mono { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .4rem .6rem; text-align: left; \
vertical-align: top; }
.new { font-weight: bold; }
";

/// Writes the page.
pub(crate) fn write_page(
    report: &RecallReport,
    hits: impl Iterator<Item = Result<ReportHit, RecallError>>,
    out: &mut impl Write,
) -> Result<(), RenderError> {
    write_head(report, out)?;
    write_rules(report, out)?;
    write_trees(report, out)?;
    write_hits(report, hits, out)?;
    write_gone(report, out)?;
    writeln!(out, "</main>\n</body>\n</html>")?;
    Ok(())
}

fn write_head(report: &RecallReport, out: &mut impl Write) -> std::io::Result<()> {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Recall: {} entries</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Recall: {} entries, {} of them new</h1>",
        report.hits, report.hits, report.new_hits
    )?;
    writeln!(
        out,
        "<p>Of the log <code>{}</code>, made {} by {}, run {}.</p>\n\
         <p>Its hash is <code>{}</code>.</p>\n<p>This page proves nothing by itself. The files \
         beside it do: check them, and this page \
         with them, by <code>ledgerstone recall --check DIRECTORY --trusted-root FILE</code>, with \
         a \
         trusted root that you did not get from whom you got this report.</p>",
        Text(&report.url),
        Text(&report.time),
        Text(&report.generator),
        report.run,
        report.hash()
    )?;
    writeln!(out, "<h2>By whose word it is complete</h2>\n<ul>")?;
    for line in report.completeness() {
        writeln!(out, "<li>{}</li>", Text(&line))?;
    }
    writeln!(out, "</ul>")
}

fn write_rules(report: &RecallReport, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        "<h2>What was asked</h2>\n<table>\n<tr><th>Rule</th><th>Query</th><th>Expected</th></tr>"
    )?;
    for rule in &report.rules {
        writeln!(
            out,
            "<tr><td>{}</td><td class=\"mono\">{}</td><td class=\"mono\">{}</td></tr>",
            Text(&rule.name),
            Text(&rule.query),
            Text(rule.expected.as_deref().unwrap_or_default())
        )?;
    }
    writeln!(out, "</table>")
}

fn write_trees(report: &RecallReport, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "<h2>Signed heads</h2>")?;
    for tree in &report.trees {
        for head in tree.heads.iter().rev() {
            writeln!(
                out,
                "<details><summary>Tree {}, {} entries, run {}</summary><pre>{}</pre></details>",
                Text(&tree.tree_id),
                head.size,
                head.run,
                Text(&head.checkpoint)
            )?;
        }
    }
    Ok(())
}

fn write_hits(
    report: &RecallReport,
    hits: impl Iterator<Item = Result<ReportHit, RecallError>>,
    out: &mut impl Write,
) -> Result<(), RenderError> {
    writeln!(
        out,
        "<h2>Entries</h2>\n<table>\n<tr><th>Tree</th><th>Index</th><th>Logged at, by the word of \
        the \
         log</th><th>Kind</th><th>Signed by</th><th>Digests</th><th>Why</th></tr>"
    )?;
    for hit in hits {
        let hit = hit.map_err(RenderError::Hits)?;
        let entry = &hit.entry;
        let is_new = hit.found_in == report.run;
        writeln!(
            out,
            "<tr{}><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td>",
            if is_new { " class=\"new\"" } else { "" },
            Text(entry.tree_id.as_deref().unwrap_or_default()),
            entry.index.unwrap_or_default(),
            if is_new { " (new)" } else { "" },
            Text(entry.time.as_deref().unwrap_or("unknown")),
            Text(&entry.kind_text()),
        )?;
        writeln!(
            out,
            "<td class=\"mono\">{}</td><td class=\"mono\">{}</td><td>{}</td></tr>",
            Lines(&signers(&hit)),
            Lines(&digests(&hit)),
            Lines(&reasons(report, &hit)),
        )?;
    }
    writeln!(out, "</table>")?;
    Ok(())
}

fn signers(hit: &ReportHit) -> Vec<String> {
    let signers = hit.entry.signers.iter().flatten();
    let told = signers.flat_map(|signer| {
        let key = signer.key.iter().map(|key| format!("key {key}"));
        let issuer = signer
            .issuer
            .iter()
            .map(|issuer| format!("as {issuer} says"));
        let names = signer.subjects.iter().cloned();
        names.chain(issuer).chain(key).collect::<Vec<_>>()
    });
    told.collect()
}

fn digests(hit: &ReportHit) -> Vec<String> {
    let mut digests = vec![format!("entry {}", hit.entry.leaf_hash)];
    let told = hit.entry.digests.iter().flatten();
    digests.extend(told.map(|one| one.digest.clone()));
    digests
}

fn reasons(report: &RecallReport, hit: &ReportHit) -> Vec<String> {
    let names = rule_names(report, hit);
    let mut lines = Vec::new();
    for (rule, name) in hit.rules.iter().zip(names) {
        lines.push(name.to_owned());
        lines.extend(because(rule));
    }
    lines
}

fn because(rule: &HitRule) -> Vec<String> {
    let found = rule.found.iter().cloned();
    let unexpected = rule.unexpected.iter();
    let unexpected = unexpected.map(|signer| format!("not expected: {signer}"));
    let stated = (rule.shown_by == ShownBy::Statement)
        .then(|| "by the word of the log, which saw a statement".to_owned());
    found.chain(unexpected).chain(stated).collect()
}

fn write_gone(report: &RecallReport, out: &mut impl Write) -> std::io::Result<()> {
    if report.gone.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Found by an earlier run and not by this one</h2>\n<ul>"
    )?;
    for hit in &report.gone {
        let tree_id = Text(&hit.tree_id);
        writeln!(out, "<li>Entry {} of tree {tree_id}</li>", hit.index)?;
    }
    writeln!(out, "</ul>")
}

/// Text that came from elsewhere. No character of it is markup, steers the direction of text, or is
/// invisible.
struct Text<'t>(&'t str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' => f.write_str("\n")?,
                hidden if is_hidden(hidden) => write!(f, "\\u{{{:x}}}", u32::from(hidden))?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

/// Controls, and what changes the direction of text or has no width.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A line each.
struct Lines<'t>(&'t [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.0.iter().enumerate() {
            write!(f, "{}{}", if number == 0 { "" } else { "<br>" }, Text(line))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup_or_hides() {
        let text = "<script>alert('x')</script>\u{202e}\u{200b}\u{1b}&\"";
        assert_eq!(
            Text(text).to_string(),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u{202e}\\u{200b}\\u{1b}&amp;&quot;"
        );
        assert_eq!(Text("caf\u{e9}\n").to_string(), "caf\u{e9}\n");
    }
}
