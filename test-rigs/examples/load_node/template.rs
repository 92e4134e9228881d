//! What a machine submits, with gaps for what differs from challenge to challenge: the nonce, the
//! miner, the digests and the signature. Everything else is composed once, by the miner's own code.

use ed25519_dalek::{Signer, SigningKey};
use heapless::Vec as Buffer;
use miner_tiny::submission::{compose, describe, Host};
use probe_core::channels::{
    branch, cache, fpu, fresh_code, jitter, oscillator, pipeline, simd, thermal,
};
use probe_core::evidence::{clip, Evidence, EVIDENCE_JSON_MAX};
use probe_core::plan::Plan;
use probe_core::seed::Seed;
use probe_core::wire::SUBMISSION_MAX;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use test_rigs::sim::{presets, probe};

/// Hexadecimal digits of a nonce.
const NONCE_DIGITS: usize = 64;

/// Hexadecimal digits of an address after `RTC`.
const ADDRESS_DIGITS: usize = 40;

/// Stands for the digest of channel `i`, plus `i`, while the template is composed: ten digits, as no
/// measurement of the recorded machines has.
const DIGEST_MARK: u32 = 4_111_222_330;

/// Stands for the counter's start in the same way.
const START_MARK: u64 = 4_111_222_399_999;

/// Own values of one place in the noise; two places tell the square of it apart.
const NOISE_STEPS: u32 = 100;

/// Leaf 1 ECX bit 31 among the identification words: a hypervisor's own mark.
const HYPERVISOR: (usize, u32) = (3, 1 << 31);

/// The word with the hypervisor's first leaf.
const HYPERVISOR_LEAF: usize = 10;

/// A submission of the existing network's client.
const STOCK: &str = include_str!("../../../node/tests/data/attestation-stock-linux.json");

/// The nonce, the wallet and one measurement in it.
const STOCK_NONCE: &str = "6e27f35a3ed74839ce21b914112c224a626694ec35b6ca02f6c0fdc661d310ac";
const STOCK_MINER: &str = "RTCc6bb76294846d778cd1ba227154c649d03474738";
const STOCK_MEAN_NS: &str = "2523440";

/// A whole probe of a Zen 5.
const RECORDED: &str = include_str!("../../../node/tests/data/evidence-zen5-kvm.json");

/// Machines to attest with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// A recorded Zen 5, standard plan: the dearest digests that a miner of today sends.
    Zen5,
    /// A simulated PowerPC G4, quick plan.
    G4,
    /// The existing network's client: old checks, no evidence.
    Stock,
}

impl Model {
    /// As it is named on the command line.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "zen5" => Some(Model::Zen5),
            "g4" => Some(Model::G4),
            "stock" => Some(Model::Stock),
            _ => None,
        }
    }

    /// What number `n` of this kind measured: no two are quite the same.
    fn evidence(self, n: u32) -> Result<Option<Evidence>, Box<dyn Error>> {
        const KIB: u32 = 1_024;
        const STEP: u32 = 26 * 1_000 / 4;
        let quick = |spec, arena_bytes| {
            let plan = Plan {
                quick: true,
                arena_bytes,
            };
            let mut evidence = probe(spec, u64::from(n), plan, Seed::derive("any", "any"));
            later(&mut evidence, u64::from(n));
            evidence
        };
        Ok(Some(match self {
            Model::Stock => return Ok(None),
            Model::G4 => quick(presets::g4e(), 4_096 * KIB),
            Model::Zen5 => {
                let mut evidence: Evidence = serde_json::from_str(RECORDED)?;
                // As it would be on metal.
                evidence.identity.words[HYPERVISOR.0] &= !HYPERVISOR.1;
                evidence.identity.words[HYPERVISOR_LEAF] = 0;
                evidence.identity.name = clip("AMD EPYC 9755 128-Core Processor");
                later(&mut evidence, u64::from(n) * 1_000);
                // Its operands are drawn anew for each challenge, and this machine may not be a Zen 5.
                evidence.quirks = None;
                if let Some(pipeline) = &evidence.pipeline {
                    // What the processor table has for a Zen 5: 127 adds, in steps of its counter of 26 ticks, four
                    // timed together.
                    let cost = 127 * pipeline.add[0] / STEP * STEP;
                    if let Some(trap) = &mut evidence.trap {
                        trap.identify = [cost, cost, cost + STEP, cost + STEP];
                    }
                }
                evidence
            }
        }))
    }
}

/// Lets the clock say so many nanoseconds more at the end of the probe.
fn later(evidence: &mut Evidence, ns: u64) {
    evidence.elapsed_ns += ns;
    let end = [evidence.elapsed_ticks, evidence.elapsed_ns];
    let readings = evidence.oscillator.as_mut().map(|o| &mut o.clock);
    if let Some(last) = readings.and_then(|clock| clock.last_mut()) {
        *last = end;
    }
}

/// A wallet.
pub struct Wallet {
    number: u32,
    key: SigningKey,
    /// Its address.
    pub address: String,
    public_hex: String,
}

impl Wallet {
    /// Number `n` of those that this program makes.
    pub fn new(n: u32) -> Self {
        let secret: [u8; 32] = Sha256::digest(n.to_be_bytes()).into();
        let key = SigningKey::from_bytes(&secret);
        let public = key.verifying_key();
        let hash = hex(&Sha256::digest(public.as_bytes()));
        Wallet {
            number: n,
            address: format!("RTC{}", &hash[..ADDRESS_DIGITS]),
            public_hex: hex(public.as_bytes()),
            key,
        }
    }
}

impl Wallet {
    /// Where its machine's counter stood `ago`. Each runs at a rate of its own, as crystals do, and was
    /// switched on at a time of its own.
    fn counter(&self, hz: u64, ago: Duration) -> u64 {
        const SPREAD_PPM: u32 = 100;
        const SECONDS_APART: u64 = 1_000;
        const PPM: u128 = 1_000_000;
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = since_1970
            .unwrap_or_default()
            .saturating_sub(ago)
            .as_nanos();
        let ppm = PPM + u128::from(self.number % SPREAD_PPM);
        let ticks = nanos * u128::from(hz) / 1_000_000_000 * ppm / PPM;
        // Hertz of 2^33 for sixty years are less than 2^64.
        u64::try_from(ticks).unwrap_or_default() + u64::from(self.number) * SECONDS_APART * hz
    }
}

/// A piece of a submission.
#[derive(Clone)]
enum Piece {
    Text(Vec<u8>),
    Nonce,
    Miner,
    /// The one measurement of a stock client that is the wallet's own.
    Own,
    /// A cost in the thermal curve, and the step by which it is the wallet's own: machines of one model are
    /// alike, but no two measure the same noise.
    Noise(u32, u32),
    /// Where the wallet's own counter, of so many hertz, stood when its machine began to measure.
    Start(u64),
    /// The digest of the channel with this number.
    Digest(usize),
}

/// A submission but for what differs.
pub struct Template {
    measured: Option<(Evidence, Plan)>,
    pieces: Vec<Piece>,
}

impl Template {
    /// Of number `n` of a kind of machine.
    pub fn new(model: Model, n: u32) -> Result<Self, Box<dyn Error>> {
        match model.evidence(n)? {
            Some(evidence) => Self::of_evidence(evidence),
            None => Self::stock(),
        }
    }

    fn of_evidence(mut evidence: Evidence) -> Result<Self, Box<dyn Error>> {
        let nonce = "0".repeat(NONCE_DIGITS);
        let miner = format!("RTC{}", "0".repeat(ADDRESS_DIGITS));
        let mut gaps = vec![(nonce.clone(), Piece::Nonce), (miner.clone(), Piece::Miner)];
        let mut mark = DIGEST_MARK;
        macro_rules! mark {
            ($($channel:ident),*) => {$(
                if let Some(found) = &mut evidence.$channel {
                    found.digest = mark;
                    let channel = (mark - DIGEST_MARK) as usize;
                    gaps.push((mark.to_string(), Piece::Digest(channel)));
                }
                mark += 1;
            )*};
        }
        mark!(branch, cache, fpu, fresh_code, jitter, oscillator, pipeline, simd, thermal);
        let curve = evidence.thermal.as_mut().map(|thermal| &mut thermal.curve);
        for ([_, cost], step) in curve.into_iter().flatten().zip([1, NOISE_STEPS]) {
            gaps.push((mark.to_string(), Piece::Noise(*cost, step)));
            *cost = mark;
            mark += 1;
        }
        let hz = evidence.counter.as_ref().and_then(|c| c.nominal_hz);
        evidence.counter_start = hz.map(|hz| {
            gaps.push((START_MARK.to_string(), Piece::Start(hz)));
            START_MARK
        });
        let host = Host {
            cores: 1,
            hostname: "bench",
            machine: &evidence.identity.architecture,
            macs: &["02:00:00:00:00:01"],
            model: "",
        };
        let mut scratch = Buffer::<u8, EVIDENCE_JSON_MAX>::new();
        let mut body = Buffer::<u8, SUBMISSION_MAX>::new();
        let submission = describe(&evidence, &host, &miner, &miner, &nonce, &mut scratch)
            .map_err(|e| e.to_string())?;
        // The text that is signed begins the body; the rest follows for each signature.
        let mut signed = Vec::new();
        compose(
            &submission,
            &[0; 32],
            |text| {
                signed = text.to_vec();
                [0; 64]
            },
            &mut body,
        )
        .map_err(|e| e.to_string())?;
        let plan = Plan {
            quick: evidence.quick,
            arena_bytes: evidence.arena,
        };
        Ok(Template {
            pieces: pieces(&String::from_utf8(signed)?, gaps),
            measured: Some((evidence, plan)),
        })
    }

    fn stock() -> Result<Self, Box<dyn Error>> {
        let mut body: Map<String, Value> = serde_json::from_str(STOCK)?;
        for name in ["signature", "public_key", "signature_type"] {
            body.remove(name);
        }
        body.insert("miner_id".into(), STOCK_MINER.into());
        // Its keys are sorted and its texts ASCII: this is the text that is signed.
        let text = serde_json::to_string(&body)?;
        let gaps = vec![
            (STOCK_NONCE.into(), Piece::Nonce),
            (STOCK_MINER.into(), Piece::Miner),
            (STOCK_MEAN_NS.into(), Piece::Own),
        ];
        Ok(Template {
            pieces: pieces(&text, gaps),
            measured: None,
        })
    }

    /// Writes the body that `wallet` answers `nonce` with: digests of this nonce and this wallet,
    /// signed.
    pub fn write(&self, wallet: &Wallet, nonce: &str, body: &mut Vec<u8>) {
        let seed = Seed::derive(nonce, &wallet.address);
        let digests = self.digests(&seed);
        body.clear();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => body.extend_from_slice(text),
                Piece::Nonce => body.extend_from_slice(nonce.as_bytes()),
                Piece::Miner => body.extend_from_slice(wallet.address.as_bytes()),
                Piece::Own => {
                    // Its first measurement is no round number: it identifies the machine.
                    let _ = write!(body, "{}", 2_000_001 + 10 * wallet.number);
                }
                Piece::Noise(cost, step) => {
                    let _ = write!(body, "{}", cost + wallet.number / step % NOISE_STEPS);
                }
                Piece::Start(hz) => {
                    let _ = write!(body, "{}", wallet.counter(*hz, self.duration()));
                }
                Piece::Digest(channel) => {
                    // A vector takes everything.
                    let _ = write!(body, "{}", digests[*channel]);
                }
            }
        }
        let signature = wallet.key.sign(body).to_bytes();
        body.pop();
        for text in [
            ",\"public_key\":\"",
            &wallet.public_hex,
            "\",\"signature\":\"",
            &hex(&signature),
            "\",\"signature_type\":\"canonical_json\"}",
        ] {
            body.extend_from_slice(text.as_bytes());
        }
    }

    /// How long its machine measured, rounded up: earlier the node does not believe it.
    pub fn duration(&self) -> Duration {
        const MARGIN: Duration = Duration::from_millis(20);
        let measured = self.measured.as_ref();
        measured.map_or(Duration::ZERO, |(evidence, _)| {
            Duration::from_nanos(evidence.elapsed_ns) + MARGIN
        })
    }

    fn digests(&self, seed: &Seed) -> Vec<u32> {
        let Some((evidence, plan)) = &self.measured else {
            return Vec::new();
        };
        macro_rules! digests {
            ($($channel:ident),*) => {
                vec![$(evidence.$channel.as_ref().map_or(0, |found| {
                    $channel::expected_digest(plan, seed, found)
                })),*]
            };
        }
        digests!(branch, cache, fpu, fresh_code, jitter, oscillator, pipeline, simd, thermal)
    }
}

/// Cuts a text at what differs. A commitment stays as it is: it covers nothing that the node does not
/// check by itself.
fn pieces(text: &str, gaps: Vec<(String, Piece)>) -> Vec<Piece> {
    let mut found: Vec<(usize, usize, Piece)> = Vec::new();
    for (mark, piece) in gaps {
        let places = text.match_indices(&mark);
        found.extend(places.map(|(at, mark)| (at, mark.len(), piece.clone())));
    }
    found.sort_by_key(|&(at, ..)| at);
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, length, gap) in found {
        pieces.push(Piece::Text(text.as_bytes()[from..at].to_vec()));
        pieces.push(gap);
        from = at + length;
    }
    pieces.push(Piece::Text(text.as_bytes()[from..].to_vec()));
    pieces
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]));
    digits.collect()
}
