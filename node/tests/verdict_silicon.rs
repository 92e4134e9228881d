//! Claims of x86 processors, judged by records from which their own model was left out.

mod verdict_machine;

use verdict_machine::{case, honest, verdict};
use verdigris_node::silicon::cross::{evaluate, rows, sum, Conditions, LeaveOut};
use verdigris_node::silicon::{derive, table};
use verdigris_node::verdict::{judge, Profiles, WEIGHT_ONE};

const LATENCY: &str = include_str!("../data/measured/x86-silicon-latency.csv");
const MEMORY: &str = include_str!("../data/measured/x86-silicon-memory.csv");

/// At least this share, in percent.
fn at_least(percent: u32, part: u32, whole: u32) -> bool {
    u64::from(part) * 100 >= u64::from(percent) * u64::from(whole)
}

#[test]
fn models_that_the_records_do_not_have_are_told_from_older_ones() {
    let (latencies, curves) = (
        table::latencies(LATENCY).unwrap(),
        table::curves(MEMORY).unwrap(),
    );
    let measured = derive::ratios(&latencies);
    let rows = rows(&measured, &curves);
    let conditions = Conditions {
        leave: LeaveOut::Model,
        noise: 30,
        skew: 1000,
    };
    let report = evaluate(&rows, &measured, &conditions).unwrap();
    let honest = sum(&report.honest);
    assert_eq!(honest.claims as usize, rows.len());
    assert!(
        at_least(98, honest.claims - honest.refused, honest.claims),
        "{:?}",
        report.refused
    );
    for (tallies, share) in [(&report.one_older, 95), (&report.older, 99)] {
        for tally in tallies.iter().map(sum) {
            assert!(tally.claims > 900, "{tally:?}");
            assert!(at_least(share, tally.refused, tally.claims), "{report:#?}");
        }
    }
    // Under a name that no record is of, only the era can be judged.
    let [_, older] = report.unrecorded.each_ref().map(sum);
    assert!(at_least(95, older.refused, older.claims), "{older:?}");
    // Where a record is near, it is of the processor's own era or the next to it.
    let near = |((own, found), count): (&(usize, Option<usize>), &u32)| {
        let far = found.is_some_and(|found| found.abs_diff(*own) > 1);
        (far, *count)
    };
    let far: u32 = report
        .eras
        .iter()
        .map(near)
        .filter(|(far, _)| *far)
        .map(|(_, n)| n)
        .sum();
    assert!(
        at_least(95, honest.claims - far, honest.claims),
        "{:?}",
        report.eras
    );
}

#[test]
fn models_that_the_records_have_are_proven_to_be_what_they_are() {
    let latencies = table::latencies(LATENCY).unwrap();
    let curves = table::curves(MEMORY).unwrap();
    let measured = derive::ratios(&latencies);
    let rows = rows(&measured, &curves);
    let conditions = Conditions {
        leave: LeaveOut::Nothing,
        noise: 30,
        skew: 1000,
    };
    // Every third is enough for a test; the command judges all.
    let some: Vec<_> = rows.into_iter().step_by(3).collect();
    let report = evaluate(&some, &measured, &conditions).unwrap();
    assert_eq!(sum(&report.honest).unrecorded, 0);
    assert!(report.refused.is_empty(), "{:?}", report.refused);
}

/// A Zen 5 that says it is something else is told what it is, by what, and what that earns.
#[test]
fn a_wrong_claim_is_explained() {
    let evidence = honest();
    for (text, class, code) in [
        ("PowerMac G4 (7447A)", Some("g4"), "claim_of_another_family"),
        (
            "Intel(R) Pentium(R) III CPU 1000MHz",
            Some("pentium_iii"),
            "claim_of_another_class",
        ),
        ("G4-like", None, "claim_unknown"),
        ("G\u{200b}4", None, "claim_unknown"),
    ] {
        let mut case = case(&evidence);
        case.claim.arch.clear();
        case.claim.model = text.into();
        case.claim.cpu.clear();
        let verdict = judge(&case, &Profiles::builtin());
        let told = verdict.reclassified.unwrap();
        assert_eq!(told.claimed, text);
        assert_eq!(told.claimed_class.as_deref(), class, "{text}");
        assert_eq!(
            (told.code, told.class.as_str()),
            (code, "modern_x86_64"),
            "{text}"
        );
        assert_eq!(told.units, WEIGHT_ONE);
        assert!(told.claimed_units.is_none_or(|units| units > WEIGHT_ONE));
        assert!(told.decided_by.contains("Zen 5"), "{told:?}");
    }
    assert_eq!(verdict(&evidence).reclassified, None);
}

/// Forged identification words are refused by the latencies, and the record that they are nearest to is named.
#[test]
fn forged_words_are_refuted_by_a_record() {
    let mut evidence = honest();
    evidence.identity.words[1] = 0x0001_06a5; // Nehalem, Bloomfield
    evidence.identity.words[11] = u32::from_le_bytes(*b"Genu");
    let check = verdict(&evidence)
        .checks
        .into_iter()
        .find(|c| c.code == "latencies_of_another_core")
        .unwrap();
    assert!(check.reason.contains("Nehalem"), "{check:?}");
    assert!(check.measured.contains("Zen 5"), "{check:?}");
}
