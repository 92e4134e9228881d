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
//! # The x86-64 registry
//!
//! `a` and `b` are the two words of the operand; *flags(f)* is a single answer word that packs two
//! runs of the instruction `f`: the low 16 bits are `RFLAGS & 0x8d5` (OF SF ZF AF PF CF) after it
//! ran with those six flags clear, the high 16 bits the same after it ran with those six flags set.
//! *ext(st)* is three words of the 80-bit number in `st(0)`, as `fstp tbyte` stores it: mantissa
//! bits 0–31, mantissa bits 32–63, then sign and exponent in the low 16 bits. The x87 control word
//! is 0x037f (64-bit precision, round to nearest, exceptions masked) and the stack is empty on
//! entry and on exit. MXCSR is 0x1f80. Words of the answer beyond the probe's count are 0.
//!
//! | id | name | domain | meaning of `a`, `b` | answer |
//! |---|---|---|---|---|
//! | 1 | `rcpps` | Float32 | lane i = bits `a ^ (i << 21)` | 4 lanes of `rcpps` |
//! | 2 | `rsqrtps` | Float32 | lane i = bits `a ^ (i << 22)` | 4 lanes of `rsqrtps` |
//! | 3 | `rcpss` | Float32 | bits of the operand | low lane of `rcpss` |
//! | 4 | `rsqrtss` | Float32 | bits of the operand | low lane of `rsqrtss` |
//! | 5 | `fsin` | Float32 | `fld dword a; fsin` | *ext* |
//! | 6 | `fcos` | Float32 | `fld dword a; fcos` | *ext* |
//! | 7 | `f2xm1` | Words | `a` as a signed integer × 2^-31 (`fild`, exact `fmul`); `f2xm1` | *ext* |
//! | 8 | `fyl2x` | Float32 | `fld1; fld dword a; fyl2x` = log2 a | *ext* |
//! | 9 | `fpatan` | Float32 | `fld dword a; fld1; fpatan` = arctan a | *ext* |
//! | 10 | `fsin_pi` | None | `fldpi; fsin` | *ext* |
//! | 11 | `shl` | Small | `shl r32 = b, cl = a` | *flags* |
//! | 12 | `shr` | Small | `shr r32 = b, cl = a` | *flags* |
//! | 13 | `rol` | Small | `rol r32 = b, cl = a` | *flags* |
//! | 14 | `shld32` | Small | `shld r32 = b, r32 = !b, cl = a` | *flags* |
//! | 15 | `shld16` | Small | `shld r16 = b & 0xffff, r16 = b >> 16, cl = a \| 16` | *flags*; then the 16-bit result of the run with flags clear |
//! | 16 | `bsf` | Words | `bsf r32, r32 = (a \| 1 << 31) & (!0 << (b & 31))` | *flags* |
//! | 17 | `bsr` | Words | `bsr r32, r32 = (a >> (b & 31)) \| 1` | *flags* |
//! | 18 | `bsf_zero` | Words | destination r64 = `b << 32 \| a`, then `bsf r32, r32 = 0` on its low half | low and high word of the destination, from the run with flags clear; then *flags* |
//! | 19 | `imul` | Words | `imul r32 = a, r32 = b` | *flags* |
//! | 20 | `mul` | Words | `mul r32`: eax = a, multiplier b | *flags* |
//! | 21 | `div` | Words | `div r32`: edx = 0, eax = a, divisor `b \| 1` | *flags* |

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
    /// Architecture, as in [`crate::machine::Identity::architecture`].
    pub architecture: &'static str,
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

const fn x86(id: u16, name: &'static str, draws: u8, words: u8, domain: Domain) -> Probe {
    Probe {
        id,
        architecture: "x86_64",
        name,
        draws,
        words,
        domain,
    }
}

/// The value probes of x86-64; the table in the module's documentation says what each means.
pub const X86_64: &[Probe] = &[
    x86(1, "rcpps", 1, 4, Domain::Float32),
    x86(2, "rsqrtps", 1, 4, Domain::Float32),
    x86(3, "rcpss", 1, 1, Domain::Float32),
    x86(4, "rsqrtss", 1, 1, Domain::Float32),
    x86(5, "fsin", 1, 3, Domain::Float32),
    x86(6, "fcos", 1, 3, Domain::Float32),
    x86(7, "f2xm1", 1, 3, Domain::Words),
    x86(8, "fyl2x", 1, 3, Domain::Float32),
    x86(9, "fpatan", 1, 3, Domain::Float32),
    x86(10, "fsin_pi", 1, 3, Domain::None),
    x86(11, "shl", 2, 1, Domain::Small),
    x86(12, "shr", 2, 1, Domain::Small),
    x86(13, "rol", 2, 1, Domain::Small),
    x86(14, "shld32", 2, 1, Domain::Small),
    x86(15, "shld16", 1, 2, Domain::Small),
    x86(16, "bsf", 2, 1, Domain::Words),
    x86(17, "bsr", 2, 1, Domain::Words),
    x86(18, "bsf_zero", 1, 3, Domain::Words),
    x86(19, "imul", 1, 1, Domain::Words),
    x86(20, "mul", 1, 1, Domain::Words),
    x86(21, "div", 1, 1, Domain::Words),
];

/// Registries of all architectures.
pub const REGISTRIES: &[&[Probe]] = &[X86_64];

/// The registry of an architecture; empty for one that has none yet.
pub fn registry(architecture: &str) -> &'static [Probe] {
    REGISTRIES
        .iter()
        .find(|r| r.iter().any(|p| p.architecture == architecture))
        .copied()
        .unwrap_or(&[])
}

const _: () = {
    let mut i = 0;
    while i < X86_64.len() {
        assert!(X86_64[i].words as usize <= QUIRK_WORDS);
        assert!(X86_64[i].draws as usize * X86_64[i].words as usize <= 16);
        i += 1;
    }
    assert!(X86_64.len() <= 32);
};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [1, 1];

/// Runs the whole registry of `architecture`. `None` where it answers no probe at all.
///
/// Cost: tens of microseconds natively; one call of the prober's `poll`.
pub fn run(machine: &mut impl Machine, architecture: &str, seed: &Seed) -> Option<Evidence> {
    let start = machine.now();
    let mut answers: Vec<Answer, 32> = Vec::new();
    for probe in registry(architecture) {
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
