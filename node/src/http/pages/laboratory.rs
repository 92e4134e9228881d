//! `/explorer/laboratory`, `/api/laboratory`: what the verdict was measured to catch, and whom it wrongs: the
//! laboratory's own report, as it was when this program was built, a page for each of its sections.

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use pulldown_cmark::{html, Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use std::sync::LazyLock;
use utoipa::ToSchema;

use super::shell::{nothing, show, Shown};
use crate::error::{ApiError, Code};
use crate::http::openapi::{refusals, PATH};
use crate::http::reply::Answer;
use crate::http::request::Segment;
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
    /// Its place below `/explorer/laboratory/`, and below `/api/laboratory/`.
    slug: String,
    /// As it is written, without its title.
    markdown: &'static str,
    /// HTML, made of a text of ours.
    html: String,
}

/// What stands above the first section.
struct Head {
    /// As it is written, without the report's title: the page has a heading of its own.
    markdown: &'static str,
    /// HTML, made of a text of ours.
    html: String,
}

/// What stands above the first section, and the sections. The same for everybody, so made once: when the first asks.
static SECTIONS: LazyLock<(Head, Vec<Section>)> = LazyLock::new(|| {
    let mut parts = REPORT.split(HEADING);
    let head = parts.next().unwrap_or_default();
    let head = head.trim_start_matches(|c| c != '\n');
    let sections = parts.map(|part| {
        let (title, text) = part.split_once('\n').unwrap_or((part, ""));
        Section {
            title,
            slug: slug(title),
            markdown: text.trim(),
            html: as_html(&format!("{HEADING}{part}")),
        }
    });
    let head = Head {
        markdown: head.trim(),
        html: as_html(head),
    };
    (head, sections.collect())
});

/// The section that is asked for by this name.
fn named(name: &str) -> Option<&'static Section> {
    let (_, sections) = &*SECTIONS;
    sections.iter().find(|section| section.slug == name)
}

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

/// The laboratory's report, as it was when this program was built: what stands above its sections, and which there are.
#[derive(Serialize, ToSchema)]
pub struct Laboratory {
    /// Of which rules and which runs it is; Markdown.
    head: &'static str,
    ok: bool,
    sections: Vec<LaboratoryTitle>,
}

/// A section of the report.
#[derive(Serialize, ToSchema)]
pub struct LaboratoryTitle {
    /// By which it is asked for.
    #[schema(example = "the-rigs-and-what-they-cost")]
    section: &'static str,
    title: &'static str,
}

/// A section of the laboratory's report.
#[derive(Serialize, ToSchema)]
pub struct LaboratorySection {
    /// As it is written. Pictures are below `/explorer/`.
    markdown: &'static str,
    ok: bool,
    /// By which it is asked for.
    #[schema(example = "the-rigs-and-what-they-cost")]
    section: &'static str,
    /// Its tables, in their order.
    tables: Vec<LaboratoryTable>,
    title: &'static str,
}

/// A table of the report. Every cell is a text as it is shown, without marks of Markdown.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LaboratoryTable {
    columns: Vec<String>,
    /// Each with a cell for each column.
    rows: Vec<Vec<String>>,
}

/// The tables of a Markdown text.
fn tables(markdown: &str) -> Vec<LaboratoryTable> {
    let (mut tables, mut row) = (Vec::<LaboratoryTable>::new(), Vec::<String>::new());
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Table(_)) => tables.push(LaboratoryTable::default()),
            Event::Start(Tag::TableCell) => row.push(String::new()),
            Event::End(end @ (TagEnd::TableHead | TagEnd::TableRow)) => {
                let cells = std::mem::take(&mut row);
                match tables.last_mut() {
                    Some(table) if end == TagEnd::TableHead => table.columns = cells,
                    Some(table) => table.rows.push(cells),
                    None => {}
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(cell) = row.last_mut() {
                    cell.push_str(&text);
                }
            }
            _ => {}
        }
    }
    tables
}

refusals! { LaboratoryRefusals = &[] }

/// The laboratory's report: its head and its contents.
#[utoipa::path(
    get,
    path = "/api/laboratory",
    operation_id = "laboratory",
    tag = "Node",
    responses(
        (
            status = 200, description = "The contents.", body = Laboratory,
            links(("laboratorySection" = (
                operation_id = "laboratorySection",
                parameters(("section" = "$response.body#/sections/0/section")),
                description = "The first of them.",
            )))
        ),
        LaboratoryRefusals,
    )
)]
pub async fn json() -> Answer<Laboratory> {
    let (head, sections) = &*SECTIONS;
    let titles = sections.iter().map(|section| LaboratoryTitle {
        section: &section.slug,
        title: section.title,
    });
    Answer::new(Laboratory {
        head: head.markdown,
        ok: true,
        sections: titles.collect(),
    })
}

refusals! { SectionRefusals = PATH, &[Code::NotFound] }

/// A section of the laboratory's report, as text and as tables.
#[utoipa::path(
    get,
    path = "/api/laboratory/{section}",
    operation_id = "laboratorySection",
    tag = "Node",
    params((
        "section" = String, Path, description = "Which: `section` of the contents.",
        example = "the-rigs-and-what-they-cost",
    )),
    responses(
        (status = 200, description = "The section.", body = LaboratorySection),
        SectionRefusals,
    )
)]
pub async fn json_of_section(
    Segment(name): Segment,
) -> Result<Answer<LaboratorySection>, ApiError> {
    let section = named(&name)
        .ok_or_else(|| ApiError::new(Code::NotFound, "the report has no such section"))?;
    Ok(Answer::new(LaboratorySection {
        markdown: section.markdown,
        ok: true,
        section: &section.slug,
        tables: tables(section.markdown),
        title: section.title,
    }))
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
        &head.html,
        first.ok_or_else(|| nothing("the report is empty"))?,
        &asked,
    )
}

/// Another section of the report, or a picture.
pub async fn part(Path(name): Path<String>, asked: HeaderMap) -> Shown {
    if let Some((_, kind, bytes)) = PICTURES.iter().flatten().find(|(file, ..)| *file == name) {
        return Ok(Text::new(*bytes, kind).answer(&asked));
    }
    section(
        "",
        named(&name).ok_or_else(|| nothing("the report has no such section or picture"))?,
        &asked,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_report_is_there_with_its_pictures() {
        let (head, sections) = &*SECTIONS;
        assert!(head.html.contains("rules "), "{}", head.html);
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
    fn tables_have_what_is_shown() {
        let text = "a\n\n| rig | runs |\n|---|--:|\n| **`a` b** | 1,104 |\n| c | |\n\nb";
        let [columns, one, two] =
            [["rig", "runs"], ["a b", "1,104"], ["c", ""]].map(|row| row.map(str::to_owned).into());
        let rows = vec![one, two];
        assert_eq!(tables(text), [LaboratoryTable { columns, rows }]);
        let (_, sections) = &*SECTIONS;
        for section in sections {
            let found = tables(section.markdown);
            assert_eq!(found.len(), section.html.matches("<table ").count());
            for table in found {
                let widths = table.rows.iter().map(Vec::len);
                assert!(widths.into_iter().all(|n| n == table.columns.len()));
            }
        }
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
