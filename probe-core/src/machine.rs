//! The kernels that only an architecture can provide, and exactly what each computes.
//!
//! A kernel is pure arithmetic with a timing: every one has a meaning that does not depend on the
//! architecture, so that its digest can be recomputed by [`crate::replay`] bit for bit. What a
//! machine lacks it answers with `None`, which is reported as *absent*, never as zero.
//!
//! The measuring primitive is in [`crate::channels`]: the same straight-line body once
//! ([`Body::Single`], [`UNROLL`] operations) and twice ([`Body::Double`]) in the same loop; the
//! difference, divided by the operations that differ, is the cost of one, and every fixed overhead
//! (counter read, call, loop) cancels. (Abel and Reineke, "nanoBench", ISPASS 2020.)

use crate::channels::quirks::{registry, Probe};
use crate::seed::{finish, Stream};
use crate::ticks::Ticks;

/// Operations in a [`Body::Single`] of any chain. A multiple of every lane count.
pub const UNROLL: u32 = 48;

/// Independent dependency chains in the throughput shape of an integer operation. Each lane of a
/// pair-wise operation holds two registers, so four lanes fit sixteen registers.
pub const INT_LANES: usize = 4;

/// Independent dependency chains in the throughput shape of a floating-point or vector operation.
pub const FP_LANES: usize = 8;

/// One instruction (or the smallest fixed group of them) whose cost is measured.
///
/// The meaning is given on `u32` with wrapping arithmetic, on IEEE 754 binary64 rounded to nearest,
/// or on vectors of 16 bytes. "Pairwise" operations alternate two registers, `x ∘= y` then
/// `y ∘= x`, so that no compiler can fold a chain of them and each still depends on the one before;
/// the digest of a lane is `x ^ rotl(y, 16)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Op {
    /// Pairwise `x += y`. The calibrator: one core cycle on almost every processor ever made.
    IntAdd = 0,
    /// Pairwise `x *= y`, both odd.
    IntMul = 1,
    /// `x = c / x`, unsigned 32-bit; `c` ≥ 2^31 and `x` from [2^15, 2^16), so that
    /// quotients keep 16 or 17 bits.
    IntDiv = 2,
    /// `x ^= x << 13`, `x ^= x >> 17`, `x ^= x << 5` in turn (Marsaglia, "Xorshift RNGs", 2003):
    /// each counted as one operation, and each a shift and an exclusive-or in sequence.
    Shift = 3,
    /// Load-to-use in the nearest cache: `p = *p` over a ring of [`LOAD_RING`] pointers; the ring's
    /// order is [`Operands::load_next`]; lane i starts at slot i, its digest is the slot where it ends.
    Load = 4,
    /// `x += c`, binary64.
    FpAdd = 5,
    /// `x *= c` and `x *= d` alternately, binary64; `c` in [1, 2), `d` = 1/c rounded.
    FpMul = 6,
    /// `x = c / x`, binary64, both in [1, 4).
    FpDiv = 7,
    /// `x = sqrt(x) + c`, binary64: an FpAdd rides along and the estimator takes it off.
    FpSqrt = 8,
    /// `v ^= a`, 16 bytes.
    VecLogic = 16,
    /// Rotate the four 32-bit words of `v` by one: word i becomes old word (i + 1) mod 4.
    VecShuffle = 17,
    /// Byte permutation by a variable control: byte i becomes old byte `control[i]`.
    VecPermute = 18,
    /// Lanes of four u32: `v += a`.
    VecIntAdd = 19,
    /// Eight signed 16-bit products with `a`, added pairwise into four 32-bit words (`pmaddwd`,
    /// `vmsumshm` with zero): the result is taken as eight 16-bit lanes again. Little-endian lanes.
    VecMulAdd = 20,
    /// Lanes of four binary32: `v += a`, small integers, always exact.
    VecFpAdd = 21,
    /// Lanes of four binary32: `v *= -1.0`.
    VecFpMul = 22,
    /// Lanes of four binary32, fused: `v = v * -1.0 + a`, small integers, always exact.
    VecFpMulAdd = 23,
    /// As VecFpAdd on eight lanes (256 bits).
    WideFpAdd = 24,
    /// As VecFpMulAdd on eight lanes (256 bits).
    WideFpMulAdd = 25,
    /// Rotate eight 32-bit words by one across the halves of 256 bits (`vpermd`).
    WidePermute = 26,
    /// `x = (x * m) & k` on the bits of binary64, with `(x, m, k)` from [`special_operands`]: here
    /// `x` is subnormal and stays so.
    FpMulSubnormal = 32,
    /// As above with a quiet NaN.
    FpMulNan = 33,
    /// As above, each product overflowing to infinity; the mask brings it back to 2.0.
    FpMulOverflow = 34,
    /// As above with ordinary operands: the reference for the three others.
    FpMulNormal = 35,
    /// One switch of the rounding mode to toward-zero and one back, counted as one. Latency shape
    /// only; digest 0.
    FpRounding = 36,
    /// `m += c` on one 32-bit word of memory (`m` from `x[0]`, `c` = `y[0]`): each load waits for the
    /// store before it. Latency shape only; the digest is `m`.
    StoreLoad = 37,
}

/// `(x, m, k)` for the `FpMul*` operations on special values: start, multiplier and mask, as bits.
pub const fn special_operands(op: Op) -> (u64, u64, u64) {
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    match op {
        Op::FpMulSubnormal => (0x0008_0000_0000_0001, ONE, u64::MAX),
        Op::FpMulNan => (0x7ff8_0000_0000_0001, ONE, u64::MAX),
        // 2.0 * 2^1023 = infinity, whose bits under the mask are those of 2.0.
        Op::FpMulOverflow => (
            0x4000_0000_0000_0000,
            0x7fe0_0000_0000_0000,
            0x4000_0000_0000_0000,
        ),
        _ => (0x3ff8_0000_0000_0000, ONE, u64::MAX),
    }
}

/// Stands for any NaN in a digest: architectures differ in the payload they keep.
pub const NAN_DIGEST: u64 = 0x7ff8_0000_0000_0000;

/// Pointers in the ring of [`Op::Load`]: 16 pointers of 8 bytes fit any first-level cache.
pub const LOAD_RING: usize = 16;

/// Which cost of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Shape {
    /// One dependency chain: latency.
    Dependent = 0,
    /// [`INT_LANES`] or [`FP_LANES`] chains: throughput, as far as so many lanes can show it.
    Independent = 1,
}

/// How long the straight-line body of the loop is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Body {
    /// [`UNROLL`] operations in all (not for each lane).
    Single = 1,
    /// 2 × [`UNROLL`] operations.
    Double = 2,
}

/// A chain to run: `iterations` times a straight-line body of `op`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// The operation.
    pub op: Op,
    /// Latency or throughput.
    pub shape: Shape,
    /// Once or twice [`UNROLL`].
    pub body: Body,
    /// Times round the loop, at least 1.
    pub iterations: u32,
}

impl Chain {
    /// Operations that run in all, over all lanes.
    pub const fn operations(&self) -> u64 {
        UNROLL as u64 * self.body as u64 * self.iterations as u64
    }
}

impl Op {
    /// Lanes in `shape`.
    pub const fn lanes(self, shape: Shape) -> usize {
        match shape {
            Shape::Dependent => 1,
            Shape::Independent if (self as u8) <= Op::Load as u8 => INT_LANES,
            Shape::Independent => FP_LANES,
        }
    }
}

/// What a chain computes on. Drawn from a [`Stream`]; lane `i` starts from entry `i` of an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Operands {
    /// First registers of integer lanes. Odd.
    pub x: [u32; FP_LANES],
    /// Second registers of pairwise lanes. Odd.
    pub y: [u32; FP_LANES],
    /// Divisors to start [`Op::IntDiv`] from, in [2^15, 2^16).
    pub divisor: [u32; FP_LANES],
    /// Dividend of [`Op::IntDiv`], at least 2^31.
    pub dividend: u32,
    /// `load_next[i]` is the slot that slot `i` of the [`Op::Load`] ring points to: one cycle.
    pub load_next: [u8; LOAD_RING],
    /// Start values of binary64 lanes, in [1, 2), as bits.
    pub fx: [u64; FP_LANES],
    /// The constant `c` of binary64 operations, in [1, 2), as bits.
    pub fc: u64,
    /// Start values of vector lanes: four (twice for 256 bits) 32-bit words.
    pub v: [[u32; 8]; FP_LANES],
    /// The vector operand `a`.
    pub a: [u32; 8],
    /// A permutation of 0..16 for [`Op::VecPermute`].
    pub control: [u8; 16],
    /// Start values of binary32 vector lanes: integers of magnitude below 1,024.
    pub fv: [[i16; 8]; FP_LANES],
    /// The binary32 operand `a`: integers in 1..=15, small enough that a chain of 2^20 stays exact.
    pub fa: [i16; 8],
}

/// Bits of the binary64 number in [1, 2) with this mantissa.
const fn unit_interval(bits: u64) -> u64 {
    (bits >> 12) | 0x3ff0_0000_0000_0000
}

impl Operands {
    /// Draws operands. The order of the draws is part of the wire contract: node and miner must
    /// draw alike.
    pub fn draw(stream: &mut Stream) -> Self {
        let mut o = Operands {
            x: [0; FP_LANES],
            y: [0; FP_LANES],
            divisor: [0; FP_LANES],
            dividend: 0,
            load_next: [0; LOAD_RING],
            fx: [0; FP_LANES],
            fc: 0,
            v: [[0; 8]; FP_LANES],
            a: [0; 8],
            control: [0; 16],
            fv: [[0; 8]; FP_LANES],
            fa: [0; 8],
        };
        for lane in 0..FP_LANES {
            o.x[lane] = stream.next_u32() | 1;
            o.y[lane] = stream.next_u32() | 1;
            o.divisor[lane] = (1 << 15) + stream.below(1 << 15);
            o.fx[lane] = unit_interval(stream.next_u64());
            for word in 0..8 {
                o.v[lane][word] = stream.next_u32();
                o.fv[lane][word] = stream.below(2047) as i16 - 1023;
            }
        }
        o.dividend = stream.next_u32() | 1 << 31;
        o.fc = unit_interval(stream.next_u64());
        for word in 0..8 {
            o.a[word] = stream.next_u32();
            o.fa[word] = 1 + stream.below(15) as i16;
        }
        let ring = shuffled(stream);
        for i in 0..LOAD_RING {
            o.load_next[usize::from(ring[i])] = ring[(i + 1) % LOAD_RING];
        }
        o.control = shuffled(stream);
        o
    }
}

/// A uniformly random permutation of 0..16 (Fisher and Yates, by Durstenfeld's algorithm 235).
fn shuffled(stream: &mut Stream) -> [u8; 16] {
    let mut items = [0; 16];
    for (i, item) in items.iter_mut().enumerate() {
        *item = i as u8;
    }
    for i in (1..16).rev() {
        items.swap(i, stream.below(i as u32 + 1) as usize);
    }
    items
}

/// A single random cycle over slots of memory, in an order that both sides can compute at any
/// point in constant time.
///
/// Sattolo's algorithm gives a uniformly random cycle but the node could check the end of a walk
/// only by laying the whole ring, 10 ms for 64 MiB. Here a keyed bijection of the slots gives the
/// order (position → slot), and the ring links each position's slot to the next position's: a
/// single cycle by construction, without memory to build it in, and checked in nanoseconds.
///
/// Positions are grouped: all slots of one group of `group` slots are visited, in random order,
/// before the next group, and the groups are visited in random order. A group as large as the ring
/// is the plain random cycle. A group of a few pages touches caches but hardly the TLB (multichase;
/// Cooper and Xu, arXiv 1807.03104).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    /// Slots in the ring, at least 2; a multiple of `group`.
    pub slots: u32,
    /// Slots in one group, at least 1.
    pub group: u32,
    /// Bytes from one slot to the next.
    pub stride: u32,
    /// Slot `i` starts `(i * skew) % stride` further on, to spread slots over cache sets. A
    /// multiple of 8, or 0.
    pub skew: u32,
    /// Where 0, each slot is one link. Otherwise each slot holds two links, the second `pair`
    /// bytes after the first, visited directly after it: the line-size probe. Then `skew` is 0.
    pub pair: u32,
    /// Key of the order.
    pub key: u64,
}

impl Ring {
    /// Bytes of memory that the ring spans, for links of 8 bytes.
    pub const fn span(&self) -> usize {
        self.slots as usize * self.stride as usize
    }

    /// Links in the ring: slots, or twice as many when paired.
    pub const fn links(&self) -> u32 {
        if self.pair == 0 {
            self.slots
        } else {
            self.slots * 2
        }
    }

    /// The slot at `position` (below `slots`) of the cycle. Cost: two keyed permutations, a few
    /// tens of nanoseconds.
    pub fn slot(&self, position: u32) -> u32 {
        let groups = self.slots / self.group;
        let group = permute(position / self.group, groups, self.key);
        let key = finish(self.key ^ u64::from(group).wrapping_add(1));
        group * self.group + permute(position % self.group, self.group, key)
    }

    /// Byte offset of the link at `position` (below [`Ring::links`]).
    pub fn offset(&self, position: u32) -> usize {
        let (slot, second) = if self.pair == 0 {
            (self.slot(position), 0)
        } else {
            (self.slot(position / 2), position % 2 * self.pair)
        };
        let skew = (u64::from(slot) * u64::from(self.skew) % u64::from(self.stride)) as usize;
        slot as usize * self.stride as usize + skew + second as usize
    }
}

/// Rounds of mixing in [`permute`]. Four alternate-multiply rounds leave no visible structure in a
/// walk; prefetchers need far less.
const PERMUTE_ROUNDS: u32 = 4;

/// A keyed bijection of 0..bound: invertible mixing on the next power of two, repeated until the
/// result is in range ("cycle walking", Black and Rogaway, "Ciphers with arbitrary finite domains",
/// CT-RSA 2002; fewer than two turns on average).
fn permute(index: u32, bound: u32, key: u64) -> u32 {
    if bound < 2 {
        return 0;
    }
    let bits = 32 - (bound - 1).leading_zeros();
    let mask = if bits == 32 {
        u32::MAX
    } else {
        (1 << bits) - 1
    };
    let half = bits.div_ceil(2);
    let mut value = index;
    loop {
        let mut round_key = key;
        for _ in 0..PERMUTE_ROUNDS {
            // Each step is a bijection of the masked words: xor, odd multiplication, xor-shift.
            value = (value ^ (round_key >> 32) as u32) & mask;
            value = value.wrapping_mul((round_key as u32) | 1) & mask;
            value ^= value >> half;
            round_key = finish(round_key);
        }
        if value < bound {
            return value;
        }
    }
}

/// How to walk a [`Ring`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Links to follow untimed after laying the ring.
    pub warm: u32,
    /// Links to follow in each timed pass; each pass goes on where the last one stopped.
    pub steps: u32,
}

/// Conditional branches whose direction follows a pattern.
#[derive(Debug, Clone, Copy)]
pub struct Pattern<'a> {
    /// Directions, one byte each: 0 not taken, 1 taken. The length is the period.
    pub directions: &'a [u8],
    /// Branches to execute, going round the pattern.
    pub branches: u32,
}

/// Instructions that a hypervisor must intercept, and one that it need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trap {
    /// The processor's identification instruction (`CPUID`, `mfspr PVR` …).
    Identify,
    /// A serialising or synchronising instruction that is never intercepted (`lfence`, `sync` …).
    Serialise,
}

/// Words that one value probe returns at most.
pub const QUIRK_WORDS: usize = 4;

/// What a value probe answered.
pub type QuirkWords = [u32; QUIRK_WORDS];

/// How freshly written code is run, for [`Machine::fresh_code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fresh {
    /// Write a routine to memory, make it executable, and synchronise caches as the architecture
    /// demands. Nothing runs.
    Write,
    /// Change the constant in the routine already there, synchronising nothing: where instruction
    /// caches are not coherent, the old code goes on running until they are flushed.
    PatchUnsynchronised,
    /// Synchronise caches after [`Fresh::PatchUnsynchronised`] as the architecture demands: from here
    /// on the new code must run.
    Synchronise,
    /// Run the routine.
    Run,
}

/// The routine for [`Machine::fresh_code`]: `adds` times `x += constant`, straight-line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routine {
    /// Additions in the routine, 1 to [`MAX_FRESH_ADDS`].
    pub adds: u16,
    /// What each adds.
    pub constant: u32,
    /// Argument and start value.
    pub x: u32,
}

/// The longest routine that [`Machine::fresh_code`] must be able to write.
pub const MAX_FRESH_ADDS: u16 = 64;

/// The processor, named by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Architecture: `"x86_64"`, `"powerpc"`, `"m68k"` …, at most 16 ASCII bytes.
    pub architecture: &'static str,
    /// Kernels in use: `"native"` or `"portable-c"`.
    pub backend: &'static str,
    /// Identification registers, as the architecture's back end documents them; unused ones 0.
    pub words: [u32; IDENTITY_WORDS],
    /// The processor's own name for itself, ASCII, zero-padded; empty where it has none.
    pub name: [u8; IDENTITY_NAME],
    /// Vector unit in use by the `Vec*` operations: `"sse2"`, `"ssse3"`, `"avx2"`, `"altivec"`,
    /// or `""` for none.
    pub vector_unit: &'static str,
}

/// Words in [`Identity::words`].
pub const IDENTITY_WORDS: usize = 12;

/// Bytes in [`Identity::name`]: a CPUID brand string.
pub const IDENTITY_NAME: usize = 48;

/// A machine to be measured: its counter and its kernels.
///
/// Every method is *straight*: it runs its kernel and returns; timing is the caller's, by
/// [`Ticks::now`] around the call, except where the elapsed ticks are an argument. `None` means
/// that the machine has no such thing.
pub trait Machine: Ticks {
    /// Who the processor says it is.
    fn identity(&mut self) -> Identity;

    /// Runs a chain, and gives the fold ([`crate::seed::fold`], from 0) of the lanes' digests in
    /// lane order: `u32` for integer lanes, bits for binary64, for vectors the fold, from 0, of the
    /// words. [`crate::replay::chain`] is the exact meaning.
    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64>;

    /// Lays `ring` in `arena`, walks `walk.warm` links untimed from position 0, then fills
    /// `elapsed` with the ticks of passes of `walk.steps` links. Gives the byte offset in the arena
    /// where the walk ends. `None` where the ring does not fit the arena.
    fn chase(
        &mut self,
        arena: &mut [u8],
        ring: &Ring,
        walk: Walk,
        elapsed: &mut [u64],
    ) -> Option<u64>;

    /// Executes conditional branches after a pattern; gives the number taken. The kernel must
    /// execute one data-dependent conditional branch for each element, not a conditional move.
    fn branches(&mut self, _pattern: Pattern<'_>) -> Option<u32> {
        None
    }

    /// Calls through a pointer that cycles over `targets` different functions (1 to 64) in the
    /// order given by `order` (bytes below `targets`), `calls` calls in all. Target t does
    /// `x = x * 5 + t`; the start is 0; gives `x`.
    fn indirect(&mut self, _targets: u8, _order: &[u8], _calls: u32) -> Option<u32> {
        None
    }

    /// Nested calls to `depth` (1 to 64) and back, `times` times; gives `depth * times`.
    fn nested_calls(&mut self, _depth: u8, _times: u32) -> Option<u32> {
        None
    }

    /// One value probe of the architecture's registry on `operand`: see
    /// [`crate::channels::quirks`]. `None` for probes of other architectures.
    fn quirk(&mut self, _probe: u16, _operand: [u32; 2]) -> Option<QuirkWords> {
        None
    }

    /// Fresh code: see [`Fresh`]. `Run` gives the routine's result, the others 0.
    fn fresh_code(&mut self, _what: Fresh, _routine: Routine) -> Option<u32> {
        None
    }

    /// Executes an instruction of this kind once.
    fn trap(&mut self, _kind: Trap) -> Option<()> {
        None
    }

    /// Lets the processor cool for about `ticks` ticks: sleep where there is an operating system,
    /// otherwise return at once (`false`).
    fn idle(&mut self, _ticks: u64) -> bool {
        false
    }

    /// The value probes to ask: those that the registry has for the architecture that the identity
    /// names. A machine that knows its architecture when it is compiled gives their list, so that no
    /// small program carries the others'.
    fn probes(&mut self) -> &'static [Probe] {
        registry(self.identity().architecture)
    }

    /// Bytes of a page of memory, where known without measuring.
    fn page_bytes(&self) -> u32 {
        4096
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use proptest::prelude::*;

    #[test]
    fn lanes_divide_the_body() {
        assert_eq!(UNROLL as usize % (2 * INT_LANES), 0);
        assert_eq!(UNROLL as usize % (2 * FP_LANES), 0);
        assert_eq!(UNROLL % 3, 0, "a xorshift step is three operations");
    }

    proptest! {
        #[test]
        fn a_ring_visits_every_slot_once(
            groups in 1u32..40, group in 1u32..100, key: u64,
        ) {
            let slots = groups * group;
            prop_assume!(slots >= 2);
            let ring = Ring { slots, group, stride: 64, skew: 0, pair: 0, key };
            let mut seen = std::vec![false; slots as usize];
            for position in 0..slots {
                let slot = ring.slot(position);
                prop_assert!(!core::mem::replace(&mut seen[slot as usize], true));
                prop_assert_eq!(slot / group, ring.slot(position - position % group) / group);
            }
        }

        #[test]
        fn operands_keep_their_ranges(nonce in "[0-9a-f]{8}") {
            let o = Operands::draw(&mut Seed::derive(&nonce, "m").stream(7));
            prop_assert!(o.dividend >= 1 << 31);
            for lane in 0..FP_LANES {
                prop_assert!(o.x[lane] & o.y[lane] & 1 == 1);
                prop_assert!((1 << 15..1 << 16).contains(&o.divisor[lane]));
                prop_assert!((1.0..2.0).contains(&f64::from_bits(o.fx[lane])));
            }
            let mut at = 0u8;
            for step in 1..=LOAD_RING {
                at = o.load_next[usize::from(at)];
                prop_assert_eq!(at == 0, step == LOAD_RING);
            }
        }
    }
}
