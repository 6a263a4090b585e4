//! Compiles the `.proto` files of this folder into messages, services and their JSON form.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use prost::Message as _;
use prost_types::FileDescriptorSet;

const PROTO_FILES: [&str; 9] = [
    "dev/sigstore/bundle/v1/bundle.proto",
    "dev/sigstore/common/v1/common.proto",
    "dev/sigstore/rekor/v1/rekor.proto",
    "dev/sigstore/rekor/v2/rekor.proto",
    "dev/sigstore/trustroot/v1/trustroot.proto",
    "google/api/annotations.proto",
    "google/api/httpbody.proto",
    "io/intoto/envelope.proto",
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
    for folder in ["dev", "google", "io", "ledgerstone"] {
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
    tonic_prost_build::configure()
        .out_dir(out_dir)
        .bytes(".")
        .extern_path(TIMESTAMP, "crate::google::protobuf::Timestamp")
        .emit_rerun_if_changed(false)
        .compile_fds(set)?;
    Ok(())
}

fn generate_json(out_dir: &Path, descriptors: &[u8]) -> Result<(), Box<dyn Error>> {
    json_builder(out_dir, descriptors)?
        .emit_fields()
        .build(&REPLY_PACKAGES)?;
    json_builder(out_dir, descriptors)?.build(&DOCUMENT_PACKAGES)?;
    Ok(())
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
