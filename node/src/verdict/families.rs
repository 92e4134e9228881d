//! What is known of silicon other than x86: `data/silicon/*.toml`, all of one form, which
//! `data/silicon/README.md` explains.

use super::silicon::Bounds;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The files, by name.
const FILES: [(&str, &str); 10] = [
    ("power", include_str!("../../data/silicon/power.toml")),
    ("sparc", include_str!("../../data/silicon/sparc.toml")),
    ("mips", include_str!("../../data/silicon/mips.toml")),
    ("arm", include_str!("../../data/silicon/arm.toml")),
    ("aarch64", include_str!("../../data/silicon/aarch64.toml")),
    ("riscv", include_str!("../../data/silicon/riscv.toml")),
    ("m68k", include_str!("../../data/silicon/m68k.toml")),
    ("alpha", include_str!("../../data/silicon/alpha.toml")),
    ("hppa", include_str!("../../data/silicon/hppa.toml")),
    ("sh4", include_str!("../../data/silicon/sh4.toml")),
];

/// The operation that every ratio goes by.
const ADD: &str = "int_add";

/// Operations that a file may name: those of the pipeline's and the vector unit's kernels.
const OPERATIONS: [&str; 17] = [
    ADD,
    "int_mul",
    "int_div",
    "shift",
    "load",
    "fp_add",
    "fp_mul",
    "fp_div",
    "fp_sqrt",
    "vec_logic",
    "vec_shuffle",
    "vec_permute",
    "vec_int_add",
    "vec_mul_add",
    "vec_fp_add",
    "vec_fp_mul",
    "vec_fp_mul_add",
];

/// Bounds by operation, thousandths of a dependent add.
pub type Ratios = BTreeMap<String, Bounds>;

/// One core, or several that latencies do not tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Core {
    /// For people.
    pub name: String,
    /// Key of `antiquity.toml`.
    pub class: String,
    /// Year of first shipment.
    pub year: u16,
    /// The widest pointers that it has.
    pub bits: u8,
    /// Whether any member may have a vector unit.
    pub vector: bool,
    /// Whether every member has one.
    pub vector_always: bool,
    /// Whether its instruction fetch does not look at stores: old code runs on until it is flushed.
    pub fetch_apart: bool,
    /// How identification words name it; empty where none do.
    identity: Vec<Condition>,
    /// Least and most at which its own counter runs, MHz.
    pub counter_mhz: Option<[u32; 2]>,
    /// The clock of the fastest member that was sold, MHz.
    pub fastest_mhz: Option<u32>,
    /// What a dependent add takes on that one, picoseconds.
    pub fastest_add_ps: Option<u32>,
    /// First-level data caches of its members, KiB.
    pub l1_kib: Vec<u32>,
    /// Second-level caches of its members, KiB.
    pub l2_kib: Vec<u32>,
    /// Compared by itself, not within the union of all cores.
    pub apart: bool,
    /// Latencies as ratios to its add.
    pub ratios: Ratios,
    /// Where this is written.
    pub source: String,
}

impl Core {
    /// Whether the identification words name it.
    pub fn is_named_by(&self, words: &[u32]) -> bool {
        !self.identity.is_empty() && self.identity.iter().all(|c| c.holds(words))
    }
}

/// A condition on one identification word.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    word: usize,
    mask: u32,
    values: Vec<u32>,
}

impl Condition {
    /// A word that was not sent is no word.
    fn holds(&self, words: &[u32]) -> bool {
        let word = words.get(self.word).map(|w| w & self.mask);
        word.is_some_and(|w| self.values.contains(&w))
    }
}

/// Cores of one architecture, taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// For people.
    pub name: String,
    /// The union of its cores.
    pub ratios: Ratios,
}

/// The cores that run programs of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Width of the architecture's pointers.
    pub bits: u8,
    /// All cores of the file, narrower ones too: a machine that names one of those can be told so.
    pub cores: Vec<Core>,
    /// The union of the ordinary ones, then each that stands apart.
    pub groups: Vec<Group>,
}

/// All families, by the architecture's name on the wire.
#[derive(Debug, Clone, Default)]
pub struct Families(BTreeMap<String, Family>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    architectures: Vec<Architecture>,
    core: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Architecture {
    name: String,
    bits: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    class: String,
    year: u16,
    bits: u8,
    #[serde(default = "yes")]
    vector: bool,
    #[serde(default)]
    vector_always: bool,
    #[serde(default)]
    fetch_apart: bool,
    #[serde(default)]
    identity: Vec<Condition>,
    counter_mhz: Option<[u32; 2]>,
    fastest_mhz: Option<u32>,
    #[serde(default)]
    l1_kib: Vec<u32>,
    #[serde(default)]
    l2_kib: Vec<u32>,
    #[serde(default)]
    apart: bool,
    cycles: BTreeMap<String, [u32; 2]>,
    source: String,
}

/// What is not said to be missing may be there.
const fn yes() -> bool {
    true
}

impl Line {
    /// The core, its cycles turned into ratios.
    fn into_core(self) -> Result<Core, String> {
        let wrong = |what: &str| Err(format!("core {}: {what}", self.name));
        if self.name.is_empty() || self.source.is_empty() {
            return wrong("no name, or no source");
        }
        if !matches!(self.bits, 32 | 64) {
            return wrong("neither 32 nor 64 bits");
        }
        if self.counter_mhz.is_some_and(|[least, most]| least > most) {
            return wrong("counter_mhz is upside down");
        }
        if self.fastest_mhz.is_some_and(|mhz| !MHZ.contains(&mhz)) {
            return wrong("fastest_mhz is no clock of a processor");
        }
        if self.vector_always && !self.vector {
            return wrong("a vector unit that it always and never has");
        }
        let vain = |c: &Condition| c.values.is_empty() || c.values.iter().any(|v| v & !c.mask != 0);
        if self.identity.iter().any(vain) {
            return wrong("an identity that can never hold");
        }
        for (operation, [least, most]) in &self.cycles {
            if !OPERATIONS.contains(&operation.as_str()) {
                return wrong(&format!("there is no operation {operation}"));
            }
            if *least == 0 || least > most || *most > MOST_CYCLES {
                return wrong(&format!("{operation} is upside down or out of bounds"));
            }
        }
        let Some(&[least_add, most_add]) = self.cycles.get(ADD) else {
            return wrong("no add");
        };
        let ratio = |[least, most]: [u32; 2]| [least * 1000 / most_add, most * 1000 / least_add];
        let others = self.cycles.iter().filter(|(name, _)| *name != ADD);
        let ratios = others
            .map(|(name, &cycles)| (name.clone(), ratio(cycles)))
            .collect();
        Ok(Core {
            name: self.name,
            class: self.class,
            year: self.year,
            bits: self.bits,
            vector: self.vector,
            vector_always: self.vector_always,
            fetch_apart: self.fetch_apart,
            identity: self.identity,
            counter_mhz: self.counter_mhz,
            fastest_mhz: self.fastest_mhz,
            fastest_add_ps: self.fastest_mhz.map(|mhz| least_add * PS_IN_US / mhz),
            l1_kib: self.l1_kib,
            l2_kib: self.l2_kib,
            apart: self.apart,
            ratios,
            source: self.source,
        })
    }
}

/// No operation of any core takes longer: larger figures are typing errors.
const MOST_CYCLES: u32 = 1_000;

/// Clocks that processors have: others are typing errors.
const MHZ: std::ops::RangeInclusive<u32> = 1..=10_000;

/// Picoseconds in a microsecond, the period of a megahertz.
const PS_IN_US: u32 = 1_000_000;

impl Family {
    /// The cores that can run the architecture's programs.
    pub fn able(&self) -> impl Iterator<Item = &Core> {
        self.cores.iter().filter(|c| c.bits >= self.bits)
    }

    /// The least that a dependent add takes on any core that runs the architecture's programs, picoseconds, and
    /// the core; `None` where the clock of one of them is not known.
    pub fn fastest_add_ps(&self) -> Option<(u32, &Core)> {
        let all: Option<Vec<_>> = self.able().map(|c| Some((c.fastest_add_ps?, c))).collect();
        all?.into_iter().min_by_key(|(ps, _)| *ps)
    }
}

impl Families {
    /// Parses all files of the program.
    ///
    /// # Errors
    /// As [`Families::add`].
    pub fn builtin() -> Result<Self, String> {
        let mut families = Families::default();
        for (name, text) in FILES {
            families
                .add(text)
                .map_err(|e| format!("{name}.toml: {e}"))?;
        }
        Ok(families)
    }

    /// Adds one file.
    ///
    /// # Errors
    /// Not TOML of the form that `data/silicon/README.md` lays down, a core that contradicts itself, an
    /// operation that no kernel has, or an architecture that another file serves already.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let cores: Vec<Core> = file
            .core
            .into_iter()
            .map(Line::into_core)
            .collect::<Result<_, _>>()?;
        for Architecture { name, bits } in file.architectures {
            let able: Vec<Core> = cores.iter().filter(|c| c.bits >= bits).cloned().collect();
            if able.is_empty() {
                return Err(format!("no core runs {name}"));
            }
            let family = Family {
                bits,
                groups: groups(&name, &able),
                cores: cores.clone(),
            };
            if self.0.insert(name.clone(), family).is_some() {
                return Err(format!("{name} is served twice"));
            }
        }
        Ok(())
    }

    /// The cores of an architecture.
    pub fn of(&self, architecture: &str) -> Option<&Family> {
        self.0.get(architecture)
    }

    /// Every core of every family, those of two architectures twice.
    pub fn cores(&self) -> impl Iterator<Item = &Core> {
        self.0.values().flat_map(|family| &family.cores)
    }
}

/// The union of all ordinary cores, and each apart.
fn groups(architecture: &str, cores: &[Core]) -> Vec<Group> {
    let mut union = Ratios::new();
    for (operation, &[least, most]) in cores.iter().filter(|c| !c.apart).flat_map(|c| &c.ratios) {
        let [min, max] = union.entry(operation.clone()).or_insert([least, most]);
        (*min, *max) = ((*min).min(least), (*max).max(most));
    }
    let apart = cores.iter().filter(|c| c.apart).map(|core| Group {
        name: core.name.clone(),
        ratios: core.ratios.clone(),
    });
    let together = (!union.is_empty()).then(|| Group {
        name: format!("any {architecture} core"),
        ratios: union,
    });
    together.into_iter().chain(apart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CORE: &str = r#"
        [[core]]
        name = "a"
        class = "g4"
        year = 1999
        bits = 32
        identity = [{ word = 0, mask = 0xffff0000, values = [0x000c0000] }]
        cycles = { int_add = [2, 2], fp_add = [6, 8] }
        source = "none"
    "#;

    fn file(core: &str) -> Result<Families, String> {
        let mut families = Families::default();
        let head = "architectures = [{ name = \"x\", bits = 32 }]\n";
        families.add(&format!("{head}{core}")).map(|()| families)
    }

    #[test]
    fn every_file_parses_and_every_class_is_there() {
        let families = Families::builtin().unwrap();
        let antiquity =
            super::super::antiquity::Antiquity::parse(include_str!("../../data/antiquity.toml"))
                .unwrap();
        for core in families.cores() {
            assert!(
                antiquity.class(&core.class).is_some(),
                "{}: {}",
                core.name,
                core.class
            );
            assert!((1971..2030).contains(&core.year), "{}", core.name);
        }
        for (architecture, family) in &families.0 {
            assert!(
                antiquity.architecture(architecture).is_some(),
                "{architecture}"
            );
            assert!(!family.groups.is_empty(), "{architecture}");
        }
    }

    #[test]
    fn a_union_holds_every_ordinary_core() {
        for family in Families::builtin().unwrap().0.values() {
            for core in family.able().filter(|c| !c.apart) {
                for (operation, [least, most]) in &core.ratios {
                    let [min, max] = family.groups[0].ratios[operation];
                    assert!(min <= *least && *most <= max, "{}: {operation}", core.name);
                }
            }
        }
    }

    #[test]
    fn cycles_become_ratios_and_words_name_cores() {
        let families = file(CORE).unwrap();
        let core = &families.of("x").unwrap().cores[0];
        assert_eq!(core.ratios.get("fp_add"), Some(&[3_000, 4_000]));
        assert!(core.is_named_by(&[0x000c_0209]));
        assert!(!core.is_named_by(&[0x0008_0209]) && !core.is_named_by(&[]));
    }

    #[test]
    fn malformed_files_are_refused() {
        for (from, to) in [
            ("bits = 32", "bits = 31"),
            ("bits = 32", "bits = 32\nspeed = 9"),
            ("bits = 32", "bits = 32\nfastest_mhz = 0"),
            (
                "bits = 32",
                "bits = 32\nvector = false\nvector_always = true",
            ),
            ("fp_add", "fp_ad"),
            ("[6, 8]", "[8, 6]"),
            ("[6, 8]", "[0, 8]"),
            ("[6, 8]", "[6, 1001]"),
            ("int_add = [2, 2], ", ""),
            ("values = [0x000c0000]", "values = [0x000c0001]"),
            ("values = [0x000c0000]", "values = []"),
            ("\"none\"", "\"\""),
        ] {
            assert!(file(&CORE.replace(from, to)).is_err(), "{to}");
        }
        let mut twice = file(CORE).unwrap();
        assert!(twice
            .add(&format!(
                "architectures = [{{ name = \"x\", bits = 32 }}]{CORE}"
            ))
            .is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,200}", at in 0usize..400, with in ".{0,4}") {
            let _ = file(&text);
            let mut changed = String::from(CORE);
            let at = (0..=at.min(CORE.len())).rev().find(|&i| CORE.is_char_boundary(i)).unwrap_or(0);
            changed.insert_str(at, &with);
            let _ = file(&changed);
        }
    }
}
