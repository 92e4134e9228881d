//! How long to wait after a failure.

use std::time::Duration;

/// Waits that double, each drawn from nothing to its full length ("full jitter": M. Brooker,
/// "Exponential Backoff and Jitter", AWS Architecture Blog, 2015), so that miners whose node comes
/// back do not all come back at once.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Starting with at most `first`, growing to at most `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Backoff {
            first,
            longest,
            failures: 0,
        }
    }

    /// Begins again with the shortest wait.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait. `random` is uniform over all values; `asked` is what the node asked for, which
    /// is always kept, with the first wait's jitter on top.
    pub fn next(&mut self, random: u64, asked: Option<Duration>) -> Duration {
        let limit = self.limit();
        self.failures = self.failures.saturating_add(1);
        match asked {
            Some(asked) => asked + share(self.first, random),
            None => share(limit, random),
        }
    }

    fn limit(&self) -> Duration {
        let factor = 1u32
            .checked_shl(self.failures)
            .filter(|_| self.failures < 31)
            .unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// The part of `whole` that `random` says, uniform from nothing to all.
fn share(whole: Duration, random: u64) -> Duration {
    let nanos = (whole.as_nanos() * u128::from(random)) >> 64;
    Duration::from_nanos(nanos.try_into().unwrap_or(u64::MAX))
}

/// `interval` less up to a tenth, so that miners started together drift apart and none is late.
pub fn spread_out(interval: Duration, random: u64) -> Duration {
    interval - share(interval / 10, random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_longest_and_start_again() {
        let mut backoff = Backoff::new(SECOND, 5 * SECOND);
        let longest = |backoff: &mut Backoff| backoff.next(u64::MAX, None).as_secs_f64().round();
        let waits: Vec<f64> = (0..5).map(|_| longest(&mut backoff)).collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 5.0, 5.0]);
        for _ in 0..100 {
            assert!(backoff.next(u64::MAX, None) <= 5 * SECOND);
        }
        assert_eq!(backoff.next(0, None), Duration::ZERO);
        backoff.reset();
        assert_eq!(longest(&mut backoff), 1.0);
    }

    #[test]
    fn what_the_node_asks_is_kept() {
        let mut backoff = Backoff::new(SECOND, 5 * SECOND);
        assert_eq!(backoff.next(0, Some(30 * SECOND)), 30 * SECOND);
        assert!(backoff.next(u64::MAX, Some(30 * SECOND)) <= 31 * SECOND);
    }

    #[test]
    fn an_interval_is_never_exceeded() {
        for random in [0, 1 << 63, u64::MAX] {
            let next = spread_out(580 * SECOND, random);
            assert!(next <= 580 * SECOND && next >= 522 * SECOND, "{next:?}");
        }
    }
}
