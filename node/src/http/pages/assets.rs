//! The files that pages load: one style sheet, two scripts that they do not need, one icon.

use axum::extract::Path;
use axum::http::HeaderMap;

use super::shell::{nothing, Shown};
use crate::http::text::Text;

/// Name, media type, and what is in it.
const FILES: [(&str, &str, &str); 4] = [
    (
        "style.css",
        "text/css; charset=utf-8",
        include_str!("../../../assets/style.css"),
    ),
    (
        "live.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../assets/live.js"),
    ),
    (
        "zoom.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../assets/zoom.js"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../../../assets/icon.svg"),
    ),
];

/// One of them.
pub async fn file(Path(name): Path<String>, asked: HeaderMap) -> Shown {
    let found = FILES.iter().find(|(known, ..)| *known == name);
    let &(_, kind, text) = found.ok_or_else(|| nothing("there is no such page"))?;
    Ok(Text::new(text, kind).answer(&asked))
}
