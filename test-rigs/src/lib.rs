//! The adversary and the laboratory: what checks the rest by other means than its own.

pub mod bind;
pub mod fleet;
pub mod hostile;
#[cfg(feature = "lab")]
pub mod lab;
pub mod reference;
pub mod sim;
