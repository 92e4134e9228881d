//! One file for each channel: what was measured against what silicon shows.
//!
//! Every file exports `check(&Subject) -> Vec<Check>`; none reads another's result. What the
//! outcomes amount to together is decided in [`super::conclude`](super), once.

pub mod environment;

use super::thresholds::Threshold;
use super::{Aspect, Case, Check, Outcome, Profiles};
use probe_core::evidence::Evidence;
use probe_core::seed::Seed;

/// What is judged: the case, its evidence taken out of the proof, and what is known of silicon.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The whole case.
    pub case: &'a Case<'a>,
    /// The evidence of the case.
    pub evidence: &'a Evidence,
    /// The seed of the case.
    pub seed: &'a Seed,
    /// What is known of silicon.
    pub profiles: &'a Profiles,
}

/// Begins a check of one channel and aspect.
pub(super) fn about(channel: &'static str, aspect: Aspect) -> Draft {
    Draft {
        channel,
        aspect,
        measured: String::new(),
        expected: String::new(),
    }
}

/// A check being written: channel and aspect first, then what was measured and expected, then the
/// outcome with its reason.
pub(super) struct Draft {
    channel: &'static str,
    aspect: Aspect,
    measured: String,
    expected: String,
}

impl Draft {
    /// What was measured, with units.
    pub fn measured(mut self, text: impl Into<String>) -> Self {
        self.measured = text.into();
        self
    }

    /// What was expected, with units.
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = text.into();
        self
    }

    /// The outcome, why, and by which threshold.
    pub fn so(self, outcome: Outcome, reason: impl Into<String>, by: &Threshold) -> Check {
        Check {
            channel: self.channel,
            aspect: self.aspect,
            outcome,
            measured: self.measured,
            expected: self.expected,
            reason: reason.into(),
            threshold: by.name,
            source: by.source,
        }
    }

    /// Nothing was measured.
    pub fn absent(self, reason: impl Into<String>) -> Check {
        self.measured("nothing")
            .so(Outcome::Absent, reason, &super::thresholds::NONE)
    }
}
