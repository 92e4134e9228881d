//! `/explorer/laboratory`: what the verdict was measured to catch, and whom it wrongs: the laboratory's own report,
//! as it was when this program was built.

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use pulldown_cmark::{html, CowStr, Event, Options, Parser, Tag};
use std::sync::LazyLock;

use super::shell::{nothing, show, Shown};
use crate::http::text::Text;

/// The report; `./dev lab` writes it.
const REPORT: &str = include_str!("../../../../docs/laboratory.md");

/// Where the report has its pictures, and where they are here.
const PICTURES: (&str, &str) = ("laboratory/", "/explorer/laboratory/");

/// The pictures.
const CHARTS: [(&str, &str); 4] = [
    (
        "roc-presence.svg",
        include_str!("../../../../docs/laboratory/roc-presence.svg"),
    ),
    (
        "roc-kind.svg",
        include_str!("../../../../docs/laboratory/roc-kind.svg"),
    ),
    (
        "channels-presence.svg",
        include_str!("../../../../docs/laboratory/channels-presence.svg"),
    ),
    (
        "channels-kind.svg",
        include_str!("../../../../docs/laboratory/channels-kind.svg"),
    ),
];

#[derive(Template)]
#[template(path = "pages/laboratory.html")]
struct Page {
    /// HTML, made of a text of ours.
    report: &'static str,
}

/// The same for everybody, so made once: when the first asks.
static HTML: LazyLock<String> = LazyLock::new(report);

/// The report as HTML. It is a part of the program: no client's text is in it.
fn report() -> String {
    let here = |to: CowStr<'static>| match to.strip_prefix(PICTURES.0) {
        Some(name) => format!("{}{name}", PICTURES.1).into(),
        None => to,
    };
    let events = Parser::new_ext(REPORT, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Image {
            link_type,
            dest_url,
            title,
            id,
        }) => Event::Start(Tag::Image {
            link_type,
            dest_url: here(dest_url),
            title,
            id,
        }),
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    // Styles in a page's own text are against its policy; HTML 4 has a word for this one.
    for side in ["left", "center", "right"] {
        let (style, align) = (
            format!("style=\"text-align: {side}\""),
            format!("align=\"{side}\""),
        );
        out = out.replace(&style, &align);
    }
    // Where a table is wider than the window it is scrolled by itself, with keys as well.
    out.replace("<table>", "<table tabindex=\"0\">")
}

/// The page.
pub async fn page(asked: HeaderMap) -> Shown {
    show(&Page { report: &HTML }, &asked)
}

/// A picture of the report.
pub async fn chart(Path(file): Path<String>, asked: HeaderMap) -> Shown {
    let found = CHARTS.iter().find(|(name, _)| *name == file);
    let &(_, picture) = found.ok_or_else(|| nothing("there is no such picture"))?;
    Ok(Text::new(picture, "image/svg+xml").answer(&asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_of_the_report_is_there() {
        let report = report();
        let pictures = report.matches("<img ").count();
        let here = CHARTS
            .iter()
            .filter(|(name, _)| report.contains(&format!("src=\"/explorer/laboratory/{name}\"")));
        assert_eq!(here.count(), pictures);
        assert!(report.contains("<table ") && report.contains(" align=\"right\""));
        assert!(!report.contains(" style="));
    }
}
