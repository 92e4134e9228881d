//! Every closed form against the loop that it stands for.

use super::*;
use crate::machine::{Body, Shape, FP_LANES};
use crate::seed::{Seed, Stream};
use proptest::prelude::*;
use std::vec::Vec;

const OPS: [Op; 26] = [
    Op::IntAdd,
    Op::IntMul,
    Op::IntDiv,
    Op::Shift,
    Op::Load,
    Op::FpAdd,
    Op::FpMul,
    Op::FpDiv,
    Op::FpSqrt,
    Op::VecLogic,
    Op::VecShuffle,
    Op::VecPermute,
    Op::VecIntAdd,
    Op::VecMulAdd,
    Op::VecFpAdd,
    Op::VecFpMul,
    Op::VecFpMulAdd,
    Op::WideFpAdd,
    Op::WideFpMulAdd,
    Op::WidePermute,
    Op::FpMulSubnormal,
    Op::FpMulNan,
    Op::FpMulOverflow,
    Op::FpMulNormal,
    Op::FpRounding,
    Op::StoreLoad,
];

/// The meaning of `op` on lane `i`, one operation at a time, as the documentation of [`Op`] says it.
fn naive(op: Op, i: usize, n: u64, o: &Operands) -> u64 {
    let (mut x, mut y) = (o.x[i], o.y[i]);
    let mut f = f64::from_bits(o.fx[i]);
    let c = f64::from_bits(o.fc);
    let mut slot = i;
    let mut div = o.divisor[i];
    let mut v: [u32; 8] = o.v[i];
    let mut fv: [f32; 8] = core::array::from_fn(|w| f32::from(o.fv[i][w]));
    let fa: [f32; 8] = core::array::from_fn(|w| f32::from(o.fa[w]));
    let (start, multiplier, mask) = special_operands(op);
    let mut special = f64::from_bits(start);
    let mut m = o.x[0];
    for step in 0..n {
        match op {
            Op::IntAdd if step % 2 == 0 => x = x.wrapping_add(y),
            Op::IntAdd => y = y.wrapping_add(x),
            Op::IntMul if step % 2 == 0 => x = x.wrapping_mul(y),
            Op::IntMul => y = y.wrapping_mul(x),
            Op::IntDiv => div = o.dividend / div,
            Op::Shift => match step % 3 {
                0 => x ^= x << 13,
                1 => x ^= x >> 17,
                _ => x ^= x << 5,
            },
            Op::Load => slot = usize::from(o.load_next[slot]),
            Op::FpAdd => f += c,
            Op::FpMul => f *= if step % 2 == 0 { c } else { 1.0 / c },
            Op::FpDiv => f = c / f,
            Op::FpSqrt => f = f.sqrt() + c,
            Op::VecLogic => (0..4).for_each(|w| v[w] ^= o.a[w]),
            Op::VecShuffle => v[..4].rotate_left(1),
            Op::VecPermute => {
                let bytes: Vec<u8> = v[..4].iter().flat_map(|w| w.to_le_bytes()).collect();
                for w in 0..4 {
                    v[w] = u32::from_le_bytes(core::array::from_fn(|b| {
                        bytes[usize::from(o.control[4 * w + b])]
                    }));
                }
            }
            Op::VecIntAdd => (0..4).for_each(|w| v[w] = v[w].wrapping_add(o.a[w])),
            Op::VecMulAdd => (0..4).for_each(|w| v[w] = multiply_add(v[w], o.a[w])),
            Op::WidePermute => v.rotate_left(1),
            Op::VecFpAdd | Op::WideFpAdd => (0..8).for_each(|w| fv[w] += fa[w]),
            Op::VecFpMul => (0..8).for_each(|w| fv[w] *= -1.0),
            Op::VecFpMulAdd | Op::WideFpMulAdd => {
                (0..8).for_each(|w| fv[w] = fv[w].mul_add(-1.0, fa[w]));
            }
            Op::FpMulSubnormal | Op::FpMulNan | Op::FpMulOverflow | Op::FpMulNormal => {
                let product = special * f64::from_bits(multiplier);
                special = f64::from_bits(product.to_bits() & mask);
            }
            Op::FpRounding => {}
            Op::StoreLoad => m = m.wrapping_add(o.y[0]),
        }
    }
    let float_words: Vec<u32> = fv.iter().map(|f| f.to_bits()).collect();
    match op {
        Op::IntAdd | Op::IntMul => u64::from(x ^ y.rotate_left(16)),
        Op::IntDiv => u64::from(div),
        Op::Shift => u64::from(x),
        Op::Load => slot as u64,
        Op::FpAdd | Op::FpMul | Op::FpDiv | Op::FpSqrt => f.to_bits(),
        Op::VecFpAdd | Op::VecFpMul | Op::VecFpMulAdd => words(&float_words[..4]),
        Op::WideFpAdd | Op::WideFpMulAdd => words(&float_words),
        Op::WidePermute => words(&v),
        Op::FpMulSubnormal | Op::FpMulOverflow | Op::FpMulNormal => special.to_bits(),
        Op::FpMulNan => {
            assert!(special.is_nan());
            NAN_DIGEST
        }
        Op::FpRounding => 0,
        Op::StoreLoad => u64::from(m),
        _ => words(&v[..4]),
    }
}

fn operands(key: u64) -> Operands {
    let nonce = std::format!("{key:x}");
    Operands::draw(&mut Seed::derive(&nonce, "replay").stream(1))
}

proptest! {
    #[test]
    fn closed_forms_agree_with_the_loops(key: u64, n in 0u64..5_000, lane_at in 0..FP_LANES) {
        let o = operands(key);
        for op in OPS {
            prop_assert_eq!(lane(op, lane_at, n, &o), naive(op, lane_at, n, &o), "{:?}", op);
        }
    }

    #[test]
    fn sums_agree_over_many_binades(key: u64, n in 0u64..2_000_000) {
        let o = operands(key);
        prop_assert_eq!(lane(Op::FpAdd, 0, n, &o), naive(Op::FpAdd, 0, n, &o));
    }

    /// Few bits below the grid make ties common.
    #[test]
    fn sums_agree_with_ties(x in 0u64..1 << 12, c in 0u64..1 << 12, n in 0u64..300_000) {
        let near_one = |low: u64| f64::from_bits(0x3ff0_0000_0000_0000 | low << 2);
        let (x, c) = (near_one(x), near_one(c));
        let mut sum = x;
        for _ in 0..n {
            sum += c;
        }
        prop_assert_eq!(fp_add(x, c, n), sum);
    }

    #[test]
    fn square_roots_are_correctly_rounded(bits in 0x3ff0_0000_0000_0000u64..0x4080_0000_0000_0000) {
        let x = f64::from_bits(bits);
        prop_assert_eq!(sqrt(x), x.sqrt());
    }

    #[test]
    fn cycles_are_skipped_rightly(map in prop::collection::vec(0usize..50, 50), n in 0u64..500) {
        let mut at = 7;
        for _ in 0..n {
            at = map[at];
        }
        prop_assert_eq!(iterate(7, n, |i| map[i]), at);
    }

    #[test]
    fn calls_and_branches_agree_with_the_loops(
        order in prop::collection::vec(0u8..64, 1..40), calls in 0u32..3_000,
    ) {
        let cycle = || order.iter().cycle().take(calls as usize);
        let x = cycle().fold(0u32, |x, &t| x.wrapping_mul(5).wrapping_add(u32::from(t)));
        prop_assert_eq!(indirect(&order, calls), x);
        let directions: Vec<u8> = order.iter().map(|t| t & 1).collect();
        let pattern = Pattern { directions: &directions, branches: calls };
        prop_assert_eq!(branches(pattern), cycle().filter(|&&t| t & 1 == 1).count() as u32);
    }

    #[test]
    fn a_walk_ends_where_the_links_lead(
        groups in 1u32..6, group in 1u32..20, steps in 0u64..500, key: u64, pair in 0u32..2,
    ) {
        prop_assume!(groups * group >= 2);
        let skew = 8 * (1 - pair);
        let ring = Ring { slots: groups * group, group, stride: 64, skew, pair: pair * 8, key };
        // Follow links by looking each offset up, as a machine's memory would.
        let links: Vec<usize> = (0..ring.links()).map(|p| ring.offset(p)).collect();
        let mut at = links[0];
        for _ in 0..steps {
            let position = links.iter().position(|&o| o == at).unwrap();
            at = links[(position + 1) % links.len()];
        }
        prop_assert_eq!(ring_end(&ring, steps), at);
    }
}

#[test]
fn a_chain_folds_its_lanes_in_order() {
    let o = operands(3);
    let c = Chain {
        op: Op::IntAdd,
        shape: Shape::Independent,
        body: Body::Double,
        iterations: 5,
    };
    // 48 × 2 × 5 operations over four lanes.
    let expected = (0..4).fold(0, |d, i| fold(d, naive(Op::IntAdd, i, 120, &o)));
    assert_eq!(chain(c, &o), expected);
}

#[test]
fn a_fresh_routine_adds() {
    let routine = Routine {
        adds: 40,
        constant: 7,
        x: 2,
    };
    assert_eq!(fresh_code(routine), 282);
    let _: Stream = Seed::derive("a", "b").stream(0);
}

/// Whatever is shared between the two lengths.
#[test]
fn both_lengths_answer_as_each_alone() {
    let o = operands(3);
    for op in OPS {
        for shape in [Shape::Dependent, Shape::Independent] {
            for iterations in [1, 2, 16] {
                let alone = [Body::Single, Body::Double].map(|body| {
                    let chain = Chain {
                        op,
                        shape,
                        body,
                        iterations,
                    };
                    super::chain(chain, &o)
                });
                assert_eq!(chains(op, shape, iterations, &o), alone, "{op:?} {shape:?}");
            }
        }
    }
}

#[test]
fn long_shifts_agree_with_the_loop() {
    let mut x = 0x1234_5679;
    for _ in 0..300_000 {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    assert_eq!(xorshift(0x1234_5679, 900_000), x);
}

proptest! {
    #[test]
    fn the_root_in_integers_is_the_processors(x in 1.0f64..f64::MAX) {
        prop_assert_eq!(integer_sqrt(x).to_bits(), x.sqrt().to_bits());
    }
}
