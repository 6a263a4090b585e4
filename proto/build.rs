//! Compiles the `.proto` files of this folder into messages, services and their JSON form.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use prost::Message as _;
use prost_types::DescriptorProto;
use prost_types::FileDescriptorSet;

const PROTO_FILES: [&str; 9] = [
    "dev/sigstore/bundle/v1/bundle.proto",
    "dev/sigstore/common/v1/common.proto",
    "dev/sigstore/rekor/v1/rekor.proto",
    "dev/sigstore/rekor/v2/rekor.proto",
    "dev/sigstore/trustroot/v1/trustroot.proto",
    "google/api/annotations.proto",
    "google/api/httpbody.proto",
    "ledgerstone/intoto/envelope.proto",
    "ledgerstone/v1/log.proto",
];

/// Packages that are replies: every field is written, as clients of the REST interfaces expect.
const REPLY_PACKAGES: [&str; 2] = [".dev.sigstore.rekor.v1", ".ledgerstone.v1"];

/// Packages of requests and files: unset fields are left out.
const DOCUMENT_PACKAGES: [&str; 5] = [
    ".dev.sigstore.bundle.v1",
    ".dev.sigstore.common.v1",
    ".dev.sigstore.rekor.v2",
    ".dev.sigstore.trustroot.v1",
    ".io.intoto",
];

const TIMESTAMP: &str = ".google.protobuf.Timestamp";

fn main() -> Result<(), Box<dyn Error>> {
    for folder in ["dev", "google", "ledgerstone"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);
    let descriptors = compile_descriptors()?;
    fs::write(out_dir.join("descriptors.bin"), &descriptors)?;

    generate_messages(&out_dir, &descriptors)?;
    generate_json(&out_dir, &descriptors)?;
    Ok(())
}

/// Encodes straight from the compiler: its `prost_types` form would drop the HTTP options, which
/// reflection is to show.
fn compile_descriptors() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut compiler = protox::Compiler::new(["."])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(PROTO_FILES)?;
    Ok(compiler.encode_file_descriptor_set())
}

fn generate_messages(out_dir: &Path, descriptors: &[u8]) -> Result<(), Box<dyn Error>> {
    let set = FileDescriptorSet::decode(descriptors)?;
    let mut config = prost_build::Config::new();
    config
        .enable_type_names()
        .out_dir(out_dir)
        .bytes(["."])
        .extern_path(TIMESTAMP, "crate::google::protobuf::Timestamp");
    #[cfg(feature = "grpc")]
    config.service_generator(
        tonic_prost_build::configure()
            .codec_path("crate::codec::CountingCodec")
            .extern_path(TIMESTAMP, "crate::google::protobuf::Timestamp")
            // The server needs no connections of clients; who calls a log brings one.
            .build_transport(false)
            .service_generator(),
    );
    config.compile_fds(set)?;
    Ok(())
}

fn generate_json(out_dir: &Path, descriptors: &[u8]) -> Result<(), Box<dyn Error>> {
    json_builder(out_dir, descriptors)?
        .emit_fields()
        .build(&REPLY_PACKAGES)?;
    json_builder(out_dir, descriptors)?.build(&DOCUMENT_PACKAGES)?;

    let mut members = 0;
    for package in REPLY_PACKAGES.iter().chain(&DOCUMENT_PACKAGES) {
        let name = package.trim_start_matches('.');
        let path = out_dir.join(format!("{name}.serde.rs"));
        let (code, in_package) = take_null_for_absent(&fs::read_to_string(&path)?);
        fs::write(&path, code)?;
        members += in_package;
    }
    let expected = oneof_members(&FileDescriptorSet::decode(descriptors)?);
    if members != expected {
        let reason =
            format!("{members} of {expected} members of oneofs were found in the generated code");
        return Err(reason.into());
    }
    Ok(())
}

/// Rewrites how members of a oneof are read, and counts them. As generated, any second member is a
/// duplicate of the first. But a member that is null is one that is not there, as everywhere else;
/// so it looks at the value before it complains.
///
/// ```text
/// if X.is_some() {                                    if let Some(set) = <value>
///     return Err(<duplicate>);                            && X.replace(set).is_some()
/// }                                             =>    {
/// X = <value>                                             return Err(<duplicate>);
/// ;                                                   }
/// ```
fn take_null_for_absent(generated: &str) -> (String, usize) {
    let lines: Vec<&str> = generated.lines().collect();
    let (mut code, mut members, mut at) = (String::new(), 0, 0);
    while let Some(line) = lines.get(at) {
        if let Some((member, taken)) = oneof_member(&lines[at..]) {
            code.push_str(&member);
            members += 1;
            at += taken;
        } else {
            code.push_str(line);
            code.push('\n');
            at += 1;
        }
    }
    (code, members)
}

/// The new code for a member of a oneof that is read from the first of `lines` on, and how many of
/// them it stands for.
fn oneof_member(lines: &[&str]) -> Option<(String, usize)> {
    let [check, duplicate, end, value, ..] = lines else {
        return None;
    };
    let oneof = check
        .trim()
        .strip_prefix("if ")?
        .strip_suffix(".is_some() {")?;
    let duplicate = duplicate.trim().strip_prefix("return Err(")?;
    (end.trim() == "}").then_some(())?;
    let value = value.trim().strip_prefix(oneof)?.strip_prefix(" = ")?;
    let is_member = value.starts_with("map_.next_value::<::std::option::Option<")
        && value.contains(">()?.map(");
    is_member.then_some(())?;
    let (value, taken) = match value.strip_suffix(';') {
        Some(value) => (value, 4),
        None => (value, 5),
    };
    if taken == 5 && lines.get(4).map(|line| line.trim()) != Some(";") {
        return None;
    }
    let code = format!(
        "if let Some(set) = {value} && {oneof}.replace(set).is_some() {{\n \
         return Err({duplicate}\n}}\n"
    );
    Some((code, taken))
}

/// How many members the oneofs of the packages with a JSON form have.
fn oneof_members(set: &FileDescriptorSet) -> usize {
    let packages = || REPLY_PACKAGES.iter().chain(&DOCUMENT_PACKAGES);
    let files = set
        .file
        .iter()
        .filter(|file| packages().any(|package| package.trim_start_matches('.') == file.package()));
    files
        .flat_map(|file| &file.message_type)
        .map(members_of)
        .sum()
}

fn members_of(message: &DescriptorProto) -> usize {
    let own = message
        .field
        .iter()
        .filter(|field| field.oneof_index.is_some() && !field.proto3_optional());
    own.count() + message.nested_type.iter().map(members_of).sum::<usize>()
}

fn json_builder(
    out_dir: &Path,
    descriptors: &[u8],
) -> Result<pbjson_build::Builder, Box<dyn Error>> {
    let mut builder = pbjson_build::Builder::new();
    builder
        .out_dir(out_dir)
        .extern_path(TIMESTAMP, "crate::google::protobuf::Timestamp")
        .register_descriptors(descriptors)?;
    Ok(builder)
}
