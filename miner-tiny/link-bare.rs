//! The build script of programs that run without an operating system: says how they are linked, which is nothing
//! but themselves, as the `link.ld` beside the `Cargo.toml` of each has it.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=link.ld");
    let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    if env::var_os("CARGO_FEATURE_BARE").is_some() {
        for argument in [
            "-nostartfiles",
            "-nostdlib",
            "-static",
            "-no-pie",
            "-Wl,--gc-sections",
            "-Wl,--build-id=none",
            &format!("-Wl,-T,{folder}/link.ld"),
        ] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
