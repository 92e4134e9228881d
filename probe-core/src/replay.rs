//! What every kernel of [`crate::machine`] must answer, computed without the machine.
//!
//! A node calls this for each kernel that the evidence says was run. Each operation's meaning is
//! stated once, as the naive loop in this module's tests, and computed here in closed form or by a
//! replay that stops at the first cycle:
//!
//! | operations | method | cost for n operations of one lane |
//! |---|---|---|
//! | `IntAdd`, `IntMul` | Fibonacci matrix to the power n/2 (of exponents, for the product) | O(log n) |
//! | `VecPermute` | permutation to the power n | O(log n) |
//! | `Load`, `VecLogic`, `VecShuffle`, `VecIntAdd`, `VecFp*`, `Wide*`, `StoreLoad` | closed form | O(1) |
//! | `FpAdd` | constant increment within one binade | O(log n) |
//! | `FpMul*` on special values | the map is the identity | O(1) |
//! | `IntDiv`, `FpDiv`, `FpSqrt`, `FpMul`, `VecMulAdd` | replay up to the first repeated state | at most 2 n steps; usually tens for the first three |
//! | `Shift` | replay | n steps of about a nanosecond |
//!
//! With feature `fast-replay`, which a node has, `Shift` is a linear map over GF(2) to the power n / 3,
//! O(log n); the lanes of `VecMulAdd` are replayed side by side, and on from the shorter run to the longer.
//!
//! The floating-point arithmetic here is IEEE 754 binary64 with rounding to nearest, which Rust
//! guarantees on every target; the square root is computed in integers.

use crate::machine::{
    special_operands, Body, Chain, Op, Operands, Pattern, Ring, Routine, Shape, Walk, LOAD_RING,
    NAN_DIGEST,
};
use crate::seed::fold;
#[cfg(any(not(feature = "fast-replay"), test))]
use crate::stats::isqrt;

#[cfg(feature = "fast-replay")]
use crate::machine::FP_LANES;

#[cfg(feature = "fast-replay")]
mod fast;

/// What [`crate::machine::Machine::chain`] must return for `chain` on `operands`: the fold, from 0,
/// of the lanes' digests in lane order.
pub fn chain(chain: Chain, operands: &Operands) -> u64 {
    lanes(chain, |i, n| lane(chain.op, i, n, operands))
}

/// [`chain`] at both lengths of a body.
pub fn chains(op: Op, shape: Shape, iterations: u32, operands: &Operands) -> [u64; 2] {
    #[cfg(feature = "fast-replay")]
    if op == Op::VecMulAdd {
        return multiply_adds(shape, iterations, operands);
    }
    [Body::Single, Body::Double].map(|body| {
        let shaped = Chain {
            op,
            shape,
            body,
            iterations,
        };
        chain(shaped, operands)
    })
}

#[cfg(feature = "fast-replay")]
fn multiply_adds(shape: Shape, iterations: u32, operands: &Operands) -> [u64; 2] {
    let single = Chain {
        op: Op::VecMulAdd,
        shape,
        body: Body::Single,
        iterations,
    };
    let n = single.operations() / Op::VecMulAdd.lanes(shape) as u64;
    let digest = |lanes: &[[u32; 4]]| lanes.iter().fold(0, |all, lane| fold(all, words(lane)));
    match shape {
        Shape::Dependent => fast::multiply_adds::<1>(operands, n).map(|l| digest(&l)),
        Shape::Independent => fast::multiply_adds::<FP_LANES>(operands, n).map(|l| digest(&l)),
    }
}

/// As [`chain`], without the operations whose replay is only as right as the compiler's own binary64:
/// `None` for `FpAdd`, `FpMul`, `FpDiv` and `FpSqrt`.
pub fn exact_chain(chain: Chain, operands: &Operands) -> Option<u64> {
    match chain.op {
        Op::FpAdd | Op::FpMul | Op::FpDiv | Op::FpSqrt => None,
        op => Some(lanes(chain, |i, n| exact_lane(op, i, n, operands))),
    }
}

/// The fold of what `digest` gives for each lane and the operations in it.
fn lanes(chain: Chain, digest: impl Fn(usize, u64) -> u64) -> u64 {
    let lanes = chain.op.lanes(chain.shape);
    let n = chain.operations() / lanes as u64;
    (0..lanes).fold(0, |all, i| fold(all, digest(i, n)))
}

/// The digest of lane `i` after `n` operations.
fn lane(op: Op, i: usize, n: u64, o: &Operands) -> u64 {
    let (x, c) = (o.fx[i], f64::from_bits(o.fc));
    match op {
        Op::FpAdd => fp_add(f64::from_bits(x), c, n).to_bits(),
        Op::FpMul => fp_mul(x, c, n),
        Op::FpDiv => iterate(x, n, |x| (c / f64::from_bits(x)).to_bits()),
        Op::FpSqrt => iterate(x, n, |x| (sqrt(f64::from_bits(x)) + c).to_bits()),
        op => exact_lane(op, i, n, o),
    }
}

/// The same without those of binary64. A vector's digest is the fold of its words from 0.
fn exact_lane(op: Op, i: usize, n: u64, o: &Operands) -> u64 {
    match op {
        Op::IntAdd => pair_digest(int_add(o.x[i], o.y[i], n)),
        Op::IntMul => pair_digest(int_mul(o.x[i], o.y[i], n)),
        Op::IntDiv => u64::from(iterate(o.divisor[i], n, |x| o.dividend / x)),
        Op::Shift => u64::from(xorshift(o.x[i], n)),
        Op::Load => load(i, n, o),
        Op::FpMulSubnormal | Op::FpMulOverflow | Op::FpMulNormal => special_operands(op).0,
        Op::FpMulNan => NAN_DIGEST,
        Op::FpRounding => 0,
        // Those of [`lane`].
        Op::FpAdd | Op::FpMul | Op::FpDiv | Op::FpSqrt => 0,
        Op::StoreLoad => u64::from(o.x[0].wrapping_add(o.y[0].wrapping_mul(n as u32))),
        Op::VecLogic | Op::VecShuffle | Op::VecPermute | Op::VecIntAdd | Op::VecMulAdd => {
            let mut v = [0; 4];
            v.copy_from_slice(&o.v[i][..4]);
            words(&vector(op, v, n, o))
        }
        Op::WidePermute => {
            let mut v = o.v[i];
            v.rotate_left((n % 8) as usize);
            words(&v)
        }
        Op::VecFpAdd | Op::VecFpMul | Op::VecFpMulAdd => words(&floats(op, i, n, o)[..4]),
        Op::WideFpAdd | Op::WideFpMulAdd => words(&floats(op, i, n, o)),
    }
}

fn words(words: &[u32]) -> u64 {
    words.iter().fold(0, |d, &w| fold(d, u64::from(w)))
}

fn pair_digest((x, y): (u32, u32)) -> u64 {
    u64::from(x ^ y.rotate_left(16))
}

/// A matrix of 2 × 2 words, modulo 2^32.
type Matrix = [[u32; 2]; 2];

fn product(a: Matrix, b: Matrix) -> Matrix {
    let cell = |r: usize, c: usize| {
        a[r][0]
            .wrapping_mul(b[0][c])
            .wrapping_add(a[r][1].wrapping_mul(b[1][c]))
    };
    [[cell(0, 0), cell(0, 1)], [cell(1, 0), cell(1, 1)]]
}

/// How often each start value occurs in x and in y after `n` pairwise operations: two of them take
/// (x, y) to (x + y, x + 2y).
fn fibonacci(n: u64) -> Matrix {
    const TWO_STEPS: Matrix = [[1, 1], [1, 2]];
    const ONE_STEP: Matrix = [[1, 1], [0, 1]];
    let mut result = [[1, 0], [0, 1]];
    let mut power = TWO_STEPS;
    let mut left = n / 2;
    while left > 0 {
        if left & 1 == 1 {
            result = product(result, power);
        }
        power = product(power, power);
        left >>= 1;
    }
    if n % 2 == 1 {
        result = product(ONE_STEP, result);
    }
    result
}

fn int_add(x: u32, y: u32, n: u64) -> (u32, u32) {
    let [[a, b], [c, d]] = fibonacci(n);
    (
        a.wrapping_mul(x).wrapping_add(b.wrapping_mul(y)),
        c.wrapping_mul(x).wrapping_add(d.wrapping_mul(y)),
    )
}

/// The exponents are right modulo 2^32, and the order of an odd number modulo 2^32 divides 2^30.
fn int_mul(x: u32, y: u32, n: u64) -> (u32, u32) {
    let [[a, b], [c, d]] = fibonacci(n);
    (
        x.wrapping_pow(a).wrapping_mul(y.wrapping_pow(b)),
        x.wrapping_pow(c).wrapping_mul(y.wrapping_pow(d)),
    )
}

/// `step` applied `n` times, jumping over whole cycles once one is seen (Brent, "An improved Monte
/// Carlo factorization algorithm", BIT 20, 1980). At most `2 n` steps.
fn iterate<T: Copy + PartialEq>(start: T, n: u64, step: impl Fn(T) -> T) -> T {
    let mut anchor = start;
    let mut value = start;
    let mut since = 0u64;
    let mut limit = 1u64;
    let mut left = n;
    while left > 0 {
        value = step(value);
        since += 1;
        left -= 1;
        if value == anchor {
            for _ in 0..left % since {
                value = step(value);
            }
            return value;
        }
        if since == limit {
            anchor = value;
            since = 0;
            limit *= 2;
        }
    }
    value
}

fn xorshift(mut x: u32, n: u64) -> u32 {
    x = xorshift_steps(x, n / 3);
    if !n.is_multiple_of(3) {
        x ^= x << 13;
    }
    if n % 3 > 1 {
        x ^= x >> 17;
    }
    x
}

#[cfg(feature = "fast-replay")]
use fast::xorshift_steps;

/// `n` whole steps.
#[cfg(not(feature = "fast-replay"))]
fn xorshift_steps(mut x: u32, n: u64) -> u32 {
    for _ in 0..n {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    x
}

/// Lane `i` starts at slot `i` of the ring.
fn load(i: usize, n: u64, o: &Operands) -> u64 {
    let mut slot = i;
    for _ in 0..n % LOAD_RING as u64 {
        slot = usize::from(o.load_next[slot]);
    }
    slot as u64
}

/// `x += c`, `n` times, for positive `x` and `c` of similar size.
///
/// While `x` stays between two powers of two, every sum is rounded to the same grid. The rounded
/// increment is then the same each time, also in the tie case: rounding to even makes `x / ulp`
/// even with the first sum on that grid and keeps it so with a constant increment.
fn fp_add(mut x: f64, c: f64, n: u64) -> f64 {
    let mut left = n;
    while left > 2 {
        let settled = x + c;
        let next = settled + c;
        left -= 2;
        // Exact: both are on one grid, and their difference is at most two binades below them.
        let increment = next - settled;
        let settles = exponent(x) == exponent(settled) && exponent(settled) == exponent(next);
        x = next;
        if !settles {
            continue;
        }
        let unit = exponent_unit(next);
        let (at, by) = ((next / unit) as u64, (increment / unit) as u64);
        // Mantissas run up to 2^53; the last sum that stays below it may be taken in one go.
        let jumps = (((1 << 53) - 1 - at) / by.max(1)).min(left);
        x = (at + jumps * by) as f64 * unit;
        left -= jumps;
    }
    for _ in 0..left {
        x += c;
    }
    x
}

fn exponent(x: f64) -> u64 {
    x.to_bits() >> 52
}

/// The unit in the last place of a normal positive number.
fn exponent_unit(x: f64) -> f64 {
    const MANTISSA_BITS: u64 = 52;
    f64::from_bits((exponent(x).saturating_sub(MANTISSA_BITS)) << MANTISSA_BITS)
}

/// Multiplications by `c` and its rounded reciprocal in turn; a pair is one step of the replay.
fn fp_mul(x: u64, c: f64, n: u64) -> u64 {
    let d = 1.0 / c;
    let pairs = iterate(x, n / 2, |x| ((f64::from_bits(x) * c) * d).to_bits());
    if n % 2 == 1 {
        (f64::from_bits(pairs) * c).to_bits()
    } else {
        pairs
    }
}

#[cfg(feature = "fast-replay")]
use fast::sqrt;
#[cfg(not(feature = "fast-replay"))]
use integer_sqrt as sqrt;

/// The correctly rounded square root of a normal `x` ≥ 1, in integers.
///
/// One bit more than the mantissa decides the rounding: a tie would need a radicand with an odd
/// square root of 54 bits, which no shifted mantissa has.
#[cfg(any(not(feature = "fast-replay"), test))]
fn integer_sqrt(x: f64) -> f64 {
    const BIAS: u64 = 1023;
    let bits = x.to_bits();
    let exponent = (bits >> 52).saturating_sub(BIAS);
    let mantissa = (bits & ((1 << 52) - 1)) | 1 << 52;
    // x = mantissa × 2^(exponent − 52). Shifted to 107 or 108 bits, so that the root has 54.
    let radicand = u128::from(mantissa) << (54 + exponent % 2);
    let root = isqrt(radicand) as u64;
    let rounded = (root + 1) >> 1;
    // A carry out of the mantissa moves on into the exponent, as it should.
    f64::from_bits(((exponent / 2 + BIAS) << 52) + (rounded - (1 << 52)))
}

/// Sixteen-byte vectors as four words, little-endian.
fn vector(op: Op, v: [u32; 4], n: u64, o: &Operands) -> [u32; 4] {
    let mut out = v;
    match op {
        Op::VecLogic if n % 2 == 1 => {
            for (word, a) in out.iter_mut().zip(o.a) {
                *word ^= a;
            }
        }
        Op::VecShuffle => out.rotate_left((n % 4) as usize),
        Op::VecPermute => {
            let control = permutation_power(o.control, n);
            let byte = |i: u8| (v[usize::from(i / 4)] >> (8 * (i % 4))) as u8;
            for (w, word) in out.iter_mut().enumerate() {
                *word = u32::from_le_bytes(core::array::from_fn(|b| byte(control[4 * w + b])));
            }
        }
        Op::VecIntAdd => {
            for (word, a) in out.iter_mut().zip(o.a) {
                *word = word.wrapping_add(a.wrapping_mul(n as u32));
            }
        }
        Op::VecMulAdd => {
            // The four words never mix: side by side they keep a processor's units busy.
            out = iterate(v, n, |v| {
                core::array::from_fn(|i| multiply_add(v[i], o.a[i]))
            });
        }
        _ => {}
    }
    out
}

/// Two signed 16-bit products, added.
fn multiply_add(v: u32, a: u32) -> u32 {
    let low = i32::from(v as i16) * i32::from(a as i16);
    let high = i32::from((v >> 16) as i16) * i32::from((a >> 16) as i16);
    low.wrapping_add(high) as u32
}

/// The permutation that `n` applications of `control` make.
fn permutation_power(control: [u8; 16], n: u64) -> [u8; 16] {
    let compose = |outer: [u8; 16], inner: [u8; 16]| -> [u8; 16] {
        core::array::from_fn(|i| inner[usize::from(outer[i] & 15)])
    };
    let mut result = core::array::from_fn(|i| i as u8);
    let mut power = control;
    let mut left = n;
    while left > 0 {
        if left & 1 == 1 {
            result = compose(result, power);
        }
        power = compose(power, power);
        left >>= 1;
    }
    result
}

/// Binary32 lanes as bits; every value on the way is an integer below 2^24, hence exact.
fn floats(op: Op, i: usize, n: u64, o: &Operands) -> [u32; 8] {
    core::array::from_fn(|word| {
        let (v, a) = (i64::from(o.fv[i][word]), i64::from(o.fa[word]));
        match op {
            Op::VecFpAdd | Op::WideFpAdd => ((v + a * n as i64) as f32).to_bits(),
            // Zero changes its sign too.
            Op::VecFpMul => (v as f32).to_bits() ^ ((n % 2) as u32) << 31,
            _ if n % 2 == 1 => ((a - v) as f32).to_bits(),
            _ => (v as f32).to_bits(),
        }
    })
}

/// Byte offset after `steps` links from position 0 of `ring`.
pub fn ring_end(ring: &Ring, steps: u64) -> usize {
    // The remainder is below a u32.
    ring.offset((steps % u64::from(ring.links().max(1))) as u32)
}

/// What [`crate::machine::Machine::chase`] must return after `passes` timed passes.
pub fn chase(ring: &Ring, walk: Walk, passes: u32) -> u64 {
    let steps = u64::from(walk.warm) + u64::from(walk.steps) * u64::from(passes);
    ring_end(ring, steps) as u64
}

/// What [`crate::machine::Machine::branches`] must return.
pub fn branches(pattern: Pattern<'_>) -> u32 {
    let period = pattern.directions.len().max(1) as u32;
    let taken = |part: &[u8]| part.iter().filter(|&&d| d != 0).count() as u32;
    let rest = (pattern.branches % period) as usize;
    (pattern.branches / period)
        .wrapping_mul(taken(pattern.directions))
        .wrapping_add(taken(pattern.directions.get(..rest).unwrap_or(&[])))
}

/// What [`crate::machine::Machine::indirect`] must return: call number `i` goes to target
/// `order[i % order.len()]`. Cost: one pass over `order`, then O(log calls).
pub fn indirect(order: &[u8], calls: u32) -> u32 {
    /// x → x × m + b.
    type Affine = (u32, u32);
    fn then(first: Affine, second: Affine) -> Affine {
        (
            first.0.wrapping_mul(second.0),
            first.1.wrapping_mul(second.0).wrapping_add(second.1),
        )
    }
    // Horner's rule, eight calls at a time: one multiplication waits for the last where eight did.
    let run = |part: &[u8]| -> Affine {
        const STEP: u32 = 5;
        let horner = |b: u32, t: &u8| b.wrapping_mul(STEP).wrapping_add(u32::from(*t));
        let chunks = part.chunks_exact(8);
        let rest = chunks.remainder();
        let b = chunks.fold(0u32, |b, chunk| {
            b.wrapping_mul(const { STEP.pow(8) })
                .wrapping_add(chunk.iter().fold(0, horner))
        });
        let factor = STEP.wrapping_pow(part.len() as u32);
        (factor, rest.iter().fold(b, horner))
    };
    let period = order.len().max(1) as u32;
    let mut left = calls / period;
    let mut power = run(order);
    let mut result = (1, 0);
    while left > 0 {
        if left & 1 == 1 {
            result = then(result, power);
        }
        power = then(power, power);
        left >>= 1;
    }
    let rest = order.get(..(calls % period) as usize).unwrap_or(&[]);
    then(result, run(rest)).1
}

/// What [`crate::machine::Machine::nested_calls`] must return.
pub fn nested_calls(depth: u8, times: u32) -> u32 {
    u32::from(depth).wrapping_mul(times)
}

/// What running `routine` must return.
pub fn fresh_code(routine: Routine) -> u32 {
    routine
        .constant
        .wrapping_mul(u32::from(routine.adds))
        .wrapping_add(routine.x)
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
