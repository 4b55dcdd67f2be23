//! Makes the server half of C1's service from the same `.proto` files as `baton-proto` its messages.

use std::error::Error;

/// Where the files are.
const PROTO: &str = "../baton-proto/proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let mut compiler = protox::Compiler::new([PROTO])?;
    compiler.include_imports(true).open_file("c1/connectorapi/baton/v1/baton.proto")?;
    let mut files = compiler.file_descriptor_set();
    files.file.retain(|file| file.package() == "c1.connectorapi.baton.v1");
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(true)
        .build_transport(false)
        .extern_path(".c1", "::baton_proto::c1")
        .extern_path(".google.rpc", "::baton_proto::google::rpc")
        .compile_fds(files)?;
    Ok(())
}
