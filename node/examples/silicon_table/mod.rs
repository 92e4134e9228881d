//! The processor table: published latency dumps of real processors as a CSV file, one line for each,
//! with vendor, name, CPUID signature, mode, and cycles by instruction. Empty cells are left out.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
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

/// One processor.
pub struct Row {
    /// Twelve letters of `CPUID` leaf 0.
    pub vendor: String,
    /// What the dump is called.
    pub name: String,
    /// `CPUID` leaf 1 EAX.
    pub eax: u32,
    /// Whether it was measured in 64-bit mode.
    pub long: bool,
    /// Least and most of the columns of each operation, thousandths of a dependent add.
    pub ratios: BTreeMap<&'static str, [u32; 2]>,
}

/// Reads the table; processors whose dependent add was not measured are left out.
pub fn read(path: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines
        .next()
        .ok_or("the file is empty")?
        .split(',')
        .collect();
    let mut rows = Vec::new();
    for line in lines {
        let cells: BTreeMap<&str, &str> = header.iter().copied().zip(line.split(',')).collect();
        let cell = |name: &str| {
            cells
                .get(name)
                .copied()
                .ok_or_else(|| format!("no {name}: {line}"))
        };
        let Some(add) = number(cell("add32_lat")?) else {
            continue;
        };
        let mut ratios = BTreeMap::new();
        for (operation, columns) in OPERATIONS {
            for column in *columns {
                let Some(cycles) = number(cell(column)?) else {
                    continue;
                };
                let ratio = (cycles / add * 1000.0).round() as u32;
                let [min, max] = ratios.entry(*operation).or_insert([ratio, ratio]);
                (*min, *max) = ((*min).min(ratio), (*max).max(ratio));
            }
        }
        rows.push(Row {
            vendor: cell("vendor")?.to_owned(),
            name: cell("name")?.to_owned(),
            eax: u32::from_str_radix(cell("signature")?, 16)?,
            long: cell("mode")? == "X64",
            ratios,
        });
    }
    Ok(rows)
}

fn number(cell: &str) -> Option<f64> {
    cell.trim().parse::<f64>().ok().filter(|x| *x > 0.0)
}

/// The text of `x86-latency.toml` for these rows: least and most of each core, of each maker's and of
/// all x86-64 processors.
pub fn derive<'a>(
    rows: impl Iterator<Item = &'a Row>,
    silicon: &Silicon,
) -> Result<String, std::fmt::Error> {
    let mut groups: BTreeMap<String, (u32, BTreeMap<&str, [u32; 2]>)> = BTreeMap::new();
    for row in rows {
        let core = silicon.core(&row.vendor, Signature::from_eax(row.eax));
        let mut names = vec![String::from("any x86")];
        // A core with 64-bit mode has the same latencies when it was measured in 32-bit mode.
        if row.long || core.is_some_and(|c| c.long) {
            names.push(String::from("any x86-64"));
            names.push(format!("{} x86-64", row.vendor));
        }
        names.extend(core.map(|c| c.name.clone()));
        for name in names {
            let (processors, bounds) = groups.entry(name).or_default();
            *processors += 1;
            for (operation, [least, most]) in &row.ratios {
                let [min, max] = bounds.entry(operation).or_insert([*least, *most]);
                (*min, *max) = ((*min).min(*least), (*max).max(*most));
            }
        }
    }
    let mut text = String::from(
        "# Derived by examples/import_silicon.rs from published latency dumps of real processors (the\n\
         # processor table); not to be edited by hand. [least, most] of the processors of a core, in\n\
         # thousandths of its dependent add.\n",
    );
    for (name, (processors, bounds)) in groups {
        write!(
            text,
            "\n[[core]]\nname = {name:?}\nprocessors = {processors}\n"
        )?;
        for (operation, [min, max]) in bounds {
            writeln!(text, "{operation} = [{min}, {max}]")?;
        }
    }
    Ok(text)
}
