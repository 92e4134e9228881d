//! The laboratory: what the verdict catches, and whom it wrongs, measured.
//!
//! A [`rigs::Rig`] attests to a [`node_process::Node`], a real process that judges what it is sent over HTTP and is told no
//! truth. Each run is a [`record`], so that a [`campaign`] can be stopped and gone on with. [`figures`] makes of the
//! records what [`report`] and [`plot`] write down; [`statistics`] is the arithmetic. [`paper`] and [`families`] write
//! evidence without running anything, [`here`] measures this machine; [`heldout`] asks the node's library what its records
//! make of models that are not in them. [`bounds`] is what must hold.

pub mod bench;
pub mod bounds;
pub mod campaign;
pub mod clocked;
pub mod families;
pub mod figures;
pub mod fleet_figures;
pub mod heldout;
pub mod here;
pub mod paper;
pub mod plot;
pub mod record;
pub mod report;
pub mod rigs;
pub mod statistics;
pub mod units;

use std::time::{SystemTime, UNIX_EPOCH};

/// The calendar year, by which the node ages classes of silicon.
pub fn year() -> u16 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    verdigris_node::clock::year(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// This machine as the figures' reader needs to know it.
pub fn machine() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|l| l.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let guest = if here::is_guest() {
        ", a guest of a hypervisor"
    } else {
        ""
    };
    let model = model.unwrap_or_else(|| std::env::consts::ARCH.into());
    format!("{model}, {cores} CPUs{guest}")
}
