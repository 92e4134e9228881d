//! `/explorer/preserved`: old machines that are kept running, and what that saves and costs, with the formula.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use std::sync::{Arc, OnceLock};

use super::kept::{Kept, SURVEY_MS};
use super::shell::{show, Shown};
use super::view;
use crate::app::App;
use crate::clock;
use crate::error::{ApiError, Code};
use crate::store::explorer;

/// The assumptions, with their sources beside them.
const ASSUMED: &str = include_str!("../../../data/preserved.toml");

/// Milliseconds in an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// What is reckoned with.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assumed {
    years: u16,
    watts: f64,
    kilograms: f64,
    megajoules: f64,
    grams_per_megajoule: f64,
    grams_per_kilowatt_hour: f64,
}

/// The file, parsed once.
fn assumed() -> Result<Assumed, ApiError> {
    static ONCE: OnceLock<Result<Assumed, String>> = OnceLock::new();
    ONCE.get_or_init(|| toml::from_str(ASSUMED).map_err(|e| e.to_string()))
        .clone()
        .map_err(|e| ApiError::new(Code::InternalError, e))
}

/// Machines of an old class.
struct Class {
    key: String,
    name: String,
    year: u16,
    machines: i64,
    /// From first to last attestation, all together.
    seen_ms: i64,
}

/// All old classes that are there.
pub struct Tally {
    classes: Vec<Class>,
}

/// What is saved and what is spent.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Balance {
    /// Watts while all run.
    watts: f64,
    /// Kilowatt hours, had they run from first to last attestation.
    kilowatt_hours: f64,
    /// Kilograms that are no waste.
    waste: f64,
    /// Kilograms of carbon dioxide, had each been replaced by a new one.
    making: f64,
    /// Kilograms of carbon dioxide of the electricity.
    running: f64,
}

impl Balance {
    fn of(assumed: &Assumed, machines: i64, seen_ms: i64) -> Self {
        let machines = machines as f64;
        let kilowatt_hours = assumed.watts / 1e3 * (seen_ms as f64 / HOUR_MS);
        Balance {
            watts: machines * assumed.watts,
            kilowatt_hours,
            waste: machines * assumed.kilograms,
            making: machines * assumed.megajoules * assumed.grams_per_megajoule / 1e3,
            running: kilowatt_hours * assumed.grams_per_kilowatt_hour / 1e3,
        }
    }
}

async fn tally(app: &App, kept: &Kept, years: u16) -> Result<Arc<Tally>, ApiError> {
    let now_ms = app.clock.now_ms();
    let old = clock::year(now_ms).saturating_sub(years);
    let classes = app.profiles.antiquity.classes();
    let classes: Vec<(String, String, u16)> = classes
        .filter(|class| class.year != 0 && class.year <= old)
        .map(|class| (class.key.clone(), class.name.clone(), class.year))
        .collect();
    let make = app.store.read(move |c| {
        let mut found = Vec::new();
        for (key, name, year) in classes {
            let (machines, seen_ms) = explorer::silicon_seen(c, &key)?;
            if machines > 0 {
                found.push(Class {
                    key,
                    name,
                    year,
                    machines,
                    seen_ms,
                });
            }
        }
        found.sort_by(|a, b| (a.year, &a.key).cmp(&(b.year, &b.key)));
        Ok::<_, ApiError>(Tally { classes: found })
    });
    kept.preserved.get(now_ms, SURVEY_MS, make).await
}

struct Line {
    key: String,
    name: String,
    year: u16,
    machines: String,
    hours: String,
    waste: String,
}

#[derive(Template)]
#[template(path = "pages/preserved.html")]
struct Page {
    assumed: &'static str,
    years: u16,
    watts_each: String,
    kilograms_each: String,
    making_each: String,
    grid: String,
    lines: Vec<Line>,
    machines: String,
    watts: String,
    kilowatt_hours: String,
    waste: String,
    making: String,
    running: String,
    net: String,
}

/// A number without places, the thousands apart.
fn whole(value: f64) -> String {
    let sign = if value <= -0.5 { "-" } else { "" };
    format!("{sign}{}", view::grouped(value.abs().round() as u64))
}

/// The page.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    asked: HeaderMap,
) -> Shown {
    let assumed = assumed()?;
    let tally = tally(&app, &kept, assumed.years).await?;
    let machines = tally.classes.iter().map(|class| class.machines).sum();
    let seen_ms = tally.classes.iter().map(|class| class.seen_ms).sum();
    let all = Balance::of(&assumed, machines, seen_ms);
    let page = Page {
        assumed: ASSUMED,
        years: assumed.years,
        watts_each: whole(assumed.watts),
        kilograms_each: whole(assumed.kilograms),
        making_each: whole(Balance::of(&assumed, 1, 0).making),
        grid: whole(assumed.grams_per_kilowatt_hour),
        lines: tally
            .classes
            .iter()
            .map(|class| Line {
                key: class.key.clone(),
                name: class.name.clone(),
                year: class.year,
                machines: view::count(class.machines),
                hours: whole(class.seen_ms as f64 / HOUR_MS),
                waste: whole(Balance::of(&assumed, class.machines, 0).waste),
            })
            .collect(),
        machines: view::count(machines),
        watts: whole(all.watts),
        kilowatt_hours: whole(all.kilowatt_hours),
        waste: whole(all.waste),
        making: whole(all.making),
        running: whole(all.running),
        net: whole(all.making - all.running),
    };
    show(&page, &asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_is_the_one_that_is_shown() {
        let assumed = Assumed {
            years: 15,
            watts: 50.0,
            kilograms: 20.0,
            megajoules: 1_000.0,
            grams_per_megajoule: 50.0,
            grams_per_kilowatt_hour: 400.0,
        };
        // Two machines, seen for 1,000 hours together.
        let balance = Balance::of(&assumed, 2, 3_600_000_000);
        assert_eq!(balance.watts, 100.0);
        assert_eq!(balance.kilowatt_hours, 50.0);
        assert_eq!(balance.waste, 40.0);
        assert_eq!(balance.making, 100.0);
        assert_eq!(balance.running, 20.0);
    }

    #[test]
    fn the_file_is_read() {
        assert!(super::assumed().unwrap().watts > 0.0);
        assert_eq!(whole(-1_234.4), "-1,234");
    }
}
