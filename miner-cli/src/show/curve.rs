//! The cache curve, drawn.

use super::canvas::Canvas;
use super::Page;
use crate::scale::{figures, time, Scale};
use crate::screen::Tone;
use crate::size::human;
use probe_core::channels::cache::{self, working_set};
use probe_core::evidence::{Evidence, MIN};

/// Lines of the drawing in a table of results.
const HEIGHT: usize = 10;

/// Characters before the drawing: the scale on the left.
const MARGIN: usize = 10;

pub fn cache(page: &Page<'_>, evidence: &Evidence) {
    let title = "one load of a random walk, by the memory walked through";
    let Some(cache) = page.channel("cache", title, &evidence.cache) else {
        return;
    };
    draw(page, cache);
    let capacities: Vec<String> = cache
        .boundaries
        .iter()
        .map(|&kib| human(u64::from(kib) * 1024))
        .collect();
    let found = |list: Vec<String>| {
        if list.is_empty() {
            "none found".into()
        } else {
            list.join(", ")
        }
    };
    page.row("capacities", found(capacities));
    page.row(
        "line",
        cache
            .line
            .map_or_else(|| "not found".into(), |bytes| format!("{bytes} bytes")),
    );
    let reach = cache
        .tlb_reach
        .iter()
        .map(|pages| format!("{pages} pages"))
        .collect();
    page.row("TLB reach", found(reach));
    let mut level = 0;
    for (&capacity, at) in cache.boundaries.iter().zip(1..) {
        // Half of a capacity lies well inside its level.
        if let Some(cost) = cost_within(cache, u64::from(capacity) * 512) {
            page.row(&format!("level {at}"), page.cost(cost));
            level = at;
        }
    }
    if let Some(last) = cache.curve.last() {
        let label = if level == 0 {
            "farthest".into()
        } else {
            format!("beyond {level}")
        };
        page.row(&label, page.cost(last[MIN]));
    }
}

/// The cost of the largest working set of at most `bytes`.
fn cost_within(cache: &cache::Evidence, bytes: u64) -> Option<u32> {
    let points = cache.curve.iter().enumerate();
    let within = points.take_while(|&(index, _)| working_set(index) <= bytes);
    within.last().map(|(_, spread)| spread[MIN])
}

fn draw(page: &Page<'_>, cache: &cache::Evidence) {
    let (lines, axis) = drawing(
        cache,
        &page.scale,
        page.screen.width.saturating_sub(3),
        HEIGHT,
        page.screen.unicode,
    );
    for line in lines {
        page.screen.say(line);
    }
    page.screen.say(page.screen.paint(Tone::Faint, axis));
}

/// The curve in `height` lines of `width` characters, with its scale on the left, and the line of sizes that
/// belongs below it; nothing where there is no curve.
pub fn drawing(
    cache: &cache::Evidence,
    scale: &Scale,
    width: usize,
    height: usize,
    unicode: bool,
) -> (Vec<String>, String) {
    let costs: Vec<f64> = cache
        .curve
        .iter()
        .map(|spread| f64::from(spread[MIN].max(1)).ln())
        .collect();
    let sizes: Vec<f64> = (0..costs.len())
        .map(|index| (working_set(index) as f64).ln())
        .collect();
    let (Some((&first, &last)), Some(least), Some(most)) = (
        sizes.first().zip(sizes.last()),
        costs.iter().copied().reduce(f64::min),
        costs.iter().copied().reduce(f64::max),
    ) else {
        return Default::default();
    };
    let width = width.saturating_sub(MARGIN + 1);
    let across = |size: f64| (size - first) / (last - first).max(f64::MIN_POSITIVE);
    let up = |cost: f64| (cost - least) / (most - least).max(f64::MIN_POSITIVE);
    let mut canvas = Canvas::new(width, height, unicode);
    for &kib in &cache.boundaries {
        canvas.mark(across((f64::from(kib) * 1024.0).ln()));
    }
    for (size, cost) in sizes.windows(2).zip(costs.windows(2)) {
        canvas.line(
            (across(size[0]), up(cost[0])),
            (across(size[1]), up(cost[1])),
        );
    }
    let edge = if unicode { '│' } else { '|' };
    let bottom = height.saturating_sub(1);
    let labelled = |(row, line)| {
        // Labels at the top, the middle and the bottom; the scale is logarithmic.
        let label = [0, height / 2, bottom].contains(&row).then(|| {
            let up = 1.0 - row as f64 / bottom.max(1) as f64;
            let millis = (least + up * (most - least)).exp();
            scale
                .ns(millis.round() as u32)
                .map_or_else(|| format!("{} t", figures(millis / 1000.0)), time)
        });
        format!("{:>MARGIN$}{edge}{line}", label.unwrap_or_default())
    };
    let lines = canvas.lines().into_iter().enumerate().map(labelled);
    let axis = size_labels(&sizes, width, across);
    (lines.collect(), format!("{:>MARGIN$} {axis}", ""))
}

/// Names of every second octave below the drawing, where there is room.
fn size_labels(sizes: &[f64], width: usize, across: impl Fn(f64) -> f64) -> String {
    let mut axis = String::new();
    for (index, &size) in sizes.iter().enumerate() {
        let bytes = working_set(index);
        let at = (across(size) * width.saturating_sub(1) as f64).round() as usize;
        let label = human(bytes).replace(' ', "").replace("iB", "");
        let wanted = bytes.is_power_of_two() && bytes.ilog2().is_multiple_of(2);
        let free = axis.is_empty() || axis.len() + 2 <= at;
        if wanted && free && at + label.len() <= width {
            axis.push_str(&" ".repeat(at.saturating_sub(axis.len())));
            axis.push_str(&label);
        }
    }
    axis
}
