//! Pictures of what a probe found, and of values over time: each drawn once, as text of SVG and as pixels.

pub mod fingerprint;
pub mod names;
pub mod paint;
#[cfg(feature = "png")]
pub mod raster;
pub mod scale;
pub mod series;
