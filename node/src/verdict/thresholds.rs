//! Every number that decides a check, each with its name, unit and source. Nothing else in the
//! verdict compares a measurement with a literal.
//!
//! "The processor table" is the set of published latency dumps of 140 real x86 processors in
//! `data/measured`, from which `data/silicon/x86-latency.toml` and its neighbours are derived: one row for
//! each processor, cycles by instruction, and a second one of cycles by working set. "QEMU" is user-mode
//! QEMU 7.2 (TCG) on the same machine as the native figure beside it.

/// A number that decides, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Name, as it appears in a [`super::Check`].
    pub name: &'static str,
    /// Value in `unit`.
    pub value: u64,
    /// Unit of the value.
    pub unit: &'static str,
    /// A manual, a paper, a statistic of the processor table, or a measurement and its command.
    pub source: &'static str,
}

const fn t(name: &'static str, value: u64, unit: &'static str, source: &'static str) -> Threshold {
    Threshold {
        name,
        value,
        unit,
        source,
    }
}

/// Stands where a check applies no number: a table or an identity decides.
pub const NONE: Threshold = t("", 0, "", "");

/// How many times the last place of each number a ratio of the existing network's miners may be off from
/// its terms. Some cut where others round.
pub const LEGACY_ROUNDING: Threshold = t(
    "legacy_rounding",
    2,
    "last places",
    "the miners round the ratio and cut both terms: at most one last place of each; doubled",
);

// --- Integrity and the clock -----------------------------------------------------------------------

/// How much longer than the node's own clock saw a probe may claim to have run, in parts per
/// million of the time.
pub const CLOCK_RATE_TOLERANCE: Threshold = t(
    "clock_rate_tolerance",
    1_000,
    "ppm",
    "two clocks, each slewed by at most 500 ppm (RFC 5905, clock discipline; Linux adjtimex)",
);

/// The same as a fixed part: the node stamps the challenge in whole milliseconds, before it sends it.
pub const CLOCK_STAMP_TOLERANCE: Threshold = t(
    "clock_stamp_tolerance",
    2,
    "ms",
    "both ends are rounded to 1 ms",
);

/// How far the counter's frequency may differ between the whole probe and the paired readings
/// inside it. A preemption between the two reads of a pair moves it by a scheduler's slice.
pub const FREQUENCY_AGREEMENT: Threshold = t(
    "frequency_agreement",
    20_000,
    "ppm",
    "a slice of at most 20 ms in a probe of a second (Linux CFS, Windows client quantum)",
);

/// How far apart two measurements of one add in one probe may lie: the core clock moves between idle
/// and boost during a probe.
pub const CORE_CLOCK_RANGE: Threshold = t(
    "core_clock_range",
    8,
    "times",
    "laptop processors run from 0.4 to 5 GHz (12.5 times); kernels run at load, which leaves out the idle states",
);

// --- Counter ------------------------------------------------------------------------------------------

/// A step of a hardware counter that is a whole number of microseconds: a time base made from an
/// operating system's microsecond clock.
pub const MICROSECOND_LATTICE: Threshold = t(
    "microsecond_lattice",
    10_000,
    "ppm from a whole number of microseconds",
    "SheepShaver's time base advances by whole microseconds, 25 ticks at 25 MHz (muldiv64 of a microsecond clock); crystals do not",
);

/// A counter's step above which it is its own, and not that of a core whose clock is a whole part of the counter's.
pub const COUNTER_LATTICE: Threshold = t(
    "counter_lattice",
    16,
    "ticks",
    "a core under load runs at 0.4 GHz or more, and no counter above 6.4 GHz: it moves by at most 16 ticks in a cycle of the core",
);

/// Steps that must have been seen for their common divisor to be the counter's.
pub const COUNTER_MOVES: Threshold = t(
    "counter_moves",
    512,
    "steps",
    "that all of so many are multiples of twice the counter's step by chance has odds of 2 to the power of -512",
);

/// Windows whose excess over the shortest may be less than a step of the counter.
pub const SCALED_COUNTER: Threshold = t(
    "scaled_counter",
    20,
    "thousandths",
    "in 2 of 132 programs under QEMU on a scaled time-stamp counter some windows were longer by a fraction of its step (rig `emulation`, powerpc); noise drawn evenly, within 6 % of a window, falls there four times as often at a step of 26 ticks",
);

/// How far a counter's rate, by the system's clock, may lie outside its nominal range.
pub const COUNTER_RATE: Threshold = t(
    "counter_rate",
    10_000,
    "ppm",
    "crystals are specified to 100 ppm and a system's clock is slewed by at most 500 ppm; the nominal ranges are rounded to 1 MHz",
);

/// The most at which a time base runs, whatever the core.
pub const POWER_TIME_BASE: Threshold = t(
    "power_time_base",
    1_500,
    "MHz",
    "a quarter of the bus on 603 to 7448, 512 MHz from POWER6 on (Power ISA 2.05 book III), the core's own clock on the 4xx, the fastest of which ran at 1.5 GHz; user-mode QEMU gives the host's time-stamp counter, 2,600 MHz here",
);

/// The most at which RISC-V's time runs.
pub const RISCV_TIME: Threshold = t(
    "riscv_time",
    1_000,
    "MHz",
    "real-time counters of boards run at 1 to 100 MHz, and profiles ask for no more than nanoseconds (RVA23, Server SoC specification: 1 GHz resolution); user-mode QEMU gives the host's time-stamp counter, 2,600 MHz here",
);

/// The least of a dependent add by a counter of the core's own cycles, thousandths of a tick.
pub const CORE_COUNTER: Threshold = t(
    "core_counter",
    900,
    "thousandths of a tick",
    "%tick counts processor clock cycles (UltraSPARC User's Manuals), RPCC cycles (Alpha Architecture Handbook), CR16 cycles on every PA-RISC made; a dependent add takes one or more, and a tenth is for measuring",
);

/// How much faster than its fastest member that was sold a core may be, thousandths.
pub const CORE_SPEED: Threshold = t(
    "core_speed",
    1_250,
    "thousandths",
    "overclocked machines and cards: a 68040 of 40 MHz at 50, an SA-110 of 233 at 287 MHz; the clocks themselves are in data/silicon, and the laboratory's rig `claims`, other instruction sets, has processors from 58 MHz to 5 GHz that name slower ones",
);

// --- Pipeline, SIMD -------------------------------------------------------------------------------

/// Operations outside what any real core shows, from which a pipeline is not silicon.
pub const PIPELINE_OUTLIERS: Threshold = t(
    "pipeline_outliers",
    2,
    "operations",
    "one may be a noisy run; QEMU is outside with an FP add of 12.7 adds (the processor table: 2 to 5), an FP multiply of 12.6 (2 to 7) and every vector operation",
);

/// Share of the operations that must fit the core that the machine names, for its kind to be proven.
pub const KIND_FIT: Threshold = t(
    "kind_fit",
    700_000,
    "ppm of operations judged",
    "the processor table, x86-64 rows: judged against a table without its own signature none of 79 honest processors fell below; of 3,002 claims to be another core 2,409 did (before likeness was compared too)",
);

/// How far from every record of any core a machine may be that names a core with a record.
pub const IMITATION_FAR: Threshold = t(
    "imitation_far",
    200,
    "thousandths of an octave an operation",
    "the processor table, own models left out, every figure moved by up to 3 %: of 56 processors whose core still has a record none is farther than 32 from the nearest of any core (60 and 130 with divisions and roots at 0.6 and 1.5 times what the table says); 548 of 552 draws within the bands of all processors are farther than 200 (rig `invention`, \"the same, in numbers that agree with each other\", before this was checked)",
);

/// How wide a record's range of one operation may be for the record to tell machines of other cores from inventions.
pub const RECORD_RANGE: Threshold = t(
    "record_range",
    2_000,
    "thousandths of its least",
    "the manual's ranges of a 486 (IMUL 13-42, FADD 8-20) let through 8 in 1,000 draws within the bands of all processors that name a K6 (rig `invention`); measured records have no such ranges",
);

/// How far a latency may lie from a whole number of adds, thousandths of it.
pub const WHOLE_CYCLES: Threshold = t(
    "whole_cycles",
    45,
    "thousandths",
    "latencies are whole cycles, and so is an add or half of one: on a Zen 5 with thirteen other programs on its two processors 66 probes of 16 operations each were within 25",
);

/// Operations between two whole numbers of adds, and more than a quarter of all, from which a core that nobody has
/// recorded is none.
pub const FRACTIONAL_OPERATIONS: Threshold = t(
    "fractional_operations",
    3,
    "operations",
    "the processor table, x86-64 rows: of 79 processors none has more than 1 (2, with every figure moved by up to 3 %), divisions and roots aside; 86 % of draws within the bands of all processors have 3 or more (rig `invention`, \"the same, of a core that nobody has measured\")",
);

/// The same for a core that manuals and compilers describe, of another family than x86.
pub const DESCRIBED_FIT: Threshold = t(
    "described_fit",
    800_000,
    "ppm of operations judged",
    "one operation of five to nine may be described wrongly, or a noisy run, as in pipeline_outliers; rig claims, hiding as a G4: Pentium II and III and Core 2 are outside a 7450 by two of seven, divide and FP add, and at kind_fit 7 % of all such claims were paid",
);

/// How much farther than the nearest record of all a machine may be from the nearest of its own core.
pub const LIKENESS_MARGIN: Threshold = t(
    "likeness_margin",
    30,
    "thousandths of an octave an operation",
    "`verdigris-node silicon evaluate`, models left out whole: a processor is at most 14 farther from its own core than from the nearest, and 23 where divisions and roots are at 0.6 or 1.5 times what the table says (`--skew 600`, `--skew 1500`); more takes neighbours for each other",
);

/// How far from the nearest record of its own core a machine may be.
pub const LIKENESS_FAR: Threshold = t(
    "likeness_far",
    90,
    "thousandths of an octave an operation",
    "`verdigris-node silicon evaluate`, models left out whole: processors of one core are within 60, and what is farther than 120 from everything is of a core without a record",
);

/// Operations that a machine and a record must share to be compared.
pub const LIKENESS_LEAST: Threshold = t(
    "likeness_least",
    4,
    "operations",
    "the integer unit has four; fewer tell nothing apart",
);

/// Within what distance a record says of which era a machine is whose own core has none.
pub const ERA_NEAR: Threshold = t(
    "era_near",
    40,
    "thousandths of an octave an operation",
    "`verdigris-node silicon evaluate`, models left out whole: of processors whose core then has no record, one whose nearest is of two eras later is 48 from it (Westmere, from Zen); processors whose core has one are within 32 of it",
);

/// From what share of its latency on an operation counts as one that does not overlap with itself.
pub const OVERLAP: Threshold = t(
    "overlap",
    900,
    "thousandths of the latency",
    "two figures moved by 3 % each are 0.94 times each other at least; the processor table: what overlaps at all takes at most 0.7 times its latency but for dividers",
);

/// What a division or a root takes at least, of which two are timed.
pub const LONG_OPERATION: Threshold = t(
    "long_operation",
    1_100,
    "thousandths of an add",
    "the tables of all architectures: on no core may two of them be below (a test of `checks/counted.rs`; dividers of ARM that stop early come to 1.05, their roots do not); QEMU 7.2 with `-icount` gives 1.00 for each (rig `system`, \"Power Macintosh G3, Linux, QEMU\")",
);

/// Operations that must be timed, and fit, for a core to be recognised that nothing names.
pub const RECOGNISED_OPERATIONS: Threshold = t(
    "recognised_operations",
    5,
    "operations",
    "more than the four of the integer unit: those alone are alike on many cores (data/silicon), floating point tells them apart",
);

/// An FP add and an FP multiplication from which on an exception carries out floating point.
pub const SYSTEM_FLOATING: Threshold = t(
    "system_floating",
    100_000,
    "thousandths of a dependent add",
    "the slowest unit is a 68881 at half of its 68020's clock, 56 adds for an FP add (data/silicon/m68k.toml); an exception into Linux's emulation saves and restores all registers and takes hundreds",
);

/// The least cost of one add among independent adds, thousandths of a dependent add.
pub const ADD_THROUGHPUT: Threshold = t(
    "add_throughput",
    100,
    "thousandths of a dependent add",
    "the processor table: minimum of add32_thr over 138 processors is 0.14 (Arrow Lake); less is code that was never executed",
);

// --- Cache --------------------------------------------------------------------------------------------

/// Working set from which a latency curve must have risen, KiB.
pub const CACHE_RISE_FROM: Threshold = t(
    "cache_rise_from",
    4_096,
    "KiB",
    "at least as large as the second level of every core in data/silicon/x86.toml but Core 2 (6,144 KiB) and Tremont (4,608 KiB)",
);

/// How many times the nearest level's latency the largest working set must cost.
pub const CACHE_RISE: Threshold = t(
    "cache_rise",
    3_000,
    "thousandths",
    "the processor table: 4 MiB costs at least 9.0 times what 4 KiB costs (Core 2); a third of that leaves room for larger second levels (17 cycles against 4)",
);

/// How far the nearest cache's latency may lie from the pipeline channel's load-to-use, thousandths.
pub const CACHE_LOAD_AGREEMENT: Threshold = t(
    "cache_load_agreement",
    2_000,
    "thousandths",
    "both measure one dependent load; a factor 2 allows another addressing mode and a change of clock; rig honest, tables: the least of the curve agrees in all of 1,104 runs, its first point not on Efficeon (2.0 to 2.1); user-mode QEMU 7.2 takes 4.2 times as long for one as for the other on SPARC V9 (its windowed registers live in memory)",
);

/// The same for architectures with cores from the time when memory was near.
pub const CACHE_RISE_OLD: Threshold = t(
    "cache_rise_old",
    1_500,
    "thousandths",
    "as cache_step: a 68040 or R3000 waits five to ten cycles for memory and one to three for its cache (M68040 User's Manual, section 7; IDT R30xx Family Software Reference Manual)",
);

/// How many times the latency within a level the latency beyond it must be.
pub const CACHE_STEP: Threshold = t(
    "cache_step",
    1_500,
    "thousandths",
    "the processor table: levels differ at least by 2.6 (8 against 3 cycles, Pentium III); at twice a size at least half of the loads miss",
);

/// From how many times the latency at its beginning a level has ended: another lies between.
pub const CACHE_LEVEL: Threshold = t(
    "cache_level",
    2_300,
    "thousandths",
    "rig honest, tables: what one level may cost more at half of its size, where translation buffers end within it, is up to 2.0 times (second level of Prescott, 28 to 56 cycles; Richland 20 to 35); where a third level follows, it costs at least 2.7 times the second (Sandy Bridge, 11 to 30): the geometric mean. At 1.5 Richland's own 2 MiB are refused in 17 of 1,104 runs",
);

// --- Branch, FPU --------------------------------------------------------------------------------------

/// How many times a predicted branch an unpredictable one must cost.
pub const BRANCH_PREDICTION: Threshold = t(
    "branch_prediction",
    1_300,
    "thousandths",
    "this kernel: Zen 5 4.8, QEMU on it 2.8, so it does not tell those two apart; an interpreter whose host cannot see the guest's branches shows about 1",
);

/// Runs of one random pattern in a measurement in which no predictor learns it.
pub const BRANCH_LEARNT: Threshold = t(
    "branch_learnt",
    2,
    "runs",
    "Zen 5 under user-mode QEMU for AArch64: after 12 runs 8,192 random branches cost 0.99 times predictable ones, the host knows them by heart; native after one run 5.6 times",
);

// --- Noise --------------------------------------------------------------------------------------------

/// Length of a window, in smallest steps of the counter, from which some jitter must show.
pub const JITTER_RESOLUTION: Threshold = t(
    "jitter_resolution",
    256,
    "steps of the counter",
    "one step is then 0.4 % of the window; shorter windows may repeat to the tick on an honest machine",
);

/// How far the shortest window of an operation, in shortest windows of adds, may lie from its latency in the pipeline.
pub const WINDOW_AGREEMENT: Threshold = t(
    "window_agreement",
    333,
    "thousandths",
    "the same chains on the same machine: 67 probes of a Zen 5, idle and with up to thirteen other programs on two processors, lie between 0.972 and 0.996 (a read of the counter and the loop are in both); a third leaves room for a loop of a tenth and a read of a tenth of the window",
);

/// How far excesses over the shortest window must be from evenly drawn ones, in the kind of work that is farthest from them.
pub const EVEN_NOISE: Threshold = t(
    "even_noise",
    450,
    "thousandths (total variation of shares by octave)",
    "generators reach 0.16 (even numbers) and 0.40 (a bell of twelve sums), 60 real probes, idle and beside a load, lie at 0.97 and more, and a machine that changes between two clocks, without interrupts, would lie at half; rigs `invention` and `honest`, `./dev lab`. A machine without interrupts has no long tail, but its adds in registers then repeat to the tick: of all kinds the farthest decides",
);

/// Range of excesses, in steps of the counter, from which their shape is looked at.
pub const EVEN_RANGE: Threshold = t(
    "even_range",
    8,
    "steps of the counter",
    "four octaves: of fewer, a few long windows among steady ones look like any other shape",
);

/// Variation of fixed work above which other work or a hypervisor takes time away.
pub const STOLEN_TIME: Threshold = t(
    "stolen_time",
    350_000,
    "ppm (coefficient of variation)",
    "geometric mean of the worst metal (0.21) and the best KVM guest (0.49) published for fixed work, rounded; it is no proof either way",
);

// --- Fresh code --------------------------------------------------------------------------------------

/// What the first call of new code may cost beyond later calls.
pub const FRESH_CODE_EXTRA: Threshold = t(
    "fresh_code_extra",
    3_500,
    "adds",
    "geometric mean of native (120 - 31 ns at 0.244 ns an add: 365) and QEMU (17,900 - 267 ns at 0.53 ns: 33,000), forty adds written and called; a second pair, 64 adds: 165 and 54,800 adds (Zen 5, `cargo run --release -p probe-arch --example facts`). Counted in adds it holds for every family: synchronising caches is not timed, only the call, which misses in at most 1 KiB of code (32 lines of 32 bytes at 100 cycles, a slow memory of its day, are 3,200 cycles or fewer adds) and in a translation buffer; a translator's cost does not depend on the guest (docs/threat-model.md has it for each)",
);

/// Rounds, and all of them, in which old code must have run on a coherent architecture.
pub const STALE_COHERENT: Threshold = t(
    "stale_coherent",
    6,
    "rounds, and all of them",
    "patched through a second mapping, user-mode QEMU 7.2 runs the old x86-64 code in 12 of 12 rounds and the Zen 5 below it in none; a few instructions already fetched may run old on silicon, a whole routine every time may not",
);

/// Rounds from which a core whose instruction cache stores do not reach must have run old code once.
pub const FETCH_APART: Threshold = t(
    "fetch_apart",
    6,
    "rounds, and none of them",
    "MPC7400 RISC Microprocessor User's Manual, 3.3: the instruction cache is not snooped. A routine that has just run is in its 32 KiB; only an interrupt's code puts it out, and not six times in a row. No such machine has been measured, so it decides the kind alone",
);

/// Rounds, and all of them, in which old code must have run after caches were synchronised.
pub const HELD_CODE: Threshold = t(
    "held_code",
    6,
    "rounds, and all of them",
    "each architecture's manual has an instruction or a call after which new code runs; a patch through a second shared mapping of the same page reaches it there too (Linux gives both mappings the same colour, or keeps them uncached, where caches are virtual: flush_dcache_page, SHMLBA). User-mode QEMU 7.2 goes on with the old code in all rounds on every architecture tried (docs/targets.md)",
);

// --- Trap ---------------------------------------------------------------------------------------------

/// Least that an identification instruction costs on x86-64.
pub const IDENTIFY_LEAST: Threshold = t(
    "identify_least",
    26,
    "adds",
    "the processor table: half the minimum of cpuid0_lat among the x86-64 rows, 53; under QEMU a single CPUID was within the counter's step (`cargo run --release -p probe-arch --example facts`)",
);

/// Most that an identification instruction costs without any hypervisor.
pub const IDENTIFY_BARE: Threshold = t(
    "identify_bare",
    560,
    "adds",
    "the processor table: maximum of cpuid0_lat over add32_lat without the four outliers, 512 (Pentium 4), and a tenth",
);

/// Most that an identification instruction costs on any machine measured as real.
pub const IDENTIFY_REAL: Threshold = t(
    "identify_real",
    1_930,
    "adds",
    "the processor table: maximum of cpuid0_lat, 1,752 cycles (Zen, probably under its own system's hypervisor), and a tenth; a KVM guest showed 15,800 ticks",
);

/// Least that an identification instruction costs on 32-bit x86.
pub const IDENTIFY_LEAST_X86: Threshold = t(
    "identify_least_x86",
    5,
    "adds",
    "the processor table: half the minimum of cpuid0_lat among all x86 rows, 10",
);

/// Least that an identification costs where the operating system carries it out for the program.
pub const IDENTIFY_LEAST_SYSTEM: Threshold = t(
    "identify_least_system",
    28,
    "adds",
    "an exception and its return save and restore the registers that a handler's C code may use, fourteen of PowerPC's and nineteen of AArch64's (their ELF ABIs): at least 14 stores and 14 loads; user-mode QEMU answers inline",
);

// --- Quirks ---------------------------------------------------------------------------------------------

/// Largest relative error of an estimate of a reciprocal or its square root.
pub const ESTIMATE_ERROR: Threshold = t(
    "estimate_error",
    366_211,
    "1e-9",
    "1.5 * 2^-12: Intel SDM volume 2, RCPPS and RSQRTPS; AMD APM volume 4 gives the same bound",
);

/// Relative error below which an estimate counts as computed, not looked up.
pub const ESTIMATE_COMPUTED: Threshold = t(
    "estimate_computed",
    238,
    "1e-9",
    "2^-22, one unit in the last place of binary32: QEMU divides and is always within it; a table of 12 bits by chance once in 500",
);

/// Share of estimates that may be computed by chance.
pub const ESTIMATE_SHARE: Threshold = t(
    "estimate_share",
    500,
    "thousandths of the estimates",
    "random operands, 200,000 each: Zen 5 (family 26 model 2) at most 0.0005 correctly rounded, QEMU 1.0 (rcpss) and 0.74 (rsqrtss)",
);

/// x87 results whose low eleven bits are zero, from which a 53-bit unit computed them.
pub const X87_SHORT: Threshold = t(
    "x87_short",
    2,
    "results, and all of them",
    "random operands: Zen 5 0.0005 of fsin and fcos results, QEMU all (200,000 each); two by chance are one in 2^22",
);

/// Bit scans answered from which the model of their flags decides.
pub const FLAG_ANSWERS: Threshold = t(
    "flag_answers",
    3,
    "answers",
    "PF after bsf and bsr of random words is of the index in all of 100,000 on Zen 5 and in Intel's samples, of the source in all of 100,000 under QEMU; each tells the two apart in half the cases",
);

/// Largest relative error of `fres`.
pub const FRES_ERROR: Threshold = t(
    "fres_error",
    3_906_250,
    "1e-9",
    "1/256: \"PowerPC Microprocessor Family: The Programming Environments\", fres; Power ISA book I",
);

/// Largest relative error of `frsqrte`.
pub const FRSQRTE_ERROR: Threshold = t(
    "frsqrte_error",
    31_250_000,
    "1e-9",
    "1/32: \"PowerPC Microprocessor Family: The Programming Environments\", frsqrte; Power ISA book I",
);

/// Largest relative error of `vrefp` and `vrsqrtefp`.
pub const VECTOR_ESTIMATE_ERROR: Threshold = t(
    "vector_estimate_error",
    244_141,
    "1e-9",
    "1/4096: AltiVec Technology Programming Environments Manual, vrefp and vrsqrtefp",
);

/// Largest relative error of `vexptefp`.
pub const VEXPTEFP_ERROR: Threshold = t(
    "vexptefp_error",
    62_500_000,
    "1e-9",
    "1/16: AltiVec Technology Programming Environments Manual, vexptefp",
);

/// Largest absolute error of `vlogefp` away from 1.
pub const VLOGEFP_ERROR: Threshold = t(
    "vlogefp_error",
    31_250_000,
    "1e-9",
    "1/32: AltiVec Technology Programming Environments Manual, vlogefp",
);

/// Share of the estimates of Power that may be computed by chance.
pub const POWER_ESTIMATE_SHARE: Threshold = t(
    "power_estimate_share",
    500,
    "thousandths of the estimates",
    "QEMU 7.2: all of fres, frsqrte, vrefp, vrsqrtefp; a table of 14 bits (POWER8), the best that is documented, once in 256",
);

/// Products rounded up from which their status decides.
pub const ROUNDED_UP: Threshold = t(
    "rounded_up",
    1,
    "products rounded up",
    "Power ISA book I, FPSCR[FR]: set where the fraction was incremented; never set by QEMU 7.2. Eight products are none rounded up once in 256",
);

/// Conditional stores of sixteen that succeed where nothing ends the reservation.
pub const RESERVATIONS_HELD: Threshold = t(
    "reservations_held",
    8,
    "of 16 stores",
    "Power ISA book II, \"Reservations\": only an interrupt can end one in between; QEMU 7.2 shows 0 after storing another value, 16 after the same",
);

/// Store-exclusives of sixteen that succeed where nothing opens the monitor of an ARM processor.
pub const MONITOR_HELD: Threshold = t(
    "monitor_held",
    8,
    "of 16 stores",
    "ARM ARM, \"Synchronization and semaphores\": only an interrupt can open the monitor in between; QEMU 7.2 shows 16 after nothing and after a read of MIDR_EL1",
);

/// By how many of sixteen a store of the same value and one of another may differ in what follows.
pub const MONITOR_SPLIT: Threshold = t(
    "monitor_split",
    12,
    "of 16 stores",
    "a monitor watches addresses (ARM ARM, \"Synchronization and semaphores\"), so only interrupts make a difference; QEMU 7.2 shows 16 after the same value, 0 after another, on every -cpu of ARM from version 6 and of AArch64",
);

/// Store-conditionals of sixteen that succeed on RISC-V where nothing ends the reservation.
pub const HART_RESERVATIONS_HELD: Threshold = t(
    "hart_reservations_held",
    8,
    "of 16 stores",
    "RISC-V Unprivileged Architecture, \"Zalrsc\": a sequence without other accesses succeeds in the end, only an interrupt ends it; QEMU 7.2 shows 16 after nothing and after a system call",
);

/// By how many of sixteen tries the value of a store may decide over a store-conditional on RISC-V.
pub const HART_RESERVATIONS_SPLIT: Threshold = t(
    "hart_reservations_split",
    12,
    "of 16 stores",
    "a reservation watches addresses (RISC-V Unprivileged Architecture, \"Zalrsc\"), so only interrupts make a difference; QEMU 7.2 shows 16 after the same value, 0 after another, on every -cpu",
);

// --- Continuity ---------------------------------------------------------------------------------------

/// How far the counter's rate may move between two probes of one unit.
pub const COUNTER_RATE_CONTINUITY: Threshold = t(
    "counter_rate_continuity",
    150,
    "ppm",
    "PC crystals are specified to 100 ppm and jump by 40 ppm on reboot where a kernel recalibrates; one probe of seconds resolves a few ppm",
);

// --- The conclusion -------------------------------------------------------------------------------------

/// Active channels (fresh code, value quirks) that must have passed for silicon to be present.
pub const ACTIVE_CHANNELS: Threshold = t(
    "active_channels",
    1,
    "channels passed",
    "passive timing alone was seen to pass full emulation; an active channel must speak for the machine",
);
