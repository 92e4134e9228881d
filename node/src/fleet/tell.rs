//! What is known of a miner, in plain words: for its owner, who may know nothing of other owners, and for the
//! operator.

use super::assess::ONE_MACHINE;
use super::known::Known;
use super::rom::{cluster, Finding};
use super::watch::{Found, Record};

/// What a miner has in common with others, and what follows: no names but its own.
///
/// `record` is what was recorded of it in `epoch`, if anything.
pub fn sentences(known: &Known, record: Option<&Record>, epoch: i64) -> Vec<String> {
    let Some(assessed) = &known.assessed else {
        return vec!["It was not compared with others yet.".into()];
    };
    let mut said = Vec::new();
    let others = assessed.names.saturating_sub(1);
    match (assessed.keeper, others) {
        (Some(_), _) => said.push(format!(
            "This name and {others} more are one machine. The name that attested first has its vote; \
             this one counts nothing in epoch {epoch}."
        )),
        (None, 1..) => said.push(format!(
            "This name and {others} more are one machine. This one attested first, and has its vote."
        )),
        (None, 0) => said.push("Nothing says that another name is the same machine. It counts.".into()),
    }
    if record.is_some_and(|record| record.kept) {
        said.push(
            "That was found before, and nothing that was measured since speaks against it.".into(),
        );
    }
    let found = record.map_or(&[][..], |record| &record.found);
    let mut tell = |has: fn(&Found) -> bool, what: &str| {
        let count = found.iter().filter(|f| has(f)).count();
        if count > 0 {
            let names = if count == 1 { "name" } else { "names" };
            said.push(format!("In common with {count} other {names}: {what}."));
        }
    };
    tell(
        |f| f.common.noise,
        "the noise of a measurement, to the last digit, which is a copy",
    );
    tell(|f| f.common.firmware, "a serial number of the firmware's");
    tell(|f| f.common.mac, "a network card");
    tell(
        |f| f.common.machine_id,
        "an installation, which alone says little: disks are copied",
    );
    tell(
        |f| f.common.start.0 > 0,
        "the rate and the start of the counter, which is one crystal and one start",
    );
    if !found.is_empty() {
        let bits = |surprise: u32| format!("{}.{}", surprise / 1_000, surprise % 1_000 / 100);
        said.push(format!(
            "How improbable that is between different machines: {} bits. From {} bits on they are taken \
             for one.",
            bits(assessed.surprise.0),
            bits(ONE_MACHINE.0)
        ));
    }
    if assessed.circumstance.network > 0 {
        said.push("Others attest from the same network. That costs nothing.".into());
    }
    if let Some(rom) = &known.rom {
        said.push(
            match rom.finding {
                Finding::Unknown => "Its ROM is none that is known.",
                Finding::Expected => "Its ROM is a chip's that machines of its kind are sold with.",
                Finding::FromFile => "Its ROM was never sold as a chip: it comes from a file.",
                Finding::Foreign => {
                    "Its ROM is of a machine with another processor: such a ROM runs in an emulator."
                }
            }
            .into(),
        );
        if let Some(cluster) = cluster(assessed.rom_miners, rom.finding) {
            said.push(format!(
                "{} miners report this ROM{}.",
                cluster.miners,
                if cluster.worth_a_look {
                    ""
                } else {
                    ", as is expected of one model"
                }
            ));
        }
    }
    said
}

/// What is known of its crystal.
pub fn crystal(known: &Known) -> String {
    let Some(track) = &known.track else {
        return "Its evidence has no raw reading of a counter of its own.".into();
    };
    match track.estimate() {
        None => {
            "Its counter is followed. A rate is told from six hours without a restart on.".into()
        }
        Some(estimate) => {
            let skew = estimate.rate.skew;
            let ppm = |ppt: i64| {
                let hundredths = ppt / 10_000;
                let sign = if hundredths < 0 { "-" } else { "" };
                let size = hundredths.unsigned_abs();
                format!("{sign}{}.{:02}", size / 100, size % 100)
            };
            format!(
                "Its counter is off by {} ppm, give or take {}: the same crystal shows the same rate \
                 tomorrow, and other crystals may show it too.",
                ppm(skew.middle()),
                ppm(skew.width() / 2 + 1)
            )
        }
    }
}
