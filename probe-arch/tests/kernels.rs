//! Every kernel of every back end gives, bit for bit, what its contract says: against a naive
//! version that is obviously right, and against the node's replay. Runs on any target; where a
//! processor lacks an operation, absent is an answer.

#![cfg(unix)]

mod naive;

use probe_arch::{DefaultTicks, Native, NoPlatform, Portable};
use probe_core::machine::{Body, Chain, Machine, Op, Operands, Pattern, Ring, Shape, Walk};
use probe_core::replay;
use probe_core::seed::Seed;
use proptest::prelude::*;

/// Operations that plain C has.
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
    Native::with(DefaultTicks::default(), NoPlatform)
}

fn portable() -> Portable<DefaultTicks, NoPlatform> {
    Portable::with(DefaultTicks::default(), NoPlatform)
}

/// Makes this thread's arithmetic that of IEEE 754 binary64 where the compiler computes in the x87: naive
/// versions and replay must round once, to 53 bits. (A node has no x87.)
fn round_once() {
    #[cfg(all(target_arch = "x86", not(target_feature = "sse2")))]
    {
        /// 53 bits of mantissa, round to nearest, exceptions masked.
        const BINARY64: u16 = 0x027f;
        // SAFETY: changes the precision of this thread's sums, products and quotients.
        unsafe { std::arch::asm!("fldcw word ptr [{}]", in(reg) &BINARY64, options(nostack)) };
    }
}

fn operands(nonce: &str) -> Operands {
    round_once();
    Operands::draw(&mut Seed::derive(nonce, "kernels").stream(1))
}

/// All shapes and bodies of an operation.
fn chains(op: Op, iterations: u32) -> impl Iterator<Item = Chain> {
    let shapes = [Shape::Dependent, Shape::Independent].into_iter();
    shapes.flat_map(move |shape| {
        [Body::Single, Body::Double].map(|body| Chain {
            op,
            shape,
            body,
            iterations,
        })
    })
}

/// Whether a processor of this architecture may lack an operation.
fn optional(op: Op) -> bool {
    if cfg!(target_arch = "x86_64") {
        op == Op::VecPermute
            || op as u8 >= Op::VecFpMulAdd as u8 && op as u8 <= Op::WidePermute as u8
    } else {
        // Only plain integers, loads and stores are everywhere; division came late to some.
        !matches!(
            op,
            Op::IntAdd | Op::IntMul | Op::Shift | Op::Load | Op::StoreLoad
        )
    }
}

/// Operations that have one shape only.
fn latency_only(op: Op) -> bool {
    matches!(op, Op::FpRounding | Op::StoreLoad)
}

proptest! {
    #[test]
    fn chains_of_both_back_ends_compute_what_they_mean(
        nonce in "[0-9a-f]{16}", iterations in 1u32..200,
    ) {
        let operands = operands(&nonce);
        for chain in EVERYWHERE.into_iter().flat_map(|op| chains(op, iterations)) {
            let expected = (chain.shape == Shape::Dependent || !latency_only(chain.op))
                .then(|| naive::chain(chain, &operands));
            for (answer, whose) in [
                (native().chain(chain, &operands), "native"),
                (portable().chain(chain, &operands), "C"),
            ] {
                if answer.is_some() || !optional(chain.op) {
                    prop_assert_eq!(answer, expected, "{} {:?}", whose, chain);
                }
            }
            if let Some(digest) = expected {
                prop_assert_eq!(replay::chain(chain, &operands), digest, "replay {:?}", chain);
            }
        }
    }

    #[test]
    fn native_chains_compute_what_they_mean(
        nonce in "[0-9a-f]{16}", iterations in 1u32..100,
    ) {
        let operands = operands(&nonce);
        for chain in NATIVE_ONLY.into_iter().flat_map(|op| chains(op, iterations)) {
            let Some(digest) = native().chain(chain, &operands) else {
                let one_shape = chain.shape == Shape::Independent && latency_only(chain.op);
                prop_assert!(optional(chain.op) || one_shape, "{:?} is absent", chain);
                continue;
            };
            prop_assert_eq!(digest, naive::chain(chain, &operands), "{:?}", chain);
            prop_assert_eq!(digest, replay::chain(chain, &operands), "{:?}", chain);
        }
    }

    #[test]
    fn a_chase_ends_where_the_ring_says(
        groups in 1u32..20,
        group in 1u32..50,
        line in 1u32..20,
        (skew, pair) in (0u32..3, 0u32..3),
        (warm, steps) in (0u32..200, 0u32..200),
        passes in 0usize..4,
        key: u64,
    ) {
        // Paired links and skewed slots need room in their slot; a ring has both or one.
        let ring = Ring {
            slots: groups * group,
            group,
            stride: (line + 3) * 8,
            skew: if pair == 0 { skew * 8 } else { 0 },
            pair: pair * 8,
            key,
        };
        prop_assume!(ring.slots >= 2);
        let walk = Walk { warm, steps };
        let all = u64::from(warm) + u64::from(steps) * passes as u64;
        let expected = Some(naive::walk(&ring, all));
        prop_assert_eq!(Some(replay::chase(&ring, walk, passes as u32)), expected);

        let mut arena = Aligned::new(ring.span());
        let mut elapsed = vec![0; passes];
        prop_assert_eq!(native().chase(arena.bytes(), &ring, walk, &mut elapsed), expected);
        prop_assert_eq!(portable().chase(arena.bytes(), &ring, walk, &mut elapsed), expected);

        // One word too few, or not aligned: no walk.
        let short = ring_needs(&ring) - 8;
        let mut refused = |arena: &mut [u8]| {
            native().chase(arena, &ring, walk, &mut elapsed).is_none()
                && portable().chase(arena, &ring, walk, &mut elapsed).is_none()
        };
        prop_assert!(refused(&mut arena.bytes()[..short]));
        let mut longer = Aligned::new(ring.span() + 8);
        prop_assert!(refused(&mut longer.bytes()[4..]));
    }

    #[test]
    fn branches_count_what_is_taken(
        directions in prop::collection::vec(0u8..2, 1..100), branches in 1u32..1_000,
    ) {
        let pattern = Pattern { directions: &directions, branches };
        let expected = naive::branches(pattern);
        prop_assert_eq!(native().branches(pattern), Some(expected));
        prop_assert_eq!(portable().branches(pattern), Some(expected));
        prop_assert_eq!(replay::branches(pattern), expected);
    }

    #[test]
    fn indirect_calls_go_where_the_order_says(
        targets in 1u8..=64, drawn in prop::collection::vec(any::<u8>(), 1..100),
        calls in 1u32..1_000,
    ) {
        let order: Vec<u8> = drawn.iter().map(|byte| byte % targets).collect();
        let expected = naive::indirect(&order, calls);
        prop_assert_eq!(native().indirect(targets, &order, calls), Some(expected));
        prop_assert_eq!(portable().indirect(targets, &order, calls), Some(expected));
        prop_assert_eq!(replay::indirect(&order, calls), expected);
    }

    #[test]
    fn nested_calls_are_counted(depth in 1u8..=64, times in 1u32..100) {
        let expected = Some(u32::from(depth) * times);
        prop_assert_eq!(native().nested_calls(depth, times), expected);
        prop_assert_eq!(portable().nested_calls(depth, times), expected);
    }
}

/// Bytes from the start of the arena to the end of the farthest link that a ring may have.
fn ring_needs(ring: &Ring) -> usize {
    let skewed = if ring.skew == 0 { 0 } else { ring.stride - 8 };
    (u64::from(ring.slots - 1) * u64::from(ring.stride)) as usize
        + (skewed + ring.pair + 8) as usize
}

/// Memory aligned for links.
struct Aligned(Vec<u64>);

impl Aligned {
    fn new(bytes: usize) -> Self {
        Aligned(vec![0; bytes.div_ceil(8)])
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the same memory; any bytes are a `u64`, and `u8` has no alignment.
        unsafe { self.0.align_to_mut().1 }
    }
}

#[test]
fn bad_input_is_answered_by_nothing() {
    let good = operands("good");
    let chain = |op, iterations| Chain {
        op,
        shape: Shape::Dependent,
        body: Body::Single,
        iterations,
    };
    let mut zero = good;
    zero.divisor[3] = 0;
    let mut outside = good;
    outside.load_next[5] = 16;
    let no_branches = Pattern {
        directions: &[1],
        branches: 0,
    };
    let no_pattern = Pattern {
        directions: &[],
        branches: 1,
    };
    let ring = Ring {
        slots: 4,
        group: 4,
        stride: 64,
        skew: 0,
        pair: 0,
        key: 1,
    };
    let bad_rings = [
        Ring { slots: 0, ..ring },
        Ring {
            slots: 1,
            group: 1,
            ..ring
        },
        Ring { group: 0, ..ring },
        Ring { group: 3, ..ring },
        Ring { stride: 0, ..ring },
        Ring { stride: 60, ..ring },
        Ring { skew: 4, ..ring },
        Ring { pair: 2, ..ring },
        Ring {
            pair: u32::MAX - 7,
            ..ring
        },
        Ring {
            slots: u32::MAX,
            group: 1,
            pair: 8,
            ..ring
        },
        Ring {
            stride: u32::MAX - 7,
            ..ring
        },
    ];

    fn nothing(
        machine: &mut impl Machine,
        chains: &[(Chain, Operands)],
        patterns: &[Pattern<'_>],
        rings: &[Ring],
    ) {
        for (chain, operands) in chains {
            assert_eq!(machine.chain(*chain, operands), None, "{chain:?}");
        }
        for &pattern in patterns {
            assert_eq!(machine.branches(pattern), None);
        }
        let mut arena = Aligned::new(4096);
        for ring in rings {
            let walk = Walk { warm: 1, steps: 1 };
            assert_eq!(
                machine.chase(arena.bytes(), ring, walk, &mut []),
                None,
                "{ring:?}"
            );
        }
        assert_eq!(machine.indirect(0, &[], 1), None);
        assert_eq!(machine.indirect(0, &[0], 1), None);
        assert_eq!(machine.indirect(65, &[0], 1), None);
        assert_eq!(machine.indirect(4, &[4], 1), None);
        assert_eq!(machine.indirect(4, &[3], 0), None);
        assert_eq!(machine.nested_calls(0, 1), None);
        assert_eq!(machine.nested_calls(65, 1), None);
        assert_eq!(machine.nested_calls(1, 0), None);
    }
    let chains = [
        (chain(Op::IntAdd, 0), good),
        (chain(Op::VecLogic, 0), good),
        (chain(Op::IntDiv, 1), zero),
        (chain(Op::Load, 1), outside),
    ];
    let patterns = [no_branches, no_pattern];
    nothing(&mut native(), &chains, &patterns, &bad_rings);
    nothing(&mut portable(), &chains, &patterns, &bad_rings);
}
