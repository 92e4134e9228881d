//! A class's age, what it is worth, and how that will change.

use crate::clock;
use crate::epoch::Chain;
use crate::http::pages::view;
use crate::verdict::antiquity::{decayed, Antiquity, YEAR_S};

/// Years that are looked ahead: with 15 % a year, bonuses are gone in seven.
const YEARS: i64 = 8;

/// What silicon of a class is worth over the years.
pub struct Worth {
    /// The class for people.
    pub name: String,
    /// Year of first shipment; `None` where the class has none.
    pub year: Option<u16>,
    /// Years since.
    pub age: u16,
    /// What it is worth without the chain's age.
    pub base: String,
    /// Where that comes from.
    pub source: String,
    /// Day, years of the chain, multiplier, and what changes.
    pub years: Vec<[String; 4]>,
}

/// Of a class; `None` where the tables do not know it.
pub fn worth(antiquity: &Antiquity, chain: &Chain, key: &str, now_ms: i64) -> Option<Worth> {
    let class = antiquity.class(key)?;
    let this_year = clock::year(now_ms);
    let year_s = i64::try_from(YEAR_S).unwrap_or(i64::MAX);
    let mut before = key.to_owned();
    let years = (0..=YEARS)
        .filter_map(|ahead| {
            let at_ms = now_ms.saturating_add(ahead.saturating_mul(year_s).saturating_mul(1_000));
            let chain_age_s = chain.age_s(at_ms / 1_000);
            let then = antiquity.aged(key, class.year, clock::year(at_ms))?;
            let becomes = if then.key == before {
                String::new()
            } else {
                format!("counts as {} from then on", then.name)
            };
            before.clone_from(&then.key);
            let units = decayed(then.base_units, chain_age_s);
            Some([
                view::day(at_ms),
                format!("{:.1}", chain_age_s as f64 / YEAR_S as f64),
                view::weight(i64::try_from(units).unwrap_or(i64::MAX)),
                becomes,
            ])
        })
        .collect();
    Some(Worth {
        name: class.name.clone(),
        year: (class.year != 0).then_some(class.year),
        age: this_year.saturating_sub(class.year),
        base: view::weight(i64::try_from(class.base_units).unwrap_or(i64::MAX)),
        source: class.source.clone(),
        years,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Profiles;

    #[test]
    fn a_bonus_falls_and_a_desktop_grows_old() {
        let antiquity = Profiles::builtin().antiquity;
        let chain = Chain::default();
        let genesis_ms = chain.genesis_s * 1_000;
        let g4 = worth(&antiquity, &chain, "g4", genesis_ms).unwrap();
        assert_eq!(g4.years[0][2], "2.5");
        // 1 + 1.5 × (1 − 0.15)
        assert_eq!(g4.years[1][2], "2.275");
        assert_eq!(g4.years[7][2], "1.0");
        assert!(worth(&antiquity, &chain, "<b>", genesis_ms).is_none());
    }
}
