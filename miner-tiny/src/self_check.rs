//! Whether this machine, its compiler and its kernels compute what every other one does.
//!
//! For a fixed challenge every kernel is run and held against [`probe_core::replay`], and everything
//! that two machines must agree on bit for bit is printed: digests, operands, known answers of the
//! cryptography, a submission with every member set. A line starts with
//!
//! - `=` where it must be the same on every architecture: `diff` these between two machines;
//! - `~` where it belongs to this one: `ok`, `absent` or `WRONG` for a kernel, an answer of a value
//!   probe, a name.
//!
//! Cost: well below a second on a modern machine, some 40 KiB of stack, [`ARENA`] bytes of arena.

use crate::sample::ample;
use crate::session::Signer;
use crate::submission::{compose, describe, Host};
use crate::wallet::{verify, Key};
use core::fmt::{self, Write};
use heapless::Vec;
use probe_core::channels::quirks::REGISTRIES;
use probe_core::channels::ChannelId;
use probe_core::evidence::{to_json, IdentityReport};
use probe_core::machine::{
    Body, Chain, Fresh, Machine, Op, Operands, Pattern, Ring, Routine, Shape, Trap, Walk,
    MAX_FRESH_ADDS,
};
use probe_core::replay;
use probe_core::seed::{fold, Seed};
use probe_core::wire::SUBMISSION_MAX;
use sha2::{Digest, Sha256};

/// Bytes of arena that suffice; with less, rings are absent.
pub const ARENA: usize = 64 * 1024;

/// The challenge that is answered.
const NONCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// The miner that answers it.
const MINER: &str = "self-check";

/// Times round each chain: more than one, so that what a loop carries over is seen.
const ITERATIONS: u32 = 3;

/// Characters of a long text in a line.
const WIDTH: usize = 64;

/// Every operation, by name.
const OPERATIONS: [(Op, &str); 26] = [
    (Op::IntAdd, "int_add"),
    (Op::IntMul, "int_mul"),
    (Op::IntDiv, "int_div"),
    (Op::Shift, "shift"),
    (Op::Load, "load"),
    (Op::FpAdd, "fp_add"),
    (Op::FpMul, "fp_mul"),
    (Op::FpDiv, "fp_div"),
    (Op::FpSqrt, "fp_sqrt"),
    (Op::VecLogic, "vec_logic"),
    (Op::VecShuffle, "vec_shuffle"),
    (Op::VecPermute, "vec_permute"),
    (Op::VecIntAdd, "vec_int_add"),
    (Op::VecMulAdd, "vec_mul_add"),
    (Op::VecFpAdd, "vec_fp_add"),
    (Op::VecFpMul, "vec_fp_mul"),
    (Op::VecFpMulAdd, "vec_fp_mul_add"),
    (Op::WideFpAdd, "wide_fp_add"),
    (Op::WideFpMulAdd, "wide_fp_mul_add"),
    (Op::WidePermute, "wide_permute"),
    (Op::FpMulSubnormal, "fp_mul_subnormal"),
    (Op::FpMulNan, "fp_mul_nan"),
    (Op::FpMulOverflow, "fp_mul_overflow"),
    (Op::FpMulNormal, "fp_mul_normal"),
    (Op::FpRounding, "fp_rounding"),
    (Op::StoreLoad, "store_load"),
];

/// What [`replay::chain`] gives for the operations of binary64: dependent once and twice, independent
/// once and twice. Written down, because a replay is as right as the compiler's own binary64: on
/// processors that compute in extended precision (x87, 68881) it rounds twice, and a kernel that is
/// right there would seem wrong.
const BINARY64: [(Op, [u64; 4]); 4] = [
    (
        Op::FpAdd,
        [
            0x9a84_4124_d1dd_3e83,
            0x7675_84c8_495c_fcb7,
            0x858d_8e84_dc90_af47,
            0xb4d4_8bcc_c5ab_fc7d,
        ],
    ),
    (
        Op::FpMul,
        [
            0x6266_e9a1_e96d_ab7f,
            0x6266_e9a1_e96d_ab7f,
            0x6d4c_b1e1_50d7_a7f4,
            0x6d4c_b1e1_50d7_a7f4,
        ],
    ),
    (
        Op::FpDiv,
        [
            0x28c2_3e75_7b54_8a37,
            0x28c2_3e75_7b54_8a37,
            0xd1cc_34ce_4f78_f9ea,
            0xd1cc_34ce_4f78_f9ea,
        ],
    ),
    (
        Op::FpSqrt,
        [
            0x00e6_678d_e4e7_7d31,
            0x00e6_678d_e4e7_7d31,
            0x2730_85cc_d4b4_489a,
            0x4833_863a_121c_f48f,
        ],
    ),
];

/// What a self-check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Kernels that computed what they must.
    pub right: u32,
    /// Kernels that this machine lacks.
    pub absent: u32,
    /// Kernels, encodings and signatures that came out wrong: none on a machine that can attest.
    pub wrong: u32,
}

/// Runs it all on `machine`, and prints it to `out`. `arena` should start on a page boundary.
///
/// # Errors
/// What `out` reports.
pub fn run<M: Machine>(
    machine: &mut M,
    arena: &mut [u8],
    out: &mut dyn Write,
) -> Result<Report, fmt::Error> {
    let mut check = Check {
        seed: Seed::derive(NONCE, MINER),
        out,
        report: Report::default(),
    };
    check.about(machine)?;
    check.arithmetic()?;
    check.draws()?;
    check.chains(machine)?;
    check.rings(machine, arena)?;
    check.branches(machine)?;
    check.fresh_code(machine)?;
    check.quirks(machine)?;
    check.cryptography()?;
    check.encoding()?;
    let Report {
        right,
        absent,
        wrong,
    } = check.report;
    writeln!(check.out, "~ right {right} absent {absent} wrong {wrong}")?;
    Ok(check.report)
}

struct Check<'a> {
    seed: Seed,
    out: &'a mut dyn Write,
    report: Report,
}

impl Check<'_> {
    /// One kernel: what it must answer, and whether this machine's does.
    fn kernel(
        &mut self,
        name: fmt::Arguments<'_>,
        expected: u64,
        found: Option<u64>,
    ) -> fmt::Result {
        writeln!(self.out, "= {name} {expected:016x}")?;
        match found {
            None => {
                self.report.absent += 1;
                writeln!(self.out, "~ {name} absent")
            }
            Some(found) if found == expected => {
                self.report.right += 1;
                writeln!(self.out, "~ {name} ok")
            }
            Some(found) => {
                self.report.wrong += 1;
                writeln!(self.out, "~ {name} WRONG {found:016x}")
            }
        }
    }

    /// Something that must be so.
    fn must(&mut self, name: &str, holds: bool) -> fmt::Result {
        if holds {
            self.report.right += 1;
            writeln!(self.out, "= {name} ok")
        } else {
            self.report.wrong += 1;
            writeln!(self.out, "= {name} WRONG")
        }
    }

    /// A value that must be the same everywhere.
    fn value(&mut self, name: fmt::Arguments<'_>, value: u64) -> fmt::Result {
        writeln!(self.out, "= {name} {value:016x}")
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) -> fmt::Result {
        write!(self.out, "= {name} ")?;
        for byte in bytes {
            write!(self.out, "{byte:02x}")?;
        }
        writeln!(self.out)
    }

    fn about<M: Machine>(&mut self, machine: &mut M) -> fmt::Result {
        let identity = IdentityReport::from(&machine.identity());
        let counter = machine.info();
        writeln!(
            self.out,
            "~ machine {} {} vector unit \"{}\" name \"{}\"",
            identity.architecture, identity.backend, identity.vector_unit, identity.name
        )?;
        write!(self.out, "~ machine words")?;
        for word in &identity.words {
            write!(self.out, " {word:08x}")?;
        }
        writeln!(
            self.out,
            "\n~ machine counter {} {} bits, pointers {} bits, {} endian, u64 aligned to {}",
            counter.source,
            counter.bits,
            usize::BITS,
            if cfg!(target_endian = "big") {
                "big"
            } else {
                "little"
            },
            core::mem::align_of::<u64>(),
        )
    }

    /// The compiler's own arithmetic, which everything else stands on.
    fn arithmetic(&mut self) -> fmt::Result {
        let [a, b] = self.draw::<2>(1);
        let (narrow, wide) = (a as u32, u128::from(a) * u128::from(b));
        self.value(format_args!("u64.mul"), a.wrapping_mul(b))?;
        self.value(format_args!("u64.div"), a / (b >> 33 | 1))?;
        self.value(format_args!("u64.rem"), a % (b >> 9 | 1))?;
        self.value(
            format_args!("u64.shift"),
            a << (b & 63) ^ a >> (b >> 6 & 63),
        )?;
        self.value(format_args!("u128.mul"), (wide >> 64) as u64)?;
        self.value(format_args!("u128.div"), (wide / 1_000_003) as u64)?;
        self.value(format_args!("u32.rotate"), narrow.rotate_left(7).into())?;
        self.value(format_args!("i32.shift"), (narrow as i32 >> 5) as u64)?;
        self.value(
            format_args!("i16.mul"),
            (i32::from(a as i16) * i32::from(b as i16)) as u64,
        )?;
        self.value(format_args!("bytes"), u64::from_le_bytes(a.to_be_bytes()))?;
        self.value(
            format_args!("bits"),
            u64::from(a.leading_zeros() << 16 | a.trailing_zeros() << 8 | a.count_ones()),
        )?;
        // In [1, 2), so that nothing is special. These are the machine's own: see `BINARY64`.
        let unit = |bits: u64| f64::from_bits(bits >> 12 | 0x3ff0_0000_0000_0000);
        let (x, y) = (unit(a), unit(b));
        let binary64 = [
            ("add", (x + y).to_bits()),
            ("mul", (x * y).to_bits()),
            ("div", (x / y).to_bits()),
            ("cancel", (x * y - x).to_bits()),
            ("single", (x as f32 / y as f32).to_bits().into()),
            ("to_int", (x * 1e15) as u64),
            ("of_int", (a as f64).to_bits()),
        ];
        for (name, bits) in binary64 {
            writeln!(self.out, "~ f64.{name} {bits:016x}")?;
        }
        Ok(())
    }

    fn draw<const N: usize>(&self, tag: u32) -> [u64; N] {
        let mut stream = self.seed.stream(tag);
        core::array::from_fn(|_| stream.next_u64())
    }

    fn draws(&mut self) -> fmt::Result {
        for channel in ChannelId::ALL {
            let mut stream = self.seed.stream(channel.tag(0));
            let name = channel.name();
            self.value(format_args!("stream.{name}"), stream.next_u64())?;
            let operands = Operands::draw(&mut stream);
            self.value(format_args!("operands.{name}"), digest(&operands))?;
            self.value(format_args!("below.{name}"), stream.below(1_000_003).into())?;
        }
        Ok(())
    }

    fn chains<M: Machine>(&mut self, machine: &mut M) -> fmt::Result {
        let operands = Operands::draw(&mut self.seed.stream(0));
        for (op, name) in OPERATIONS {
            for (index, (form, chain)) in forms(op).into_iter().enumerate() {
                // Latency alone is defined for these.
                if chain.shape == Shape::Independent && matches!(op, Op::FpRounding | Op::StoreLoad)
                {
                    continue;
                }
                // One of the two knows every operation.
                let expected = replay::exact_chain(chain, &operands)
                    .or_else(|| known(op)?.get(index).copied())
                    .unwrap_or(0);
                let found = machine.chain(chain, &operands);
                self.kernel(format_args!("{name}.{form}"), expected, found)?;
            }
        }
        Ok(())
    }

    fn rings<M: Machine>(&mut self, machine: &mut M, arena: &mut [u8]) -> fmt::Result {
        let [key] = self.draw(2);
        let ring = |slots, group, stride, skew, pair| Ring {
            slots,
            group,
            stride,
            skew,
            pair,
            key,
        };
        let rings = [
            ("plain", ring(64, 64, 64, 0, 0)),
            ("grouped", ring(960, 64, 64, 0, 0)),
            ("odd", ring(105, 15, 128, 0, 0)),
            ("pages", ring(15, 15, 4096, 72, 0)),
            ("paired", ring(32, 32, 1024, 0, 64)),
        ];
        for (name, ring) in rings {
            let order = (0..ring.links()).fold(0, |order, position| {
                fold(order, ring.offset(position) as u64)
            });
            self.value(format_args!("ring.{name}.order"), order)?;
            let walk = Walk {
                warm: ring.links() + 3,
                steps: ring.links() - 2,
            };
            let mut passes = [0; 3];
            let found = machine.chase(arena, &ring, walk, &mut passes);
            let expected = replay::chase(&ring, walk, passes.len() as u32);
            self.kernel(format_args!("ring.{name}"), expected, found)?;
        }
        Ok(())
    }

    fn branches<M: Machine>(&mut self, machine: &mut M) -> fmt::Result {
        let mut stream = self.seed.stream(3);
        let mut directions = [0; 48];
        directions.fill_with(|| stream.below(2) as u8);
        for (period, branches) in [(1, 7), (2, 100), (7, 1_000), (48, 1_001)] {
            let pattern = Pattern {
                directions: &directions[..period],
                branches,
            };
            let found = machine.branches(pattern).map(u64::from);
            let expected = replay::branches(pattern).into();
            self.kernel(format_args!("branches.{period}"), expected, found)?;
        }
        for targets in [1, 2, 13, 64] {
            let mut order = [0; 64];
            order.fill_with(|| stream.below(u32::from(targets)) as u8);
            let order = &order[..usize::from(targets).max(3)];
            let found = machine.indirect(targets, order, 517).map(u64::from);
            let expected = replay::indirect(order, 517).into();
            self.kernel(format_args!("indirect.{targets}"), expected, found)?;
        }
        for depth in [1, 2, 17, 64] {
            let found = machine.nested_calls(depth, 9).map(u64::from);
            let expected = replay::nested_calls(depth, 9).into();
            self.kernel(format_args!("nested_calls.{depth}"), expected, found)?;
        }
        for (name, trap) in [("identify", Trap::Identify), ("serialise", Trap::Serialise)] {
            let word = machine.trap(trap).map_or("absent", |()| "ok");
            writeln!(self.out, "~ trap.{name} {word}")?;
        }
        Ok(())
    }

    fn fresh_code<M: Machine>(&mut self, machine: &mut M) -> fmt::Result {
        let mut stream = self.seed.stream(4);
        for adds in [1, 2, 40, MAX_FRESH_ADDS] {
            let routine = Routine {
                adds,
                constant: stream.next_u32(),
                x: stream.next_u32(),
            };
            let found = machine
                .fresh_code(Fresh::Write, routine)
                .and_then(|_| machine.fresh_code(Fresh::Run, routine));
            let expected = replay::fresh_code(routine).into();
            self.kernel(
                format_args!("fresh_code.{adds}"),
                expected,
                found.map(u64::from),
            )?;
            let patched = Routine {
                constant: stream.next_u32(),
                ..routine
            };
            let answer = machine
                .fresh_code(Fresh::PatchUnsynchronised, patched)
                .and_then(|_| machine.fresh_code(Fresh::Run, patched));
            let word = match answer {
                None => "absent",
                Some(answer) if answer == replay::fresh_code(patched) => "new",
                // Not wrong where instruction caches are not coherent: that is what is measured.
                Some(answer) if u64::from(answer) == expected => "old",
                // Part of the new code, which stands across two lines.
                Some(_) => "mixed",
            };
            writeln!(self.out, "~ fresh_code.{adds}.patched {word}")?;
        }
        Ok(())
    }

    fn quirks<M: Machine>(&mut self, machine: &mut M) -> fmt::Result {
        let architecture = machine.identity().architecture;
        for (architectures, probes) in REGISTRIES {
            for probe in *probes {
                let drawn = probe
                    .operands(&self.seed)
                    .flatten()
                    .fold(0, |digest, word| fold(digest, word.into()));
                self.value(format_args!("quirk.{}.operands", probe.id), drawn)?;
                if !architectures.contains(&architecture) {
                    continue;
                }
                write!(self.out, "~ quirk.{} {}", probe.id, probe.name)?;
                for operand in probe.operands(&self.seed) {
                    match machine.quirk(probe.id, operand) {
                        None => write!(self.out, " absent")?,
                        Some(words) => {
                            for word in &words[..usize::from(probe.words)] {
                                write!(self.out, " {word:08x}")?;
                            }
                        }
                    }
                }
                writeln!(self.out)?;
            }
        }
        Ok(())
    }

    fn cryptography(&mut self) -> fmt::Result {
        // FIPS 180-2, appendix B.1.
        let abc = Sha256::digest(b"abc");
        self.bytes("sha256.abc", &abc)?;
        self.must(
            "sha256.known",
            abc.starts_with(&[0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]),
        )?;
        // RFC 8032 §7.1, test 1: the key of this secret signs an empty message so.
        let key = Key::from_seed(&RFC_8032_SECRET);
        let signature = key.sign(b"");
        self.bytes("ed25519.public_key", &key.public_key())?;
        self.bytes("ed25519.signature", &signature)?;
        self.must(
            "ed25519.known",
            signature.starts_with(&RFC_8032_SIGNATURE_START),
        )?;
        let message = [0x5a; 200];
        let signature = key.sign(&message);
        let halves = message.split_at(77);
        self.bytes("ed25519.long", &signature)?;
        self.must(
            "ed25519.verifies",
            verify(&key.public_key(), &signature, &[halves.0, halves.1]),
        )?;
        self.must(
            "ed25519.refuses",
            !verify(&key.public_key(), &signature, &[halves.0]),
        )?;
        writeln!(self.out, "= address {}", key.address())
    }

    fn encoding(&mut self) -> fmt::Result {
        let evidence = ample();
        let mut text: Vec<u8, SUBMISSION_MAX> = Vec::new();
        let encoded = to_json(&evidence, &mut text).is_ok();
        self.must("evidence.encodes", encoded)?;
        self.bytes("evidence.sha256", &Sha256::digest(&text))?;
        let host = Host {
            cores: 3,
            hostname: "host \"name\"",
            machine: "ppc",
            macs: &["00:05:02:aa:bb:cc"],
            model: "A Model \\ 1",
        };
        let key = Key::from_seed(&RFC_8032_SECRET);
        let address = key.address();
        let composed =
            describe(&evidence, &host, &address, MINER, NONCE, &mut text).and_then(|submission| {
                let public_key = key.public_key();
                compose(&submission, &public_key, |text| key.sign(text), &mut text)
            });
        self.must("submission.composes", composed.is_ok())?;
        self.value(format_args!("submission.bytes"), text.len() as u64)?;
        self.bytes("submission.sha256", &Sha256::digest(&text))?;
        for line in text.chunks(WIDTH) {
            // Composed of printable ASCII alone.
            writeln!(self.out, "= {}", core::str::from_utf8(line).unwrap_or("?"))?;
        }
        Ok(())
    }
}

/// What is written down for an operation.
fn known(op: Op) -> Option<&'static [u64; 4]> {
    let (_, digests) = BINARY64.iter().find(|(known, _)| *known == op)?;
    Some(digests)
}

/// The chains that are run of an operation.
fn forms(op: Op) -> [(&'static str, Chain); 4] {
    use {Body::Double, Body::Single, Shape::Dependent, Shape::Independent};
    [
        ("dependent.1", Dependent, Single),
        ("dependent.2", Dependent, Double),
        ("independent.1", Independent, Single),
        ("independent.2", Independent, Double),
    ]
    .map(|(name, shape, body)| {
        let chain = Chain {
            op,
            shape,
            body,
            iterations: ITERATIONS,
        };
        (name, chain)
    })
}

/// RFC 8032 §7.1, test 1: secret key.
const RFC_8032_SECRET: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];

/// The same test: the first bytes of the signature.
const RFC_8032_SIGNATURE_START: [u8; 8] = [0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72];

/// Every operand, in the order of declaration.
fn digest(o: &Operands) -> u64 {
    let mut digest = 0;
    let mut put = |value: u64| digest = fold(digest, value);
    o.x.iter().for_each(|&x| put(x.into()));
    o.y.iter().for_each(|&y| put(y.into()));
    o.divisor.iter().for_each(|&divisor| put(divisor.into()));
    put(o.dividend.into());
    o.load_next.iter().for_each(|&next| put(next.into()));
    o.fx.iter().for_each(|&bits| put(bits));
    put(o.fc);
    o.v.iter().flatten().for_each(|&word| put(word.into()));
    o.a.iter().for_each(|&word| put(word.into()));
    o.control.iter().for_each(|&byte| put(byte.into()));
    // As signed numbers, so that the extension of the sign is seen too.
    o.fv.iter()
        .flatten()
        .for_each(|&small| put(i64::from(small) as u64));
    o.fa.iter().for_each(|&small| put(i64::from(small) as u64));
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    // Where the compiler's binary64 is the processor's.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn what_is_written_down_is_what_a_replay_gives() {
        let operands = Operands::draw(&mut Seed::derive(NONCE, MINER).stream(0));
        for (op, known) in BINARY64 {
            let replayed = forms(op).map(|(_, chain)| replay::chain(chain, &operands));
            assert_eq!(known, replayed, "{op:?}");
        }
    }
}
