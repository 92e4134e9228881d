//! The kernels where C's `int` has 16 bits, on a big-endian processor that aligns to 16 bits: compiled
//! for the 68k with short integers, without a library, run under an emulator, against the replay.

#![cfg(target_os = "linux")]

use c_shims::digest;
use probe_core::machine::{Body, Chain, Op, Operands, Pattern, Shape};
use probe_core::replay;
use probe_core::seed::Seed;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const COMPILER: &str = "m68k-linux-gnu-gcc";
const EMULATOR: &str = "qemu-m68k-static";

/// Turns of every loop, as the program has them.
const TURNS: u32 = 3;

/// More than 16 bits hold.
const MANY: u32 = 70_000;

fn there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn array<T: std::fmt::Display>(
    out: &mut String,
    kind: &str,
    name: &str,
    items: &[T],
    suffix: &str,
) {
    let items: Vec<String> = items.iter().map(|i| format!("{i}{suffix}")).collect();
    let _ = writeln!(
        out,
        "static const {kind} {name}[] = {{{}}};",
        items.join(", ")
    );
}

/// Runs the program; gives its lines' words by their heads.
fn run(operands: &Operands, directions: &[u8], order: &[u8]) -> HashMap<String, Vec<u32>> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut header = String::new();
    array(&mut header, "vg_u32", "operand_x", &operands.x, "ul");
    array(&mut header, "vg_u32", "operand_y", &operands.y, "ul");
    array(
        &mut header,
        "vg_u32",
        "operand_divisor",
        &operands.divisor,
        "ul",
    );
    let _ = writeln!(
        header,
        "static const vg_u32 operand_dividend = {}ul;",
        operands.dividend
    );
    array(
        &mut header,
        "unsigned char",
        "operand_next",
        &operands.load_next,
        "",
    );
    array(
        &mut header,
        "unsigned char",
        "operand_directions",
        directions,
        "",
    );
    array(&mut header, "unsigned char", "operand_order", order, "");
    std::fs::write(folder.path().join("operands.h"), header).expect("the header");

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = folder.path().join("program");
    let output = Command::new(COMPILER)
        .args([
            "-std=gnu89",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-O2",
            "-m68020",
            // This compiler crashes in that pass where `int` is short.
            "-fno-ivopts",
            "-mshort",
        ])
        .args([
            "-ffreestanding",
            "-nostdlib",
            "-static",
            "-fno-stack-protector",
            "-I",
        ])
        .arg(root.join("include"))
        .arg("-I")
        .arg(folder.path())
        .arg("-o")
        .arg(&program)
        .arg(root.join("tests/short_int.c"))
        .args(["branch.c", "integer.c", "memory.c"].map(|c| root.join("src").join(c)))
        .output()
        .expect("the compiler");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let output = Command::new(EMULATOR)
        .arg(&program)
        .output()
        .expect("the emulator");
    assert!(output.status.success(), "{:?}", output.status);
    String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let head = words.next().expect("a head").to_owned();
            let words = words
                .map(|w| u32::from_str_radix(w, 16).expect("a word"))
                .collect();
            (head, words)
        })
        .collect()
}

#[test]
fn kernels_do_not_count_on_the_size_of_int() {
    if !there(COMPILER) || !there(EMULATOR) {
        eprintln!("skipped: needs {COMPILER} and {EMULATOR} (cross/setup m68k)");
        return;
    }
    let operands = Operands::draw(&mut Seed::derive("short", "int").stream(1));
    let directions = [0, 1, 1, 0, 1, 0, 0, 0, 1];
    let order = [5, 63, 0, 17, 5, 2];
    let lines = run(&operands, &directions, &order);
    for shape in [Shape::Dependent, Shape::Independent] {
        for body in [Body::Single, Body::Double] {
            let words = |name: char| {
                let head = format!("{name}{}{}", shape as u8, body as u8);
                &lines[&head][..]
            };
            let pairs = |x: char, y: char| -> Vec<u32> {
                let pairs = words(x).iter().zip(words(y));
                pairs.map(|(&x, &y)| digest::pair(x, y)).collect()
            };
            let mut seen = vec![
                (Op::IntAdd, pairs('a', 'A')),
                (Op::IntMul, pairs('m', 'M')),
                (Op::Shift, words('s').to_vec()),
                (Op::IntDiv, words('d').to_vec()),
                (Op::Load, words('l').to_vec()),
            ];
            if shape == Shape::Dependent {
                seen.push((Op::StoreLoad, words('t').to_vec()));
            }
            for (op, lanes) in seen {
                let chain = Chain {
                    op,
                    shape,
                    body,
                    iterations: TURNS,
                };
                let digest = digest::integers(&lanes[..op.lanes(shape)]);
                assert_eq!(digest, replay::chain(chain, &operands), "{chain:?}");
            }
        }
    }
    let pattern = Pattern {
        directions: &directions,
        branches: MANY,
    };
    assert_eq!(lines["b00"], [replay::branches(pattern)]);
    assert_eq!(lines["i00"], [replay::indirect(&order, MANY)]);
    assert_eq!(lines["n00"], [replay::nested_calls(64, 1_100)]);
}
