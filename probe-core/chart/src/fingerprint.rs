//! One picture of what a probe found: cache curve, instruction matrix, histograms.

use crate::names;
use crate::paint::{centred, font};
use crate::paint::{Area, Backend, Drawn, COPPER, GREEN, GREY, INK, PALE};
use crate::scale::{figures, human, time, Scale};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use probe_core::channels::{cache, pipeline, simd};
use probe_core::evidence::{Evidence, Spread, MEDIAN, MIN};

/// Size of the picture, pixels.
pub const SIZE: (u32, u32) = (1200, 1220);

/// Heights of the title, the cache curve and the matrices; the histograms take the rest.
const TITLE: i32 = 64;
const CURVE: i32 = 430;
const MATRIX: i32 = 400;

/// A range of costs below this has labels at powers of two.
const SHORT_RANGE: f64 = 50.0;

/// How much copper is in the coolest cell of a matrix, and how much more in the hottest.
const HEAT: (f64, f64) = (0.12, 0.66);

/// The picture as SVG text, described for whoever has it read aloud.
///
/// # Errors
/// The plotting library's.
pub fn svg(evidence: &Evidence) -> Result<String, Box<dyn std::error::Error>> {
    let text = crate::paint::svg(SIZE, |area| draw(area, evidence))?;
    Ok(described(&text, evidence))
}

/// The same picture as PNG.
///
/// # Errors
/// The plotting library's.
#[cfg(feature = "png")]
pub fn png(evidence: &Evidence) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    crate::raster::png(SIZE, |area| draw(area, evidence))
}

fn draw<B: Backend>(root: &Area<B>, evidence: &Evidence) -> Drawn {
    root.fill(&WHITE)?;
    let (head, rest) = root.split_vertically(TITLE);
    let (upper, rest) = rest.split_vertically(CURVE);
    let (middle, lower) = rest.split_vertically(MATRIX);
    let scale = Scale::of(evidence);
    title(&head, evidence, &scale)?;
    curve(&upper, evidence, &scale)?;
    let (left, right) = middle.split_horizontally(SIZE.0 as i32 / 2);
    let scalar = evidence
        .pipeline
        .as_ref()
        .map_or(&[][..], |pipeline| &pipeline.matrix);
    matrix(&left, "scalar instructions", &pipeline::OPS, scalar)?;
    let vector = evidence.simd.as_ref().map_or(&[][..], |simd| &simd.matrix);
    matrix(&right, "vector instructions", &simd::OPS, vector)?;
    histograms(&lower, evidence)
}

/// The picture with a name and a description, for whoever has it read aloud (SVG 1.1, 5.4).
fn described(picture: &str, evidence: &Evidence) -> String {
    let name = escaped(name(evidence));
    let words = escaped(&description(evidence));
    let head = format!("<svg role=\"img\" aria-label=\"{name}\" ");
    let about = format!(">\n<title>{name}</title>\n<desc>{words}</desc>\n");
    let picture = picture.replacen("<svg ", &head, 1);
    picture.replacen(">\n", &about, 1)
}

/// What the picture shows, in a few sentences.
pub fn description(evidence: &Evidence) -> String {
    let scale = Scale::of(evidence);
    let mut text = String::new();
    if let Some(cache) = &evidence.cache {
        let cost = |spread: &Spread| match scale.ns(spread[MIN]) {
            Some(ns) => time(ns),
            None => format!("{} ticks", figures(f64::from(spread[MIN]) / 1000.0)),
        };
        if let (Some(first), Some(last)) = (cache.curve.first(), cache.curve.last()) {
            let (near, far) = (cost(first), cost(last));
            text +=
                &format!("A load takes {near} in the smallest memory and {far} in the largest. ");
        }
        let levels = cache
            .boundaries
            .iter()
            .map(|&kib| human(u64::from(kib) * 1024));
        let levels: Vec<String> = levels.collect();
        if !levels.is_empty() {
            text += &format!("Its caches end at {}. ", levels.join(", "));
        }
    }
    text + "The numbers of all tables and bars are printed by `verdigris probe`."
}

/// Text inside of an element or a quoted attribute (XML 1.0, 2.4).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The machine's name, or what stands for it.
fn name(evidence: &Evidence) -> &str {
    match evidence.identity.name.as_str() {
        "" => evidence.identity.architecture.as_str(),
        name => name,
    }
}

fn title<B: Backend>(area: &Area<B>, evidence: &Evidence, scale: &Scale) -> Drawn {
    let name = name(evidence).to_owned();
    area.draw(&Text::new(name, (24, 14), font(24, &INK)))?;
    let clock = match (scale.core_ghz(), scale.counter_ghz()) {
        (Some(core), Some(counter)) => format!("core {core:.2} GHz, counter {counter:.3} GHz, "),
        _ => String::new(),
    };
    let about = format!(
        "{}, {clock}{} measured, {} plan",
        evidence.identity.architecture,
        human(evidence.arena.into()),
        if evidence.quick { "quick" } else { "standard" }
    );
    area.draw(&Text::new(about, (24, 44), font(14, &GREY)))?;
    Ok(())
}

/// A panel without data says so.
fn absent<B: Backend>(area: &Area<B>, what: &str) -> Drawn {
    let (width, height) = area.dim_in_pixel();
    let middle = (width as i32 / 2, height as i32 / 2);
    area.draw(&Text::new(
        format!("{what}: absent"),
        middle,
        centred(16, &GREY),
    ))?;
    Ok(())
}

fn curve<B: Backend>(area: &Area<B>, evidence: &Evidence, scale: &Scale) -> Drawn {
    let Some(cache) = evidence
        .cache
        .as_ref()
        .filter(|cache| cache.curve.len() > 1)
    else {
        return absent(area, "cache curve");
    };
    let (unit, factor) = match scale.ns(1000) {
        Some(ns) => ("ns", ns / 1000.0),
        None => ("ticks", 0.001),
    };
    let line = |index: usize| -> Vec<(f64, f64)> {
        let points = cache.curve.iter().enumerate();
        // At least a thousandth of a tick: the scale is logarithmic.
        points
            .map(|(i, spread)| {
                (
                    cache::working_set(i) as f64,
                    f64::from(spread[index].max(1)) * factor,
                )
            })
            .collect()
    };
    let (least, middle) = (line(MIN), line(MEDIAN));
    let lowest = least
        .iter()
        .map(|point| point.1)
        .fold(f64::INFINITY, f64::min)
        / 1.5;
    let highest = middle.iter().map(|point| point.1).fold(0.0, f64::max) * 2.0;
    let (first, last) = (least[0].0, least[least.len() - 1].0);
    // Powers of two give a short range enough labels.
    let base = if highest / lowest < SHORT_RANGE {
        2.0
    } else {
        10.0
    };
    let mut chart = ChartBuilder::on(area)
        .caption(
            "One load of a random walk, by the memory walked through",
            ("sans-serif", 18, &INK),
        )
        .margin(12)
        .margin_right(30)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (first..last).log_scale().base(2.0),
            (lowest..highest).log_scale().base(base),
        )?;
    chart
        .configure_mesh()
        .bold_line_style(PALE)
        .light_line_style(TRANSPARENT)
        .axis_style(GREY)
        .label_style(font(14, &INK))
        .x_labels(18)
        .y_labels(8)
        .x_label_formatter(&|bytes| human(*bytes as u64))
        .y_label_formatter(&|cost| figures(*cost))
        .x_desc("memory walked through")
        .y_desc(format!("{unit} a load"))
        .draw()?;
    for (index, &kib) in cache.boundaries.iter().enumerate() {
        let at = f64::from(kib) * 1024.0;
        if !(first..=last).contains(&at) {
            continue;
        }
        chart.draw_series(DashedLineSeries::new(
            [(at, lowest), (at, highest)],
            5,
            4,
            COPPER.into(),
        ))?;
        let label = format!("L{}: {}", index + 1, human(u64::from(kib) * 1024));
        // Labels take turns in height, so that neighbouring capacities do not collide; near the right
        // edge they stand on the other side of their line.
        let height = highest / if index % 2 == 0 { 1.05 } else { 1.5 };
        let (side, offset) = if at > last / 4.0 {
            (HPos::Right, -6)
        } else {
            (HPos::Left, 6)
        };
        let style = font(14, &COPPER).pos(Pos::new(side, VPos::Top));
        let text = EmptyElement::at((at, height)) + Text::new(label, (offset, 0), style);
        chart.draw_series([text])?;
    }
    chart
        .draw_series(LineSeries::new(middle, GREY.stroke_width(1)))?
        .label("median")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], GREY.stroke_width(1)));
    chart
        .draw_series(LineSeries::new(
            least.iter().copied(),
            GREEN.stroke_width(3),
        ))?
        .label("minimum")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], GREEN.stroke_width(3)));
    chart.draw_series(
        least
            .iter()
            .map(|&point| Circle::new(point, 3, GREEN.filled())),
    )?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::MiddleLeft)
        .label_font(font(14, &INK))
        .background_style(WHITE.mix(0.8))
        .border_style(PALE)
        .draw()?;
    Ok(())
}

/// A heat map: for each operation latency and throughput, as multiples of the add chain.
fn matrix<B: Backend>(
    area: &Area<B>,
    title: &str,
    ops: &[probe_core::machine::Op],
    rows: &[Option<[u32; 4]>],
) -> Drawn {
    const LABELS: i32 = 190;
    const TOP: i32 = 58;
    let (width, height) = area.dim_in_pixel();
    if rows.is_empty() {
        return absent(area, title);
    }
    let middle = width as i32 / 2;
    area.draw(&Text::new(
        format!("{title}, in adds"),
        (middle, 18),
        centred(18, &INK),
    ))?;
    let cell = (width as i32 - LABELS - 40) / 2;
    for (column, name) in ["latency", "one of many"].into_iter().enumerate() {
        let x = LABELS + column as i32 * cell + cell / 2;
        area.draw(&Text::new(name, (x, 44), centred(14, &GREY)))?;
    }
    let row_height = ((height as i32 - TOP - 16) / rows.len() as i32).min(34);
    let ratios = rows
        .iter()
        .flatten()
        .flat_map(|costs| [costs[2], costs[3]])
        .map(|r| f64::from(r.max(1)));
    let (least, most) = ratios.fold((f64::INFINITY, 1.0), |(low, high): (f64, f64), r| {
        (low.min(r), high.max(r))
    });
    for (row, (op, costs)) in ops.iter().zip(rows).enumerate() {
        let y = TOP + row as i32 * row_height;
        let label = font(14, &INK).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw(&Text::new(
            names::op(*op),
            (LABELS - 10, y + row_height / 2),
            label,
        ))?;
        for column in 0..2 {
            let x = LABELS + column as i32 * cell;
            let ratio = costs.map(|costs| f64::from(costs[2 + column].max(1)));
            // Shade by the logarithm: ratios span two orders of magnitude.
            let heat = ratio.map(|r| (r / least).ln() / (most / least).ln().max(f64::MIN_POSITIVE));
            let corners = [(x, y), (x + cell - 3, y + row_height - 3)];
            let fill = heat.map_or(PALE.to_rgba(), |heat| COPPER.mix(HEAT.0 + HEAT.1 * heat));
            area.draw(&Rectangle::new(corners, fill.filled()))?;
            let text = ratio.map_or_else(|| "absent".into(), |r| figures(r / 1000.0));
            let place = (x + (cell - 3) / 2, y + (row_height - 3) / 2);
            area.draw(&Text::new(text, place, centred(14, &INK)))?;
        }
    }
    Ok(())
}

fn histograms<B: Backend>(area: &Area<B>, evidence: &Evidence) -> Drawn {
    let panels = area.split_evenly((1, 6));
    for (index, kind) in names::JITTER_KINDS.iter().enumerate() {
        let counts = evidence
            .jitter
            .as_ref()
            .and_then(|jitter| jitter.histograms.get(index));
        let counts: Vec<u16> = counts.map(|counts| counts.to_vec()).unwrap_or_default();
        histogram(&panels[index], &format!("jitter: {kind}"), &counts, GREEN)?;
    }
    let counts = evidence
        .oscillator
        .as_ref()
        .map(|oscillator| oscillator.histogram.to_vec());
    histogram(
        &panels[5],
        "oscillator",
        &counts.unwrap_or_default(),
        COPPER,
    )
}

/// A power of two as a short label.
fn human_count(value: u64) -> String {
    match value {
        0..1024 => value.to_string(),
        1024..0x10_0000 => format!("{}k", value >> 10),
        _ => format!("{}M", value >> 20),
    }
}

/// Bars of a histogram, heights by square root so that rare windows stay visible.
fn histogram<B: Backend>(area: &Area<B>, title: &str, counts: &[u16], color: RGBColor) -> Drawn {
    const TOP: i32 = 44;
    const BOTTOM: i32 = 66;
    let (width, height) = area.dim_in_pixel();
    let (width, height) = (width as i32, height as i32);
    let most = counts.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return absent(area, title);
    }
    area.draw(&Text::new(
        title.to_owned(),
        (width / 2, 20),
        centred(16, &INK),
    ))?;
    let (left, base) = (14, height - BOTTOM);
    let bar = (width - 2 * left) / counts.len() as i32;
    for (bin, &count) in counts.iter().enumerate() {
        let share = (f64::from(count) / f64::from(most)).sqrt();
        let top = base - (share * f64::from(base - TOP)).ceil() as i32;
        let x = left + bin as i32 * bar;
        area.draw(&Rectangle::new(
            [(x, top), (x + bar - 1, base)],
            color.filled(),
        ))?;
    }
    area.draw(&PathElement::new(
        [(left, base), (left + bar * counts.len() as i32, base)],
        GREY,
    ))?;
    for bin in (1..counts.len()).step_by(5) {
        // Where the bin begins ([`probe_core::stats::bin`]).
        let x = left + bin as i32 * bar;
        let begins = human_count(1u64 << (bin - 1));
        area.draw(&PathElement::new([(x, base), (x, base + 4)], GREY))?;
        area.draw(&Text::new(begins, (x, base + 13), centred(12, &GREY)))?;
    }
    let under = (width / 2, base + 32);
    area.draw(&Text::new(
        "ticks longer than the least",
        under,
        centred(12, &GREY),
    ))?;
    let note = format!("highest bar: {most}");
    area.draw(&Text::new(note, (width / 2, base + 48), centred(12, &GREY)))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cells_can_be_read() {
        for share in [HEAT.0, HEAT.0 + HEAT.1] {
            let contrast = crate::paint::tests::contrast(INK, COPPER, share);
            assert!(contrast >= 4.5, "{share}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_place() {
        assert_eq!(escaped("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }

    #[test]
    fn powers_of_two_as_labels() {
        let labels: Vec<String> = [1, 512, 1 << 10, 1 << 15, 1 << 21].map(human_count).into();
        assert_eq!(labels, ["1", "512", "1k", "32k", "2M"]);
    }
}
