//! A hostile world for a miner's session: every answer, failure and leap of the clock comes from the
//! bytes of a fuzzer, and every step is held against what a session promises.
//!
//! [`attack`] plays one such script. It panics where the session breaks a promise:
//!
//! - it panics itself, or gives bytes to send that are no request;
//! - it goes on without input, output or waiting, or waits longer than it may;
//! - it believes what the node it knows did not sign;
//! - a part of its secret key leaves it, in any form ([`leaks`]).
//!
//! The same function serves a campaign guided by coverage (`./dev fuzz-session`) and an ordinary test.
//! A script of no bytes is an honest world; [`seeds`] are scripts that reach every corner of it.

pub mod answers;
pub mod leaks;
mod parsers;
pub mod script;
pub mod seeds;

use answers::{Answer, Node, SignedText};
use leaks::Leaks;
use miner_tiny::json::{self, Value};
use miner_tiny::session::{
    Config, Ending, Outcome, Purpose, Session, Signer, Step, CONNECT_MS, EXCHANGE_MS, RETRY_MS,
    TEXT_MAX,
};
use miner_tiny::wallet::Key;
use miner_tiny::Host;
use probe_core::channels::environment::Fact;
use probe_core::machine::{Chain, Identity, Machine, Operands, Ring, Walk};
use probe_core::plan::{Plan, MIN_ARENA};
use probe_core::ticks::{CounterInfo, Ticks};
use script::Script;
use sha2::{Digest, Sha512};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The miner's secret.
const SECRET: [u8; 32] = *b"\x8fno byte of this may ever leave\xe3";

/// Set in the first byte: the parsers alone, which is a hundred times faster.
pub const PARSERS_ALONE: u8 = 0x80;

/// Steps that an honest end of a session takes, at most, beside measuring: requests and answers of a
/// few connections, sent and read whole.
const HONEST_STEPS: usize = 64;
/// Slices of measuring, at most: a machine with a counter and nothing else has little to measure.
const SLICES_MAX: usize = 4096;
/// Connections of a session, at most: two exchanges, each tried twice.
const CONNECTIONS_MAX: u8 = 4;

/// A processor that has a counter and nothing else: measured in no time.
struct CounterOnly(u64);

impl Ticks for CounterOnly {
    fn now(&mut self) -> u64 {
        self.0 += 7;
        self.0
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "counter",
            bits: 64,
            nominal_hz: None,
        }
    }
}

impl Machine for CounterOnly {
    fn identity(&mut self) -> Identity {
        Identity {
            architecture: "vax",
            backend: "test",
            words: [0; 12],
            name: [0; 48],
            vector_unit: "",
        }
    }

    fn chain(&mut self, _: Chain, _: &Operands) -> Option<u64> {
        None
    }

    fn chase(&mut self, _: &mut [u8], _: &Ring, _: Walk, _: &mut [u64]) -> Option<u64> {
        None
    }
}

/// The miner's key. The same submission is signed once: curves are the dearest thing here.
#[derive(Debug)]
struct Remembering {
    key: Key,
    signatures: Mutex<HashMap<[u8; 64], [u8; 64]>>,
}

impl Signer for Remembering {
    fn public_key(&self) -> [u8; 32] {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let place = Sha512::digest(message).into();
        let mut known = self
            .signatures
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= answers::REMEMBERED_MAX {
            known.clear();
        }
        *known.entry(place).or_insert_with(|| self.key.sign(message))
    }
}

struct Miner {
    key: Remembering,
    leaks: Leaks,
    facts: [Fact; 2],
}

fn miner() -> &'static Miner {
    static MINER: OnceLock<Miner> = OnceLock::new();
    MINER.get_or_init(|| {
        // RFC 8032 §5.1.5: the hash of the seed, the first half with bits cleared and set, is what
        // signs.
        let expanded = Sha512::digest(SECRET);
        let mut clamped = [0; 32];
        clamped.copy_from_slice(&expanded[..32]);
        clamped[0] &= 0xf8;
        clamped[31] = clamped[31] & 0x7f | 0x40;
        Miner {
            key: Remembering {
                key: Key::from_seed(&SECRET),
                signatures: Mutex::default(),
            },
            leaks: Leaks::of(&[&SECRET, &expanded, &clamped]),
            facts: [
                Fact::new("os", "an \"os\""),
                Fact::new("board", "\\\n\u{1}é"),
            ],
        }
    })
}

/// How a script ended.
#[derive(Debug, Clone)]
pub struct Fought {
    /// What the session came to; `None` where the script was for the parsers alone.
    pub outcome: Option<Outcome>,
    /// Steps beside measuring.
    pub steps: usize,
}

/// Plays a script to its end.
///
/// # Panics
/// Where a session breaks one of its promises.
pub fn attack(bytes: &[u8]) -> Fought {
    let mut script = Script::new(bytes);
    let flags = script.byte();
    if flags & PARSERS_ALONE != 0 {
        parsers::attack(&mut script);
        return Fought {
            outcome: None,
            steps: 0,
        };
    }
    let miner = miner();
    let known = match flags >> 2 & 3 {
        0 | 1 => None,
        2 => Some(Node::Usual),
        _ => Some(Node::Other),
    };
    let config = Config {
        host: "node.example:8099",
        base: ["", "/a/b"][usize::from(flags >> 4 & 1)],
        purpose: match flags & 3 {
            0 | 1 => Purpose::Attest,
            2 => Purpose::Rehearse,
            _ => Purpose::Offline,
        },
        plan: Plan {
            quick: true,
            arena_bytes: MIN_ARENA,
        },
        miner: ["", "a-miner"][usize::from(flags >> 5 & 1)],
        name: "",
        node_key: known.map(|node| node.key().public_key()),
        facts: [&[][..], &miner.facts][usize::from(flags >> 6 & 1)],
    };
    let host = Host {
        cores: 1,
        hostname: "fuzzed host",
        ..Host::default()
    };
    let mut arena = vec![0; MIN_ARENA as usize];
    let session = Box::new(Session::new(config, host, &miner.key, &mut arena));
    World {
        limit: bytes.len() + HONEST_STEPS,
        clock: FuzzedClock::start(&mut script),
        script,
        config,
        known,
        requests: Vec::new(),
        answer: Answer::default(),
        given: 0,
        node_knows: false,
        signed: Vec::new(),
        deadline: None,
    }
    .play(session)
}

/// A clock that the script moves.
struct FuzzedClock {
    now_ms: u64,
    /// Whether it went back since the last deadline was set.
    went_back: bool,
}

impl FuzzedClock {
    fn start(script: &mut Script<'_>) -> Self {
        let now_ms = match script.byte() % 8 {
            0..=3 => 1_000,
            4 => 0,
            5 => u64::from(u32::MAX) - 5_000,
            6 => u64::MAX - 5_000,
            _ => u64::MAX,
        };
        FuzzedClock {
            now_ms,
            went_back: false,
        }
    }

    fn forward(&mut self, ms: u64) {
        self.now_ms = self.now_ms.saturating_add(ms);
    }

    fn set(&mut self, now_ms: u64) {
        self.went_back |= now_ms < self.now_ms;
        self.now_ms = now_ms;
    }

    /// A wait to the end, some of it, or a leap.
    fn wait(&mut self, script: &mut Script<'_>, until_ms: u64) {
        match script.byte() % 8 {
            0..=2 => self.set(until_ms.max(self.now_ms)),
            3 => self.forward(script.word().into()),
            4 => self.leap(script),
            5 => {}
            6 => self.forward(1),
            _ => self.set(until_ms.saturating_sub(1)),
        }
    }

    /// Somebody sets the clock.
    fn leap(&mut self, script: &mut Script<'_>) {
        const DAY_MS: u64 = 86_400_000;
        self.set(match script.byte() % 6 {
            0 => self.now_ms.saturating_sub(u64::from(script.word()) + 1),
            1 => self.now_ms.saturating_sub(DAY_MS * 365 * 30),
            2 => self.now_ms.saturating_add(DAY_MS * 365 * 30),
            3 => u64::MAX,
            4 => self.now_ms.wrapping_add(1 << 32),
            _ => 0,
        });
    }
}

/// What a limit of time is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Connect,
    Exchange,
    Retry,
}

struct World<'s, 'c> {
    script: Script<'s>,
    clock: FuzzedClock,
    config: Config<'c>,
    known: Option<Node>,
    /// Steps beside measuring, at most.
    limit: usize,
    /// What arrived, one for each connection taken.
    requests: Vec<Vec<u8>>,
    answer: Answer,
    /// Bytes of the answer given.
    given: usize,
    /// Whether the node said a part of the secret itself: a fuzzer that runs long enough learns it.
    node_knows: bool,
    /// Everything that was signed for an answer so far.
    signed: Vec<SignedText>,
    deadline: Option<(Limit, u64)>,
}

impl World<'_, '_> {
    fn play(mut self, mut session: Box<Session<'_, &Remembering>>) -> Fought {
        let (mut steps, mut slices) = (0, 0);
        let mut machine = CounterOnly(0);
        let disturb_measuring = self.script.byte() % 4;
        loop {
            steps += 1;
            // Every decision takes a byte of the script, and without one the world is honest.
            assert!(steps <= self.limit, "the session goes on and on");
            if let Some(payload) = session.payload() {
                assert!(payload.len() <= TEXT_MAX);
            }
            match session.step(self.clock.now_ms) {
                Step::Connect { until_ms } => {
                    self.check_deadline(Limit::Connect, until_ms);
                    self.connect(&mut session, until_ms);
                }
                Step::Send { bytes, until_ms } => {
                    let bytes = bytes.to_vec();
                    self.check_deadline(Limit::Exchange, until_ms);
                    self.send(&mut session, &bytes, until_ms);
                }
                Step::Receive { until_ms } => {
                    self.check_deadline(Limit::Exchange, until_ms);
                    self.receive(&mut session, until_ms);
                }
                Step::Close => self.deadline = None,
                Step::Measure => {
                    steps -= 1;
                    slices += 1;
                    assert!(slices <= SLICES_MAX, "measuring does not end");
                    self.deadline = None;
                    match disturb_measuring {
                        1 => self.clock.forward(1_000),
                        2 => out_of_turn(&mut session),
                        3 if slices == 1 => self.clock.leap(&mut self.script),
                        _ => self.clock.forward(1),
                    }
                    session.measure(&mut machine, None);
                }
                Step::Wait { until_ms } => {
                    self.check_deadline(Limit::Retry, until_ms);
                    self.clock.wait(&mut self.script, until_ms);
                }
                Step::Done(outcome) => {
                    let outcome = outcome.clone();
                    self.check_end(&session, &outcome);
                    return Fought {
                        outcome: Some(outcome),
                        steps,
                    };
                }
            }
        }
    }

    /// A limit lies ahead, no farther than it may, and does not move.
    fn check_deadline(&mut self, limit: Limit, until_ms: u64) {
        let longest = match limit {
            Limit::Connect => CONNECT_MS,
            Limit::Exchange => EXCHANGE_MS,
            Limit::Retry => RETRY_MS,
        };
        let now_ms = self.clock.now_ms;
        assert!(now_ms < until_ms, "{limit:?}: nothing left to wait for");
        assert!(
            until_ms - now_ms <= longest,
            "{limit:?}: waits {} ms",
            until_ms - now_ms
        );
        match self.deadline {
            Some((same, earlier)) if same == limit && !self.clock.went_back => {
                assert_eq!(until_ms, earlier, "{limit:?}: a limit that moves is none");
            }
            _ => {}
        }
        self.clock.went_back = false;
        self.deadline = Some((limit, until_ms));
    }

    fn connect(&mut self, session: &mut Session<'_, &Remembering>, until_ms: u64) {
        match self.script.byte() % 16 {
            10 => session.failed(),
            11 => session.closed(),
            12 => self.clock.set(until_ms),
            13 => self.clock.wait(&mut self.script, until_ms),
            14 => {
                // All but what belongs here.
                session.sent(1);
                session.received(b"HTTP/1.1 200 OK\r\n\r\n{}");
                session.measure(&mut CounterOnly(0), None);
            }
            15 => self.clock.leap(&mut self.script),
            _ => {
                let submission = session.evidence().is_some();
                let nonce = self.nonce_asked(session);
                self.answer = answers::answer(&mut self.script, submission, &nonce);
                self.node_knows |= miner().leaks.find(&self.answer.bytes).is_some();
                self.signed.extend(self.answer.signed.iter().cloned());
                self.given = 0;
                self.requests.push(Vec::new());
                session.connected();
            }
        }
    }

    /// The nonce that a submission answers; the honest one before there is one.
    fn nonce_asked(&self, session: &Session<'_, &Remembering>) -> String {
        let payload = session.payload().and_then(json::object);
        payload
            .and_then(|payload| payload.get("nonce")?.text::<64>())
            .map_or_else(|| answers::NONCE.into(), |nonce| nonce.as_str().into())
    }

    fn send(&mut self, session: &mut Session<'_, &Remembering>, bytes: &[u8], until_ms: u64) {
        assert!(!bytes.is_empty(), "nothing to send");
        let (mut taken, mut told) = (bytes.len(), bytes.len());
        match self.script.byte() % 16 {
            8 => {
                taken = 1 + self.script.place(bytes.len());
                told = taken;
            }
            // A transport that says more than is true.
            9 => told = usize::MAX,
            10 => {
                (taken, told) = (0, 0);
                self.clock.forward(1);
            }
            11 => return session.failed(),
            12 => return session.closed(),
            13 => return self.clock.wait(&mut self.script, until_ms),
            14 => {
                session.connected();
                return session.received(b"HTTP/1.1 200 OK\r\n\r\n{}");
            }
            15 => return self.clock.leap(&mut self.script),
            _ => {}
        }
        if let Some(request) = self.requests.last_mut() {
            request.extend_from_slice(&bytes[..taken]);
        }
        session.sent(told);
    }

    fn receive(&mut self, session: &mut Session<'_, &Remembering>, until_ms: u64) {
        let left = self.answer.bytes.len() - self.given;
        let count = match self.script.byte() % 16 {
            6 => usize::from(self.script.byte()),
            7 => 1,
            8 => return session.failed(),
            9 => return session.closed(),
            10 => return self.clock.wait(&mut self.script, until_ms),
            11 => return self.clock.set(until_ms),
            12 => return session.received(b""),
            13 => return self.clock.leap(&mut self.script),
            14 => {
                session.connected();
                return session.sent(1);
            }
            15 => {
                // Slowly.
                self.clock.forward(900);
                1
            }
            _ => usize::MAX,
        };
        if left == 0 {
            return session.closed();
        }
        let piece = &self.answer.bytes[self.given..][..count.min(left)];
        self.given += piece.len();
        session.received(piece);
    }

    fn check_end(&self, session: &Session<'_, &Remembering>, outcome: &Outcome) {
        let ending = outcome.ending.expect("a session that ended says how");
        assert!(outcome.connections <= CONNECTIONS_MAX);
        assert!(outcome.answer_bytes as usize <= TEXT_MAX);
        assert!(outcome.submission_bytes as usize <= TEXT_MAX);
        for request in &self.requests {
            self.check_request(request);
        }
        match self.config.purpose {
            Purpose::Attest => assert!(ending != Ending::Rehearsed),
            Purpose::Rehearse => assert!(ending != Ending::Accepted),
            Purpose::Offline => assert!(self.requests.is_empty()),
        }
        if ending == Ending::Accepted {
            self.check_belief(outcome);
        }
        if self.node_knows {
            return;
        }
        let leaks = &miner().leaks;
        let told = format!("{outcome:?} {}", session.miner());
        let payload = session.payload().unwrap_or_default();
        for bytes in self
            .requests
            .iter()
            .map(Vec::as_slice)
            .chain([told.as_bytes(), payload])
        {
            if let Some(form) = leaks.find(bytes) {
                panic!("a part of the secret key left the session ({form})");
            }
        }
    }

    /// What was sent is a request, or the beginning of one.
    fn check_request(&self, request: &[u8]) {
        let start = format!("POST {}/attest/", self.config.base);
        let seen = request.len().min(start.len());
        assert_eq!(&request[..seen], &start.as_bytes()[..seen]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
            return;
        };
        let head = std::str::from_utf8(&request[..end]).expect("a head is ASCII");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok())
            .expect("a request says how long it is");
        let body = &request[end + 4..];
        assert!(body.len() <= length, "more was sent than was announced");
        if body.len() == length {
            assert!(json::object(body).is_some(), "a request is an object");
        }
    }

    /// Whatever is believed was signed by the node that is known, word by word.
    fn check_belief(&self, outcome: &Outcome) {
        assert!((200..300).contains(&outcome.status));
        let known = self.known.map(|node| node.key().public_key());
        assert!(
            known.is_none() || outcome.node_key == known,
            "believed a stranger"
        );
        let Some(key) = outcome.node_key else {
            // Nobody signs, and nobody was expected to.
            return;
        };
        let mut signed = self
            .signed
            .iter()
            .filter(|signed| signed.node.key().public_key() == key);
        let says = |signed: &SignedText| says(&signed.text, outcome);
        assert!(
            signed.clone().any(says),
            "believed what nobody signed: {outcome:?}"
        );
        if known.is_some() {
            let asked = |signed: &SignedText| text::<64>(&signed.text, "nonce") == outcome.nonce;
            assert!(signed.any(asked), "answered a challenge that nobody signed");
        }
    }
}

fn text<const N: usize>(object: &[u8], name: &str) -> heapless::String<N> {
    json::object(object)
        .and_then(|object| object.get(name)?.text())
        .unwrap_or_default()
}

/// Whether a signed text says all that the outcome says.
fn says(signed: &[u8], outcome: &Outcome) -> bool {
    let Some(object) = json::object(signed) else {
        return false;
    };
    let verdict = object.get("verdict");
    let of = |name| verdict.and_then(|verdict| verdict.get(name));
    let word = |name| of(name).and_then(Value::text::<32>).unwrap_or_default();
    let physical = object.get("fingerprint_passed").and_then(Value::boolean);
    object.get("ok").and_then(Value::boolean) == Some(true)
        && text::<64>(signed, "nonce") == outcome.nonce
        && text::<48>(signed, "ticket_id") == outcome.ticket
        && object.get("epoch").and_then(Value::whole) == outcome.epoch
        && of("physical").and_then(Value::boolean).or(physical) == outcome.verdict.physical
        && word("family") == outcome.verdict.family
        && word("class") == outcome.verdict.class
        && of("summary")
            .and_then(Value::text::<384>)
            .unwrap_or_default()
            == outcome.verdict.summary
        && of("weight_units").and_then(Value::whole) == outcome.verdict.weight_units
}

/// Calls that belong to other states.
fn out_of_turn(session: &mut Session<'_, &Remembering>) {
    session.connected();
    session.sent(7);
    session.received(b"HTTP/1.1 200 OK\r\n\r\n{}");
    session.closed();
    session.failed();
}
