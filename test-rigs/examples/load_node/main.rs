//! Loads a node with attestations and prints what they cost, on Linux:
//! `cargo run --release -p test-rigs --example load_node -- --node 127.0.0.1:8099 --pid PID`.
//!
//! Each attestation is a challenge, and the answer to it: digests of that nonce and that wallet,
//! signed by that wallet. One counts when it was answered with 200 and a weight above zero. Wallets
//! take turns, so that the run soon is a steady state: everybody attests again and again. An answer
//! waits for as long as its machine measured, because the node believes no machine that was faster. The
//! load is closed: a connection asks the next thing when the last was answered.
//!
//! `--seconds N` (30), `--warm-up N` (5), `--connections N` (64), `--threads N` (1), `--miners N`
//! (10000), `--outstanding N` (8192) challenges that wait for their machine, `--machine zen5|g4|stock` (zen5), `--admin ADDRESS --token-file FILE` for the node's own
//! account of where its time goes, `--json` for programs. Run `./dev bench node` for all of it.

#[cfg(target_os = "linux")]
mod drive;
#[cfg(target_os = "linux")]
mod figures;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod template;

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    report::run(&report::Options::read(std::env::args().skip(1))?)
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this program asks Linux's /proc and epoll");
    std::process::exit(2);
}
