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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// pot × weight / total, rounded down, µRTC.
    pub floor: i64,
    /// What the rounding left: pot × weight mod total, in units of 1/total µRTC.
    pub remainder: i128,
    /// What is paid, µRTC: `floor`, or one more.
    pub amount: i64,
}

/// How a pot is divided: all that follows from everybody's weight together. Given this, what a miner gets
/// follows from its own weight and id, so that a million can be paid one after the other.
///
/// Everybody gets the whole µRTC of his share, and the few left over go one each to the largest
/// remainders, ties by miner id. (Hamilton's method, or largest remainder.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// What there is, µRTC, at least 0.
    pub pot: i64,
    /// Sum of all weights.
    pub total_weight: i128,
    /// Sum of all amounts, µRTC: the pot, or 0 where the total weight is 0.
    pub paid: i64,
    /// How many there are.
    pub miners: i64,
    /// Who is the last to get one more; `None` where the pot divides evenly.
    pub cut: Option<Cut>,
}

/// The last miner, by falling remainder and then by id, that gets one µRTC more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Its remainder.
    pub remainder: i128,
    /// Its id.
    pub miner: String,
}

impl Division {
    /// What a miner of this id and weight gets.
    pub fn share(&self, miner: &str, weight: i64) -> Share {
        let (floor, remainder) = exact(self.pot, weight, self.total_weight);
        let more = self
            .cut
            .as_ref()
            .is_some_and(|cut| (remainder, cut.miner.as_str()) >= (cut.remainder, miner));
        Share {
            floor,
            remainder,
            amount: floor + i64::from(more),
        }
    }
}

/// Whole µRTC of a share, and the remainder; zeros where nobody weighs anything.
fn exact(pot: i64, weight: i64, total_weight: i128) -> (i64, i128) {
    if total_weight == 0 {
        return (0, 0);
    }
    // Both factors fit 63 bits, so the product fits 127; the quotient is at most the pot.
    let product = i128::from(pot) * i128::from(weight.max(0));
    ((product / total_weight) as i64, product % total_weight)
}

/// What [`apportion`] finds: a [`Division`] in which the cut is not a miner's id but a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apportioned {
    /// See [`Division::total_weight`].
    pub total_weight: i128,
    /// See [`Division::paid`].
    pub paid: i64,
    /// The remainder and the place in `weights` of [`Division::cut`].
    pub cut: Option<(i128, usize)>,
}

/// Divides `pot` (µRTC) in proportion to weights that are in the order of the miners' ids.
///
/// Weights and pot below 0 count as 0. Cost: linear in time; 16 bytes for each miner in memory.
pub fn apportion(pot: i64, weights: &[i64]) -> Apportioned {
    let pot = pot.max(0);
    let total_weight: i128 = weights.iter().map(|&w| i128::from(w.max(0))).sum();
    if total_weight == 0 {
        return Apportioned {
            total_weight,
            paid: 0,
            cut: None,
        };
    }
    let mut left = pot;
    let mut remainders: Vec<i128> = weights
        .iter()
        .map(|&weight| {
            let (floor, remainder) = exact(pot, weight, total_weight);
            left -= floor;
            remainder
        })
        .collect();
    Apportioned {
        total_weight,
        paid: pot,
        cut: cut(&mut remainders, usize::try_from(left).unwrap_or(0)).and_then(
            |(remainder, ties)| {
                let equal = |weight: i64| exact(pot, weight, total_weight).1 == remainder;
                let mut places = (0..).zip(weights).filter(|&(_, &weight)| equal(weight));
                places.nth(ties - 1).map(|(place, _)| (remainder, place))
            },
        ),
    }
}

/// The smallest of the `count` largest remainders, and how many of those are equal to it. Fewer µRTC are
/// left than there are remainders above zero: they are less than `total` each, and sum to `count` of it.
fn cut(remainders: &mut [i128], count: usize) -> Option<(i128, usize)> {
    let last = count.checked_sub(1)?;
    let (above, &mut smallest, _) = remainders.select_nth_unstable_by(last, |a, b| b.cmp(a));
    let ties = above.iter().filter(|&&r| r == smallest).count() + 1;
    Some((smallest, ties))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Weights by id, in any order.
    type Weights = Vec<(String, i64)>;

    fn named(weights: &[i64]) -> Weights {
        let ids = (0..).map(|i: usize| format!("m{i:03}"));
        ids.zip(weights.iter().copied()).collect()
    }

    fn divide(pot: i64, weights: &[(String, i64)]) -> (Division, Vec<Share>) {
        let mut weights = weights.to_vec();
        weights.sort();
        let alone: Vec<i64> = weights.iter().map(|w| w.1).collect();
        let found = apportion(pot, &alone);
        let division = Division {
            pot: pot.max(0),
            total_weight: found.total_weight,
            paid: found.paid,
            miners: weights.len() as i64,
            cut: found.cut.map(|(remainder, place)| Cut {
                remainder,
                miner: weights[place].0.clone(),
            }),
        };
        let share = |(miner, weight): &(String, i64)| division.share(miner, *weight);
        let shares = weights.iter().map(share).collect();
        (division, shares)
    }

    fn amounts(pot: i64, weights: &[(String, i64)]) -> Vec<i64> {
        divide(pot, weights).1.iter().map(|s| s.amount).collect()
    }

    /// The same by the words of the rule, one µRTC after the other.
    fn naive(pot: i64, weights: &[i64]) -> Vec<i64> {
        let total: i128 = weights.iter().map(|&w| i128::from(w)).sum();
        if total == 0 {
            return vec![0; weights.len()];
        }
        let product = |i: usize| i128::from(pot) * i128::from(weights[i]);
        let mut amounts: Vec<i64> = (0..weights.len())
            .map(|i| i64::try_from(product(i) / total).unwrap())
            .collect();
        let mut waiting: Vec<usize> = (0..weights.len()).collect();
        for _ in amounts.iter().sum::<i64>()..pot {
            let largest = waiting.iter().map(|&i| product(i) % total).max().unwrap();
            let first = waiting.iter().position(|&i| product(i) % total == largest);
            amounts[waiting.remove(first.unwrap())] += 1;
        }
        amounts
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
        // One after the tie has more than those in it.
        assert_eq!(amounts(2, &named(&[5, 5, 7])), [1, 0, 1]);
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

    /// From nothing to more than there is, and often small, so that there are ties.
    fn weight() -> impl Strategy<Value = i64> {
        prop_oneof![
            0..=i64::MAX,
            0..9i64,
            Just(i64::MAX),
            Just(0),
            Just(1_000_000_000)
        ]
    }

    fn pot() -> impl Strategy<Value = i64> {
        prop_oneof![0..=crate::ledger::TOTAL_SUPPLY, 0..100i64, Just(i64::MAX)]
    }

    proptest! {
        #[test]
        fn the_sum_is_the_pot_and_nobody_is_off_by_one(
            pot in pot(),
            weights in prop::collection::vec(weight(), 1..60),
        ) {
            let (division, shares) = divide(pot, &named(&weights));
            let sum: i64 = shares.iter().map(|s| s.amount).sum();
            prop_assert_eq!(sum, division.paid);
            prop_assert_eq!(sum, if division.total_weight == 0 { 0 } else { pot });
            for share in &shares {
                prop_assert!(share.amount == share.floor || share.amount == share.floor + 1);
                prop_assert!(share.amount == share.floor || share.remainder > 0);
            }
        }

        #[test]
        fn it_is_the_rule_to_the_last_micro(
            pot in pot(),
            weights in prop::collection::vec(weight(), 1..40),
        ) {
            prop_assert_eq!(amounts(pot, &named(&weights)), naive(pot, &weights));
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
            let amounts = amounts(pot, &named(&weights));
            for (w, a) in weights.windows(2).zip(amounts.windows(2)) {
                if w[0] >= w[1] {
                    prop_assert!(a[0] >= a[1]);
                } else {
                    prop_assert!(a[0] <= a[1]);
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
