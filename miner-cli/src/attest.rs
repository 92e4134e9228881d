//! Proving this machine to a node: challenge, probe, compose, submit, verdict.

use crate::client::{Answer, Challenge, Client};
use crate::config::Settings;
use crate::error::Error;
use crate::known_nodes::KnownNodes;
use crate::passphrase;
use crate::probe;
use crate::stop::Stop;
use crate::surroundings;
use crate::verdict;
use crate::wallet::Wallet;
use miner_tiny::{compose, describe, ComposeError, Host};
use probe_core::evidence::Evidence;
use probe_core::seed::Seed;

/// Bytes to compose in: a submission and what it may be too long by.
const BUFFER: usize = 2 * probe_core::wire::SUBMISSION_MAX;

/// Digits of a nonce.
const NONCE_DIGITS: usize = 64;

/// Everything that an attestation needs.
pub struct Miner {
    settings: Settings,
    stop: Stop,
    wallet: Wallet,
    client: Client,
    miner: String,
    /// Whether the notice about who vouches for the node was given.
    noticed: std::cell::Cell<bool>,
}

impl Miner {
    /// A miner with the wallet of the settings. A missing wallet file is made, with a notice.
    ///
    /// # Errors
    /// [`Error::Wallet`].
    pub fn new(settings: Settings, stop: Stop) -> Result<Self, Error> {
        let wallet = open_or_create(&settings)?;
        let client = Client::new(&settings.node, KnownNodes::new(&settings.known_nodes));
        let miner = settings.miner.clone().unwrap_or_else(|| wallet.address());
        Ok(Miner {
            settings,
            stop,
            wallet,
            client,
            miner,
            noticed: false.into(),
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// One attestation.
    ///
    /// # Errors
    /// Every kind.
    pub fn attest(&self) -> Result<Answer, Error> {
        let challenge = self.challenge()?;
        let body = self.measure(&challenge.nonce)?;
        self.stop.check()?;
        self.client.submit(&challenge, &body)
    }

    /// A signed submission for a fresh challenge of the node; nothing is submitted.
    ///
    /// # Errors
    /// As [`Self::attest`].
    pub fn measure_for_node(&self) -> Result<Vec<u8>, Error> {
        self.measure(&self.challenge()?.nonce)
    }

    fn challenge(&self) -> Result<Challenge, Error> {
        let (challenge, trust) = self.client.challenge(&self.miner)?;
        if !self.noticed.replace(true) {
            if let Some(notice) = verdict::trust_notice(self.client.node(), trust) {
                self.remark(&notice);
            }
        }
        Ok(challenge)
    }

    /// A signed submission for a nonce of zeros, without the node.
    ///
    /// # Errors
    /// [`Error::Machine`] or [`Error::Usage`].
    pub fn measure_offline(&self) -> Result<Vec<u8>, Error> {
        self.measure(&"0".repeat(NONCE_DIGITS))
    }

    fn measure(&self, nonce: &str) -> Result<Vec<u8>, Error> {
        let surroundings = surroundings::here();
        let seed = Seed::derive(nonce, &self.miner);
        let mut evidence = probe::measure(seed, &self.settings, &surroundings.facts(), &self.stop)?;
        let about = surroundings.about();
        loop {
            match self.sign(&evidence, &about, nonce) {
                Ok(body) => return Ok(body),
                // The facts are the longest part and stand in the order of their worth.
                Err(ComposeError::TooLarge(_) | ComposeError::BufferFull)
                    if drop_last_fact(&mut evidence) => {}
                Err(ComposeError::BadId(member)) => {
                    return Err(Error::Usage(format!(
                        "{}; see --{}",
                        ComposeError::BadId(member),
                        option(member)
                    )))
                }
                Err(error) => return Err(Error::Machine(error.to_string())),
            }
        }
    }

    fn sign(
        &self,
        evidence: &Evidence,
        about: &surroundings::About,
        nonce: &str,
    ) -> Result<Vec<u8>, ComposeError> {
        let mut out: heapless::Vec<u8, BUFFER> = heapless::Vec::new();
        let macs: Vec<&str> = about.macs.iter().map(String::as_str).collect();
        let host = Host {
            cores: about.cores,
            hostname: &about.hostname,
            machine: &about.machine,
            macs: &macs,
            model: &about.model,
        };
        let usual = || {
            fit_for_id(&format!(
                "{}-{}",
                evidence.identity.architecture, about.hostname
            ))
        };
        let name = self.settings.name.clone().unwrap_or_else(usual);
        let submission = describe(evidence, &host, &self.miner, &name, nonce, &mut out)?;
        compose(
            &submission,
            &self.wallet.public_key(),
            |text| self.wallet.sign(text),
            &mut out,
        )?;
        Ok(out.to_vec())
    }

    /// Says something on standard error, unless asked to be quiet.
    pub fn remark(&self, text: &str) {
        if !self.settings.quiet {
            eprintln!("note: {text}");
        }
    }
}

/// The option that sets a member.
fn option(member: &str) -> &'static str {
    match member {
        "miner" => "miner",
        _ => "name",
    }
}

/// `text` with everything that an id may not hold replaced.
fn fit_for_id(text: &str) -> String {
    let fit = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-') {
            c
        } else {
            '-'
        }
    };
    text.chars().map(fit).take(128).collect()
}

fn drop_last_fact(evidence: &mut Evidence) -> bool {
    evidence
        .environment
        .as_mut()
        .is_some_and(|environment| environment.facts.pop().is_some())
}

/// The wallet of the settings. Where nobody named a file and the default one is not there yet, a new
/// one; a file that was named and is not there is more likely a slip than a wish.
fn open_or_create(settings: &Settings) -> Result<Wallet, Error> {
    let passphrase_file = settings.passphrase_file.as_deref();
    if settings.wallet_named || settings.wallet.exists() {
        return Wallet::open(&settings.wallet, || passphrase::to_open(passphrase_file));
    }
    let wallet = Wallet::generate()?;
    wallet.create(
        &settings.wallet,
        passphrase::given(passphrase_file)?.as_ref(),
    )?;
    if !settings.quiet {
        eprintln!(
            "note: made a wallet at {}: {}",
            settings.wallet.display(),
            wallet.address()
        );
        eprintln!("note: keep a copy of that file: without it nobody can spend what it earns");
    }
    Ok(wallet)
}
