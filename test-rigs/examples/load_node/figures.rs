//! What a run is judged by: percentiles, and what `/proc` and the node's own metrics say.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// Clock ticks in a second, as `/proc` counts a process's time: the same on every Linux
/// (`USER_HZ`).
const USER_HZ: f64 = 100.0;

/// Seconds of processor time, user and system, that a process has used.
pub fn processor_seconds(pid: u32) -> Result<[f64; 2], Box<dyn Error>> {
    seconds_of(&std::fs::read_to_string(format!("/proc/{pid}/stat"))?)
}

fn seconds_of(stat: &str) -> Result<[f64; 2], Box<dyn Error>> {
    // The name, in brackets, may hold anything; utime and stime are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no process's line")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let seconds = |at: usize| -> Result<f64, Box<dyn Error>> {
        let ticks: f64 = fields.get(at).ok_or("a short line")?.parse()?;
        Ok(ticks / USER_HZ)
    };
    Ok([seconds(11)?, seconds(12)?])
}

/// Seconds of processor time of each kind of thread of a process, by the thread's name.
pub fn thread_seconds(pid: u32) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let mut all = BTreeMap::new();
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // One that ended meanwhile is no longer told.
        let Ok(stat) = std::fs::read_to_string(task?.path().join("stat")) else {
            continue;
        };
        let name = stat.split_once('(').and_then(|(_, s)| s.rsplit_once(')'));
        let name = name.map_or("", |(name, _)| name).to_owned();
        *all.entry(name).or_insert(0.0) += seconds_of(&stat)?.iter().sum::<f64>();
    }
    Ok(all)
}

/// Memory of a process that is resident now, MiB: all of it, and that which belongs to no file.
pub fn resident_mib(pid: u32) -> Result<[f64; 2], Box<dyn Error>> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let field = |name: &str| -> Result<f64, Box<dyn Error>> {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        Ok(kib.ok_or("no such line")?.parse::<f64>()? / 1_024.0)
    };
    Ok([field("VmRSS:")?, field("RssAnon:")?])
}

/// The metrics of a node by name and labels.
pub fn metrics(listener: SocketAddr, token: &str) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
    let mut stream = TcpStream::connect(listener)?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let lines = answer.lines().filter_map(|line| line.rsplit_once(' '));
    let figures = lines.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)));
    Ok(figures.collect())
}

/// The value that so many of a thousand are at most; `sorted` is.
pub fn percentile(sorted: &[u32], permille: usize) -> u32 {
    let at = (sorted.len() * permille).div_ceil(1_000).max(1) - 1;
    sorted.get(at).or(sorted.last()).copied().unwrap_or(0)
}
