//! Compiles the C of the architectures that need it, and says how the program is linked.

use std::env;

/// How the program is linked: nothing but itself, at fixed addresses, in as few pages as there can be.
const LINK: [&str; 11] = [
    "-nostartfiles",
    "-nostdlib",
    // The name that the entry has here; MIPS linkers look for another.
    "-Wl,-e,_start",
    "-static",
    // With room below for the loader of a packed program (`miner-tiny/unpack`), and above what systems
    // keep free of programs.
    "-Wl,-Ttext-segment=0x400000",
    "-no-pie",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    // No page that is only written while starting, and none left empty between code and data.
    "-Wl,-z,norelro",
    "-Wl,-z,noseparate-code",
    "-Wl,--hash-style=gnu",
];

fn main() {
    println!("cargo::rerun-if-changed=c");
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let source = match architecture.as_str() {
        "mips" | "mips64" => Some("c/mips.c"),
        "sparc" | "sparc64" => Some("c/sparc.c"),
        _ => None,
    };
    if let Some(source) = source {
        let mut build = cc::Build::new();
        build.file(source).opt_level(2).debug(false);
        build.flag("-ffreestanding").compile("verdigris_linux_c");
    }
    if env::var_os("CARGO_FEATURE_BARE").is_some() {
        for argument in LINK {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
