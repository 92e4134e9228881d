//! `/explorer/transactions`, `/explorer/tx/{reference}`: what was booked, and one of it, line by line.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

use super::shell::{nothing, show, Shown};
use super::view::{self, tame, Pages, Turned};
use crate::app::App;
use crate::error::ApiError;
use crate::http::request::Segment;
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
    let asked_for = reference.clone();
    let (postings, kept) = app
        .store
        .read(move |c| {
            let kept = match asked_for.strip_prefix(TRANSFER) {
                Some(hash) => transfers::by_hash(c, hash)?,
                None => None,
            };
            Ok::<_, ApiError>((explorer::postings(c, &asked_for, LINES)?, kept))
        })
        .await?;
    if postings.is_none() && kept.is_none() {
        return Err(none());
    }
    let (lines, total) = postings
        .as_ref()
        .map_or((&[][..], 0), |found| (&found.lines, found.total));
    let page = Page {
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
