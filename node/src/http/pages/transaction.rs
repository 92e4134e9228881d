//! `/explorer/transactions`, `/explorer/tx/{reference}`, `/api/transaction`: what was booked, and one of it, line by
//! line.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::shell::{nothing, show, Shown};
use super::view::{self, tame, Pages, Turned};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::openapi::{refusals, QUERY, STORE};
use crate::http::query::{query, Text};
use crate::http::reply::Answer;
use crate::http::request::Segment;
use crate::http::scalars::{MicroRtc, UnixSeconds};
use crate::http::transfers::{shown, Transfer};
use crate::store::transfers::{self, Kept, State as Ended};
use crate::store::{chronicle, explorer};

/// Transactions on a page.
const EACH: i64 = 50;

/// Lines of a transaction that are shown: a settlement has one for each machine.
const LINES: i64 = 100;

/// What a transfer's reference begins with.
const TRANSFER: &str = "transfer/";

/// Longest reference that is looked for.
const REFERENCE_MAX: usize = 200;

/// A transfer in a table.
pub struct TransferLine {
    /// When it was taken.
    pub time: String,
    /// Its name.
    pub hash: String,
    /// Who pays.
    pub from: String,
    /// Who is paid.
    pub to: String,
    /// How much.
    pub amount: String,
    /// What became of it.
    pub state: String,
}

/// Transfers in a table.
pub fn transfer_lines(transfers: Vec<Kept>) -> Vec<TransferLine> {
    let lines = transfers.into_iter().map(|kept| TransferLine {
        time: view::time(kept.received_ms),
        state: state(&kept),
        amount: view::rtc(kept.transfer.amount),
        hash: kept.transfer.hash,
        from: kept.transfer.from,
        to: kept.transfer.to,
    });
    lines.collect()
}

fn state(kept: &Kept) -> String {
    match &kept.state {
        Ended::Pending => format!("waits until {}", view::time(kept.confirms_ms)),
        Ended::Confirmed(at_ms) => format!("booked {}", view::time(*at_ms)),
        Ended::Voided(at_ms, reason) => {
            format!("called off {}: {}", view::time(*at_ms), tame(reason))
        }
    }
}

struct Line {
    time: String,
    reference: String,
    transfer: Option<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "pages/transactions.html")]
struct List {
    json: String,
    lines: Vec<Line>,
    pages: Pages,
}

/// What was booked, newest first.
pub async fn list(
    State(app): State<Arc<App>>,
    query: Result<Turned, ApiError>,
    asked: HeaderMap,
) -> Shown {
    let number = query?.number();
    let (booked, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(chronicle::booked(c, EACH, (number - 1) * EACH)?))
        .await?;
    let page = List {
        json: view::json_page("/api/transactions", number, EACH),
        pages: Pages::of(number, EACH, booked.len(), total, "/explorer/transactions"),
        lines: booked
            .into_iter()
            .map(|booked| Line {
                time: view::time(booked.created_ms),
                transfer: booked
                    .transfer
                    .map(|(from, to, n)| (from, to, view::rtc(n))),
                reference: booked.reference,
            })
            .collect(),
    };
    show(&page, &asked)
}

query! {
    /// Which transaction.
    TransactionQuery {
        /// Its name in the books, such as `epoch/7`, or `transfer/` and a transfer's hash.
        reference: Text<REFERENCE_MAX>,
    }
}

/// A transaction, line by line. A transfer that is not booked yet, or never will be, has no lines.
#[derive(Serialize, ToSchema)]
pub struct TransactionLines {
    /// When it was booked; null where it was not.
    booked_at: Option<UnixSeconds>,
    /// Lines in this answer: the first 100 at most, by account.
    count: usize,
    lines: Vec<TransactionLine>,
    ok: bool,
    /// What makes it unique.
    #[schema(example = "epoch/7")]
    reference: String,
    /// Lines that there are. They sum to zero.
    #[schema(minimum = 0)]
    total: i64,
    /// Of a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transfer: Option<Transfer>,
}

/// A line of a transaction.
#[derive(Serialize, ToSchema)]
pub struct TransactionLine {
    #[schema(example = "wallet/powerbook-g4")]
    account: String,
    /// What comes into the account; below zero what goes out of it.
    amount_i64: MicroRtc,
}

/// What is known of a transaction: the lines that are booked, and the transfer that it is.
type Found = (Option<explorer::Postings>, Option<Kept>);

/// The transaction of this name, if there is one.
async fn found(app: &App, reference: String) -> Result<Option<Found>, ApiError> {
    let (postings, kept) = app
        .store
        .read(move |c| {
            let kept = match reference.strip_prefix(TRANSFER) {
                Some(hash) => transfers::by_hash(c, hash)?,
                None => None,
            };
            Ok::<_, ApiError>((explorer::postings(c, &reference, LINES)?, kept))
        })
        .await?;
    Ok((postings.is_some() || kept.is_some()).then_some((postings, kept)))
}

refusals! { TransactionRefusals = QUERY, STORE, &[Code::TransactionNotFound] }

/// A transaction, by its name in the books, line by line.
#[utoipa::path(
    get,
    path = "/api/transaction",
    operation_id = "transactionLines",
    tag = "Wallets",
    params(TransactionQuery),
    responses(
        (status = 200, description = "The transaction.", body = TransactionLines),
        TransactionRefusals,
    )
)]
pub async fn json(
    State(app): State<Arc<App>>,
    query: TransactionQuery,
) -> Result<Answer<TransactionLines>, ApiError> {
    let Text(reference) = query.reference;
    let (postings, kept) = found(&app, reference.clone()).await?.ok_or_else(|| {
        let why = "there is no transaction of this name";
        ApiError::new(Code::TransactionNotFound, why)
    })?;
    let booked_at = postings.as_ref().map(|found| found.created_ms);
    let (lines, total) = postings.map_or((Vec::new(), 0), |found| (found.lines, found.total));
    let lines = lines.into_iter().map(|(account, amount)| TransactionLine {
        account,
        amount_i64: MicroRtc(amount),
    });
    let lines: Vec<TransactionLine> = lines.collect();
    Ok(Answer::new(TransactionLines {
        booked_at: booked_at.map(UnixSeconds::of_ms),
        count: lines.len(),
        lines,
        ok: true,
        reference,
        total,
        transfer: kept.as_ref().map(shown),
    }))
}

struct Posting {
    account: String,
    wallet: Option<String>,
    amount: String,
}

#[derive(Template)]
#[template(path = "pages/transaction.html")]
struct Page {
    reference: String,
    booked: Option<String>,
    transfer: Option<(TransferLine, String)>,
    json: String,
    lines: Vec<Posting>,
    total: String,
    cut: bool,
}

/// One transaction; also a transfer that is not booked yet, or never will be.
pub async fn page(
    State(app): State<Arc<App>>,
    Segment(reference): Segment,
    asked: HeaderMap,
) -> Shown {
    let none = || nothing("there is no transaction of this name");
    if reference.len() > REFERENCE_MAX {
        return Err(none());
    }
    let found = found(&app, reference.clone()).await?;
    let (postings, kept) = found.ok_or_else(none)?;
    let (lines, total) = postings
        .as_ref()
        .map_or((&[][..], 0), |found| (&found.lines, found.total));
    let page = Page {
        json: format!("/api/transaction?reference={}", view::encoded(&reference)),
        reference,
        booked: postings.as_ref().map(|found| view::time(found.created_ms)),
        cut: total > LINES,
        total: view::count(total),
        lines: lines
            .iter()
            .map(|(account, amount)| Posting {
                wallet: account.strip_prefix("wallet/").map(str::to_owned),
                account: account.clone(),
                amount: view::rtc(*amount),
            })
            .collect(),
        transfer: kept.and_then(|kept| {
            let memo = tame(&kept.transfer.memo);
            Some((transfer_lines(vec![kept]).pop()?, memo))
        }),
    };
    show(&page, &asked)
}
