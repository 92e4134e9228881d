//! Profiles out of evidence: near for one machine measured twice, far for another kind, and never more
//! than a hint.

mod fleet_world;
mod verdict_machine;

use fleet_world::profile;
use fleet_world::skew_crystals::Random;
use probe_core::evidence::Evidence;
use verdict_machine::*;
use verdigris_node::fleet::profile::{model, noise, Profile, BANDS_MAX};

/// The same machine on another day: every cost of the pipeline some thousandths off.
fn another_day(evidence: &Evidence) -> Evidence {
    let mut evidence = evidence.clone();
    if let Some(pipeline) = &mut evidence.pipeline {
        for row in pipeline.matrix.iter_mut().flatten() {
            for cost in row {
                *cost += *cost / 200;
            }
        }
    }
    if let Some(oscillator) = &mut evidence.oscillator {
        oscillator.mean += 1;
    }
    evidence
}

#[test]
fn a_machine_is_near_to_itself_and_far_from_an_emulator_on_it() {
    let evidence = honest();
    let here = Profile::of(&evidence).unwrap();
    let again = Profile::of(&another_day(&evidence)).unwrap();
    assert_eq!(here.likeness(&here), 1_000);
    assert!(here.likeness(&again) > 950, "{}", here.likeness(&again));
    assert!(!here.bands().is_empty() && here.bands().len() <= BANDS_MAX);
    let emulated = qemu();
    let mut emulated_profile = Profile::of(&emulated).unwrap();
    assert_ne!(model(&evidence), model(&emulated));
    assert_eq!(here.likeness(&emulated_profile), 0);
    // Even if it claimed the same processor; some costs are the host's there.
    emulated_profile.model = here.model;
    let likeness = here.likeness(&emulated_profile);
    println!("user-mode QEMU on the same machine: {likeness} of 1000");
    assert!(likeness < 900);
}

#[test]
fn noise_names_one_measurement_and_not_one_machine() {
    let evidence = honest();
    assert!(noise(&evidence).is_some());
    assert_eq!(noise(&evidence), noise(&evidence.clone()));
    assert_ne!(noise(&evidence), noise(&another_day(&evidence)));
    let mut silent = evidence.clone();
    silent.oscillator = None;
    assert_eq!(noise(&silent), None);
    let mut coarse = evidence;
    coarse.oscillator.as_mut().unwrap().histogram.truncate(1);
    assert_eq!(
        noise(&coarse),
        None,
        "a coarse clock's samples are alike by chance"
    );
}

#[test]
fn evidence_without_a_unit_has_no_profile() {
    let mut evidence = honest();
    evidence.pipeline.as_mut().unwrap().add = [0; 4];
    assert_eq!(Profile::of(&evidence), None);
    evidence.pipeline = None;
    assert_eq!(Profile::of(&evidence), None);
}

#[test]
fn near_profiles_share_a_bucket_and_far_ones_do_not() {
    let random = &mut Random::new(5);
    let (mut near, mut far) = (0, 0);
    let pairs = 2_000;
    for i in 0..pairs {
        let a = profile(i % 50, random);
        let b = profile(i % 50, random);
        let mut c = profile(i % 50 + 50, random);
        c.model = a.model;
        let shares = |x: &Profile, y: &Profile| x.bands().iter().any(|k| y.bands().contains(k));
        near += usize::from(shares(&a, &b));
        far += usize::from(shares(&a, &c));
    }
    println!("{near} of {pairs} near pairs share a band, {far} far ones");
    assert!(near * 1_000 >= pairs as usize * 995);
    assert!(far * 100 <= pairs as usize);
}
