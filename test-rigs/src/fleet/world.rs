//! Machines with crystals, names on them, and days of attestations to a node whose clock is set.

use super::crowds::UPTIME_S;
use super::crystal::{Crystal, Random};
use probe_core::evidence::Evidence;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A machine that is started in the morning is started so long before its first hour, ms.
const BEFORE_MS: i64 = 120_000;

/// Everybody who sets no timer arrives within so much after the hour, ms.
const SCATTER_MS: u64 = 600_000;

/// One way through the network takes so much at least, and a queue of so much on average, ns.
const WAY_NS: f64 = 20e6;
const QUEUE_NS: f64 = 40e6;

/// The largest daily swing of a crystal, ppm: Mills, "Computer network time synchronization", chapter 15.
const SWING_PPM: f64 = 0.5;

/// Streams of names in worlds of neighbouring seeds lie so far apart.
const STREAMS: u64 = 7_919;

/// A node, as the world speaks to it.
pub trait Town {
    /// What a name signs with.
    type Wallet;
    /// What an attestation is answered with.
    type Answer;

    /// The wallet of the name of this number.
    fn wallet(&self, number: u64) -> Self::Wallet;

    /// Sets the node's clock to so many milliseconds after the world began.
    fn set_clock(&self, ms: i64);

    /// Asks for a challenge.
    ///
    /// # Errors
    /// There is none.
    fn nonce(&self, wallet: &Self::Wallet) -> Result<String, String>;

    /// Gives evidence the digests that the challenge asks for, signs it, and hands it in.
    ///
    /// # Errors
    /// No answer that the world could go on with.
    fn submit(
        &self,
        wallet: &Self::Wallet,
        nonce: &str,
        evidence: Evidence,
        from: From<'_>,
    ) -> Result<Self::Answer, String>;
}

/// From where and when something is sent.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    /// The address that it is seen from.
    pub address: &'a str,
    /// Milliseconds after the world began.
    pub at_ms: i64,
}

/// A machine: a crystal under a counter that was started some time ago.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What makes it tick.
    pub crystal: Crystal,
    /// What it stands at when the world begins.
    pub counter: u64,
}

/// When a name attests.
#[derive(Debug, Clone, Copy)]
pub enum Hours {
    /// At any time.
    Always,
    /// Between these hours of the day; the machine is started every morning.
    Between(i64, i64),
    /// By a timer, at the full hour.
    Timer,
    /// Once a day, some time after this hour.
    Daily(i64),
}

/// A name on a machine.
#[derive(Debug)]
pub struct Name<W> {
    /// What it signs with.
    pub wallet: W,
    /// Which machine it runs on.
    pub machine: usize,
    /// From where it is seen.
    pub address: String,
    /// When it attests.
    pub hours: Hours,
    random: Random,
}

/// Machines, and the names that they mine under.
pub struct World<T: Town> {
    /// The node.
    pub town: T,
    /// The machines.
    pub machines: Vec<Machine>,
    /// The names.
    pub names: Vec<Name<T::Wallet>>,
    template: Evidence,
    seed: u64,
}

impl<T: Town> World<T> {
    /// An empty world. What its machines measure is `template`, but for noise and counters; `seed` decides
    /// what names draw.
    pub fn new(town: T, template: Evidence, seed: u64) -> Self {
        World {
            town,
            machines: Vec::new(),
            names: Vec::new(),
            template,
            seed,
        }
    }

    /// The nominal rate of its machines' counters.
    pub fn hz(&self) -> f64 {
        self.template.elapsed_ticks as f64 * 1e9 / self.template.elapsed_ns as f64
    }

    /// A machine of a lot of crystals with this standard deviation; gives its number.
    pub fn machine(&mut self, sigma_ppm: f64, random: &mut Random) -> usize {
        let crystal = Crystal::draw(sigma_ppm, SWING_PPM, random);
        let counter = random.below((UPTIME_S * self.hz()) as u64);
        self.machines.push(Machine { crystal, counter });
        self.machines.len() - 1
    }

    /// A name on a machine, seen from an address; gives its number.
    pub fn name(&mut self, machine: usize, address: &str) -> usize {
        let number = self.names.len() as u64 + 1;
        self.names.push(Name {
            wallet: self.town.wallet(number),
            machine,
            address: address.into(),
            hours: Hours::Always,
            random: Random::new(self.seed.wrapping_mul(STREAMS).wrapping_add(number)),
        });
        self.names.len() - 1
    }

    /// A name attests at `at_ms` from the start.
    ///
    /// # Errors
    /// Those of the town.
    pub fn attest(&mut self, name: usize, at_ms: i64) -> Result<T::Answer, String> {
        self.attest_with(name, at_ms, |_| ())
    }

    /// The same with evidence that is changed before its digests are made.
    ///
    /// # Errors
    /// Those of the town.
    pub fn attest_with(
        &mut self,
        name: usize,
        at_ms: i64,
        change: impl FnOnce(&mut Evidence),
    ) -> Result<T::Answer, String> {
        let hz = self.hz();
        let name = &mut self.names[name];
        let machine = &self.machines[name.machine];
        let mut counter = machine.counter;
        if let Hours::Between(from, _) = name.hours {
            // Before the first hour of the day it was at some small number.
            let morning = at_ms.div_euclid(DAY_MS) * DAY_MS + from * HOUR_MS - BEFORE_MS;
            let so_far = (morning.max(0) as f64 / 1e3 * hz) as u64;
            counter = (counter % 1_000_000_000).wrapping_sub(so_far);
        }
        self.town.set_clock(at_ms);
        let nonce = self.town.nonce(&name.wallet)?;

        // The request travels, the machine probes, and the answer travels.
        let random = &mut name.random;
        let delay_ns = |random: &mut Random| WAY_NS + random.exponential(QUEUE_NS);
        let first_ns = at_ms as f64 * 1e6 + delay_ns(random);
        let mut evidence = self.template.clone();
        let end_ns = first_ns + evidence.elapsed_ns as f64 + delay_ns(random);
        let off = machine.crystal.offset(first_ns / 1e9);
        let ticks = (first_ns / 1e9 + off) * hz;
        let bits = evidence.counter.as_ref().map_or(64, |c| u32::from(c.bits));
        let mask = u64::MAX >> 64u32.saturating_sub(bits.max(1));
        evidence.counter_start = Some(counter.wrapping_add(ticks as u64) & mask);
        noisy(&mut evidence, random);
        change(&mut evidence);
        let from = From {
            address: &name.address,
            at_ms: (end_ns / 1e6) as i64,
        };
        self.town.submit(&name.wallet, &nonce, evidence, from)
    }

    /// Everybody attests every so often from one hour to another.
    ///
    /// # Errors
    /// Those of the town.
    pub fn pass(&mut self, from_h: i64, to_h: i64, every_h: i64) -> Result<(), String> {
        self.pass_with(from_h, to_h, every_h, |_, _, _| ())
    }

    /// The same with evidence that is changed before its digests are made: by whom, in the round of which hour.
    ///
    /// # Errors
    /// Those of the town.
    pub fn pass_with(
        &mut self,
        from_h: i64,
        to_h: i64,
        every_h: i64,
        mut change: impl FnMut(usize, i64, &mut Evidence),
    ) -> Result<(), String> {
        let mut rounds: Vec<(i64, usize, i64)> = Vec::new();
        for hour in (from_h..to_h).step_by(usize::try_from(every_h).unwrap_or(1)) {
            for (n, name) in self.names.iter_mut().enumerate() {
                let after = match name.hours {
                    Hours::Timer => 0,
                    Hours::Between(from, to) if !(from..to).contains(&(hour % 24)) => continue,
                    Hours::Daily(at) if hour % 24 != at => continue,
                    _ => name.random.below(SCATTER_MS) as i64,
                };
                rounds.push((hour * HOUR_MS + after, n, hour));
            }
        }
        rounds.sort_unstable();
        for (at, name, hour) in rounds {
            self.attest_with(name, at, |evidence| change(name, hour, evidence))?;
        }
        Ok(())
    }
}

/// Another measurement of the same machine: samples move between neighbouring bins, but those at the minimum, next to
/// which a counter that moves by several ticks shows none.
fn noisy(evidence: &mut Evidence, random: &mut Random) {
    if let Some(jitter) = &mut evidence.jitter {
        for histogram in &mut jitter.histograms {
            stir(histogram, random);
        }
    }
    let Some(oscillator) = &mut evidence.oscillator else {
        return;
    };
    stir(&mut oscillator.histogram, random);
    // Less than what the Allan deviation beside it would contradict.
    let most = (oscillator.cv_ppm / 2_000).min(50);
    oscillator.cv_ppm += random.below(u64::from(most) + 1) as u32;
}

/// Moves up to a quarter of a bin's samples to the next bin.
fn stir(histogram: &mut [u16], random: &mut Random) {
    for pair in histogram.chunks_exact_mut(2).skip(1) {
        let moved = random.below(u64::from(pair[0]) / 4 + 1) as u16;
        pair[0] -= moved;
        pair[1] += moved;
    }
}
