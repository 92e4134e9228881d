//! Tells of ARM processors of the M profile: they have Thumb instructions alone, and what the compiler
//! knows of that is no `cfg` of a stable release.

use std::env;

/// How the targets of that profile begin; `thumbv7a` and `thumbv7neon` are of the A profile.
const M_PROFILE: [&str; 4] = ["thumbv6m", "thumbv7m", "thumbv7em", "thumbv8m"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(thumb_only)");
    let target = env::var("TARGET").unwrap_or_default();
    if M_PROFILE.iter().any(|start| target.starts_with(start)) {
        println!("cargo::rustc-cfg=thumb_only");
    }
}
