//! Fleets: one machine under many names, and honest crowds, each on a fresh node for three days of its clock.

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::fleet::crowds::{Crowd, CROWDS, UPTIME_S};
use crate::fleet::crystal::{Random, START_MS};
use crate::fleet::world::{From, Hours, Town, World, DAY_MS, HOUR_MS};
use crate::lab::bench::{Bench, Presented, Wallet};
use crate::lab::clocked::Clocked;
use crate::lab::families::family;
use crate::lab::paper::{answer, metal};
use crate::lab::record::{Claimed, Fleet, FleetEpoch, Goal, Origin, Truth};
use node_process::{Answer, Challenge};
use probe_core::channels::environment::{self, Fact};
use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::time::Instant;

/// The rig.
#[derive(Debug)]
pub struct Fleets;

/// Epochs that a world lives, days of the node's clock.
const EPOCHS: i64 = 3;

/// Standard deviation of crystals, ppm: of machines at large, and of one lot.
const AT_LARGE_PPM: f64 = 20.0;

/// How often a name attests, hours. Miners do every ten minutes; fewer attestations tell less of a crystal.
const EVERY_H: i64 = 3;

/// A ROM image that chips were sold with: that of the Quadra 700 and 900 (`node/data/roms.toml`).
const ROM: (&str, &str) = ("rom.apple", "420dbff3");

/// The simulated machine that has it.
const ROM_FAMILY: &str = "68040";

/// What whoever has one machine and many names does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    /// Nothing: the miner as it is, a network for every name.
    None,
    /// All names are seen from the network of the crowd that they hide in.
    Hidden,
    /// One measurement for all names, with digests of their own.
    Dump,
    /// An offset of its own added to every name's counter.
    Offsets,
    /// A counter of its own invented for every name, start and rate.
    Counters,
    /// One more name, with an invented rate and the farm's start: a room with one switch, it seems.
    Room,
    /// Every name attests once a day.
    Seldom,
    /// One image of a ROM for all.
    Rom,
}

/// One machine under many names.
struct Farm {
    way: &'static str,
    names: usize,
    trick: Trick,
    /// The honest crowd beside it, by its name.
    beside: &'static str,
    /// Worlds of a whole campaign, and of a quick one.
    worlds: (u32, u32),
}

const fn farm(
    way: &'static str,
    names: usize,
    trick: Trick,
    beside: &'static str,
    worlds: (u32, u32),
) -> Farm {
    Farm {
        way,
        names,
        trick,
        beside,
        worlds,
    }
}

/// The attackers.
const FARMS: [Farm; 20] = [
    farm("2 names", 2, Trick::None, "same model", (6, 0)),
    farm("3 names", 3, Trick::None, "same model", (6, 0)),
    farm("5 names", 5, Trick::None, "same model", (6, 0)),
    farm("9 names", 9, Trick::None, "same model", (6, 1)),
    farm("20 names", 20, Trick::None, "same model", (6, 0)),
    farm("50 names", 50, Trick::None, "same model", (6, 0)),
    farm("20 names in a campus", 20, Trick::Hidden, "campus", (3, 0)),
    farm(
        "20 names in a co-working space",
        20,
        Trick::Hidden,
        "co-working",
        (3, 0),
    ),
    farm(
        "20 names behind a carrier's NAT",
        20,
        Trick::Hidden,
        "carrier-grade NAT",
        (3, 0),
    ),
    farm(
        "20 names in a lab of one lot, one switch",
        20,
        Trick::Hidden,
        "lab of one lot, one switch",
        (3, 0),
    ),
    farm(
        "20 names, once a day",
        20,
        Trick::Seldom,
        "same model",
        (3, 0),
    ),
    farm("2 names, one dump", 2, Trick::Dump, "same model", (3, 1)),
    farm("20 names, one dump", 20, Trick::Dump, "same model", (3, 0)),
    farm("20 names, one ROM", 20, Trick::Rom, "", (3, 0)),
    farm(
        "20 names and a decoy of the same start",
        20,
        Trick::Room,
        "same model",
        (3, 0),
    ),
    farm("offsets: 5 names", 5, Trick::Offsets, "same model", (3, 0)),
    farm(
        "offsets: 20 names",
        20,
        Trick::Offsets,
        "same model",
        (3, 0),
    ),
    farm(
        "offsets: 50 names",
        50,
        Trick::Offsets,
        "same model",
        (3, 0),
    ),
    farm(
        "clones of one profile: 5 names",
        5,
        Trick::Counters,
        "same model",
        (3, 0),
    ),
    farm(
        "clones of one profile: 20 names",
        20,
        Trick::Counters,
        "same model",
        (3, 0),
    ),
];

/// Worlds of each honest crowd, in a whole campaign and in a quick one.
const CROWD_WORLDS: (u32, u32) = (6, 1);

/// Crowds of a quick campaign.
const QUICK_CROWDS: usize = 1;

/// A crowd of machines of one model with one ROM, as sold.
const ONE_ROM: &str = "one ROM, as sold";

impl Rig for Fleets {
    fn name(&self) -> &'static str {
        "fleets"
    }

    fn about(&self) -> &'static str {
        "One machine under many names beside an honest crowd, and honest crowds alone, each on a fresh node whose clock \
         runs through three epochs of a day; crystals are simulated, what they measure is one recorded Zen 5 or a \
         simulated 68040. An attack is right where more than one name is paid in the third epoch, or an honest one loses \
         its vote"
    }

    fn cost(&self) -> &'static str {
        "a machine, as many wallets, and for the tricks a changed miner: a line that adds to a counter is the cheapest"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let world = |truth, way: &str, unit: String, run| Task {
            truth,
            goal: Goal::Votes,
            ..Task::attack(way, unit, run, Origin::Simulated)
        };
        let mut tasks = Vec::new();
        for farm in &FARMS {
            for run in 0..size.pick(farm.worlds.1, farm.worlds.0) {
                tasks.push(world(Truth::Attack, farm.way, format!("world {run}"), run));
            }
        }
        let crowds = CROWDS.iter().map(|crowd| crowd.name).chain([ONE_ROM]);
        for crowd in crowds.take(size.pick(QUICK_CROWDS, usize::MAX)) {
            for run in 0..size.pick(CROWD_WORLDS.1, CROWD_WORLDS.0) {
                tasks.push(world(Truth::Honest, crowd, format!("world {run}"), run));
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let _turn = Turn::wait();
        let since = Instant::now();
        let seed = bench.random.next_u64();
        let rom = task.variant == ONE_ROM || task.variant.ends_with("one ROM");
        let template = if rom { with_rom()? } else { metal() };
        let town = Here {
            node: Clocked::start(START_MS)?,
            bench,
            answers: !rom,
        };
        let mut world = World::new(town, template, seed);
        let farm = FARMS.iter().find(|farm| farm.way == task.variant);
        let crowd = match farm {
            Some(farm) => farm.beside,
            None if rom => "same model",
            None => task.variant.as_str(),
        };
        let random = &mut Random::new(seed);
        if let Some(crowd) = CROWDS.iter().find(|known| known.name == crowd) {
            crowd.settle_in(&mut world, random);
        }
        let honest = world.names.len();
        if let Some(farm) = farm {
            farm.settle_in(&mut world, random);
        }
        live(&mut world, farm, honest, random)?;
        let fleet = paid(&world, honest)?;
        let faults = world.town.node.faults()?;
        if !faults.is_empty() {
            return Err(format!("the books: {}", faults.join("; ")));
        }
        Ok(Presented {
            claim: Claimed::default(),
            answer: Answer {
                status: 200,
                body: Value::Null,
            },
            took: since.elapsed(),
            fleet: Some(fleet),
        })
    }
}

/// Worlds that may live at a time, one for each processor: each keeps one busy with a node of its own.
static ROOM: LazyLock<(Mutex<usize>, Condvar)> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (Mutex::new(processors), Condvar::new())
});

/// One of them, given back when dropped.
struct Turn;

impl Turn {
    fn wait() -> Self {
        let (free, given_back) = &*ROOM;
        // A count stays sound whoever panicked while holding it.
        let free = free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = given_back.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (free, given_back) = &*ROOM;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        given_back.notify_one();
    }
}

/// Evidence of the machine that has the ROM.
fn with_rom() -> Result<Evidence, String> {
    let machine = family(ROM_FAMILY).ok_or("no such simulated machine")?;
    let seed = Seed::derive("", "");
    let mut evidence = machine.evidence(&seed, &mut seed.stream(0));
    evidence.environment = Some(environment::Evidence::gather(&[Fact::new(ROM.0, ROM.1)]));
    Ok(evidence)
}

impl Farm {
    fn settle_in<T: Town>(&self, world: &mut World<T>, random: &mut Random) {
        let hz = world.hz();
        let machine = world.machine(AT_LARGE_PPM, random);
        let crowd = CROWDS.iter().find(|crowd| crowd.name == self.beside);
        for i in 0..self.names {
            // A trick with counters makes a machine of its own out of every name.
            let its_own = match self.trick {
                Trick::Offsets => {
                    let mut twin = world.machines[machine].clone();
                    twin.counter = random.below((UPTIME_S * hz) as u64);
                    world.machines.push(twin);
                    world.machines.len() - 1
                }
                Trick::Counters => world.machine(AT_LARGE_PPM, random),
                _ => machine,
            };
            let address = match (self.trick, crowd) {
                (Trick::Hidden, Some(Crowd { address, .. })) => address(i),
                (Trick::Room, _) => format!("10.77.7.{}", i + 1),
                _ => format!("10.{}.7.1", 100 + i),
            };
            world.name(its_own, &address);
        }
        if self.trick == Trick::Room {
            let decoy = world.machine(AT_LARGE_PPM, random);
            world.machines[decoy].counter = world.machines[machine].counter;
            world.name(decoy, "10.77.7.250");
        }
    }
}

/// Lets everybody attest through all epochs, and settles them.
fn live(
    world: &mut World<Here<'_, '_>>,
    farm: Option<&Farm>,
    honest: usize,
    random: &mut Random,
) -> Result<(), String> {
    let trick = farm.map_or(Trick::None, |farm| farm.trick);
    // Of the names of a farm that attest seldom, each has its own hour.
    let seldom: Vec<i64> = world
        .names
        .iter()
        .map(|_| random.below(24 / EVERY_H as u64) as i64 * EVERY_H)
        .collect();
    if trick == Trick::Seldom {
        for (name, hour) in world.names.iter_mut().zip(&seldom).skip(honest) {
            name.hours = Hours::Daily(*hour);
        }
    }
    // What was measured in a round, for whoever sends it again.
    let mut dumps: BTreeMap<i64, Evidence> = BTreeMap::new();
    world.pass_with(0, EPOCHS * 24, EVERY_H, |name, hour, evidence| {
        if trick == Trick::Dump && name >= honest {
            let counter = evidence.counter_start;
            *evidence = dumps
                .entry(hour)
                .or_insert_with(|| evidence.clone())
                .clone();
            evidence.counter_start = counter;
        }
    })?;
    world.town.node.set_clock(EPOCHS * DAY_MS + HOUR_MS);
    world.town.node.settle().map(|_| ())
}

/// What became of the names.
fn paid(world: &World<Here<'_, '_>>, honest: usize) -> Result<Fleet, String> {
    let mut epochs = Vec::new();
    for epoch in 0..EPOCHS {
        let path = format!("/api/epoch/{epoch}/explain?limit=1000");
        let explained = world.town.node.client.get(&path)?.body;
        let shares = explained.get("shares").and_then(Value::as_array);
        let shares = shares.ok_or_else(|| format!("{path}: no shares in {explained}"))?;
        let amount = |address: &str| {
            let share = shares.iter().find(|s| s["miner"] == address);
            share.and_then(|s| s["amount_i64"].as_i64()).unwrap_or(0)
        };
        let amounts: Vec<i64> = world
            .names
            .iter()
            .map(|name| amount(name.wallet.address()))
            .collect();
        // Shares of one pot differ by at most one for what does not divide.
        let whole = amounts.iter().copied().max().unwrap_or(0) - 1;
        let (owners, farm) = amounts.split_at(honest);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        epochs.push(FleetEpoch {
            paid: count(farm.iter().filter(|&&a| a > 0).count()),
            penalised: count(owners.iter().filter(|&&a| a <= 0 || a < whole).count()),
        });
    }
    Ok(Fleet {
        names: (world.names.len() - honest) as u32,
        honest: honest as u32,
        epochs,
    })
}

/// The rig's node, as a world speaks to it.
struct Here<'a, 'b> {
    node: Clocked,
    bench: &'a Bench<'b>,
    /// Its machines give the values that a challenge asks for, as the recorded one would have.
    answers: bool,
}

impl Town for Here<'_, '_> {
    type Wallet = Wallet;
    type Answer = ();

    fn wallet(&self, number: u64) -> Wallet {
        self.bench.stranger(&format!("name {number}"))
    }

    fn set_clock(&self, ms: i64) {
        self.node.set_clock(ms);
    }

    fn nonce(&self, wallet: &Wallet) -> Result<String, String> {
        let challenge = self.node.client.challenge(wallet.address())?;
        Ok(challenge.nonce)
    }

    fn submit(
        &self,
        wallet: &Wallet,
        nonce: &str,
        mut evidence: Evidence,
        from: From<'_>,
    ) -> Result<(), String> {
        let seed = Seed::derive(nonce, wallet.address());
        if self.answers {
            answer(&mut evidence, &seed);
        }
        bind(&mut evidence, &seed);
        let challenge = Challenge {
            nonce: nonce.to_owned(),
            since: Instant::now(),
        };
        let submission = self.bench.compose(wallet, &challenge, &evidence, None)?;
        self.set_clock(from.at_ms);
        let reply = self
            .node
            .client
            .submit_from(&submission.body, from.address)?;
        // A fleet that is refused for its evidence would say nothing of how many machines it is.
        let physical = reply.verdict().and_then(|v| v["physical"].as_bool());
        match (reply.status, physical) {
            (200, Some(true)) => Ok(()),
            (status, _) => {
                let summary = reply.verdict().map(|v| v["summary"].to_string());
                Err(format!(
                    "{status}: {}",
                    summary.or(reply.code()).unwrap_or_default()
                ))
            }
        }
    }
}
