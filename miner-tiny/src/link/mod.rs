//! A connection over a null-modem line: framed, checked, repeated where a byte was lost.
//!
//! A machine without a network calls a relay on the other end of its serial cable; the relay does the
//! TCP. [`frame`] finds frames among noise, [`End`] is the protocol as a state machine without I/O,
//! the same for both ends, and [`Client`] drives it for a program that waits: connect, send,
//! receive, close. `docs/serial.md` describes the protocol, with an example in hexadecimal.
//!
//! | [`Step`] | the caller does | and then calls |
//! |---|---|---|
//! | `Write` | writes as many of the bytes as the line takes | [`End::written`] |
//! | `Read` | waits for bytes, up to the time given | [`End::received`]; nothing where none came |
//!
//! After each of them it calls [`End::step`] again, with the time, as with [`crate::session`]. What
//! the connection is used for goes beside: [`End::connect`], [`End::send`], [`End::receive`] and
//! [`End::close`] never wait; [`End::state`] says what has become of it.
//!
//! What holds, whatever the line does: bytes are given in the order in which they were sent, each
//! once, none changed (as far as 32 bits of checksum see), or the connection ends with an error; a
//! frame of an earlier connection is not taken for one of this; no input makes it panic, and without
//! input it sends nothing but at its timers. Whether a submission or an answer is genuine is not its
//! business: signatures say that.
//!
//! Nothing is allocated: an end is one value of about 1.3 KiB, less where [`PAYLOAD_MAX`] is lowered.

pub mod frame;

mod client;
mod config;
mod end;
mod state;

pub use client::{Broken, Client, Error, Line, Received, CLOSE_MS};
pub use config::{
    retry_ms, Config, ANSWER_MS, DEFAULT_BAUD, DOUBLINGS, KEEPALIVE_MS, KEEPALIVE_TRIES, TRIES,
    VERSION,
};
pub use end::{End, Statistics, Step};
pub use frame::{Id, Side, ENCODED_MAX, PAYLOAD_MAX};
pub use state::{Over, Reason, State};
