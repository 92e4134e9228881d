//! Honest owners, one machine each, every one of them with much in common with the others: crowds that other
//! verifiers took for fleets. `docs/continuity.md` says what each shares.

use super::crystal::Random;
use super::world::{Hours, Town, World};

/// A crowd.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Its name.
    pub name: &'static str,
    /// How many they are.
    pub miners: usize,
    /// Standard deviation of their crystals, ppm: parts of one lot lie nearer together.
    pub sigma: f64,
    /// From where each is seen.
    pub address: fn(usize) -> String,
    /// When each attests.
    pub hours: fn(usize) -> Hours,
    /// Started within a second by one switch.
    pub together: bool,
}

/// Uptime that machines are drawn from, seconds: a month.
pub const UPTIME_S: f64 = 30.0 * 86_400.0;

/// The crowds.
pub const CROWDS: [Crowd; 7] = [
    Crowd {
        name: "campus",
        miners: 10,
        sigma: 25.0,
        address: |i| format!("192.0.2.{}", i + 1),
        hours: |_| Hours::Between(15, 24),
        together: false,
    },
    Crowd {
        name: "cloud hosting",
        miners: 8,
        sigma: 10.0,
        address: |i| format!("198.51.100.{}", i + 1),
        hours: |_| Hours::Always,
        together: false,
    },
    Crowd {
        name: "co-working",
        miners: 8,
        sigma: 25.0,
        address: |_| "203.0.113.9".into(),
        hours: |_| Hours::Between(9, 18),
        together: false,
    },
    Crowd {
        name: "carrier-grade NAT",
        miners: 12,
        sigma: 25.0,
        address: |_| "100.64.3.1".into(),
        hours: |i| Hours::Between(6 + i as i64 % 5, 22),
        together: false,
    },
    Crowd {
        name: "same model",
        miners: 10,
        sigma: 4.0,
        address: |i| format!("10.{i}.1.1"),
        hours: |_| Hours::Always,
        together: false,
    },
    Crowd {
        name: "time zone",
        miners: 8,
        sigma: 25.0,
        address: |i| format!("2001:db8:{i}::1"),
        hours: |_| Hours::Timer,
        together: false,
    },
    Crowd {
        name: "lab of one lot, one switch",
        miners: 8,
        sigma: 4.0,
        address: |i| format!("192.0.3.{}", i + 1),
        hours: |_| Hours::Always,
        together: true,
    },
];

impl Crowd {
    /// Moves into a world.
    pub fn settle_in<T: Town>(&self, world: &mut World<T>, random: &mut Random) {
        let hz = world.hz();
        let started = random.below((UPTIME_S * hz) as u64);
        for i in 0..self.miners {
            let machine = world.machine(self.sigma, random);
            if self.together {
                world.machines[machine].counter = started + random.below(hz as u64);
            }
            let name = world.name(machine, &(self.address)(i));
            world.names[name].hours = (self.hours)(i);
        }
    }
}
