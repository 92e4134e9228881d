//! Six honest crowds lose nothing, two harder ones neither, and fifty names on one machine are found.
//!
//! The table that `docs/continuity.md` states: `cargo test -p verdigris-node --test fleet -- --nocapture`.

mod fleet_world;

use fleet_world::skew_crystals::Random;
use fleet_world::*;
use verdigris_node::binding::salt::{Field, Tag};
use verdigris_node::continuity::chance::Surprise;
use verdigris_node::fleet::assess::{
    assess, Assessment, Candidates, Dossier, NEIGHBOURS_MAX, ONE_MACHINE, OTHERS_MAX,
};
use verdigris_node::fleet::index::{Index, Memory};

/// Epochs in which a farm must be found: days.
const EPOCHS: usize = 3;

/// Farms of fewer names are found some of the time: their surprise is near the threshold.
const SMALL: usize = 10;

/// Worlds of each kind.
const SEEDS: u64 = 5;

/// Lets epochs pass; gives every miner's assessment after each.
fn run(world: &mut World) -> Vec<Vec<Assessment>> {
    let mut index = Memory::default();
    (0..EPOCHS)
        .map(|day| {
            world.pass(day);
            let epoch = day as i64;
            let dossiers: Vec<&Dossier> = world.miners.iter().map(|m| &m.dossier).collect();
            // Everybody attests more than once in an epoch: the second time, all are in the index.
            for dossier in &dossiers {
                Candidates::gather(dossier, epoch, &mut index).unwrap();
            }
            let judge = |dossier: &&Dossier| {
                let found = Candidates::gather(dossier, epoch, &mut index).unwrap();
                let of = |tags: &[Tag]| -> Vec<Dossier> {
                    tags.iter()
                        .filter_map(|tag| dossiers.iter().find(|d| d.miner == *tag))
                        .map(|&d| d.clone())
                        .collect()
                };
                assess(dossier, &of(&found.others), &of(&found.neighbours), &found)
            };
            dossiers.iter().map(judge).collect()
        })
        .collect()
}

fn without_vote(assessments: &[Assessment]) -> usize {
    assessments.iter().filter(|a| !a.has_vote).count()
}

/// A crowd of honest owners, one machine each.
struct Crowd {
    name: &'static str,
    miners: usize,
    /// Standard deviation of the crystals, ppm.
    sigma: f64,
    address: fn(usize) -> String,
    model: fn(usize) -> u64,
    hours: fn(usize) -> Hours,
    /// Started within one second by the same switch.
    together: bool,
}

const CROWDS: [Crowd; 8] = [
    Crowd {
        name: "campus",
        miners: 40,
        sigma: 25.0,
        address: |i| format!("192.0.2.{}", i + 1),
        model: |i| i as u64 % 6,
        hours: |_| Hours::Between(17.0, 23.0),
        together: false,
    },
    Crowd {
        name: "cloud hosting",
        miners: 30,
        sigma: 10.0,
        address: |i| format!("198.51.100.{}", i + 1),
        model: |_| 1,
        hours: |_| Hours::Always,
        together: false,
    },
    Crowd {
        name: "co-working",
        miners: 12,
        sigma: 25.0,
        address: |_| "203.0.113.9".into(),
        model: |i| i as u64 % 4,
        hours: |_| Hours::Between(9.0, 18.0),
        together: false,
    },
    Crowd {
        name: "carrier-grade NAT",
        miners: 60,
        sigma: 25.0,
        address: |_| "100.64.3.1".into(),
        model: |i| i as u64 % 20,
        hours: |i| Hours::Between(6.0 + (i % 5) as f64, 22.0),
        together: false,
    },
    Crowd {
        name: "same model",
        miners: 40,
        sigma: 4.0,
        address: |i| format!("10.{i}.1.1"),
        model: |_| 3,
        hours: |_| Hours::Always,
        together: false,
    },
    Crowd {
        name: "time zone",
        miners: 40,
        sigma: 25.0,
        address: |i| format!("2001:db8:{i}::1"),
        model: |i| i as u64 % 10,
        hours: |_| Hours::Timer,
        together: false,
    },
    Crowd {
        name: "lab of one lot, one switch",
        miners: 40,
        sigma: 4.0,
        address: |i| format!("192.0.2.{}", i + 1),
        model: |_| 5,
        hours: |_| Hours::Timer,
        together: true,
    },
    Crowd {
        name: "three of one lot, one switch",
        miners: 3,
        sigma: 4.0,
        address: |i| format!("192.0.2.{}", i + 1),
        model: |_| 5,
        hours: |_| Hours::Always,
        together: true,
    },
];

#[test]
fn honest_crowds_lose_nothing() {
    println!("crowd                         worlds  miners  penalised  highest surprise, bits  told, of 1000");
    for crowd in &CROWDS {
        let seeds = if crowd.miners < 10 { 20 * SEEDS } else { SEEDS };
        let (mut penalised, mut highest, mut told) = (0, Surprise(0), 0);
        for seed in 0..seeds {
            let random = &mut Random::new(seed + 31);
            let mut world = World::default();
            let started = random.below(1 << 52);
            for i in 0..crowd.miners {
                let machine = world.machine(crowd.sigma, random);
                if crowd.together {
                    world.machines[machine].counter = started + random.below(2_600_000_000);
                }
                let (address, model) = ((crowd.address)(i), (crowd.model)(i));
                world.name(machine, &address, model, (crowd.hours)(i), seed);
            }
            for assessments in run(&mut world) {
                penalised += without_vote(&assessments);
                for a in &assessments {
                    highest = highest.max(a.surprise);
                    told = told.max(a.circumstance.together);
                }
            }
        }
        println!(
            "{:28} {seeds:7} {:7} {penalised:10} {:23.1} {told:14}",
            crowd.name,
            crowd.miners,
            f64::from(highest.0) / 1_000.0
        );
        assert_eq!(penalised, 0, "{}", crowd.name);
    }
}

/// Names on one machine, by turns, with honest neighbours of the same model and network.
fn farm(names: usize, neighbours: usize, proxies: bool, seed: u64) -> World {
    let random = &mut Random::new(seed + 101);
    let mut world = World::default();
    for i in 0..neighbours {
        let machine = world.machine(4.0, random);
        world.name(
            machine,
            &format!("192.0.2.{}", i + 100),
            8,
            Hours::Always,
            seed,
        );
    }
    let machine = world.machine(4.0, random);
    for i in 0..names {
        let address = if proxies {
            format!("10.{i}.7.1")
        } else {
            format!("192.0.2.{}", i % 90 + 1)
        };
        world.name(machine, &address, 8, Hours::Turn(3.0 * i as f64), seed);
    }
    world
}

#[test]
fn a_farm_on_one_machine_is_found_within_three_epochs() {
    println!("names  neighbours  proxies   found after 1, 2, 3 epochs (names without a vote)  neighbours");
    for (names, neighbours, proxies) in [
        (50, 0, false),
        (50, 40, false),
        (50, 0, true),
        (50, 40, true),
        (10, 40, false),
        (5, 0, false),
    ] {
        for seed in 0..2 {
            let mut world = farm(names, neighbours, proxies, seed);
            let epochs = run(&mut world);
            let found: Vec<usize> = epochs
                .iter()
                .map(|all| without_vote(&all[neighbours..]))
                .collect();
            let harmed: usize = epochs
                .iter()
                .map(|all| without_vote(&all[..neighbours]))
                .sum();
            println!("{names:5} {neighbours:11}  {proxies:7}   {found:?}  {harmed}");
            assert_eq!(harmed, 0);
            if names < SMALL {
                continue;
            }
            assert_eq!(
                found.last(),
                Some(&(names - 1)),
                "all but one lose the vote"
            );
            // The first of the names keeps it, as the machine's owner.
            assert!(epochs[EPOCHS - 1][neighbours].has_vote);
        }
    }
}

fn tag(text: &str) -> Tag {
    salt().tag(Field::Mac, text.as_bytes())
}

#[test]
fn numbers_need_each_other_and_a_crystal_can_clear() {
    let random = &mut Random::new(4);
    let mut world = World::default();
    for _ in 0..2 {
        let machine = world.machine(20.0, random);
        world.name(machine, "192.0.2.1", 1, Hours::Always, 9);
    }
    world.pass(0);
    let mut dossiers: Vec<Dossier> = world.miners.iter().map(|m| m.dossier.clone()).collect();
    let crowd = Candidates::default();
    let judge = |d: &[Dossier]| assess(&d[1], &d[..1], &[], &crowd).has_vote;
    for d in &mut dossiers {
        d.unit.firmware = vec![tag("serial")];
        d.unit.macs = vec![tag("mac")];
        d.unit.machine_ids = vec![tag("installation")];
    }
    // One serial, one card, one installation, two crystals: two machines, somebody copies numbers.
    assert!(judge(&dossiers));
    for d in &mut dossiers {
        d.track = None;
    }
    assert!(!judge(&dossiers), "without crystals the numbers count");
    for d in &mut dossiers {
        d.unit.firmware.clear();
    }
    assert!(
        judge(&dossiers),
        "a card and an installation are not enough"
    );
    for d in &mut dossiers {
        d.noise = vec![[9; 16]];
    }
    assert!(!judge(&dossiers), "noise to the last digit is a copy");
    // Whoever was first keeps the vote, whatever the order of looking.
    assert!(assess(&dossiers[0], &dossiers[1..], &[], &crowd).has_vote);
}

#[test]
fn an_attestation_reads_as_many_rows_in_a_crowd_as_alone() {
    struct Counting(Memory, usize, usize);
    impl Index for Counting {
        type Error = std::convert::Infallible;
        fn enter(
            &mut self,
            key: verdigris_node::fleet::index::Key,
            miner: Tag,
            epoch: i64,
        ) -> Result<verdigris_node::fleet::index::Bucket, Self::Error> {
            let bucket = self.0.enter(key, miner, epoch)?;
            self.1 += 1;
            self.2 += bucket.entries().len();
            Ok(bucket)
        }
    }
    let random = &mut Random::new(1);
    let mut index = Counting(Memory::default(), 0, 0);
    let mut world = World::default();
    let machine = world.machine(20.0, random);
    for _ in 0..3 {
        world.name(machine, "192.0.2.1", 1, Hours::Always, 3);
    }
    world.pass(0);
    let dossier = world.miners[0].dossier.clone();
    for crowd in [0u32, 1_000, 20_000] {
        for n in 0..crowd {
            let other = Dossier {
                miner: tag(&format!("{crowd}-{n}")),
                ..dossier.clone()
            };
            Candidates::gather(&other, 0, &mut index).unwrap();
        }
        (index.1, index.2) = (0, 0);
        let found = Candidates::gather(&dossier, 0, &mut index).unwrap();
        println!(
            "{crowd} others: {} rows, {} entries, {} candidates",
            index.1,
            index.2,
            found.others.len()
        );
        assert!(
            index.1 <= 28
                && index.2 <= 28 * 64
                && found.others.len() <= OTHERS_MAX
                && found.neighbours.len() <= NEIGHBOURS_MAX
        );
    }
}

#[test]
fn the_threshold_is_one_in_a_million() {
    assert!(ONE_MACHINE <= Surprise::of(1, 1_000_000).and(Surprise(2)));
    assert!(ONE_MACHINE >= Surprise::of(1, 1_000_000));
}
