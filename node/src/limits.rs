//! How often one address may ask: counters in memory, forgotten at a restart.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::{ApiError, Code};

/// Addresses remembered by each limit. When full, somebody is forgotten: a limit must not become a
/// way to shut others out, nor to fill the memory.
const ADDRESSES: usize = 65_536;

/// Window of the limit on challenges and on lists (existing network).
const MINUTE: Duration = Duration::from_secs(60);

/// Window of the limit on miner ids behind one address (existing network).
const HOUR: Duration = Duration::from_secs(3_600);

/// All limits of a node.
#[derive(Debug)]
pub struct Limits {
    challenges: Window,
    lists: Window,
    miners: Mutex<HashMap<IpAddr, (Instant, HashSet<String>)>>,
    miners_limit: u32,
}

impl Limits {
    /// As configured. A limit of 0 means none.
    pub fn new(config: &Config) -> Self {
        Limits {
            challenges: Window::new(config.challenges_per_minute, MINUTE),
            lists: Window::new(config.lists_per_minute, MINUTE),
            miners: Mutex::default(),
            miners_limit: config.miners_per_hour,
        }
    }

    /// Counts a challenge.
    ///
    /// # Errors
    /// [`Code::ChallengeRateLimit`].
    pub fn admit_challenge(&self, client: IpAddr) -> Result<(), ApiError> {
        let spent = self.challenges.count(client);
        if spent.allowed {
            return Ok(());
        }
        Err(ApiError::new(
            Code::ChallengeRateLimit,
            format!(
                "at most {} challenges a minute for one address",
                self.challenges.limit
            ),
        )
        .with(
            "reason",
            format!("challenge_rate_limit:{}_requests_from_same_ip", spent.count),
        )
        .after(spent.reset_s))
    }

    /// Counts a request for a list; the numbers go into the answer's headers either way.
    pub fn count_list(&self, client: IpAddr) -> Spent {
        self.lists.count(client)
    }

    /// Counts a miner id behind an address; one seen in this hour costs nothing.
    ///
    /// # Errors
    /// [`Code::IpRateLimit`].
    pub fn admit_miner(&self, client: IpAddr, miner: &str) -> Result<(), ApiError> {
        if self.miners_limit == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let mut addresses = self.miners.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut addresses, |(since, _)| {
            now.duration_since(*since) < HOUR
        });
        let (since, ids) = addresses
            .entry(network(client))
            .or_insert_with(|| (now, HashSet::new()));
        if now.duration_since(*since) >= HOUR {
            *since = now;
            ids.clear();
        }
        if ids.contains(miner) || ids.len() < self.miners_limit as usize {
            ids.insert(miner.to_owned());
            return Ok(());
        }
        let left = HOUR.saturating_sub(now.duration_since(*since));
        Err(ApiError::new(
            Code::IpRateLimit,
            format!(
                "at most {} miners an hour behind one address",
                self.miners_limit
            ),
        )
        .after(left.as_secs() + 1))
    }
}

/// Where an address stands in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Whether this request is within the limit.
    pub allowed: bool,
    /// Requests in this window, this one included.
    pub count: u32,
    /// The limit; 0 for none.
    pub limit: u32,
    /// Seconds until the window ends.
    pub reset_s: u64,
}

/// A fixed window for each address.
#[derive(Debug)]
struct Window {
    limit: u32,
    length: Duration,
    addresses: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Window {
    fn new(limit: u32, length: Duration) -> Self {
        Window {
            limit,
            length,
            addresses: Mutex::default(),
        }
    }

    fn count(&self, client: IpAddr) -> Spent {
        if self.limit == 0 {
            return Spent {
                allowed: true,
                count: 0,
                limit: 0,
                reset_s: 0,
            };
        }
        let now = Instant::now();
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        make_room(&mut addresses, |(since, _)| {
            now.duration_since(*since) < self.length
        });
        let (since, count) = addresses.entry(network(client)).or_insert((now, 0));
        if now.duration_since(*since) >= self.length {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        let left = self.length.saturating_sub(now.duration_since(*since));
        Spent {
            allowed: *count <= self.limit,
            count: *count,
            limit: self.limit,
            reset_s: left.as_secs() + 1,
        }
    }
}

/// Keeps a full table from growing: drops what has run out, and if that was nothing, anybody.
fn make_room<V>(addresses: &mut HashMap<IpAddr, V>, live: impl Fn(&V) -> bool) {
    if addresses.len() < ADDRESSES {
        return;
    }
    addresses.retain(|_, entry| live(entry));
    if addresses.len() >= ADDRESSES {
        if let Some(anybody) = addresses.keys().next().copied() {
            addresses.remove(&anybody);
        }
    }
}

/// What counts as one address: an IPv4 address, or the /64 that one customer of IPv6 is given
/// (RFC 6177).
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_by_address() {
        let window = Window::new(2, HOUR);
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        assert!(window.count(a).allowed && window.count(a).allowed && !window.count(a).allowed);
        assert!(window.count(b).allowed);
        // The same IPv4 address in IPv6 clothes, and two addresses of one customer.
        assert!(!window.count("::ffff:10.0.0.1".parse().unwrap()).allowed);
        assert_eq!(window.count("2001:db8::1".parse().unwrap()).count, 1);
        assert_eq!(window.count("2001:db8::2".parse().unwrap()).count, 2);
        let open = Window::new(0, HOUR);
        assert!((0..100).all(|_| open.count(a).allowed));
    }

    #[test]
    fn a_window_ends() {
        let window = Window::new(1, Duration::ZERO);
        let a: IpAddr = [10, 0, 0, 1].into();
        assert!(window.count(a).allowed && window.count(a).allowed);
    }

    #[test]
    fn a_full_table_makes_room() {
        let mut table: HashMap<IpAddr, ()> = (0..ADDRESSES as u32)
            .map(|i| (IpAddr::from(i.to_be_bytes()), ()))
            .collect();
        make_room(&mut table, |()| true);
        assert_eq!(table.len(), ADDRESSES - 1);
        table.insert("::1".parse().unwrap(), ());
        make_room(&mut table, |()| false);
        assert!(table.is_empty());
    }
}
