//! Many names, few machines, and honest crowds beside them: whom a node meets over days of its clock.
//!
//! [`crystal`] is what makes a machine's counter tick, [`world`] lets names attest from it to any node that a
//! [`world::Town`] speaks to, and [`crowds`] are honest owners who have much in common. Floating point is at home here
//! and nowhere in what is tested.

pub mod crowds;
pub mod crystal;
pub mod world;
