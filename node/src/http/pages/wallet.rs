//! `/explorer/wallet/{id}`: a wallet's balance, rewards and transfers.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use std::sync::Arc;

use super::shell::{show, Shown};
use super::transaction::{transfer_lines, TransferLine};
use super::view::{self, Pages, PAGES_MAX};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::error::ApiError;
use crate::http::query::{query, Whole};
use crate::http::request::Segment;
use crate::ledger::Account;
use crate::store::{books, explorer, records, transfers};

/// Transfers on a page.
const EACH: i64 = 50;

/// Rewards that are shown.
const REWARDS: i64 = 50;

query! {
    /// Which page of the transfers.
    Asked {
        /// Page, from 1.
        page: Whole<1, PAGES_MAX, 1>,
    }
}

struct Reward {
    epoch: i64,
    time: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "pages/wallet.html")]
struct Page {
    id: String,
    balance: String,
    is_machine: bool,
    pages: Pages,
    rewards: Vec<Reward>,
    transfers: Vec<TransferLine>,
}

/// The wallet; that of nobody is empty.
pub async fn page(
    State(app): State<Arc<App>>,
    Segment(wallet): Segment,
    query: Result<Asked, ApiError>,
    asked: HeaderMap,
) -> Shown {
    check_id(&wallet)?;
    let Whole(number) = query?.page;
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
        rewards: rewards
            .iter()
            .map(|reward| Reward {
                epoch: reward.epoch,
                time: view::time(reward.at_ms),
                amount: view::rtc(reward.amount),
            })
            .collect(),
        transfers: transfer_lines(sent),
        id: wallet,
    };
    show(&page, &asked)
}
