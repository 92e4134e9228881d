//! What all pictures are painted with: colours, fonts, and the way to a text of SVG.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

// What is written with these colours, or in ink on them, has a contrast of 4.5 at least (WCAG 2.2, 1.4.3); a
// test holds them to it.

/// Verdigris.
pub const GREEN: RGBColor = RGBColor(47, 125, 107);
/// Copper.
pub const COPPER: RGBColor = RGBColor(172, 92, 40);
/// Ink.
pub const INK: RGBColor = RGBColor(34, 40, 42);
/// What matters less.
pub const GREY: RGBColor = RGBColor(104, 112, 114);
/// What only guides the eye.
pub const PALE: RGBColor = RGBColor(226, 232, 230);

/// Where pictures are drawn: anything that the library can draw on.
pub trait Backend: DrawingBackend<ErrorType: 'static> {}

impl<B: DrawingBackend<ErrorType: 'static>> Backend for B {}

/// A part of a picture.
pub type Area<B> = DrawingArea<B, Shift>;

/// Whether it could be drawn.
pub type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Words of a size, pixels.
pub fn font(size: i32, color: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(color)
}

/// Words around a point.
pub fn centred(size: i32, color: &RGBColor) -> TextStyle<'static> {
    font(size, color).pos(Pos::new(HPos::Center, VPos::Center))
}

/// What `draw` draws on a picture of this size, as SVG text.
///
/// # Errors
/// Those of `draw`.
pub fn svg(
    size: (u32, u32),
    draw: impl FnOnce(&Area<SVGBackend<'_>>) -> Drawn,
) -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&root)?;
        root.present()?;
    }
    Ok(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// WCAG 2.2, "relative luminance".
    fn luminance((r, g, b): (f64, f64, f64)) -> f64 {
        let linear = |value: f64| match value / 255.0 {
            v if v <= 0.04045 => v / 12.92,
            v => ((v + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    /// The contrast of two colours, the second as seen where so much of it is on white.
    pub fn contrast(ink: RGBColor, color: RGBColor, share: f64) -> f64 {
        let mix = |value: u8| f64::from(value) * share + 255.0 * (1.0 - share);
        let a = luminance((ink.0.into(), ink.1.into(), ink.2.into()));
        let b = luminance((mix(color.0), mix(color.1), mix(color.2)));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn all_words_can_be_read() {
        for ink in [INK, GREY, COPPER, GREEN] {
            assert!(contrast(ink, INK, 0.0) >= 4.5, "{ink:?}");
        }
    }
}
