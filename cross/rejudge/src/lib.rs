//! The node's judging, compiled alone: no database, no network, no clock. That it compiles shows that a verdict
//! depends on nothing else of the node.

#[path = "../../../node/src/verdict/mod.rs"]
pub mod verdict;
