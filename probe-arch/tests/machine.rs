//! What a processor says of itself, fresh code under W^X, value probes, and what Unix lends.

#![cfg(target_arch = "x86_64")]

use probe_arch::os::{Arena, MonotonicClock, Os};
use probe_arch::{Native, NoPlatform, Platform};
use probe_core::channels::quirks::{self, x86::PROBES};
use probe_core::machine::{Fresh, Machine, Routine, Trap, MAX_FRESH_ADDS};
use probe_core::replay;
use probe_core::seed::Seed;
use probe_core::ticks::{Clock, Ticks};
use std::fs::read_to_string;

/// Whether any page of this process is writable and executable.
fn writable_and_executable() -> bool {
    let maps = read_to_string("/proc/self/maps").expect("Linux shows a process its own maps");
    maps.lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .any(|permissions| permissions.contains('w') && permissions.contains('x'))
}

#[test]
fn fresh_code_computes_and_is_never_writable_while_executable() {
    let mut machine = Native::new();
    let routine = |adds, constant, x| Routine { adds, constant, x };
    assert_eq!(
        machine.fresh_code(Fresh::Run, routine(1, 1, 1)),
        None,
        "nothing there yet"
    );
    for adds in 1..=MAX_FRESH_ADDS {
        let first = routine(adds, 0x8000_0001 ^ u32::from(adds), 7);
        assert_eq!(machine.fresh_code(Fresh::Write, first), Some(0));
        assert!(!writable_and_executable());
        for x in [0, 1, u32::MAX] {
            let run = Routine { x, ..first };
            assert_eq!(
                machine.fresh_code(Fresh::Run, run),
                Some(replay::fresh_code(run))
            );
        }
        // x86 keeps its instruction caches coherent: the new code runs at once.
        let patched = routine(adds, !first.constant, 9);
        assert_eq!(
            machine.fresh_code(Fresh::PatchUnsynchronised, patched),
            Some(0)
        );
        assert!(!writable_and_executable());
        assert_eq!(
            machine.fresh_code(Fresh::Run, patched),
            Some(replay::fresh_code(patched))
        );
        // A patch changes a constant, not a length.
        let longer = routine(adds + 1, 1, 1);
        assert_eq!(machine.fresh_code(Fresh::PatchUnsynchronised, longer), None);
    }
    for adds in [0, MAX_FRESH_ADDS + 1, u16::MAX] {
        assert_eq!(machine.fresh_code(Fresh::Write, routine(adds, 1, 1)), None);
    }
}

#[test]
fn without_a_platform_fresh_code_is_absent_and_nobody_sleeps() {
    let mut machine = Native::with(probe_arch::DefaultTicks::new(), NoPlatform);
    let routine = Routine {
        adds: 1,
        constant: 1,
        x: 1,
    };
    assert_eq!(machine.fresh_code(Fresh::Write, routine), None);
    assert_eq!(machine.fresh_code(Fresh::Run, routine), None);
    assert!(!machine.idle(1 << 20));
}

#[test]
fn the_platform_refuses_more_code_than_its_page() {
    let mut os = Os::default();
    assert!(os.install(&[0xc3; 1 << 20]).is_none());
    assert!(os.install(&[0xc3]).is_some());
}

#[test]
fn idle_lasts_at_least_as_long_as_asked() {
    let mut machine = Native::new();
    let start = machine.now();
    assert!(machine.idle(1_000_000));
    let end = machine.now();
    assert!(machine.between(start, end) >= 1_000_000);
}

#[test]
fn counters_go_on() {
    let mut machine = Native::new();
    let mut clock = MonotonicClock;
    let (tick, ns) = (machine.now(), clock.now_ns());
    assert!(machine.info().bits == 64 && machine.info().source == "rdtsc");
    while clock.now_ns() == ns {}
    assert!(machine.now() > tick);
    assert!(clock.now() > ns && Ticks::info(&clock).nominal_hz.is_none());
}

#[test]
fn identity_agrees_with_the_standard_library() {
    let identity = Native::new().identity();
    assert_eq!(
        (identity.architecture, identity.backend),
        ("x86_64", "native")
    );
    let expected = if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        "avx2"
    } else if is_x86_feature_detected!("ssse3") {
        "ssse3"
    } else {
        "sse2"
    };
    assert_eq!(identity.vector_unit, expected);
    assert!(identity.words[0] >= 1, "leaf 1 exists on every x86-64");
    assert_eq!(identity.words[2] >> 24, 0, "no trace of the core it ran on");
    // SSE2 in leaf 1, long mode in leaf 80000001.
    assert!(identity.words[4] & 1 << 26 != 0 && identity.words[9] & 1 << 29 != 0);
    assert_eq!(identity, Native::new().identity());
    let hidden = identity.words[3] >> 31 == 0;
    assert_eq!(probe_arch::arch::hypervisor().is_none(), hidden);
}

#[test]
fn the_value_probes_are_those_of_the_architecture() {
    let mut machine = Native::new();
    let architecture = machine.identity().architecture;
    assert_eq!(machine.probes(), quirks::registry(architecture));
    assert!(!machine.probes().is_empty());
}

#[test]
fn value_probes_answer_the_same_every_time_and_only_for_their_numbers() {
    /// The first number that only programs of 32 bits answer.
    const IN_32_BITS: u16 = 22;
    let mut machine = Native::new();
    for probe in PROBES {
        if probe.id >= IN_32_BITS {
            assert_eq!(machine.quirk(probe.id, [1, 1]), None, "{}", probe.name);
            continue;
        }
        for nonce in ["a", "b", "c", "d"] {
            for operand in probe.operands(&Seed::derive(nonce, "quirks")) {
                let answer = machine.quirk(probe.id, operand).expect("all are answered");
                assert_eq!(
                    machine.quirk(probe.id, operand),
                    Some(answer),
                    "{}",
                    probe.name
                );
                let unused = &answer[usize::from(probe.words)..];
                assert!(unused.iter().all(|&word| word == 0), "{}", probe.name);
            }
        }
    }
    assert_eq!(machine.quirk(0, [1, 1]), None);
    assert_eq!(machine.quirk(u16::MAX, [1, 1]), None);
}

/// What is defined for everyone: documented flags, estimates within their error.
#[test]
fn value_probes_are_right_where_the_manual_binds() {
    const CF: u32 = 1;
    const PF: u32 = 1 << 2;
    const ZF: u32 = 1 << 6;
    const SF: u32 = 1 << 7;
    const OF: u32 = 1 << 11;
    let mut machine = Native::new();
    let id = |name: &str| {
        PROBES
            .iter()
            .find(|p| p.name == name)
            .expect("in the registry")
            .id
    };
    let mut ask = |name: &str, a, b| machine.quirk(id(name), [a, b]).expect("answered");
    let both = |flags: u32, mask: u32| (flags & mask, flags >> 16 & mask);

    // 8000_0001 << 1: carry, result 2, sign changed.
    let shl = ask("shl", 1, 0x8000_0001)[0];
    assert_eq!(both(shl, CF | PF | ZF | SF | OF), (CF | OF, CF | OF));
    // 8000_0001 >> 1: carry, result 4000_0000 whose low byte has even parity, sign changed.
    let shr = ask("shr", 1, 0x8000_0001)[0];
    let expected = CF | PF | OF;
    assert_eq!(both(shr, CF | PF | ZF | SF | OF), (expected, expected));
    // A rotation leaves SF, ZF, AF and PF alone.
    let rol = ask("rol", 1, 0x8000_0001)[0];
    assert_eq!(
        both(rol, CF | PF | ZF | SF | OF),
        (CF | OF, CF | OF | PF | ZF | SF)
    );
    assert_eq!(both(ask("bsf", 8, 0)[0], ZF), (0, 0));
    assert_eq!(both(ask("bsr", 8, 0)[0], ZF), (0, 0));
    assert_eq!(both(ask("bsf_zero", 8, 0)[2], ZF), (ZF, ZF));
    assert_eq!(both(ask("imul", 3, 5)[0], CF | OF), (0, 0));
    assert_eq!(
        both(ask("mul", u32::MAX, 5)[0], CF | OF),
        (CF | OF, CF | OF)
    );

    // Intel SDM: |relative error| <= 1.5 * 2^-12.
    const ERROR: f32 = 1.5 / 4096.0;
    for x in [1.0f32, 1.1, 3.3, 7.7, 0.013, 1e5] {
        let estimate = f32::from_bits(ask("rcpss", x.to_bits(), 0)[0]);
        assert!((estimate * x - 1.0).abs() <= ERROR);
        let estimate = f32::from_bits(ask("rsqrtss", x.to_bits(), 0)[0]);
        assert!((estimate * x.sqrt() - 1.0).abs() <= ERROR);
        assert_eq!(
            ask("rcpps", x.to_bits(), 0)[0],
            ask("rcpss", x.to_bits(), 0)[0]
        );
        assert_eq!(
            ask("rsqrtps", x.to_bits(), 0)[0],
            ask("rsqrtss", x.to_bits(), 0)[0]
        );

        // Twelve decimals of an 80-bit number are within reach of anybody's x87.
        let extended = |[low, high, exponent, _]: [u32; 4]| {
            let mantissa = (u64::from(high) << 32 | u64::from(low)) as f64;
            let sign = if exponent & 0x8000 == 0 { 1.0 } else { -1.0 };
            sign * mantissa * 2f64.powi((exponent & 0x7fff) as i32 - 16383 - 63)
        };
        let x64 = f64::from(x);
        let near = |got: f64, right: f64| assert!((got - right).abs() < 1e-12, "{got} {right}");
        near(extended(ask("fsin", x.to_bits(), 0)), x64.sin());
        near(extended(ask("fcos", x.to_bits(), 0)), x64.cos());
        near(extended(ask("fyl2x", x.to_bits(), 0)), x64.log2());
        near(extended(ask("fpatan", x.to_bits(), 0)), x64.atan());
        near(extended(ask("fsin_pi", 0, 0)), 0.0);
        near(extended(ask("f2xm1", 1 << 30, 0)), 2f64.sqrt() - 1.0);
    }
}

#[test]
fn traps_are_survived() {
    let mut machine = Native::new();
    assert_eq!(machine.trap(Trap::Identify), Some(()));
    assert_eq!(machine.trap(Trap::Serialise), Some(()));
}

#[test]
fn an_arena_is_whole_zeroed_pages() {
    let mut arena = Arena::new(100_000).expect("100 kB are there");
    assert!(arena.len() >= 100_000 && arena.len().is_multiple_of(4096));
    assert!(arena.as_ptr().addr().is_multiple_of(4096));
    assert!(arena.iter().all(|&byte| byte == 0));
    arena[99_999] = 1;
    assert_eq!(arena[99_999], 1);
    assert!(!Arena::new(0).expect("one page").is_empty());
    assert!(Arena::new(usize::MAX).is_err());
    assert!(Arena::new(usize::MAX / 2).is_err());
}

#[test]
fn an_arena_is_made_of_small_pages() {
    let arena = Arena::new(8 << 20).expect("8 MiB are there");
    let first = format!("{:x}-", arena.as_ptr().addr());
    let maps = read_to_string("/proc/self/smaps").expect("Linux shows a process its own maps");
    let mapping = maps.lines().skip_while(|line| !line.starts_with(&first));
    // An emulator may not know the field; where it is, it must be zero.
    let huge = mapping
        .clone()
        .find(|line| line.starts_with("AnonHugePages:"));
    let amount = huge.and_then(|line| line.split_whitespace().nth(1));
    assert!(amount.is_none_or(|kib| kib == "0"), "{huge:?}");
}
