//! `/explorer/hall-of-fame`: the oldest, the heaviest, the most faithful, the rarest.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use std::sync::Arc;

use super::kept::{Kept, SURVEY_MS};
use super::shell::{show, Shown};
use super::view::{self, tame};
use crate::app::App;
use crate::error::ApiError;
use crate::store::explorer::{self, Order};
use crate::store::records::Miner;

/// Places of a category.
const PLACES: i64 = 10;

/// A category, and who is in it.
struct Category {
    name: &'static str,
    about: &'static str,
    value: &'static str,
    lines: Vec<Line>,
}

struct Line {
    miner: String,
    class: String,
    value: String,
}

/// All categories, as they were a while ago.
pub struct Hall {
    categories: Vec<Category>,
}

#[derive(Template)]
#[template(path = "pages/hall.html")]
struct Page<'a> {
    categories: &'a [Category],
}

/// A place of a machine, with what it is there for.
fn line(miner: Miner, value: String) -> Line {
    Line {
        class: tame(&miner.class),
        miner: miner.miner,
        value,
    }
}

async fn hall(app: &App, kept: &Kept) -> Result<Arc<Hall>, ApiError> {
    let now_ms = app.clock.now_ms();
    let classes = app.profiles.antiquity.classes();
    // The first shipment of each class that has one, oldest first.
    let mut by_year: Vec<(u16, String)> = classes
        .filter(|class| class.year != 0)
        .map(|class| (class.year, class.key.clone()))
        .collect();
    by_year.sort();
    let make = app.store.read(move |c| {
        let places = usize::try_from(PLACES).unwrap_or(0);
        let mut oldest = Vec::new();
        for (year, class) in &by_year {
            let left = PLACES - i64::try_from(oldest.len()).unwrap_or(PLACES);
            if left <= 0 {
                break;
            }
            let miners = explorer::silicon_of(c, class, Order::Name, left)?;
            oldest.extend(miners.into_iter().map(|m| line(m, year.to_string())));
        }
        let heaviest = explorer::silicon(c, Order::Weight, PLACES)?;
        let faithful = explorer::silicon(c, Order::Age, PLACES)?;
        let mut rarest = Vec::new();
        let mut classes = explorer::classes(c)?;
        classes.reverse();
        for class in &classes {
            if rarest.len() >= places {
                break;
            }
            let first = explorer::silicon_of(c, &class.name, Order::Age, 1)?;
            let of = format!("{} in all", view::count(class.miners));
            rarest.extend(first.into_iter().map(|m| line(m, of.clone())));
        }
        let richest = explorer::richest(c, PLACES)?;
        Ok::<_, ApiError>(Hall {
            categories: vec![
                Category {
                    name: "Ancient iron",
                    about: "The oldest silicon, by the first shipment of its class.",
                    value: "First shipped",
                    lines: oldest,
                },
                Category {
                    name: "Heavyweights",
                    about: "What counts most in an epoch.",
                    value: "Weight",
                    lines: heaviest
                        .into_iter()
                        .map(|m| {
                            let weight = view::weight(m.weight);
                            line(m, weight)
                        })
                        .collect(),
                },
                Category {
                    name: "Faithful",
                    about: "Silicon that has been here longest.",
                    value: "Since",
                    lines: faithful
                        .into_iter()
                        .map(|m| {
                            let since = view::day(m.first_ms);
                            line(m, since)
                        })
                        .collect(),
                },
                Category {
                    name: "Rarest",
                    about: "The first silicon of the classes that have the fewest machines.",
                    value: "Of its class",
                    lines: rarest,
                },
                Category {
                    name: "Treasure chests",
                    about: "The highest balances.",
                    value: "RTC",
                    lines: richest
                        .into_iter()
                        .map(|(wallet, amount)| Line {
                            miner: wallet,
                            class: String::new(),
                            value: view::rtc(amount),
                        })
                        .collect(),
                },
            ],
        })
    });
    kept.hall.get(now_ms, SURVEY_MS, make).await
}

/// The page.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    asked: HeaderMap,
) -> Shown {
    let hall = hall(&app, &kept).await?;
    let page = Page {
        categories: &hall.categories,
    };
    show(&page, &asked)
}
