//! The same cases judged here and on other targets: verdicts must be the same, byte by byte.

use crate::builder::Builder;
use crate::matrix::named;
use crate::process;
use crate::targets::{Route, Target};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Targets that are compared where none is named: big-endian ones, of 64 and of 32 bits.
pub const BIG_ENDIAN: [&str; 2] = ["s390x", "powerpc"];

/// Cases that are recorded in the repository: evidence, and submissions of the existing network's clients.
const RECORDED: [&str; 2] = ["node/tests/data", "node/tests/data/stock"];

/// What such a file's name begins with, in the first folder; in the second all are cases.
const CASES: [&str; 2] = ["evidence-", "attestation-"];

/// How long judging may take under an emulator: some milliseconds a case here, fifty times that there.
const RUN_LIMIT: Duration = Duration::from_secs(1_800);

/// Judges the recorded cases, and those of more files of submissions, here and on every target. Says what came out;
/// gives whether all of it was the same.
///
/// # Errors
/// A build failed, or judging did.
pub fn run(builder: &Builder, targets: &[Target], more: &[PathBuf]) -> Result<bool, String> {
    let mut files = recorded(&builder.root)?;
    for file in more {
        files.push(std::path::absolute(file).map_err(|e| format!("{}: {e}", file.display()))?);
    }
    let here = judged(Command::new(builder.rejudge_here()?), &files)?;
    println!(
        "{:12} {:20} {} verdicts, {} bytes",
        "here",
        "",
        here.lines().count(),
        here.len()
    );
    let mut same = true;
    for target in targets.iter().filter(|t| t.route == Route::Rust) {
        let program = builder.rejudge(target)?;
        for cpu in &target.cpus {
            let mut emulator = Command::new(&target.emulator);
            if !cpu.is_empty() {
                emulator.args(["-cpu", cpu]);
            }
            emulator.arg(&program);
            let there = judged(emulator, &files)?;
            let whose = format!("{:12} {:20}", target.name, named(cpu));
            match difference(&here, &there) {
                None => println!(
                    "{whose} the same ({} bits, {} endian)",
                    target.bits, target.endian
                ),
                Some(difference) => {
                    same = false;
                    println!("{whose} NOT THE SAME: {difference}");
                }
            }
        }
    }
    Ok(same)
}

fn recorded(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for (folder, all) in RECORDED.iter().zip([false, true]) {
        let folder = root.join(folder);
        let fail = |e: std::io::Error| format!("{}: {e}", folder.display());
        for entry in std::fs::read_dir(&folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let case = all || CASES.iter().any(|begin| name.starts_with(begin));
            if case && name.ends_with(".json") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn judged(mut program: Command, files: &[PathBuf]) -> Result<String, String> {
    program.args(files);
    Ok(process::run(&mut program, RUN_LIMIT)?
        .success("judging")?
        .stdout)
}

/// The first line that differs, from where it does.
fn difference(here: &str, there: &str) -> Option<String> {
    if here == there {
        return None;
    }
    let lines = here.lines().zip(there.lines()).enumerate();
    let first = lines.map(|(n, (a, b))| {
        let at = a.bytes().zip(b.bytes()).position(|(a, b)| a != b);
        (n, at.unwrap_or(a.len().min(b.len())), a, b)
    });
    let differing = first.into_iter().find(|(_, _, a, b)| a != b);
    Some(match differing {
        None => "one is longer".into(),
        Some((n, at, a, b)) => {
            let from = |text: &str| -> String { text.chars().skip(at).take(SHOWN).collect() };
            format!(
                "verdict {n} at byte {at}: {:?} here, {:?} there",
                from(a),
                from(b)
            )
        }
    })
}

/// Characters of a difference that are shown.
const SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_found_where_it_is() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let found = difference("a\nbcd\n", "a\nbxd\n").unwrap_or_default();
        assert!(found.starts_with("verdict 1 at byte 1"), "{found}");
        assert_eq!(
            difference("a\n", "a\nb\n").as_deref(),
            Some("one is longer")
        );
    }

    #[test]
    fn cases_are_recorded_in_the_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let files = root.map(recorded).and_then(Result::ok).unwrap_or_default();
        assert!(files.len() > 2, "{files:?}");
    }
}
