//! A Rust that comes with the source of its own libraries, so that they can be built for any target.

use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Names a directory with `cargo` and `rustc` to use instead of what is found.
const OVERRIDE: &str = "VERDIGRIS_CROSS_RUST";

/// Where the libraries' source lies below a compiler's root.
const SOURCE: &str = "lib/rustlib/src/rust/library/std/Cargo.toml";

/// How long a compiler may take to say who it is.
const ASK_LIMIT: Duration = Duration::from_secs(30);

/// A compiler and its package manager.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The directory that both are in.
    pub bin: PathBuf,
    /// What `rustc --version` says.
    pub version: String,
}

impl Toolchain {
    /// The package manager, told to use its own compiler, and allowed to build the libraries: `-Z`
    /// options are for nightly compilers, but what they do here is only to compile the very source that
    /// this compiler's own libraries were compiled from.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(self.bin.join("cargo"));
        cargo
            .env("RUSTC", self.bin.join("rustc"))
            .env("RUSTDOC", self.bin.join("rustdoc"))
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo
    }
}

/// Finds a compiler with the source of its libraries: the one named by `VERDIGRIS_CROSS_RUST`, the
/// distribution's, any on `PATH`, or a nightly of rustup.
///
/// # Errors
/// There is none; says how to get one.
pub fn find() -> Result<Toolchain, String> {
    let candidates = candidates();
    candidates
        .iter()
        .find_map(|bin| inspect(bin))
        .ok_or_else(|| {
            format!(
                "no Rust with the source of its libraries was found (looked in {}).\n\
             On Debian: cross/setup. With rustup: rustup toolchain install nightly -c rust-src",
                candidates
                    .iter()
                    .map(|p| p.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        })
}

fn candidates() -> Vec<PathBuf> {
    if let Some(bin) = std::env::var_os(OVERRIDE) {
        return vec![bin.into()];
    }
    let mut candidates = vec![PathBuf::from("/usr/bin")];
    if let Some(path) = std::env::var_os("PATH") {
        candidates.extend(std::env::split_paths(&path));
    }
    // Behind the names on PATH rustup decides by itself which toolchain runs: ask it for one.
    let mut rustup = Command::new("rustup");
    rustup.args(["which", "--toolchain", "nightly", "rustc"]);
    if let Ok(ended) = process::run(&mut rustup, ASK_LIMIT) {
        let rustc = PathBuf::from(ended.stdout.trim());
        candidates.extend(rustc.parent().map(Path::to_path_buf));
    }
    candidates
}

fn inspect(bin: &Path) -> Option<Toolchain> {
    let rustc = bin.join("rustc");
    if !rustc.is_file() || !bin.join("cargo").is_file() {
        return None;
    }
    let ask = |what: &[&str]| {
        let ended = process::run(Command::new(&rustc).args(what), ASK_LIMIT).ok()?;
        (ended.code == Some(0)).then(|| ended.stdout.trim().to_owned())
    };
    let root = ask(&["--print", "sysroot"])?;
    if !Path::new(&root).join(SOURCE).is_file() {
        return None;
    }
    Some(Toolchain {
        bin: bin.to_path_buf(),
        version: ask(&["--version"])?,
    })
}
