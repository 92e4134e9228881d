//! The data files of x86 that follow from the tables of measurements. All arithmetic is on whole
//! thousandths: the files are the same on every host.

use super::table::{Curve, Latencies, Mode, Processor};
use crate::verdict::silicon::{Bounds, Core, Silicon};
use probe_core::machine::{FP_LANES, INT_LANES};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The operation that every ratio goes by.
const ADD: &str = "add32";

/// Each operation of the verdict and the instructions that speak of it. Floating point is there twice: in
/// the vector unit, which programs use from SSE2 on, and in the x87.
const OPERATIONS: [(&str, &[&str]); 18] = [
    ("int_mul", &["imul32"]),
    ("int_div", &["idiv32", "div64_32"]),
    ("shift", &["shl32_cl"]),
    ("load", &["load32"]),
    ("fp_add", &["addps"]),
    ("fp_mul", &["mulps"]),
    ("fp_div", &["divps"]),
    ("fp_sqrt", &["sqrtps"]),
    ("x87_add", &["fadd"]),
    ("x87_mul", &["fmul"]),
    ("x87_div", &["fdiv80"]),
    ("x87_sqrt", &["fsqrt80"]),
    ("vec_shuffle", &["pshufd"]),
    ("vec_permute", &["pshufb_xmm"]),
    ("vec_mul_add", &["pmaddwd_xmm"]),
    ("vec_fp_add", &["addps"]),
    ("vec_fp_mul", &["mulps"]),
    ("identify", &["cpuid0"]),
];

/// Operations that do not wait for one another, the instruction that speaks of each, and in how many chains
/// the probe has it: no more overlap than those allow is seen.
const APART: [(&str, &str, usize); 7] = [
    ("int_mul_apart", "imul32", INT_LANES),
    ("load_apart", "load32", INT_LANES),
    ("vec_shuffle_apart", "pshufd", FP_LANES),
    ("vec_permute_apart", "pshufb_xmm", FP_LANES),
    ("vec_mul_add_apart", "pmaddwd_xmm", FP_LANES),
    ("vec_fp_add_apart", "addps", FP_LANES),
    ("vec_fp_mul_apart", "mulps", FP_LANES),
];

/// Bounds by operation, thousandths of a dependent add.
pub type Ratios = BTreeMap<&'static str, Bounds>;

/// What a line of the latency table amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured<'a> {
    /// Which processor.
    pub processor: &'a Processor,
    /// Least and most of the instructions of each operation.
    pub ratios: Ratios,
}

/// The ratios of a table. Lines whose dependent add was not measured are left out: they have none.
pub fn ratios(table: &[Latencies]) -> Vec<Measured<'_>> {
    let ratios = |line: &Latencies| -> Option<Ratios> {
        let add = u64::from(*line.latency.get(ADD)?);
        let ratio = |cycles: u32| (u64::from(cycles) * 1000 + add / 2) / add;
        let of = |instructions: &[&str]| {
            let known = instructions.iter().filter_map(|i| line.latency.get(i));
            let ratios = known.map(|&cycles| u32::try_from(ratio(cycles)).unwrap_or(u32::MAX));
            let (least, most) = (ratios.clone().min()?, ratios.max()?);
            Some([least, most])
        };
        let found = OPERATIONS
            .iter()
            .filter_map(|(name, i)| Some((*name, of(i)?)));
        let apart = |instruction: &str, lanes: usize| {
            let [each, chain] = [&line.throughput, &line.latency].map(|t| t.get(instruction));
            let seen = (*each?).max(chain? / u32::try_from(lanes).ok()?);
            let ratio = u32::try_from(ratio(seen)).ok()?;
            Some([ratio, ratio])
        };
        let overlapping = APART
            .iter()
            .filter_map(|&(name, instruction, lanes)| Some((name, apart(instruction, lanes)?)));
        Some(found.chain(overlapping).collect())
    };
    let lines = table.iter().map(|line| (&line.processor, ratios(line)));
    lines
        .filter_map(|(processor, ratios)| {
            Some(Measured {
                processor,
                ratios: ratios?,
            })
        })
        .collect()
}

const HEAD: &str =
    "# Derived by `verdigris-node silicon import` from data/measured; not to be edited by hand.\n";

/// The text of `x86-latency.toml`: least and most of each core, of each maker's and of all processors.
pub fn latency_file<'a>(
    measured: impl IntoIterator<Item = &'a Measured<'a>>,
    silicon: &Silicon,
) -> String {
    let mut groups: BTreeMap<String, (u32, Ratios)> = BTreeMap::new();
    for Measured { processor, ratios } in measured {
        let core = silicon.core(&processor.vendor, processor.signature());
        let mut names = vec![String::from("any x86")];
        // A core with 64-bit mode has the same latencies when it was measured in 32-bit mode.
        if processor.mode == Mode::X64 || core.is_some_and(|c| c.long) {
            names.push(String::from("any x86-64"));
            names.push(format!("{} x86-64", processor.vendor));
        }
        names.extend(core.map(|c| c.name.clone()));
        for name in names {
            let (processors, bounds) = groups.entry(name).or_default();
            *processors += 1;
            let waits = |name: &str| APART.iter().all(|(apart, ..)| *apart != name);
            for (operation, ratio) in ratios.iter().filter(|(name, _)| waits(name)) {
                widen(bounds.entry(*operation).or_insert(*ratio), *ratio);
            }
        }
    }
    let mut text = String::from(HEAD);
    text.push_str(
        "# [least, most] of the processors of a core, in thousandths of its dependent add.\n",
    );
    for (name, (processors, bounds)) in groups {
        line(
            &mut text,
            format_args!("\n[[core]]\nname = {name:?}\nprocessors = {processors}"),
        );
        for (operation, [least, most]) in bounds {
            line(&mut text, format_args!("{operation} = [{least}, {most}]"));
        }
    }
    text
}

/// The text of `x86-models.toml`: every ratio vector that differs from the others of its core, and the
/// processors that have it. A core that is known by its signature alone has no line.
pub fn model_file<'a>(
    measured: impl IntoIterator<Item = &'a Measured<'a>>,
    silicon: &Silicon,
) -> String {
    let mut records: Vec<(&Core, Ratios, Vec<String>)> = Vec::new();
    for Measured { processor, ratios } in measured {
        let Some(core) = silicon.core(&processor.vendor, processor.signature()) else {
            continue;
        };
        let mut ratios = ratios.clone();
        // What identification costs is a matter of the system below as much as of the core.
        ratios.remove("identify");
        let same = records
            .iter_mut()
            .find(|(c, r, _)| c.name == core.name && *r == ratios);
        match same {
            Some((_, _, processors)) => processors.push(processor.describe()),
            None => records.push((core, ratios, vec![processor.describe()])),
        }
    }
    records.sort_by(|(a, _, x), (b, _, y)| (a.year, &a.name, x).cmp(&(b.year, &b.name, y)));
    let mut text = String::from(HEAD);
    text.push_str(
        "# One record for each vector of latencies that differs within a core, thousandths of its dependent\n\
         # add, oldest core first. _apart is the same operation where none waits for another. source names the\n\
         # dumps: name, signature, mode.\n",
    );
    for (core, ratios, processors) in records {
        let source = processors.join("; ");
        line(
            &mut text,
            format_args!("\n[[record]]\ncore = {:?}\nsource = {source:?}", core.name),
        );
        for (operation, [least, most]) in ratios {
            line(&mut text, format_args!("{operation} = [{least}, {most}]"));
        }
    }
    text
}

/// The text of `x86-memory.toml`: least and most of each core by working set.
pub fn memory_file(curves: &[Curve], silicon: &Silicon) -> String {
    let mut cores: BTreeMap<&str, (u32, BTreeMap<u32, Bounds>)> = BTreeMap::new();
    for Curve { processor, cycles } in curves {
        let Some(core) = silicon.core(&processor.vendor, processor.signature()) else {
            continue;
        };
        let (processors, bounds) = cores.entry(&core.name).or_default();
        *processors += 1;
        for (&bytes, &cycles) in cycles.iter().filter(|(bytes, _)| **bytes >= LEAST_BYTES) {
            widen(
                bounds.entry(bytes / 1024).or_insert([cycles, cycles]),
                [cycles, cycles],
            );
        }
    }
    let mut text = String::from(HEAD);
    text.push_str(
        "# Of each core: [working set in KiB, least, most], thousandths of a cycle for one dependent load.\n",
    );
    for (name, (processors, bounds)) in cores {
        line(
            &mut text,
            format_args!("\n[[core]]\nname = {name:?}\nprocessors = {processors}\ncurve = ["),
        );
        for (kib, [least, most]) in bounds {
            line(&mut text, format_args!("    [{kib}, {least}, {most}],"));
        }
        text.push_str("]\n");
    }
    text
}

/// The smallest working set of the probe's own curve.
const LEAST_BYTES: u32 = 1024;

fn widen([least, most]: &mut Bounds, [a, b]: Bounds) {
    (*least, *most) = ((*least).min(a), (*most).max(b));
}

fn line(text: &mut String, of: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{of}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::silicon::table;

    const LATENCY: &str = include_str!("../../data/measured/x86-silicon-latency.csv");
    const MEMORY: &str = include_str!("../../data/measured/x86-silicon-memory.csv");

    #[test]
    fn the_committed_files_are_what_the_tables_give() {
        let latencies = table::latencies(LATENCY).unwrap();
        let curves = table::curves(MEMORY).unwrap();
        let (measured, silicon) = (ratios(&latencies), Silicon::builtin_cores());
        for (committed, derived) in [
            (
                include_str!("../../data/silicon/x86-latency.toml"),
                latency_file(&measured, &silicon),
            ),
            (
                include_str!("../../data/silicon/x86-models.toml"),
                model_file(&measured, &silicon),
            ),
            (
                include_str!("../../data/silicon/x86-memory.toml"),
                memory_file(&curves, &silicon),
            ),
        ] {
            assert!(committed == derived, "run `verdigris-node silicon import`");
        }
    }

    #[test]
    fn every_measured_processor_has_a_core() {
        let silicon = Silicon::builtin_cores();
        for line in table::latencies(LATENCY).unwrap() {
            let core = silicon.core(&line.processor.vendor, line.processor.signature());
            assert!(core.is_some(), "{}", line.processor.describe());
        }
    }
}
