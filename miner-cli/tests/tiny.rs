//! The real tiny program on a serial line, the real relay at its other end, and a node behind it.
#![cfg(target_os = "linux")]

mod common;

use common::line::{pty, text, Noise, Relay};
use common::{serve, signed, Home, Node, Ran};
use miner_tiny::program;
use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::Arc;
use verdigris_linux::start::Start;
use verdigris_linux::system::Linux;

/// Names the built program, where there is one.
const PROGRAM: &str = "VERDIGRIS_TINY_BIN";

/// Tells this test that it is the program, and what its arguments are, one a line.
const ARGUMENTS: &str = "VERDIGRIS_TEST_TINY_ARGUMENTS";

/// The tiny program as a process, if this is that process: the same code as the program for Linux, by
/// the same system calls, where only the C library's start comes before it.
#[test]
fn the_program_itself() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else {
        return;
    };
    let status = program::run(&mut Linux::new(start(&arguments)));
    std::process::exit(status);
}

/// What the kernel hands to a program with these arguments.
fn start(arguments: &str) -> Start {
    let all: Vec<CString> = ["verdigris-tiny"]
        .into_iter()
        .chain(arguments.lines())
        .map(|argument| CString::new(argument).expect("no zero byte"))
        .collect();
    let mut stack = vec![all.len()];
    stack.extend(all.into_iter().map(|text| text.into_raw() as usize));
    // The end of the arguments, of the environment, and of the auxiliary vector.
    stack.extend([0, 0, 0, 0]);
    #[expect(unsafe_code, reason = "as the kernel does it")]
    // SAFETY: laid out as the kernel does, and never given back.
    unsafe {
        Start::from_stack(Box::leak(stack.into_boxed_slice()).as_ptr())
    }
}

/// The program that `VERDIGRIS_TINY_BIN` names, or this test as that program.
fn tiny(home: &Home, arguments: &[&str]) -> Command {
    let mut command = match std::env::var_os(PROGRAM) {
        Some(program) => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        None => {
            let mut command = Command::new(std::env::current_exe().expect("a name"));
            command.args(["--exact", "the_program_itself", "--nocapture"]);
            command.env(ARGUMENTS, arguments.join("\n"));
            command
        }
    };
    command.current_dir(home.0.path());
    command
}

/// Carries what comes out of one terminal to another, with noise, for as long as both are there; counts
/// the pieces that the noise changed.
fn carry(mut from: File, mut to: File, mut noise: Noise) -> Arc<AtomicU32> {
    let changed = Arc::new(AtomicU32::new(0));
    let count_here = changed.clone();
    std::thread::spawn(move || {
        let mut piece = [0; 512];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            let garbled = noise.garble(&piece[..count]);
            count_here.fetch_add((garbled != piece[..count]).into(), Relaxed);
            if to.write_all(&garbled).is_err() {
                break;
            }
        }
    });
    changed
}

/// One attestation over a line that garbles so many bytes in a hundred thousand.
fn attest_over_a_line(garbled: u64) {
    let home = Home::new();
    let node = Node::start(&home);
    let url = match &node {
        Some(node) => node.url.clone(),
        None => serve(|_, request| signed(request, 1)),
    };
    let (miners, miners_device) = pty();
    let (relays, relays_device) = pty();
    // A terminal that nobody has open reads as broken.
    let _held = [&miners_device, &relays_device].map(|name| File::open(name).expect("it is there"));
    let copy = |file: &File| file.try_clone().expect("another handle");
    let baud = ["--baud", "115200"];
    let mut relay = Relay::start(
        &home,
        &url,
        &[&["--serial", text(&relays_device)], &baud[..]].concat(),
    );
    relay.says("leads to");
    let there = carry(copy(&miners), copy(&relays), Noise::of(garbled));
    let back = carry(relays, miners, Noise::of(garbled));

    let arguments = [
        &[
            "--serial",
            text(&miners_device),
            "--quick",
            "--arena",
            "64K",
            "--json",
        ],
        &baud[..],
    ]
    .concat();
    let child = tiny(&home, &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the miner starts");
    let ran = Ran::from(child.wait_with_output().expect("it ends")).ended(0);
    let account = ran.stdout.lines().find(|line| line.starts_with('{'));
    let account: serde_json::Value =
        serde_json::from_str(account.expect("an account")).expect("JSON");
    assert_eq!(account["outcome"], "accepted", "{ran:?}");
    // The relay carried what the miner says it sent.
    let sent = account["submission_bytes"].as_u64().expect("a number");
    let told = relay.says("call 2: closed");
    let carried = told
        .split_once("; ")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse::<u64>().ok());
    assert!(carried.expect("a number") > sent, "{told}");
    let changed = there.load(Relaxed) + back.load(Relaxed);
    assert_eq!(changed > 0, garbled > 0, "{changed}");
    if node.is_some() {
        let miner = account["miner"].as_str().expect("an address");
        home.run(&["balance", miner, "--node", &url]).ended(0);
    }
}

#[test]
fn an_attestation_passes_a_line() {
    attest_over_a_line(0);
}

#[test]
fn an_attestation_passes_a_noisy_line() {
    attest_over_a_line(100);
}
