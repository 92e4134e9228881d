//! The same unit as before? What the rates of crystals say over days: false match and false non-match of continuity, on
//! simulated machines, by the node's own comparison called as a library. A campaign cannot wait for days.

use super::statistics::Share;
use crate::fleet::crystal::{Crystal, Random, START_MS};
use verdigris_node::continuity::crystal::{compare, Comparison};
use verdigris_node::continuity::track::{Clock, Sighting, Track};

/// Days of attestations before and after the change of owner, or of nothing.
pub const DAYS: [f64; 3] = [0.5, 1.0, 3.0];

/// Standard deviations of the rates of crystals, ppm: of one lot, as [`verdigris_node::continuity::crystal`] assumes, and
/// of all computers together (Mills, "Computer network time synchronization", chapter 15).
pub const SPREADS: [f64; 2] = [4.0, 40.0];

/// Machines for each line.
const MACHINES: u32 = 200;

/// Seconds between two attestations.
const EVERY_S: f64 = 600.0;

/// Seconds that a probe takes.
const PROBE_S: f64 = 2.0;

/// A domestic line, one way: so many seconds at least, and an exponential queue of this mean.
const DELAY_S: f64 = 0.020;
const QUEUE_S: f64 = 0.040;

/// Largest daily swing of a rate, ppm.
const SWING_PPM: f64 = 1.0;

/// Between the two stretches, days: other hours, other weather.
const GAP_DAYS: f64 = 2.0;

const DAY_S: f64 = 86_400.0;
const HZ: u64 = 2_600_000_000;

/// A line of the report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Days of attestations in each of the two stretches.
    pub days: f64,
    /// Standard deviation of the crystals' rates, ppm.
    pub spread_ppm: f64,
    /// The same machine held to be another: false non-match.
    pub same_refused: Share,
    /// Another machine not found to be another: false match.
    pub other_taken: Share,
}

/// Draws machines, follows each over two stretches, and compares.
pub fn lines(seed: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    for days in DAYS {
        for spread_ppm in SPREADS {
            let mut random = Random::new(seed ^ (days * 100.0 + spread_ppm) as u64);
            let mut line = Line {
                days,
                spread_ppm,
                same_refused: Share::default(),
                other_taken: Share::default(),
            };
            for _ in 0..MACHINES {
                let crystal = Crystal::draw(spread_ppm, SWING_PPM, &mut random);
                let other = Crystal::draw(spread_ppm, SWING_PPM, &mut random);
                let later = days + GAP_DAYS;
                let first = follow(&crystal, 0.0, days, &mut random);
                let again = follow(&crystal, later, days, &mut random);
                let another = follow(&other, later, days, &mut random);
                let differ = |second: &Option<Track>| -> Option<bool> {
                    let comparison = compare(first.as_ref()?, second.as_ref()?);
                    Some(matches!(comparison, Comparison::Different { .. }))
                };
                count(&mut line.same_refused, differ(&again));
                count(&mut line.other_taken, differ(&another).map(|d| !d));
            }
            lines.push(line);
        }
    }
    lines
}

fn count(share: &mut Share, hit: Option<bool>) {
    if let Some(hit) = hit {
        share.hits += u64::from(hit);
        share.of += 1;
    }
}

/// The track of a machine that attests from a day on, for so many days.
fn follow(crystal: &Crystal, from_days: f64, days: f64, random: &mut Random) -> Option<Track> {
    let clock = Clock {
        source: "tsc".into(),
        bits: 64,
        hz: HZ,
    };
    let mut track: Option<Track> = None;
    let mut t = from_days * DAY_S;
    while t < (from_days + days) * DAY_S {
        let seen = attest(crystal, t, random);
        match &mut track {
            None => track = Track::new(clock.clone(), seen),
            Some(track) => {
                track.observe(&seen);
            }
        }
        t += EVERY_S * random.between(0.9, 1.1);
    }
    track
}

/// An attestation that begins `t` seconds after the start.
fn attest(crystal: &Crystal, t: f64, random: &mut Random) -> Sighting {
    let mut delay = || DELAY_S + random.exponential(QUEUE_S);
    let first = t + delay();
    let last = first + PROBE_S;
    let end = last + delay();
    // In whole ns first: seconds of a float would lose ticks.
    let ticks = |t: f64| {
        let ns = (t * 1e9) as i128;
        let off = crystal.offset(t) * HZ as f64;
        u64::try_from(ns * i128::from(HZ) / 1_000_000_000 + off as i128).unwrap_or(0)
    };
    let ms = |t: f64| START_MS + (t * 1e3) as i64;
    // Switched on a month before, so that no slow crystal counts from below nothing.
    let up = 30 * 86_400 * HZ;
    let (first, last) = (up + ticks(first), up + ticks(last));
    Sighting::from_ms(ms(t), ms(end), first, last - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_tell_crystals_apart_and_the_same_crystal_is_never_another() {
        let lines = lines(1);
        assert_eq!(lines.len(), DAYS.len() * SPREADS.len());
        for line in &lines {
            assert_eq!(line.same_refused.hits, 0, "{line:?}");
            assert_eq!(u64::from(MACHINES), line.other_taken.of, "{line:?}");
        }
        // Crystals of all computers are farther apart than those of one lot.
        for pair in lines.chunks(2) {
            assert!(pair[1].other_taken.hits < pair[0].other_taken.hits);
        }
        assert_eq!(lines, super::lines(1));
    }
}
