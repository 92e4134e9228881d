//! What only this architecture has: fresh code and its encoding, probes where the manual binds.

use super::identity::Features;
use super::{fresh_code, identity, quirks, Backend, TimeBase};
use crate::native::Port;
use c_shims::arch::MAX_FRESH_BYTES;
use probe_core::channels::quirks::power::{fixed, nans, PROBES, RESERVATIONS};
use probe_core::machine::{Routine, Trap, MAX_FRESH_ADDS};
use probe_core::seed::Seed;
use probe_core::ticks::Ticks;
use proptest::prelude::*;

/// The words of an encoded routine.
fn encoded(routine: Routine) -> std::vec::Vec<u32> {
    let mut code = [0; MAX_FRESH_BYTES];
    let bytes = fresh_code::encode(routine, &mut code);
    assert!(code[bytes..].iter().all(|&byte| byte == 0));
    code[..bytes]
        .chunks_exact(4)
        .map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
        .collect()
}

#[test]
fn routines_are_encoded_as_the_assembler_does() {
    let routine = |adds, constant| Routine {
        adds,
        constant,
        x: 0,
    };
    // addis 3, 3, 0x1234; addi 3, 3, 0x5678; blr.
    assert_eq!(
        encoded(routine(1, 0x1234_5678)),
        [0x3c63_1234, 0x3863_5678, 0x4e80_0020]
    );
    // The lower half is negative, so the upper one is one more.
    assert_eq!(
        encoded(routine(1, 0x1234_8000)),
        [0x3c63_1235, 0x3863_8000, 0x4e80_0020]
    );
    assert_eq!(
        encoded(routine(1, 0xffff_ffff)),
        [0x3c63_0000, 0x3863_ffff, 0x4e80_0020]
    );
}

proptest! {
    #[test]
    fn encoded_additions_add(constant: u32, x: u32, adds in 1u16..=MAX_FRESH_ADDS) {
        let words = encoded(Routine { adds, constant, x });
        prop_assert_eq!(words.len(), usize::from(adds) * 2 + 1);
        let mut sum = x;
        for word in &words[..words.len() - 1] {
            let number = *word as u16 as i16 as u32;
            sum = sum.wrapping_add(if word >> 26 == 15 { number << 16 } else { number });
        }
        prop_assert_eq!(sum, x.wrapping_add(constant.wrapping_mul(u32::from(adds))));
    }
}

#[cfg(all(feature = "os", unix))]
#[test]
fn fresh_code_runs_and_may_be_stale_only_unsynchronised() {
    use crate::Native;
    use probe_core::machine::{Fresh, Machine};
    use probe_core::replay;

    let mut machine = Native::new();
    for adds in [1, 2, 63, MAX_FRESH_ADDS] {
        for constant in [1, 0x7fff, 0x8000, 0x1234_8001, u32::MAX] {
            let routine = Routine {
                adds,
                constant,
                x: 0xffff_fff0,
            };
            assert_eq!(machine.fresh_code(Fresh::Write, routine), Some(0));
            let fresh = replay::fresh_code(routine);
            assert_eq!(machine.fresh_code(Fresh::Run, routine), Some(fresh));
            let patched = Routine {
                constant: constant ^ 0x10,
                ..routine
            };
            let patch = machine.fresh_code(Fresh::PatchUnsynchronised, patched);
            assert_eq!(patch, Some(0));
            // Block by block old or new: the architecture allows any mixture, none of another sum.
            let got = machine
                .fresh_code(Fresh::Run, patched)
                .expect("it is there");
            let sums = (0..=u32::from(adds)).map(|new| {
                let old = u32::from(adds) - new;
                let all = constant
                    .wrapping_mul(old)
                    .wrapping_add(patched.constant.wrapping_mul(new));
                routine.x.wrapping_add(all)
            });
            assert!(sums.into_iter().any(|sum| sum == got), "{got:08x}");
        }
    }
}

/// A probe of the registry by its name.
fn ask(name: &str, operand: [u32; 2]) -> Option<[u32; 4]> {
    let probe = PROBES
        .iter()
        .find(|probe| probe.name == name)
        .expect("in the registry");
    quirks::quirk(probe.id, operand, &Features::detect())
}

#[test]
fn value_probes_answer_the_same_every_time_and_only_for_their_numbers() {
    let features = Features::detect();
    for probe in PROBES {
        for operand in probe.operands(&Seed::derive("again", "quirks")) {
            let answer = quirks::quirk(probe.id, operand, &features);
            let lacking = match probe.name {
                "vrefp" | "vrsqrtefp" | "vexptefp" | "vlogefp" => !features.altivec,
                "fres" | "frsqrte" | "estimate_status" => !features.estimates,
                "high_halves" => cfg!(target_pointer_width = "32"),
                _ => false,
            };
            assert_eq!(answer.is_none(), lacking, "{}", probe.name);
            // An interrupt may end a reservation.
            if probe.name != "reservation" {
                assert_eq!(quirks::quirk(probe.id, operand, &features), answer);
            }
            let unused = answer.map(|words| words[usize::from(probe.words)..].to_vec());
            assert!(unused.is_none_or(|words| words.iter().all(|&word| word == 0)));
        }
    }
    assert_eq!(quirks::quirk(0, [1, 1], &features), None);
    assert_eq!(quirks::quirk(u16::MAX, [1, 1], &features), None);
}

#[test]
fn value_probes_are_right_where_the_manual_binds() {
    // PEM: fres to one part in 256, frsqrte to one in 32. AltiVec PEM: one part in 4096.
    for x in [1.0f32, 1.1, 3.3, 0.013, 1e5] {
        let relative = |y: f64, right: f64| (y / right - 1.0).abs();
        let exact = f64::from(x);
        let word = |bits: u32| f64::from(f32::from_bits(bits));
        if let Some([y, ..]) = ask("fres", [x.to_bits(), 0]) {
            assert!(relative(word(y), 1.0 / exact) <= 1.0 / 256.0);
        }
        if let Some([high, low, ..]) = ask("frsqrte", [x.to_bits(), 0]) {
            let y = f64::from_bits(u64::from(high) << 32 | u64::from(low));
            assert!(relative(y, 1.0 / exact.sqrt()) <= 1.0 / 32.0);
        }
        if let Some([y, ..]) = ask("vrefp", [x.to_bits(), 0]) {
            assert!(relative(word(y), 1.0 / exact) <= 1.0 / 4_096.0);
        }
        if let Some([y, ..]) = ask("vrsqrtefp", [x.to_bits(), 0]) {
            assert!(relative(word(y), 1.0 / exact.sqrt()) <= 1.0 / 4_096.0);
        }
        if let Some([y, ..]) = ask("vlogefp", [100f32.to_bits(), 0]) {
            assert!((word(y) - 100f64.log2()).abs() <= 1.0 / 32.0);
        }
        // The third lane is in [1, 2).
        if let Some([_, _, y, _]) = ask("vexptefp", [1.5f32.to_bits(), 0]) {
            assert!(relative(word(y), 1.5f64.exp2()) <= 1.0 / 16.0);
        }
    }
    for a in [0x0001_8000, 0xffff_c000, 0x7fff_ffff, 0x8000_0000, 5] {
        let answer = ask("fctiw", [a, 0]).expect("everywhere");
        assert_eq!(answer[1], fixed(a).round_ties_even() as i32 as u32);
    }
    // A store of the same value, or none at all, ends no reservation.
    let [_, same, ..] = ask("reservation", [3, 4]).expect("everywhere");
    assert!(same > 0 && same <= RESERVATIONS);
    // 1.5 squared is 2.25, exactly: a positive normal number, nothing inexact.
    assert_eq!(
        ask("fmul_status", [1 << 31, 1 << 31]).map(|words| words[0]),
        Some(0x4000)
    );
    let [_, signalling] = nans(1, 2);
    let quieted = signalling | 1 << 51;
    assert_eq!(
        ask("nan", [1, 2]),
        Some([0x7ff8_0000, 0, (quieted >> 32) as u32, quieted as u32])
    );
    let [cleared, ..] = ask("dcbz", [0, 0]).expect("everywhere");
    assert!(cleared.is_power_of_two() && (16..=512).contains(&cleared));
}

#[test]
fn identity_counter_and_traps_are_there() {
    let backend = Backend::detect();
    let identity = backend.identity();
    assert_eq!(identity, backend.identity());
    assert_eq!(identity.backend, "native");
    let wide = cfg!(target_pointer_width = "64");
    assert_eq!(identity.architecture == "powerpc64", wide);
    let order = if cfg!(target_endian = "little") {
        0x0403_0201
    } else {
        0x0102_0304
    };
    assert_eq!(identity.words[5], order);
    assert_eq!(backend.trap(Trap::Serialise), Some(()));
    assert_eq!(
        backend.trap(Trap::Identify).is_some(),
        identity::pvr().is_some()
    );
    if cfg!(target_os = "linux") {
        assert_ne!(identity.words[0] >> 16, 0, "Linux reads the PVR for us");
    }

    let mut counter = TimeBase::default();
    let start = counter.now();
    while counter.now() == start {}
    assert!(counter.now() > start);
    assert_eq!(counter.info().bits, 64);
}
