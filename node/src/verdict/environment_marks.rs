//! Marks by which an environment names itself: the rules of `data/environment.toml`, and how they
//! match. Whole strings, anchored ends, pairs of keys: never a search for a substring, because
//! honest machines carry the same words (an Acer Nitro, a Chromebook, a Surface).

use serde::Deserialize;

/// What a mark says about the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// A virtual machine or an emulator: not silicon.
    Virtual,
    /// Worth telling; real machines carry it too.
    Remark,
}

/// One rule: all conditions must hold, and no exception.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is called in a verdict.
    pub name: String,
    /// What it says.
    pub means: Means,
    /// Conditions, all of which must hold.
    pub all: Vec<Condition>,
    /// Exceptions, any of which lifts the rule.
    #[serde(default)]
    pub unless: Vec<Condition>,
    /// Where the strings are documented.
    pub source: String,
}

/// A condition on one key. Exactly one of the forms must be given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The fact's key; `identity.name` is the processor's own name.
    pub key: String,
    /// The whole value is one of these.
    #[serde(default)]
    pub is: Vec<String>,
    /// The value begins with one of these.
    #[serde(default)]
    pub begins: Vec<String>,
    /// The value ends with one of these.
    #[serde(default)]
    pub ends: Vec<String>,
    /// The value is there, whatever it is.
    #[serde(default)]
    pub present: bool,
}

impl Condition {
    fn matches(&self, key: &str, value: &str) -> bool {
        let value = value.trim();
        self.key == key
            && (self.present
                || self.is.iter().any(|x| x.trim() == value)
                || self.begins.iter().any(|x| value.starts_with(x.as_str()))
                || self.ends.iter().any(|x| value.ends_with(x.as_str())))
    }

    /// Whether the condition says anything at all.
    fn is_stated(&self) -> bool {
        self.present || !(self.is.is_empty() && self.begins.is_empty() && self.ends.is_empty())
    }
}

impl Rule {
    /// Whether the rule applies to `facts` (key, value).
    pub fn applies(&self, facts: &[(&str, &str)]) -> bool {
        let holds = |c: &Condition| facts.iter().any(|(key, value)| c.matches(key, value));
        self.all.iter().all(holds) && !self.unless.iter().any(holds)
    }

    /// The facts that the rule's conditions matched, as `key = value`.
    pub fn evidence(&self, facts: &[(&str, &str)]) -> String {
        let matched: Vec<String> = facts
            .iter()
            .filter(|(key, value)| self.all.iter().any(|c| c.matches(key, value)))
            .map(|(key, value)| format!("{key} = {value:?}"))
            .collect();
        matched.join(", ")
    }
}

/// The file's form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    mark: Vec<Rule>,
}

/// Parses `environment.toml`.
///
/// # Errors
/// The text is not TOML of the form above, or a rule has no condition, or a condition no form.
pub fn parse(text: &str) -> Result<Vec<Rule>, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    for rule in &file.mark {
        if rule.all.is_empty()
            || !rule
                .all
                .iter()
                .chain(&rule.unless)
                .all(Condition::is_stated)
        {
            return Err(format!("mark {:?} has an empty condition", rule.name));
        }
    }
    Ok(file.mark)
}
