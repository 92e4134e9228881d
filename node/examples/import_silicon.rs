//! Derives `data/silicon/x86-latency.toml` from the processor table:
//!
//! `cargo run -p verdigris-node --example import_silicon -- LATENCY.csv > node/data/silicon/x86-latency.toml`
//!
//! What is kept is the least and the most of each core, as a ratio to its dependent add: ratios need
//! no clock frequency.

mod silicon_table;

use std::error::Error;
use verdigris_node::verdict::silicon::{Signature, Silicon};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: import_silicon LATENCY.csv")?;
    let rows = silicon_table::read(&path)?;
    let silicon = Silicon::builtin_cores();
    for row in &rows {
        if silicon
            .core(&row.vendor, Signature::from_eax(row.eax))
            .is_none()
        {
            eprintln!("x86.toml has no core for {} ({:08x})", row.name, row.eax);
        }
    }
    print!("{}", silicon_table::derive(rows.iter(), &silicon)?);
    Ok(())
}
