//! Settings from options, environment and file put on top of each other, knowing which came from
//! where.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::{BadSettings, Settings};
use crate::store::sql::Location;

/// What every environment variable of the node begins with.
const PREFIX: &str = "VERDIGRIS_NODE_";

/// The variable that names the file of settings: no setting itself.
const CONFIG: &str = "VERDIGRIS_NODE_CONFIG";

/// Least likeness (Jaro-Winkler, 0 to 1) at which a name is worth proposing; `clap` proposes
/// options from 0.7 on.
const LIKE: f64 = 0.7;

/// Settings, and where each came from.
#[derive(Debug)]
pub struct Layered {
    /// The settings that hold; absent what nobody set.
    pub settings: Settings,
    sources: Vec<(String, &'static str)>,
}

impl Layered {
    /// Puts `options`, which `matches` were read into, over the file.
    ///
    /// # Errors
    /// Where the file cannot be read, or has a name or value that means nothing.
    pub fn new(
        options: Settings,
        matches: &ArgMatches,
        file: Option<&Path>,
    ) -> Result<Self, BadSettings> {
        let file = file.map(Settings::from_file).transpose()?;
        let in_file = file.as_ref().map(values).unwrap_or_default();
        let source = |name: &String| match matches.value_source(&name.replace('-', "_")) {
            Some(ValueSource::CommandLine) => "option",
            Some(ValueSource::EnvVariable) => "environment",
            _ if in_file.get(name).is_some_and(|value| !value.is_null()) => "file",
            _ => "default",
        };
        let sources = names()
            .into_iter()
            .map(|name| {
                let source = source(&name);
                (name, source)
            })
            .collect();
        Ok(Layered {
            settings: options.or(file.unwrap_or_default()),
            sources,
        })
    }

    /// Every setting that holds, as a file of settings that says where each came from. The URL of a
    /// database is a remark only, because its password is left out.
    pub fn show(&self) -> String {
        let complete = self.settings.with_defaults();
        let settings = values(&complete);
        let url = matches!(complete.database, Some(Location::Postgres(_)));
        let mut shown = String::new();
        for (name, source) in &self.sources {
            let remark = if name == "database" && url { "# " } else { "" };
            // JSON's texts, whole numbers and lists of texts are TOML's too.
            let _ = match settings.get(name) {
                Some(value) if !value.is_null() => {
                    writeln!(shown, "{remark}{name} = {value}  # {source}")
                }
                _ => writeln!(shown, "# {name} is not set"),
            };
        }
        shown
    }
}

/// Names of all settings, in the order of the help.
fn names() -> Vec<String> {
    Settings::augment_args(Command::new(""))
        .get_arguments()
        .filter_map(|argument| argument.get_long().map(str::to_owned))
        .collect()
}

fn values(settings: &Settings) -> Value {
    // Only texts and numbers, which always serialise.
    serde_json::to_value(settings).unwrap_or_default()
}

/// Refuses a name in a file that no setting has.
pub(super) fn check_names<'a>(given: impl IntoIterator<Item = &'a str>) -> Result<(), BadSettings> {
    let known = names();
    for name in given {
        if !known.iter().any(|k| k == name) {
            let near = nearest(name, &known)
                .map(|near| format!("; did you mean '{near}'?"))
                .unwrap_or_default();
            return Err(BadSettings(format!("there is no setting '{name}'{near}")));
        }
    }
    Ok(())
}

/// A sentence for each environment variable that looks like the node's and is not. No refusal: the
/// environment is not the operator's alone. Kubernetes makes `VERDIGRIS_NODE_PORT` of a service's
/// name.
pub fn unknown_variables<'a>(given: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let known: Vec<String> = names()
        .iter()
        .map(|name| format!("{PREFIX}{}", name.to_uppercase().replace('-', "_")))
        .chain([CONFIG.to_owned()])
        .collect();
    let unknown: BTreeSet<&str> = given
        .into_iter()
        .filter(|name| name.starts_with(PREFIX) && !known.iter().any(|k| k == name))
        .collect();
    unknown
        .into_iter()
        .map(|name| {
            let near = nearest(name, &known)
                .map(|near| format!("; the nearest that is one is {near}"))
                .unwrap_or_default();
            format!("{name} in the environment is no setting{near}")
        })
        .collect()
}

fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let likeness = |candidate: &str| {
        // What all share tells nothing.
        let bare = |text: &str| text.strip_prefix(PREFIX).unwrap_or(text).to_owned();
        strsim::jaro_winkler(&bare(name), &bare(candidate))
    };
    known
        .iter()
        .map(|candidate| (likeness(candidate), candidate.as_str()))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_proposed() {
        let refused = |name| check_names([name]).unwrap_err().to_string();
        assert_eq!(
            refused("lisen"),
            "there is no setting 'lisen'; did you mean 'listen'?"
        );
        assert_eq!(refused("zzz"), "there is no setting 'zzz'");
        assert!(refused("trusted_proxies").ends_with("'trusted-proxies'?"));
        assert!(check_names(["listen", "pot"]).is_ok());
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        assert!(
            unknown_variables(["PATH", "VERDIGRIS_NODE_CONFIG", "VERDIGRIS_NODE_POT"]).is_empty()
        );
        assert_eq!(
            unknown_variables(["VERDIGRIS_NODE_LISEN"]),
            ["VERDIGRIS_NODE_LISEN in the environment is no setting; the nearest that is one is \
              VERDIGRIS_NODE_LISTEN"]
        );
    }

    #[test]
    fn what_is_shown_is_a_file_that_says_the_same() {
        let command = Settings::augment_args(Command::new("serve"));
        let matches = command.get_matches_from(["serve", "--pot", "5"]);
        let options = <Settings as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("node.toml");
        std::fs::write(&file, "pot = 4\nbody-timeout = 3\n").unwrap();
        let layered = Layered::new(options, &matches, Some(&file)).unwrap();
        let shown = layered.show();
        for line in [
            "pot = 5  # option",
            "body-timeout = 3  # file",
            "unsigned = \"names\"  # default",
            "trusted-proxies = [\"127.0.0.1\",\"::1\"]  # default",
            "# genesis is not set",
        ] {
            assert!(shown.lines().any(|l| l == line), "{line} in\n{shown}");
        }
        std::fs::write(&file, &shown).unwrap();
        let again = Settings::from_file(&file).unwrap();
        assert_eq!(again, layered.settings.with_defaults());
    }
}
