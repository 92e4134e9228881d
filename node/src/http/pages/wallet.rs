//! `/explorer/wallet/{id}`: a wallet's balance, rewards and transfers.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

use super::shell::{show, Shown};
use super::transaction::{transfer_lines, TransferLine};
use super::view::{self, Pages, Turned};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::error::ApiError;
use crate::http::request::Segment;
use crate::ledger::Account;
use crate::store::{books, explorer, records, transfers};

/// Transfers on a page.
const EACH: i64 = 50;

/// Rewards that are shown.
const REWARDS: i64 = 50;

#[derive(Template)]
#[template(path = "pages/wallet.html")]
struct Page {
    id: String,
    balance: String,
    is_machine: bool,
    pages: Pages,
    rewards: Vec<view::Reward>,
    transfers: Vec<TransferLine>,
}

/// The wallet; that of nobody is empty.
pub async fn page(
    State(app): State<Arc<App>>,
    Segment(wallet): Segment,
    query: Result<Turned, ApiError>,
    asked: HeaderMap,
) -> Shown {
    check_id(&wallet)?;
    let number = query?.number();
    let id = wallet.clone();
    let (balance, rewards, (sent, total), known) = app
        .store
        .read(move |c| {
            let offset = (number - 1) * EACH;
            Ok::<_, ApiError>((
                books::balance(c, &Account::Wallet(id.clone()))?,
                explorer::rewards(c, &id, REWARDS)?,
                transfers::list(c, Some(&id), None, EACH, offset)?,
                records::miner(c, &id)?,
            ))
        })
        .await?;
    let link = format!("/explorer/wallet/{wallet}");
    let page = Page {
        balance: view::rtc(balance),
        is_machine: known.is_some(),
        pages: Pages::of(number, EACH, sent.len(), total, &link),
        rewards: view::rewards(&rewards),
        transfers: transfer_lines(sent),
        id: wallet,
    };
    show(&page, &asked)
}
