//! `/api/time/{span}`: the same blocks for programs.

use axum::extract::{Extension, State};
use serde::Serialize;
use std::sync::Arc;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{blocks, Block, Bounds, Stretch, RANGE, SPANS};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::openapi::{refusals, PATH, QUERY, STORE};
use crate::http::pages::kept::Kept;
use crate::http::reply::Answer;
use crate::http::request::Segment;
use crate::http::scalars::{MicroRtc, UnixSeconds};

/// The names of stretches of time. Only described here: texts become stretches by [`Stretch::named`].
pub struct SpanName;

impl PartialSchema for SpanName {
    fn schema() -> RefOr<Schema> {
        let names = SPANS.iter().map(|span| span.name).chain([RANGE]);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(names))
            .into()
    }
}

impl ToSchema for SpanName {}

/// A stretch of time in blocks, oldest first, as it was up to a minute ago.
#[derive(Serialize, ToSchema)]
pub struct BlocksOfTime {
    /// Submissions that were judged, in all blocks together.
    #[schema(minimum = 0)]
    attestations: i64,
    blocks: Vec<BlockOfTime>,
    /// Where the first block begins.
    from: UnixSeconds,
    ok: bool,
    /// What epochs paid that were divided in it.
    rewards_i64: MicroRtc,
    #[schema(value_type = SpanName)]
    span: &'static str,
    /// Where the last block ends.
    to: UnixSeconds,
    /// Transfers that were taken in it, and booked since.
    #[schema(minimum = 0)]
    transfers: i64,
    /// What they moved.
    volume_i64: MicroRtc,
}

/// A block of time. Epochs and transfers stand in the block in which they ended or were taken.
#[derive(Serialize, ToSchema)]
pub struct BlockOfTime {
    /// Submissions that were judged.
    #[schema(minimum = 0)]
    attestations: i64,
    from: UnixSeconds,
    /// The most miners that shared in one of its epochs.
    #[schema(minimum = 0)]
    miners_paid: i64,
    rewards_i64: MicroRtc,
    to: UnixSeconds,
    #[schema(minimum = 0)]
    transfers: i64,
    volume_i64: MicroRtc,
}

impl From<&Block> for BlockOfTime {
    fn from(block: &Block) -> Self {
        BlockOfTime {
            attestations: block.attestations,
            from: UnixSeconds::of_ms(block.from_ms),
            miners_paid: block.divided.miners,
            rewards_i64: MicroRtc(block.divided.paid),
            to: UnixSeconds::of_ms(block.to_ms),
            transfers: block.moved.transfers,
            volume_i64: MicroRtc(block.moved.amount),
        }
    }
}

refusals! { TimeRefusals = PATH, QUERY, STORE, &[Code::NotFound] }

/// Attestations, machines, rewards and transfers in blocks of time, up to now; or of a stretch of an hour and more, as
/// `range` with `from` and `to`. One that is shorter, or turned round, is widened.
#[utoipa::path(
    get,
    path = "/api/time/{span}",
    operation_id = "blocksOfTime",
    tag = "Epochs",
    params(("span" = SpanName, Path, description = "Which stretch.", example = "1d"), Bounds),
    responses((status = 200, description = "The blocks.", body = BlocksOfTime), TimeRefusals)
)]
pub async fn json(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    Segment(name): Segment,
    bounds: Bounds,
) -> Result<Answer<BlocksOfTime>, ApiError> {
    let stretch = Stretch::named(&name, Ok(bounds))?;
    let series = blocks(&app, &kept, stretch).await?;
    let (from_ms, to_ms) = series.edges_ms();
    let all = series.all();
    Ok(Answer::new(BlocksOfTime {
        attestations: all.attestations,
        blocks: series.blocks.iter().map(BlockOfTime::from).collect(),
        from: UnixSeconds::of_ms(from_ms),
        ok: true,
        rewards_i64: MicroRtc(all.paid),
        span: stretch.name(),
        to: UnixSeconds::of_ms(to_ms),
        transfers: all.transfers,
        volume_i64: MicroRtc(all.volume),
    }))
}
