//! The same answers by more code: for who replays thousands a second.

extern crate std;

use super::multiply_add;
use crate::machine::Operands;

/// Powers of a map of 32 bits, by doublings: enough for the longest chain that a node replays, which has
/// 1.6 million operations.
const DOUBLINGS: usize = 21;

/// A linear map of 32 bits over GF(2): the image of each bit.
type Linear = [u32; 32];

/// The power 2^i of a whole xorshift step, for each i. Shifts and exclusive ors of bits are linear.
static STEPS: [Linear; DOUBLINGS] = {
    let mut powers = [[0; 32]; DOUBLINGS];
    let mut bit = 0;
    while bit < 32 {
        let mut x = 1u32 << bit;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        powers[0][bit] = x;
        bit += 1;
    }
    let mut i = 1;
    while i < DOUBLINGS {
        bit = 0;
        while bit < 32 {
            powers[i][bit] = apply(&powers[i - 1], powers[i - 1][bit]);
            bit += 1;
        }
        i += 1;
    }
    powers
};

const fn apply(map: &Linear, x: u32) -> u32 {
    let mut image = 0;
    let mut bit = 0;
    while bit < 32 {
        // All ones where the bit is set.
        image ^= map[bit] & 0u32.wrapping_sub(x >> bit & 1);
        bit += 1;
    }
    image
}

/// `n` whole xorshift steps: a few table look-ups for each bit of `n`. Beyond what the table has, one
/// after the other.
pub fn xorshift_steps(mut x: u32, mut n: u64) -> u32 {
    const LONGEST: u64 = 1 << (DOUBLINGS - 1);
    while n >= LONGEST {
        x = apply(&STEPS[DOUBLINGS - 1], x);
        n -= LONGEST;
    }
    for (i, step) in STEPS.iter().enumerate() {
        if n >> i & 1 == 1 {
            x = apply(step, x);
        }
    }
    x
}

/// IEEE 754 asks for the correctly rounded root, and Rust promises it.
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// The lanes of [`crate::machine::Op::VecMulAdd`] after `n` operations of each, and after `2 n`. Side by
/// side they keep a processor's units busy; the second half begins where the first ended.
pub fn multiply_adds<const LANES: usize>(o: &Operands, n: u64) -> [[[u32; 4]; LANES]; 2] {
    let mut lanes = [[0; 4]; LANES];
    for (lane, v) in lanes.iter_mut().zip(&o.v) {
        lane.copy_from_slice(&v[..4]);
    }
    let mut halves = [lanes; 2];
    for half in &mut halves {
        for _ in 0..n {
            for lane in &mut lanes {
                for (v, a) in lane.iter_mut().zip(o.a) {
                    *v = multiply_add(*v, a);
                }
            }
        }
        *half = lanes;
    }
    halves
}
