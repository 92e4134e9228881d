//! The machine as C sees it, whole, on any processor.

#![cfg(unix)]

use probe_arch::os::{Arena, MonotonicClock, Os};
use probe_arch::{NoPlatform, Portable};
use probe_core::machine::{Body, Chain, Machine, Op, Operands, Pattern, Ring, Shape, Walk};
use probe_core::replay;
use probe_core::seed::Seed;
use probe_core::ticks::Ticks;

#[test]
fn kernels_run_and_what_c_lacks_is_absent() {
    let mut machine = Portable::with(MonotonicClock, Os::default());
    let identity = machine.identity();
    assert_eq!(identity.backend, "portable-c");
    assert_eq!(machine.info().source, "os-monotonic");
    let operands = Operands::draw(&mut Seed::derive("portable", "m").stream(1));
    for op in [
        Op::IntAdd,
        Op::IntMul,
        Op::IntDiv,
        Op::Shift,
        Op::Load,
        Op::StoreLoad,
    ] {
        let chain = Chain {
            op,
            shape: Shape::Dependent,
            body: Body::Double,
            iterations: 9,
        };
        assert_eq!(
            machine.chain(chain, &operands),
            Some(replay::chain(chain, &operands))
        );
    }
    let pattern = Pattern {
        directions: &[0, 1, 1],
        branches: 100,
    };
    assert_eq!(machine.branches(pattern), Some(replay::branches(pattern)));
    assert_eq!(
        machine.indirect(3, &[2, 0, 1], 10),
        Some(replay::indirect(&[2, 0, 1], 10))
    );
    assert_eq!(machine.nested_calls(64, 3), Some(192));

    let mut arena = Arena::new(1 << 16).expect("64 KiB are there");
    let ring = Ring {
        slots: 1024,
        group: 64,
        stride: 64,
        skew: 0,
        pair: 0,
        key: 5,
    };
    let walk = Walk { warm: 3, steps: 77 };
    let mut elapsed = [0; 3];
    let end = machine.chase(&mut arena, &ring, walk, &mut elapsed);
    assert_eq!(end, Some(replay::chase(&ring, walk, 3)));
    assert!(machine.idle(1_000));
}

#[test]
fn another_counter_and_no_platform_will_do() {
    let mut machine = Portable::with(MonotonicClock, NoPlatform);
    assert!(!machine.idle(u64::MAX));
}
