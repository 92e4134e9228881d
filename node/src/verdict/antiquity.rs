//! What a class of silicon is worth: `data/antiquity.toml`, and the decay of bonuses with the age of
//! the chain. Weights are integers of 1e-9 throughout.

use super::WEIGHT_ONE;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Seconds in a Julian year, 365.25 days: the existing network's year.
pub const YEAR_S: u64 = 31_557_600;

/// Hundredths of a bonus lost in each year of the chain's age: `m = 1 + (base − 1)·max(0, 1 −
/// 0.15·years)`, of the reward table.
pub const DECAY_PERCENT_PER_YEAR: u64 = 15;

/// The class of a virtual machine or an emulator.
pub const VIRTUAL: &str = "virtual";

/// The class of a machine that nothing proves to be silicon.
pub const UNPROVEN: &str = "unproven";

/// The class of silicon that no table knows.
pub const UNKNOWN: &str = "unknown";

/// A class of silicon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Key, as in a verdict.
    pub key: String,
    /// Device family.
    pub family: String,
    /// For people.
    pub name: String,
    /// Base multiplier, weight units.
    pub base_units: u64,
    /// Year of first shipment; 0 where the class has none.
    pub year: u16,
    /// Where the multiplier comes from.
    pub source: String,
}

/// The whole file.
#[derive(Debug, Clone)]
pub struct Antiquity {
    classes: BTreeMap<String, Class>,
    aging: Vec<Aging>,
    architectures: BTreeMap<String, Architecture>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Aging {
    family: String,
    after_years: u16,
    class: String,
}

/// What is known of an architecture as such.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// As in `IdentityReport::architecture`.
    pub name: String,
    /// Device family.
    pub family: String,
    /// Class where the silicon is not known more closely.
    pub class: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassLine {
    key: String,
    family: String,
    name: String,
    multiplier: String,
    year: u16,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    aging: Vec<Aging>,
    architecture: Vec<Architecture>,
    class: Vec<ClassLine>,
}

impl Antiquity {
    /// Parses `antiquity.toml`.
    ///
    /// # Errors
    /// Not TOML of the form above, a key given twice, a multiplier that is not an exact decimal of
    /// at most nine places, or a reference to a class that is not there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut classes = BTreeMap::new();
        for line in file.class {
            let base_units = units(&line.multiplier)
                .ok_or_else(|| format!("class {}: multiplier {:?}", line.key, line.multiplier))?;
            let class = Class {
                key: line.key.clone(),
                family: line.family,
                name: line.name,
                base_units,
                year: line.year,
                source: line.source,
            };
            if classes.insert(line.key.clone(), class).is_some() {
                return Err(format!("class {} is there twice", line.key));
            }
        }
        let referred = file
            .aging
            .iter()
            .map(|a| a.class.as_str())
            .chain(file.architecture.iter().map(|a| a.class.as_str()))
            .chain([VIRTUAL, UNPROVEN, UNKNOWN]);
        for key in referred {
            if !classes.contains_key(key) {
                return Err(format!("class {key} is referred to and not there"));
            }
        }
        let architectures = file
            .architecture
            .into_iter()
            .map(|a| (a.name.clone(), a))
            .collect();
        Ok(Antiquity {
            classes,
            aging: file.aging,
            architectures,
        })
    }

    /// The class with this key.
    pub fn class(&self, key: &str) -> Option<&Class> {
        self.classes.get(key)
    }

    /// All classes, by key.
    pub fn classes(&self) -> impl Iterator<Item = &Class> {
        self.classes.values()
    }

    /// What is known of an architecture.
    pub fn architecture(&self, name: &str) -> Option<&Architecture> {
        self.architectures.get(name)
    }

    /// The class that silicon of class `key` first made in `year` has become by the year `now`:
    /// itself, or an aged class that is worth more.
    pub fn aged(&self, key: &str, year: u16, now: u16) -> Option<&Class> {
        let class = self.classes.get(key)?;
        let aged = self
            .aging
            .iter()
            .filter(|a| a.family == class.family && year != 0)
            .filter(|a| now >= year.saturating_add(a.after_years))
            .filter_map(|a| self.classes.get(&a.class))
            .filter(|a| a.base_units > class.base_units)
            .max_by_key(|a| a.base_units);
        Some(aged.unwrap_or(class))
    }
}

/// Weight units of an exact decimal number such as `"2.5"`; `None` where it is none, or has more
/// than nine places, or is zero.
fn units(decimal: &str) -> Option<u64> {
    let (whole, fraction) = decimal.split_once('.')?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let scale = 10u64.pow(9 - u32::try_from(fraction.len()).ok()?);
    let units = whole
        .parse::<u64>()
        .ok()?
        .checked_mul(WEIGHT_ONE)?
        .checked_add(fraction.parse::<u64>().ok()? * scale)?;
    (units > 0).then_some(units)
}

/// The multiplier of a base at an age of the chain, weight units, rounded down to the unit:
/// `1 + (base − 1) · max(0, 1 − 0.15·years)` for a base above one, otherwise the base.
pub fn decayed(base_units: u64, chain_age_s: u64) -> u64 {
    let Some(bonus) = base_units.checked_sub(WEIGHT_ONE) else {
        return base_units;
    };
    let whole = 100 * u128::from(YEAR_S);
    let lost = u128::from(DECAY_PERCENT_PER_YEAR) * u128::from(chain_age_s);
    let kept = u128::from(bonus) * whole.saturating_sub(lost) / whole;
    // `kept` is at most `bonus`, which is a u64.
    WEIGHT_ONE + u64::try_from(kept).unwrap_or(bonus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file() -> Antiquity {
        Antiquity::parse(include_str!("../../data/antiquity.toml")).unwrap()
    }

    /// The reward table: class, base, and the value after five years where the table gives one.
    const REWARD_TABLE: &[(&str, u64, Option<u64>)] = &[
        ("arm2", 4_000_000_000, None),
        ("vax_780", 3_500_000_000, None),
        ("transputer", 3_500_000_000, None),
        ("386", 3_000_000_000, None),
        ("68000", 3_000_000_000, None),
        ("sparc", 2_900_000_000, Some(1_475_000_000)),
        ("mips_r4000", 2_700_000_000, None),
        ("g4", 2_500_000_000, Some(1_375_000_000)),
        ("ps3_cell", 2_200_000_000, None),
        ("g5", 2_000_000_000, Some(1_250_000_000)),
        ("pentium_iii", 2_000_000_000, None),
        ("g3", 1_800_000_000, None),
        ("power8", 1_500_000_000, Some(1_125_000_000)),
        ("pentium4", 1_500_000_000, None),
        ("riscv", 1_400_000_000, None),
        ("apple_silicon", 1_200_000_000, Some(1_050_000_000)),
        ("modern_x86_64", 1_000_000_000, None),
        ("modern_arm", 500_000, None),
        ("virtual", 1, None),
    ];

    #[test]
    fn both_columns_of_the_reward_table_are_reproduced() {
        let file = file();
        for &(key, base, after_five) in REWARD_TABLE {
            let class = file.class(key).unwrap();
            assert_eq!(class.base_units, base, "{key}");
            assert_eq!(decayed(base, 0), base, "{key}");
            if let Some(expected) = after_five {
                assert_eq!(decayed(base, 5 * YEAR_S), expected, "{key}");
            }
        }
    }

    #[test]
    fn a_modern_desktop_is_retro_sixteen_years_on() {
        let file = file();
        assert_eq!(
            file.aged("modern_x86_64", 2024, 2026).unwrap().key,
            "modern_x86_64"
        );
        assert_eq!(
            file.aged("modern_x86_64", 2024, 2039).unwrap().key,
            "modern_x86_64"
        );
        let old = file.aged("modern_x86_64", 2024, 2040).unwrap();
        assert_eq!(
            (old.key.as_str(), old.base_units),
            ("retro_x86", 1_400_000_000)
        );
        // What is worth more already stays what it is.
        assert_eq!(
            file.aged("pentium_iii", 1999, 2040).unwrap().key,
            "pentium_iii"
        );
    }

    #[test]
    fn malformed_multipliers_are_refused() {
        for text in [
            "",
            "1",
            ".5",
            "1.",
            "-1.0",
            "1.0000000001",
            "0.0",
            "1e9",
            "99999999999.0",
        ] {
            assert_eq!(units(text), None, "{text}");
        }
        assert_eq!(units("0.000000001"), Some(1));
        assert_eq!(units("1.05"), Some(1_050_000_000));
    }

    proptest! {
        #[test]
        fn decay_never_rises_and_never_crosses_one(
            base in 1u64..10_000_000_000, a in 0u64..1_000_000_000, b in 0u64..1_000_000_000,
        ) {
            let (young, old) = (decayed(base, a.min(b)), decayed(base, a.max(b)));
            prop_assert!(old <= young && young <= base);
            prop_assert!(old >= base.min(WEIGHT_ONE));
        }
    }
}
