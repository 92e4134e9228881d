//! Pictures of pixels, for browsers that know no SVG: a back end of the plotting library on memory, with a font
//! of its own, because a server has none.

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont};
use plotters::prelude::*;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendTextStyle, DrawingErrorKind, FontTransform,
};
use std::convert::Infallible;

use crate::paint::{Area, Drawn};

/// Bytes of a pixel.
const CHANNELS: usize = 3;

/// The library's size of a font over the side of its em square, as its SVG has it.
const SIZE_OVER_EM: f64 = 1.24;

type Failed = Box<dyn std::error::Error>;

/// What `draw` draws on a picture of this size, as PNG of eight bits a channel.
///
/// # Errors
/// Those of `draw`, and a font that cannot be read.
pub fn png(
    size: (u32, u32),
    draw: impl FnOnce(&Area<Raster<'_>>) -> Drawn,
) -> Result<Vec<u8>, Failed> {
    let mut pixels = vec![u8::MAX; size.0 as usize * size.1 as usize * CHANNELS];
    {
        let font = FontRef::try_from_slice(dejavu::sans::regular())?;
        let raster = Raster {
            size,
            pixels: &mut pixels,
            font,
        };
        let root = raster.into_drawing_area();
        draw(&root)?;
        root.present()?;
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

/// A picture in memory.
pub struct Raster<'a> {
    size: (u32, u32),
    pixels: &'a mut [u8],
    font: FontRef<'a>,
}

impl Raster<'_> {
    /// Lays `share` of a colour over a pixel; nothing outside of the picture.
    fn lay(&mut self, (x, y): BackendCoord, (r, g, b): (u8, u8, u8), share: f64) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if x >= self.size.0 || y >= self.size.1 {
            return;
        }
        let at = (y as usize * self.size.0 as usize + x as usize) * CHANNELS;
        let share = share.clamp(0.0, 1.0);
        let pixel = self.pixels.get_mut(at..at + CHANNELS).into_iter().flatten();
        for (under, over) in pixel.zip([r, g, b]) {
            let mixed = f64::from(*under) * (1.0 - share) + f64::from(over) * share;
            *under = mixed.round() as u8;
        }
    }

    /// The scale of the font at which its em square has the side that SVG would give it.
    fn scale(&self, size: f64) -> PxScale {
        let units = self.font.units_per_em().unwrap_or(1_000.0);
        PxScale::from((size / SIZE_OVER_EM) as f32 * self.font.height_unscaled() / units)
    }

    /// The glyphs of a text, each with its distance from the beginning, and the text's width, pixels.
    fn lay_out(&self, text: &str, scale: PxScale) -> (Vec<(GlyphId, f32)>, f32) {
        let font = self.font.as_scaled(scale);
        let (mut at, mut before) = (0.0, None);
        let mut glyphs = Vec::new();
        for c in text.chars() {
            let glyph = font.glyph_id(c);
            at += before.map_or(0.0, |before| font.kern(before, glyph));
            glyphs.push((glyph, at));
            at += font.h_advance(glyph);
            before = Some(glyph);
        }
        (glyphs, at)
    }
}

/// Where a point of an upright text is once it is turned.
fn turned(transform: &FontTransform, x: i32, y: i32) -> (i32, i32) {
    match transform {
        FontTransform::None => (x, y),
        FontTransform::Rotate90 => (-y, x),
        FontTransform::Rotate180 => (-x, -y),
        FontTransform::Rotate270 => (y, -x),
    }
}

impl DrawingBackend for Raster<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(
        &mut self,
        point: BackendCoord,
        color: BackendColor,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.lay(point, color.rgb, color.alpha);
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let color = style.color();
        let scale = self.scale(style.size());
        let (glyphs, width) = self.lay_out(text, scale);
        let (ascent, descent) = {
            let font = self.font.as_scaled(scale);
            (font.ascent(), font.descent())
        };
        let anchor = style.anchor();
        let left = match anchor.h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let base = match anchor.v_pos {
            VPos::Top => ascent,
            VPos::Center => (ascent + descent) / 2.0,
            VPos::Bottom => descent,
        };
        let transform = style.transform();
        for (glyph, distance) in glyphs {
            let place = ab_glyph::point(left + distance, base);
            let glyph = glyph.with_scale_and_position(scale, place);
            let Some(outline) = self.font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            let mut covered = Vec::new();
            outline.draw(|gx, gy, share| covered.push((gx, gy, share)));
            for (gx, gy, share) in covered {
                let (dx, dy) = (corner.x as i32 + gx as i32, corner.y as i32 + gy as i32);
                let (dx, dy) = turned(&transform, dx, dy);
                self.lay((x + dx, y + dy), color.rgb, color.alpha * f64::from(share));
            }
        }
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let scale = self.scale(style.size());
        let (_, width) = self.lay_out(text, scale);
        let height = self.font.as_scaled(scale).height();
        Ok((width.ceil() as u32, height.ceil() as u32))
    }
}
