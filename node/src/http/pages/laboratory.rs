//! `/explorer/laboratory`: what the verdict was measured to catch, and whom it wrongs: the laboratory's own report,
//! as it was when this program was built, a page for each of its sections.

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use pulldown_cmark::{html, Options, Parser};
use std::sync::LazyLock;

use super::shell::{nothing, show, Shown};
use crate::http::text::Text;

/// The report; `./dev lab` writes it.
const REPORT: &str = include_str!("../../../../docs/laboratory.md");

/// What a section begins with.
const HEADING: &str = "\n## ";

/// A picture: its file's name, its media type, and what is in it.
type Picture = (&'static str, &'static str, &'static [u8]);

/// A picture of the report, as text of SVG and as pixels.
macro_rules! picture {
    ($name:literal) => {
        [
            (
                concat!($name, ".svg"),
                "image/svg+xml",
                include_bytes!(concat!("../../../../docs/laboratory/", $name, ".svg")) as &[u8],
            ),
            (
                concat!($name, ".png"),
                "image/png",
                include_bytes!(concat!("../../../../docs/laboratory/", $name, ".png")) as &[u8],
            ),
        ]
    };
}

/// The pictures.
const PICTURES: [[Picture; 2]; 4] = [
    picture!("roc-presence"),
    picture!("roc-kind"),
    picture!("channels-presence"),
    picture!("channels-kind"),
];

/// A section of the report.
struct Section {
    title: &'static str,
    /// Its place below `/explorer/laboratory/`.
    slug: String,
    /// HTML, made of a text of ours.
    html: String,
}

/// What stands above the first section, as HTML, and the sections. The same for everybody, so made once: when the
/// first asks.
static SECTIONS: LazyLock<(String, Vec<Section>)> = LazyLock::new(|| {
    let mut parts = REPORT.split(HEADING);
    // The page has a heading of its own.
    let head = parts.next().unwrap_or_default();
    let head = head.trim_start_matches(|c| c != '\n');
    let sections = parts.map(|part| {
        let (title, _) = part.split_once('\n').unwrap_or((part, ""));
        Section {
            title,
            slug: slug(title),
            html: as_html(&format!("{HEADING}{part}")),
        }
    });
    (as_html(head), sections.collect())
});

/// A title as a part of an address: its letters and digits, small, what is between them as hyphens.
fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

/// Markdown of the report as HTML. It is a part of the program: no client's text is in it.
fn as_html(markdown: &str) -> String {
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(markdown, Options::ENABLE_TABLES));
    // Styles in a page's own text are against its policy; HTML 4 has a word for this one.
    for side in ["left", "center", "right"] {
        let (style, align) = (
            format!("style=\"text-align: {side}\""),
            format!("align=\"{side}\""),
        );
        out = out.replace(&style, &align);
    }
    // Browsers that do not know SVG do not know `srcset` either.
    for [(svg, ..), (png, ..)] in PICTURES {
        let (of_report, here) = (
            format!("src=\"laboratory/{svg}\""),
            format!("src=\"/explorer/laboratory/{png}\" srcset=\"/explorer/laboratory/{svg}\""),
        );
        out = out.replace(&of_report, &here);
    }
    // Where a table is wider than the window it is scrolled by itself, with keys as well.
    out.replace("<table>", "<table tabindex=\"0\">")
}

#[derive(Template)]
#[template(path = "pages/laboratory.html")]
struct Page {
    /// Above the contents: HTML, made of a text of ours.
    head: &'static str,
    sections: &'static [Section],
    shown: &'static Section,
}

/// A section of the report below its contents; `head` stands above them.
fn section(head: &'static str, shown: &'static Section, asked: &HeaderMap) -> Shown {
    let (_, sections) = &*SECTIONS;
    let page = Page {
        head,
        sections,
        shown,
    };
    show(&page, asked)
}

/// The head of the report, its contents, and its first section.
pub async fn page(asked: HeaderMap) -> Shown {
    let (head, sections) = &*SECTIONS;
    let first = sections.first();
    section(
        head,
        first.ok_or_else(|| nothing("the report is empty"))?,
        &asked,
    )
}

/// Another section of the report, or a picture.
pub async fn part(Path(name): Path<String>, asked: HeaderMap) -> Shown {
    if let Some((_, kind, bytes)) = PICTURES.iter().flatten().find(|(file, ..)| *file == name) {
        return Ok(Text::new(*bytes, kind).answer(&asked));
    }
    let (_, sections) = &*SECTIONS;
    let named = sections.iter().find(|section| section.slug == name);
    section(
        "",
        named.ok_or_else(|| nothing("the report has no such section or picture"))?,
        &asked,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_report_is_there_with_its_pictures() {
        let (head, sections) = &*SECTIONS;
        assert!(head.contains("rules "), "{head}");
        let all: String = sections.iter().map(|s| s.html.as_str()).collect();
        assert_eq!(all.matches("<h2>").count(), REPORT.matches(HEADING).count());
        assert_eq!(all.matches("<img ").count(), PICTURES.len());
        for (file, ..) in PICTURES.iter().flatten() {
            assert!(
                all.contains(&format!("=\"/explorer/laboratory/{file}\"")),
                "{file}"
            );
        }
        assert!(all.contains("<table ") && all.contains(" align=\"right\""));
        assert!(!all.contains(" style="));
    }

    #[test]
    fn every_section_has_an_address_of_its_own() {
        let (_, sections) = &*SECTIONS;
        let slugs: std::collections::BTreeSet<&str> =
            sections.iter().map(|s| s.slug.as_str()).collect();
        assert_eq!(slugs.len(), sections.len());
        assert_eq!(slug("Real x86 models, that"), "real-x86-models-that");
    }
}
