//! The programs under test, and what their own help says they take.

use crate::page::root;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Names the folder with the programs of Rust, and the tiny miner's file.
const FOLDER: &str = "VERDIGRIS_BOOK_PROGRAMS";
const TINY: &str = "VERDIGRIS_TINY_BIN";

/// Levels of commands below a program: `verdigris-node epoch explain` has two.
const DEEPEST: usize = 3;

/// Options of programs that this test does not ask, where the pages name them in a sentence, outside a command.
const OF_OTHERS: &[&str] = &[
    // chromium(1)
    "--remote-debugging-pipe",
    // hatari(1)
    "--rs232-in",
    "--rs232-out",
    // cargo-build(1)
    "--release",
    // node/examples/judge.rs
    "--ignore",
];

/// What `--help` of one command says.
#[derive(Default)]
struct Help {
    options: BTreeSet<String>,
    /// Of commands below this one.
    commands: BTreeMap<String, Help>,
}

impl Help {
    /// Its options and those of all below it.
    fn all_options(&self) -> BTreeSet<&str> {
        let own = self.options.iter().map(String::as_str);
        let below = self.commands.values().flat_map(Help::all_options);
        own.chain(below).collect()
    }
}

/// The programs.
pub struct Programs {
    folder: tempfile::TempDir,
    helps: BTreeMap<String, Help>,
    /// All that every help says.
    words: String,
}

fn built(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} is not set: `./dev book` builds what this test runs, and says where")
    });
    let path = PathBuf::from(path);
    let found = path.canonicalize();
    found.unwrap_or_else(|e| panic!("{}: {e}; `./dev book` builds it", path.display()))
}

impl Programs {
    /// Those that `./dev book` built, and what they say of themselves.
    pub fn find() -> Programs {
        assert!(
            Command::new("curl").arg("--version").output().is_ok(),
            "the pages' commands call curl: apt-get install curl"
        );
        let built_here = built(FOLDER);
        let tiny = built(TINY);
        let mut programs = Programs {
            folder: tempfile::tempdir().expect("a folder"),
            helps: BTreeMap::new(),
            words: String::new(),
        };
        for (name, path) in [
            ("verdigris", built_here.join("verdigris")),
            ("verdigris-node", built_here.join("verdigris-node")),
            ("verdigris-tiny", tiny),
        ] {
            let link = programs.folder.path().join(name);
            std::os::unix::fs::symlink(&path, &link).expect("a link");
            let help = programs.ask(&link, &[]);
            programs.helps.insert(name.into(), help);
        }
        let help = programs.ask(&built_here.join("verdigris-cross"), &[]);
        programs.helps.insert("verdigris-cross".into(), help);
        let help = programs.ask_dev();
        programs.helps.insert("./dev".into(), help);
        programs
    }

    /// The folder to put on PATH.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Asks a command of a program that clap reads the options of, or the tiny one.
    fn ask(&mut self, program: &Path, commands: &[&str]) -> Help {
        let output = Command::new(program).args(commands).arg("--help").output();
        let output = output.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        let text = String::from_utf8(output.stdout).expect("help in UTF-8");
        let mut help = Help::default();
        let mut listing = false;
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first().is_some_and(|word| word.starts_with('-')) {
                // `-q, --quiet`, `--node <URL>`, `--version      -V`.
                let options = words.iter().map(|word| word.trim_end_matches([',', ':']));
                let options = options.map(|word| word.split(['=', '[']).next().unwrap_or(word));
                help.options.extend(
                    options
                        .filter(|word| word.starts_with('-'))
                        .map(str::to_owned),
                );
            }
            if line == "Commands:" {
                listing = true;
            } else if line.is_empty() {
                listing = false;
            } else if let Some(name) = line.strip_prefix("  ").filter(|_| listing) {
                let name = name.split(' ').next().unwrap_or_default();
                if !matches!(name, "" | "help") && commands.len() < DEEPEST {
                    let below = [commands, &[name]].concat();
                    let below = self.ask(program, &below);
                    help.commands.insert(name.into(), below);
                }
            }
        }
        self.words.push_str(&text);
        help
    }

    /// What `./dev help` says: a command begins at `  ./dev NAME` and goes on to the next.
    fn ask_dev(&mut self) -> Help {
        let output = Command::new(root().join("dev")).arg("help").output();
        let text = String::from_utf8(output.expect("./dev help").stdout).expect("UTF-8");
        let mut help = Help::default();
        let mut name = String::new();
        for line in text.lines() {
            if let Some(command) = line.strip_prefix("  ./dev ") {
                name = command.split(' ').next().unwrap_or_default().into();
            }
            let known = help.commands.entry(name.clone()).or_default();
            let words = line.split([' ', ';', ',', '(', ')']);
            known.options.extend(
                words
                    .filter(|word| word.starts_with("--"))
                    .map(str::to_owned),
            );
            // `setup`, `list | build …`: a word at the margin of the options.
            for word in line.split(" | ") {
                let word = word.trim().split(' ').next().unwrap_or_default();
                if line.starts_with("      ") && word.chars().all(|c| c.is_ascii_lowercase()) {
                    known.commands.entry(word.into()).or_default();
                }
            }
        }
        help.commands.remove("");
        help.commands.entry("help".into()).or_default();
        help
    }

    /// Whether any help has this variable.
    pub fn knows_variable(&self, name: &str) -> bool {
        let mut words = self
            .words
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| word == name)
    }

    /// Whether what this line calls is there: the programs' commands, and each option of them. Other
    /// people's programs are not looked at; an option that stands alone must be of one of ours.
    pub fn check(&self, line: &str) -> Result<(), String> {
        let line = line.split(" #").next().unwrap_or(line);
        if line.starts_with('#') {
            return Ok(());
        }
        let line = ["&&", "||", ";", "|", "$(", "`", "&"]
            .iter()
            .fold(line.to_owned(), |line, cut| line.replace(cut, "\n"));
        line.lines()
            .try_for_each(|call| self.check_call(call.trim()))
    }

    fn check_call(&self, call: &str) -> Result<(), String> {
        let mut words: Vec<&str> = call
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'', '(', ')', '{', '}']))
            .collect();
        while words.first().is_some_and(|word| is_assignment(word)) {
            words.remove(0);
        }
        if words.first() == Some(&"sudo") {
            words.remove(0);
            if words.first() == Some(&"-u") {
                words.drain(..2.min(words.len()));
            }
        }
        let Some((&program, words)) = words.split_first() else {
            return Ok(());
        };
        if program.starts_with("--") {
            let option = program.split(['=', '[']).next().unwrap_or(program);
            let known = OF_OTHERS.contains(&option)
                || self
                    .helps
                    .values()
                    .any(|help| help.all_options().contains(option));
            return match known {
                true => Ok(()),
                false => Err(format!("no program here has an option {option}")),
            };
        }
        let name = match program {
            "./dev" => program,
            _ => program.rsplit('/').next().unwrap_or(program),
        };
        let Some(mut help) = self.helps.get(name) else {
            return Ok(());
        };
        let mut asked = name.to_owned();
        let mut words = words;
        while let Some((&word, rest)) = words.split_first() {
            let Some(below) = help.commands.get(word) else {
                // Words in capitals stand for any. Below `./dev` a command may be there, or a target's name.
                let is_name = word.starts_with(|c: char| c.is_ascii_lowercase());
                let needed = !help.commands.is_empty() && (asked == name || name != "./dev");
                if is_name && needed && word != "help" {
                    return Err(format!("{asked} has no command {word}"));
                }
                break;
            };
            asked = format!("{asked} {word}");
            (help, words) = (below, rest);
        }
        let own = help.all_options();
        // `./dev lab setup` takes what `./dev lab` takes.
        let option_of = |word: &str| own.contains(word) || matches!(word, "--help" | "--version");
        for word in words {
            let option = word.split(['=', '[']).next().unwrap_or(word);
            if option.starts_with("--") && option.len() > 2 && !option_of(option) {
                return Err(format!("{asked} has no option {option}"));
            }
        }
        Ok(())
    }

    /// The exit statuses that each miner's help, and the node's, lists.
    pub fn exit_statuses(&self) -> Vec<(String, BTreeSet<u8>)> {
        ["verdigris", "verdigris-node", "verdigris-tiny"]
            .map(|name| {
                let help = Command::new(self.folder.path().join(name))
                    .arg("--help")
                    .output();
                let help = String::from_utf8(help.expect(name).stdout).expect("UTF-8");
                let (_, list) = help.split_once("Exit status:").expect("a list of statuses");
                let words = list.split(|c: char| !c.is_ascii_alphanumeric());
                let statuses: BTreeSet<u8> = words.filter_map(|word| word.parse().ok()).collect();
                assert!(statuses.len() > 3, "{name}: {statuses:?}");
                (name.to_owned(), statuses)
            })
            .into()
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// What a process said, where it ended well.
pub fn said(output: &Output) -> Result<String, String> {
    match output.status.success() {
        true => Ok(crate::told(output)),
        false => Err(format!("{}: {}", output.status, crate::told(output))),
    }
}
