//! Names, numbers, types and labels, message by message.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use ledgerstone_proto::FILE_DESCRIPTOR_SET;
use prost_reflect::DescriptorPool;
use prost_reflect::ReflectMessage;
use prost_reflect::Value;
use sigstore_protobuf_specs::dev::sigstore as published;

const LOG: &str = "ledgerstone.v1.Log";

const REKOR: &str = "dev.sigstore.rekor.v2.Rekor";

pub(crate) fn our_pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap()
}

fn published_pool() -> DescriptorPool {
    let bundle = published::bundle::v1::Bundle::default();
    bundle.descriptor().parent_pool().clone()
}

fn is_sigstore(name: &str) -> bool {
    name.starts_with("dev.sigstore.") || name.starts_with("io.intoto.")
}

/// One line a field: number, name, JSON name, kind, label, choice.
fn fields(message: &prost_reflect::MessageDescriptor) -> BTreeSet<String> {
    let describe = |field: prost_reflect::FieldDescriptor| {
        format!(
            "{} {} {} {:?} {:?} optional={} oneof={:?}",
            field.number(),
            field.name(),
            field.json_name(),
            field.kind(),
            field.cardinality(),
            field.field_descriptor_proto().proto3_optional(),
            field
                .containing_oneof()
                .map(|oneof| oneof.name().to_owned()),
        )
    };
    message.fields().map(describe).collect()
}

fn values(enumeration: &prost_reflect::EnumDescriptor) -> BTreeSet<(i32, String)> {
    let describe =
        |value: prost_reflect::EnumValueDescriptor| (value.number(), value.name().to_owned());
    enumeration.values().map(describe).collect()
}

#[test]
fn messages_are_the_published_ones() {
    let (ours, published) = (our_pool(), published_pool());
    let mut compared = BTreeSet::new();
    for message in ours.all_messages().filter(|m| is_sigstore(m.full_name())) {
        if let Some(other) = published.get_message_by_name(message.full_name()) {
            assert_eq!(fields(&message), fields(&other), "{}", message.full_name());
            compared.insert(message.full_name().to_owned());
        }
    }

    let missing: Vec<String> = ours
        .all_messages()
        .map(|message| message.full_name().to_owned())
        .filter(|name| is_sigstore(name) && !compared.contains(name))
        .collect();
    let path_requests = ["TileRequest", "EntryBundleRequest"];
    assert_eq!(
        missing,
        path_requests.map(|name| format!("dev.sigstore.rekor.v2.{name}"))
    );
}

#[test]
fn no_published_message_is_missing() {
    let ours = our_pool();
    let packages = [
        "bundle.v1",
        "common.v1",
        "rekor.v1",
        "rekor.v2",
        "trustroot.v1",
    ]
    .map(|package| format!("dev.sigstore.{package}"));
    let mut seen = 0;
    for message in published_pool().all_messages() {
        if packages.iter().any(|name| message.package_name() == name) {
            assert!(
                ours.get_message_by_name(message.full_name()).is_some(),
                "{message:?}"
            );
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} messages are too few to be all");
}

/// The modules of Python's standard library (3.11). A folder of the same name would be a package of
/// the generated code that Python never finds, since its own comes first.
const PYTHON_MODULES: &str = "\
    abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb \
    binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop \
    collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg \
    crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email \
    encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib \
    functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html \
    http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 \
    linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib \
    msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse \
    os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix \
    posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue \
    quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors \
    shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 \
    sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess \
    sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this \
    threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle \
    turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref \
    webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo";

#[test]
fn generated_packages_are_not_hidden_by_modules_of_python() {
    let pool = our_pool();
    for file in pool.files() {
        let (folder, _) = file.name().split_once('/').unwrap();
        let mut modules = PYTHON_MODULES.split_whitespace();
        assert!(modules.all(|module| module != folder), "{}", file.name());
    }
    assert!(pool.get_message_by_name("io.intoto.Envelope").is_some());
}

#[test]
fn enums_are_the_published_ones() {
    let (ours, published) = (our_pool(), published_pool());
    let mut seen = 0;
    for enumeration in ours.all_enums().filter(|e| is_sigstore(e.full_name())) {
        let other = published.get_enum_by_name(enumeration.full_name()).unwrap();
        assert_eq!(
            values(&enumeration),
            values(&other),
            "{}",
            enumeration.full_name()
        );
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// The two messages that no published crate has.
#[test]
fn path_requests_have_upper_case_names() {
    let pool = our_pool();
    for (message, expected) in [
        ("TileRequest", &["1 L L uint32", "2 N N string"][..]),
        ("EntryBundleRequest", &["1 N N string"]),
    ] {
        let message = pool
            .get_message_by_name(&format!("dev.sigstore.rekor.v2.{message}"))
            .unwrap();
        let fields: Vec<String> = message
            .fields()
            .map(|f| {
                format!(
                    "{} {} {} {:?}",
                    f.number(),
                    f.name(),
                    f.json_name(),
                    f.kind()
                )
            })
            .collect();
        assert_eq!(fields, expected);
    }
}

#[test]
fn rekor_has_the_published_methods_and_paths() {
    let pool = our_pool();
    let http = pool.get_extension_by_name("google.api.http").unwrap();
    let service = pool.get_service_by_name(REKOR).unwrap();
    assert_eq!(service.full_name(), "dev.sigstore.rekor.v2.Rekor");

    let mut methods = BTreeMap::new();
    for method in service.methods() {
        assert!(!method.is_client_streaming() && !method.is_server_streaming());
        let options = method.options();
        let rule = options.get_extension(&http);
        let text = |name| match rule
            .as_message()
            .unwrap()
            .get_field_by_name(name)
            .as_deref()
        {
            Some(Value::String(text)) => text.clone(),
            other => panic!("{other:?}"),
        };
        let form = format!(
            "{} -> {}, get {:?}, post {:?}, body {:?}",
            method.input().full_name(),
            method.output().full_name(),
            text("get"),
            text("post"),
            text("body"),
        );
        methods.insert(method.name().to_owned(), form);
    }

    let expected = [
        (
            "CreateEntry",
            "dev.sigstore.rekor.v2.CreateEntryRequest -> \
             dev.sigstore.rekor.v1.TransparencyLogEntry, \
             get \"\", post \"/api/v2/log/entries\", body \"*\"",
        ),
        (
            "GetCheckpoint",
            "google.protobuf.Empty -> google.api.HttpBody, \
             get \"/api/v2/checkpoint\", post \"\", body \"\"",
        ),
        (
            "GetEntryBundle",
            "dev.sigstore.rekor.v2.EntryBundleRequest -> google.api.HttpBody, \
             get \"/api/v2/tile/entries/{N=**}\", post \"\", body \"\"",
        ),
        (
            "GetTile",
            "dev.sigstore.rekor.v2.TileRequest -> google.api.HttpBody, \
             get \"/api/v2/tile/{L}/{N=**}\", post \"\", body \"\"",
        ),
    ];
    let expected = expected.map(|(name, form)| (name.to_owned(), form.to_owned()));
    assert_eq!(methods, BTreeMap::from(expected));
}

#[test]
fn log_streams_where_it_says_so() {
    let service = our_pool().get_service_by_name(LOG).unwrap();
    assert_eq!(service.full_name(), "ledgerstone.v1.Log");
    let methods: Vec<_> = service
        .methods()
        .map(|m| {
            (
                m.name().to_owned(),
                m.is_client_streaming(),
                m.is_server_streaming(),
            )
        })
        .collect();
    let expected = [
        ("Append", false, false),
        ("AppendStream", true, true),
        ("ListTrees", false, false),
        ("GetTreeHead", false, false),
        ("GetEntry", false, false),
        ("ReadEntries", false, true),
        ("GetInclusionProof", false, false),
        ("GetConsistencyProof", false, false),
        ("WatchTreeHeads", false, true),
        ("WatchEntries", false, true),
        ("Search", false, false),
        ("AttachStatement", false, false),
        ("GetStatement", false, false),
    ];
    assert_eq!(
        methods,
        expected.map(|(name, up, down)| (name.to_owned(), up, down))
    );
}
