//! What each channel found, in one line: a few bars and a few words.

use crate::names;
use crate::scale::{figures, grouped, time, Scale};
use crate::show::sparkline;
use crate::size::human;
use probe_core::channels::{pipeline, simd, ChannelId};
use probe_core::evidence::{Evidence, Spread, MIN};
use probe_core::machine::Op;

/// Bars in a line.
pub const BARS: usize = 12;

/// A channel in a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    /// At most [`BARS`] bars; empty where there is no curve.
    pub bars: String,
    /// In words.
    pub words: String,
}

/// What a channel found; `None` where it found nothing, or has not run yet.
pub fn of(channel: ChannelId, evidence: &Evidence, unicode: bool) -> Option<Finding> {
    let scale = Scale::of(evidence);
    let (bars, words) = match channel {
        ChannelId::Counter => counter(evidence)?,
        ChannelId::Pipeline => scalar(evidence, &scale)?,
        ChannelId::Simd => vector(evidence)?,
        ChannelId::Fpu => fpu(evidence)?,
        ChannelId::Branch => branch(evidence, &scale)?,
        ChannelId::Trap => trap(evidence)?,
        ChannelId::Quirks => quirks(evidence)?,
        ChannelId::FreshCode => fresh_code(evidence)?,
        ChannelId::Cache => cache(evidence, &scale)?,
        ChannelId::Jitter => jitter(evidence)?,
        ChannelId::Oscillator => oscillator(evidence)?,
        ChannelId::Thermal => thermal(evidence, &scale)?,
        ChannelId::Environment => environment(evidence)?,
    };
    let bars = sparkline(squeezed(&bars), unicode);
    Some(Finding { bars, words })
}

type Line = (Vec<u64>, String);

/// So few values that they fit, each the highest of its neighbours, so that no peak is lost.
fn squeezed(values: &[u64]) -> Vec<u64> {
    let size = values.len().div_ceil(BARS).max(1);
    let highest = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    values.chunks(size).map(highest).collect()
}

/// `cost` in adds of the pipeline channel; the bare ratio of two costs where there is none.
fn adds(evidence: &Evidence, cost: u32) -> Option<String> {
    let add = evidence.pipeline.as_ref()?.add[MIN];
    (add > 0).then(|| figures(f64::from(cost) / f64::from(add)))
}

/// How many times the first one the second one costs.
fn ratio(of: u32, to: u32) -> String {
    figures(f64::from(of) / f64::from(to.max(1)))
}

fn counter(evidence: &Evidence) -> Option<Line> {
    let counter = evidence.counter.as_ref()?;
    let words = format!(
        "{}, {} bits, steps of {}",
        counter.source, counter.bits, counter.step
    );
    Some((Vec::new(), words))
}

/// The latencies of a matrix as bars, and one operation's in words.
fn matrix(matrix: &[Option<[u32; 4]>], ops: &[Op], told: Op) -> Line {
    // A latency's ratio to the add, thousandths, is the third of four.
    let latency = |costs: &Option<[u32; 4]>| costs.map_or(0, |[_, _, ratio, _]| u64::from(ratio));
    let there = matrix.iter().flatten().count();
    let place = ops.iter().position(|&op| op == told);
    let words = match place.and_then(|at| *matrix.get(at)?) {
        Some([_, _, ratio, _]) => {
            format!(
                "{} {} adds",
                names::op(told),
                figures(f64::from(ratio) / 1000.0)
            )
        }
        None => format!("{there} operations of {}", ops.len()),
    };
    (matrix.iter().map(latency).collect(), words)
}

fn scalar(evidence: &Evidence, scale: &Scale) -> Option<Line> {
    let found = evidence.pipeline.as_ref()?;
    let (bars, words) = matrix(&found.matrix, &pipeline::OPS, Op::IntDiv);
    let add = scale
        .ns(found.add[MIN])
        .map_or_else(String::new, |ns| format!("add {}, ", time(ns)));
    Some((bars, format!("{add}{words}")))
}

fn vector(evidence: &Evidence) -> Option<Line> {
    Some(matrix(
        &evidence.simd.as_ref()?.matrix,
        &simd::OPS,
        Op::VecPermute,
    ))
}

fn fpu(evidence: &Evidence) -> Option<Line> {
    let fpu = evidence.fpu.as_ref()?;
    let cost = |spread: &Option<Spread>| spread.map_or(0, |spread| spread[MIN]);
    let kinds = [
        &fpu.normal,
        &fpu.subnormal,
        &fpu.nan,
        &fpu.overflow,
        &fpu.rounding,
    ];
    let words = match (cost(&fpu.subnormal), cost(&fpu.normal)) {
        (0, _) | (_, 0) => "no subnormals".into(),
        (odd, usual) => format!("a subnormal takes {} times", ratio(odd, usual)),
    };
    Some((kinds.map(|kind| cost(kind).into()).to_vec(), words))
}

fn branch(evidence: &Evidence, scale: &Scale) -> Option<Line> {
    let branch = evidence.branch.as_ref()?;
    let bars: Vec<u64> = branch
        .pattern
        .iter()
        .map(|&[_, cost]| cost.into())
        .collect();
    let worst = branch.pattern.iter().map(|&[_, cost]| cost).max()?;
    let words = match scale.cycles(worst) {
        Some(cycles) => format!("worst {} cycles", figures(cycles)),
        None => format!("{} patterns", bars.len()),
    };
    Some((bars, words))
}

fn trap(evidence: &Evidence) -> Option<Line> {
    let identify = evidence.trap.as_ref()?.identify[MIN];
    let words = match adds(evidence, identify) {
        Some(adds) => format!("identifying {adds} adds"),
        None => "identifying itself".into(),
    };
    Some((Vec::new(), words))
}

fn quirks(evidence: &Evidence) -> Option<Line> {
    let words = format!(
        "{} values of its silicon",
        evidence.quirks.as_ref()?.answers.len()
    );
    Some((Vec::new(), words))
}

fn fresh_code(evidence: &Evidence) -> Option<Line> {
    let fresh = evidence.fresh_code.as_ref()?;
    let costs = [&fresh.first, &fresh.again, &fresh.rewritten].map(|spread| spread[MIN].into());
    let words = format!(
        "first call {} times a later",
        ratio(fresh.first[MIN], fresh.again[MIN])
    );
    Some((costs.to_vec(), words))
}

fn cache(evidence: &Evidence, scale: &Scale) -> Option<Line> {
    let cache = evidence.cache.as_ref()?;
    // Costs span three orders of magnitude: bars by the number of bits show every level.
    let bits = |spread: &Spread| u64::from(spread[MIN].max(1).ilog2());
    let least = cache.curve.iter().map(bits).min().unwrap_or(0);
    let bars = cache.curve.iter().map(|spread| bits(spread) - least + 1);
    let levels: Vec<String> = cache
        .boundaries
        .iter()
        .map(|&kib| human(u64::from(kib) * 1024))
        .collect();
    let far = cache.curve.last().and_then(|spread| scale.ns(spread[MIN]));
    let far = far.map_or_else(String::new, |ns| format!("; {}", time(ns)));
    let words = match levels.is_empty() {
        true => format!("no levels found{far}"),
        false => format!("{}{far}", levels.join(", ")),
    };
    Some((bars.collect(), words))
}

fn jitter(evidence: &Evidence) -> Option<Line> {
    let jitter = evidence.jitter.as_ref()?;
    let bars = jitter
        .histograms
        .first()?
        .iter()
        .map(|&count| count.into())
        .collect();
    let worst = jitter.worst.first().copied().unwrap_or(0);
    Some((
        bars,
        format!(
            "{} windows, worst {} ticks",
            grouped(jitter.windows.into()),
            grouped(worst.into())
        ),
    ))
}

fn oscillator(evidence: &Evidence) -> Option<Line> {
    let found = evidence.oscillator.as_ref()?;
    let bars = found.histogram.iter().map(|&count| count.into()).collect();
    Some((bars, format!("spread {} ppm", grouped(found.cv_ppm.into()))))
}

fn thermal(evidence: &Evidence, scale: &Scale) -> Option<Line> {
    let thermal = evidence.thermal.as_ref()?;
    let costs: Vec<u64> = thermal.curve.iter().map(|&[_, cost]| cost.into()).collect();
    let least = costs.iter().copied().min()?;
    let most = costs.iter().copied().max()?;
    // The shape matters, not the height: bars start at the least.
    let bars = costs.iter().map(|cost| cost - least + 1).collect();
    let range = [least, most].map(|cost| scale.ns(cost as u32).map_or_else(|| "?".into(), time));
    Some((bars, format!("add {} to {}", range[0], range[1])))
}

/// The facts that tell most come first.
fn environment(evidence: &Evidence) -> Option<Line> {
    let facts = &evidence.environment.as_ref()?.facts;
    let words = match facts.first() {
        Some(fact) => format!("{} = {}", fact.key, fact.value),
        None => "nothing to tell".into(),
    };
    Some((Vec::new(), words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_survive_squeezing() {
        assert_eq!(squeezed(&[1, 2, 3]), [1, 2, 3]);
        let mut values = vec![1; 40];
        values[37] = 9;
        let few = squeezed(&values);
        assert!(few.len() <= BARS && few.contains(&9));
        assert!(squeezed(&[]).is_empty());
    }
}
