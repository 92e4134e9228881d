//! The node: challenge and judge, settle, keep the books, show them.
//!
//! Data flows one way: [`http`] parses and answers, [`attest`] checks a submission, [`verdict`]
//! judges it (a pure function), [`epoch`] turns weights into rewards, [`ledger`] says what a sound
//! movement of money is, [`transfer`] what a signed transfer is, [`slot_header`] what a signed header, and [`store`] is the only place that knows SQL. [`settle`] settles epochs
//! as they end and books transfers that are due; [`audit`] derives everything a second time, and [`explain`]
//! says of each share how it came about. Beside that way, [`continuity`],
//! [`binding`] and [`fleet`] tell which names are one machine.

pub mod app;
pub mod attest;
pub mod audit;
pub mod binding;
pub mod clock;
pub mod config;
pub mod continuity;
pub mod epoch;
pub mod error;
pub mod explain;
pub mod fleet;
pub mod http;
pub mod json;
pub mod keys;
pub mod ledger;
pub mod limits;
pub mod settle;
pub mod silicon;
pub mod slot_header;
pub mod store;
pub mod transfer;
pub mod verdict;
