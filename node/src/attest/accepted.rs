//! The answer to a submission that was taken.

use serde::Serialize;
use serde_json::{Number, Value};
use utoipa::ToSchema;

use super::workload::Binding;
use crate::http::reply::{Answer, Signed};
use crate::http::scalars::Weight;
use crate::keys::NodeKey;
use crate::verdict::Verdict;

/// A submission that was taken. A machine that nothing proves to be silicon is taken too, and weighs
/// next to nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Accepted {
    /// The machine as the node sees it.
    pub device: Device,
    /// The epoch in which the miner is enrolled.
    #[schema(minimum = 0)]
    pub epoch: i64,
    /// Real silicon, not virtual, not emulated.
    pub fingerprint_passed: bool,
    /// Hardware addresses that the submission named.
    pub macs_recorded: usize,
    /// For clients of the existing network: what the submission says of its rounds. It decides nothing.
    pub measurement_binding_state: Binding,
    /// For clients of the existing network: the rounds that went with this challenge. Those of the next
    /// follow from the next.
    #[schema(minimum = 1000, maximum = 1999)]
    pub measurement_workload_next: Option<u32>,
    /// The challenge.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub nonce: String,
    /// Always true.
    pub ok: bool,
    #[schema(example = "accepted")]
    /// Always `accepted`.
    pub status: &'static str,
    /// For clients of the existing network.
    pub temporal_review_flag: bool,
    /// The submission's name: `ticket_` and the first 32 hexadecimal digits of the SHA-256 of its body.
    #[schema(pattern = "^ticket_[0-9a-f]{32}$")]
    pub ticket_id: String,
    /// The whole verdict.
    #[schema(value_type = Verdict)]
    pub verdict: Value,
    /// For clients of the existing network: 1.0.
    #[schema(value_type = f64)]
    pub warthog_bonus: Number,
    /// What the miner counts in this epoch's settlement.
    pub weight: Weight,
}

impl Accepted {
    /// The answer, signed. The verdict is most of it, and is not copied for it.
    pub fn signed(mut self, key: &NodeKey) -> Answer<Signed<Accepted>> {
        let verdict = std::mem::take(&mut self.verdict);
        let mut members = Answer::new(self).body;
        members.insert("verdict".into(), verdict);
        key.sign(&mut members);
        members.into()
    }
}

/// A machine: class and family as derived, the rest as claimed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AcceptedDevice)]
pub struct Device {
    /// Class, as derived.
    #[schema(example = "g4")]
    pub arch: String,
    /// Cores, as claimed.
    #[schema(minimum = 1)]
    pub cores: u16,
    /// Processor, as claimed.
    pub cpu: String,
    /// Family of processors, as derived.
    #[schema(example = "PowerPC")]
    pub family: String,
    /// Model, as claimed.
    pub model: String,
    /// Serial number, as claimed; null where none was.
    pub serial: Option<String>,
}
