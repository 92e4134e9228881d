//! `/explorer/miners`: every machine that was ever accepted; searched, sorted, filtered, page by page.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use std::sync::Arc;

use super::kept::Kept;
use super::overview::totals;
use super::shell::{show, Shown};
use super::view::{self, encoded, tame, Pages, PAGES_MAX};
use crate::app::App;
use crate::attest::shape::ID_MAX;
use crate::error::ApiError;
use crate::http::query::{query, Choice, Parameter, Whole};
use crate::store::explorer::{self, Filter, Order};

/// Machines on a page.
const EACH: i64 = 50;

/// An order in words.
fn words(order: Order) -> &'static str {
    match order {
        Order::Recent => "last seen first",
        Order::Weight => "heaviest first",
        Order::Age => "longest here first",
        Order::Name => "by name",
    }
}

/// A text of a form, cut to `ID_MAX` characters that a name may have. What a visitor typed is never a fault.
#[derive(Debug, Clone)]
struct Typed(String);

impl Parameter for Typed {
    fn read(_: &str, text: Option<&str>) -> Result<Self, ApiError> {
        let text = text.unwrap_or_default().trim();
        // Names of families have spaces.
        let may = |c: &char| c.is_ascii_graphic() || *c == ' ';
        Ok(Typed(text.chars().filter(may).take(ID_MAX).collect()))
    }

    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        <String as utoipa::PartialSchema>::schema()
    }
}

query! {
    /// What the form of the page asks for.
    Asked {
        /// Beginning of the name.
        q: Typed,
        /// Class of silicon.
        class: Typed,
        /// Family of architecture.
        family: Typed,
        /// Order.
        sort: Typed,
        /// Page, from 1.
        page: Whole<1, PAGES_MAX, 1>,
    }
}

/// An entry of a list in the form.
struct Offered {
    name: String,
    words: &'static str,
    miners: String,
    chosen: bool,
}

struct Line {
    id: String,
    family: String,
    class: String,
    physical: bool,
    weight: String,
    since: String,
    last: String,
    ago: String,
}

#[derive(Template)]
#[template(path = "pages/miners.html")]
struct Page {
    begins: String,
    classes: Vec<Offered>,
    families: Vec<Offered>,
    json: String,
    miners: Vec<Line>,
    orders: Vec<Offered>,
    pages: Pages,
}

/// What can be chosen of a list, and what is.
fn choices(all: &[explorer::Group], chosen: &str) -> Vec<Offered> {
    let choices = all.iter().map(|known| Offered {
        name: known.name.clone(),
        words: "",
        miners: view::count(known.miners),
        chosen: known.name == chosen,
    });
    choices.collect()
}

/// The list.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    query: Result<Asked, ApiError>,
    asked: HeaderMap,
) -> Shown {
    let query = query?;
    let (Typed(begins), Typed(class), Typed(family)) = (query.q, query.class, query.family);
    let Whole(number) = query.page;
    let chosen = Order::WORDS.iter().find(|(name, _)| *name == query.sort.0);
    let (sort, order) = chosen.copied().unwrap_or(Order::WORDS[0]);
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let filter = Filter {
        class: given(&class),
        family: given(&family),
        begins: given(&begins),
        since_ms: None,
    };
    let totals = totals(&app, &kept).await?;
    let (miners, total) = app
        .store
        .read(move |c| {
            let offset = (number - 1) * EACH;
            Ok::<_, ApiError>(explorer::miners(c, &filter, order, EACH, offset)?)
        })
        .await?;
    let now_ms = app.clock.now_ms();
    let asked_for = [("q", &begins), ("family", &family), ("class", &class)];
    let asked_for: String = asked_for
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| format!("&{name}={}", encoded(text)))
        .collect();
    let link = format!("/explorer/miners?sort={sort}{asked_for}");
    let json = format!("/api/miners?seen=ever&sort={sort}{asked_for}");
    let page = Page {
        classes: choices(&totals.classes, &class),
        families: choices(&totals.families, &family),
        orders: Order::WORDS
            .iter()
            .map(|&(name, order)| Offered {
                name: name.into(),
                words: words(order),
                miners: String::new(),
                chosen: name == sort,
            })
            .collect(),
        json: view::json_page(&json, number, EACH),
        pages: Pages::of(number, EACH, miners.len(), total, &link),
        miners: miners
            .into_iter()
            .map(|miner| Line {
                family: tame(&miner.family),
                class: tame(&miner.class),
                physical: miner.physical,
                weight: view::weight(miner.weight),
                since: view::day(miner.first_ms),
                last: view::time(miner.last_ms),
                ago: view::ago(miner.last_ms, now_ms),
                id: miner.miner,
            })
            .collect(),
        begins,
    };
    show(&page, &asked)
}
