//! Derives `data/silicon/x86-latency.toml` from published latency dumps of real processors:
//!
//! `cargo run -p verdigris-node --example import_silicon -- LATENCY.csv > node/data/silicon/x86-latency.toml`
//!
//! The table has one line for each processor: vendor, name, CPUID signature, and cycles by
//! instruction. What is kept is the least and the most of each core, as a ratio to its dependent
//! add, in thousandths: ratios need no clock frequency. Empty cells are left out.

use std::collections::BTreeMap;
use std::error::Error;
use verdigris_node::verdict::silicon::{Signature, Silicon};

/// Each operation and the columns that speak of it.
const OPERATIONS: &[(&str, &[&str])] = &[
    ("int_mul", &["imul32_lat"]),
    ("int_div", &["idiv32_lat", "div64_32_lat"]),
    ("shift", &["shl32_cl_lat"]),
    ("load", &["load32_lat"]),
    ("fp_add", &["addps_lat"]),
    ("fp_mul", &["mulps_lat"]),
    ("fp_div", &["divps_lat"]),
    ("fp_sqrt", &["sqrtps_lat"]),
    ("vec_shuffle", &["pshufd_lat"]),
    ("vec_permute", &["pshufb_xmm_lat"]),
    ("vec_mul_add", &["pmaddwd_xmm_lat"]),
    ("vec_fp_add", &["addps_lat"]),
    ("vec_fp_mul", &["mulps_lat"]),
    ("identify", &["cpuid0_lat"]),
];

/// Least and most by operation, and how many processors spoke.
#[derive(Default)]
struct Group {
    processors: u32,
    bounds: BTreeMap<&'static str, [u32; 2]>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: import_silicon LATENCY.csv")?;
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines
        .next()
        .ok_or("the file is empty")?
        .split(',')
        .collect();
    let column = |name: &str| {
        header
            .iter()
            .position(|h| *h == name)
            .ok_or_else(|| format!("no column {name}"))
    };
    let (vendor, signature, mode) = (column("vendor")?, column("signature")?, column("mode")?);
    let add = column("add32_lat")?;
    let silicon = Silicon::builtin_cores();

    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        if cells.len() != header.len() {
            return Err(format!("a line of {} cells: {line}", cells.len()).into());
        }
        let Some(add) = number(cells[add]) else {
            continue;
        };
        let id = Signature::from_eax(u32::from_str_radix(cells[signature], 16)?);
        let core = silicon.core(cells[vendor], id);
        if core.is_none() {
            eprintln!("no core for {} {}", cells[vendor], cells[signature]);
        }
        let mut names = vec![String::from("any x86")];
        // A core with 64-bit mode has the same latencies when it was measured in 32-bit mode.
        if cells[mode] == "X64" || core.is_some_and(|c| c.long) {
            names.push(String::from("any x86-64"));
            names.push(format!("{} x86-64", cells[vendor]));
        }
        names.extend(core.map(|c| c.name.clone()));
        for name in names {
            let group = groups.entry(name).or_default();
            group.processors += 1;
            for (operation, columns) in OPERATIONS {
                for name in *columns {
                    let Some(cycles) = number(cells[column(name)?]) else {
                        continue;
                    };
                    let ratio = (cycles / add * 1000.0).round() as u32;
                    let [min, max] = group.bounds.entry(operation).or_insert([ratio, ratio]);
                    (*min, *max) = ((*min).min(ratio), (*max).max(ratio));
                }
            }
        }
    }

    println!(
        "# Derived by examples/import_silicon.rs from published latency dumps of real processors (the\n\
         # processor table); not to be edited by hand. [least, most] of the processors of a core, in\n\
         # thousandths of its dependent add."
    );
    for (name, group) in groups {
        println!(
            "\n[[core]]\nname = {name:?}\nprocessors = {}",
            group.processors
        );
        for (operation, [min, max]) in group.bounds {
            println!("{operation} = [{min}, {max}]");
        }
    }
    Ok(())
}

fn number(cell: &str) -> Option<f64> {
    cell.trim().parse::<f64>().ok().filter(|x| *x > 0.0)
}
