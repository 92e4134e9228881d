//! The firmware author's guide holds: its code is the example's, and the example, started in an emulator,
//! measures for a challenge and is judged by what it sends.
//!
//! `./dev firmware` builds the example and names it in `VERDIGRIS_FIRMWARE`.

use probe_core::evidence::{to_json, Evidence, EVIDENCE_JSON_MAX};
use probe_core::seed::Seed;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::time::Duration;
use verdigris_node::verdict::{judge, Case, Claim, Outcome, Profiles, Proof, Verdict};

/// The guide, and the example, from the repository's root.
const GUIDE: &str = "docs/firmware.md";
const EXAMPLE: &str = "probe-arch/examples/cortex-m3";
const SOURCES: [&str; 4] = ["Cargo.toml", "memory.x", "src/board.rs", "src/main.rs"];

/// First words of the guide's blocks that are taken from the example.
const TAKEN: [&str; 3] = ["rust", "toml", "ld"];

/// What a figure of the guide may be exceeded by, percent: compilers differ from release to release.
const MARGIN: usize = 5;

/// Names the program of the example.
const PROGRAM: &str = "VERDIGRIS_FIRMWARE";

/// The emulator, and how the guide starts it.
const EMULATOR: &str = "qemu-system-arm";
const OPTIONS: &str = "-M mps2-an385 -nographic -monitor none -serial stdio -kernel";

/// How long it may be silent: a hundred times what a probe takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// CPUID of the processor that the emulator shows: implementer Arm, part C23, a Cortex-M3 (ARMv7-M, B3.2.3).
const CORTEX_M3: u32 = 0x4100_c230;
const IMPLEMENTER_AND_PART: u32 = 0xff00_fff0;

/// The board, switched on.
struct Board {
    emulator: Child,
    to: ChildStdin,
    from: Receiver<String>,
}

impl Board {
    fn start(program: &Path) -> Board {
        let mut emulator = Command::new(EMULATOR)
            .args(OPTIONS.split(' '))
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{EMULATOR} (Debian's qemu-system-arm): {e}"));
        let to = emulator.stdin.take().unwrap();
        let lines = BufReader::new(emulator.stdout.take().unwrap()).lines();
        let (sender, from) = channel();
        std::thread::spawn(move || {
            // Ends with the emulator, or with whoever listens.
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Board { emulator, to, from }
    }

    fn line(&self) -> String {
        self.from
            .recv_timeout(PATIENCE)
            .expect("the board is silent")
    }

    /// Asks for a measurement, once the board is ready; gives the evidence and the bytes of stack.
    fn measure(&mut self, nonce: &str, miner: &str) -> (String, usize) {
        assert_eq!(self.line(), "ready: NONCE MINER");
        writeln!(self.to, "{nonce} {miner}").unwrap();
        let evidence = self.line();
        let evidence = evidence.strip_prefix("evidence ").expect(&evidence);
        let stack = self.line();
        let bytes = stack
            .strip_prefix("stack ")
            .and_then(|rest| rest.strip_suffix(" bytes"))
            .expect(&stack);
        (evidence.to_owned(), bytes.parse().unwrap())
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

/// The example as it was built.
fn program() -> PathBuf {
    let named = std::env::var_os(PROGRAM);
    let none = || panic!("{PROGRAM} names no program: run ./dev firmware, which builds it");
    named.unwrap_or_else(none).into()
}

/// A file of the repository.
fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The figure in the guide's table whose row begins so.
fn figure(guide: &str, row: &str) -> usize {
    let found = guide.lines().find(|line| line.starts_with(row));
    let cells = found.unwrap_or_else(|| panic!("{GUIDE} has no row: {row}"));
    cells.split('|').nth(2).unwrap().trim().parse().unwrap()
}

/// Bytes of flash and of RAM that a program for the board takes, by its segments.
///
/// Source: "Tool Interface Standard, Executable and Linking Format" 1.2: headers of file and program, 32 bits.
fn memory(program: &[u8]) -> [usize; 2] {
    const LOADED: usize = 1;
    const RAM: usize = 0x2000_0000;
    let half = |at| usize::from(u16::from_le_bytes([program[at], program[at + 1]]));
    let word = |at| half(at) | half(at + 2) << 16;
    let [segments, bytes_of_one, count] = [word(28), half(42), half(44)];
    let mut taken = [0, 0];
    for at in (0..count).map(|i| segments + i * bytes_of_one) {
        let [kind, address, in_file, in_memory] = [0, 8, 16, 20].map(|place| word(at + place));
        if kind == LOADED {
            taken[0] += in_file;
            taken[1] += if address >= RAM { in_memory } else { 0 };
        }
    }
    taken
}

fn verdict(evidence: &Evidence, nonce: &str, miner: &str) -> Verdict {
    let case = Case {
        claim: Claim {
            family: "ARM".into(),
            arch: "cortex-m3".into(),
            model: "MPS2".into(),
            cpu: "Cortex-M3".into(),
            hostname: String::new(),
            cores: 1,
        },
        proof: Proof::Evidence {
            evidence,
            seed: Seed::derive(nonce, miner),
        },
        answered_after_ms: evidence.elapsed_ns / 1_000_000 + 1_000,
        chain_age_s: 0,
        year: 2026,
        previous: None,
    };
    judge(&case, &Profiles::builtin())
}

fn failed(verdict: &Verdict) -> Vec<&str> {
    let failed = verdict.checks.iter().filter(|c| c.outcome == Outcome::Fail);
    failed.map(|check| check.channel).collect()
}

#[test]
fn the_guides_code_is_the_examples() {
    let sources = SOURCES.map(|file| read(&format!("{EXAMPLE}/{file}")));
    let guide = read(GUIDE);
    let mut compared = 0;
    // Every second part lies between fences.
    for block in guide.split("```").skip(1).step_by(2) {
        let (word, code) = block.split_once('\n').unwrap();
        if TAKEN.contains(&word) {
            compared += 1;
            assert!(
                sources.iter().any(|source| source.contains(code)),
                "{GUIDE} shows what {EXAMPLE} has not:\n{code}"
            );
        }
    }
    assert!(compared >= SOURCES.len(), "{compared} blocks");
}

#[test]
#[ignore = "needs the example, built for another processor, and qemu-system-arm: ./dev firmware"]
fn the_example_measures_and_the_verdict_sees_the_emulator() {
    let program = program();
    let guide = read(GUIDE);
    let within = |row: &str, bytes: usize| {
        let said = figure(&guide, row);
        println!("{row}: {bytes} bytes, {said} in the guide");
        assert!(
            bytes <= said + said * MARGIN / 100,
            "{row} takes {bytes} bytes"
        );
    };
    let [flash, ram] = memory(&std::fs::read(&program).unwrap());
    within("| flash", flash);
    within("| RAM", ram);
    let mut board = Board::start(&program);
    let nonces = ["5a".repeat(32), "a5".repeat(32)];
    let mut measured = nonces.iter().map(|nonce| {
        let (json, stack) = board.measure(nonce, "a-board");
        within("| stack", stack);
        // The text is the canonical one, to the last byte: what a signature is made over.
        let evidence: Evidence = serde_json::from_str(&json).unwrap();
        let mut again: heapless::Vec<u8, EVIDENCE_JSON_MAX> = heapless::Vec::new();
        to_json(&evidence, &mut again).unwrap();
        assert_eq!(json.as_bytes(), again.as_slice());
        let packed = postcard::to_stdvec(&evidence).unwrap();
        assert_eq!(postcard::from_bytes(&packed), Ok(evidence.clone()));
        println!(
            "evidence: {} bytes as JSON, {} as postcard",
            json.len(),
            packed.len()
        );
        evidence
    });
    let (first, second) = (measured.next().unwrap(), measured.next().unwrap());
    for (evidence, nonce) in [(&first, &nonces[0]), (&second, &nonces[1])] {
        assert_eq!(
            evidence.identity.words[0] & IMPLEMENTER_AND_PART,
            CORTEX_M3,
            "{:x}",
            evidence.identity.words[0]
        );
        // What a Cortex-M3 has, and what it lacks.
        assert!(evidence.pipeline.is_some() && evidence.cache.is_some());
        assert!(evidence.fresh_code.is_some() && evidence.jitter.is_some());
        assert!(evidence.fpu.is_none() && evidence.simd.is_none());
        let verdict = verdict(evidence, nonce, "a-board");
        for check in &verdict.checks {
            if check.outcome == Outcome::Fail {
                println!("{}: {}; {}", check.channel, check.measured, check.reason);
            }
        }
        println!("{}", verdict.summary);
        // Every kernel computed what its definition says, for this challenge.
        assert!(verdict.integrity, "{:?}", failed(&verdict));
        // And it is no silicon: fresh code costs a translation.
        assert!(!verdict.physical, "{}", verdict.summary);
        assert!(
            failed(&verdict).contains(&"fresh_code"),
            "{:?}",
            failed(&verdict)
        );
    }
    // What was measured for one challenge answers no other.
    assert!(!verdict(&first, &nonces[1], "a-board").integrity);
}
