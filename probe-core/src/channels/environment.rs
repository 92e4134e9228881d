//! What the machine says of itself: hypervisor leaves, firmware strings, container and cloud marks, gathered by the miner from the operating system.
//!
//! - **Measured:** nothing; facts are gathered by the caller and handed to the prober.
//! - **Kernel, estimator:** none.
//! - **Cost:** no time; what fits [`FACTS_JSON_MAX`] bytes of JSON is kept, in the order given, so
//!   callers put the telling facts first.
//! - **Silicon:** names the processor and the board, to be held against what was measured.
//! - **Emulation:** an honest virtual machine names itself; a dishonest one leaves marks out, which
//!   is why nothing is concluded from their absence.
//! - **Source:** the node's rules name a source for every mark that they know.

use crate::evidence::clip;
use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

/// Bytes of JSON that all facts together may take, so that the evidence keeps its bound.
pub const FACTS_JSON_MAX: usize = 800;

/// Bytes of JSON around the key and the value of a fact: `{"key":"","value":""},`.
const FACT_JSON_FRAME: usize = 23;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What was found, in the order of gathering.
    pub facts: Vec<Fact, 24>,
}

/// One thing that the machine says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Where it was found: `dmi.sys_vendor`, `cpuid.hypervisor`, `proc.cpuinfo.model`, `env.docker` …
    pub key: String<32>,
    /// What was found, clipped, printable ASCII.
    pub value: String<64>,
}

impl Fact {
    /// A fact, clipped to what travels.
    pub fn new(key: &str, value: &str) -> Self {
        Fact {
            key: clip(key),
            value: clip(value),
        }
    }

    /// Bytes of its JSON and a comma: quotes and backslashes are escaped.
    fn json_bytes(&self) -> usize {
        let text = |s: &str| s.len() + s.bytes().filter(|b| matches!(b, b'"' | b'\\')).count();
        text(&self.key) + text(&self.value) + FACT_JSON_FRAME
    }
}

impl Evidence {
    /// Keeps as many of `facts`, from the first, as the bounds allow.
    pub fn gather(facts: &[Fact]) -> Self {
        let mut kept = Vec::new();
        let mut bytes = 0;
        for fact in facts {
            bytes += fact.json_bytes();
            if bytes > FACTS_JSON_MAX || kept.push(fact.clone()).is_err() {
                break;
            }
        }
        Evidence { facts: kept }
    }
}
