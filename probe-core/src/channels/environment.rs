//! What the machine says of itself: hypervisor leaves, firmware strings, container and cloud marks, gathered by the miner from the operating system.

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

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
