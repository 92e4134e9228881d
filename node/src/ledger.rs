//! Money: integers of 1 µRTC, moved by sets of postings that sum to zero.
//!
//! Pure: what a movement is and when it is sound. [`crate::store`] books it, and the database
//! enforces the same rules again with constraints and triggers.

/// µRTC in 1 RTC.
pub const MICRO_PER_RTC: i64 = 1_000_000;

/// Decimal places of 1 RTC in µRTC.
pub const RTC_PLACES: u32 = 6;

/// All µRTC that will ever exist: 2^23 RTC.
pub const TOTAL_SUPPLY: i64 = (1 << 23) * MICRO_PER_RTC;

/// An account. System accounts and wallets are told apart by the text before the slash, which no
/// miner's id can contain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// The other side of all money: its balance is −[`TOTAL_SUPPLY`] from the first transaction on,
    /// and the only one below zero.
    Issuance,
    /// What has not been paid out yet.
    Emission,
    /// A miner's.
    Wallet(String),
}

impl Account {
    /// The account's name in the store.
    pub fn name(&self) -> String {
        match self {
            Account::Issuance => "system/issuance".into(),
            Account::Emission => "system/emission".into(),
            Account::Wallet(id) => format!("wallet/{id}"),
        }
    }
}

/// One line of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Whose balance changes.
    pub account: Account,
    /// By how much, µRTC. Never 0.
    pub amount: i64,
}

/// A movement of money that happens at most once, by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    reference: String,
    postings: Vec<Posting>,
}

/// Why a movement is not sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerError {
    /// Fewer than two postings, or one of zero.
    Empty,
    /// The postings do not sum to zero.
    Unbalanced(i128),
}

impl std::fmt::Display for LedgerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LedgerError::Empty => f.write_str("a movement needs two postings, none of them zero"),
            LedgerError::Unbalanced(sum) => {
                write!(f, "the postings sum to {sum} µRTC, not to zero")
            }
        }
    }
}

impl std::error::Error for LedgerError {}

impl Transaction {
    /// A movement named `reference`.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn new(reference: impl Into<String>, postings: Vec<Posting>) -> Result<Self, LedgerError> {
        if postings.len() < 2 || postings.iter().any(|p| p.amount == 0) {
            return Err(LedgerError::Empty);
        }
        // i128: no number of i64 that fits in memory overflows it.
        match postings.iter().map(|p| i128::from(p.amount)).sum() {
            0 => Ok(Transaction {
                reference: reference.into(),
                postings,
            }),
            sum => Err(LedgerError::Unbalanced(sum)),
        }
    }

    /// The first transaction of every ledger: the whole supply, ready to be paid out.
    ///
    /// # Errors
    /// None with the supply as it is.
    pub fn genesis() -> Result<Self, LedgerError> {
        Transaction::new(
            "genesis",
            vec![
                Posting {
                    account: Account::Issuance,
                    amount: -TOTAL_SUPPLY,
                },
                Posting {
                    account: Account::Emission,
                    amount: TOTAL_SUPPLY,
                },
            ],
        )
    }

    /// A payment out of the emission account to miners, µRTC each; `None` where nobody gets anything.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn payout(
        reference: String,
        amounts: impl IntoIterator<Item = (String, i64)>,
    ) -> Result<Option<Self>, LedgerError> {
        let mut postings = vec![Posting {
            account: Account::Emission,
            amount: 0,
        }];
        let paid = amounts.into_iter().filter(|(_, amount)| *amount != 0);
        postings.extend(paid.map(|(miner, amount)| Posting {
            account: Account::Wallet(miner),
            amount,
        }));
        if postings.len() == 1 {
            return Ok(None);
        }
        // What does not fit is not zero in the end either, and refused for that.
        let sum: i128 = postings.iter().map(|p| i128::from(p.amount)).sum();
        postings[0].amount = i64::try_from(-sum).unwrap_or(i64::MIN);
        Transaction::new(reference, postings).map(Some)
    }

    /// The booking of a confirmed transfer.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn transfer(hash: &str, from: &str, to: &str, amount: i64) -> Result<Self, LedgerError> {
        let posting = |wallet: &str, amount| Posting {
            account: Account::Wallet(wallet.to_owned()),
            amount,
        };
        Transaction::new(
            transfer_reference(hash),
            vec![posting(from, amount.saturating_neg()), posting(to, amount)],
        )
    }

    /// What makes the movement unique.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Its lines.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}

/// The reference under which a part of an epoch's shares is paid; most epochs have one part, 1.
pub fn payout_reference(epoch: i64, part: i64) -> String {
    match part {
        1 => format!("epoch/{epoch}"),
        part => format!("epoch/{epoch}/{part}"),
    }
}

/// The reference under which a transfer is booked.
pub fn transfer_reference(hash: &str) -> String {
    format!("transfer/{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_movements_that_sum_to_zero_exist(amounts in prop::collection::vec(-9i64..9, 0..6)) {
            let postings: Vec<_> = amounts
                .iter()
                .enumerate()
                .map(|(i, &amount)| Posting { account: Account::Wallet(i.to_string()), amount })
                .collect();
            let sound = amounts.len() >= 2
                && amounts.iter().all(|&a| a != 0)
                && amounts.iter().sum::<i64>() == 0;
            prop_assert_eq!(Transaction::new("t", postings).is_ok(), sound);
        }
    }

    #[test]
    fn sums_do_not_overflow() {
        let posting = |amount| Posting {
            account: Account::Emission,
            amount,
        };
        assert_eq!(
            Transaction::new("t", vec![posting(i64::MAX), posting(i64::MAX)]),
            Err(LedgerError::Unbalanced(2 * i128::from(i64::MAX)))
        );
    }

    #[test]
    fn no_wallet_is_a_system_account() {
        assert_eq!(Account::Wallet("system".into()).name(), "wallet/system");
        assert!(Transaction::genesis().is_ok());
    }
}
