//! What the node keeps of a miner comes back from the database as it was; any other bytes give an error or
//! something that can be worked with, never a panic.

mod fleet_world;

use fleet_world::skew_crystals::{follow, Crystal, Delays, Machine, Random};
use fleet_world::{profile, salt};
use proptest::prelude::*;
use verdigris_node::binding::salt::{Field, Tag};
use verdigris_node::continuity::crystal::compare;
use verdigris_node::continuity::track::Sighting;
use verdigris_node::fleet::assess::{assess, Candidates};
use verdigris_node::fleet::circumstance::Rhythm;
use verdigris_node::fleet::index::{Bucket, BUCKET};
use verdigris_node::fleet::known::{tag, Assessed, Damaged, Known, Reported, ROW_MAX};
use verdigris_node::fleet::rom::Finding;

/// What is known of a miner after so many days of attestations every so often.
fn known(days: f64, every_s: f64, seed: u64) -> Known {
    let random = &mut Random::new(seed);
    let machine = Machine::pc(Crystal::draw(20.0, 1.0, random), Delays::Queue, random);
    let mut known = Known {
        network: Some(salt().tag(Field::Network, b"network")),
        profile: Some(profile(3, random)),
        noise: vec![[7; 16]; 8],
        track: follow(&machine, days, every_s, random),
        rhythm: Rhythm::default(),
        rom: Some(Reported {
            key: [9; 16],
            finding: Finding::Expected,
        }),
        assessed: Some(Assessed {
            epoch: 3,
            at_ms: 1_800_000_000_000,
            names: 2,
            keeper: Some(tag("first")),
            found_epoch: 3,
            surprise: Default::default(),
            circumstance: Default::default(),
            rom_miners: 4,
        }),
        ..Known::default()
    };
    known.unit.macs = (0..8u8)
        .map(|n| salt().tag(Field::Mac, &[n]))
        .collect::<Vec<Tag>>();
    for at in 0..20 {
        known.rhythm.record(1_800_000_000_000 + at);
    }
    known
}

#[test]
fn a_year_of_attestations_is_one_row_of_a_few_pages() {
    for (days, every_s) in [
        (0.0, 600.0),
        (1.0, 600.0),
        (60.0, 3_600.0),
        (365.0, 28_800.0),
    ] {
        let known = known(days, every_s, 5);
        let row = known.to_row();
        println!("{days} days: {} bytes", row.len());
        assert!(row.len() <= ROW_MAX);
        assert_eq!(Known::from_row(&row), Ok(known));
    }
}

/// Does with a row all that the node does.
fn use_it(known: Known) {
    let me = known.dossier(tag("me"), 1);
    let other = self::known(1.0, 3_600.0, 8).dossier(tag("other"), 2);
    if let (Some(mine), Some(theirs)) = (&me.track, &other.track) {
        let _ = (compare(mine, theirs), compare(theirs, mine));
        let _ = (mine.estimate(), mine.start_ns());
        let mut moved = mine.clone();
        for (at, first) in [
            (1_800_000_000_000, 5),
            (1_900_000_000_000, u64::MAX),
            (0, 0),
        ] {
            moved.observe(&Sighting::from_ms(at, at + 2_000, first, 9));
            moved.estimate();
        }
    }
    let _ = me.keys();
    let none = Candidates::default();
    let _ = assess(&me, &[other.clone(), me.clone()], &[other], &none);
    let _ = known.to_row();
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_of_use(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for form in [bytes.clone(), [&[1], &bytes[..]].concat()] {
            if let Ok(known) = Known::from_row(&form) {
                use_it(known);
            }
            if let Ok(mut bucket) = Bucket::from_row(&form) {
                bucket.enter(tag("me"), i64::MAX);
                prop_assert!(bucket.entries().len() <= BUCKET);
            }
        }
    }

    #[test]
    fn damage_is_refused_or_of_use(
        hurt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        kept in any::<prop::sample::Index>(),
    ) {
        let mut row = known(30.0, 14_400.0, 6).to_row();
        prop_assert!(Known::from_row(&row[..kept.index(row.len())]).is_err(), "cut short");
        let long = [&row[..], &[0]].concat();
        prop_assert_eq!(Known::from_row(&long), Err(Damaged::Bytes));
        for (at, value) in hurt {
            let at = at.index(row.len());
            row[at] = value;
        }
        if let Ok(known) = Known::from_row(&row) {
            use_it(known);
        }
    }

    #[test]
    fn buckets_come_back(entered in prop::collection::vec((0u32..100, 0i64..9), 0..200)) {
        let mut bucket = Bucket::default();
        for (miner, epoch) in entered {
            bucket.enter(tag(&miner.to_string()), epoch);
        }
        prop_assert_eq!(Bucket::from_row(&bucket.to_row()), Ok(bucket));
    }
}

#[test]
fn other_forms_and_values_that_cannot_be_are_told_apart() {
    let mut known = known(1.0, 3_600.0, 5);
    let mut row = known.to_row();
    row[0] = 2;
    assert_eq!(Known::from_row(&row), Err(Damaged::Form));
    assert_eq!(Known::from_row(&[]), Err(Damaged::Bytes));
    known.unit.macs = vec![tag("card"); 100];
    assert_eq!(Known::from_row(&known.to_row()), Err(Damaged::Unsound));
}
