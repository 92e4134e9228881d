//! An attestation as a state machine without I/O: [`Session::step`] says what to do next, the caller
//! does it and tells what came of it.
//!
//! | [`Step`] | the caller does | and then calls |
//! |---|---|---|
//! | `Connect` | opens a TCP connection to the node | [`Session::connected`] or [`Session::failed`] |
//! | `Send` | writes as many of the bytes as the connection takes | [`Session::sent`], [`Session::failed`] or [`Session::closed`] |
//! | `Receive` | waits for bytes, up to the time given | [`Session::received`], [`Session::closed`] or [`Session::failed`]; nothing where none came in time |
//! | `Close` | closes the connection if there is one | nothing |
//! | `Measure` | lends its machine and its clock | [`Session::measure`] |
//! | `Wait` | sleeps up to the time given, or does something else | nothing |
//! | `Done` | reads the [`Outcome`] | nothing |
//!
//! After each of them it calls `step` again, with the time. The time is milliseconds of any clock
//! that moves; all `until_ms` are of that clock. Where it is set forward, a limit passes early; where
//! it is set back, the limit begins anew. Calling `step` early does no harm, and what is called out
//! of turn is passed over.
//!
//! One challenge, one measurement, one submission; a connection that fails is tried once more after
//! [`RETRY_MS`]. Nothing is allocated: a session is one value of at most [`SESSION_MAX`] bytes, which
//! a caller may keep in static memory, plus the arena that it measures in. Measuring, composing and
//! signing need some 16 KiB of stack (15 KiB on x86-64, optimised for size).
//!
//! # Where its bytes go
//!
//! Each buffer is a constant that can be lowered; what is too small for the wire does not compile, or is an
//! error that says so.
//!
//! | constant | bytes | holds | least |
//! |---|--:|---|---|
//! | [`TEXT_MAX`] | 32 KiB | the body of a request, then of its answer | a submission: 9 KiB (feature `small-buffers`); a longer answer then ends the session by [`HttpError::BodyTooLong`] |
//! | [`HEAD_MAX`] | 640 | a request's head | its fixed text, host and path: 180 bytes and those two |
//! | [`HOST_MAX`] | 260 | nothing: a limit | the longest host name in use |
//! | [`BASE_MAX`] | 64 | nothing: a limit | 0, for nodes without a path |
//! | of `probe_core` | up to 22 KiB | the evidence, and what a channel needs while it runs | the lists' capacities are the evidence's form |
//!
//! The program around it (`program`) adds, on the stack and not all at once: 4 KiB for a file of settings
//! (`config_file::FILE_MAX`), 1 KiB for a line of a system's file (`lines::LINE_MAX`), 1 KiB for a piece of an
//! answer (`PIECE`), 512 bytes for an answer of a name server ([`crate::dns::ANSWER_MAX`]), and with `--serial`
//! two frames ([`crate::link`]). All of it, measured on every target: `docs/memory.md`.
//!
//! ```no_run
//! # use miner_tiny::{session::{Config, Purpose, Session, Step}, wallet::Key, Host};
//! # use probe_core::{machine::Machine, plan::{Plan, MIN_ARENA}};
//! # trait Wire { fn connect(&mut self) -> bool; fn write(&mut self, b: &[u8]) -> Option<usize>;
//! #   fn read(&mut self, b: &mut [u8], until: u64) -> Option<usize>; fn close(&mut self); }
//! # fn attest(machine: &mut impl Machine, wire: &mut impl Wire, now_ms: fn() -> u64, arena: &mut [u8]) {
//! let config = Config {
//!     host: "192.0.2.7:8099",
//!     base: "",
//!     purpose: Purpose::Attest,
//!     plan: Plan { quick: true, arena_bytes: MIN_ARENA },
//!     miner: "",
//!     name: "",
//!     node_key: None,
//!     facts: &[],
//! };
//! let mut session = Session::new(config, Host::default(), Key::from_seed(&[7; 32]), arena);
//! let ending = loop {
//!     match session.step(now_ms()) {
//!         Step::Connect { .. } => match wire.connect() {
//!             true => session.connected(),
//!             false => session.failed(),
//!         },
//!         Step::Send { bytes, .. } => match wire.write(bytes) {
//!             Some(count) => session.sent(count),
//!             None => session.failed(),
//!         },
//!         Step::Receive { until_ms } => {
//!             let mut piece = [0; 512];
//!             match wire.read(&mut piece, until_ms) {
//!                 Some(0) => session.closed(),
//!                 Some(count) => session.received(&piece[..count]),
//!                 None => session.failed(),
//!             }
//!         }
//!         Step::Close => wire.close(),
//!         Step::Measure => session.measure(machine, None),
//!         Step::Wait { .. } => { /* sleep */ }
//!         Step::Done(outcome) => break outcome.ending,
//!     }
//! };
//! # let _ = ending;
//! # }
//! ```

mod config;
mod outcome;

pub use config::{Config, Purpose, Signer};
pub use outcome::{Ending, Error, Outcome, VerdictSummary};

use crate::answer;
use crate::http::{self, HttpError, Reader, HEAD_MAX};
use crate::json::{self, Value};
use crate::submission::{compose, describe, is_id, ComposeError, Host};
use crate::wallet;
use core::fmt::Write;
use heapless::string::StringView;
use heapless::{String, Vec};
use probe_core::evidence::{Evidence, EVIDENCE_JSON_MAX};
use probe_core::machine::Machine;
use probe_core::prober::{Prober, Progress};
use probe_core::seed::Seed;
use probe_core::ticks::Clock;
use probe_core::wire::{MinerId, BARE_SUBMISSION_MAX};

/// Bytes of [`Config::host`], at most: the longest host name (RFC 1035) and a port.
pub const HOST_MAX: usize = 260;

/// Bytes of [`Config::base`], at most.
pub const BASE_MAX: usize = 64;

/// Bytes of an answer's body, at most; the same memory holds the submission before. A node's longest
/// answer to a submission, with every check of its verdict explained, has about 18 KiB: with the feature
/// `small-buffers` only nodes that say less can be spoken to.
pub const TEXT_MAX: usize = if cfg!(feature = "small-buffers") {
    BARE_SUBMISSION_MAX
} else {
    32 * 1024
};

/// Bytes of a session on any machine, at most, with a signer of up to 128 bytes.
pub const SESSION_MAX: usize = TEXT_MAX + 24 * 1024;

/// Milliseconds to connect.
pub const CONNECT_MS: u64 = 10_000;

/// Milliseconds for sending a request, and again for its answer, unless [`Session::allow_exchange_ms`]
/// says more: a node under load still answers within seconds.
pub const EXCHANGE_MS: u64 = 30_000;

/// Milliseconds before a connection that failed is tried once more.
pub const RETRY_MS: u64 = 3_000;

/// Tries for each exchange.
const TRIES: u8 = 2;

const CHALLENGE_PATH: &str = "/attest/challenge";
const SUBMIT_PATH: &str = "/attest/submit";

/// The nonce of [`Purpose::Offline`].
pub const OFFLINE_NONCE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

const _: () = assert!(TEXT_MAX >= BARE_SUBMISSION_MAX && TEXT_MAX >= EVIDENCE_JSON_MAX);
const _: () = assert!(OFFLINE_NONCE.len() == 64);

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'s> {
    /// Open a connection to the node.
    Connect {
        /// When the session gives up waiting.
        until_ms: u64,
    },
    /// Write these bytes to the connection, or the first of them. Never empty.
    Send {
        /// What is left of the request, or of its head.
        bytes: &'s [u8],
        /// When the session gives up waiting.
        until_ms: u64,
    },
    /// Read from the connection.
    Receive {
        /// When the session gives up waiting.
        until_ms: u64,
    },
    /// Close the connection, if there is one.
    Close,
    /// Measure: a slice of work, a few milliseconds on a modern machine.
    Measure,
    /// Do nothing before this time.
    Wait {
        /// When to go on.
        until_ms: u64,
    },
    /// The session is over.
    Done(&'s Outcome),
}

/// Which exchange with the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exchange {
    Challenge,
    Submit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    /// About to write the request and connect.
    Request,
    Connect,
    Send,
    Receive,
    /// An answer is whole.
    Answered,
    /// About to close, and what then.
    Close(Next),
    Wait,
    Prepare,
    Measure,
    Compose,
    Done,
}

/// What comes after closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Retry,
    Prepare,
    Done,
}

/// An attestation under way: see the module's documentation for how to drive it.
#[derive(Debug)]
pub struct Session<'a, S> {
    config: Config<'a>,
    host: Host<'a>,
    signer: S,
    miner: MinerId,
    /// Lent to the prober once there is one.
    arena: Option<&'a mut [u8]>,
    prober: Option<Prober<'a>>,
    at: At,
    exchange: Exchange,
    /// Tries of this exchange so far.
    tries: u8,
    /// When the present state is given up; set when `step` first sees it.
    until_ms: Option<u64>,
    exchange_ms: u64,
    /// When measuring began.
    began_ms: u64,
    head: String<HEAD_MAX>,
    /// Bytes of head and text that were sent.
    sent: usize,
    /// The body of the request, then the body of the answer.
    text: Vec<u8, TEXT_MAX>,
    reader: Reader,
    outcome: Outcome,
}

impl<'a, S: Signer> Session<'a, S> {
    /// A session that has not begun. `host` is what is known of the machine beside what gets
    /// measured; `arena` is the memory to measure in, at least `config.plan.arena_bytes`, and should
    /// start on a page boundary. Nothing is checked yet.
    pub fn new(config: Config<'a>, host: Host<'a>, signer: S, arena: &'a mut [u8]) -> Self {
        Session {
            config,
            host,
            signer,
            miner: MinerId::new(),
            arena: Some(arena),
            prober: None,
            at: At::Begin,
            exchange: Exchange::Challenge,
            tries: 0,
            until_ms: None,
            exchange_ms: EXCHANGE_MS,
            began_ms: 0,
            head: String::new(),
            sent: 0,
            text: Vec::new(),
            reader: Reader::new(),
            outcome: Outcome::default(),
        }
    }

    /// Allows that long for sending a request and for receiving its answer, in place of
    /// [`EXCHANGE_MS`]: for lines that are slow themselves.
    pub fn allow_exchange_ms(&mut self, ms: u64) {
        self.exchange_ms = ms;
    }

    /// What to do next, at this time. Cost: nothing worth mentioning, except once after measuring,
    /// when the submission is composed and signed.
    pub fn step(&mut self, now_ms: u64) -> Step<'_> {
        // Every turn but the last moves to a later state of the exchange, to the next exchange, or to
        // the end: at most a dozen turns.
        loop {
            match self.at {
                At::Begin => self.begin(),
                At::Request => self.request(),
                At::Connect => {
                    if let Some(until_ms) = self.within(now_ms, CONNECT_MS) {
                        return Step::Connect { until_ms };
                    }
                }
                At::Send => {
                    if let Some(until_ms) = self.within(now_ms, self.exchange_ms) {
                        if self.left_to_send().is_empty() {
                            // The answer takes the place of the request.
                            self.text.clear();
                            self.go(At::Receive);
                            continue;
                        }
                        return Step::Send {
                            bytes: self.left_to_send(),
                            until_ms,
                        };
                    }
                }
                At::Receive => {
                    if let Some(until_ms) = self.within(now_ms, self.exchange_ms) {
                        return Step::Receive { until_ms };
                    }
                }
                At::Answered => self.answered(),
                At::Close(next) => {
                    self.go(match next {
                        Next::Retry => At::Wait,
                        Next::Prepare => At::Prepare,
                        Next::Done => At::Done,
                    });
                    return Step::Close;
                }
                At::Wait => {
                    let until_ms = self.until(now_ms, RETRY_MS);
                    if now_ms < until_ms {
                        return Step::Wait { until_ms };
                    }
                    self.go(At::Request);
                }
                At::Prepare => self.prepare(now_ms),
                At::Measure => return Step::Measure,
                At::Compose => {
                    self.outcome.measured_ms = now_ms.saturating_sub(self.began_ms);
                    self.compose_and_submit();
                }
                At::Done => return Step::Done(&self.outcome),
            }
        }
    }

    /// The connection is open.
    pub fn connected(&mut self) {
        if self.at == At::Connect {
            self.go(At::Send);
        }
    }

    /// The connection took this many of the bytes offered.
    pub fn sent(&mut self, count: usize) {
        if self.at == At::Send {
            self.sent += count.min(self.left_to_send().len());
        }
    }

    /// These bytes came. An empty piece means nothing; see [`Session::closed`].
    pub fn received(&mut self, piece: &[u8]) {
        if self.at != At::Receive {
            return;
        }
        match self.reader.feed(piece, &mut self.text) {
            // What follows a whole answer is nobody's.
            Ok(_) if self.reader.is_done() => self.go(At::Answered),
            Ok(_) => {}
            Err(error) => self.fail(Error::Http(error)),
        }
    }

    /// The node closed the connection.
    pub fn closed(&mut self) {
        match self.at {
            At::Receive => match self.reader.close() {
                Ok(()) => self.go(At::Answered),
                Err(HttpError::Incomplete) => self.broke(Error::ConnectionLost),
                Err(error) => self.fail(Error::Http(error)),
            },
            At::Connect | At::Send => self.failed(),
            _ => {}
        }
    }

    /// The connection could not be made, or broke.
    pub fn failed(&mut self) {
        match self.at {
            At::Connect => self.broke(Error::Unreachable),
            At::Send | At::Receive => self.broke(Error::ConnectionLost),
            _ => {}
        }
    }

    /// Measures for a slice of time: call it for every [`Step::Measure`]. `clock` is a clock
    /// independent of the machine's counter, the same one each time, where there is one.
    pub fn measure<M: Machine>(&mut self, machine: &mut M, clock: Option<&mut dyn Clock>) {
        let (At::Measure, Some(prober)) = (self.at, &mut self.prober) else {
            return;
        };
        if prober.poll(machine, clock).is_ok() {
            self.go(At::Compose);
        }
    }

    /// How far measuring is; `None` before and after.
    pub fn progress(&self) -> Option<Progress> {
        match (self.at, &self.prober) {
            (At::Measure, Some(prober)) => Some(prober.progress()),
            _ => None,
        }
    }

    /// What was measured so far, while it is measured; channels that have not run are absent.
    pub fn so_far(&self) -> Option<&Evidence> {
        match (self.at, &self.prober) {
            (At::Measure, Some(prober)) => Some(prober.so_far()),
            _ => None,
        }
    }

    /// What was measured, once it is.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.prober.as_ref()?.evidence()
    }

    /// How it ended, or how far it is.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The signed submission: from [`Step::Connect`] after measuring until it has been sent, and at
    /// the end where the purpose was not to send it.
    pub fn payload(&self) -> Option<&[u8]> {
        let there = match self.at {
            At::Connect | At::Send => self.exchange == Exchange::Submit,
            At::Done => self.outcome.ending == Some(Ending::Rehearsed),
            _ => false,
        };
        there.then_some(&self.text)
    }

    /// The body of the node's last answer, at the end where that answer brought the end: it accepted,
    /// refused, or is not believed, and then it is anybody's.
    pub fn answer(&self) -> Option<&[u8]> {
        let brought = match self.outcome.ending {
            Some(Ending::Accepted | Ending::Refused) => true,
            Some(Ending::Failed(error)) => matches!(
                error,
                Error::NotANode | Error::BadSignature | Error::WrongNode | Error::WrongNonce
            ),
            _ => false,
        };
        (brought && self.at == At::Done).then_some(&self.text)
    }

    /// The miner that is credited: the configured one, or the signer's address; empty before the first
    /// step.
    pub fn miner(&self) -> &str {
        &self.miner
    }

    fn go(&mut self, at: At) {
        // Sending and receiving are one exchange with one limit.
        if (self.at, at) != (At::Send, At::Receive) {
            self.until_ms = None;
        }
        self.at = at;
    }

    /// The end of the present state's time; `None` where it has passed, and the session moved on.
    fn within(&mut self, now_ms: u64, limit_ms: u64) -> Option<u64> {
        let until_ms = self.until(now_ms, limit_ms);
        if now_ms < until_ms {
            return Some(until_ms);
        }
        self.broke(Error::TimedOut);
        None
    }

    /// The end of the present state's time. Where the clock was set back since, the time begins anew:
    /// old machines without a monotonic clock would otherwise wait for as long as it was set back.
    fn until(&mut self, now_ms: u64, limit_ms: u64) -> u64 {
        let longest = now_ms.saturating_add(limit_ms);
        let until_ms = self.until_ms.map_or(longest, |until| until.min(longest));
        self.until_ms = Some(until_ms);
        until_ms
    }

    /// Ends the session after closing.
    fn end(&mut self, ending: Ending) {
        self.outcome.ending = Some(ending);
        self.go(At::Close(Next::Done));
    }

    fn fail(&mut self, error: Error) {
        self.end(Ending::Failed(error));
    }

    /// Something between here and the node failed: once more, or the end.
    fn broke(&mut self, error: Error) {
        if self.tries < TRIES {
            self.go(At::Close(Next::Retry));
        } else {
            self.fail(error);
        }
    }

    fn begin(&mut self) {
        let config = &self.config;
        let bad = if config.host.is_empty()
            || config.host.len() > HOST_MAX
            || !http::is_plain(config.host)
        {
            // Without a node nobody needs its name.
            (config.purpose != Purpose::Offline).then_some("the node's host name")
        } else if config.base.len() > BASE_MAX
            || !http::is_plain(config.base)
            || !(config.base.is_empty() || config.base.starts_with('/'))
        {
            Some("the node's path")
        } else if !(config.miner.is_empty() || is_id(config.miner)) {
            Some("the miner's id")
        } else if !(config.name.is_empty() || is_id(config.name)) {
            Some("the miner's name")
        } else {
            None
        };
        if let Some(what) = bad {
            self.outcome.ending = Some(Ending::Failed(Error::BadConfig(what)));
            self.go(At::Done);
            return;
        }
        let own = match config.miner {
            "" => Some(wallet::address(&self.signer.public_key())),
            _ => None,
        };
        // An id that was checked, and an address, fit.
        let _ = self
            .miner
            .push_str(own.as_ref().map_or(config.miner, |own| own.as_str()));
        if config.purpose == Purpose::Offline {
            let _ = self.outcome.nonce.push_str(OFFLINE_NONCE);
            self.go(At::Prepare);
        } else {
            self.go(At::Request);
        }
    }

    /// Writes the request of this exchange.
    fn request(&mut self) {
        let path = match self.exchange {
            Exchange::Challenge => {
                self.text.clear();
                // An id is its own JSON text, and 128 bytes of it fit.
                let _ = write!(self.text, "{{\"miner\":\"{}\"}}", self.miner);
                CHALLENGE_PATH
            }
            Exchange::Submit => {
                // A lost answer may have overwritten the submission. The signature is deterministic:
                // the same one is sent again.
                if self.tries > 0 {
                    if let Err(error) = self.compose() {
                        return self.fail(Error::Compose(error));
                    }
                }
                SUBMIT_PATH
            }
        };
        let written = http::write_head(
            &mut self.head,
            self.config.host,
            self.config.base,
            path,
            self.text.len(),
        );
        if written.is_err() {
            return self.fail(Error::BadConfig("the node's address"));
        }
        self.sent = 0;
        self.reader = Reader::new();
        self.tries += 1;
        self.outcome.connections += 1;
        self.go(At::Connect);
    }

    /// The rest of the head, then the rest of the text.
    fn left_to_send(&self) -> &[u8] {
        match self.sent.checked_sub(self.head.len()) {
            None => &self.head.as_bytes()[self.sent..],
            Some(0) if self.text.is_empty() => &[],
            Some(sent) => &self.text[sent..],
        }
    }

    /// Reads a whole answer.
    fn answered(&mut self) {
        self.outcome.status = self.reader.status();
        self.outcome.answer_bytes = self.text.len() as u32;
        if !(200..300).contains(&self.outcome.status) {
            self.refused();
            return self.end(Ending::Refused);
        }
        if let Err(error) = self.vouch() {
            return self.fail(error);
        }
        match self.exchange {
            Exchange::Challenge => self.challenged(),
            Exchange::Submit => self.accepted(),
        }
    }

    /// Whether the answer is the node's.
    #[inline(never)]
    fn vouch(&mut self) -> Result<(), Error> {
        let members = json::object(&self.text).ok_or(Error::NotANode)?;
        let known = self.config.node_key.or(self.outcome.node_key);
        if members.get("node_signature").is_none() {
            return match known {
                Some(_) => Err(Error::WrongNode),
                None => Ok(()),
            };
        }
        let signed = answer::split(&self.text).ok_or(Error::BadSignature)?;
        if known.is_some_and(|known| known != signed.public_key) {
            return Err(Error::WrongNode);
        }
        let parts = [signed.before, signed.after];
        if !wallet::verify(&signed.public_key, &signed.signature, &parts) {
            return Err(Error::BadSignature);
        }
        self.outcome.node_key = Some(signed.public_key);
        Ok(())
    }

    fn challenged(&mut self) {
        let mut nonce: String<65> = String::new();
        if let Some(answer) = json::object(&self.text) {
            text(answer, "nonce", &mut nonce);
        }
        let well_formed = (1..=64).contains(&nonce.len())
            && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return self.fail(Error::NotANode);
        }
        // Just seen to be no longer than 64.
        let _ = self.outcome.nonce.push_str(&nonce);
        self.go(At::Close(Next::Prepare));
    }

    #[inline(never)]
    fn prepare(&mut self, now_ms: u64) {
        // Taken once: a session measures once.
        let arena = self.arena.take().unwrap_or_default();
        let seed = Seed::derive(&self.outcome.nonce, &self.miner);
        match Prober::new(self.config.plan, seed, arena, self.config.facts) {
            Ok(prober) => {
                self.prober = Some(prober);
                self.began_ms = now_ms;
                self.go(At::Measure);
            }
            Err(error) => {
                self.outcome.ending = Some(Ending::Failed(Error::Start(error)));
                self.go(At::Done);
            }
        }
    }

    fn compose_and_submit(&mut self) {
        if let Err(error) = self.compose() {
            self.outcome.ending = Some(Ending::Failed(Error::Compose(error)));
            return self.go(At::Done);
        }
        self.outcome.submission_bytes = self.text.len() as u32;
        if self.config.purpose == Purpose::Attest {
            self.exchange = Exchange::Submit;
            self.tries = 0;
            self.go(At::Request);
        } else {
            self.outcome.ending = Some(Ending::Rehearsed);
            self.go(At::Done);
        }
    }

    /// Writes the signed submission to `text`, with as many facts as fit.
    #[inline(never)]
    fn compose(&mut self) -> Result<(), ComposeError> {
        let Some(evidence) = self.prober.as_mut().and_then(Prober::evidence_mut) else {
            return Err(ComposeError::BufferFull);
        };
        let own;
        let name = match self.config.name {
            "" => {
                own = usual_name(&evidence.identity.architecture, self.host.hostname);
                own.as_str()
            }
            name => name,
        };
        let signer = &self.signer;
        loop {
            let composed = describe(
                evidence,
                &self.host,
                &self.miner,
                name,
                &self.outcome.nonce,
                &mut self.text,
            )
            .and_then(|submission| {
                let key = signer.public_key();
                compose(&submission, &key, |text| signer.sign(text), &mut self.text)
            });
            match composed {
                // The facts are the longest part and stand in the order of their worth. Every turn
                // takes one away.
                Err(ComposeError::TooLarge(_) | ComposeError::BufferFull)
                    if evidence
                        .environment
                        .as_mut()
                        .is_some_and(|environment| environment.facts.pop().is_some()) => {}
                other => return other,
            }
        }
    }

    /// Reads a refusal.
    fn refused(&mut self) {
        self.outcome.retry_after_s = self.reader.retry_after_s();
        let Some(answer) = json::object(&self.text) else {
            return;
        };
        let outcome = &mut self.outcome;
        text(answer, "code", &mut outcome.code);
        text(answer, "message", &mut outcome.message);
        if outcome.message.is_empty() {
            text(answer, "error", &mut outcome.message);
        }
        read_verdict(answer, &mut outcome.verdict);
    }

    fn accepted(&mut self) {
        let Some(answer) = json::object(&self.text) else {
            return self.fail(Error::NotANode);
        };
        // Older nodes do not repeat the nonce, and do not sign either.
        let mut repeated: String<65> = String::new();
        text(answer, "nonce", &mut repeated);
        if self.outcome.node_key.is_some() && repeated != self.outcome.nonce.as_str() {
            return self.fail(Error::WrongNonce);
        }
        if answer.get("ok").and_then(Value::boolean) != Some(true) {
            return self.fail(Error::NotANode);
        }
        text(answer, "ticket_id", &mut self.outcome.ticket);
        self.outcome.epoch = answer.get("epoch").and_then(Value::whole);
        read_verdict(answer, &mut self.outcome.verdict);
        self.end(Ending::Accepted);
    }
}

/// Puts a member's text in its place; nothing where there is none.
#[inline(never)]
fn text(object: Value<'_>, name: &str, into: &mut StringView) {
    into.clear();
    let member = object.get(name);
    if member.and_then(|member| member.text_into(into)).is_none() {
        into.clear();
    }
}

fn read_verdict(answer: Value<'_>, into: &mut VerdictSummary) {
    into.physical = answer.get("fingerprint_passed").and_then(Value::boolean);
    let Some(verdict) = answer.get("verdict") else {
        return;
    };
    into.physical = verdict
        .get("physical")
        .and_then(Value::boolean)
        .or(into.physical);
    text(verdict, "family", &mut into.family);
    text(verdict, "class", &mut into.class);
    text(verdict, "summary", &mut into.summary);
    into.weight_units = verdict.get("weight_units").and_then(Value::whole);
}

/// `architecture-hostname`, made fit for an id.
fn usual_name(architecture: &str, hostname: &str) -> MinerId {
    let parts = [architecture, "-", hostname];
    let mut name = MinerId::new();
    for c in parts.iter().flat_map(|part| part.chars()) {
        let fit = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        if name.push(if fit { c } else { '-' }).is_err() {
            break;
        }
    }
    name
}
