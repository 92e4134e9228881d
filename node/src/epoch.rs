//! Slots, epochs, and how a pot is divided. Pure arithmetic on integers.

/// How time is cut into slots and epochs, and what an epoch pays. Fixed when the database is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Start of slot 0, seconds since 1970.
    pub genesis_s: i64,
    /// Length of a slot, seconds, at least 1.
    pub slot_s: i64,
    /// Slots in an epoch, at least 1.
    pub slots_per_epoch: i64,
    /// What an epoch pays, µRTC, at least 0.
    pub pot: i64,
}

/// Values of the existing network.
impl Default for Chain {
    fn default() -> Self {
        Chain {
            genesis_s: 1_764_706_927,
            slot_s: 600,
            slots_per_epoch: 144,
            pot: 1_500_000,
        }
    }
}

impl Chain {
    /// The slot at a time in seconds since 1970; slot 0 also before genesis.
    pub fn slot(&self, now_s: i64) -> i64 {
        now_s.saturating_sub(self.genesis_s).max(0) / self.slot_s.max(1)
    }

    /// The epoch at a time in seconds since 1970.
    pub fn epoch(&self, now_s: i64) -> i64 {
        self.slot(now_s) / self.slots_per_epoch.max(1)
    }

    /// Length of an epoch, seconds.
    pub fn epoch_s(&self) -> i64 {
        self.slot_s.saturating_mul(self.slots_per_epoch)
    }

    /// The first second after an epoch, since 1970.
    pub fn epoch_end_s(&self, epoch: i64) -> i64 {
        self.genesis_s
            .saturating_add(epoch.saturating_add(1).saturating_mul(self.epoch_s()))
    }

    /// Seconds since genesis, at least 0.
    pub fn age_s(&self, now_s: i64) -> u64 {
        u64::try_from(now_s.saturating_sub(self.genesis_s)).unwrap_or(0)
    }
}

/// What one miner gets of a pot, and how that came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The miner.
    pub miner: String,
    /// Its weight, at least 0.
    pub weight: i64,
    /// pot × weight / total, rounded down, µRTC.
    pub floor: i64,
    /// What the rounding left: pot × weight mod total, in units of 1/total µRTC.
    pub remainder: i128,
    /// What is paid, µRTC: `floor`, or one more.
    pub amount: i64,
}

/// A divided pot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Sum of all weights.
    pub total_weight: i128,
    /// Sum of all amounts: the pot, or 0 where the total weight is 0.
    pub paid: i64,
    /// By miner id.
    pub shares: Vec<Share>,
}

/// Divides `pot` (µRTC) in proportion to the weights, exactly: everybody gets the whole µRTC of his
/// share, and the few left over go one each to the largest remainders, ties by miner id. (Hamilton's
/// method, or largest remainder.)
///
/// Weights and pot below 0 count as 0. Miner ids must differ. The order of `weights` does not
/// matter. Cost: n log n.
pub fn divide(pot: i64, weights: &[(String, i64)]) -> Division {
    let pot = pot.max(0);
    let mut shares: Vec<Share> = weights
        .iter()
        .map(|(miner, weight)| Share {
            miner: miner.clone(),
            weight: (*weight).max(0),
            floor: 0,
            remainder: 0,
            amount: 0,
        })
        .collect();
    shares.sort_unstable_by(|a, b| a.miner.cmp(&b.miner));
    let total_weight: i128 = shares.iter().map(|s| i128::from(s.weight)).sum();
    if total_weight == 0 {
        return Division {
            total_weight,
            paid: 0,
            shares,
        };
    }
    let mut left = pot;
    for share in &mut shares {
        // Both factors fit 63 bits, so the product fits; the quotient is at most the pot.
        let exact = i128::from(pot) * i128::from(share.weight);
        share.floor = (exact / total_weight) as i64;
        share.remainder = exact % total_weight;
        share.amount = share.floor;
        left -= share.floor;
    }
    let mut order: Vec<usize> = (0..shares.len()).collect();
    // Stable, and by miner id before: ties stay in that order.
    order.sort_by(|&a, &b| shares[b].remainder.cmp(&shares[a].remainder));
    // Fewer are left than there are shares with a remainder.
    for &i in order.iter().take(usize::try_from(left).unwrap_or(0)) {
        shares[i].amount += 1;
    }
    Division {
        total_weight,
        paid: pot,
        shares,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(weights: &[i64]) -> Vec<(String, i64)> {
        weights
            .iter()
            .enumerate()
            .map(|(i, &w)| (format!("m{i:03}"), w))
            .collect()
    }

    fn amounts(pot: i64, weights: &[(String, i64)]) -> Vec<i64> {
        divide(pot, weights)
            .shares
            .iter()
            .map(|s| s.amount)
            .collect()
    }

    #[test]
    fn the_worked_example_of_the_existing_network() {
        // G4 2.5, G5 2.0, three at 0.8: the odd µRTC goes to the G5.
        let weights = named(&[
            2_500_000_000,
            2_000_000_000,
            800_000_000,
            800_000_000,
            800_000_000,
        ]);
        assert_eq!(
            amounts(1_500_000, &weights),
            [543_478, 434_783, 173_913, 173_913, 173_913]
        );
    }

    #[test]
    fn ties_go_by_miner_id() {
        assert_eq!(amounts(2, &named(&[1, 1, 1])), [1, 1, 0]);
        assert_eq!(amounts(1, &[("b".into(), 1), ("a".into(), 1)]), [1, 0]);
    }

    #[test]
    fn a_virtual_machine_gets_next_to_nothing() {
        assert_eq!(
            amounts(1_500_000, &named(&[1_000_000_000, 1])),
            [1_500_000, 0]
        );
        // Alone, it gets everything: weights are relative.
        assert_eq!(amounts(1_500_000, &named(&[1])), [1_500_000]);
    }

    #[test]
    fn epochs_follow_each_other() {
        let chain = Chain::default();
        assert_eq!(chain.epoch(chain.genesis_s - 1), 0);
        let end = chain.epoch_end_s(353);
        assert_eq!((chain.epoch(end - 1), chain.epoch(end)), (353, 354));
        assert_eq!(chain.slot(1_795_221_230), 50_857);
    }

    proptest! {
        #[test]
        fn the_sum_is_the_pot_and_nobody_is_off_by_one(
            pot in 0..=crate::ledger::TOTAL_SUPPLY,
            weights in prop::collection::vec(0..=i64::MAX, 1..60),
        ) {
            let named = named(&weights);
            let division = divide(pot, &named);
            let sum: i64 = division.shares.iter().map(|s| s.amount).sum();
            prop_assert_eq!(sum, division.paid);
            prop_assert_eq!(sum, if division.total_weight == 0 { 0 } else { pot });
            for share in &division.shares {
                prop_assert!(share.amount == share.floor || share.amount == share.floor + 1);
                prop_assert!(share.amount == share.floor || share.remainder > 0);
            }
        }

        #[test]
        fn order_does_not_matter(
            pot in 0..10_000i64,
            weights in prop::collection::vec(0..50i64, 1..30),
            turn in 0..30usize,
        ) {
            let named = named(&weights);
            let mut turned = named.clone();
            turned.rotate_left(turn % named.len());
            turned.reverse();
            prop_assert_eq!(divide(pot, &named), divide(pot, &turned));
        }

        #[test]
        fn more_weight_never_gets_less(
            pot in 0..10_000i64,
            weights in prop::collection::vec(0..50i64, 2..30),
        ) {
            let division = divide(pot, &named(&weights));
            for pair in division.shares.windows(2) {
                let (a, b) = (&pair[0], &pair[1]);
                if a.weight >= b.weight {
                    prop_assert!(a.amount >= b.amount);
                } else {
                    prop_assert!(a.amount <= b.amount);
                }
            }
        }

        #[test]
        fn time_is_monotone(a in i64::MIN..i64::MAX, b in i64::MIN..i64::MAX) {
            let chain = Chain { slot_s: 7, slots_per_epoch: 3, ..Chain::default() };
            prop_assert!(chain.epoch(a.min(b)) <= chain.epoch(a.max(b)));
            let _ = (chain.epoch_end_s(a), chain.age_s(b));
        }
    }
}
