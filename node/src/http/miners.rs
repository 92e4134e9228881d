//! `/api/miners`, `/api/miner/{id}/verdict`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Number, Value};
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, ID, PATH, QUERY, STORE};
use super::query::{query, Choice, Limit, Offset, OneOf, Text, Whole};
use super::reply::Answer;
use super::request::{Client, Segment};
use super::scalars::{MinerId, UnixSeconds, Weight};
use crate::app::App;
use crate::attest::shape::{check_id, ID_MAX};
use crate::error::{ApiError, Code};
use crate::json::{decimal, parse};
use crate::store::explorer::{self, Filter, Order};
use crate::store::{books, records};
use crate::verdict::antiquity::{UNPROVEN, VIRTUAL};
use crate::verdict::Verdict;

/// How long after its last attestation a miner is listed, milliseconds (existing network).
pub const ACTIVE_MS: i64 = 3_600_000;

/// Miners in one answer, at most (existing network).
const PAGE_MAX: i64 = 1_000;

/// Decimal places of a score in parts per million.
const PPM_PLACES: u32 = 6;

/// Since when miners are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Attested within [`ACTIVE_MS`].
    Hour,
    /// Ever accepted.
    Ever,
}

impl Choice for Seen {
    const WORDS: &'static [(&'static str, Self)] = &[("hour", Seen::Hour), ("ever", Seen::Ever)];
}

impl Choice for Order {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("recent", Order::Recent),
        ("weight", Order::Weight),
        ("age", Order::Age),
        ("name", Order::Name),
    ];
}

query! {
    /// A page of the miners.
    MinersQuery {
        /// Only miners of this class of silicon, as `device_arch` names it.
        class: Option<Text<ID_MAX>>,
        /// Only miners of this family of processors, as `device_family` names it.
        family: Option<Text<ID_MAX>>,
        /// Only miners whose name begins like this.
        q: Option<Text<ID_MAX>>,
        /// `hour`: miners that attested within the hour; `ever`: all that were ever accepted.
        seen: OneOf<Seen>,
        /// `recent`: who attested last comes first; `weight`: what counts most; `age`: who has been here longest;
        /// `name`: by name.
        sort: OneOf<Order>,
        /// Miners in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Miners to leave out first.
        offset: Offset,
    }
}

/// Miners that attested within the hour, or all.
#[derive(Serialize, ToSchema)]
pub struct Miners {
    miners: Vec<Miner>,
    pagination: Pagination,
}

/// Which part of a list this is.
#[derive(Serialize, ToSchema)]
pub struct Pagination {
    /// Miners in this answer.
    count: usize,
    limit: i64,
    offset: i64,
    /// Miners that there are of those asked for.
    #[schema(minimum = 0)]
    total: i64,
    /// Miners that share in the open epoch so far.
    #[schema(minimum = 0)]
    total_enrolled: i64,
}

/// A miner as its last attestation showed it.
#[derive(Serialize, ToSchema)]
pub struct Miner {
    /// What its class is worth at this age of the chain.
    antiquity_multiplier: Weight,
    /// Its class.
    #[schema(example = "g4")]
    device_arch: String,
    /// Its family of processors.
    #[schema(example = "PowerPC")]
    device_family: String,
    /// Score for being silicon, from 0 to 1.
    #[schema(value_type = f64, minimum = 0, maximum = 1)]
    entropy_score: Number,
    first_attest: UnixSeconds,
    /// Family and class in words.
    #[schema(example = "PowerPC G4 (Vintage)")]
    hardware_type: String,
    last_attest: UnixSeconds,
    #[schema(value_type = MinerId)]
    miner: String,
    /// Real silicon, not virtual, not emulated.
    physical: bool,
    /// What it counts in a settlement.
    weight: Weight,
}

refusals! { MinersRefusals = QUERY, STORE }

/// Miners that attested within the hour, or all; of a class, of a family, whose name begins in some way.
///
/// One address may ask so many times a minute; the headers `X-RateLimit-…` say how many, how many are left,
/// and in how many seconds it begins anew.
#[utoipa::path(
    get,
    path = "/api/miners",
    operation_id = "miners",
    tag = "Miners",
    params(MinersQuery),
    responses(
        (
            status = 200, description = "The page.", body = Miners,
            links(("verdict" = (
                operation_id = "verdict",
                parameters(("miner" = "$response.body#/miners/0/miner")),
                description = "Why the first of them counts as what it counts as.",
            ))),
            headers(
                ("x-ratelimit-limit" = u64, description = "Requests in a window of 60 s, at most; 0: any number."),
                ("x-ratelimit-remaining" = u64, description = "How many of them are left."),
                ("x-ratelimit-reset" = u64, description = "Seconds until the window ends."),
                ("x-total-count" = u64, description = "Miners that there are of those asked for."),
                ("x-page-limit" = u64, description = "`limit` as it was applied."),
                ("x-page-offset" = u64, description = "`offset` as it was applied."),
            )
        ),
        MinersRefusals,
    )
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Client(client): Client,
    query: Result<MinersQuery, ApiError>,
) -> Result<Response, ApiError> {
    let spent = app.limits.count_list(client);
    let counted = |answer: Answer<Miners>| {
        answer
            .header("x-ratelimit-limit", spent.limit)
            .header(
                "x-ratelimit-remaining",
                spent.limit.saturating_sub(spent.count),
            )
            .header("x-ratelimit-reset", spent.reset_s)
    };
    if !spent.allowed {
        let refusal = ApiError::new(Code::RateLimit, "too many requests from this address")
            .with("limit", format!("{}/60s", spent.limit))
            .after(spent.reset_s);
        let mut response = refusal.into_response();
        response
            .headers_mut()
            .extend(counted(Answer::default()).headers);
        return Ok(response);
    }
    let query = query?;
    let (Whole(limit), Whole(offset), OneOf(order)) = (query.limit, query.offset, query.sort);
    let chain = *app.store.chain();
    let now_ms = app.clock.now_ms();
    let given = |text: Option<Text<ID_MAX>>| text.map(|Text(text)| text);
    let filter = Filter {
        class: given(query.class),
        family: given(query.family),
        begins: given(query.q),
        since_ms: (query.seen == OneOf(Seen::Hour)).then_some(now_ms - ACTIVE_MS),
    };
    let (miners, total, enrolled) = app
        .store
        .read(move |c| {
            let (miners, total) = explorer::miners(c, &filter, order, limit, offset)?;
            let epoch = books::open_epoch(c, &chain, now_ms / 1_000)?;
            Ok::<_, ApiError>((miners, total, books::enrolled(c, epoch)?))
        })
        .await?;
    let count = miners.len();
    let answer = Answer::new(Miners {
        miners: miners.into_iter().map(shown).collect(),
        pagination: Pagination {
            count,
            limit,
            offset,
            total,
            total_enrolled: enrolled,
        },
    });
    let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(counted(answer)
        .header("x-total-count", unsigned(total))
        .header("x-page-limit", unsigned(limit))
        .header("x-page-offset", unsigned(offset))
        .into_response())
}

fn shown(miner: records::Miner) -> Miner {
    Miner {
        antiquity_multiplier: Weight(miner.multiplier),
        entropy_score: decimal(miner.presence_ppm.unwrap_or(0), PPM_PLACES),
        first_attest: UnixSeconds::of_ms(miner.first_ms),
        hardware_type: hardware_type(&miner.family, &miner.class),
        last_attest: UnixSeconds::of_ms(miner.last_ms),
        device_arch: miner.class,
        device_family: miner.family,
        miner: miner.miner,
        physical: miner.physical,
        weight: Weight(miner.weight),
    }
}

/// The existing network's label for a device; others are called by family and class.
fn hardware_type(family: &str, class: &str) -> String {
    match (
        family.to_ascii_lowercase().as_str(),
        class.to_ascii_lowercase().as_str(),
    ) {
        // What a machine claims to be is not what it is.
        (_, VIRTUAL) => "Virtual machine".into(),
        ("" | "unknown", UNPROVEN) => "Unknown/Other".into(),
        (_, UNPROVEN) => format!("{family} (not proven)"),
        ("powerpc", class) if ["g3", "g4", "g5"].contains(&class) => {
            format!("PowerPC {} (Vintage)", class.to_ascii_uppercase())
        }
        ("powerpc", _) => "PowerPC (Vintage)".into(),
        ("apple silicon", _) => "Apple Silicon (Modern)".into(),
        ("x86" | "x86_64", "modern" | "default") => "x86-64 (Modern)".into(),
        ("", _) => "Unknown/Other".into(),
        _ => format!("{family} {class}"),
    }
}

/// What the node made of a miner's last submission.
#[derive(Serialize, ToSchema)]
pub struct Judgement {
    /// The evidence belongs to the challenge and agrees with itself.
    accepted: bool,
    /// The submission's number in the log.
    #[schema(minimum = 1)]
    attestation_id: i64,
    /// The epoch that was open.
    #[schema(minimum = 0)]
    epoch: i64,
    #[schema(value_type = MinerId)]
    miner: String,
    /// The challenge.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    nonce: String,
    received_at: UnixSeconds,
    /// As it was written then: a verdict by older rules may have other members.
    #[schema(value_type = Verdict)]
    verdict: Value,
}

refusals! { VerdictRefusals = PATH, ID, STORE, &[Code::NotFound] }

/// What the node made of a miner's last submission, check by check.
#[utoipa::path(
    get,
    path = "/api/miner/{miner}/verdict",
    operation_id = "verdict",
    tag = "Miners",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "The verdict.", body = Judgement), VerdictRefusals)
)]
pub async fn verdict(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Judgement>, ApiError> {
    check_id(&miner)?;
    let asked = miner.clone();
    let judged = app
        .store
        .read(move |c| Ok::<_, ApiError>(records::latest(c, &asked)?))
        .await?
        .ok_or_else(|| ApiError::new(Code::NotFound, "this miner never submitted"))?;
    Ok(Answer::new(Judgement {
        accepted: judged.accepted,
        attestation_id: judged.id,
        epoch: judged.epoch,
        miner,
        nonce: judged.nonce,
        received_at: UnixSeconds::of_ms(judged.received_ms),
        verdict: parse(judged.verdict.as_bytes()).unwrap_or(Value::Null),
    }))
}
