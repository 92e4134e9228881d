//! What miners have in common without being one: network, hour, model. Told, never punished.

use super::assess::Dossier;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Arrivals of a miner that are kept.
const ARRIVALS: usize = 8;

/// Arrivals that a rhythm is told from, at least.
const ARRIVALS_MIN: usize = 4;

/// Two arrivals within this are one after the other.
const TOGETHER_MS: u64 = 10_000;

/// So near to a full minute, everybody's timer goes off: such arrivals say nothing.
const TIMER_MS: u64 = 5_000;

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;

/// Weights of the three, of a hundred: the existing network's.
const WEIGHTS: [u32; 3] = [40, 20, 40];

/// A thousand, of a thousand.
const ALL: u32 = 1_000;

/// The network that an address belongs to: /24 of IPv4, /48 of IPv6, as bytes to be hashed. Addresses of
/// IPv4 in IPv6 clothes are IPv4.
pub fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(v4) => [&[4], &v4.octets()[..3]].concat(),
        IpAddr::V6(v6) => [&[6], &v6.octets()[..6]].concat(),
    }
}

/// The newest arrivals of a miner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rhythm {
    arrivals: Vec<i64>,
}

impl Rhythm {
    /// Whether it has no more arrivals than are kept: what came from a database may.
    pub fn is_sound(&self) -> bool {
        self.arrivals.len() <= ARRIVALS
    }

    /// Adds an arrival, milliseconds of the node's clock.
    pub fn record(&mut self, at_ms: i64) {
        if self.arrivals.len() >= ARRIVALS {
            self.arrivals.remove(0);
        }
        self.arrivals.push(at_ms);
    }

    /// Arrivals right before or after one of `other`, of a thousand; those that a timer set for a full
    /// minute explains are left out. 0 where too few remain.
    pub fn together(&self, other: &Rhythm) -> u32 {
        let timed = |at: i64| {
            let past = at.rem_euclid(MINUTE_MS).unsigned_abs();
            past.min(MINUTE_MS.unsigned_abs() - past) <= TIMER_MS
        };
        let free: Vec<i64> = self
            .arrivals
            .iter()
            .copied()
            .filter(|&at| !timed(at))
            .collect();
        if free.len() < ARRIVALS_MIN {
            return 0;
        }
        let near = |at: &&i64| {
            other
                .arrivals
                .iter()
                .any(|o| o.abs_diff(**at) <= TOGETHER_MS)
        };
        // At most eight of eight.
        (free.iter().filter(near).count() * ALL as usize / free.len()) as u32
    }
}

/// Three scores of a thousand and their weighted sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstance {
    /// Others of this network, 64 or more being a thousand.
    pub network: u32,
    /// Of those, the one that arrives most together with this one.
    pub timing: u32,
    /// Of those, the one that is most alike in profile.
    pub profile: u32,
    /// 40, 20 and 40 of a hundred of each. Told to the operator; no weight depends on it.
    pub together: u32,
}

impl Circumstance {
    /// What `dossier` has in common with `others` of its network, out of a crowd of so many there.
    pub fn of(dossier: &Dossier, others: &[Dossier], crowd: u32) -> Self {
        let here: Vec<&Dossier> = others
            .iter()
            .filter(|o| dossier.network.is_some() && o.network == dossier.network)
            .collect();
        let likeness = |o: &&Dossier| match (&dossier.profile, &o.profile) {
            (Some(mine), Some(theirs)) => mine.likeness(theirs),
            _ => 0,
        };
        let together = |o: &&Dossier| dossier.rhythm.together(&o.rhythm);
        let network = crowd.saturating_sub(1).min(FULL).saturating_mul(ALL) / FULL;
        let timing = here.iter().map(together).max().unwrap_or(0);
        let profile = here.iter().map(likeness).max().unwrap_or(0);
        let [a, b, c] = WEIGHTS;
        Circumstance {
            network,
            timing,
            profile,
            together: (a * network + b * timing + c * profile) / 100,
        }
    }
}

/// A network as full as the score goes.
const FULL: u32 = super::index::BUCKET as u32;
