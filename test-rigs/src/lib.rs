//! The adversary and the laboratory: what checks the rest by other means than its own.

pub mod hostile;
pub mod reference;
pub mod sim;
