//! A short bout of the hostile world in every run of the tests; `./dev fuzz-session` is the long one.

use miner_tiny::session::{Ending, Error};
use proptest::prelude::*;
use test_rigs::hostile::{attack, seeds::seeds};

#[test]
fn a_world_without_a_script_is_honest() {
    let fought = attack(&[]);
    let outcome = fought.outcome.unwrap();
    assert_eq!(outcome.ending, Some(Ending::Accepted));
    assert_eq!(outcome.connections, 2);
}

#[test]
fn the_seeds_reach_every_sort_of_end() {
    let endings: Vec<Ending> = seeds()
        .iter()
        .filter_map(|seed| attack(seed).outcome?.ending)
        .collect();
    for ending in [
        Ending::Accepted,
        Ending::Refused,
        Ending::Rehearsed,
        Ending::Failed(Error::BadSignature),
        Ending::Failed(Error::WrongNode),
        Ending::Failed(Error::WrongNonce),
        Ending::Failed(Error::NotANode),
        Ending::Failed(Error::ConnectionLost),
        Ending::Failed(Error::TimedOut),
    ] {
        assert!(endings.contains(&ending), "{ending:?}");
    }
    let is_http = |ending: &Ending| matches!(ending, Ending::Failed(Error::Http(_)));
    assert!(endings.iter().any(is_http));
}

/// A change of a script.
fn change() -> impl Strategy<Value = (u8, usize, u8)> {
    (0u8..4, 0usize..64, any::<u8>())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changed_seeds_break_no_promise(
        seed in 0usize..10_000,
        changes in proptest::collection::vec(change(), 0..6),
    ) {
        let all = seeds();
        let mut script = all[seed % all.len()].clone();
        for (kind, at, byte) in changes {
            let at = at % (script.len() + 1);
            match kind {
                0 if at < script.len() => script[at] = byte,
                1 => script.truncate(at),
                2 => script.extend_from_slice(&all[usize::from(byte) % all.len()]),
                _ => script.insert(at, byte),
            }
        }
        attack(&script);
    }

    #[test]
    fn chance_breaks_no_promise(script in proptest::collection::vec(any::<u8>(), 0..200)) {
        attack(&script);
    }
}
