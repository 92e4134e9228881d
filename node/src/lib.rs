//! The node: challenge and judge, settle, keep the books, show them.
//!
//! Data flows one way: [`http`] parses and answers, [`attest`] checks a submission, [`verdict`]
//! judges it (a pure function), [`epoch`] turns weights into rewards, [`ledger`] books them, and
//! [`store`] is the only place that knows SQL.

pub mod verdict;
