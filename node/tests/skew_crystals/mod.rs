//! Simulated machines: crystals with a weather, networks with delays, attestations over days.
//!
//! Floating point is at home here and nowhere in what is tested: the truth is computed from it.

#![allow(dead_code)] // each test file uses its own part

use verdigris_node::continuity::line::Interval;
use verdigris_node::continuity::track::{Clock, Sighting, Track};
use verdigris_node::continuity::{DAY_NS, SECOND_NS};

use test_rigs::fleet::crystal::START_MS;
pub use test_rigs::fleet::crystal::{Crystal, Random};

/// The ns of a day as a number to compute with.
const DAY: f64 = 86_400.0;

/// Shapes of one-way delays, seconds.
#[derive(Debug, Clone, Copy)]
pub enum Delays {
    /// A wired line: 15 ms and a little.
    Quiet,
    /// A domestic line: 20 ms, and an exponential queue of 40 ms.
    Queue,
    /// Heavy tails: Pareto with exponent 1.2.
    Heavy,
    /// Two routes, 20 or 90 ms, changing from hour to hour.
    Routes,
    /// Evenings add up to 80 ms to every packet.
    Evenings,
    /// A machine of 25 MHz that signs for 2 s, over a serial line.
    Slow,
}

/// All shapes.
pub const DELAYS: [Delays; 6] = [
    Delays::Quiet,
    Delays::Queue,
    Delays::Heavy,
    Delays::Routes,
    Delays::Evenings,
    Delays::Slow,
];

impl Delays {
    fn draw(self, at: f64, random: &mut Random) -> f64 {
        match self {
            Delays::Quiet => 0.015 + random.exponential(0.001),
            Delays::Queue => 0.020 + random.exponential(0.040),
            Delays::Heavy => {
                0.010 + 0.010 * ((1.0 - random.unit()).powf(-1.0 / 1.2) - 1.0).min(60.0)
            }
            Delays::Routes => {
                let route = ((at / 3_600.0) as u64).wrapping_mul(0x9e37_79b9) >> 7 & 1;
                0.020 + 0.070 * route as f64 + random.exponential(0.010)
            }
            Delays::Evenings => {
                let evening = (std::f64::consts::TAU * at / DAY).sin().max(0.0);
                0.020 + 0.080 * evening * random.unit().sqrt() + random.exponential(0.010)
            }
            Delays::Slow => 2.0 + random.exponential(0.100),
        }
    }
}

/// When all simulations begin, ns of the node's clock.
pub const START_NS: i64 = START_MS * (SECOND_NS / 1_000);

/// A machine with its crystal, its counter and its network.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What makes it tick.
    pub crystal: Crystal,
    /// Its counter.
    pub clock: Clock,
    /// Counter at the start of the simulation.
    pub counter: u64,
    /// Its network.
    pub delays: Delays,
}

impl Machine {
    /// A PC whose counter runs at 2.6 GHz.
    pub fn pc(crystal: Crystal, delays: Delays, random: &mut Random) -> Self {
        Machine {
            crystal,
            clock: Clock {
                source: "tsc".into(),
                bits: 64,
                hz: 2_600_000_000,
            },
            // Up for as long as a month.
            counter: random.below(30 * 86_400) * 2_600_000_000 + random.below(2_600_000_000),
            delays,
        }
    }

    /// The raw counter at true time `t` seconds from the start.
    pub fn counter_at(&self, t_ns: i64) -> u64 {
        let hz = self.clock.hz as i128;
        let line = i128::from(t_ns) * hz / 1_000_000_000;
        let off = self.crystal.offset(t_ns as f64 / 1e9) * self.clock.hz as f64;
        let count = i128::from(self.counter) + line + off as i128;
        let mask = (1u128 << self.clock.bits) - 1;
        (count as u128 & mask) as u64
    }

    /// An attestation that begins at `t_ns` from the start and probes for `probe_s` seconds.
    pub fn attest(&self, t_ns: i64, probe_s: f64, random: &mut Random) -> Sighting {
        let ns = |s: f64| (s * 1e9) as i64;
        let first_ns = t_ns + ns(self.delays.draw(t_ns as f64 / 1e9, random));
        let last_ns = first_ns + ns(probe_s);
        let end_ns = last_ns + ns(self.delays.draw(last_ns as f64 / 1e9, random));
        let first = self.counter_at(first_ns);
        let mask = ((1u128 << self.clock.bits) - 1) as u64;
        let ms = |ns: i64| (START_NS + ns).div_euclid(1_000_000);
        Sighting::from_ms(
            ms(t_ns),
            ms(end_ns),
            first,
            self.counter_at(last_ns).wrapping_sub(first) & mask,
        )
    }
}

/// Attests every `every_s` seconds, more or less, for `days`.
pub fn follow(machine: &Machine, days: f64, every_s: f64, random: &mut Random) -> Option<Track> {
    let mut track: Option<Track> = None;
    let mut t = random.between(0.0, every_s);
    while t < days * DAY {
        let seen = machine.attest((t * 1e9) as i64, 2.0, random);
        match &mut track {
            None => track = Track::new(machine.clock.clone(), seen),
            Some(track) => {
                track.observe(&seen);
            }
        }
        t += every_s * random.between(0.9, 1.1);
    }
    track
}

/// Whether an interval of parts per trillion holds this many ppm.
pub fn holds(interval: Interval, ppm: f64) -> bool {
    let ppt = ppm * 1e6;
    interval.low as f64 <= ppt && ppt <= interval.high as f64
}

/// Days of the node's clock.
pub fn days(ns: i64) -> f64 {
    ns as f64 / DAY_NS as f64
}
