//! The explorer: pages for people, made on the node, complete without script and without style.
//!
//! One file for each page, with a template of the same name in `templates/pages`. A page asks the store what
//! the JSON endpoints ask it, and makes texts of it; templates escape all of them. What is named by clients
//! goes through [`view::tame`] first. They are under `/explorer`, where the existing network has its own, and
//! where no endpoint for programs is. Each page names the endpoint that says the same as JSON; where that is for the
//! page alone it is in the page's file, and both show what one function finds.

mod assets;
mod charts;
pub mod discover;
mod epoch;
pub mod epochs;
mod feeds;
pub mod hall;
mod kept;
pub mod laboratory;
mod live;
mod machine;
mod miners;
pub mod overview;
pub mod preserved;
mod shell;
pub mod time;
pub mod transaction;
mod view;
mod wallet;

use axum::routing::get;
use axum::{Extension, Router};
use std::sync::Arc;

use crate::app::App;

/// All pages, feeds and files of the explorer.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(overview::root))
        .route("/explorer", get(overview::page))
        .route("/explorer/miners", get(miners::page))
        .route("/explorer/miner/{miner}", get(machine::page))
        .route("/explorer/miner/{miner}/passport", get(machine::passport))
        .route("/explorer/miner/{miner}/{chart}", get(charts::of_miner))
        .route("/explorer/epochs", get(epochs::page))
        .route("/explorer/epoch/{epoch}", get(epoch::page))
        .route("/explorer/time/{span}", get(time::page))
        .route("/explorer/time/{span}/{chart}", get(time::chart))
        .route("/explorer/hall-of-fame", get(hall::page))
        .route("/explorer/preserved", get(preserved::page))
        .route("/explorer/wallet/{wallet}", get(wallet::page))
        .route("/explorer/transactions", get(transaction::list))
        .route("/explorer/tx/{*reference}", get(transaction::page))
        .route("/explorer/laboratory", get(laboratory::page))
        .route("/explorer/laboratory/{part}", get(laboratory::part))
        .route("/explorer/live", get(live::events))
        .route("/explorer/{file}", get(assets::file))
        .route("/feeds/{feed}", get(feeds::feed))
        .route("/llms.txt", get(discover::for_models))
}

/// The routes, with what pages and their endpoints keep for all who ask.
pub fn keeping(routes: Router<Arc<App>>) -> Router<Arc<App>> {
    routes.layer(Extension(Arc::new(kept::Kept::default())))
}
