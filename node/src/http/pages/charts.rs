//! Pictures: drawn when asked for, as SVG, and as PNG for browsers that know no SVG.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use probe_chart::fingerprint;
use probe_chart::series::{Form, Point, Series};
use std::sync::Arc;

use super::machine::{day, evidence, ppm, rates};
use super::shell::{nothing, Refused, Shown};
use super::view;
use crate::app::App;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::http::text::Text;
use crate::store::records;

/// The media types of pictures.
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";

/// A kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Svg,
    /// Pixels.
    Png,
}

/// A picture's name without its ending, and which kind that asks for.
///
/// # Errors
/// Where the ending is of no picture.
pub fn name_and_kind(file: &str) -> Result<(&str, Kind), Refused> {
    let no_picture = || nothing("there is no such picture");
    let (name, ending) = file.rsplit_once('.').ok_or_else(no_picture)?;
    match ending {
        "svg" => Ok((name, Kind::Svg)),
        "png" => Ok((name, Kind::Png)),
        _ => Err(no_picture()),
    }
}

/// Draws beside the threads that serve connections.
///
/// # Errors
/// Where the picture cannot be drawn.
pub async fn drawn<F>(app: &App, kind: Kind, asked: &HeaderMap, draw: F) -> Shown
where
    F: FnOnce(Kind) -> Result<Vec<u8>, Box<dyn std::error::Error>> + Send + 'static,
{
    let failed = |e: Box<dyn std::error::Error>| ApiError::new(Code::InternalError, e.to_string());
    let bytes = app.compute(move || draw(kind).map_err(failed)).await?;
    Ok(picture(kind, bytes, asked))
}

fn picture(kind: Kind, bytes: Vec<u8>, asked: &HeaderMap) -> Response {
    let kind = match kind {
        Kind::Svg => SVG,
        Kind::Png => PNG,
    };
    Text::new(bytes, kind).answer(asked)
}

/// A chart of values over time.
///
/// # Errors
/// Where it cannot be drawn.
pub async fn series(app: &App, kind: Kind, asked: &HeaderMap, series: Series) -> Shown {
    drawn(app, kind, asked, move |kind| match kind {
        Kind::Svg => series.svg().map(String::into_bytes),
        Kind::Png => series.png(),
    })
    .await
}

/// `/explorer/miner/{id}/…`: the picture of its evidence, of its clock, and its badge.
pub async fn of_miner(
    State(app): State<Arc<App>>,
    Path((miner, file)): Path<(String, String)>,
    asked: HeaderMap,
) -> Shown {
    let (name, kind) = name_and_kind(&file)?;
    match name {
        "fingerprint" => {
            let evidence = evidence(&app, &miner).await?;
            drawn(&app, kind, &asked, move |kind| match kind {
                Kind::Svg => fingerprint::svg(&evidence).map(String::into_bytes),
                Kind::Png => fingerprint::png(&evidence),
            })
            .await
        }
        "skew" => {
            let rates = rates(&app, &miner).await?;
            let points = rates.iter().map(|rate| {
                let [low, middle, high] = ppm(rate);
                Point {
                    label: day(rate),
                    value: middle,
                    margin: Some((low, high)),
                }
            });
            let skew = Series {
                title: "The counter is off by so much, ppm".into(),
                points: points.collect(),
                form: Form::Line,
            };
            series(&app, kind, &asked, skew).await
        }
        "badge" if kind == Kind::Svg => badge(&app, miner, &asked).await,
        _ => Err(nothing("there is no such picture")),
    }
}

/// Pixels of a letter of the badge's words, about, and around them.
const LETTER: usize = 7;
const ROOM: usize = 12;

#[derive(Template)]
#[template(path = "pages/badge.svg")]
struct Badge {
    words: String,
    left: usize,
    right: usize,
    color: &'static str,
}

impl Badge {
    const LABEL: &'static str = "verdigris";

    fn of(words: String, color: &'static str) -> Self {
        Badge {
            left: Self::LABEL.len() * LETTER + ROOM,
            right: words.chars().count() * LETTER + ROOM,
            words,
            color,
        }
    }
}

/// The badge that shields.io would make of `/api/badge/{id}`, without asking anybody.
async fn badge(app: &App, miner: String, asked: &HeaderMap) -> Shown {
    check_id(&miner)?;
    let known = app
        .store
        .glance(move |c| Ok::<_, ApiError>(records::miner(c, &miner)?))
        .await?;
    let badge = match known {
        None => Badge::of("never attested".into(), "#595959"),
        Some(miner) => {
            let words = format!(
                "{} ×{}",
                view::tame(&miner.class),
                view::weight(miner.multiplier)
            );
            Badge::of(words, if miner.physical { "#256b5b" } else { "#8a4a20" })
        }
    };
    let text = badge
        .render()
        .map_err(|e| ApiError::new(Code::InternalError, e.to_string()))?;
    Ok(Text::new(text, SVG).answer(asked))
}
