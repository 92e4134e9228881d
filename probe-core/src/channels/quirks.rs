//! Values, not times, on operands that the challenge draws: estimate tables, undefined flags, last bits.
//!
//! - **Measured:** what instructions answer where the manual leaves the answer to the silicon: the
//!   estimate tables of reciprocals and reciprocal square roots, the last bits of x87
//!   transcendentals, flags documented as undefined, a destination documented as undefined.
//! - **Kernel:** [`Machine::quirk`], one call for each operand drawn. Operands come from the
//!   challenge, so a forger needs the whole table, not a few remembered answers.
//! - **Estimator:** none: the words are the evidence. A node compares them with what each silicon
//!   family and each emulator answers to the same operands.
//! - **Cost:** a few tens of microseconds, no memory, about 800 bytes.
//! - **Silicon:** identifies the maker and often the family of a core. An emulator computes the
//!   exact value (QEMU divides where `rcpps` looks up a table; its x87 is the host's `double`, so
//!   the low 11 bits of a mantissa are 0; it leaves other flags undefined) or borrows its host's
//!   table.
//! - **Source:** Intel SDM volume 2 (which flags are undefined), volume 1 §8.3 (x87 accuracy); AMD
//!   APM volume 3; values observed on processors and emulators are the node's data, not this
//!   crate's.
//!
//! # Registries
//!
//! One file for each family of architectures, [`x86`], [`power`], [`arm`], [`aarch64`], [`riscv`],
//! [`sparc`], [`mips`], [`m68k`], and [`portable`] for those that have no more than C. Each opens with
//! the table of what its probes compute. Numbers are unique over all of them and never used again:
//! 1–39 x86, 40–79 Power, 80–99 ARM, 100–119 AArch64, 120–139 RISC-V, 140–169 SPARC, 170–199 MIPS,
//! 200–239 68k, 240–299 portable.

use super::ChannelId;
use crate::machine::{Machine, QUIRK_WORDS};
use crate::seed::{Seed, Stream};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What each probe of the architecture's registry answered.
    pub answers: Vec<Answer, 32>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

/// The answer of one value probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The probe's number in its architecture's registry.
    pub id: u16,
    /// Words answered, [`Probe::words`] for each operand drawn.
    pub words: Vec<u32, 16>,
}

/// One entry of an architecture's registry of value probes. The same table serves the miner (what to
/// run) and the node (what it drew).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Number, unique over all architectures, never used again once released.
    pub id: u16,
    /// Short name for people.
    pub name: &'static str,
    /// Operands drawn from the challenge for each run of the probe.
    pub draws: u8,
    /// Words of each answer that mean something, 1 to [`crate::machine::QUIRK_WORDS`].
    pub words: u8,
    /// How operands are drawn.
    pub domain: Domain,
}

/// How a probe's operands are drawn from its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Two words of 32 random bits.
    Words,
    /// First word: a binary32 in [2^-20, 2^20) with a random mantissa; second: 0.
    Float32,
    /// First word: a shift count or small number in 1..=31; second: 32 random bits.
    Small,
    /// No operand: both words 0.
    None,
}

/// Binary orders of magnitude that [`Domain::Float32`] covers, and the biased exponent of the first.
const FLOAT32_OCTAVES: u32 = 40;
/// Biased exponent of 2^-20 in binary32.
const FLOAT32_FIRST_EXPONENT: u32 = 127 - 20;
/// Mantissa bits of binary32.
const FLOAT32_MANTISSA: u32 = (1 << 23) - 1;

impl Domain {
    /// Draws one operand. The order of the draws is part of the wire contract.
    pub fn draw(self, stream: &mut Stream) -> [u32; 2] {
        match self {
            Domain::Words => [stream.next_u32(), stream.next_u32()],
            Domain::Float32 => {
                let exponent = FLOAT32_FIRST_EXPONENT + stream.below(FLOAT32_OCTAVES);
                [exponent << 23 | (stream.next_u32() & FLOAT32_MANTISSA), 0]
            }
            Domain::Small => [1 + stream.below(31), stream.next_u32()],
            Domain::None => [0, 0],
        }
    }
}

impl Probe {
    /// The operands that `seed` decides for this probe, in the order in which they are run.
    pub fn operands(&self, seed: &Seed) -> impl Iterator<Item = [u32; 2]> {
        let mut stream = seed.stream(ChannelId::Quirks.tag(self.id));
        let domain = self.domain;
        (0..self.draws).map(move |_| domain.draw(&mut stream))
    }
}

pub mod aarch64;
pub mod arm;
pub mod m68k;
pub mod mips;
pub mod portable;
pub mod power;
pub mod riscv;
pub mod sparc;
pub mod x86;

/// Registries by the architectures ([`crate::machine::Identity::architecture`]) that they serve.
pub const REGISTRIES: &[(&[&str], &[Probe])] = &[
    (&["x86_64", "x86"], x86::PROBES),
    (&["powerpc", "powerpc64"], power::PROBES),
    (&["arm"], arm::PROBES),
    (&["aarch64"], aarch64::PROBES),
    (&["riscv64"], riscv::PROBES),
    (&["sparc", "sparc64"], sparc::PROBES),
    (&["mips", "mips64"], mips::PROBES),
    (&["m68k"], m68k::PROBES),
    (&["alpha", "hppa", "sh4", "s390x"], portable::PROBES),
];

/// The registry of an architecture; empty for one that has none.
pub fn registry(architecture: &str) -> &'static [Probe] {
    REGISTRIES
        .iter()
        .find(|(architectures, _)| architectures.contains(&architecture))
        .map_or(&[], |(_, probes)| probes)
}

/// An entry of a registry.
const fn probe(id: u16, name: &'static str, draws: u8, words: u8, domain: Domain) -> Probe {
    Probe {
        id,
        name,
        draws,
        words,
        domain,
    }
}

// Answers must fit their place in the evidence, and numbers rise through all registries.
const _: () = {
    let mut last = 0;
    let mut family = 0;
    while family < REGISTRIES.len() {
        let probes = REGISTRIES[family].1;
        assert!(probes.len() <= 32);
        let mut i = 0;
        while i < probes.len() {
            let probe = probes[i];
            assert!(probe.words >= 1 && probe.words as usize <= QUIRK_WORDS);
            assert!(probe.draws >= 1 && probe.draws as usize * probe.words as usize <= 16);
            assert!(probe.id > last);
            last = probe.id;
            i += 1;
        }
        family += 1;
    }
};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [1, 1];

/// Runs the whole registry of `architecture`. `None` where it answers no probe at all.
///
/// Cost: tens of microseconds natively; one call of the prober's `poll`.
pub fn run(machine: &mut impl Machine, seed: &Seed) -> Option<Evidence> {
    let start = machine.now();
    let mut answers: Vec<Answer, 32> = Vec::new();
    for probe in machine.probes() {
        let mut words = Vec::new();
        for operand in probe.operands(seed) {
            if let Some(answer) = machine.quirk(probe.id, operand) {
                // At most 16 words and 32 probes: asserted above at compile time.
                let _ = words.extend_from_slice(&answer[..usize::from(probe.words)]);
            }
        }
        if !words.is_empty() {
            let _ = answers.push(Answer {
                id: probe.id,
                words,
            });
        }
    }
    let end = machine.now();
    (!answers.is_empty()).then(|| Evidence {
        answers,
        ticks: machine.between(start, end),
    })
}
