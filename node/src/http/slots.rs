//! `/headers/ingest_signed`, `/api/blocks`: signed headers of slots.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, BODY, ID, QUERY, STORE};
use super::query::{query, Limit, Offset, Whole};
use super::reply::Answer;
use super::request::Bytes;
use super::requests::IngestRequest;
use super::scalars::{MinerId, UnixSeconds};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::json::parse;
use crate::keys::hex;
use crate::slot_header::{Form, SlotHeader, SLOTS_OFF};
use crate::store::headers::{self, Kept};
use crate::store::{names, records};

use super::epochs::ROTATION_MS;

/// Headers in one answer, at most.
const PAGE_MAX: i64 = 500;

/// A header that was taken.
#[derive(Serialize, ToSchema)]
pub struct Ingested {
    /// What was signed.
    form: Form,
    /// BLAKE2b-256 of what was signed, in hexadecimal.
    header_hash: String,
    #[schema(value_type = MinerId)]
    miner: String,
    ok: bool,
    #[schema(minimum = 0)]
    slot: i64,
    status: Taken,
}

/// Whether a header is new.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It was kept.
    Accepted,
    /// It was kept before.
    Known,
}

refusals! {
    IngestRefusals = BODY, ID, STORE, &[
        Code::MissingMiner,
        Code::InvalidHeader,
        Code::MessageHeaderMismatch,
        Code::InvalidHeaderSignature,
        Code::SlotTooFarInFuture,
        Code::SlotTooOld,
        Code::NoPubkeyRegistered,
        Code::NotSlotProducer,
        Code::NameFrozen,
        Code::SlotTaken,
    ]
}

/// Takes the header that a slot's producer signed.
///
/// A slot has one header, the first. It decides nothing about money: epochs end by the clock.
#[utoipa::path(
    post,
    path = "/headers/ingest_signed",
    operation_id = "ingest",
    tag = "Epochs",
    request_body = IngestRequest,
    responses((status = 200, description = "It is kept.", body = Ingested), IngestRefusals)
)]
pub async fn ingest(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Ingested>, ApiError> {
    let header = app.compute(move || SlotHeader::read(&body)).await?;
    let now_ms = app.clock.now_ms();
    let slot = app.store.chain().slot(now_ms / 1_000);
    if header.slot > slot.saturating_add(SLOTS_OFF) {
        let why = format!("slot {} is more than {SLOTS_OFF} after {slot}", header.slot);
        return Err(ApiError::new(Code::SlotTooFarInFuture, why));
    }
    if header.slot < slot.saturating_sub(SLOTS_OFF) {
        let why = format!(
            "slot {} is more than {SLOTS_OFF} before {slot}",
            header.slot
        );
        return Err(ApiError::new(Code::SlotTooOld, why));
    }
    let wanted = header.miner.clone();
    let owner = app
        .store
        .read(move |c| Ok::<_, ApiError>(names::owner(c, &wanted)?))
        .await?
        .unwrap_or_default();
    if owner.frozen {
        return Err(ApiError::new(
            Code::NameFrozen,
            "the operator froze this name",
        ));
    }
    let key = owner.key.ok_or_else(|| {
        let why = "this miner never signed an attestation";
        ApiError::new(Code::NoPubkeyRegistered, why)
    })?;
    let header = app
        .compute(move || {
            let theirs = header.public_key.is_none_or(|named| named == key);
            if theirs && header.is_signed_by(&key) {
                return Ok(header);
            }
            let why = "the signature is not this miner's, or not over this header";
            Err(ApiError::new(Code::InvalidHeaderSignature, why))
        })
        .await?;

    let answer = |status, header: &SlotHeader| Ingested {
        form: header.form,
        header_hash: header.hash(),
        miner: header.miner.clone(),
        ok: true,
        slot: header.slot,
        status,
    };
    let accepted = answer(Taken::Accepted, &header);
    let known = answer(Taken::Known, &header);
    let fresh = app
        .store
        .write(move |c| {
            // What is kept stays, also where the round has changed since.
            if let Some(message) = headers::message_of(c, header.slot)? {
                if message == header.message {
                    return Ok(false);
                }
                return Err(ApiError::new(
                    Code::SlotTaken,
                    "this slot has another header",
                ));
            }
            require_turn(c, &header, now_ms - ROTATION_MS)?;
            Ok::<_, ApiError>(headers::keep(c, &header, &key, now_ms)?)
        })
        .await?;
    Ok(Answer::new(if fresh { accepted } else { known }))
}

/// Whether it was its producer's turn, of the miners that attested since `since_ms`.
fn require_turn(
    c: &crate::store::sql::Connection,
    header: &SlotHeader,
    since_ms: i64,
) -> Result<(), ApiError> {
    let round = records::rotation(c, since_ms, header.slot, &header.miner)?;
    if round.producer.as_ref() == Some(&header.miner) {
        return Ok(());
    }
    let size = round.size.max(1);
    let mut refusal = ApiError::new(Code::NotSlotProducer, "it is another miner's turn")
        .with("slot", header.slot)
        .with("slot_producer", round.producer)
        .with("rotation_size", round.size);
    refusal = match round.place {
        None => refusal.with("reason", "not_attested"),
        Some(place) => refusal.with("reason", "not_your_turn").with(
            "your_turn_at_slot",
            header.slot + (place - header.slot % size).rem_euclid(size),
        ),
    };
    Err(refusal)
}

query! {
    /// A page of the headers.
    BlocksQuery {
        /// Headers in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Headers to leave out first.
        offset: Offset,
    }
}

/// Signed headers, newest slot first. There are no blocks: money is booked in transactions.
#[derive(Serialize, ToSchema)]
pub struct Blocks {
    blocks: Vec<Block>,
    /// Headers in this answer.
    count: usize,
    limit: i64,
    offset: i64,
    ok: bool,
    /// Headers that there are.
    #[schema(minimum = 0)]
    total: i64,
}

/// A header that a slot's producer signed.
#[derive(Serialize, ToSchema)]
pub struct Block {
    /// The header; null where a text was signed.
    header: Value,
    /// What was signed, in hexadecimal.
    message: String,
    /// Its producer.
    #[schema(value_type = MinerId)]
    miner: String,
    /// The producer's key, in hexadecimal.
    public_key: String,
    received_at: UnixSeconds,
    /// In hexadecimal.
    signature: String,
    #[schema(minimum = 0)]
    slot: i64,
}

impl From<Kept> for Block {
    fn from(kept: Kept) -> Self {
        Block {
            header: kept
                .header
                .and_then(|text| parse(text.as_bytes()).ok())
                .unwrap_or(Value::Null),
            message: hex(&kept.message),
            miner: kept.miner,
            public_key: hex(&kept.public_key),
            received_at: UnixSeconds::of_ms(kept.received_ms),
            signature: hex(&kept.signature),
            slot: kept.slot,
        }
    }
}

refusals! { BlocksRefusals = QUERY, STORE }

/// The signed headers of slots, in the place of the existing network's blocks.
#[utoipa::path(
    get,
    path = "/api/blocks",
    operation_id = "blocks",
    tag = "Epochs",
    params(BlocksQuery),
    responses((status = 200, description = "The page.", body = Blocks), BlocksRefusals)
)]
pub async fn blocks(
    State(app): State<Arc<App>>,
    query: BlocksQuery,
) -> Result<Answer<Blocks>, ApiError> {
    let (Whole(limit), Whole(offset)) = (query.limit, query.offset);
    let (kept, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(headers::page(c, limit, offset)?))
        .await?;
    Ok(Answer::new(Blocks {
        count: kept.len(),
        blocks: kept.into_iter().map(Block::from).collect(),
        limit,
        offset,
        ok: true,
        total,
    }))
}
