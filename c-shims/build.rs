//! Compiles the C kernels, always alike: what is measured must not depend on the profile.

use std::env;

/// The sources.
const SOURCES: [&str; 5] = [
    "src/arch.c",
    "src/branch.c",
    "src/float.c",
    "src/integer.c",
    "src/memory.c",
];

/// Flags that keep the chains as they are written: no vectors across lanes, no contraction of
/// multiply and add. A compiler that does not know a flag does not have the liberty either.
const FLAGS: [&str; 6] = [
    "-fno-tree-vectorize",
    "-fno-tree-slp-vectorize",
    "-fno-vectorize",
    "-fno-slp-vectorize",
    "-ffp-contract=off",
    "-ffreestanding",
];

fn main() {
    println!("cargo::rerun-if-changed=include");
    println!("cargo::rerun-if-changed=src");
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    println!("cargo::rustc-env=VERDIGRIS_ARCHITECTURE={architecture}");
    if architecture == "wasm32" {
        // The portable C drop: its host brings the kernels, compiled for the host's processor.
        return;
    }
    let mut build = cc::Build::new();
    build.std("c89").include("include").files(SOURCES);
    // The same level in every profile: bodies in registers, nothing rearranged across statements.
    build.opt_level(2).debug(false).extra_warnings(true);
    build.flag_if_supported("-pedantic");
    for flag in FLAGS {
        build.flag_if_supported(flag);
    }
    if architecture == "x86" {
        // Without SSE2 the x87 keeps excess precision, and the floating-point chains are absent.
        let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
        if features.split(',').any(|feature| feature == "sse2") {
            build
                .flag_if_supported("-msse2")
                .flag_if_supported("-mfpmath=sse");
        }
    }
    build.compile("verdigris_shims");
}
