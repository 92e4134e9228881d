//! What is known of x86 silicon: `data/silicon/x86.toml` (cores by signature, eras),
//! `x86-latency.toml` and `x86-models.toml` (their latencies as ratios to the add, by core and by vector,
//! derived from measurements of real processors), `x86-described.toml` (latencies that others describe);
//! and, beside it, of every other family ([`super::families`]).

use super::families::{Families, Group, Ratios};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Least and most, thousandths of a dependent add.
pub type Bounds = [u32; 2];

/// Family, model and stepping as `CPUID` leaf 1 gives them in EAX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Extended family.
    pub family: u16,
    /// Extended model.
    pub model: u16,
    /// Stepping.
    pub stepping: u8,
}

impl Signature {
    /// Intel SDM volume 2, `CPUID`, figure 3-6: the extended family counts where the family is 15,
    /// the extended model where it is 6 or 15. As Linux does, the extended model counts for every
    /// family from 6 on, which Zhaoxin's family 7 needs and which changes no other.
    pub const fn from_eax(eax: u32) -> Self {
        let base_family = eax >> 8 & 0xf;
        let extended_family = eax >> 20 & 0xff;
        let base_model = eax >> 4 & 0xf;
        let extended_model = eax >> 16 & 0xf;
        let family = if base_family == 15 {
            base_family + extended_family
        } else {
            base_family
        };
        let extends = base_family >= 6;
        let model = if extends {
            extended_model << 4 | base_model
        } else {
            base_model
        };
        Signature {
            family: family as u16,
            model: model as u16,
            stepping: (eax & 0xf) as u8,
        }
    }
}

/// One core of `x86.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Core {
    /// Twelve letters of `CPUID` leaf 0.
    pub vendor: String,
    /// Extended family.
    pub family: u16,
    /// Inclusive ranges of extended models.
    pub models: Vec<[u16; 2]>,
    /// For people, and the key of its latencies.
    pub name: String,
    /// The core whose latencies stand in, where its own were not measured.
    #[serde(default)]
    pub like: Option<String>,
    /// Key of `antiquity.toml`.
    pub class: String,
    /// Year of first shipment.
    pub year: u16,
    /// Whether any member has 64-bit mode.
    pub long: bool,
    /// Whether any member has AVX.
    pub wide: bool,
    /// The newest vector unit of any member, as the probe names it; empty where none has any.
    pub unit: String,
    /// First-level data caches of its members, KiB.
    pub l1_kib: Vec<u32>,
    /// Second-level caches of its members, KiB.
    pub l2_kib: Vec<u32>,
    /// Where this is written.
    pub source: String,
}

/// Latencies of the members of a core or of a larger group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Latencies {
    /// Name of the core or group.
    pub name: String,
    /// How many processors were measured.
    pub processors: u32,
    /// Where that is written, for cores outside the processor table.
    #[serde(default)]
    pub source: Option<String>,
    /// Bounds by operation.
    #[serde(flatten)]
    pub bounds: BTreeMap<String, Bounds>,
}

/// A vector of latencies that some processor has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Record {
    /// Name of its core in `x86.toml`.
    pub core: String,
    /// Who measured it on what, or who describes it.
    pub source: String,
    /// Bounds by operation.
    #[serde(flatten)]
    pub bounds: BTreeMap<String, Bounds>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordFile {
    record: Vec<Record>,
}

/// A generation of processors.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Era {
    /// For people.
    pub name: String,
    /// The first year in which its cores were shipped.
    pub from: u16,
}

/// Vector units of x86 as the probe names them, oldest first.
const UNITS: [&str; 7] = ["", "mmx", "3dnow", "sse", "sse2", "ssse3", "avx2"];

/// Where a vector unit stands among the others; `None` where the name is none.
pub fn unit_rank(name: &str) -> Option<usize> {
    UNITS.iter().position(|unit| *unit == name)
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manual {
    operation: String,
    min: u32,
    max: u32,
    #[allow(dead_code)] // for readers of the file
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CoreFile {
    era: Vec<Era>,
    core: Vec<Core>,
    manual: Vec<Manual>,
    measured: Vec<Latencies>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LatencyFile {
    core: Vec<Latencies>,
}

/// All that is known of silicon.
#[derive(Debug, Clone)]
pub struct Silicon {
    cores: Vec<Core>,
    latencies: BTreeMap<String, Latencies>,
    /// What any x86-64 processor shows, and any x86 processor at all: measured, or by the manuals.
    any: [(&'static str, Group); 2],
    records: Vec<Record>,
    eras: Vec<Era>,
    families: Families,
}

/// Architectures of x86, each with the group of its processors in the table.
const ANY_X86: [(&str, &str); 2] = [("x86_64", "any x86-64"), ("x86", "any x86")];

impl Silicon {
    /// Parses `x86.toml` and `x86-latency.toml`.
    ///
    /// # Errors
    /// Not TOML of the form above, or bounds upside down.
    pub fn parse(cores: &str, latencies: &str) -> Result<Self, String> {
        let file: CoreFile = toml::from_str(cores).map_err(|e| e.to_string())?;
        let table: LatencyFile = toml::from_str(latencies).map_err(|e| e.to_string())?;
        let latencies = || file.measured.iter().chain(&table.core);
        for line in latencies() {
            if let Some((operation, _)) = line.bounds.iter().find(|(_, [min, max])| min > max) {
                return Err(format!("{}: {operation} is upside down", line.name));
            }
        }
        let by_manual = || {
            file.manual
                .iter()
                .map(|m| (m.operation.clone(), [m.min, m.max]))
        };
        let any = ANY_X86.map(|(architecture, name)| {
            let mut ratios: Ratios = by_manual().collect();
            // What was measured goes before what the manuals say.
            for line in latencies().filter(|l| l.name == name) {
                ratios.extend(line.bounds.clone());
            }
            let name = format!("{name} core");
            (architecture, Group { name, ratios })
        });
        if !file.era.is_sorted_by(|a, b| a.from < b.from) {
            return Err(String::from("eras out of order"));
        }
        if let Some(core) = file.core.iter().find(|c| unit_rank(&c.unit).is_none()) {
            return Err(format!("{}: there is no unit {:?}", core.name, core.unit));
        }
        let measured_here = file.measured.iter().map(|line| Record {
            core: line.name.clone(),
            source: line.source.clone().unwrap_or_default(),
            bounds: line.bounds.clone(),
        });
        Ok(Silicon {
            records: measured_here.collect(),
            eras: file.era,
            latencies: latencies().map(|l| (l.name.clone(), l.clone())).collect(),
            cores: file.core,
            any,
            families: Families::default(),
        })
    }

    /// The same, with the families beside x86.
    pub fn with(self, families: Families) -> Self {
        Silicon { families, ..self }
    }

    /// The same, with vectors of latencies measured on processors.
    ///
    /// # Errors
    /// Not TOML of that form, a core that `x86.toml` does not have, or bounds upside down.
    pub fn with_models(mut self, text: &str) -> Result<Self, String> {
        let records = self.parse_records(text)?;
        self.records.extend(records);
        Ok(self)
    }

    /// The same, with cores that only others describe: what they say stands in for measurements.
    ///
    /// # Errors
    /// As [`Silicon::with_models`].
    pub fn with_described(mut self, text: &str) -> Result<Self, String> {
        let records = self.parse_records(text)?;
        for Record {
            core,
            source,
            bounds,
        } in &records
        {
            let long = self.cores.iter().any(|c| c.name == *core && c.long);
            for (architecture, group) in &mut self.any {
                if *architecture == "x86_64" && !long {
                    continue;
                }
                for (operation, &[least, most]) in bounds {
                    let [a, b] = group
                        .ratios
                        .entry(operation.clone())
                        .or_insert([least, most]);
                    (*a, *b) = ((*a).min(least), (*b).max(most));
                }
            }
            let latencies = Latencies {
                name: core.clone(),
                processors: 0,
                source: Some(source.clone()),
                bounds: bounds.clone(),
            };
            self.latencies.entry(core.clone()).or_insert(latencies);
        }
        self.records.extend(records);
        Ok(self)
    }

    fn parse_records(&self, text: &str) -> Result<Vec<Record>, String> {
        let file: RecordFile = toml::from_str(text).map_err(|e| e.to_string())?;
        for record in &file.record {
            if !self.cores.iter().any(|c| c.name == record.core) {
                return Err(format!("there is no core {:?}", record.core));
            }
            if record.source.is_empty() || record.bounds.values().any(|[a, b]| a > b || *a == 0) {
                return Err(format!("{}: no source, or bounds upside down", record.core));
            }
        }
        Ok(file.record)
    }

    /// Every vector of latencies that is known.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The number of the era of a year, from 0; years before the first era are of the first.
    pub fn era_of(&self, year: u16) -> usize {
        let begun = self.eras.iter().filter(|era| era.from <= year).count();
        begun.saturating_sub(1)
    }

    /// The eras, oldest first.
    pub fn eras(&self) -> &[Era] {
        &self.eras
    }

    /// The families beside x86.
    pub fn families(&self) -> &Families {
        &self.families
    }

    /// What a machine of this architecture is held against: any of these groups will do.
    pub fn groups(&self, architecture: &str) -> &[Group] {
        let x86 = self.any.iter().find(|(name, _)| *name == architecture);
        x86.map(|(_, group)| std::slice::from_ref(group))
            .or_else(|| self.families.of(architecture).map(|f| f.groups.as_slice()))
            .unwrap_or_default()
    }

    /// The cores alone, for the program that derives the latencies.
    ///
    /// # Panics
    /// Never in a build whose tests pass.
    pub fn builtin_cores() -> Self {
        match Self::parse(include_str!("../../data/silicon/x86.toml"), "core = []") {
            Ok(silicon) => silicon,
            Err(error) => panic!("a data file compiled into this program is malformed: {error}"),
        }
    }

    /// The core of this signature. `vendor` may be cut to its first letters, as evidence has it.
    pub fn core(&self, vendor: &str, signature: Signature) -> Option<&Core> {
        self.cores.iter().find(|core| {
            !vendor.is_empty()
                && core.vendor.starts_with(vendor)
                && core.family == signature.family
                && core
                    .models
                    .iter()
                    .any(|&[a, b]| (a..=b).contains(&signature.model))
        })
    }

    /// The core of this name.
    pub fn core_named(&self, name: &str) -> Option<&Core> {
        self.cores.iter().find(|core| core.name == name)
    }

    /// All cores.
    pub fn cores(&self) -> &[Core] {
        &self.cores
    }

    /// The latencies measured on members of `core`, or on the core that it is like.
    pub fn of_core(&self, core: &Core) -> Option<&Latencies> {
        let like = || core.like.as_ref().and_then(|name| self.latencies.get(name));
        self.latencies.get(&core.name).or_else(like)
    }

    /// The latencies of all x86-64 processors by this vendor.
    pub fn of_vendor(&self, vendor: &str) -> Option<&Latencies> {
        let group = |l: &&Latencies| {
            !vendor.is_empty() && l.name.starts_with(vendor) && l.name.ends_with(" x86-64")
        };
        self.latencies.values().find(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_decode_as_the_manuals_say() {
        let of = |eax| {
            let s = Signature::from_eax(eax);
            (s.family, s.model, s.stepping)
        };
        assert_eq!(of(0x0000_0673), (6, 7, 3)); // Pentium III, Katmai
        assert_eq!(of(0x0009_06a4), (6, 154, 4)); // Alder Lake
        assert_eq!(of(0x00b0_0f21), (26, 2, 1)); // Zen 5
        assert_eq!(of(0x0000_0f43), (15, 4, 3)); // Pentium 4, Prescott
        assert_eq!(of(0x0003_07b1), (7, 59, 1)); // Zhaoxin
    }
}
