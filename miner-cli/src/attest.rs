//! Proving this machine to a node: drives a session over a line.
//!
//! What is said, when, and what of the answers is believed, is [`miner_tiny::session`]'s, as in the tiny
//! miner. Here are the line, the machine, the keys of nodes, and words for whoever reads along.

use crate::address::Address;
use crate::config::Settings;
use crate::error::{no_node, unreachable, Error, Refusal};
use crate::hex;
use crate::known_nodes::{Known, KnownNodes};
use crate::line::{self, Line};
use crate::passphrase;
use crate::probe;
use crate::proxy;
use crate::stop::Stop;
use crate::surroundings;
use crate::wallet::Wallet;
use crate::watch::{Event, Watch};
use miner_tiny::program::system::Received;
use miner_tiny::session::{self, Config, Ending, Outcome, Purpose, Session, Step};
use miner_tiny::submission::is_id;
use miner_tiny::{answer, ComposeError, Host};
use probe_arch::os::MonotonicClock;
use probe_arch::Native;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

/// Bytes received at a time.
const PIECE: usize = 4096;

/// Everything that an attestation needs.
pub struct Miner {
    settings: Settings,
    stop: Stop,
    watch: Box<dyn Watch + Send>,
    wallet: Wallet,
    address: Address,
    proxy: Option<ureq::Proxy>,
    known: KnownNodes,
    /// Whether the notice about who vouches for the node was given.
    noticed: Cell<bool>,
}

impl Miner {
    /// A miner with the wallet of the settings. A missing wallet file is made, with a notice.
    ///
    /// # Errors
    /// [`Error::Wallet`]; [`Error::Usage`] for an id or an address that is none.
    pub fn new(
        settings: Settings,
        stop: Stop,
        watch: Box<dyn Watch + Send>,
    ) -> Result<Self, Error> {
        for (option, id) in [("miner", &settings.miner), ("name", &settings.name)] {
            if id.as_ref().is_some_and(|id| !is_id(id)) {
                let why = ComposeError::BadId(option);
                return Err(Error::Usage(format!("{why}; see --{option}")));
            }
        }
        let address = Address::parse(&settings.node)?;
        let wallet = open_or_create(&settings, &*watch)?;
        Ok(Miner {
            known: KnownNodes::new(&settings.known_nodes),
            proxy: proxy::to(&settings.node),
            settings,
            stop,
            watch,
            wallet,
            address,
            noticed: false.into(),
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who watches.
    pub fn watch(&self) -> &dyn Watch {
        &*self.watch
    }

    /// The same miner, watched by another.
    #[cfg(feature = "full-screen")]
    pub fn watched_by(self, watch: Box<dyn Watch + Send>) -> Self {
        Miner { watch, ..self }
    }

    /// The id that is paid.
    pub fn paid(&self) -> String {
        let named = self.settings.miner.clone();
        named.unwrap_or_else(|| self.wallet.address())
    }

    /// Where people see this machine, told by what its node answered: nodes of the existing network send no verdict, and
    /// have no such page.
    pub fn page(&self, answer: &Map<String, Value>) -> Option<String> {
        let node = self.settings.node.trim_end_matches('/');
        answer
            .contains_key("verdict")
            .then(|| format!("{node}/explorer/miner/{}", self.paid()))
    }

    /// One attestation: the answer of the node that accepted it.
    ///
    /// # Errors
    /// Every kind.
    pub fn attest(&self) -> Result<Map<String, Value>, Error> {
        let answer = self.run(Purpose::Attest)?;
        serde_json::from_slice(&answer)
            .map_err(|_| no_node(&self.settings.node, "its answer is not a JSON object"))
    }

    /// A signed submission for a fresh challenge of the node; nothing is submitted.
    ///
    /// # Errors
    /// As [`Self::attest`].
    pub fn measure_for_node(&self) -> Result<Vec<u8>, Error> {
        self.run(Purpose::Rehearse)
    }

    /// A signed submission for a nonce of zeros, without the node.
    ///
    /// # Errors
    /// [`Error::Machine`] or [`Error::Usage`].
    pub fn measure_offline(&self) -> Result<Vec<u8>, Error> {
        self.run(Purpose::Offline)
    }

    /// One session: what the node answered, or what would be sent.
    fn run(&self, purpose: Purpose) -> Result<Vec<u8>, Error> {
        let surroundings = surroundings::here();
        let (facts, about) = (surroundings.facts(), surroundings.about());
        let macs: Vec<&str> = about.macs.iter().map(String::as_str).collect();
        let host = Host {
            cores: about.cores,
            hostname: &about.hostname,
            machine: &about.machine,
            macs: &macs,
            model: &about.model,
        };
        let node_key = match purpose {
            Purpose::Offline => None,
            _ => self.known.key_of(&self.settings.node)?,
        };
        let (plan, mut arena) = probe::plan(&self.settings)?;
        let config = Config {
            host: &self.address.authority,
            base: &self.address.base,
            purpose,
            plan,
            miner: self.settings.miner.as_deref().unwrap_or_default(),
            name: self.settings.name.as_deref().unwrap_or_default(),
            node_key,
            facts: &facts,
        };
        self.watch.see(Event::Begun);
        let mut session = Session::new(config, host, &self.wallet, &mut arena);
        let broken = self.drive(&mut session)?;
        self.result(&session, broken)
    }

    /// Does what the session says, to its end; gives what was last wrong with the line.
    fn drive(&self, session: &mut Session<'_, &Wallet>) -> Result<Option<io::Error>, Error> {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut wire = Wire::new(&self.address, self.proxy.as_ref());
        let mut machine = Native::new();
        let mut clock = MonotonicClock;
        let mut met = false;
        loop {
            // A session's time is that since its start: setting the system's clock changes nothing.
            match session.step(start.elapsed().as_millis() as u64) {
                // Stopping has its place between two steps, but not between a submission and its answer.
                Step::Connect { until_ms } => {
                    self.stop.check()?;
                    match wire.connect(at(until_ms)) {
                        Some(()) => session.connected(),
                        None => session.failed(),
                    }
                }
                Step::Send { bytes, until_ms } => match wire.send(bytes, at(until_ms)) {
                    Some(count) => session.sent(count),
                    None => session.failed(),
                },
                Step::Receive { until_ms } => {
                    let mut piece = [0; PIECE];
                    match wire.receive(&mut piece, at(until_ms)) {
                        Some(Received::Bytes(count)) => session.received(&piece[..count]),
                        Some(Received::Nothing) => {}
                        Some(Received::Closed) => session.closed(),
                        None => session.failed(),
                    }
                }
                Step::Close => wire.line = None,
                Step::Measure => {
                    self.stop.check()?;
                    if !met {
                        self.meet(session.outcome())?;
                        met = true;
                    }
                    if let (Some(progress), Some(so_far)) = (session.progress(), session.so_far()) {
                        self.watch.see(Event::Measuring(progress, so_far));
                    }
                    session.measure(&mut machine, Some(&mut clock));
                    if let (None, Some(evidence)) = (session.progress(), session.evidence()) {
                        self.watch.see(Event::Measured(evidence));
                    }
                }
                Step::Wait { until_ms } => {
                    let why = wire.broken.as_ref().map(ToString::to_string);
                    let why = why.as_deref().unwrap_or("no answer");
                    self.remark(&format!("{}: {why}; once more", self.settings.node));
                    let left = at(until_ms).saturating_duration_since(Instant::now());
                    self.stop.sleep(left)?;
                }
                Step::Done(_) => return Ok(wire.broken),
            }
        }
    }

    /// Keeps the key of a node that is met for the first time, and says who vouches for it.
    fn meet(&self, outcome: &Outcome) -> Result<(), Error> {
        if outcome.connections == 0 {
            // Nobody is met where nobody was asked.
            return Ok(());
        }
        let node = &self.settings.node;
        let notice = match outcome.node_key {
            None => format!(
                "{node} does not sign its answers: nothing but the connection vouches for them"
            ),
            Some(key) => match self.known.check(node, &key)? {
                Known::Same => return Ok(()),
                Known::New => format!(
                    "first contact with {node}: its key {} is kept from now on",
                    hex::encode(&key)
                ),
            },
        };
        if !self.noticed.replace(true) {
            self.remark(&notice);
        }
        Ok(())
    }

    /// What came of a session that is over.
    fn result(
        &self,
        session: &Session<'_, &Wallet>,
        broken: Option<io::Error>,
    ) -> Result<Vec<u8>, Error> {
        let outcome = session.outcome();
        let answer = session.answer().unwrap_or_default();
        match outcome.ending {
            Some(Ending::Accepted) => Ok(answer.to_vec()),
            Some(Ending::Rehearsed) => Ok(session.payload().unwrap_or_default().to_vec()),
            Some(Ending::Refused) => Err(Error::Refused(Refusal::new(
                outcome.status,
                outcome.retry_after_s,
                answer,
            ))),
            Some(Ending::Failed(error)) => Err(self.failure(error, answer, broken)),
            None => Err(Error::Machine("the probe did not end".into())),
        }
    }

    /// Why there is no answer to believe.
    fn failure(&self, error: session::Error, answer: &[u8], broken: Option<io::Error>) -> Error {
        let node = &self.settings.node;
        match error {
            session::Error::BadConfig(_) => Error::Usage(format!("{node}: {error}")),
            session::Error::Unreachable
            | session::Error::ConnectionLost
            | session::Error::TimedOut => {
                let why = broken.unwrap_or_else(|| {
                    let kind = match error {
                        session::Error::TimedOut => io::ErrorKind::TimedOut,
                        session::Error::ConnectionLost => io::ErrorKind::ConnectionAborted,
                        _ => io::ErrorKind::Other,
                    };
                    io::Error::new(kind, error.to_string())
                });
                unreachable(node, &why)
            }
            session::Error::BadSignature => Error::Trust {
                what: format!("the signature on the answer of {node} is wrong"),
                next:
                    "the answer was changed on its way, or the node is faulty: use https, or ask \
                       the operator"
                        .into(),
            },
            session::Error::WrongNode => match answer::split(answer) {
                Some(signed) => match self.known.check(node, &signed.public_key) {
                    Err(error) => error,
                    Ok(_) => no_node(node, &error.to_string()),
                },
                None => Error::Trust {
                    what: format!("the node at {node} used to sign its answers, and does not"),
                    next: "someone may be in between: use https, or ask the operator".into(),
                },
            },
            session::Error::Http(_) | session::Error::NotANode | session::Error::WrongNonce => {
                no_node(node, &error.to_string())
            }
            session::Error::Start(_) | session::Error::Compose(_) => {
                Error::Machine(error.to_string())
            }
        }
    }

    /// Says something to whoever watches.
    pub fn remark(&self, text: &str) {
        self.watch.see(Event::Remark(text));
    }
}

/// The line while a session goes on, and what was last wrong with it. `None` is a failure.
struct Wire<'a> {
    address: &'a Address,
    proxy: Option<&'a ureq::Proxy>,
    line: Option<Line>,
    broken: Option<io::Error>,
}

impl<'a> Wire<'a> {
    fn new(address: &'a Address, proxy: Option<&'a ureq::Proxy>) -> Self {
        Wire {
            address,
            proxy,
            line: None,
            broken: None,
        }
    }

    fn connect(&mut self, end: Instant) -> Option<()> {
        self.broken = None;
        let trust = match self.address.secure {
            true => line::usual_trust().map(Some),
            false => Ok(None),
        };
        let line = trust.and_then(|trust| Line::connect(self.address, self.proxy, trust, end));
        self.line = self.kept(line);
        self.line.as_ref().map(|_| ())
    }

    fn send(&mut self, bytes: &[u8], end: Instant) -> Option<usize> {
        let sent = self.line.as_mut()?.send(bytes, end);
        self.kept(sent)
    }

    fn receive(&mut self, to: &mut [u8], end: Instant) -> Option<Received> {
        let received = self.line.as_mut()?.receive(to, end);
        self.kept(received)
    }

    /// Keeps why something failed.
    fn kept<T>(&mut self, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| self.broken = Some(error)).ok()
    }
}

/// The wallet of the settings. Where nobody named a file and the default one is not there yet, a new
/// one; a file that was named and is not there is more likely a slip than a wish.
fn open_or_create(settings: &Settings, watch: &dyn Watch) -> Result<Wallet, Error> {
    let passphrase_file = settings.passphrase_file.as_deref();
    if settings.wallet_named || settings.wallet.exists() {
        return Wallet::open(&settings.wallet, || passphrase::to_open(passphrase_file));
    }
    let wallet = Wallet::generate()?;
    wallet.create(
        &settings.wallet,
        passphrase::given(passphrase_file)?.as_ref(),
    )?;
    let (path, address) = (settings.wallet.display(), wallet.address());
    watch.see(Event::Remark(&format!(
        "made a wallet at {path}: {address}"
    )));
    watch.see(Event::Remark(
        "keep a copy of that file: without it nobody can spend what it earns",
    ));
    Ok(wallet)
}
