//! What a database says of itself: the chain's parameters and the node's key.

use super::sql::{self, params, Connection};
use super::{books, ChainOptions, OpenError};
use crate::binding::salt::{Field, Salt};
use crate::epoch::Chain;
use crate::keys::{self, NodeKey};
use crate::ledger::Transaction;

const GENESIS: &str = "genesis_s";
const SLOT: &str = "slot_s";
const SLOTS: &str = "slots_per_epoch";
const POT: &str = "pot";
const NODE_KEY: &str = "node_key";
const BINDING_CHECK: &str = "binding_check";

fn number(c: &Connection, key: &str) -> sql::Result<Option<i64>> {
    c.query_opt(
        "SELECT number FROM meta WHERE key = ?1 AND number IS NOT NULL",
        params![key],
        |row| row.get(0),
    )
}

fn set_number(c: &Connection, key: &str, value: i64) -> sql::Result<()> {
    c.execute(
        "INSERT INTO meta (key, number) VALUES (?1, ?2)",
        params![key, value],
    )
    .map(drop)
}

fn bytes(c: &Connection, key: &str) -> sql::Result<Option<Vec<u8>>> {
    c.query_opt(
        "SELECT bytes FROM meta WHERE key = ?1 AND bytes IS NOT NULL",
        params![key],
        |row| row.get(0),
    )
}

fn set_bytes(c: &Connection, key: &str, value: &[u8]) -> sql::Result<()> {
    c.execute(
        "INSERT INTO meta (key, bytes) VALUES (?1, ?2)",
        params![key, value],
    )
    .map(drop)
}

/// Writes the chain's parameters, the node's key and the first transaction into a new database;
/// compares them with an old one. In the caller's transaction.
pub fn settle(
    c: &Connection,
    options: ChainOptions,
    now_ms: i64,
) -> Result<(Chain, NodeKey), OpenError> {
    if number(c, GENESIS)?.is_none() {
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
    let secret = bytes(c, NODE_KEY)?.and_then(|secret| secret.try_into().ok());
    let secret: [u8; 32] = secret.ok_or(OpenError::Damaged(NODE_KEY))?;
    Ok((chain, NodeKey::new(&secret)))
}

fn begin(c: &Connection, options: ChainOptions, now_ms: i64) -> Result<(), OpenError> {
    let default = Chain::default();
    for (name, asked, default) in [
        (GENESIS, options.genesis_s, default.genesis_s),
        (SLOT, options.slot_s, default.slot_s),
        (SLOTS, options.slots_per_epoch, default.slots_per_epoch),
        (POT, options.pot, default.pot),
    ] {
        set_number(c, name, asked.unwrap_or(default))?;
    }
    let secret: [u8; 32] = keys::random().map_err(OpenError::Randomness)?;
    set_bytes(c, NODE_KEY, &secret)?;
    let genesis = Transaction::genesis().map_err(|_| OpenError::Damaged("genesis"))?;
    books::book(c, &genesis, now_ms)?;
    Ok(())
}

/// Holds a secret against the one that this database's machines are bound with; the first one is noted.
/// `false` where it is another.
pub fn is_binding_secret(c: &Connection, salt: &Salt) -> sql::Result<bool> {
    let tag = salt.tag(Field::Check, &[]);
    match bytes(c, BINDING_CHECK)? {
        Some(known) => Ok(known == tag.0),
        None => set_bytes(c, BINDING_CHECK, &tag.0).map(|()| true),
    }
}

/// Whether this database has a secret that its machines are bound with.
pub fn has_binding_secret(c: &Connection) -> sql::Result<bool> {
    Ok(bytes(c, BINDING_CHECK)?.is_some())
}

/// The chain's parameters, as a database keeps them.
pub fn read_chain(c: &Connection) -> Result<Chain, OpenError> {
    let get = |key: &'static str, least: i64| {
        number(c, key)?
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
