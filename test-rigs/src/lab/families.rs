//! Machines of families that nobody has measured: simulated ones, with published latencies.

use super::paper::jittered;
use crate::bind::bind;
use crate::sim::{presets, probe, Simulated, Spec};
use probe_core::channels::quirks;
use probe_core::evidence::Evidence;
use probe_core::plan::Plan;
use probe_core::seed::{Seed, Stream};
use std::sync::LazyLock;

/// A simulated machine.
#[derive(Debug)]
pub struct Family {
    /// What it is called here.
    pub name: &'static str,
    /// The class that it is paid as.
    pub class: &'static str,
    spec: fn() -> Spec,
    /// What it would have sent, to no challenge.
    evidence: Evidence,
}

/// Where `Plan::quick` walks no further.
const ARENA: u32 = 8 << 20;

/// Specification, identification words, name, class.
type Known = (fn() -> Spec, &'static [u32], &'static str, &'static str);

/// Words are what `probe-arch` puts there: the version register of a 7450, the 68040 as told by its flags, and MIDR and
/// version of an SA-110.
const KNOWN: [Known; 5] = [
    (presets::g4e, &[0x8000_0201], "PowerPC 7450", "g4"),
    (presets::ultrasparc, &[], "UltraSPARC II", "ultrasparc"),
    (presets::r10000, &[], "R10000", "mips_r12000"),
    (presets::m68040, &[0, 0, 0, 0, 68_040], "68040", "68040"),
    (
        presets::strongarm,
        &[0x4401_a104, 0, 0, 4],
        "StrongARM",
        "strongarm",
    ),
];

/// All of them, each probed once.
pub static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    KNOWN
        .iter()
        .map(|&(spec, words, name, class)| {
            let plan = Plan {
                quick: true,
                arena_bytes: ARENA,
            };
            let mut evidence = probe(spec(), 7, plan, Seed::derive("", ""));
            for (to, from) in evidence.identity.words.iter_mut().zip(words) {
                *to = *from;
            }
            Family {
                name,
                class,
                spec,
                evidence,
            }
        })
        .collect()
});

/// The family of a name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|f| f.name == name)
}

impl Family {
    /// What it sends to a challenge, every latency moved a little.
    pub fn evidence(&self, seed: &Seed, random: &mut Stream) -> Evidence {
        let mut evidence = self.evidence.clone();
        jittered(&mut evidence, random);
        // Their operands are the challenge's.
        evidence.quirks = quirks::run(&mut Simulated::new((self.spec)(), 0), seed);
        bind(&mut evidence, seed);
        evidence
    }
}
