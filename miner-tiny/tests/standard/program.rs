//! `verdigris-tiny` over the standard library: on the machine that builds, what targets are compared with.

#[path = "mod.rs"]
mod standard;

use std::process::ExitCode;

/// Prints as it goes.
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut system = standard::Standard::new(".", &arguments);
    system.live = true;
    ExitCode::from(miner_tiny::program::run(&mut system) as u8)
}
