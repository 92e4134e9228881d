//! What a submission tells of its machine over time, for [`crate::fleet::watch`].

use probe_core::evidence::Evidence;
use serde_json::Map;
use std::net::IpAddr;

use super::shape::Submission;
use crate::app::App;
use crate::binding::rules::Unit;
use crate::binding::salt::Field;
use crate::fleet::circumstance::network;
use crate::fleet::seen::{self, Seen};

/// Where from and when a submission came.
#[derive(Debug, Clone, Copy)]
pub struct Came {
    /// From this address.
    pub client: IpAddr,
    /// When its challenge was issued, milliseconds since 1970.
    pub issued_ms: i64,
    /// When it arrived.
    pub received_ms: i64,
}

/// Reads a submission that holds together; `None` where it tells nothing: no evidence, and no ROM.
/// `unit` is what a machine that is proven to be one shows of itself.
pub fn seen(
    app: &App,
    submission: &Submission,
    evidence: Option<&Evidence>,
    came: Came,
    unit: Option<Unit>,
) -> Option<Seen> {
    let salt = app.binding.as_ref();
    let network = salt.map(|salt| salt.tag(Field::Network, &network(came.client)));
    let none = Map::new();
    let checks = submission.checks().unwrap_or(&none);
    let derived = evidence.and_then(|e| {
        app.profiles
            .antiquity
            .architecture(&e.identity.architecture)
    });
    let rom = seen::rom(evidence, checks, derived, &app.roms);
    let shows = match evidence {
        Some(evidence) => Seen::of(evidence, network, came.issued_ms, came.received_ms),
        None => Seen::bare(network, came.received_ms),
    };
    (evidence.is_some() || rom.is_some()).then(|| Seen {
        rom,
        unit: unit.unwrap_or_default(),
        ..shows
    })
}
