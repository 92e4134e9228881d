//! Values over time, as bars or as a line with its margin.

use plotters::prelude::*;

use crate::paint::{font, svg as to_svg, Area, Backend, Drawn, COPPER, GREEN, GREY, INK, PALE};
use crate::scale::figures;

/// Size of the picture, pixels.
pub const SIZE: (u32, u32) = (760, 280);

/// Labels of the time, at most.
const LABELS: usize = 7;

/// How values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A bar for each, from zero.
    Bars,
    /// A line through all, with the margins as whiskers.
    Line,
}

/// A value, and what is written under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When, in words.
    pub label: String,
    /// How much.
    pub value: f64,
    /// From the least that it may be to the most.
    pub margin: Option<(f64, f64)>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What is shown, and in which unit.
    pub title: String,
    /// The values, oldest first.
    pub points: Vec<Point>,
    /// How.
    pub form: Form,
}

impl Series {
    /// As SVG text.
    ///
    /// # Errors
    /// The plotting library's.
    pub fn svg(&self) -> Result<String, Box<dyn std::error::Error>> {
        to_svg(SIZE, |area| self.draw(area))
    }

    /// As PNG.
    ///
    /// # Errors
    /// The plotting library's.
    #[cfg(feature = "png")]
    pub fn png(&self) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        crate::raster::png(SIZE, |area| self.draw(area))
    }

    /// The least and the greatest value that is to be seen.
    fn bounds(&self) -> (f64, f64) {
        let all = self.points.iter().flat_map(|point| {
            let (low, high) = point.margin.unwrap_or((point.value, point.value));
            [low.min(point.value), high.max(point.value)]
        });
        let finite = all.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        match self.form {
            _ if low > high => (0.0, 1.0),
            Form::Bars if low == 0.0 && high == 0.0 => (0.0, 1.0),
            Form::Bars => (low.min(0.0) * 1.1, high.max(0.0) * 1.1),
            // Of equal values one still sees that they are.
            Form::Line => {
                let room = ((high - low) * 0.1).max(high.abs().max(1.0) * 1e-3);
                (low - room, high + room)
            }
        }
    }

    fn draw<B: Backend>(&self, area: &Area<B>) -> Drawn {
        area.fill(&WHITE)?;
        let (low, high) = self.bounds();
        let last = self.points.len().max(1) as f64 - 0.5;
        let mut chart = ChartBuilder::on(area)
            .caption(self.title.as_str(), ("sans-serif", 18, &INK))
            .margin(10)
            .x_label_area_size(30)
            .y_label_area_size(80)
            .build_cartesian_2d(-0.5..last, low..high)?;
        let name = |at: &f64| {
            let whole = (at - at.round()).abs() < 1e-6 && *at > -0.5;
            let point = whole.then(|| self.points.get(at.round() as usize));
            point
                .flatten()
                .map_or_else(String::new, |point| point.label.clone())
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(PALE)
            .light_line_style(TRANSPARENT)
            .axis_style(GREY)
            .label_style(font(14, &INK))
            .x_labels(LABELS)
            .y_labels(6)
            .x_label_formatter(&name)
            .y_label_formatter(&|value| amount(*value))
            .draw()?;
        // The library takes coordinates for finite.
        let points = || {
            let all = self.points.iter().enumerate();
            all.filter(|(_, point)| point.value.is_finite())
                .map(|(i, point)| (i as f64, point))
        };
        match self.form {
            Form::Bars => {
                chart.draw_series(points().map(|(at, point)| {
                    let corners = [(at - 0.4, 0.0), (at + 0.4, point.value)];
                    Rectangle::new(corners, GREEN.filled())
                }))?;
            }
            Form::Line => {
                let margins = points().filter_map(|(at, point)| {
                    let (low, high) = point.margin.filter(|(a, b)| (b - a).is_finite())?;
                    Some(PathElement::new(
                        [(at, low), (at, high)],
                        COPPER.stroke_width(2),
                    ))
                });
                chart.draw_series(margins)?;
                let line = points().map(|(at, point)| (at, point.value));
                chart.draw_series(LineSeries::new(line.clone(), GREEN.stroke_width(2)))?;
                chart.draw_series(line.map(|point| Circle::new(point, 3, GREEN.filled())))?;
            }
        }
        Ok(())
    }
}

/// A number as an axis has it.
fn amount(value: f64) -> String {
    if value < 0.0 {
        return format!("-{}", figures(-value));
    }
    figures(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(form: Form, values: &[f64]) -> Series {
        let points = values.iter().map(|&value| Point {
            label: "then".into(),
            value,
            margin: (form == Form::Line).then_some((value - 1.0, value + 1.0)),
        });
        Series {
            title: "how much".into(),
            points: points.collect(),
            form,
        }
    }

    #[test]
    fn every_bar_is_drawn() {
        let text = series(Form::Bars, &[1.0, 2.0, 3.0]).svg().unwrap();
        let bars = text.matches("fill=\"#2F7D6B\"").count();
        assert_eq!(bars, 3, "{text}");
        assert!(text.contains("how much"));
    }

    #[cfg(feature = "png")]
    #[test]
    fn pixels_are_of_the_colours_that_were_drawn() {
        let file = series(Form::Bars, &[1.0, 2.0]).png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), SIZE);
        let has = |color: [u8; 3]| pixels.chunks(3).any(|pixel| pixel == color);
        assert!(has([47, 125, 107]) && has([255; 3]));
        // Words have dark pixels; bars and lines are lighter.
        assert!(pixels
            .chunks(3)
            .any(|pixel| pixel.iter().all(|&channel| channel < 60)));
    }

    proptest! {
        #[test]
        fn no_values_are_too_many_or_too_strange(
            values in proptest::collection::vec(
                prop_oneof![9 => -1e12f64..1e12, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)], 0..40,
            ),
            line: bool,
        ) {
            let form = if line { Form::Line } else { Form::Bars };
            prop_assert!(series(form, &values).svg().is_ok());
        }
    }
}
