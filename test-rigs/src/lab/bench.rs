//! Where a run happens: a node's client, the run's own randomness, and wallets to sign with.

use super::record::{Claimed, Fleet, Key};
use miner_tiny::session::Signer;
use miner_tiny::submission::{compose, describe, Host};
use miner_tiny::wallet;
use node_process::{Answer, Challenge, Client};
use probe_core::evidence::{clip, Evidence};
use probe_core::seed::{Seed, Stream};
use probe_core::wire::BARE_SUBMISSION_MAX;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// Answers go out so much after the probe is said to have ended, as a miner takes time to compose and sign.
const AFTER: Duration = Duration::from_millis(20);

/// A key that signs, and the address of it.
pub struct Wallet {
    key: wallet::Key,
    address: String,
}

impl Wallet {
    /// Always the same for one text.
    fn of(text: &str) -> Self {
        let key = wallet::Key::from_seed(&Sha256::digest(text.as_bytes()).into());
        Wallet {
            address: key.address().as_str().to_owned(),
            key,
        }
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// A submission that was answered.
#[derive(Debug, Clone)]
pub struct Presented {
    /// What was claimed.
    pub claim: Claimed,
    /// What came back.
    pub answer: Answer,
    /// From challenge to answer.
    pub took: Duration,
    /// What became of a fleet, where the run was one.
    pub fleet: Option<Fleet>,
}

/// A composed submission, and how long after its challenge it may be sent.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The body.
    pub body: Vec<u8>,
    /// What it claims.
    pub claim: Claimed,
    /// A probe that is said to have taken so long cannot be answered sooner.
    pub after: Duration,
}

/// One run's surroundings.
pub struct Bench<'a> {
    client: &'a Client,
    key: &'a Key,
    /// Decided by the run's key, but for the version of the node: every version meets the same runs.
    pub random: Stream,
}

impl<'a> Bench<'a> {
    /// For the run of this key.
    pub fn new(client: &'a Client, key: &'a Key) -> Self {
        let run = format!("{} {} {}", key.variant, key.unit, key.run);
        let random = Seed::derive(&format!("{} {}", key.rig, key.seed), &run).stream(0);
        Bench {
            client,
            key,
            random,
        }
    }

    /// The node.
    pub fn client(&self) -> &Client {
        self.client
    }

    /// A wallet of the machine's own, the same in every run of it.
    pub fn owner(&self) -> Wallet {
        let Key {
            rig,
            variant,
            unit,
            seed,
            ..
        } = self.key;
        Wallet::of(&format!("{rig} {variant} {unit} {seed}"))
    }

    /// A wallet of this run alone; `which` tells several apart.
    pub fn stranger(&self, which: &str) -> Wallet {
        let Key {
            rig,
            variant,
            unit,
            run,
            seed,
            ..
        } = self.key;
        Wallet::of(&format!("{rig} {variant} {unit} {seed} {run} {which}"))
    }

    /// A challenge for a wallet, and the seed that follows from it.
    ///
    /// # Errors
    /// The node gives none.
    pub fn challenge(&self, wallet: &Wallet) -> Result<(Challenge, Seed), String> {
        let challenge = self.client.challenge(wallet.address())?;
        let seed = Seed::derive(&challenge.nonce, wallet.address());
        Ok((challenge, seed))
    }

    /// Composes and signs. Without a claim, what the miner says of such evidence.
    ///
    /// # Errors
    /// Evidence that no submission can carry.
    pub fn compose(
        &self,
        wallet: &Wallet,
        challenge: &Challenge,
        evidence: &Evidence,
        claim: Option<&Claimed>,
    ) -> Result<Submission, String> {
        let host = Host {
            cores: 1,
            hostname: "workbench",
            machine: evidence.identity.architecture.as_str(),
            macs: &[],
            model: "",
        };
        let mut buffer: heapless::Vec<u8, { 2 * BARE_SUBMISSION_MAX }> = heapless::Vec::new();
        let (address, nonce) = (wallet.address(), challenge.nonce.as_str());
        let fail = |e: miner_tiny::ComposeError| e.to_string();
        let mut submission =
            describe(evidence, &host, address, address, nonce, &mut buffer).map_err(fail)?;
        if let Some(claim) = claim {
            submission.device.family = clip(&claim.family);
            submission.device.arch = clip(&claim.arch);
            submission.device.model = clip(&claim.model);
            submission.device.cpu = clip(&claim.cpu);
        }
        let key = &wallet.key;
        compose(
            &submission,
            &key.public_key(),
            |text| key.sign(text),
            &mut buffer,
        )
        .map_err(fail)?;
        let device = &submission.device;
        Ok(Submission {
            body: buffer.to_vec(),
            claim: Claimed {
                family: device.family.as_str().into(),
                arch: device.arch.as_str().into(),
                model: device.model.as_str().into(),
                cpu: device.cpu.as_str().into(),
            },
            after: Duration::from_nanos(evidence.elapsed_ns) + AFTER,
        })
    }

    /// Signs a body of other members than a miner of this project sends: canonical JSON, by the wallet's key. It may be sent
    /// at once.
    ///
    /// # Errors
    /// A body that is no JSON text.
    pub fn sign(
        &self,
        wallet: &Wallet,
        mut members: serde_json::Map<String, serde_json::Value>,
        claim: &Claimed,
    ) -> Result<Submission, String> {
        // Members of this map are in the order of their names.
        let text = serde_json::to_string(&members).map_err(|e| e.to_string())?;
        let signature = wallet.key.sign(text.as_bytes());
        for (name, value) in [
            ("public_key", hex(&wallet.key.public_key())),
            ("signature", hex(&signature)),
            ("signature_type", "canonical_json".into()),
        ] {
            members.insert(name.into(), value.into());
        }
        let body = serde_json::to_vec(&members).map_err(|e| e.to_string())?;
        Ok(Submission {
            body,
            claim: claim.clone(),
            after: Duration::ZERO,
        })
    }

    /// Sends a submission, once as much time has gone as it says that its probe took.
    ///
    /// # Errors
    /// No answer.
    pub fn send(&self, submission: &Submission, since: Instant) -> Result<Presented, String> {
        let wait = (since + submission.after).saturating_duration_since(Instant::now());
        std::thread::sleep(wait);
        let answer = self.client.submit(&submission.body)?;
        Ok(Presented {
            claim: submission.claim.clone(),
            answer,
            took: since.elapsed(),
            fleet: None,
        })
    }

    /// Composes, signs and sends.
    ///
    /// # Errors
    /// As the two.
    pub fn present(
        &self,
        wallet: &Wallet,
        challenge: &Challenge,
        evidence: &Evidence,
        claim: Option<&Claimed>,
    ) -> Result<Presented, String> {
        let submission = self.compose(wallet, challenge, evidence, claim)?;
        self.send(&submission, challenge.since)
    }
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
