//! One file for each channel: what was measured against what silicon shows.
//!
//! Every file exports `check(&Subject) -> Vec<Check>`; none reads another's result. What the
//! outcomes amount to together is decided once, in [`super::conclusion`].

pub mod arithmetic;
pub mod binding;
pub mod branch;
pub mod cache;
pub mod claim;
pub mod clock;
pub mod continuity;
pub mod counted;
pub mod counter;
pub mod environment;
pub mod fpu;
pub mod fresh_code;
pub mod imitation;
pub mod jitter;
pub mod kernel;
pub mod legacy;
pub mod likeness;
pub mod oscillator;
pub mod pipeline;
pub mod quirks;
pub mod simd;
pub mod speed;
pub mod thermal;
pub mod trap;

use super::likeness::Near;
use super::processor::Processor;
use super::thresholds::{Threshold, NONE};
use super::{Aspect, Case, Check, Outcome, Profiles};
use probe_core::evidence::{Evidence, Milliticks, MIN};
use probe_core::seed::Seed;
use std::cell::OnceCell;

/// What is judged: the case, its evidence taken out of the proof, and what is known of silicon.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// The whole case.
    pub case: &'a Case<'a>,
    /// The evidence of the case.
    pub evidence: &'a Evidence,
    /// The seed of the case.
    pub seed: &'a Seed,
    /// What is known of silicon.
    pub profiles: &'a Profiles,
    /// The processor, parsed from the evidence.
    pub processor: Processor<'a>,
    /// What [`Subject::near`] gives, once it was asked.
    near: OnceCell<Vec<Near<'a>>>,
}

/// Every check of evidence, in the order in which a reader wants them.
pub fn all(subject: &Subject<'_>) -> Vec<Check> {
    const CHECKS: [fn(&Subject<'_>) -> Vec<Check>; 22] = [
        binding::check,
        arithmetic::check,
        clock::check,
        environment::check,
        trap::check,
        fresh_code::check,
        quirks::check,
        counter::check,
        pipeline::check,
        counted::check,
        simd::check,
        likeness::check,
        imitation::check,
        fpu::check,
        branch::check,
        cache::check,
        jitter::check,
        oscillator::check,
        thermal::check,
        claim::check,
        speed::check,
        continuity::check,
    ];
    CHECKS.iter().flat_map(|check| check(subject)).collect()
}

impl<'a> Subject<'a> {
    /// Of a case with evidence.
    pub fn new(
        case: &'a Case<'a>,
        evidence: &'a Evidence,
        seed: &'a Seed,
        profiles: &'a Profiles,
    ) -> Self {
        Subject {
            case,
            evidence,
            seed,
            profiles,
            processor: Processor::parse(&evidence.identity, &profiles.silicon),
            near: OnceCell::new(),
        }
    }

    /// The records of x86 processors that the machine is near to, nearest first. Several checks ask; every record is
    /// compared once.
    pub fn near(&self) -> &[Near<'a>] {
        self.near.get_or_init(|| likeness::near(self))
    }

    /// The dependent add, milliticks: the unit of every ratio. `None` where it was not measured.
    pub fn add(&self) -> Option<Milliticks> {
        let pipeline = self.evidence.pipeline.as_ref().map(|p| p.add[MIN]);
        let simd = self.evidence.simd.as_ref().map(|s| s.add[MIN]);
        pipeline.or(simd).filter(|&add| add > 0)
    }

    /// A cost in milliticks as thousandths of an add.
    pub fn in_adds(&self, cost: Milliticks) -> Option<u64> {
        self.add()
            .map(|add| u64::from(cost) * 1000 / u64::from(add))
    }

    /// Ticks in a second by the miner's independent clock.
    pub fn frequency_hz(&self) -> Option<u64> {
        rate(self.evidence.elapsed_ticks, self.evidence.elapsed_ns)
    }
}

/// `ticks` in `ns`, in hertz; `None` where nothing elapsed or the rate does not fit.
pub(super) fn rate(ticks: u64, ns: u64) -> Option<u64> {
    let hz = (u128::from(ticks) * 1_000_000_000).checked_div(u128::from(ns))?;
    u64::try_from(hz).ok().filter(|&hz| hz > 0)
}

/// Distance of `a` from `b` in parts per million of `b`, saturating; `b` = 0 is infinitely far.
pub(super) fn ppm_apart(a: u64, b: u64) -> u64 {
    let apart = (u128::from(a.abs_diff(b)) * 1_000_000).checked_div(u128::from(b));
    apart.map_or(u64::MAX, |ppm| u64::try_from(ppm).unwrap_or(u64::MAX))
}

/// Thousandths as a decimal number: `3020` is `3.02`.
pub(super) fn milli(thousandths: u64) -> String {
    let hundredths = thousandths.saturating_add(5) / 10;
    format!("{}.{:02}", grouped(hundredths / 100), hundredths % 100)
}

/// A whole number with commas.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Begins a check of one channel and aspect.
pub(super) fn about(channel: &'static str, aspect: Aspect) -> Draft {
    Draft {
        channel,
        aspect,
        code: "",
        measured: String::new(),
        expected: String::new(),
        of_limit_ppm: None,
    }
}

/// A check being written: channel and aspect first, then what was measured and expected, then the
/// outcome with its reason.
pub(super) struct Draft {
    channel: &'static str,
    aspect: Aspect,
    code: &'static str,
    measured: String,
    expected: String,
    of_limit_ppm: Option<u64>,
}

impl Draft {
    /// The reason as a code of [`super::reason`].
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

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

    /// The number that decides, and the limit that decides it, in one unit.
    pub fn margin(mut self, number: u64, limit: u64) -> Self {
        let ppm = (u128::from(number) * 1_000_000).checked_div(u128::from(limit));
        self.of_limit_ppm = ppm.map(|ppm| u64::try_from(ppm).unwrap_or(u64::MAX));
        self
    }

    /// The outcome, why, and by which threshold.
    pub fn so(self, outcome: Outcome, reason: impl Into<String>, by: &Threshold) -> Check {
        Check {
            channel: self.channel,
            aspect: self.aspect,
            outcome,
            code: self.code,
            measured: self.measured,
            expected: self.expected,
            reason: reason.into(),
            threshold: by.name,
            source: by.source,
            of_limit_ppm: self.of_limit_ppm,
        }
    }

    /// Passed or failed by a threshold, with a reason for each.
    pub fn decide(self, passes: bool, good: &str, bad: &str, by: &Threshold) -> Check {
        let (outcome, reason) = if passes {
            (Outcome::Pass, good)
        } else {
            (Outcome::Fail, bad)
        };
        self.so(outcome, reason, by)
    }

    /// Nothing was measured.
    pub fn absent(self, reason: impl Into<String>) -> Check {
        self.measured("nothing").so(Outcome::Absent, reason, &NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(milli(3_020), "3.02");
        assert_eq!(milli(15_800_000), "15,800.00");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(7), "7");
        assert_eq!(rate(5, 0), None);
        assert_eq!(ppm_apart(5, 0), u64::MAX);
    }
}
