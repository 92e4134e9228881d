//! Simulated crystals, and the randomness of simulated days.

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// When all simulations begin, milliseconds of the node's clock.
pub const START_MS: i64 = 1_800_000_000_000;

/// xorshift64*: the same numbers on every machine (Vigna, ACM TOMS 42, 2016).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for every seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            random.bits();
        }
        random
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Less than `n`, which is more than 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// Gaussian, by the sum of twelve.
    pub fn gauss(&mut self, sigma: f64) -> f64 {
        ((0..12).map(|_| self.unit()).sum::<f64>() - 6.0) * sigma
    }

    /// Exponential.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

/// A crystal: its offset from true time is a line, a daily swing, a slow walk of temperature, and age.
#[derive(Debug, Clone)]
pub struct Crystal {
    /// Parts per million.
    pub skew: f64,
    /// Daily swing of the rate, ppm.
    pub swing: f64,
    /// Phase of the swing, radians.
    pub phase: f64,
    /// A second, longer swing: weather, ppm, with a period of 5 days.
    pub weather: f64,
    /// Change of the rate, ppm a day.
    pub drift: f64,
}

impl Crystal {
    /// One of a lot: `sigma` is the standard deviation of the lot's rates, `swing` the largest daily swing, both ppm.
    pub fn draw(sigma: f64, swing: f64, random: &mut Random) -> Self {
        Crystal {
            skew: random.gauss(sigma),
            swing: random.between(0.1, 1.0) * swing,
            phase: random.between(0.0, std::f64::consts::TAU),
            weather: random.between(0.0, 0.3) * swing,
            drift: random.gauss(0.003),
        }
    }

    /// Offset from true time after `t` seconds, seconds.
    pub fn offset(&self, t: f64) -> f64 {
        let tau = std::f64::consts::TAU;
        let wave = |amplitude: f64, period: f64, phase: f64| {
            amplitude * period / tau * ((tau * t / period + phase).sin() - phase.sin())
        };
        1e-6 * (self.skew * t
            + wave(self.swing, DAY, self.phase)
            + wave(self.weather, 5.0 * DAY, 2.0 * self.phase)
            + self.drift / DAY * t * t / 2.0)
    }

    /// The true mean rate between two instants of the node, ns of its clock, in ppm.
    pub fn mean_ppm(&self, from_ns: i64, to_ns: i64) -> f64 {
        let s = |ns: i64| (ns - START_MS * 1_000_000) as f64 / 1e9;
        let (from, to) = (s(from_ns), s(to_ns));
        (self.offset(to) - self.offset(from)) / (to - from) * 1e6
    }
}
