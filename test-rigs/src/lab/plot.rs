//! The report's pictures: verdigris for the honest, copper for attacks, ink and shades for what matters less.

use super::statistics::Roc;
use plotters::prelude::*;
use probe_chart::paint::{font, svg, Area, Backend, Drawn, COPPER, GREEN, GREY, INK, PALE};
use probe_chart::raster::png;
use std::error::Error;

/// Lines of several rigs, told apart without relying on hue alone: each has a width of its own.
const LINES: [RGBColor; 6] = [
    COPPER,
    GREEN,
    RGBColor(60, 90, 160),
    RGBColor(150, 60, 120),
    GREY,
    INK,
];

/// Pixels of a panel of distributions, and of the picture of curves.
const PANEL: (u32, u32) = (420, 190);
const CURVES: (u32, u32) = (860, 520);

/// Panels in a row.
const COLUMNS: usize = 2;

/// Suspicions are drawn on a scale of octaves from 1/1024 to 1024; what lies outside is in the outermost bins.
const OCTAVES: i32 = 10;

/// Bins of an octave.
const BINS: i32 = 2;

/// A picture, drawn both ways.
#[derive(Debug, Clone)]
pub struct Picture {
    /// For browsers that know it.
    pub svg: String,
    /// For the others.
    pub png: Vec<u8>,
}

/// The distribution of a channel's suspicion: honest runs and attacks.
#[derive(Debug, Clone)]
pub struct Panel {
    /// The channel.
    pub title: String,
    /// Scores of honest runs.
    pub honest: Vec<f64>,
    /// Scores of attacks.
    pub attacks: Vec<f64>,
}

/// One panel for each channel: honest runs upwards, attacks downwards, as shares of each; the line is the limit.
///
/// # Errors
/// The library's.
pub fn distributions(panels: &[Panel]) -> Result<Picture, Box<dyn Error>> {
    let rows = panels.len().div_ceil(COLUMNS).max(1);
    let size = (PANEL.0 * COLUMNS as u32, PANEL.1 * rows as u32);
    Ok(Picture {
        svg: svg(size, |root| draw_distributions(root, rows, panels))?,
        png: png(size, |root| draw_distributions(root, rows, panels))?,
    })
}

fn draw_distributions<B: Backend>(root: &Area<B>, rows: usize, panels: &[Panel]) -> Drawn {
    root.fill(&WHITE)?;
    for (area, panel) in root.split_evenly((rows, COLUMNS)).iter().zip(panels) {
        distribution(area, panel)?;
    }
    Ok(())
}

/// The bin of a suspicion.
fn bin(suspicion: f64) -> i32 {
    let last = OCTAVES * BINS;
    let octaves = suspicion.max(f64::MIN_POSITIVE).log2() * f64::from(BINS);
    // What is infinite saturates.
    (octaves.floor() as i32).clamp(-last, last - 1)
}

/// Shares of scores by bin.
fn shares(scores: &[f64]) -> Vec<(i32, f64)> {
    let last = OCTAVES * BINS;
    (-last..last)
        .map(|at| {
            let count = scores.iter().filter(|&&s| bin(s) == at).count();
            (at, count as f64 / scores.len().max(1) as f64)
        })
        .filter(|(_, share)| *share > 0.0)
        .collect()
}

fn distribution<B: Backend>(area: &Area<B>, panel: &Panel) -> Drawn {
    let last = OCTAVES * BINS;
    let counts = format!(
        "{}: {} honest above, {} attacks below",
        panel.title,
        panel.honest.len(),
        panel.attacks.len()
    );
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .margin_right(24)
        .caption(counts, font(14, &INK))
        .x_label_area_size(22)
        .y_label_area_size(36)
        .build_cartesian_2d(-last..last, -1.0..1.0_f64)?;
    let octave = |at: &i32| match at / BINS {
        0 => "limit".to_string(),
        n if n > 0 => format!("x{}", 1_u64 << n),
        n => format!("/{}", 1_u64 << -n),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(GREY)
        .x_labels(5)
        .y_labels(5)
        .x_label_formatter(&octave)
        .y_label_formatter(&|share| format!("{:.0} %", share.abs() * 100.0))
        .label_style(font(11, &GREY))
        .draw()?;
    for (scores, colour, sign) in [(&panel.honest, GREEN, 1.0), (&panel.attacks, COPPER, -1.0)] {
        let bars = shares(scores);
        let bar = |(at, share): (i32, f64)| {
            Rectangle::new([(at, 0.0), (at + 1, sign * share)], colour.filled())
        };
        chart.draw_series(bars.into_iter().map(bar))?;
    }
    chart.draw_series([PathElement::new(vec![(0, -1.0), (0, 1.0)], INK)])?;
    Ok(())
}

/// Detection against false refusal, one line for each of the named curves.
///
/// # Errors
/// The library's.
pub fn curves(curves: &[(String, Roc)]) -> Result<Picture, Box<dyn Error>> {
    Ok(Picture {
        svg: svg(CURVES, |root| draw_curves(root, curves))?,
        png: png(CURVES, |root| draw_curves(root, curves))?,
    })
}

fn draw_curves<B: Backend>(root: &Area<B>, curves: &[(String, Roc)]) -> Drawn {
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(root)
        .margin(12)
        .margin_right(32)
        .x_label_area_size(40)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..1.0_f64, 0.0..1.02_f64)?;
    let percent = |share: &f64| format!("{:.0} %", share * 100.0);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(GREY)
        .x_desc("honest machines refused")
        .y_desc("attacks detected")
        .x_label_formatter(&percent)
        .y_label_formatter(&percent)
        .label_style(font(13, &INK))
        .draw()?;
    for (i, (name, roc)) in curves.iter().enumerate() {
        let colour = LINES[i % LINES.len()];
        let style = colour.stroke_width(1 + (i % 3) as u32);
        let points = roc.points().into_iter();
        let line = points.map(|p| (p.false_refusal, p.detection));
        chart
            .draw_series(LineSeries::new(line, style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.filled())
        .border_style(PALE)
        .label_font(font(13, &INK))
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_a_border_of_bins() {
        assert_eq!((bin(1.0), bin(0.999)), (0, -1));
        assert_eq!(bin(f64::INFINITY), OCTAVES * BINS - 1);
        assert_eq!(bin(0.0), -OCTAVES * BINS);
        let all: f64 = shares(&[0.0, 0.5, 3.0, f64::INFINITY])
            .iter()
            .map(|b| b.1)
            .sum();
        assert_eq!(all, 1.0);
        assert!(shares(&[]).is_empty());
    }

    #[test]
    fn pictures_hold_what_they_are_about() {
        let panel = Panel {
            title: "fresh_code".into(),
            honest: vec![0.1, 0.2],
            attacks: vec![20.0],
        };
        let picture = distributions(&[panel.clone(), panel]).unwrap();
        assert_eq!(picture.svg.matches("fresh_code: 2 honest").count(), 2);
        let roc = Roc::new(&[0.1], &[2.0]).unwrap();
        let picture = curves(&[("guest".into(), roc)]).unwrap();
        assert!(picture.svg.contains("guest") && picture.svg.contains("polyline"));
        assert!(picture.png.starts_with(b"\x89PNG"));
    }
}
