//! Measures the microcontroller that it runs on, for a challenge that comes over the serial line, and
//! sends the evidence back: no operating system, no heap. `docs/firmware.md` explains it in steps.
//!
//! In: a line `NONCE MINER`. Out: a line `evidence {…}`, and one that says how much stack was used.
#![no_std]
#![no_main]

mod board;

use board::{CodeMemory, Hundredths, Uart};
use core::fmt::Write;
use cortex_m_rt::entry;
use heapless::Vec;
use probe_arch::Native;
use probe_core::evidence::{to_json, EVIDENCE_JSON_MAX};
use probe_core::machine::Machine;
use probe_core::plan::{Plan, MIN_ARENA};
use probe_core::prober::Prober;
use probe_core::seed::Seed;

/// Bytes of a line: a nonce of 64, a space, a miner of 128 (`probe_core::wire`), and the end.
const LINE_MAX: usize = 194;

/// Memory that is measured: a cache curve of 64 KiB is the least there is.
#[repr(align(4096))]
struct Arena([u8; MIN_ARENA as usize]);

#[entry]
fn main() -> ! {
    static mut ARENA: Arena = Arena([0; MIN_ARENA as usize]);
    static mut CODE: CodeMemory = CodeMemory([0; 256]);
    static mut JSON: Vec<u8, EVIDENCE_JSON_MAX> = Vec::new();

    // SAFETY: the program's only call.
    let (timer, mut clock, code, mut uart) = unsafe { board::start(CODE) };
    let mut machine = Native::with(timer, code);
    loop {
        let _ = writeln!(uart, "ready: NONCE MINER");
        let mut line: Vec<u8, LINE_MAX> = Vec::new();
        receive_line(&mut uart, &mut line);
        let words = core::str::from_utf8(&line).ok();
        let Some((nonce, miner)) = words.and_then(|words| words.trim().split_once(' ')) else {
            let _ = writeln!(uart, "error: a nonce and a miner, in one line");
            continue;
        };
        let seed = Seed::derive(nonce, miner);
        match probe(seed, &mut machine, &mut clock, &mut ARENA.0, JSON) {
            Ok(()) => {
                uart.send(b"evidence ");
                uart.send(JSON);
                let _ = writeln!(uart, "\nstack {} bytes", stack::deepest());
            }
            Err(error) => {
                let _ = writeln!(uart, "error: {error}");
            }
        }
    }
}

/// Runs the quick probe and writes what it found as JSON.
#[inline(never)]
fn probe(
    seed: Seed,
    machine: &mut impl Machine,
    clock: &mut Hundredths,
    arena: &mut [u8],
    json: &mut Vec<u8, EVIDENCE_JSON_MAX>,
) -> Result<(), &'static str> {
    let plan = Plan {
        quick: true,
        arena_bytes: MIN_ARENA,
    };
    // Nobody here can say anything of the environment: no facts.
    let mut prober =
        Prober::new(plan, seed, arena, &[]).map_err(|_| "the arena does not fit the plan")?;
    while prober.poll(machine, Some(clock)).is_err() {
        // A slice of work is done: the place to feed a watchdog, or to let others run.
    }
    let evidence = prober.evidence().ok_or("the probe has not ended")?;
    to_json(evidence, json).map_err(|_| "the evidence does not fit its buffer")
}

/// Fills `line` up to the end of a line; what does not fit is dropped.
fn receive_line(uart: &mut Uart, line: &mut Vec<u8, LINE_MAX>) {
    loop {
        match uart.receive() {
            b'\n' | b'\r' if line.is_empty() => {}
            b'\n' | b'\r' => return,
            byte => {
                let _ = line.push(byte);
            }
        }
    }
}

/// How deep the stack was: `cortex-m-rt` has painted it before the start.
mod stack {
    use core::ptr::addr_of;

    /// What it was painted with, by the feature `paint-stack`.
    const PAINT: u32 = 0xcccc_cccc;

    extern "C" {
        static _stack_end: u32;
        static _stack_start: u32;
    }

    /// Bytes between the start of the stack and the deepest one that was written.
    pub fn deepest() -> usize {
        let (end, start) = (addr_of!(_stack_end), addr_of!(_stack_start));
        let mut at = end;
        // SAFETY: the script of the linker puts both round the memory that is the stack's, whole words,
        // and below the present frame nobody owns any of it.
        while at < start && unsafe { at.read_volatile() } == PAINT {
            at = at.wrapping_add(1);
        }
        start.addr() - at.addr()
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::nop();
    }
}
