//! Compiles the independent C tool that the cache channel is compared with.

fn main() {
    println!("cargo:rerun-if-changed=reference/chase.c");
    cc::Build::new()
        .file("reference/chase.c")
        .std("c99")
        .opt_level(2)
        .warnings_into_errors(false)
        .compile("verdigris_reference_chase");
}
