//! `/explorer/hall-of-fame`, `/api/hall-of-fame`: the oldest, the heaviest, the most faithful, the rarest.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::kept::{Kept, SURVEY_MS};
use super::shell::{show, Shown};
use super::view;
use crate::app::App;
use crate::error::ApiError;
use crate::http::openapi::{refusals, STORE};
use crate::http::reply::Answer;
use crate::http::scalars::{MicroRtc, MinerId, UnixSeconds, Weight};
use crate::store::explorer::{self, Order};
use crate::store::records::Miner;

/// Places of a category.
const PLACES: i64 = 10;

/// A category, and who is in it.
struct Category {
    /// Its name for programs.
    key: &'static str,
    name: &'static str,
    about: &'static str,
    value: &'static str,
    lines: Vec<Line>,
}

struct Line {
    /// The machine, or a wallet.
    miner: String,
    /// Nothing of a wallet.
    class: Option<String>,
    value: Merit,
}

/// What somebody is in the hall for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merit {
    /// When the first of its class was shipped.
    Year(u16),
    /// Weight units.
    Weight(i64),
    /// When it was first accepted, milliseconds since 1970.
    Since(i64),
    /// How many machines are of its class.
    OfClass(i64),
    /// What the wallet has, µRTC.
    Balance(i64),
}

impl Merit {
    /// In words.
    fn text(self) -> String {
        match self {
            Merit::Year(year) => year.to_string(),
            Merit::Weight(units) => view::weight(units),
            Merit::Since(ms) => view::day(ms),
            Merit::OfClass(miners) => format!("{} in all", view::count(miners)),
            Merit::Balance(micro) => view::rtc(micro),
        }
    }
}

/// All categories, as they were a while ago.
pub struct Hall {
    categories: Vec<Category>,
}

/// The oldest, the heaviest, the most faithful, the rarest and the richest, as they were up to a minute ago.
#[derive(Serialize, ToSchema)]
pub struct HallOfFame {
    categories: Vec<HallCategory>,
    ok: bool,
}

/// What one can be famous for, and who is.
#[derive(Serialize, ToSchema)]
pub struct HallCategory {
    /// In a sentence.
    about: &'static str,
    /// For programs.
    #[schema(example = "oldest")]
    category: &'static str,
    /// For people.
    #[schema(example = "Ancient iron")]
    name: &'static str,
    /// The first place first.
    places: Vec<HallPlace>,
}

/// A machine or a wallet in the hall, and what it is there for.
#[derive(Default, Serialize, ToSchema)]
pub struct HallPlace {
    /// Of the richest: what the wallet has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    amount_i64: Option<MicroRtc>,
    /// Of a machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "g4")]
    device_arch: Option<String>,
    /// Of the most faithful.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_attest: Option<UnixSeconds>,
    /// Of the oldest: the year in which the first of its class was shipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_shipped: Option<u16>,
    /// The machine, or the wallet.
    #[schema(value_type = MinerId)]
    miner: String,
    /// Of the rarest: how many miners are of its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    miners_of_class: Option<i64>,
    /// From 1.
    #[schema(minimum = 1)]
    place: usize,
    /// Of the heaviest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    weight: Option<Weight>,
}

impl HallPlace {
    fn of(place: usize, line: &Line) -> Self {
        let mut shown = HallPlace {
            device_arch: line.class.clone(),
            miner: line.miner.clone(),
            place,
            ..HallPlace::default()
        };
        match line.value {
            Merit::Year(year) => shown.first_shipped = Some(year),
            Merit::Weight(units) => shown.weight = Some(Weight(units)),
            Merit::Since(ms) => shown.first_attest = Some(UnixSeconds::of_ms(ms)),
            Merit::OfClass(miners) => shown.miners_of_class = Some(miners),
            Merit::Balance(micro) => shown.amount_i64 = Some(MicroRtc(micro)),
        }
        shown
    }
}

refusals! { HallRefusals = STORE }

/// The hall of fame.
#[utoipa::path(
    get,
    path = "/api/hall-of-fame",
    operation_id = "hallOfFame",
    tag = "Miners",
    responses((status = 200, description = "The hall.", body = HallOfFame), HallRefusals)
)]
pub async fn json(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
) -> Result<Answer<HallOfFame>, ApiError> {
    let hall = hall(&app, &kept).await?;
    let categories = hall.categories.iter().map(|category| HallCategory {
        about: category.about,
        category: category.key,
        name: category.name,
        places: category
            .lines
            .iter()
            .enumerate()
            .map(|(before, line)| HallPlace::of(before + 1, line))
            .collect(),
    });
    Ok(Answer::new(HallOfFame {
        categories: categories.collect(),
        ok: true,
    }))
}

#[derive(Template)]
#[template(path = "pages/hall.html")]
struct Page<'a> {
    categories: &'a [Category],
}

/// A place of a machine, with what it is there for.
fn line(miner: Miner, value: Merit) -> Line {
    Line {
        class: Some(miner.class),
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
            oldest.extend(miners.into_iter().map(|m| line(m, Merit::Year(*year))));
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
            let of = Merit::OfClass(class.miners);
            rarest.extend(first.into_iter().map(|m| line(m, of)));
        }
        let richest = explorer::richest(c, PLACES)?;
        Ok::<_, ApiError>(Hall {
            categories: vec![
                Category {
                    key: "oldest",
                    name: "Ancient iron",
                    about: "The oldest silicon, by the first shipment of its class.",
                    value: "First shipped",
                    lines: oldest,
                },
                Category {
                    key: "heaviest",
                    name: "Heavyweights",
                    about: "What counts most in an epoch.",
                    value: "Weight",
                    lines: heaviest
                        .into_iter()
                        .map(|m| {
                            let weight = Merit::Weight(m.weight);
                            line(m, weight)
                        })
                        .collect(),
                },
                Category {
                    key: "most_faithful",
                    name: "Faithful",
                    about: "Silicon that has been here longest.",
                    value: "Since",
                    lines: faithful
                        .into_iter()
                        .map(|m| {
                            let since = Merit::Since(m.first_ms);
                            line(m, since)
                        })
                        .collect(),
                },
                Category {
                    key: "rarest",
                    name: "Rarest",
                    about: "The first silicon of the classes that have the fewest machines.",
                    value: "Of its class",
                    lines: rarest,
                },
                Category {
                    key: "richest",
                    name: "Treasure chests",
                    about: "The highest balances.",
                    value: "RTC",
                    lines: richest
                        .into_iter()
                        .map(|(wallet, amount)| Line {
                            miner: wallet,
                            class: None,
                            value: Merit::Balance(amount),
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
