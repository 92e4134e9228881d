//! Statements about who owns a name, and what the operator decided about that.

use super::sql::{self, params, Connection};

/// Who may speak for a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// The key that the name is pinned to.
    pub key: Option<[u8; 32]>,
    /// Whether the operator lets nobody speak for it.
    pub frozen: bool,
}

/// The owner of a name; `None` where it never attested.
pub fn owner(c: &Connection, miner: &str) -> sql::Result<Option<Owner>> {
    c.query_opt(
        "SELECT public_key, frozen FROM miners WHERE miner = ?1",
        params![miner],
        |row| {
            Ok(Owner {
                key: row.get(0)?,
                frozen: row.get(1)?,
            })
        },
    )
}

/// What the operator may do to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Gives it to this key.
    Set([u8; 32]),
    /// Gives it to whoever signs for it next.
    Unpin,
    /// Lets nobody speak for it.
    Freeze,
    /// Lets its owner speak again.
    Unfreeze,
}

impl Act {
    /// Its name in the database and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Act::Set(_) => "set",
            Act::Unpin => "unpin",
            Act::Freeze => "freeze",
            Act::Unfreeze => "unfreeze",
        }
    }
}

/// Does it, and records it; `false` where the name never attested.
pub fn act(c: &Connection, miner: &str, act: Act, reason: &str, now_ms: i64) -> sql::Result<bool> {
    let Some(before) = owner(c, miner)? else {
        return Ok(false);
    };
    let given = match act {
        Act::Set(key) => Some(key),
        _ => None,
    };
    // First the record: without it the database keeps the key as it is.
    c.execute(
        "INSERT INTO key_actions (at_ms, miner, action, previous_key, public_key, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![now_ms, miner, act.name(), before.key, given, reason],
    )?;
    let after = match act {
        Act::Set(_) | Act::Unpin => Owner {
            key: given,
            ..before
        },
        Act::Freeze => Owner {
            frozen: true,
            ..before
        },
        Act::Unfreeze => Owner {
            frozen: false,
            ..before
        },
    };
    c.execute(
        "UPDATE miners SET public_key = ?2, frozen = ?3 WHERE miner = ?1",
        params![miner, after.key, after.frozen],
    )?;
    Ok(true)
}

/// A recorded decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// See [`Act::name`].
    pub action: String,
    /// The key before.
    pub previous_key: Option<[u8; 32]>,
    /// The key given.
    pub public_key: Option<[u8; 32]>,
    /// The operator's words.
    pub reason: String,
}

/// Decisions about a name, newest first.
pub fn recorded(c: &Connection, miner: &str, limit: i64) -> sql::Result<Vec<Recorded>> {
    c.query_all(
        "SELECT at_ms, action, previous_key, public_key, reason FROM key_actions
         WHERE miner = ?1 ORDER BY id DESC LIMIT ?2",
        params![miner, limit],
        |row| {
            Ok(Recorded {
                at_ms: row.get(0)?,
                action: row.get(1)?,
                previous_key: row.get(2)?,
                public_key: row.get(3)?,
                reason: row.get(4)?,
            })
        },
    )
}
