//! Files for other tools, made from `targets.toml`: for `cross`, and for a build server's matrix.

use crate::targets::{Route, Target};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A comment on top of each file.
const NOTICE: &str =
    "# Made by `./dev cross generate` from cross/targets.toml; edit that instead.\n";

/// Files and their contents, by paths below the workspace.
pub fn files(targets: &[Target]) -> Vec<(PathBuf, String)> {
    vec![
        ("Cross.toml".into(), cross_toml(targets)),
        (".github/workflows/cross.yml".into(), workflow(targets)),
    ]
}

/// What users of `cross` need: for each target the container that `cross/setup` prepares, and the
/// libraries from source.
fn cross_toml(targets: &[Target]) -> String {
    let mut out = String::from(NOTICE);
    for target in targets.iter().filter(|t| t.route == Route::Rust) {
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n[target.{triple}]\nbuild-std = [\"std\", \"panic_abort\"]\n\n\
             [target.{triple}.dockerfile]\nfile = \"cross/containers/Dockerfile\"\ncontext = \".\"\n\
             build-args = {{ TARGET = \"{name}\", TRIPLE = \"{upper}\", CC = \"{cc}\", EMULATOR = \"{emulator}\" }}\n",
            triple = target.triple,
            name = target.name,
            upper = target.triple.to_uppercase().replace('-', "_"),
            cc = target.cc,
            emulator = target.emulator,
        );
    }
    out
}

/// One job for each target.
fn workflow(targets: &[Target]) -> String {
    let mut out = format!(
        "{NOTICE}name: cross\n\
         on:\n  push:\n  pull_request:\n\
         permissions:\n  contents: read\n\
         jobs:\n  \
           target:\n    \
             runs-on: ubuntu-latest\n    \
             container: debian:12\n    \
             timeout-minutes: 45\n    \
             strategy:\n      \
               fail-fast: false\n      \
               matrix:\n        \
                 include:\n"
    );
    for target in targets {
        let _ = writeln!(
            out,
            "          - {{ target: {}, tier: {} }}",
            target.name, target.tier
        );
    }
    out.push_str(
        "    steps:\n      \
         - run: apt-get update && apt-get install -y git ca-certificates\n      \
         - uses: actions/checkout@v4\n      \
         - run: ./dev cross ${{ matrix.target }}\n",
    );
    out
}

/// Writes what differs; gives the paths written.
///
/// # Errors
/// A file cannot be written.
pub fn write(root: &Path, targets: &[Target]) -> Result<Vec<PathBuf>, String> {
    let mut written = Vec::new();
    for (path, text) in stale(root, targets) {
        let whole = root.join(&path);
        let fail = |e: std::io::Error| format!("{}: {e}", whole.display());
        if let Some(folder) = whole.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        std::fs::write(&whole, text).map_err(fail)?;
        written.push(path);
    }
    Ok(written)
}

/// Files that are not as `targets.toml` has it, with what they should be.
pub fn stale(root: &Path, targets: &[Target]) -> Vec<(PathBuf, String)> {
    files(targets)
        .into_iter()
        .filter(|(path, text)| std::fs::read_to_string(root.join(path)).ok().as_ref() != Some(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets;

    #[test]
    fn what_is_generated_is_up_to_date() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the workspace");
        let stale: Vec<PathBuf> = stale(root, &targets::all().expect("the file parses"))
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert!(stale.is_empty(), "run ./dev cross generate for {stale:?}");
    }
}
