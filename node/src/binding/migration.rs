//! Taking a machine to another name, or to other parts: what its owner signs, and what the operator can
//! do where an owner cannot.
//!
//! Every migration waits, where everybody can see it, and can be cancelled by the key of the name that it
//! takes the machine from. Meanwhile the machine is that name's.

use serde_json::{json, Map, Value};
use std::time::Duration;

use crate::app::App;
use crate::attest::object;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::json::{canonical, parse};
use crate::keys;
use crate::store::bindings::{self, Kept, Origin, Refusal};
use crate::store::records;
use crate::store::sql::Connection;
use crate::transfer::request::{chain_id, nonce};

/// How many times as long the operator's migrations wait: an owner who still has the key, and looks once
/// a month, can cancel.
pub const OPERATOR_DELAYS: u32 = 4;

/// Migrations done in one transaction, at most.
const AT_ONCE: u32 = 256;

/// What a migration changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The name that the machine is bound to.
    Wallet,
    /// The machine's parts: processor or board.
    Hardware,
}

impl Kind {
    /// Its name, in the store and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Wallet => "wallet",
            Kind::Hardware => "hardware",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Kind::Wallet, Kind::Hardware]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A migration that an owner signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Of what.
    pub kind: Kind,
    /// Which machine.
    pub unit: i64,
    /// Whose it is.
    pub from: String,
    /// Whose it will be: the same for other parts.
    pub to: String,
    /// Above all earlier ones of the same name.
    pub nonce: i64,
    /// The key of `from`.
    pub public_key: [u8; 32],
    /// Ed25519, over `signed`.
    pub signature: [u8; 64],
    /// See [`Migration::signed_text`].
    pub signed: Vec<u8>,
}

/// An owner's cancellation of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// Whose machine it was to take.
    pub miner: String,
    /// Its number.
    pub migration: i64,
    /// The key of `miner`.
    pub public_key: [u8; 32],
    /// Ed25519, over `signed`.
    pub signature: [u8; 64],
    /// See [`Cancellation::signed_text`].
    pub signed: Vec<u8>,
}

impl Migration {
    /// What an owner signs: canonical JSON. No other request has an `action`, so that none can be taken
    /// for another.
    pub fn signed_text(
        kind: Kind,
        unit: i64,
        from: &str,
        to: &str,
        nonce: i64,
        chain_id: &str,
    ) -> String {
        canonical(&json!({
            "action": "binding_migrate",
            "chain_id": chain_id,
            "kind": kind.name(),
            "miner": from,
            "nonce": nonce,
            "to": to,
            "unit": unit,
        }))
    }

    /// Reads a body: `kind`, `unit`, `miner`, `to` (not for other parts), `nonce`, `chain_id`,
    /// `public_key`, `signature`. Whether the key is the name's, only the books know.
    ///
    /// # Errors
    /// [`Code::InvalidJsonObject`], [`Code::MissingRequiredFields`], [`Code::InvalidMigrationField`],
    /// those of ids and nonces, [`Code::ChainIdMismatch`], [`Code::InvalidSignature`].
    pub fn read(body: &[u8], chain_id: &str) -> Result<Self, ApiError> {
        let members = object(body)?;
        require(
            &members,
            &["kind", "unit", "miner", "nonce", "public_key", "signature"],
        )?;
        let kind = text(&members, "kind")?;
        let kind =
            Kind::named(kind).ok_or_else(|| field("\"kind\" is \"wallet\" or \"hardware\""))?;
        let unit = number(&members, "unit")?;
        let from = id(&members, "miner")?;
        let to = match (kind, members.get("to")) {
            (Kind::Hardware, None | Some(Value::Null)) => from.clone(),
            (Kind::Wallet, None | Some(Value::Null)) => {
                return Err(field("\"to\" names the wallet that the machine goes to"))
            }
            _ => id(&members, "to")?,
        };
        if (kind == Kind::Wallet) == (from == to) {
            return Err(field(
                "a machine goes to another wallet, or its parts change in the same one",
            ));
        }
        let nonce = nonce(members.get("nonce"))?;
        of_this_network(&members, chain_id)?;
        let signed = Migration::signed_text(kind, unit, &from, &to, nonce, chain_id);
        let (public_key, signature) = verified(&members, &signed)?;
        Ok(Migration {
            kind,
            unit,
            from,
            to,
            nonce,
            public_key,
            signature,
            signed: signed.into_bytes(),
        })
    }

    /// Derives it again from the bytes that were signed; a sentence for what differs.
    pub fn proof(&self) -> Result<(), &'static str> {
        let Migration {
            kind,
            unit,
            from,
            to,
            nonce,
            ..
        } = self;
        check_proof(
            &self.public_key,
            &self.signature,
            &self.signed,
            from,
            |chain_id| Migration::signed_text(*kind, *unit, from, to, *nonce, chain_id),
        )
    }
}

impl Cancellation {
    /// What an owner signs.
    pub fn signed_text(migration: i64, miner: &str, chain_id: &str) -> String {
        canonical(&json!({
            "action": "binding_cancel",
            "chain_id": chain_id,
            "migration": migration,
            "miner": miner,
        }))
    }

    /// Reads a body: `migration`, `miner`, `chain_id`, `public_key`, `signature`.
    ///
    /// # Errors
    /// As [`Migration::read`].
    pub fn read(body: &[u8], chain_id: &str) -> Result<Self, ApiError> {
        let members = object(body)?;
        require(&members, &["migration", "miner", "public_key", "signature"])?;
        let (migration, miner) = (number(&members, "migration")?, id(&members, "miner")?);
        of_this_network(&members, chain_id)?;
        let signed = Cancellation::signed_text(migration, &miner, chain_id);
        let (public_key, signature) = verified(&members, &signed)?;
        Ok(Cancellation {
            miner,
            migration,
            public_key,
            signature,
            signed: signed.into_bytes(),
        })
    }

    /// Derives it again from the bytes that were signed; a sentence for what differs.
    pub fn proof(&self) -> Result<(), &'static str> {
        check_proof(
            &self.public_key,
            &self.signature,
            &self.signed,
            &self.miner,
            |chain_id| Cancellation::signed_text(self.migration, &self.miner, chain_id),
        )
    }
}

fn check_proof(
    key: &[u8; 32],
    signature: &[u8; 64],
    signed: &[u8],
    miner: &str,
    again: impl FnOnce(&str) -> String,
) -> Result<(), &'static str> {
    if !keys::may_own(key, miner) {
        return Err("its key is not that of the name");
    }
    if !keys::verify(key, signature, signed) {
        return Err("its signature is not valid");
    }
    let said = parse(signed).unwrap_or_default();
    let chain_id = said["chain_id"].as_str().unwrap_or_default();
    if again(chain_id).as_bytes() == signed {
        Ok(())
    } else {
        Err("it is not what was signed")
    }
}

fn field(why: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidMigrationField, why)
}

fn require(members: &Map<String, Value>, names: &[&str]) -> Result<(), ApiError> {
    let missing: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| members.get(*name).is_none_or(Value::is_null))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let why = "this request needs all of these";
    Err(ApiError::new(Code::MissingRequiredFields, why)
        .with("details", json!({ "missing": missing })))
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<&'a str, ApiError> {
    members
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| field(format!("\"{name}\" is no text")))
}

fn number(members: &Map<String, Value>, name: &str) -> Result<i64, ApiError> {
    members
        .get(name)
        .and_then(Value::as_i64)
        .filter(|&n| n > 0)
        .ok_or_else(|| field(format!("\"{name}\" is a number as /binding/MINER shows it")))
}

fn id(members: &Map<String, Value>, name: &str) -> Result<String, ApiError> {
    let id = text(members, name)?;
    check_id(id)?;
    Ok(id.to_owned())
}

/// A network must be named, or what was signed for one could be repeated on another.
fn of_this_network(members: &Map<String, Value>, ours: &str) -> Result<(), ApiError> {
    if chain_id(members.get("chain_id"))?.as_deref() == Some(ours) {
        return Ok(());
    }
    let why = format!("\"chain_id\" must name this network, {ours}");
    Err(ApiError::new(Code::ChainIdMismatch, why))
}

fn verified(members: &Map<String, Value>, signed: &str) -> Result<([u8; 32], [u8; 64]), ApiError> {
    let key = keys::unhex(text(members, "public_key")?);
    let signature = keys::unhex(text(members, "signature")?);
    match key.zip(signature) {
        Some((key, signature)) if keys::verify(&key, &signature, signed.as_bytes()) => {
            Ok((key, signature))
        }
        _ => Err(ApiError::new(
            Code::InvalidSignature,
            "the signature does not fit what is asked for and the key",
        )
        .with("signed_text", signed)),
    }
}

/// Whether this key speaks for this name.
fn check_owner(c: &Connection, name: &str, key: &[u8; 32]) -> Result<(), ApiError> {
    if keys::is_address(name) {
        return match keys::may_own(key, name) {
            true => Ok(()),
            false => Err(ApiError::new(
                Code::PubkeyAddressMismatch,
                "the address belongs to another key",
            )),
        };
    }
    let pin = records::miner(c, name)?.and_then(|known| known.public_key);
    if pin.as_ref() == Some(key) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::SigningKeyMismatch,
        "the name belongs to another key, or to none; then only the operator can move its machines",
    ))
}

/// Takes an owner's migration, or says why not.
///
/// # Errors
/// Those of [`Migration::read`]; [`Code::PubkeyAddressMismatch`], [`Code::SigningKeyMismatch`], and
/// those of a migration that cannot be begun.
pub async fn accept(app: &App, body: Vec<u8>) -> Result<Kept, ApiError> {
    let chain_id = app.config.chain_id.clone();
    let migration = app
        .compute(move || Migration::read(&body, &chain_id))
        .await?;
    let requested_ms = app.clock.now_ms();
    let due_ms = requested_ms.saturating_add(millis(app.config.migration_delay));
    app.store
        .write(move |c| {
            check_owner(c, &migration.from, &migration.public_key)?;
            let (kind, unit, to) = (migration.kind, migration.unit, migration.to.clone());
            let origin = Origin::Owner(Box::new(migration.clone()));
            begin(c, kind, unit, &to, &origin, requested_ms, due_ms)
        })
        .await
}

/// Begins a migration to another name for the operator, who has a reason.
///
/// # Errors
/// Those of a migration that cannot be begun.
pub async fn accept_from_operator(
    app: &App,
    unit: i64,
    to: String,
    reason: String,
) -> Result<Kept, ApiError> {
    check_id(&to)?;
    let requested_ms = app.clock.now_ms();
    let delay = app.config.migration_delay.saturating_mul(OPERATOR_DELAYS);
    let due_ms = requested_ms.saturating_add(millis(delay));
    app.store
        .write(move |c| {
            let origin = Origin::Operator(reason.clone());
            begin(c, Kind::Wallet, unit, &to, &origin, requested_ms, due_ms)
        })
        .await
}

/// Begins a migration, and gives it back as it is kept.
fn begin(
    c: &Connection,
    kind: Kind,
    unit: i64,
    to: &str,
    origin: &Origin,
    requested_ms: i64,
    due_ms: i64,
) -> Result<Kept, ApiError> {
    let begun = bindings::begin(c, kind, unit, to, origin, requested_ms, due_ms)?;
    let id = begun.map_err(refused)?;
    bindings::migration(c, id)?.ok_or_else(no_migration)
}

fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::NotBound => ApiError::new(
            Code::BindingNotFound,
            "no machine of this number is bound to that wallet",
        ),
        Refusal::ItsOwn => field("the machine is that wallet's already"),
        Refusal::Replay => ApiError::new(Code::ReplayDetected, "this nonce was used already"),
        Refusal::OutOfOrder(latest) => ApiError::new(
            Code::OutOfOrderNonce,
            "the nonce is not above the last one used",
        )
        .with("latest_nonce", latest),
        Refusal::Waits(id) => ApiError::new(
            Code::MigrationPending,
            "a migration of this machine waits already; cancel it first",
        )
        .with("migration", id),
        Refusal::TooMany => ApiError::new(
            Code::MigrationRefused,
            "the receiver has as many machines as a wallet can",
        ),
    }
}

fn no_migration() -> ApiError {
    ApiError::new(
        Code::MigrationNotFound,
        "there is no such migration of this wallet's machines",
    )
}

/// Cancels a migration for its owner.
///
/// # Errors
/// Those of [`Cancellation::read`]; [`Code::PubkeyAddressMismatch`], [`Code::SigningKeyMismatch`],
/// [`Code::MigrationNotFound`], [`Code::MigrationEnded`].
pub async fn cancel(app: &App, body: Vec<u8>) -> Result<Kept, ApiError> {
    let chain_id = app.config.chain_id.clone();
    let by = app
        .compute(move || Cancellation::read(&body, &chain_id))
        .await?;
    let now_ms = app.clock.now_ms();
    app.store
        .write(move |c| {
            check_owner(c, &by.miner, &by.public_key)?;
            let cancelled = bindings::cancel_signed(c, &by, now_ms)?;
            let kept = bindings::migration(c, by.migration)?;
            ended(kept.filter(|kept| kept.from == by.miner), cancelled)
        })
        .await
}

/// Cancels a migration for the operator, who has a reason.
///
/// # Errors
/// [`Code::MigrationNotFound`], [`Code::MigrationEnded`].
pub async fn cancel_for_operator(app: &App, id: i64, reason: String) -> Result<Kept, ApiError> {
    let now_ms = app.clock.now_ms();
    app.store
        .write(move |c| {
            let cancelled = bindings::cancel(c, id, &reason, now_ms)?;
            ended(bindings::migration(c, id)?, cancelled)
        })
        .await
}

fn ended(kept: Option<Kept>, now: bool) -> Result<Kept, ApiError> {
    let kept = kept.ok_or_else(no_migration)?;
    if now {
        return Ok(kept);
    }
    let why = format!("migration {} is {} already", kept.id, kept.state.name());
    Err(ApiError::new(Code::MigrationEnded, why))
}

/// Does every migration that is due. Gives how many.
///
/// # Errors
/// Where the store fails; what was done before stays done, the rest is still due.
pub async fn complete_overdue(app: &App) -> Result<usize, ApiError> {
    let mut done = 0;
    loop {
        let now_ms = app.clock.now_ms();
        let due = app
            .store
            .read(move |c| Ok::<_, ApiError>(bindings::is_any_due(c, now_ms)?));
        if !due.await? {
            return Ok(done);
        }
        let batch = app
            .store
            .write(move |c| Ok::<_, ApiError>(bindings::complete_due(c, now_ms, AT_ONCE)?))
            .await?;
        done += batch;
        if batch < AT_ONCE as usize {
            return Ok(done);
        }
    }
}

fn millis(delay: Duration) -> i64 {
    i64::try_from(delay.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `verdigris migrate` signs, letter by letter: its tests have the same.
    #[test]
    fn what_is_signed_never_changes() {
        assert_eq!(
            Migration::signed_text(Kind::Wallet, 17, "a", "b", 7, "net"),
            r#"{"action":"binding_migrate","chain_id":"net","kind":"wallet","miner":"a","nonce":7,"to":"b","unit":17}"#
        );
        assert_eq!(
            Cancellation::signed_text(4, "a", "net"),
            r#"{"action":"binding_cancel","chain_id":"net","migration":4,"miner":"a"}"#
        );
    }
}
