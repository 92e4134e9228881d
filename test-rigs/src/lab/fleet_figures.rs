//! What became of fleets and crowds, as tables: names paid by epoch, and honest names that lost their vote.

use super::figures::Run;
use super::record::{Fleet, Truth};
use super::statistics::{rule_of_three, Share, CONFIDENCE};
use std::collections::BTreeMap;

/// Worlds of one way, those alike in names together.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Way {
    /// Names on the one machine; 0 of a crowd.
    pub names: u32,
    /// Its worlds.
    pub worlds: u64,
    /// By epoch, names that were paid, of all.
    pub paid: Vec<Share>,
    /// By epoch, from which on one name alone was paid: how many worlds.
    pub found: BTreeMap<usize, u64>,
    /// Votes that honest names lost, of all that they had.
    pub penalised: Share,
}

/// Ways of a truth, by their names.
pub fn ways(runs: &[Run], truth: Truth) -> BTreeMap<String, Way> {
    let mut ways: BTreeMap<String, Way> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.truth == truth) {
        if let Some(fleet) = &run.fleet {
            ways.entry(run.key.variant.clone()).or_default().add(fleet);
        }
    }
    ways
}

impl Way {
    fn add(&mut self, fleet: &Fleet) {
        self.names = fleet.names;
        self.worlds += 1;
        self.paid
            .resize(self.paid.len().max(fleet.epochs.len()), Share::default());
        for (sum, epoch) in self.paid.iter_mut().zip(&fleet.epochs) {
            sum.hits += u64::from(epoch.paid);
            sum.of += u64::from(fleet.names);
        }
        if let Some(epoch) = fleet.found_in() {
            *self.found.entry(epoch).or_default() += 1;
        }
        self.penalised.hits += u64::from(fleet.penalised());
        self.penalised.of += u64::from(fleet.honest) * fleet.epochs.len() as u64;
    }

    /// Names paid in an epoch, of a world on average, in tenths.
    fn mean(&self, share: Share) -> String {
        let tenths = (share.hits * 10 + self.worlds / 2) / self.worlds.max(1);
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// The section; empty where no fleet was run. `percent` is how the page writes shares.
pub fn section(runs: &[Run], percent: fn(f64) -> String) -> String {
    let (farms, crowds) = (ways(runs, Truth::Attack), ways(runs, Truth::Honest));
    if farms.is_empty() && crowds.is_empty() {
        return String::new();
    }
    let interval = |share: Share| {
        let [low, high] = share.interval(CONFIDENCE);
        format!("{} – {}", percent(low), percent(high))
    };
    let mut lines = vec![
        "## Fleets\n".into(),
        "Three epochs of a day of a node's clock; every name attests every three hours. One machine is due one vote: *found \
         in* is the epoch from which on one name alone was paid to the end. Names paid are means over worlds; their share \
         is of the third epoch, and its interval takes names to be independent, which those of one world are not.\n"
            .into(),
        "| names on one machine | worlds | paid in epoch 1 | 2 | 3 | share | 95 % | found in | honest votes lost |".into(),
        "|---|--:|--:|--:|--:|--:|---|---|--:|".into(),
    ];
    for (name, way) in &farms {
        let paid: Vec<String> = way.paid.iter().map(|&share| way.mean(share)).collect();
        let last = way.paid.last().copied().unwrap_or_default();
        let mut found: Vec<String> = way
            .found
            .iter()
            .map(|(epoch, worlds)| format!("epoch {epoch}: {worlds}"))
            .collect();
        let never = way.worlds - way.found.values().sum::<u64>();
        if never > 0 {
            found.push(format!("not: {never}"));
        }
        lines.push(format!(
            "| {name} | {} | {} | {} | {} | {} | {} of {} |",
            way.worlds,
            paid.join(" | "),
            last.rate().map_or("–".into(), percent),
            interval(last),
            found.join(", "),
            way.penalised.hits,
            way.penalised.of,
        ));
    }
    lines.extend([
        "\n| honest crowd | worlds | votes | lost | 95 % | with none, at most (rule of three) |"
            .into(),
        "|---|--:|--:|--:|---|---|".into(),
    ]);
    for (name, way) in &crowds {
        let Share { hits, of } = way.penalised;
        let three = match hits {
            0 => percent(rule_of_three(of)),
            _ => "–".into(),
        };
        lines.push(format!(
            "| {name} | {} | {of} | {hits} | {} | {three} |",
            way.worlds,
            interval(way.penalised)
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::record::FleetEpoch;

    #[test]
    fn worlds_add_up() {
        let epoch = |paid, penalised| FleetEpoch { paid, penalised };
        let mut way = Way::default();
        for last in [1, 2] {
            way.add(&Fleet {
                names: 5,
                honest: 10,
                epochs: vec![epoch(5, 0), epoch(1, 0), epoch(last, 1)],
            });
        }
        assert_eq!(way.worlds, 2);
        assert_eq!(way.found, BTreeMap::from([(2, 1)]));
        assert_eq!((way.penalised.hits, way.penalised.of), (2, 60));
        assert_eq!((way.paid[2].hits, way.paid[2].of), (3, 10));
        assert_eq!(way.mean(way.paid[2]), "1.5");
    }
}
