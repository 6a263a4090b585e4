//! What people copy from the help of each command.

use clap::Command;
use clap::builder::StyledStr;

/// A command by the words that name it, and lines that can be typed as they are.
pub(crate) struct Examples {
    pub(crate) command: &'static [&'static str],
    pub(crate) lines: &'static [&'static str],
}

const fn of(command: &'static [&'static str], lines: &'static [&'static str]) -> Examples {
    Examples { command, lines }
}

/// Every command of every build: those that a build lacks are passed over.
pub(crate) const EXAMPLES: &[Examples] = &[
    of(
        &[],
        &[
            "ledgerstone serve --data-dir data --origin log.example.com",
            "ledgerstone sign app.tar.gz",
            "ledgerstone verify app.tar.gz --key app.tar.gz.pub --log-key log.vkey",
            "ledgerstone search --key app.tar.gz.pub",
        ],
    ),
    of(
        &["serve"],
        &[
            "ledgerstone serve",
            "ledgerstone serve --data-dir data --origin log.example.com --listen 0.0.0.0:3000",
            "ledgerstone serve --config /etc/ledgerstone/ledgerstone.toml",
            "ledgerstone serve --print-config",
        ],
    ),
    of(
        &["sign"],
        &[
            "ledgerstone sign app.tar.gz",
            "ledgerstone sign app.tar.gz --key release.pem --url https://log.example.com",
            "COSIGN_PASSWORD=secret ledgerstone sign app.tar.gz --key cosign.key",
        ],
    ),
    of(
        &["submit"],
        &[
            "ledgerstone submit --signature app.sig --key release.pub --artifact app.tar.gz",
            "ledgerstone submit --dsse built.json --key release.pub --bundle built.sigstore.json",
        ],
    ),
    of(
        &["attach"],
        &[
            "ledgerstone attach --bundle built.sigstore.json",
            "ledgerstone attach --oci ghcr.io/acme/app:v1 --url https://log.example.com",
        ],
    ),
    of(
        &["verify"],
        &[
            "ledgerstone verify app.tar.gz --key release.pub --log-key log.vkey",
            "ledgerstone verify app.tar.gz --key release.pub --trusted-root trusted_root.json",
            "ledgerstone verify app.tar.gz --instance sigstore --github-repository owner/name",
        ],
    ),
    of(
        &["get"],
        &[
            "ledgerstone get --index 0",
            "ledgerstone get --index 0 --body",
            "ledgerstone get --index 0 --statement",
            "ledgerstone get --range 0..100 --json",
        ],
    ),
    of(
        &["search"],
        &[
            "ledgerstone search --key release.pub",
            "ledgerstone search --email me@example.com --since 2026-11-01",
            "ledgerstone search --subject build.example.com --limit 10 --json",
        ],
    ),
    of(
        &["recall"],
        &[
            "ledgerstone recall --rules watch.toml --out report",
            "ledgerstone recall --rules watch.toml --out report --scan --log-key log.vkey",
            "ledgerstone recall --check report --trusted-root trusted_root.json",
        ],
    ),
    of(
        &["proof"],
        &[
            "ledgerstone proof inclusion --index 0",
            "ledgerstone proof consistency --old-size 1",
        ],
    ),
    of(
        &["proof", "inclusion"],
        &[
            "ledgerstone proof inclusion --index 0",
            "ledgerstone proof inclusion --index 0 --tlog-proof entry-0.tlog-proof",
        ],
    ),
    of(
        &["proof", "consistency"],
        &[
            "ledgerstone proof consistency --old-size 1",
            "ledgerstone proof consistency --old-size 1 --new-size 2",
        ],
    ),
    of(
        &["audit"],
        &[
            "ledgerstone audit --log-key log.vkey",
            "ledgerstone audit --full --url https://log.example.com --log-key log.vkey",
        ],
    ),
    of(
        &["monitor"],
        &[
            "ledgerstone monitor --config watch.toml --once",
            "ledgerstone monitor --config watch.toml --interval 300 --log-key log.vkey",
        ],
    ),
    of(
        &["monitor", "test"],
        &["ledgerstone monitor test --config watch.toml"],
    ),
    of(
        &["trust"],
        &[
            "ledgerstone trust --out trust",
            "ledgerstone trust --out trust --url https://log.example.com --api-version 1",
            "ledgerstone trust --out trust --data-dir data --origin log.example.com",
        ],
    ),
    of(
        &["import"],
        &["ledgerstone import --from https://log.example.com --log-key log.vkey --data-dir data"],
    ),
    of(
        &["fsck"],
        &[
            "ledgerstone fsck --data-dir data",
            "ledgerstone fsck --data-dir data --json",
        ],
    ),
    of(
        &["reindex"],
        &[
            "ledgerstone reindex --data-dir data",
            "ledgerstone reindex --admin-url http://127.0.0.1:2112",
        ],
    ),
    of(
        &["detach"],
        &[
            "ledgerstone detach --index 0 --data-dir data",
            "ledgerstone detach --index 0 --admin-url http://127.0.0.1:2112",
        ],
    ),
    of(&["tree"], &["ledgerstone tree list --data-dir data"]),
    of(
        &["tree", "list"],
        &["ledgerstone tree list --data-dir data"],
    ),
    of(
        &["tree", "upgrade"],
        &["ledgerstone tree upgrade --data-dir data --v2-origin v2.log.example.com --dry-run"],
    ),
    of(
        &["ready"],
        &["ledgerstone ready --admin-url http://127.0.0.1:2112"],
    ),
    of(
        &["completions"],
        &["ledgerstone completions bash > ~/.local/share/bash-completion/completions/ledgerstone"],
    ),
    of(&["man"], &["ledgerstone man ~/.local/share/man/man1"]),
];

/// Puts the examples behind the help of each command.
pub(crate) fn add(grammar: Command) -> Command {
    EXAMPLES.iter().fold(grammar, add_one)
}

fn add_one(grammar: Command, examples: &Examples) -> Command {
    match examples.command {
        [] => with_lines(grammar, examples.lines),
        [name] => match grammar.find_subcommand(name) {
            Some(_) => grammar.mut_subcommand(name, |it| with_lines(it, examples.lines)),
            None => grammar,
        },
        [name, below @ ..] => match grammar.find_subcommand(name) {
            Some(_) => grammar.mut_subcommand(name, |it| {
                let (command, lines) = (below, examples.lines);
                add_one(it, &Examples { command, lines })
            }),
            None => grammar,
        },
    }
}

fn with_lines(command: Command, lines: &[&str]) -> Command {
    let mut text = StyledStr::from(format!("Examples:\n  {}", lines.join("\n  ")));
    let rest = command
        .get_after_long_help()
        .or_else(|| command.get_after_help());
    if let Some(rest) = rest {
        text = format!("{text}\n\n{rest}").into();
    }
    command.after_long_help(text)
}
