//! How often one address may ask, and one key: counters in memory, forgotten at a restart.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::{ApiError, Code};

/// Addresses or keys remembered by each limit. When full, somebody is forgotten: a limit must not become a
/// way to shut others out, nor to fill the memory.
const CALLERS: usize = 65_536;

/// Window of the limits on requests, challenges and lists (existing network).
const MINUTE: Duration = Duration::from_secs(60);

/// Seconds after which somebody with too many connections may try again.
const CONNECTION_RETRY_S: u64 = 1;

/// Window of the limit on miner ids behind one address (existing network), and of that on keys.
const HOUR: Duration = Duration::from_secs(3_600);

/// All limits of a node.
#[derive(Debug)]
pub struct Limits {
    requests: Window<IpAddr>,
    challenges: Window<IpAddr>,
    lists: Window<IpAddr>,
    miners: Mutex<HashMap<IpAddr, (Instant, HashSet<String>)>>,
    miners_limit: u32,
    submissions: Window<[u8; 32]>,
    transfers: Window<[u8; 32]>,
    connections: Mutex<HashMap<IpAddr, usize>>,
    connections_limit: usize,
    /// Each stands for many.
    proxies: Vec<IpAddr>,
}

/// A place among the connections of an address, until dropped.
#[derive(Debug)]
pub struct Place<'a> {
    limits: &'a Limits,
    network: Option<IpAddr>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut open = self.limits.open_connections();
        if let Entry::Occupied(mut entry) = open.entry(network) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

impl Limits {
    /// As configured. A limit of 0 means none.
    pub fn new(config: &Config) -> Self {
        Limits {
            requests: Window::new(config.requests_per_minute, MINUTE),
            challenges: Window::new(config.challenges_per_minute, MINUTE),
            lists: Window::new(config.lists_per_minute, MINUTE),
            miners: Mutex::default(),
            miners_limit: config.miners_per_hour,
            submissions: Window::new(config.submissions_per_hour, HOUR),
            transfers: Window::new(config.transfers_per_hour, HOUR),
            connections: Mutex::default(),
            connections_limit: config.connections_per_address,
            proxies: config.trusted_proxies.clone(),
        }
    }

    /// Counts a request of any kind. A trusted proxy that names nobody is not counted: it stands for
    /// others.
    ///
    /// # Errors
    /// [`Code::RateLimit`].
    pub fn admit_request(&self, client: IpAddr) -> Result<(), ApiError> {
        if self.proxies.contains(&client) {
            return Ok(());
        }
        let spent = self.requests.count(network(client));
        if spent.allowed {
            return Ok(());
        }
        let message = format!("at most {} requests a minute from one address", spent.limit);
        Err(ApiError::new(Code::RateLimit, message).after(spent.reset_s))
    }

    /// Counts a connection. A trusted proxy has as many as it wants: it stands for others.
    ///
    /// # Errors
    /// [`Code::RateLimit`].
    pub fn admit_connection(&self, peer: IpAddr) -> Result<Place<'_>, ApiError> {
        let free = self.connections_limit == 0 || self.proxies.contains(&peer.to_canonical());
        let network = (!free).then(|| network(peer));
        if let Some(network) = network {
            // No more entries than there are connections.
            let mut open = self.open_connections();
            let count = open.entry(network).or_insert(0);
            if *count >= self.connections_limit {
                let limit = self.connections_limit;
                let message = format!("at most {limit} connections at a time from one address");
                return Err(ApiError::new(Code::RateLimit, message).after(CONNECTION_RETRY_S));
            }
            *count += 1;
        }
        Ok(Place {
            limits: self,
            network,
        })
    }

    fn open_connections(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a submission that this key signed. Whoever signs with it has it, so nobody can use up
    /// somebody else's.
    ///
    /// # Errors
    /// [`Code::RateLimit`].
    pub fn admit_key(&self, key: [u8; 32]) -> Result<(), ApiError> {
        let spent = self.submissions.count(key);
        if spent.allowed {
            return Ok(());
        }
        let message = format!("at most {} submissions an hour with one key", spent.limit);
        Err(ApiError::new(Code::RateLimit, message).after(spent.reset_s))
    }

    /// Counts a transfer that this key signed.
    ///
    /// # Errors
    /// [`Code::RateLimit`].
    pub fn admit_transfer(&self, key: [u8; 32]) -> Result<(), ApiError> {
        let spent = self.transfers.count(key);
        if spent.allowed {
            return Ok(());
        }
        let message = format!("at most {} transfers an hour with one key", spent.limit);
        Err(ApiError::new(Code::RateLimit, message).after(spent.reset_s))
    }

    /// Counts a challenge.
    ///
    /// # Errors
    /// [`Code::ChallengeRateLimit`].
    pub fn admit_challenge(&self, client: IpAddr) -> Result<(), ApiError> {
        let spent = self.challenges.count(network(client));
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
        self.lists.count(network(client))
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

/// A fixed window for each address or key.
#[derive(Debug)]
struct Window<K> {
    limit: u32,
    length: Duration,
    callers: Mutex<HashMap<K, (Instant, u32)>>,
}

impl<K: Copy + Eq + Hash> Window<K> {
    fn new(limit: u32, length: Duration) -> Self {
        Window {
            limit,
            length,
            callers: Mutex::default(),
        }
    }

    fn count(&self, caller: K) -> Spent {
        if self.limit == 0 {
            return Spent {
                allowed: true,
                count: 0,
                limit: 0,
                reset_s: 0,
            };
        }
        let now = Instant::now();
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut callers, |(since, _)| {
            now.duration_since(*since) < self.length
        });
        let (since, count) = callers.entry(caller).or_insert((now, 0));
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
fn make_room<K: Copy + Eq + Hash, V>(callers: &mut HashMap<K, V>, live: impl Fn(&V) -> bool) {
    if callers.len() < CALLERS {
        return;
    }
    callers.retain(|_, entry| live(entry));
    if callers.len() >= CALLERS {
        if let Some(anybody) = callers.keys().next().copied() {
            callers.remove(&anybody);
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
        assert!(
            window.count(network(a)).allowed
                && window.count(network(a)).allowed
                && !window.count(network(a)).allowed
        );
        assert!(window.count(network(b)).allowed);
        // The same IPv4 address in IPv6 clothes, and two addresses of one customer.
        assert!(
            !window
                .count(network("::ffff:10.0.0.1".parse().unwrap()))
                .allowed
        );
        assert_eq!(
            window.count(network("2001:db8::1".parse().unwrap())).count,
            1
        );
        assert_eq!(
            window.count(network("2001:db8::2".parse().unwrap())).count,
            2
        );
        let open = Window::new(0, HOUR);
        assert!((0..100).all(|_| open.count(network(a)).allowed));
    }

    #[test]
    fn a_window_ends() {
        let window = Window::new(1, Duration::ZERO);
        let a: IpAddr = [10, 0, 0, 1].into();
        assert!(window.count(a).allowed && window.count(a).allowed);
    }

    #[test]
    fn a_full_table_makes_room() {
        let mut table: HashMap<IpAddr, ()> = (0..CALLERS as u32)
            .map(|i| (IpAddr::from(i.to_be_bytes()), ()))
            .collect();
        make_room(&mut table, |()| true);
        assert_eq!(table.len(), CALLERS - 1);
        table.insert("::1".parse().unwrap(), ());
        make_room(&mut table, |()| false);
        assert!(table.is_empty());
    }

    #[test]
    fn connections_are_counted_until_they_end() {
        let limits = Limits::new(&Config {
            connections_per_address: 2,
            ..Config::default()
        });
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        let first = limits.admit_connection(a).unwrap();
        let second = limits.admit_connection(neighbour).unwrap();
        let refused = limits.admit_connection(a).unwrap_err();
        assert_eq!(refused.code, Code::RateLimit);
        assert!(limits.admit_connection([192, 0, 2, 1].into()).is_ok());
        let proxy: Vec<_> = (0..9)
            .map(|_| limits.admit_connection([127, 0, 0, 1].into()).unwrap())
            .collect();
        assert_eq!(limits.open_connections().len(), 1);
        drop((first, proxy));
        assert!(limits.admit_connection(a).is_ok());
        drop(second);
        assert!(limits.open_connections().is_empty());
    }

    #[test]
    fn a_key_is_counted_by_itself() {
        let limits = Limits::new(&Config {
            submissions_per_hour: 1,
            ..Config::default()
        });
        assert!(limits.admit_key([1; 32]).is_ok() && limits.admit_key([2; 32]).is_ok());
        let refused = limits.admit_key([1; 32]).unwrap_err();
        let wait = refused.extra.unwrap()["retry_after_s"].as_u64().unwrap();
        assert!((1..=3_601).contains(&wait));
    }
}
