//! Why each miner got of an epoch's pot what it got, in JSON and in words: from its class over what was
//! taken off to its weight, its share, and the µRTC that the rounding gave or did not.

use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use utoipa::ToSchema;

use crate::epoch::Chain;
use crate::http::scalars::{MicroRtc, MinerId, Rtc, UnixSeconds, Weight};
use crate::ledger::payout_reference;
use crate::store::explain::{Explained, Line};
use crate::verdict::antiquity::{decayed, Antiquity, DECAY_PERCENT_PER_YEAR, YEAR_S};

/// How a pot is divided.
const RULE: &str =
    "everybody gets the whole millionths of an RTC of pot * weight / total weight; those \
                    left over go one each to the largest remainders, ties by miner id";

/// How an epoch's pot is divided.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Division {
    /// The last to get one millionth more, by falling remainder and then by id; null where the pot
    /// divides evenly, and for epochs that older versions settled.
    cut: Option<Cut>,
    /// When the division was decided; null where it is not, and the rest is what it would be now.
    divided_at: Option<UnixSeconds>,
    /// Its number.
    #[schema(minimum = 0)]
    epoch: i64,
    /// Miners that share in it.
    #[schema(minimum = 0)]
    miners: i64,
    /// What is shared out.
    paid_i64: MicroRtc,
    /// What there is to share out.
    pot_i64: MicroRtc,
    pot_rtc: Rtc,
    /// The rule in words.
    rule: &'static str,
    /// Whether everybody was paid.
    settled: bool,
    /// When; null where not everybody was.
    settled_at: Option<UnixSeconds>,
    state: State,
    /// The sum of all weights, in units of 10^-9: a whole number as text, as it may have more than 64
    /// bits.
    #[schema(pattern = "^[0-9]+$")]
    total_weight_units: String,
    /// The payment's name in the books; where it has several parts, of the first.
    #[schema(example = "epoch/7")]
    transaction: String,
}

/// How far a settlement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not divided yet.
    Open,
    /// Divided, and not everybody is paid.
    BeingPaid,
    /// Everybody is paid.
    Settled,
}

impl State {
    fn of(explained: &Explained) -> Self {
        match (explained.begun_ms, explained.settled_ms) {
            (None, _) => State::Open,
            (Some(_), None) => State::BeingPaid,
            (Some(_), Some(_)) => State::Settled,
        }
    }
}

/// A place in the order in which the last millionths are given away.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Cut {
    #[schema(value_type = MinerId)]
    miner: String,
    /// In parts of the sum of all weights: a whole number as text.
    #[schema(pattern = "^[0-9]+$")]
    remainder: String,
}

/// A miner's share of an epoch, and why it is what it is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Share {
    /// What the miner gets.
    amount_i64: MicroRtc,
    amount_rtc: Rtc,
    /// The attestation that it was enrolled for, by its number in the log.
    attestation: i64,
    /// What was booked so far.
    booked_i64: MicroRtc,
    /// The class of its silicon as derived.
    #[schema(value_type = Option<String>)]
    class: Value,
    /// The exact share, as a calculation in µRTC.
    #[schema(example = "1500000 * 2500000000 / 3500000000")]
    exact: String,
    /// The family of its device as derived.
    #[schema(value_type = Option<String>)]
    family: Value,
    /// The exact share, cut to whole µRTC.
    floor_i64: MicroRtc,
    #[schema(value_type = MinerId)]
    miner: String,
    /// Whether it counts as real silicon.
    #[schema(value_type = Option<bool>)]
    physical: Value,
    /// Why it does not count as what it claims to be; null where it does.
    #[schema(value_type = Option<Object>)]
    reclassified: Value,
    /// What was cut off, in parts of the sum of all weights: a whole number as text.
    #[schema(pattern = "^[0-9]+$")]
    remainder: String,
    /// What the rounding gave, µRTC.
    #[schema(minimum = 0, maximum = 1)]
    rounding_i64: i64,
    /// The verdict in one sentence.
    #[schema(value_type = Option<String>)]
    summary: Value,
    weight: Weight,
    /// From the class's base to the weight that counts. Steps that take nothing off are left out.
    weight_steps: Vec<Step>,
    /// The weight in units of 10^-9.
    #[schema(minimum = 0)]
    weight_units: i64,
}

/// A step from a class's base to a weight.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WeightStep)]
pub struct Step {
    /// What is left after it.
    leaves: Weight,
    /// The same in units of 10^-9.
    #[schema(minimum = 0)]
    leaves_units: i64,
    step: StepName,
    /// What it took off, in units of 10^-9; null for the first.
    taken_off_units: Option<i64>,
    /// The numbers of the formula, where `why` is one.
    terms: Option<Ageing>,
    /// Why.
    why: String,
}

/// What takes weight off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// What the class of its silicon is worth.
    Class,
    /// What the class was worth at the chain's age, where the table of classes says otherwise today.
    Multiplier,
    /// The age of the chain.
    Age,
    /// The verdict.
    Verdict,
    /// An earlier enrolment in the same epoch.
    Enrolment,
    /// What was found between the enrolment and the epoch's end.
    Settlement,
}

/// The terms of the ageing of a bonus.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Ageing {
    /// What the class is worth without ageing, in units of 10^-9.
    #[schema(minimum = 0)]
    base_units: u64,
    /// Seconds from genesis to the attestation.
    #[schema(minimum = 0)]
    chain_age_s: u64,
    /// Hundredths of a bonus that are lost in a year.
    percent_per_year: u64,
    /// Seconds of a year.
    year_s: u64,
}

/// What is said of an epoch as a whole.
pub fn epoch(explained: &Explained) -> Division {
    let division = &explained.division;
    Division {
        cut: division.cut.as_ref().map(|cut| Cut {
            miner: cut.miner.clone(),
            remainder: cut.remainder.to_string(),
        }),
        divided_at: explained.begun_ms.map(UnixSeconds::of_ms),
        epoch: explained.epoch,
        miners: division.miners,
        paid_i64: MicroRtc(division.paid),
        pot_i64: MicroRtc(division.pot),
        pot_rtc: Rtc(division.pot),
        rule: RULE,
        settled: explained.settled_ms.is_some(),
        settled_at: explained.settled_ms.map(UnixSeconds::of_ms),
        state: State::of(explained),
        total_weight_units: division.total_weight.to_string(),
        transaction: payout_reference(explained.epoch, 1),
    }
}

/// What is said of one miner.
pub fn share(explained: &Explained, line: &Line, antiquity: &Antiquity, chain: &Chain) -> Share {
    let (division, share) = (&explained.division, &line.share);
    let mut verdict: Value = serde_json::from_str(&line.verdict).unwrap_or_default();
    // What is booked is what is true: older versions did not write the cut down.
    let amount = match explained.settled_ms {
        Some(_) => line.booked,
        None => share.amount,
    };
    let weight_steps = steps(line, &verdict, antiquity, chain);
    let mut said = |name: &str| verdict.get_mut(name).map(Value::take).unwrap_or_default();
    Share {
        amount_i64: MicroRtc(amount),
        amount_rtc: Rtc(amount),
        attestation: line.attestation_id,
        booked_i64: MicroRtc(line.booked),
        class: said("class"),
        exact: format!(
            "{} * {} / {}",
            division.pot, line.weight, division.total_weight
        ),
        family: said("family"),
        floor_i64: MicroRtc(share.floor),
        miner: line.miner.clone(),
        physical: said("physical"),
        reclassified: said("reclassified"),
        remainder: share.remainder.to_string(),
        rounding_i64: amount - share.floor,
        summary: said("summary"),
        weight: Weight(line.weight),
        weight_steps,
        weight_units: line.weight,
    }
}

/// The steps of one weight, as they are made.
struct Steps {
    steps: Vec<Step>,
    left: Option<i64>,
}

impl Steps {
    /// Adds a step, unless it leaves what was there or nothing is known of it.
    fn to(&mut self, units: Option<i64>, step: StepName, why: &str, terms: Option<Ageing>) {
        let Some(units) = units.filter(|&units| self.left != Some(units)) else {
            return;
        };
        self.steps.push(Step {
            leaves: Weight(units),
            leaves_units: units,
            step,
            taken_off_units: self.left.map(|left| left.saturating_sub(units)),
            terms,
            why: why.to_owned(),
        });
        self.left = Some(units);
    }
}

fn steps(line: &Line, verdict: &Value, antiquity: &Antiquity, chain: &Chain) -> Vec<Step> {
    let mut steps = Steps {
        steps: Vec::new(),
        left: None,
    };
    let summary = verdict["summary"].as_str().unwrap_or_default();
    let multiplier = verdict["multiplier_units"].as_i64();
    let class = verdict["class"]
        .as_str()
        .and_then(|key| antiquity.class(key));
    let age_s = chain.age_s(line.received_ms / 1_000);
    // Where the table has changed since, its base says nothing of this verdict.
    let made_it = |base: u64| i64::try_from(decayed(base, age_s)).ok() == multiplier;
    match class.filter(|class| made_it(class.base_units)) {
        Some(class) => {
            let base = i64::try_from(class.base_units).ok();
            let why = format!("{}. {summary}", class.name);
            steps.to(base, StepName::Class, &why, None);
            let terms = Ageing {
                base_units: class.base_units,
                chain_age_s: age_s,
                percent_per_year: DECAY_PERCENT_PER_YEAR,
                year_s: YEAR_S,
            };
            let why = "bonuses fall with the age of the chain: 1 + (base - 1) * max(0, 1 - percent / 100 \
                       * age / year)";
            steps.to(multiplier, StepName::Age, why, Some(terms));
        }
        None => {
            let why = "as the verdict says; the table of classes has changed since";
            steps.to(multiplier, StepName::Multiplier, why, None);
        }
    }
    let judged = verdict["weight_units"].as_i64();
    steps.to(judged, StepName::Verdict, summary, None);
    let why = "the first enrolment in an epoch counts";
    steps.to(Some(line.enrolled), StepName::Enrolment, why, None);
    let why = "another name of the same machine attested first and has its vote: /api/miner/{miner}/fleet says \
               what they have in common";
    steps.to(Some(line.weight), StepName::Settlement, why, None);
    steps.steps
}

/// An epoch as a whole, in words, and the head of a table of miners.
pub fn epoch_text(explained: &Explained) -> String {
    let division = &explained.division;
    let state = match State::of(explained) {
        State::Open => "open: what it would pay if it ended now",
        State::BeingPaid => "being paid",
        State::Settled => "settled",
    };
    let cut = match &division.cut {
        None => String::new(),
        Some(cut) => format!(
            "the last to get one more: remainder {}, {}\n",
            cut.remainder, cut.miner
        ),
    };
    format!(
        "epoch {}, {state}\n\
         {} miners, a pot of {} µRTC, {} µRTC for them, total weight {} units\n\
         (1000000000 units are a weight of 1.0)\n{RULE}\n{cut}\n\
         {:>15} {:>15} {:>24} {:>8} {:>15}  miner, class, and how the weight came about\n",
        explained.epoch,
        division.miners,
        division.pot,
        division.paid,
        division.total_weight,
        "weight units",
        "floor µRTC",
        "remainder",
        "rounding",
        "amount µRTC",
    )
}

/// A line of that table, and a line for each step of its weight.
pub fn share_text(share: &Share) -> String {
    let mut out = format!(
        "{:>15} {:>15} {:>24} {:>8} {:>15}  {} {}\n",
        share.weight_units,
        share.floor_i64.0,
        share.remainder,
        share.rounding_i64,
        share.amount_i64.0,
        share.miner,
        share.class.as_str().unwrap_or("-"),
    );
    for step in &share.weight_steps {
        // Writing to a text never fails.
        let _ = writeln!(out, "{:>15}     {}", step.leaves_units, step.why);
    }
    out
}
