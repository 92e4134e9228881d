//! Crowds of simulated miners, honest and not, as the fleet sees them.

#![allow(dead_code)] // each user takes its own part

#[path = "../skew_crystals/mod.rs"]
pub mod skew_crystals;

use skew_crystals::{Crystal, Delays, Machine, Random, START_NS};
use verdigris_node::binding::rules::Unit;
use verdigris_node::binding::salt::{Field, Salt};
use verdigris_node::continuity::track::Track;
use verdigris_node::fleet::assess::Dossier;
use verdigris_node::fleet::circumstance::{network, Rhythm};
use verdigris_node::fleet::profile::Profile;

/// Seconds of a day.
pub const DAY_S: f64 = 86_400.0;

/// The salt of all tests.
pub fn salt() -> Salt {
    Salt::new(&[1; 32])
}

/// When a miner attests.
#[derive(Debug, Clone, Copy)]
pub enum Hours {
    /// Every twenty minutes, more or less, day and night.
    Always,
    /// Every twenty minutes between these hours, with a restart every morning.
    Between(f64, f64),
    /// Every half hour by a timer, to the second.
    Timer,
    /// Every twenty minutes, this many seconds after the first name of the machine.
    Turn(f64),
}

/// A miner of the simulation.
pub struct Miner {
    /// What is known of it so far.
    pub dossier: Dossier,
    /// Which machine it runs on.
    pub machine: usize,
    hours: Hours,
    random: Random,
    next_s: f64,
}

/// A world: machines, and the names that they mine under.
#[derive(Default)]
pub struct World {
    /// The machines.
    pub machines: Vec<Machine>,
    /// The names.
    pub miners: Vec<Miner>,
}

impl World {
    /// A machine of a lot; gives its number.
    pub fn machine(&mut self, sigma: f64, random: &mut Random) -> usize {
        let crystal = Crystal::draw(sigma, 0.5, random);
        self.machines
            .push(Machine::pc(crystal, Delays::Queue, random));
        self.machines.len() - 1
    }

    /// A name on a machine.
    pub fn name(&mut self, machine: usize, address: &str, model: u64, hours: Hours, seed: u64) {
        let mut random = Random::new(seed * 7_919 + self.miners.len() as u64);
        let salt = salt();
        let name = format!("miner-{seed}-{}", self.miners.len());
        let first_s = match hours {
            Hours::Turn(after) => after,
            _ => random.between(0.0, 1_200.0),
        };
        self.miners.push(Miner {
            dossier: Dossier {
                miner: salt.tag(Field::Miner, name.as_bytes()),
                since_ms: START_NS / 1_000_000 + self.miners.len() as i64,
                network: Some(salt.tag(Field::Network, &network(address.parse().unwrap()))),
                unit: Unit::default(),
                profile: Some(profile(model, &mut random)),
                noise: vec![random.bits().to_be_bytes().repeat(2).try_into().unwrap()],
                track: None,
                rhythm: Rhythm::default(),
            },
            machine,
            hours,
            random,
            next_s: first_s,
        });
    }

    /// Lets one more day pass.
    pub fn pass(&mut self, day: usize) {
        let end = (day + 1) as f64 * DAY_S;
        for miner in &mut self.miners {
            let mut machine = self.machines[miner.machine].clone();
            while miner.next_s < end {
                let at = miner.next_s;
                let hour = at.rem_euclid(DAY_S) / 3_600.0;
                miner.next_s = match miner.hours {
                    Hours::Timer => (at / 1_800.0).floor() * 1_800.0 + 1_800.0,
                    Hours::Turn(_) => at + 1_200.0,
                    _ => at + 1_200.0 * miner.random.between(0.9, 1.1),
                };
                if let Hours::Between(from, to) = miner.hours {
                    if !(from..to).contains(&hour) {
                        continue;
                    }
                    // Its counter began with this morning.
                    let morning = (at / DAY_S).floor() * DAY_S + from * 3_600.0 - 120.0;
                    let since = self.machines[miner.machine].counter % 100_000_000_000;
                    let so_far = (morning.max(0.0) * machine.clock.hz as f64) as u64;
                    machine.counter = since.wrapping_sub(so_far);
                }
                let sighting = machine.attest((at * 1e9) as i64, 2.0, &mut miner.random);
                miner
                    .dossier
                    .rhythm
                    .record(sighting.received_ns / 1_000_000);
                match &mut miner.dossier.track {
                    None => miner.dossier.track = Track::new(machine.clock.clone(), sighting),
                    Some(track) => {
                        track.observe(&sighting);
                    }
                }
            }
        }
    }
}

/// A model's profile with a per cent or two of noise.
pub fn profile(model: u64, random: &mut Random) -> Profile {
    let mut shape = Random::new(model + 77);
    Profile {
        model: (u128::from(shape.bits()) << 64 | u128::from(model)).to_be_bytes(),
        features: (0..24)
            .map(|_| (shape.between(0.0, 9_000.0) + random.gauss(20.0)).max(0.0) as u32)
            .collect(),
    }
}
