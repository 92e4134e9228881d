//! Transfers between wallets: what the owner of an address signed, who it was, and what happens to it.
//!
//! A transfer is taken where the signature, the nonce and the money are right; then it waits, so that
//! the operator can call it off, and is booked by the task that settles epochs. [`request`] reads it,
//! [`amount`] its numbers; [`Transfer`] is what is kept: with the signed bytes, so that anybody can
//! check it again, as [`crate::audit`] does. Names have no key to sign with: what they have moves by the
//! operator's [`order`].

pub mod amount;
pub mod command;
pub mod order;
pub mod request;

use serde::Serialize;
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::app::App;
use crate::config::CHAIN_ID;
use crate::error::{ApiError, Code};
use crate::http::scalars::{MicroRtc, MinerId, Rtc, UnixSeconds};
use crate::json::{decimal, parse};
use crate::keys;
use crate::ledger::RTC_PLACES;
use crate::store::transfers::{self, Refusal, PENDING_MAX};
use amount::Amount;
use request::Request;

/// Bytes of a memo, at most.
pub const MEMO_MAX: usize = 1_024;

/// Bytes of a reason that the operator gives, at most.
pub const REASON_MAX: usize = 512;

/// Reads the reason for what the operator does to somebody's money or machine, who will read it.
///
/// # Errors
/// A sentence, where the text is blank, too long, or has a character of code 0.
pub fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    // PostgreSQL has no texts with NUL in them.
    if text.is_empty() || text.len() > REASON_MAX || text.contains('\0') {
        return Err(format!(
            "the reason is a text for those whom it concerns, of 1 to {REASON_MAX} bytes"
        ));
    }
    Ok(text.to_owned())
}

/// The same, as a member of what the operator asks for.
///
/// # Errors
/// [`Code::InvalidParameter`].
pub fn reason_of(body: &Map<String, Value>) -> Result<String, ApiError> {
    let text = body.get("reason").and_then(Value::as_str);
    reason(text.unwrap_or_default()).map_err(|why| ApiError::new(Code::InvalidParameter, why))
}

/// Hexadecimal digits of a transfer's hash.
pub const HASH_DIGITS: usize = 32;

/// A transfer whose signature is right, or that the operator ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its name: the first half of the SHA-256 of `signed` and `signature`, hexadecimal.
    pub hash: String,
    /// Who pays.
    pub from: String,
    /// Who is paid.
    pub to: String,
    /// How much, µRTC.
    pub amount: i64,
    /// Above all earlier ones of the same sender.
    pub nonce: i64,
    /// For the receiver.
    pub memo: String,
    /// The sender's; `None` where the operator ordered it.
    pub signature: Option<Signature>,
    /// What was signed or ordered. JSON; where it was signed, as Python writes it.
    pub signed: Vec<u8>,
}

/// A sender's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Whose hash is the sender's address.
    pub public_key: [u8; 32],
    /// Ed25519, over [`Transfer::signed`].
    pub bytes: [u8; 64],
}

/// Checks a request but for what only the books know.
///
/// # Errors
/// Those of [`Request::read`]; [`Code::ChainIdMismatch`], [`Code::PubkeyAddressMismatch`],
/// [`Code::InvalidTransferSignature`], [`Code::LegacySignatureFeeUnbound`],
/// [`Code::SignedTransferFeeUnsettled`].
pub fn check(body: &[u8], chain_id: &str) -> Result<Transfer, ApiError> {
    let request = Request::read(body)?;
    // The existing network takes transfers that name none. Elsewhere they would be replays of its.
    let named = request.chain_id.as_deref().unwrap_or(CHAIN_ID);
    if named != chain_id {
        return Err(ApiError::new(
            Code::ChainIdMismatch,
            format!("\"chain_id\" is not this network's, {chain_id}"),
        ));
    }
    let key: Option<[u8; 32]> = keys::unhex(&request.public_key);
    let Some(public_key) = key.filter(|key| keys::address(key) == request.from) else {
        return Err(ApiError::new(
            Code::PubkeyAddressMismatch,
            "\"from_address\" belongs to another key",
        ));
    };
    let (signature, signed) = verified(&request, &public_key)?;
    if !request.fee.is_zero() {
        return Err(ApiError::new(
            Code::SignedTransferFeeUnsettled,
            "transfers are free: \"fee_rtc\" is 0",
        ));
    }
    Ok(Transfer {
        hash: hash(&signed, &signature),
        from: request.from,
        to: request.to,
        amount: request.micro,
        nonce: request.nonce,
        memo: request.memo,
        signature: Some(Signature {
            public_key,
            bytes: signature,
        }),
        signed,
    })
}

/// The signature, and the bytes that it is of.
fn verified(request: &Request, key: &[u8; 32]) -> Result<([u8; 64], Vec<u8>), ApiError> {
    let refusal = || {
        ApiError::new(
            Code::InvalidTransferSignature,
            "the signature does not fit the transfer and the key",
        )
    };
    let signature = keys::unhex(&request.signature).ok_or_else(refusal)?;
    let signed = request.signed_text().into_bytes();
    if keys::verify(key, &signature, &signed) {
        return Ok((signature, signed));
    }
    let older = request.signed_text_without_fee().into_bytes();
    if !keys::verify(key, &signature, &older) {
        return Err(refusal());
    }
    if !request.fee.is_zero() {
        return Err(ApiError::new(
            Code::LegacySignatureFeeUnbound,
            "the signature does not cover the fee",
        ));
    }
    Ok((signature, older))
}

fn hash(signed: &[u8], signature: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(signed)
        .chain_update(signature)
        .finalize();
    let mut hash = keys::hex(&digest);
    hash.truncate(HASH_DIGITS);
    hash
}

impl Transfer {
    /// Derives the transfer again from the bytes that were signed or ordered; a sentence for what
    /// differs.
    pub fn proof(&self) -> Result<(), &'static str> {
        let bytes = self.signature.map(|signature| signature.bytes);
        let bytes = bytes.as_ref().map_or(&[][..], |bytes| bytes);
        if hash(&self.signed, bytes) != self.hash {
            return Err("its name is not the hash of what was signed");
        }
        let said = parse(&self.signed).unwrap_or_default();
        match self.signature {
            Some(Signature { public_key, bytes }) => {
                if keys::address(&public_key) != self.from {
                    return Err("its key is not the sender's");
                }
                if !keys::verify(&public_key, &bytes, &self.signed) {
                    return Err("its signature is not valid");
                }
            }
            None => {
                if keys::has_address_shape(&self.from) {
                    return Err("it was ordered, and the sender's address has a key");
                }
                if said["ordered_by"] != order::ORDERED_BY {
                    return Err("it is neither signed nor ordered");
                }
            }
        }
        let text = |name: &str| said[name].as_str();
        let amount = said["amount"]
            .as_number()
            .map(|n| Amount::parse(n.as_str()));
        let amount = amount.and_then(Result::ok).map(|amount| amount.micro());
        let same = text("from") == Some(&self.from)
            && text("to") == Some(&self.to)
            && text("memo") == Some(&self.memo)
            && text("nonce") == Some(&self.nonce.to_string())
            && amount == Some(self.amount);
        if same {
            Ok(())
        } else {
            Err("it is not what was signed")
        }
    }
}

/// A transfer that was taken, as its sender is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TakenTransfer)]
pub struct Taken {
    amount_i64: MicroRtc,
    amount_rtc: Rtc,
    /// This network's.
    chain_id: String,
    /// When it is booked.
    confirms_at: UnixSeconds,
    /// Hours until then, with three decimal places.
    #[schema(value_type = f64, minimum = 0)]
    confirms_in_hours: Number,
    #[schema(value_type = MinerId)]
    from_address: String,
    message: &'static str,
    ok: bool,
    /// The transfer's number.
    #[schema(minimum = 1)]
    pending_id: i64,
    #[schema(example = "pending")]
    phase: &'static str,
    /// The same nonce will not be taken twice.
    replay_protected: bool,
    signature_type: &'static str,
    #[schema(value_type = MinerId)]
    to_address: String,
    /// The transfer's name, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    tx_hash: String,
    /// The signature is right.
    verified: bool,
}

/// Takes a transfer, or says why not.
///
/// # Errors
/// Those of [`check`]; [`Code::RateLimit`] for too many of one key; [`Code::WalletHeld`],
/// [`Code::WalletBlocked`], [`Code::ReplayDetected`], [`Code::OutOfOrderNonce`],
/// [`Code::TooManyPending`], [`Code::InsufficientBalance`].
pub async fn accept(app: &App, body: Vec<u8>) -> Result<Taken, ApiError> {
    let chain_id = app.config.chain_id.clone();
    let transfer = app.compute(move || check(&body, &chain_id)).await?;
    // Whoever signs with a key has it, so nobody can use up somebody else's.
    if let Some(signature) = &transfer.signature {
        app.limits.admit_transfer(signature.public_key)?;
    }
    let delay_ms = i64::try_from(app.config.transfer_delay.as_millis()).unwrap_or(i64::MAX);
    let received_ms = app.clock.now_ms();
    let confirms_ms = received_ms.saturating_add(delay_ms);
    let kept = transfer.clone();
    let id = app
        .store
        .write(move |c| {
            transfers::accept(c, &kept, received_ms, confirms_ms)?
                .map_err(|refusal| refused(&kept, refusal, received_ms))
        })
        .await?;
    Ok(Taken {
        amount_i64: MicroRtc(transfer.amount),
        amount_rtc: Rtc(transfer.amount),
        chain_id: app.config.chain_id.clone(),
        confirms_at: UnixSeconds::of_ms(confirms_ms),
        // Hours with three places: a thousandth of an hour is 3,600 ms.
        confirms_in_hours: decimal(delay_ms / 3_600, 3),
        from_address: transfer.from,
        message: "taken; it is booked at confirms_at unless the operator calls it off",
        ok: true,
        pending_id: id,
        phase: "pending",
        replay_protected: true,
        signature_type: "Ed25519",
        to_address: transfer.to,
        tx_hash: transfer.hash,
        verified: true,
    })
}

fn refused(transfer: &Transfer, refusal: Refusal, now_ms: i64) -> ApiError {
    match refusal {
        Refusal::Held(reason) => {
            ApiError::new(Code::WalletHeld, "the operator looks into this wallet")
                .with("reason", reason)
        }
        Refusal::Blocked(reason) => ApiError::new(
            Code::WalletBlocked,
            "the operator lets nothing leave this wallet",
        )
        .with("reason", reason),
        Refusal::Replay(hash) => ApiError::new(
            Code::ReplayDetected,
            "this nonce was used already, by the transfer named",
        )
        .with("tx_hash", hash),
        Refusal::OutOfOrder(latest) => ApiError::new(
            Code::OutOfOrderNonce,
            "the nonce is not above the last one used",
        )
        .with("latest_nonce", latest),
        Refusal::TooMany(first_due_ms) => ApiError::new(
            Code::TooManyPending,
            format!("{PENDING_MAX} transfers of this wallet wait to be booked"),
        )
        .after(u64::try_from((first_due_ms - now_ms) / 1_000 + 1).unwrap_or(1)),
        Refusal::Funds { balance, pending } => {
            let rtc = |micro| Value::Number(decimal(micro, RTC_PLACES));
            ApiError::new(
                Code::InsufficientBalance,
                "the wallet does not have that much that is not promised already",
            )
            .with("balance_rtc", rtc(balance))
            .with("pending_debits_rtc", rtc(pending))
            .with("available_rtc", rtc(balance.saturating_sub(pending)))
            .with("requested_rtc", rtc(transfer.amount))
        }
    }
}
