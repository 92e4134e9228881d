//! The same unit over time: the rate of a machine's crystal, from what its attestations tell.
//!
//! An attestation brackets two readings of the machine's counter between two instants of the node's
//! clock: the challenge was issued before the first reading, the submission came after the last. How
//! long the network took is not known, only that it took no time at all at the least. A machine's rate
//! is what every such bracket allows ([`mod@line`]). Many brackets are kept as sixteen windows of one
//! stretch without a step ([`spell`]), and stretches as a short list ([`track`]): the cost of one
//! attestation does not depend on how many came before. Two machines are compared by their rates over
//! the same hours ([`crystal`]).
//!
//! Pure and in integers: the same sightings give the same bits on every node. `docs/continuity.md` has
//! the method, its limits, and the rates measured.

pub mod chance;
pub mod crystal;
pub mod line;
pub mod spell;
pub mod track;

/// Nanoseconds in a second.
pub const SECOND_NS: i64 = 1_000_000_000;

/// Nanoseconds in an hour.
pub const HOUR_NS: i64 = 3_600 * SECOND_NS;

/// Nanoseconds in a day.
pub const DAY_NS: i64 = 24 * HOUR_NS;

/// A rate's distance from the nominal one, parts per trillion (1e-12): 1 ppm is [`PPM`].
pub type Ppt = i64;

/// One part per million.
pub const PPM: Ppt = 1_000_000;
