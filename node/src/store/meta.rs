//! What a database says of itself: the chain's parameters and the node's key.

use super::sql::{Connection, Purpose};
use super::{books, records, ChainOptions, OpenError};
use crate::epoch::Chain;
use crate::keys::{self, NodeKey};
use crate::ledger::Transaction;

const GENESIS: &str = "genesis_s";
const SLOT: &str = "slot_s";
const SLOTS: &str = "slots_per_epoch";
const POT: &str = "pot";
const NODE_KEY: &str = "node_key";

/// Writes the chain's parameters, the node's key and the first transaction into a new database;
/// compares them with an old one.
pub fn settle(
    connection: &Connection,
    options: ChainOptions,
    now_ms: i64,
) -> Result<(Chain, NodeKey), OpenError> {
    connection.transaction(Purpose::Write, |c| {
        if records::meta::<i64>(c, GENESIS)?.is_none() {
            begin(c, options, now_ms)?;
        }
        let chain = read_chain(c)?;
        for (name, stored, asked) in [
            ("genesis", chain.genesis_s, options.genesis_s),
            ("slot seconds", chain.slot_s, options.slot_s),
            (
                "slots in an epoch",
                chain.slots_per_epoch,
                options.slots_per_epoch,
            ),
            ("pot", chain.pot, options.pot),
        ] {
            if let Some(asked) = asked.filter(|&asked| asked != stored) {
                return Err(OpenError::Parameter(name, stored, asked));
            }
        }
        let secret: [u8; 32] = records::meta(c, NODE_KEY)?.ok_or(OpenError::Damaged(NODE_KEY))?;
        Ok((chain, NodeKey::new(&secret)))
    })
}

fn begin(c: &Connection, options: ChainOptions, now_ms: i64) -> Result<(), OpenError> {
    let default = Chain::default();
    for (name, asked, default) in [
        (GENESIS, options.genesis_s, default.genesis_s),
        (SLOT, options.slot_s, default.slot_s),
        (SLOTS, options.slots_per_epoch, default.slots_per_epoch),
        (POT, options.pot, default.pot),
    ] {
        records::set_meta(c, name, asked.unwrap_or(default))?;
    }
    let secret: [u8; 32] = keys::random().map_err(OpenError::Randomness)?;
    records::set_meta(c, NODE_KEY, secret)?;
    let genesis = Transaction::genesis().map_err(|_| OpenError::Damaged("genesis"))?;
    books::book(c, &genesis, now_ms)?;
    Ok(())
}

/// The chain's parameters, as a database keeps them.
pub fn read_chain(c: &Connection) -> Result<Chain, OpenError> {
    let get = |key: &'static str, least: i64| {
        records::meta::<i64>(c, key)?
            .filter(|&value| value >= least)
            .ok_or(OpenError::Damaged(key))
    };
    Ok(Chain {
        genesis_s: get(GENESIS, 0)?,
        slot_s: get(SLOT, 1)?,
        slots_per_epoch: get(SLOTS, 1)?,
        pot: get(POT, 0)?,
    })
}
