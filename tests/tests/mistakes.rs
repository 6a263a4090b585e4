//! Thirty-six mistakes that people make, and the word in each answer that helps.

use std::fs;
use std::io::Write;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::KeyPair;

use crate::server::Server;
use crate::server::Site;
use crate::terminal::Terminal;

/// What `cosign generate-key-pair` wrote, behind `correct horse`.
const COSIGN_KEY: &str = "\
-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n\
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6\n\
OCwicCI6MX0sInNhbHQiOiJ0SnBuVHNxM25BcW9Sc1JvUE1jc0g0M1E0cmlpQVZa\n\
bXptL2pHdWdNSUlvPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94\n\
Iiwibm9uY2UiOiJxWitKWjlQaE1EZUpVejZGM2s0ODl5Z0Z0UWJFd2FGNyJ9LCJj\n\
aXBoZXJ0ZXh0IjoibGJmdmVIZ2lmbHRZM2hOS1NqV2VJTWJFdk5rR08wWWR6NEt1\n\
VkJVOXJVU0VGamh2cGQ3dlRsczBjOEdpSEZPVkZPNDYyeHBHYVUza1pnUWl1RzJH\n\
cG1UNXgvZkpwOFNKcU1tNEtGNDR4dm00WDQ3ZWg1enJlSko0Rko2U0RBZHhCMjNB\n\
N0dKUUhHbFF2RDkzNWtmQXJjd0dtd20rRmEvdkJrZnZRYUYvQjkyUWN5UEEzemVE\n\
RTVkQmZDQkJiVEVpT2d4cmZNS2lieTdNWFE9PSJ9\n\
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";

/// A log, one that speaks TLS, one whose certificate is an authority's, and the folder of somebody
/// who has signed `app.txt`.
struct Scene {
    terminal: Terminal,
    plain: Server,
    tls: Server,
    authority: Server,
}

/// A site that serves TLS for 127.0.0.1, whose certificate the terminal has in `name`.
fn tls_server(terminal: &Terminal, name: &str, is_ca: IsCa) -> Server {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = is_ca;
    let certificate = params.self_signed(&key).unwrap();
    terminal.write(name, &certificate.pem());
    let site = Site::new();
    let (chain, secret) = (site.path().join("chain.pem"), site.path().join("key.pem"));
    fs::write(&chain, certificate.pem()).unwrap();
    fs::write(&secret, key.serialize_pem()).unwrap();
    let site = site.with("--tls-certificate", chain.to_str().unwrap());
    site.with("--tls-key", secret.to_str().unwrap()).start()
}

impl Scene {
    fn new() -> Self {
        let terminal = Terminal::new();
        let authority = IsCa::Ca(BasicConstraints::Unconstrained);
        let scene = Self {
            plain: Server::start(),
            tls: tls_server(&terminal, "tls.pem", IsCa::ExplicitNoCa),
            authority: tls_server(&terminal, "ca.pem", authority),
            terminal,
        };
        scene.fill();
        scene
    }

    fn fill(&self) {
        let Self {
            terminal, plain, ..
        } = self;
        let url = &plain.url;
        terminal.write("app.txt", "what is signed\n");
        terminal.text(&format!("sign app.txt --url {url}"));
        terminal.text(&format!("trust --out trust --url {url}"));
        let bundle = terminal.read("app.txt.sigstore.json");
        terminal.write("other.txt", "what is signed\n");
        terminal.write("other.txt.bundle", &bundle);
        terminal.write("changed.txt", "what is not signed\n");
        terminal.write("changed.txt.sigstore.json", &bundle);
        let packed = fs::File::create(terminal.path("packed.json")).unwrap();
        let mut packed = GzEncoder::new(packed, Compression::default());
        packed.write_all(bundle.as_bytes()).unwrap();
        packed.finish().unwrap();
        fs::create_dir(terminal.path("folder")).unwrap();
        terminal.write("cosign.key", COSIGN_KEY);
        terminal.write("key.pem", &KeyPair::generate().unwrap().serialize_pem());
        terminal.write("id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me\n");
        let openssh =
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        terminal.write("id", openssh);
        terminal.write("watch.toml", "identites = []\n");
        self.sign_with_openssl();
    }

    /// A signature in base64 of many short lines, as `base64` writes it.
    fn sign_with_openssl(&self) {
        let signature = self.terminal.json(&format!(
            "sign app.txt --key key.pem --bundle by-key.json --url {}",
            self.plain.url
        ));
        assert_eq!(signature["jsonVersion"], 1);
        let bundle: serde_json::Value =
            serde_json::from_str(&self.terminal.read("by-key.json")).unwrap();
        let signature = bundle["messageSignature"]["signature"].as_str().unwrap();
        assert!(STANDARD.decode(signature).is_ok());
        let lines: Vec<&str> = (0..signature.len())
            .step_by(20)
            .map(|at| &signature[at..signature.len().min(at + 20)])
            .collect();
        self.terminal.write("app.sig", &lines.join("\n"));
        let key = KeyPair::from_pem(&self.terminal.read("key.pem")).unwrap();
        self.terminal.write("key.pub", &key.public_key_pem());
    }

    /// Types a line that has to fail with `code`, in words and as JSON, and be told `help`.
    fn answers(&self, code: i32, line: &str, help: &str) {
        let output = self.terminal.run(line);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {told}");
        assert!(told.contains(help), "{line}: no {help:?} in: {told}");
        let output = self.terminal.run(&format!("{line} --json"));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let message = told["error"]["message"].as_str().unwrap();
        assert!(message.contains(help), "{line} --json: {message}");
    }

    /// Types a line in which nothing is wrong any more.
    fn works(&self, line: &str) {
        self.terminal.text(line);
    }
}

#[test]
fn each_of_thirty_six_mistakes_gets_an_answer_that_helps() {
    let scene = Scene::new();
    let mut made = addresses(&scene);
    made += keys(&scene);
    made += files(&scene);
    made += values(&scene);
    made += operators(&scene);
    assert_eq!(made, 36);
}

fn addresses(scene: &Scene) -> usize {
    let at = |url: &str| format!("get --index 0 --url {url}");
    let host = scene.plain.address();
    let (port, tls) = (host.rsplit(':').next().unwrap(), scene.tls.address());
    let by_name = format!("https://localhost:{}", tls.rsplit(':').next().unwrap());
    let trusting = |certificate: &str, url: &str| {
        format!("SSL_CERT_FILE={certificate} ledgerstone {}", at(url))
    };
    let mistakes = [
        // Without a scheme.
        (
            1,
            at(&format!("localhost:{port}")),
            format!("write http://localhost:{port}"),
        ),
        // The wrong one of two.
        (
            3,
            at(&format!("https://{host}")),
            format!("use http://{host}"),
        ),
        (
            3,
            at(&format!("http://{tls}")),
            format!("use https://{tls}"),
        ),
        (1, at(&format!("ftp://{host}")), "not by ftp://".to_owned()),
        // Certificates.
        (3, at(&scene.tls.url), "SSL_CERT_FILE".to_owned()),
        (
            3,
            trusting("ca.pem", &scene.authority.url),
            "CA:FALSE".to_owned(),
        ),
        (
            3,
            trusting("tls.pem", &by_name),
            "use a name that it is for".to_owned(),
        ),
        // Somewhere else.
        (
            3,
            at("http://127.0.0.1:1"),
            "nothing listens at 127.0.0.1:1".to_owned(),
        ),
        (3, at("http://log.invalid"), "check its spelling".to_owned()),
        (
            1,
            at(&format!("http://{host}/checkpoint")),
            format!("write http://{host}"),
        ),
        (1, at(&scene.plain.admin_url), "`listening on`".to_owned()),
    ];
    let count = mistakes.len();
    for (code, line, help) in mistakes {
        scene.answers(code, &line, &help);
    }
    count
}

fn keys(scene: &Scene) -> usize {
    let url = &scene.plain.url;
    let sign = |key: &str| format!("sign app.txt --bundle new.json --url {url} --key {key}");
    let verify = |rest: &str| format!("verify app.txt {rest}");
    let mistakes = [
        (1, sign("cosign.key"), "COSIGN_PASSWORD"),
        (
            1,
            format!("COSIGN_PASSWORD=wrong ledgerstone {}", sign("cosign.key")),
            "the password is not that of this key",
        ),
        (1, sign("app.txt.pub"), "is a public key; a private key"),
        (1, sign("id"), "ssh-keygen -p -m PKCS8"),
        (
            1,
            verify("--log-key trust/log.vkey --key key.pem"),
            "is a private key; a public key",
        ),
        (
            1,
            format!("search --key id.pub --url {url}"),
            "is a public key of OpenSSH; a public key or certificate (PEM)",
        ),
        (
            1,
            verify("--log-key trust/log-ed25519.pub --key app.txt.pub"),
            "--origin",
        ),
        (
            1,
            verify("--log-key trust/trusted_root.json --key app.txt.pub"),
            "is a trusted root; a verifier key",
        ),
        (
            1,
            verify("--trusted-root trust/signing_config.v0.2.json --key app.txt.pub"),
            "is a signing config; a trusted root",
        ),
    ];
    let count = mistakes.len();
    for (code, line, help) in mistakes {
        scene.answers(code, &line, help);
    }
    count
}

fn files(scene: &Scene) -> usize {
    let url = &scene.plain.url;
    let trust = "--key app.txt.pub --trusted-root trust/trusted_root.json";
    let mistakes = [
        (
            1,
            "verify app.txt".to_owned(),
            "add --trusted-root trust/trusted_root.json",
        ),
        (
            1,
            "verify app.txt --trusted-root trust/trusted_root.json".to_owned(),
            "add --key app.txt.pub",
        ),
        (
            1,
            format!("verify other.txt {trust}"),
            "beside it lies other.txt, other.txt.bundle",
        ),
        (
            1,
            format!("verify app.txt.sigstore.json {trust}"),
            "name the file that was signed",
        ),
        (
            2,
            format!("verify app.txt --bundle packed.json {trust}"),
            "gzip -d",
        ),
        (2, format!("verify changed.txt {trust}"), "another artifact"),
        (1, format!("sign folder --url {url}"), "is a directory"),
        (1, format!("sign appp.txt --url {url}"), "app.txt"),
    ];
    let count = mistakes.len();
    for (code, line, help) in mistakes {
        scene.answers(code, &line, help);
    }
    // Base64 in lines, which is no mistake any more.
    scene.works(&format!(
        "submit --signature app.sig --key key.pub --artifact app.txt --url {url}"
    ));
    count + 1
}

fn values(scene: &Scene) -> usize {
    let url = &scene.plain.url;
    let mistakes = [
        (
            1,
            format!("search --key key.pub --since yesterday --url {url}"),
            "2026-11-01",
        ),
        (1, format!("get --range 5-9 --url {url}"), "0..100"),
        (
            1,
            format!("proof consistency --old-size 99 --url {url}"),
            "fewer than the 99 that were asked for",
        ),
    ];
    let count = mistakes.len();
    for (code, line, help) in mistakes {
        scene.answers(code, &line, help);
    }
    // Plain dates, which are no mistake any more.
    scene.works(&format!(
        "search --key key.pub --since 2026-11-01 --url {url}"
    ));
    count + 1
}

fn operators(scene: &Scene) -> usize {
    let data_dir = scene.plain.site.data_dir();
    let taken = scene.plain.address();
    let mistakes = [
        (1, "srve".to_owned(), "'serve'"),
        (
            1,
            format!("fsck --data-dir {}", data_dir.display()),
            "stop the process",
        ),
        (
            1,
            format!("serve --data-dir new --admin-listen 127.0.0.1:0 --listen {taken}"),
            "--listen",
        ),
    ];
    let count = mistakes.len();
    for (code, line, help) in mistakes {
        scene.answers(code, &line, help);
    }
    count
}

#[test]
fn the_commands_that_are_printed_can_be_pasted() {
    let (terminal, server) = (Terminal::new(), Server::start());
    fs::create_dir(terminal.path("my files")).unwrap();
    terminal.write("my files/it's.txt", "what is signed\n");
    let paste = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(&terminal.directory);
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let program = crate::server::binary();
    let sign = format!(
        "{} sign 'my files/it'\\''s.txt' --json --url {}",
        program.display(),
        server.url
    );
    let signed: serde_json::Value = serde_json::from_str(&paste(&sign)).unwrap();
    let verify = signed["verifyCommand"].as_str().unwrap();
    assert!(paste(verify).contains("verified"));
}

#[test]
fn colours_are_for_terminals() {
    let terminal = Terminal::new();
    for line in ["--help", "nonsense", "serve --help"] {
        let output = terminal.run(line);
        let escape = |bytes: &[u8]| bytes.contains(&0x1b);
        assert!(!escape(&output.stdout) && !escape(&output.stderr), "{line}");
    }
}
