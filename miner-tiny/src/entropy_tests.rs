use super::*;
use proptest::prelude::*;

/// Readings whose intervals are given by their number.
fn clock(mut interval: impl FnMut(u64) -> u64) -> impl FnMut() -> u64 {
    let (mut now, mut number) = (1_000_000u64, 0);
    move || {
        now = now.wrapping_add(interval(number));
        number += 1;
        now
    }
}

/// Marsaglia's xorshift64: stands for chance, which a test cannot have.
fn noise(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 16
    }
}

#[test]
fn clocks_without_jitter_are_refused() {
    use EntropyError::{Predictable, Stuck};
    assert_eq!(seed(|| 7, &[b"known"]), Err(Stuck));
    // An emulator's counter of instructions, or of calls.
    assert_eq!(seed(clock(|_| 1), &[]), Err(Stuck));
    assert_eq!(seed(clock(|_| 40_000), &[]), Err(Stuck));
    // Intervals that grow evenly, or ever faster.
    assert_eq!(seed(clock(|n| 3 * n), &[]), Err(Predictable));
    assert_eq!(seed(clock(|n| n * n), &[]), Err(Predictable));
    // Two kinds of interval in turn; a long period of unlike ones.
    assert_eq!(seed(clock(|n| 30 + n % 2), &[]), Err(Predictable));
    for period in [3, 10, 97, 128] {
        let mut table = noise(period);
        let table: std::vec::Vec<u64> = (0..period).map(|_| table()).collect();
        let periodic = clock(|n| table[(n % period) as usize]);
        assert_eq!(seed(periodic, &[]), Err(Predictable), "{period}");
    }
    // A congruence: the next interval follows from the last one, and from the last two.
    let mut x = 1u64;
    let congruence = clock(|_| {
        x = (x * 141 + 3) % 256;
        x
    });
    assert_eq!(seed(congruence, &[]), Err(Predictable));
}

#[test]
fn a_rare_disturbance_of_an_even_clock_is_not_enough() {
    // One interval of fifty differs: an interrupt, and by how much is chance.
    let mut chance = noise(5);
    let rare = clock(|_| match chance() % 50 {
        0 => 100 + chance() % 1000,
        _ => 100,
    });
    assert_eq!(seed(rare, &[]), Err(EntropyError::Biased));
    // Every fifth, on time, by chance: what is left over between is foretold.
    let mut chance = noise(5);
    let sometimes = clock(|n| match (n % 16, chance()) {
        (0, some) => 100 + some % 2,
        (n, _) => n,
    });
    assert_eq!(seed(sometimes, &[]), Err(EntropyError::Predictable));
}

#[test]
fn noise_gives_a_seed_of_everything() {
    let of = |state, spread: u64, known: &[&[u8]]| {
        let mut chance = noise(state);
        seed(clock(|_| 100 + chance() % spread), known)
    };
    for spread in [2, 3, 16, 4000] {
        assert!(of(1, spread, &[]).is_ok(), "{spread}");
    }
    let first = of(1, 16, &[b"a"]).unwrap();
    assert_ne!(first, [0; SEED_BYTES]);
    assert_ne!(Ok(first), of(2, 16, &[b"a"]), "another clock");
    assert_ne!(Ok(first), of(1, 16, &[b"b"]), "another machine");
    assert_ne!(of(1, 16, &[b"ab", b""]), of(1, 16, &[b"a", b"b"]));
    assert_eq!(Ok(first), of(1, 16, &[b"a"]));
}

#[test]
fn no_more_is_read_than_is_needed() {
    let (mut chance, mut calls) = (noise(1), 0);
    let mut ticking = clock(|_| chance() % 256);
    let read = || {
        calls += 1;
        ticking()
    };
    assert!(seed(read, &[]).is_ok());
    assert_eq!(calls, SAMPLES_MIN + 1);
    let mut calls = 0;
    let mut ticking = clock(|n| n % 100);
    let read = || {
        calls += 1;
        ticking()
    };
    assert_eq!(seed(read, &[]), Err(EntropyError::Predictable));
    assert_eq!(calls, SAMPLES_MAX + 1);
}

#[test]
fn logarithms_and_bounds_are_what_they_should_be() {
    assert_eq!(log2_256(1, 1), 0);
    assert_eq!(log2_256(8, 1), 3 * 256);
    assert_eq!(log2_256(3, 2), 149, "0.585 of 256, rounded down");
    assert_eq!(upper(1000, 1000), 1000);
    // 500 + 2.576 * sqrt(250) and a bit.
    assert_eq!(upper(500, 1000), 541);
}

proptest! {
    #[test]
    fn logarithms_never_give_too_much(a in 1u32..=SAMPLES_MAX, b in 1u32..=SAMPLES_MAX) {
        let (a, b) = (a.max(b), a.min(b));
        let exact = (f64::from(a) / f64::from(b)).log2() * 256.0;
        let ours = f64::from(log2_256(a, b));
        prop_assert!(ours <= exact + 1e-6 && ours > exact - 1.1, "{ours} {exact}");
    }

    #[test]
    fn any_interval_is_read(state in 1u64.., spread in 1u64..) {
        let mut chance = noise(state);
        let _ = seed(clock(|_| chance().wrapping_mul(state) % spread), &[]);
    }
}

#[test]
fn each_way_to_foretell_is_counted() {
    const COUNT: u32 = 4000;
    let of = |interval: &mut dyn FnMut(u64) -> u64| {
        let mut estimate = Estimate::new();
        (0..COUNT.into()).for_each(|n| estimate.add(interval(n)));
        estimate
    };
    let nearly = COUNT * 9 / 10;
    assert!(of(&mut |n| 3 * n).by_line > nearly);
    assert!(of(&mut |n| n * n).by_parabola > nearly && of(&mut |n| n * n).by_line < nearly);
    let mut x = 1;
    let mut congruence = |_| {
        x = (x * 141 + 3) % 256;
        x
    };
    assert!(of(&mut congruence).by_one > nearly);
    // What follows a one depends on what was before it.
    let by_two = of(&mut |n| [1, 1, 2][n as usize % 3]);
    assert!(by_two.by_two > nearly && by_two.by_one < nearly);
    // Three of four are alike, by chance: 0.415 bits, and no order to be found.
    let mut chance = noise(3);
    let biased = of(&mut |_| u64::from(chance().is_multiple_of(4)));
    assert!((80..=106).contains(&biased.bits_256()));
}
