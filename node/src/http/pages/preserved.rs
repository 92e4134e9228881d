//! `/explorer/preserved`, `/api/preserved`: old machines that are kept running, and what that saves and costs, with the
//! formula.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use utoipa::ToSchema;

use super::kept::{Kept, SURVEY_MS};
use super::shell::{show, Shown};
use super::view;
use crate::app::App;
use crate::clock;
use crate::error::{ApiError, Code};
use crate::http::openapi::{refusals, STORE};
use crate::http::reply::Answer;
use crate::store::explorer;

/// The assumptions, with their sources beside them.
const ASSUMED: &str = include_str!("../../../data/preserved.toml");

/// Milliseconds in an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// What is reckoned with, of each machine.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// Carbon dioxide of a kilowatt hour of electricity, grams.
    grams_per_kilowatt_hour: f64,
    /// Carbon dioxide of a megajoule spent on making, grams.
    grams_per_megajoule: f64,
    /// What a machine weighs.
    kilograms: f64,
    /// What is spent on making a new one.
    megajoules: f64,
    /// What a machine draws while it runs.
    watts: f64,
    /// Years since the first of its class was shipped, at least.
    years: u16,
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

/// Old machines that are kept running, and what that saves and costs, as it was up to a minute ago. All figures but
/// the counts follow from `assumptions`.
#[derive(Serialize, ToSchema)]
pub struct Preserved {
    assumptions: Assumed,
    /// The same as a text, TOML, with the source of each.
    assumptions_sources: &'static str,
    /// Old classes, the oldest first.
    classes: Vec<PreservedClass>,
    /// Carbon dioxide of making as many new ones, kilograms.
    #[schema(minimum = 0)]
    co2_avoided_kg: f64,
    /// What was avoided, less what was spent, kilograms.
    co2_difference_kg: f64,
    /// Carbon dioxide of the electricity, kilograms.
    #[schema(minimum = 0)]
    co2_spent_kg: f64,
    /// Electricity, had they never been off between first and last attestation, kilowatt hours.
    #[schema(minimum = 0)]
    electricity_kwh: f64,
    /// Machines accepted as real silicon whose class is so old.
    #[schema(minimum = 0)]
    machines: i64,
    ok: bool,
    /// Power while all of them run, watts.
    #[schema(minimum = 0)]
    power_w: f64,
    /// Electronic waste avoided, kilograms.
    #[schema(minimum = 0)]
    waste_kg: f64,
}

/// Preserved machines of one class.
#[derive(Serialize, ToSchema)]
pub struct PreservedClass {
    #[schema(example = "g4")]
    device_arch: String,
    /// The year.
    first_shipped: u16,
    #[schema(minimum = 1)]
    machines: i64,
    /// For people.
    #[schema(example = "PowerPC G4")]
    name: String,
    /// From first to last attestation of each, all together, hours.
    #[schema(minimum = 0)]
    seen_hours: f64,
    /// Electronic waste avoided, kilograms.
    #[schema(minimum = 0)]
    waste_kg: f64,
}

/// What is preserved, saved and spent.
async fn preserved(app: &App, kept: &Kept) -> Result<Preserved, ApiError> {
    let assumed = assumed()?;
    let tally = tally(app, kept, assumed.years).await?;
    let machines = tally.classes.iter().map(|class| class.machines).sum();
    let seen_ms = tally.classes.iter().map(|class| class.seen_ms).sum();
    let all = Balance::of(&assumed, machines, seen_ms);
    let classes = tally.classes.iter().map(|class| PreservedClass {
        device_arch: class.key.clone(),
        first_shipped: class.year,
        machines: class.machines,
        name: class.name.clone(),
        seen_hours: class.seen_ms as f64 / HOUR_MS,
        waste_kg: Balance::of(&assumed, class.machines, 0).waste,
    });
    Ok(Preserved {
        assumptions: assumed,
        assumptions_sources: ASSUMED,
        classes: classes.collect(),
        co2_avoided_kg: all.making,
        co2_difference_kg: all.making - all.running,
        co2_spent_kg: all.running,
        electricity_kwh: all.kilowatt_hours,
        machines,
        ok: true,
        power_w: all.watts,
        waste_kg: all.waste,
    })
}

refusals! { PreservedRefusals = STORE }

/// Old machines that are kept running, and what that saves and costs.
#[utoipa::path(
    get,
    path = "/api/preserved",
    operation_id = "preserved",
    tag = "Miners",
    responses((status = 200, description = "What is preserved.", body = Preserved), PreservedRefusals)
)]
pub async fn json(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
) -> Result<Answer<Preserved>, ApiError> {
    preserved(&app, &kept).await.map(Answer::new)
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
    let all = preserved(&app, &kept).await?;
    let assumed = all.assumptions;
    let page = Page {
        assumed: all.assumptions_sources,
        years: assumed.years,
        watts_each: whole(assumed.watts),
        kilograms_each: whole(assumed.kilograms),
        making_each: whole(Balance::of(&assumed, 1, 0).making),
        grid: whole(assumed.grams_per_kilowatt_hour),
        lines: all
            .classes
            .into_iter()
            .map(|class| Line {
                key: class.device_arch,
                name: class.name,
                year: class.first_shipped,
                machines: view::count(class.machines),
                hours: whole(class.seen_hours),
                waste: whole(class.waste_kg),
            })
            .collect(),
        machines: view::count(all.machines),
        watts: whole(all.power_w),
        kilowatt_hours: whole(all.electricity_kwh),
        waste: whole(all.waste_kg),
        making: whole(all.co2_avoided_kg),
        running: whole(all.co2_spent_kg),
        net: whole(all.co2_difference_kg),
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
