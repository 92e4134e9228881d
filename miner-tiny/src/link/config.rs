//! What an end is told, and the protocol's numbers.

use super::frame::{Side, ENCODED_MAX, PAYLOAD_MAX};

/// The protocol that this is; a call says which it speaks.
pub const VERSION: u8 = 1;

/// Bits per second where nobody says otherwise: what a UART without a buffer keeps up with.
pub const DEFAULT_BAUD: u32 = 9_600;

/// Milliseconds that the other side may need to answer a frame, beside the time on the line: a slow
/// machine, an emulator, a USB adapter that gathers bytes before it hands them on.
pub const ANSWER_MS: u64 = 250;

/// How often a frame is sent before the other side counts as gone.
pub const TRIES: u8 = 12;

/// The wait for an answer doubles with every try, so often at most.
pub const DOUBLINGS: u8 = 2;

/// Milliseconds of silence after which an open connection is looked after.
pub const KEEPALIVE_MS: u64 = 10_000;

/// How often silence is looked after before the other side counts as gone.
pub const KEEPALIVE_TRIES: u8 = 4;

/// Bits on the line for a byte: a start bit, eight of data, a stop bit.
const BITS: u64 = 10;

const _: () = assert!(TRIES > DOUBLINGS);

/// Milliseconds to wait for the answer to a frame: the longest frame's time on the line, and
/// [`ANSWER_MS`].
pub const fn retry_ms(baud: u32) -> u64 {
    let baud = if baud == 0 { 1 } else { baud as u64 };
    ENCODED_MAX as u64 * BITS * 1_000 / baud + ANSWER_MS
}

/// What an end is told.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Which end it is.
    pub side: Side,
    /// Where the numbers of connections begin. Any number that is another one after every start of
    /// the program: random, or of a clock. It need not be secret.
    pub token: u16,
    /// Bits per second of the line: only for how long to wait.
    pub baud: u32,
    /// Bytes that this side takes in one frame: 1 to [`PAYLOAD_MAX`].
    pub takes: u8,
}

impl Config {
    /// The usual one.
    pub fn new(side: Side, token: u16, baud: u32) -> Self {
        Config {
            side,
            token,
            baud,
            takes: PAYLOAD_MAX as u8,
        }
    }
}
