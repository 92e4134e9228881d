//! The judgement: one pure function from what was claimed and measured to a verdict that explains
//! itself. No clock, no database, no randomness: the same case gives the same verdict on every node
//! and for ever.

pub mod antiquity;
pub mod checks;
pub mod conclusion;
pub mod environment_marks;
pub mod families;
pub mod likeness;
pub mod names;
pub mod processor;
pub mod reason;
pub mod reclassified;
pub mod silicon;
pub mod thresholds;

use checks::Subject;
use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use serde::Serialize;
use utoipa::ToSchema;

/// Weight units in a weight of 1.0: a virtual machine's weight of 1e-9 is one unit.
pub const WEIGHT_ONE: u64 = 1_000_000_000;

/// Everything that a judgement may depend on.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// What the submission claims the machine to be.
    pub claim: Claim,
    /// What was measured.
    pub proof: Proof<'a>,
    /// Milliseconds by the node's clock from issuing the challenge to receiving the submission.
    pub answered_after_ms: u64,
    /// Age of the chain at the time of judging, seconds: bonuses decay with it.
    pub chain_age_s: u64,
    /// The calendar year of judging, for the age of silicon.
    pub year: u16,
    /// The last accepted evidence of the same miner, where there is any.
    pub previous: Option<&'a Evidence>,
}

/// The measurements of a submission.
#[derive(Debug, Clone)]
pub enum Proof<'a> {
    /// Verdigris evidence, and the seed that the node derives for nonce and miner.
    Evidence {
        /// As submitted.
        evidence: &'a Evidence,
        /// Derived by the node, never taken from the submission.
        seed: Seed,
    },
    /// Only the existing network's `fingerprint.checks` object.
    Legacy(&'a serde_json::Map<String, serde_json::Value>),
}

/// The claimed device, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Family: `x86`, `PowerPC` …
    pub family: String,
    /// Architecture class: `modern`, `g4` …
    pub arch: String,
    /// Model text.
    pub model: String,
    /// Processor brand text.
    pub cpu: String,
    /// Host name.
    pub hostname: String,
    /// Cores.
    pub cores: u16,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What was measured fits real silicon of the derived kind.
    Pass,
    /// It does not, and the verdict depends on it.
    Fail,
    /// Worth saying; the verdict does not depend on it.
    Note,
    /// Nothing was measured.
    Absent,
}

/// What a check speaks about. The three are never mixed into one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The evidence belongs to this challenge and agrees with itself.
    Integrity,
    /// Which silicon.
    Kind,
    /// Silicon rather than an imitation of it.
    Presence,
    /// The same unit as before.
    Continuity,
}

/// One check, with everything that a reader needs to repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// The channel: a name of [`probe_core::channels::ChannelId`], or `binding`, `claim`, `clock`, `likeness`.
    pub channel: &'static str,
    /// What it speaks about.
    pub aspect: Aspect,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, for programs: a code of [`reason`]; empty where only the sentence says it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub code: &'static str,
    /// What was measured, with units.
    pub measured: String,
    /// What was expected, with units.
    pub expected: String,
    /// Why that is the outcome, in a sentence for the owner.
    pub reason: String,
    /// Name of the threshold applied, as in [`thresholds`](self), or empty.
    pub threshold: &'static str,
    /// Where the threshold comes from.
    pub source: &'static str,
    /// The deciding number over its limit, parts per million, where one number decides: how far from the
    /// limit it is, on whichever side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_limit_ppm: Option<u64>,
}

/// The outcome of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Verdict {
    /// Version of the rules that judged.
    pub rules: u16,
    /// Every check, in the order made.
    pub checks: Vec<Check>,
    /// Whether the evidence belongs to the challenge and agrees with itself. A submission that fails
    /// this is refused.
    pub integrity: bool,
    /// Real silicon, not virtual, not emulated.
    pub physical: bool,
    /// Device family as derived, not as claimed.
    pub family: String,
    /// Architecture class as derived: a key of `antiquity.toml`.
    pub class: String,
    /// Score for the kind, parts per million; `None` where nothing speaks about it.
    pub kind_ppm: Option<u32>,
    /// Score for presence, parts per million.
    pub presence_ppm: Option<u32>,
    /// Score for continuity, parts per million.
    pub continuity_ppm: Option<u32>,
    /// The class's multiplier at this age of the chain, in weight units.
    pub multiplier_units: u64,
    /// What the machine counts in settlement, in weight units ([`WEIGHT_ONE`] is 1.0).
    pub weight_units: u64,
    /// The verdict in one sentence.
    pub summary: String,
    /// The claim explained, where the machine counts as something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reclassified: Option<reclassified::Reclassified>,
}

/// What is known of silicon and its worth: data files, parsed once at start.
#[derive(Debug, Clone)]
pub struct Profiles {
    /// Marks by which environments name themselves.
    pub marks: Vec<environment_marks::Rule>,
    /// What classes of silicon are worth.
    pub antiquity: antiquity::Antiquity,
    /// What is known of cores.
    pub silicon: silicon::Silicon,
    /// How machines and processors are called.
    pub names: names::Names,
}

impl Profiles {
    /// The data files compiled into the node.
    ///
    /// # Panics
    /// Never in a build whose tests pass: the files are part of the program, and a test parses them.
    pub fn builtin() -> Self {
        match Profiles::parse() {
            Ok(profiles) => profiles,
            Err(error) => panic!("a data file compiled into this program is malformed: {error}"),
        }
    }

    fn parse() -> Result<Self, String> {
        let marks = environment_marks::parse(include_str!("../../data/environment.toml"))?;
        let antiquity = antiquity::Antiquity::parse(include_str!("../../data/antiquity.toml"))?;
        let silicon = silicon::Silicon::parse(
            include_str!("../../data/silicon/x86.toml"),
            include_str!("../../data/silicon/x86-latency.toml"),
        )?
        .with_models(include_str!("../../data/silicon/x86-models.toml"))?
        .with_described(include_str!("../../data/silicon/x86-described.toml"))?
        .with(families::Families::builtin()?);
        let x86 = silicon.cores().iter().map(|c| (&c.name, &c.class));
        let others = silicon.families().cores().map(|c| (&c.name, &c.class));
        let unknown = x86
            .chain(others)
            .find(|(_, class)| antiquity.class(class).is_none());
        if let Some((core, class)) = unknown {
            return Err(format!(
                "core {core} is of class {class}, which is not there"
            ));
        }
        let names = names::Names::parse(include_str!("../../data/silicon/names.toml"))?;
        if let Some(class) = names.classes().find(|c| antiquity.class(c).is_none()) {
            return Err(format!("a name is of class {class}, which is not there"));
        }
        Ok(Profiles {
            marks,
            antiquity,
            silicon,
            names,
        })
    }
}

/// Version of the rules: raised with every change that can change a verdict.
pub const RULES_VERSION: u16 = 6;

/// Judges a case. Any evidence and any JSON is judged without a panic.
///
/// Cost: dominated by recomputing the digests; `docs/threat-model.md` gives the figure.
pub fn judge(case: &Case<'_>, profiles: &Profiles) -> Verdict {
    match &case.proof {
        Proof::Evidence { evidence, seed } => {
            let subject = Subject::new(case, evidence, seed, profiles);
            let checks = checks::all(&subject);
            conclusion::conclude(&subject, checks)
        }
        Proof::Legacy(sent) => {
            let checks = checks::legacy::check(case, profiles, sent);
            conclusion::conclude_legacy(case, profiles, checks)
        }
    }
}
