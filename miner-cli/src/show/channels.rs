//! One table for each channel.

use super::{sparkline, Page};
use crate::names;
use crate::scale::{figures, grouped, time};
use crate::screen::Tone;
use probe_core::channels::{pipeline, quirks, simd};
use probe_core::evidence::Evidence;
use probe_core::machine::Op;

pub fn counter(page: &Page<'_>, evidence: &Evidence) {
    let Some(counter) = page.channel("counter", "the tick source itself", &evidence.counter) else {
        return;
    };
    let nominal = match counter.nominal_hz {
        Some(hz) => format!(", {:.3} GHz by the hardware's word", hz as f64 / 1e9),
        None => String::new(),
    };
    page.row(
        "source",
        format_args!("{}, {} bits{nominal}", counter.source, counter.bits),
    );
    let [least, median, late] = counter.overhead;
    page.row(
        "reading",
        format_args!(
            "{least} ticks at least, {median} in the middle, {late} at the 99th percentile"
        ),
    );
    page.row(
        "steps",
        format_args!(
            "smallest {}, common divisor {}, {} repeated and {} backwards of {}",
            counter.step,
            counter.gcd,
            grouped(counter.repeats.into()),
            grouped(counter.backwards.into()),
            grouped(counter.samples.into())
        ),
    );
}

/// Rows of a matrix of latencies and throughputs.
fn matrix(page: &Page<'_>, ops: &[Op], matrix: &[Option<[u32; 4]>]) {
    let head = format!(
        "  {:<24}{:>9} {:>9}   {:>9} {:>9}   {:>8}",
        "operation", "latency", "cycles", "each in", "cycles", "× add"
    );
    page.screen.say(page.screen.paint(Tone::Faint, head));
    for (op, costs) in ops.iter().zip(matrix) {
        let name = names::op(*op);
        match costs {
            None => page.screen.say(format_args!("  {name:<24}{:>9}", "absent")),
            Some([latency, throughput, latency_ratio, _]) => {
                let ns = |cost| page.scale.ns(cost).map_or_else(|| "?".into(), time);
                let cycles = |cost| page.scale.cycles(cost).map_or_else(|| "?".into(), figures);
                page.screen.say(format_args!(
                    "  {name:<24}{:>9} {:>9}   {:>9} {:>9}   {:>8}",
                    ns(*latency),
                    cycles(*latency),
                    ns(*throughput),
                    cycles(*throughput),
                    figures(f64::from(*latency_ratio) / 1000.0),
                ));
            }
        }
    }
}

pub fn pipeline(page: &Page<'_>, evidence: &Evidence) {
    let title = "scalar instructions: dependent (latency) and independent (throughput)";
    if let Some(pipeline) = page.channel("pipeline", title, &evidence.pipeline) {
        page.spread("add chain", &pipeline.add);
        matrix(page, &pipeline::OPS, &pipeline.matrix);
    }
}

pub fn simd(page: &Page<'_>, evidence: &Evidence) {
    if let Some(simd) = page.channel("simd", "vector instructions", &evidence.simd) {
        matrix(page, &simd::OPS, &simd.matrix);
    }
}

pub fn fpu(page: &Page<'_>, evidence: &Evidence) {
    let Some(fpu) = page.channel("fpu", "special cases of a multiplication", &evidence.fpu) else {
        return;
    };
    for (label, spread) in [
        ("ordinary", &fpu.normal),
        ("subnormal", &fpu.subnormal),
        ("NaN", &fpu.nan),
        ("overflow", &fpu.overflow),
        ("rounding mode", &fpu.rounding),
    ] {
        match spread {
            Some(spread) => page.spread(label, spread),
            None => page.row(label, "   absent"),
        }
    }
}

/// Rows `label value, cost` of a short curve.
fn steps(page: &Page<'_>, label: &str, points: &[[u32; 2]]) {
    if points.is_empty() {
        return;
    }
    let unit = |cost: u32| page.scale.cycles(cost).unwrap_or(f64::from(cost) / 1000.0);
    let list: Vec<String> = points
        .iter()
        .map(|&[at, cost]| format!("{at}: {}", figures(unit(cost))))
        .collect();
    let bars = sparkline(
        points.iter().map(|&[_, cost]| u64::from(cost)),
        page.screen.unicode,
    );
    page.row(label, bars);
    page.screen.wrap(Tone::Faint, 16, &list.join("  "));
}

pub fn branch(page: &Page<'_>, evidence: &Evidence) {
    let title = "prediction, in cycles by pattern length, targets, depth";
    let Some(branch) = page.channel("branch", title, &evidence.branch) else {
        return;
    };
    page.row("same way", page.cost(branch.predictable));
    steps(page, "pattern", &branch.pattern);
    steps(page, "indirect", &branch.indirect);
    steps(page, "returns", &branch.returns);
}

pub fn trap(page: &Page<'_>, evidence: &Evidence) {
    let title = "an instruction that a hypervisor must intercept, and one that it need not";
    let Some(trap) = page.channel("trap", title, &evidence.trap) else {
        return;
    };
    page.spread("identify", &trap.identify);
    page.spread("serialise", &trap.serialise);
}

pub fn quirks(page: &Page<'_>, evidence: &Evidence) {
    let Some(found) = page.channel("quirks", "values that differ by silicon", &evidence.quirks)
    else {
        return;
    };
    for answer in &found.answers {
        let words: Vec<String> = answer
            .words
            .iter()
            .map(|word| format!("{word:08x}"))
            .collect();
        let known = quirks::registry(&evidence.identity.architecture);
        let name = known
            .iter()
            .find(|probe| probe.id == answer.id)
            .map_or("unknown", |probe| probe.name);
        page.screen.say(format_args!("  {name}"));
        page.screen.wrap(Tone::Faint, 16, &words.join(" "));
    }
}

pub fn fresh_code(page: &Page<'_>, evidence: &Evidence) {
    let title = "calling code just written";
    let Some(fresh) = page.channel("fresh_code", title, &evidence.fresh_code) else {
        return;
    };
    page.spread("first call", &fresh.first);
    page.spread("later calls", &fresh.again);
    page.spread("after rewrite", &fresh.rewritten);
    if fresh.stale_rounds > 0 {
        page.row(
            "stale",
            format_args!(
                "{} of {} rounds ran the old code",
                fresh.stale, fresh.stale_rounds
            ),
        );
    }
}

pub fn jitter(page: &Page<'_>, evidence: &Evidence) {
    let title = "short windows: how many took how much longer than the shortest (bins double)";
    let Some(jitter) = page.channel("jitter", title, &evidence.jitter) else {
        return;
    };
    for (index, (histogram, kind)) in jitter
        .histograms
        .iter()
        .zip(names::JITTER_KINDS)
        .enumerate()
    {
        let ticks = |of: &[u32]| of.get(index).copied().unwrap_or(0);
        page.row(
            kind,
            format_args!(
                "{} {} ticks at least, {} at worst, {} windows",
                sparkline(
                    histogram.iter().map(|&count| count.into()),
                    page.screen.unicode
                ),
                grouped(ticks(&jitter.minima).into()),
                grouped(ticks(&jitter.worst).into()),
                grouped(jitter.windows.into())
            ),
        );
    }
}

pub fn oscillator(page: &Page<'_>, evidence: &Evidence) {
    let title = "fixed work by the counter, and the counter by another clock";
    let Some(oscillator) = page.channel("oscillator", title, &evidence.oscillator) else {
        return;
    };
    let bars = sparkline(
        oscillator.histogram.iter().map(|&count| count.into()),
        page.screen.unicode,
    );
    let mean = f64::from(oscillator.mean);
    page.row("samples", format_args!("{bars} {}", oscillator.samples));
    page.row(
        "variation",
        format_args!(
            "{:.4} of a mean of {}; lag-1 correlation {:.3}",
            f64::from(oscillator.cv_ppm) / 1e6,
            page.scale
                .ticks_ns(mean)
                .map_or_else(|| format!("{mean} ticks"), time),
            f64::from(oscillator.lag1_ppm) / 1e6
        ),
    );
    let allan: Vec<String> = oscillator
        .allan_ppb
        .iter()
        .enumerate()
        .map(|(octave, &ppb)| format!("{}: {} ppm", 1u32 << octave, figures(f64::from(ppb) / 1e3)))
        .collect();
    page.row("Allan dev.", "by samples averaged");
    page.screen.wrap(Tone::Faint, 16, &allan.join("  "));
    if let Some(ghz) = page
        .scale
        .counter_ghz()
        .filter(|_| !oscillator.clock.is_empty())
    {
        page.row(
            "rate",
            format_args!("{ghz:.6} GHz against the independent clock"),
        );
    }
}

pub fn thermal(page: &Page<'_>, evidence: &Evidence) {
    let title = "one add, from cold through load to rest";
    let Some(thermal) = page.channel("thermal", title, &evidence.thermal) else {
        return;
    };
    let mut points = thermal.curve.iter();
    for (phase, &length) in names::THERMAL_PHASES.iter().zip(&thermal.phases) {
        let costs: Vec<u32> = points
            .by_ref()
            .take(length.into())
            .map(|&[_, cost]| cost)
            .collect();
        let Some(&least) = costs.iter().min() else {
            continue;
        };
        let mut sorted = costs.clone();
        sorted.sort_unstable();
        let median = sorted[sorted.len() / 2];
        // The shape matters, not the height: bars start at the least.
        let bars = sparkline(
            costs.iter().map(|&cost| u64::from(cost - least) + 1),
            page.screen.unicode,
        );
        page.row(phase, format_args!("{bars:<26} {}", page.cost(median)));
    }
    if let Some(ramp) = thermal.ramp {
        let ns = page.scale.ticks_ns(f64::from(ramp) * 1024.0);
        page.row(
            "ramp to 63 %",
            ns.map_or_else(|| format!("{ramp} kiloticks"), time),
        );
    }
}

pub fn environment(page: &Page<'_>, evidence: &Evidence) {
    let title = "what the machine says of itself";
    let Some(environment) = page.channel("environment", title, &evidence.environment) else {
        return;
    };
    for fact in &environment.facts {
        page.screen
            .say(format_args!("  {:<26}{}", fact.key.as_str(), fact.value));
    }
}
