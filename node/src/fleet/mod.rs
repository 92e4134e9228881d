//! Many names, how many machines? What the miners of a node have in common, and what follows.
//!
//! Honest crowds have nearly everything in common: a campus one network, a shop's customers one model,
//! everybody's cron one minute. None of it, and no sum of it, costs anybody anything: [`circumstance`]
//! is told to the operator. What costs is what only one unit has ([`assess`]): the rate and the start
//! of a counter, a serial, a card, the very noise of a measurement. One machine is one vote: the name
//! that came first keeps it.
//!
//! Who is compared with whom comes out of an index of small buckets ([`index`]), so that an
//! attestation costs the same among a thousand miners and among a million. ROMs are judged in [`rom`].
//!
//! All of that is pure. [`seen`] reads an attestation, [`known`] is what is kept of a miner, [`watch`] moves it in
//! the attestation's transaction and records what an assessment found, [`tell`] says it in words.

pub mod assess;
pub mod circumstance;
pub mod command;
pub mod index;
pub mod known;
pub mod profile;
pub mod rom;
pub mod seen;
pub mod tell;
pub mod watch;
