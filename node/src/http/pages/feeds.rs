//! `/feeds/{attestations,epochs}.{rss,atom}`: the newest of both, for whoever reads feeds.
//!
//! RSS 2.0, and Atom 1.0 (RFC 4287).

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header::HOST;
use axum::http::HeaderMap;
use std::sync::Arc;

use super::shell::{nothing, Shown};
use super::view;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::text::Text;
use crate::json::parse;
use crate::store::explorer;

/// Entries of a feed.
const ENTRIES: i64 = 50;

struct Entry {
    id: String,
    title: String,
    text: String,
    link: String,
    rfc822: String,
    rfc3339: String,
}

/// A feed, in either form.
struct Feed {
    id: String,
    title: &'static str,
    here: String,
    page: String,
    updated: String,
    entries: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "pages/feed.rss.xml")]
struct Rss {
    feed: Feed,
}

#[derive(Template)]
#[template(path = "pages/feed.atom.xml")]
struct Atom {
    feed: Feed,
}

/// The address under which the client knows this node; empty, so that links are relative, where the client
/// names none that could be one.
pub fn base(asked: &HeaderMap) -> String {
    let text = |name: &str| asked.get(name).and_then(|value| value.to_str().ok());
    let may = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
    let scheme = match text("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    match text(HOST.as_str()) {
        Some(host) if !host.is_empty() && host.bytes().all(may) => format!("{scheme}://{host}"),
        _ => String::new(),
    }
}

/// A feed.
pub async fn feed(
    State(app): State<Arc<App>>,
    Path(file): Path<String>,
    asked: HeaderMap,
) -> Shown {
    let none = || nothing("the feeds are attestations and epochs, each as .rss and as .atom");
    let (name, form) = file.split_once('.').ok_or_else(none)?;
    let node = app.store.key().public_hex();
    let base = base(&asked);
    let (title, page, entries) = match name {
        "attestations" => {
            let entries = attestations(&app, &node, &base).await?;
            ("Verdigris: attestations", "/explorer", entries)
        }
        "epochs" => {
            let entries = epochs(&app, &node, &base).await?;
            ("Verdigris: epochs", "/explorer/epochs", entries)
        }
        _ => return Err(none()),
    };
    // A feed without entries was never updated; it says when it could have been.
    let updated = match entries.first() {
        Some(newest) => newest.rfc3339.clone(),
        None => view::rfc3339(app.store.chain().genesis_s.saturating_mul(1_000)),
    };
    let feed = Feed {
        id: format!("urn:verdigris:{node}:{name}"),
        title,
        here: format!("{base}/feeds/{name}"),
        page: format!("{base}{page}"),

        updated,
        entries,
    };
    let (text, kind) = match form {
        "rss" => (Rss { feed }.render(), "application/rss+xml; charset=utf-8"),
        "atom" => (
            Atom { feed }.render(),
            "application/atom+xml; charset=utf-8",
        ),
        _ => return Err(none()),
    };
    let text = text.map_err(|e| ApiError::new(Code::InternalError, e.to_string()))?;
    Ok(Text::new(text, kind).answer(&asked))
}

async fn attestations(app: &App, node: &str, base: &str) -> Result<Vec<Entry>, ApiError> {
    let lines = app
        .store
        .read(|c| Ok::<_, ApiError>(explorer::newest(c, ENTRIES)?))
        .await?;
    let entries = lines.iter().map(|line| {
        let verdict = parse(line.entry.verdict.as_bytes()).unwrap_or_default();
        let said = |name: &str| view::tame(verdict[name].as_str().unwrap_or_default());
        Entry {
            id: format!("urn:verdigris:{node}:attestation:{}", line.entry.id),
            title: format!("{}: {}", line.miner, said("class")),
            text: said("summary"),
            link: format!("{base}/explorer/miner/{}", line.miner),
            rfc822: view::rfc822(line.entry.received_ms),
            rfc3339: view::rfc3339(line.entry.received_ms),
        }
    });
    Ok(entries.collect())
}

async fn epochs(app: &App, node: &str, base: &str) -> Result<Vec<Entry>, ApiError> {
    let (epochs, _) = app
        .store
        .read(|c| Ok::<_, ApiError>(explorer::epochs(c, ENTRIES, 0)?))
        .await?;
    let entries = epochs.iter().map(|epoch| Entry {
        id: format!("urn:verdigris:{node}:epoch:{}", epoch.epoch),
        title: format!("Epoch {}", epoch.epoch),
        text: format!(
            "{} RTC for {} machines.",
            view::rtc(epoch.paid),
            view::count(epoch.miners)
        ),
        link: format!("{base}/explorer/epoch/{}", epoch.epoch),
        rfc822: view::rfc822(epoch.begun_ms),
        rfc3339: view::rfc3339(epoch.begun_ms),
    });
    Ok(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_host_is_believed() {
        let asked = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            base(&headers)
        };
        assert_eq!(asked("node.example:8099"), "http://node.example:8099");
        assert_eq!(asked("[::1]:80"), "http://[::1]:80");
        assert_eq!(asked("a/b"), "");
        assert_eq!(asked("\"><script>"), "");
        assert_eq!(base(&HeaderMap::new()), "");
    }
}
