//! Says how the program is linked: by the script of `cortex-m-rt`, which takes the chip's memory from
//! `memory.x`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    if env::var_os("CARGO_FEATURE_BARE").is_some() {
        println!("cargo::rustc-link-search={folder}");
        for argument in ["--nmagic", "-Tlink.x"] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
