//! Machines to test with. Latencies of the vintage ones are those of the compilers' pipeline
//! descriptions and of the processors' manuals, rounded; none was measured by us.

use super::{
    Cache, Cost, Counter, Estimates, FreshCode, Memory, Noise, Picoseconds, Predictor, Spec,
    Thermal,
};
use probe_core::machine::Op;
use probe_core::ticks::CounterInfo;

const KIB: u32 = 1_024;
const NS: Picoseconds = 1_000;
const US: Picoseconds = 1_000 * NS;
const MS: Picoseconds = 1_000 * US;

const fn cache(capacity: u32, ways: u32, cycles: u64) -> Cache {
    Cache {
        capacity,
        ways,
        hit: cycles * 1_000,
    }
}

const fn counter(source: &'static str, bits: u8, hz: u64, read: Picoseconds) -> Counter {
    Counter {
        info: CounterInfo {
            source,
            bits,
            nominal_hz: Some(hz),
        },
        tick: 1_000_000_000_000 / hz,
        lattice: 1,
        read,
    }
}

/// An operating system's timer, and longer disturbances ever more rarely.
const QUIET: Noise = Noise {
    jitter: 2 * NS,
    every: 4 * MS,
    least: 2 * US,
};

/// Whole cycles: latency and throughput.
const fn cycles(latency: u64, throughput: u64) -> Option<Cost> {
    Some([latency * 1_000, throughput * 1_000])
}

/// Thousandths of a cycle where several run at once.
const fn parallel(latency: u64, millicycles: u64) -> Option<Cost> {
    Some([latency * 1_000, millicycles])
}

fn g4e_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => parallel(1, 333),
        Op::IntMul => cycles(4, 2),
        Op::IntDiv => cycles(23, 23),
        Op::Shift => cycles(2, 1),
        Op::Load => cycles(3, 1),
        Op::FpAdd | Op::FpMul => cycles(5, 1),
        Op::FpDiv => cycles(35, 35),
        Op::VecLogic | Op::VecIntAdd => cycles(1, 1),
        Op::VecShuffle | Op::VecPermute => cycles(2, 1),
        Op::VecMulAdd | Op::VecFpAdd | Op::VecFpMul | Op::VecFpMulAdd => cycles(4, 1),
        Op::FpMulSubnormal => cycles(14, 14),
        Op::FpMulNan | Op::FpMulOverflow | Op::FpMulNormal => cycles(7, 7),
        Op::FpRounding => cycles(20, 20),
        Op::StoreLoad => cycles(5, 5),
        Op::FpSqrt | Op::WideFpAdd | Op::WideFpMulAdd | Op::WidePermute => None,
    }
}

/// PowerPC 7450 at 1 GHz: 32 KiB, 256 KiB, 2 MiB; a time base of 25 MHz; stale code.
pub fn g4e() -> Spec {
    Spec {
        architecture: "powerpc",
        counter: counter("mftb", 64, 25_000_000, 10 * NS),
        cycle: NS,
        costs: g4e_costs,
        call: 12,
        memory: Memory {
            caches: vec![
                cache(32 * KIB, 8, 3),
                cache(256 * KIB, 8, 9),
                cache(2_048 * KIB, 8, 40),
            ],
            line: 32,
            memory: 150_000,
            page: 4_096,
            tlbs: vec![cache(128, 2, 0)],
            walk: 60_000,
        },
        predictor: Some(Predictor {
            predicted: 1_000,
            penalty: 7_000,
            period: 8,
            returns: 8,
        }),
        fresh_code: Some(FreshCode {
            first: 200,
            again: 50,
            stale: true,
            held: false,
        }),
        traps: None,
        estimates: Estimates::Table(8),
        noise: QUIET,
        thermal: None,
        idles: true,
        clock_ppm: 37,
    }
}

fn zen_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => parallel(1, 250),
        Op::IntMul => cycles(3, 1),
        Op::IntDiv => cycles(11, 6),
        Op::Shift => parallel(2, 500),
        Op::Load => parallel(4, 333),
        Op::FpAdd => parallel(2, 500),
        Op::FpMul => parallel(3, 500),
        Op::FpDiv => cycles(13, 5),
        Op::FpSqrt => cycles(20, 8),
        Op::VecMulAdd => parallel(3, 500),
        Op::VecFpMulAdd | Op::WideFpMulAdd | Op::WidePermute => parallel(4, 500),
        Op::FpMulNan | Op::FpMulOverflow | Op::FpMulNormal => cycles(5, 5),
        Op::FpMulSubnormal => cycles(6, 6),
        Op::FpRounding => cycles(38, 38),
        Op::StoreLoad => cycles(1, 1),
        _ => parallel(2, 250),
    }
}

/// A desktop core at 4 GHz whose counter runs at 2.6 GHz: 48 KiB, 1 MiB, 4 MiB; it slows by 8 % in
/// 50 ms of heavy work.
pub fn zen() -> Spec {
    Spec {
        architecture: "x86_64",
        counter: counter("rdtsc", 64, 2_600_000_000, 12 * NS),
        cycle: 250,
        costs: zen_costs,
        call: 8,
        memory: Memory {
            caches: vec![
                cache(48 * KIB, 12, 4),
                cache(1_024 * KIB, 16, 14),
                cache(4_096 * KIB, 16, 50),
            ],
            line: 64,
            memory: 400_000,
            page: 4_096,
            tlbs: vec![cache(96, 96, 0), cache(1_536, 12, 7)],
            walk: 40_000,
        },
        predictor: Some(Predictor {
            predicted: 1_000,
            penalty: 14_000,
            period: 4_096,
            returns: 32,
        }),
        fresh_code: Some(FreshCode {
            first: 250,
            again: 60,
            stale: false,
            held: false,
        }),
        traps: Some([120, 10]),
        estimates: Estimates::Table(12),
        noise: QUIET,
        thermal: Some(Thermal {
            growth_ppm: 80_000,
            tau: 50 * MS,
        }),
        idles: true,
        clock_ppm: -12,
    }
}

fn i486_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd | Op::Load => cycles(1, 1),
        Op::IntMul => cycles(13, 13),
        Op::IntDiv => cycles(40, 40),
        Op::Shift => cycles(3, 3),
        Op::FpAdd => cycles(10, 10),
        Op::FpMul => cycles(14, 14),
        Op::FpDiv => cycles(73, 73),
        Op::FpSqrt => cycles(85, 85),
        Op::StoreLoad => cycles(3, 3),
        Op::FpRounding => cycles(14, 14),
        Op::FpMulNormal | Op::FpMulNan | Op::FpMulOverflow => cycles(20, 20),
        Op::FpMulSubnormal => cycles(30, 30),
        _ => None,
    }
}

/// 486DX2 at 66 MHz: 8 KiB with lines of 16 bytes and memory behind it, 32 TLB entries, a timer chip
/// of 1.193182 MHz, no vector unit.
pub fn i486() -> Spec {
    Spec {
        architecture: "i486",
        counter: counter("pit", 32, 1_193_182, 3 * US),
        cycle: 15_151,
        costs: i486_costs,
        call: 10,
        memory: Memory {
            caches: vec![cache(8 * KIB, 4, 1)],
            line: 16,
            memory: 16_000,
            page: 4_096,
            tlbs: vec![cache(32, 4, 0)],
            walk: 20_000,
        },
        predictor: Some(Predictor {
            predicted: 3_000,
            penalty: 0,
            period: 0,
            returns: 64,
        }),
        fresh_code: Some(FreshCode {
            first: 120,
            again: 60,
            stale: false,
            held: false,
        }),
        traps: None,
        estimates: Estimates::Exact,
        noise: Noise {
            jitter: 100 * NS,
            every: 55 * MS,
            least: 30 * US,
        },
        thermal: None,
        idles: false,
        clock_ppm: 0,
    }
}

fn m68k_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => cycles(2, 2),
        Op::IntMul => cycles(28, 28),
        Op::IntDiv => cycles(78, 78),
        Op::Shift => cycles(8, 8),
        Op::Load => cycles(6, 6),
        Op::StoreLoad => cycles(12, 12),
        _ => None,
    }
}

/// A 68030 at 25 MHz without FPU, with no counter but 60.15 ticks in a second: nothing of its 256
/// bytes of cache shows in working sets from 1 KiB.
pub fn m68k() -> Spec {
    Spec {
        architecture: "m68k",
        counter: Counter {
            info: CounterInfo {
                source: "tick-count",
                bits: 32,
                nominal_hz: Some(60),
            },
            tick: 16_625_000_000,
            lattice: 1,
            read: 20 * US,
        },
        cycle: 40_000,
        costs: m68k_costs,
        call: 30,
        memory: Memory {
            caches: vec![cache(256, 1, 6)],
            line: 16,
            memory: 9_000,
            page: 4_096,
            tlbs: vec![cache(22, 22, 0)],
            walk: 100_000,
        },
        predictor: Some(Predictor {
            predicted: 6_000,
            penalty: 0,
            period: 0,
            returns: 64,
        }),
        fresh_code: None,
        traps: None,
        estimates: Estimates::Exact,
        noise: Noise {
            jitter: 0,
            every: 0,
            least: 0,
        },
        thermal: None,
        idles: false,
        clock_ppm: 0,
    }
}

fn translated_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => cycles(1, 1),
        Op::IntMul => cycles(3, 1),
        Op::IntDiv => cycles(18, 18),
        Op::Shift => cycles(2, 1),
        Op::Load => cycles(5, 1),
        // A call of a helper each.
        Op::FpSqrt => cycles(200, 200),
        Op::FpDiv => cycles(80, 80),
        Op::FpRounding | Op::StoreLoad => cycles(8, 8),
        Op::WideFpAdd | Op::WideFpMulAdd | Op::WidePermute => None,
        _ => cycles(40, 40),
    }
}

/// A dynamic translator on the [`zen`] machine that claims a PowerPC: the host's caches and branch
/// predictor, helper calls for floating point, translation of each fresh block, always coherent.
pub fn translator() -> Spec {
    let host = zen();
    Spec {
        architecture: "powerpc",
        counter: Counter {
            // 25 MHz made from host microseconds.
            lattice: 25,
            ..counter("mftb", 64, 25_000_000, 30 * NS)
        },
        costs: translated_costs,
        call: 60,
        fresh_code: Some(FreshCode {
            first: 70_000,
            again: 1_000,
            stale: false,
            held: false,
        }),
        estimates: Estimates::Exact,
        traps: None,
        ..host
    }
}

/// Latency of whole cycles, fully pipelined.
const fn pipelined(latency: u64) -> Option<Cost> {
    Some([latency * 1_000, 1_000])
}

/// A counter that states no rate of its own.
const fn unstated(source: &'static str, hz: u64) -> Counter {
    Counter {
        info: CounterInfo {
            source,
            bits: 64,
            nominal_hz: None,
        },
        tick: 1_000_000_000_000 / hz,
        lattice: 1,
        read: 20 * NS,
    }
}

/// Caches of so many KiB and cycles, and cycles of memory behind them; the rest as on a [`g4e`].
fn levels(caches: &[(u32, u64)], cycles: u64) -> Memory {
    let level = |&(kib, hit): &(u32, u64)| cache(kib * KIB, 4, hit);
    Memory {
        caches: caches.iter().map(level).collect(),
        memory: cycles * 1_000,
        ..g4e().memory
    }
}

fn ultrasparc_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => parallel(1, 500),
        Op::IntMul => pipelined(20),
        Op::IntDiv => pipelined(37),
        Op::Shift | Op::Load => pipelined(2),
        Op::FpAdd | Op::FpMul => pipelined(3),
        Op::FpDiv | Op::FpSqrt => pipelined(22),
        Op::StoreLoad | Op::FpMulNormal | Op::FpMulNan | Op::FpMulOverflow => pipelined(5),
        _ => None,
    }
}

/// UltraSPARC II at 400 MHz: its counter counts its cycles.
pub fn ultrasparc() -> Spec {
    Spec {
        architecture: "sparc64",
        counter: unstated("tick", 400_000_000),
        cycle: 2_500,
        costs: ultrasparc_costs,
        memory: levels(&[(16, 2), (2_048, 10)], 60),
        ..g4e()
    }
}

fn r10000_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => parallel(1, 500),
        Op::IntMul => pipelined(6),
        Op::IntDiv => pipelined(35),
        Op::Shift | Op::Load | Op::FpAdd | Op::FpMul => pipelined(2),
        Op::FpDiv => pipelined(19),
        Op::FpSqrt => pipelined(33),
        Op::StoreLoad | Op::FpMulNormal | Op::FpMulNan | Op::FpMulOverflow => pipelined(4),
        _ => None,
    }
}

/// R10000 at 200 MHz, by a clock of the board.
pub fn r10000() -> Spec {
    Spec {
        architecture: "mips",
        counter: unstated("os-monotonic", 1_000_000_000),
        cycle: 5_000,
        costs: r10000_costs,
        memory: levels(&[(32, 2), (1_024, 10)], 80),
        ..g4e()
    }
}

fn m68040_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => parallel(1, 1_000),
        Op::IntMul => pipelined(20),
        Op::IntDiv => pipelined(44),
        Op::Shift => pipelined(5),
        Op::Load => pipelined(2),
        Op::FpAdd | Op::StoreLoad => pipelined(4),
        Op::FpMul => pipelined(6),
        Op::FpDiv => pipelined(38),
        Op::FpSqrt => pipelined(103),
        Op::FpMulNormal | Op::FpMulNan | Op::FpMulOverflow => pipelined(7),
        _ => None,
    }
}

/// 68040 at 25 MHz, by the system's clock: old code runs until it is flushed.
pub fn m68040() -> Spec {
    Spec {
        architecture: "m68k",
        counter: unstated("os-monotonic", 1_000_000_000),
        cycle: 40_000,
        costs: m68040_costs,
        memory: levels(&[(4, 2)], 8),
        fresh_code: Some(FreshCode {
            first: 350,
            again: 60,
            stale: true,
            held: false,
        }),
        ..g4e()
    }
}

fn strongarm_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => parallel(1, 1_000),
        Op::IntMul => pipelined(3),
        Op::Shift | Op::Load => pipelined(2),
        Op::StoreLoad => pipelined(3),
        _ => None,
    }
}

/// SA-110 at 233 MHz, by the system's clock: no floating point, nothing behind 16 KiB of cache but memory, and an
/// instruction cache that is flushed by hand.
pub fn strongarm() -> Spec {
    Spec {
        architecture: "arm",
        counter: unstated("os-monotonic", 1_000_000_000),
        cycle: 4_292,
        costs: strongarm_costs,
        memory: levels(&[(16, 2)], 40),
        ..g4e()
    }
}
