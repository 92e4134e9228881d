//! What a node says of the account that is paid, and of the epoch.

use crate::balance::{number, share_of};
use crate::client::Client;
use crate::error::Error;

/// What a node says of an account and of its epoch; nothing where it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The balance, µRTC.
    pub balance: Option<u64>,
    /// The epoch under way.
    pub epoch: Option<u64>,
    /// The slot under way, counted from the first of all.
    pub slot: Option<u64>,
    /// Seconds of a slot.
    pub slot_s: Option<u64>,
    /// Seconds until the epoch ends.
    pub left_s: Option<u64>,
    /// Miners that share in the epoch so far.
    pub miners: Option<u64>,
    /// The last epoch that was paid, and what of it came to the account, µRTC.
    pub paid: Option<(u64, u64)>,
}

impl Account {
    /// Asks `client`'s node for the account of `id`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn ask(client: &Client, id: &str) -> Result<Self, Error> {
        let balance = client.get(&format!("/wallet/balance?miner_id={id}"))?;
        let epoch = client.get("/epoch")?;
        let time = |name| number(&epoch, name);
        let left = |end: u64, now: u64| end.saturating_sub(now);
        Ok(Account {
            balance: number(&balance, "amount_i64"),
            epoch: time("epoch"),
            slot: time("slot"),
            slot_s: time("slot_seconds").filter(|&seconds| seconds > 0),
            left_s: time("epoch_ends_at")
                .zip(time("server_time"))
                .map(|(end, now)| left(end, now)),
            miners: time("enrolled_miners"),
            paid: time("last_settled_epoch").and_then(|settled| {
                let path = format!("/api/epoch/{settled}/explain?miner={id}");
                // The existing network's nodes do not explain.
                let explanation = client.get(&path).ok()?;
                Some((settled, number(share_of(&explanation, id)?, "amount_i64")?))
            }),
        })
    }
}
