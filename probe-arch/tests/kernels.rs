//! Every kernel of every back end gives, bit for bit, what its contract says: against a naive
//! version that is obviously right, and against the node's replay.

mod naive;

use probe_arch::{DefaultTicks, Native, NoPlatform};
use probe_core::machine::{
    Body, Chain, Machine, Op, Operands, Pattern, Ring, Shape, Walk, LOAD_RING,
};
use probe_core::replay;
use probe_core::seed::Seed;
use proptest::prelude::*;

/// Operations that every x86-64 processor and every C compiler has.
const EVERYWHERE: [Op; 13] = [
    Op::IntAdd,
    Op::IntMul,
    Op::IntDiv,
    Op::Shift,
    Op::Load,
    Op::StoreLoad,
    Op::FpAdd,
    Op::FpMul,
    Op::FpDiv,
    Op::FpMulSubnormal,
    Op::FpMulNan,
    Op::FpMulOverflow,
    Op::FpMulNormal,
];

/// Operations that need more than plain C.
const NATIVE_ONLY: [Op; 13] = [
    Op::FpSqrt,
    Op::FpRounding,
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
];

fn native() -> Native<DefaultTicks, NoPlatform> {
    Native::with(DefaultTicks::new(), NoPlatform)
}

fn operands(nonce: &str) -> Operands {
    Operands::draw(&mut Seed::derive(nonce, "kernels").stream(1))
}

fn chains(op: Op, iterations: u32) -> impl Iterator<Item = Chain> {
    [Shape::Dependent, Shape::Independent]
        .into_iter()
        .flat_map(move |shape| {
            [Body::Single, Body::Double].into_iter().map(move |body| Chain {
                op,
                shape,
                body,
                iterations,
            })
        })
}

proptest! {
    #[test]
    fn chains_compute_what_they_mean(nonce in "[0-9a-f]{16}", iterations in 1u32..300) {
        let operands = operands(&nonce);
        for op in EVERYWHERE.into_iter().chain(NATIVE_ONLY) {
            for chain in chains(op, iterations) {
                if let Some(digest) = native().chain(chain, &operands) {
                    prop_assert_eq!(digest, naive::chain(chain, &operands), "{:?}", chain);
                    prop_assert_eq!(digest, replay::chain(chain, &operands), "{:?}", chain);
                }
            }
        }
    }
}
