//! The C kernels on processors that have no Rust: compiled with the cross compilers that are there, run
//! by QEMU's user mode, compared bit for bit with what a node recomputes.
//!
//! A compiler or an emulator that is missing is named and passed over; `cross/setup` installs them all
//! (Debian: `gcc-m68k-linux-gnu` and its kin, `qemu-user-static`).

#![cfg(target_os = "linux")]

use c_shims::digest;
use probe_core::channels::quirks::registry;
use probe_core::machine::{
    special_operands, Body, Chain, Op, Operands, Shape, FP_LANES, INT_LANES,
};
use probe_core::replay;
use probe_core::seed::{Seed, Stream};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The kernels.
const SOURCES: [&str; 5] = ["arch.c", "branch.c", "float.c", "integer.c", "memory.c"];

/// Strict C89, as little noise as the compiler allows.
const STRICT: [&str; 5] = ["-std=c89", "-pedantic", "-Wall", "-Wextra", "-Werror"];

/// As `build.rs` compiles them.
const CHAINS: [&str; 3] = [
    "-fno-tree-vectorize",
    "-fno-tree-slp-vectorize",
    "-ffp-contract=off",
];

/// How long an emulator may take: minutes mean that it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// One way to compile the driver, and the processors to run it as.
struct Target {
    /// The architecture's name on the wire.
    architecture: &'static str,
    /// Prefix of the compiler's name: the GNU triple.
    triple: &'static str,
    /// What to compile for.
    flags: &'static [&'static str],
    /// Suffix of the emulator's name.
    emulator: &'static str,
    /// Models for its option `-cpu`; empty for its default.
    models: &'static [&'static str],
    /// Whether floating point is the processor's, in binary64.
    floats: bool,
    /// Whether the processor's square root is used.
    roots: bool,
}

const TARGETS: &[Target] = &[
    m68k(&["-O2", "-m68020"], &["m68020", "m68030"], true),
    m68k(&["-O2", "-m68040"], &["m68040"], true),
    m68k(&["-O2", "-m68060"], &["m68060"], true),
    m68k(&["-O2", "-m68020", "-msoft-float"], &["m68020"], false),
    alpha(
        &["-O2"],
        &["ev4-alpha-cpu", "ev5-alpha-cpu", "ev6-alpha-cpu"],
        false,
    ),
    alpha(&["-O2", "-mcpu=ev67"], &["ev67-alpha-cpu"], true),
    Target {
        architecture: "hppa",
        triple: "hppa-linux-gnu",
        flags: &["-O2"],
        emulator: "hppa",
        models: &[""],
        floats: true,
        roots: true,
    },
    Target {
        architecture: "sh4",
        triple: "sh4-linux-gnu",
        // Debian's GCC 12 for SH loses the test that ends a loop at every level of optimisation.
        flags: &["-O0", "-DVG_FREESTANDING", "-ffreestanding", "-nostdlib"],
        emulator: "sh4",
        models: &["sh7750r", "sh7785"],
        floats: true,
        roots: true,
    },
    Target {
        architecture: "s390x",
        triple: "s390x-linux-gnu",
        flags: &["-O2"],
        emulator: "s390x",
        models: &["qemu", "max"],
        floats: true,
        roots: true,
    },
];

const fn m68k(
    flags: &'static [&'static str],
    models: &'static [&'static str],
    floats: bool,
) -> Target {
    Target {
        architecture: "m68k",
        triple: "m68k-linux-gnu",
        flags,
        emulator: "m68k",
        models,
        floats,
        roots: floats,
    }
}

/// The C library gives the division of integers alone: its programs do not start under QEMU.
const fn alpha(
    flags: &'static [&'static str],
    models: &'static [&'static str],
    roots: bool,
) -> Target {
    Target {
        architecture: "alpha",
        triple: "alpha-linux-gnu",
        flags,
        emulator: "alpha",
        models,
        floats: true,
        roots,
    }
}

impl Target {
    fn name(&self) -> String {
        format!("{} {}", self.architecture, self.flags.join(" "))
    }

    fn emulator(&self) -> String {
        format!("qemu-{}-static", self.emulator)
    }

    /// Flags that the driver needs besides its own.
    fn system_flags(&self) -> &'static [&'static str] {
        match self.architecture {
            "alpha" => &["-DVG_FREESTANDING", "-ffreestanding", "-nostartfiles"],
            _ => &[],
        }
    }

    /// Compiles the driver; `None` where compiler or emulator is missing.
    fn build(&self, program: PathBuf) -> Option<PathBuf> {
        let emulator = self.emulator();
        let compiler = compiler(self.triple)?;
        if !exists(&emulator) {
            eprintln!("skipped: {} needs {emulator}", self.name());
            return None;
        }
        let output = Command::new(compiler)
            .args(self.flags)
            .args(self.system_flags())
            .args(STRICT)
            .args(CHAINS)
            .args(["-static", "-I"])
            .arg(here("include"))
            .arg(here("tests/driver.c"))
            .args(SOURCES.map(|source| here("src").join(source)))
            .args(["-lgcc", "-o"])
            .arg(&program)
            .output()
            .expect("the compiler was there a moment ago");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", self.name());
        Some(program)
    }

    /// Runs the driver on the commands, as each model; gives a line for each command.
    fn ask(&self, program: &Path, model: &str, commands: &str) -> Vec<String> {
        let mut run = Command::new(self.emulator());
        if !model.is_empty() {
            run.args(["-cpu", model]);
        }
        let mut child = run
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator was there a moment ago");
        let mut input = child.stdin.take().expect("piped");
        let text = commands.to_owned();
        // A driver that has ended early is seen by its status.
        let writer = std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
        let mut output = child.stdout.take().expect("piped");
        let reader = std::thread::spawn(move || {
            let mut answer = String::new();
            output.read_to_string(&mut answer).map(|_| answer)
        });
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill().expect("a child");
                panic!("{} as {model} hangs", self.name());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        writer.join().expect("the writer does not panic");
        let answer = reader.join().expect("the reader does not panic");
        let answer = answer.expect("the driver writes ASCII");
        assert!(
            status.success(),
            "{} as {model}: {status} after {answer}",
            self.name()
        );
        let lines: Vec<String> = answer.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), commands.lines().count(), "{}", self.name());
        lines
    }
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The compiler of a triple, where it is there.
fn compiler(triple: &str) -> Option<String> {
    let compiler = format!("{triple}-gcc");
    if exists(&compiler) {
        return Some(compiler);
    }
    eprintln!("skipped: {compiler} is missing");
    None
}

/// The targets that can be run here, each with the driver compiled for it: once for all tests.
fn built() -> &'static [(&'static Target, PathBuf)] {
    static BUILT: OnceLock<Vec<(&Target, PathBuf)>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let build = |(i, target): (usize, &'static Target)| {
            let program = target.build(folder.join(format!("driver-{i}")))?;
            Some((target, program))
        };
        TARGETS.iter().enumerate().filter_map(build).collect()
    })
}

/// Runs `judge` for every target and model that can be run here.
fn everywhere(commands: &str, judge: impl Fn(&Target, &str, &[String])) {
    for (target, program) in built() {
        for model in target.models {
            judge(target, model, &target.ask(program, model, commands));
        }
    }
}

/// The words of an answer; `None` for "absent".
fn words(line: &str) -> Option<Vec<u32>> {
    if line == "absent" {
        return None;
    }
    let parse = |word| u32::from_str_radix(word, 16).expect("hexadecimal");
    Some(line.split(' ').map(parse).collect())
}

fn hex(words: impl IntoIterator<Item = u32>) -> String {
    words.into_iter().fold(String::new(), |mut text, word| {
        let _ = write!(text, " {word:x}");
        text
    })
}

fn halves(number: u64) -> [u32; 2] {
    [(number >> 32) as u32, number as u32]
}

fn stream(round: u32) -> Stream {
    Seed::derive("cross", &round.to_string()).stream(round)
}

/// The driver's command for a chain.
fn command(chain: Chain, o: &Operands) -> String {
    let run = hex([chain.shape as u32, chain.body as u32, chain.iterations]);
    match chain.op {
        Op::IntDiv => format!(
            "integer 2{run}{}{}",
            hex(o.divisor[..INT_LANES].iter().copied()),
            hex([o.dividend; INT_LANES])
        ),
        Op::IntAdd | Op::IntMul | Op::Shift | Op::StoreLoad => format!(
            "integer {:x}{run}{}{}",
            chain.op as u8,
            hex(o.x[..INT_LANES].iter().copied()),
            hex(o.y[..INT_LANES].iter().copied())
        ),
        Op::Load => format!("load{run}{}", hex(o.load_next.map(u32::from))),
        op => {
            let c = f64::from_bits(o.fc);
            let (start, m, k) = special_operands(op);
            let (c, d, x) = if op as u8 >= Op::FpMulSubnormal as u8 {
                (m, k, [start; FP_LANES])
            } else {
                (o.fc, (1.0 / c).to_bits(), o.fx)
            };
            let numbers = [c, d].into_iter().chain(x).flat_map(halves);
            format!("float {:x}{run}{}", op as u8, hex(numbers))
        }
    }
}

/// The digest of what a chain left.
fn digest_of(chain: Chain, words: &[u32]) -> u64 {
    let used = chain.op.lanes(chain.shape);
    match chain.op {
        Op::IntAdd | Op::IntMul => digest::lanes(
            (0..used).map(|i| u64::from(digest::pair(words[i], words[INT_LANES + i]))),
        ),
        Op::FpRounding => digest::lanes([u64::from(words[0])]),
        op if (op as u8) <= Op::Load as u8 || op == Op::StoreLoad => {
            digest::integers(&words[..used])
        }
        _ => {
            let numbers: Vec<f64> = words
                .chunks(2)
                .map(|w| f64::from_bits(u64::from(w[0]) << 32 | u64::from(w[1])))
                .collect();
            digest::floats(&numbers[..used])
        }
    }
}

#[test]
fn every_cross_compiler_takes_the_sources_as_c89() {
    const TRIPLES: [&str; 17] = [
        "m68k-linux-gnu",
        "alpha-linux-gnu",
        "hppa-linux-gnu",
        "sh4-linux-gnu",
        "s390x-linux-gnu",
        "sparc64-linux-gnu",
        "mips-linux-gnu",
        "mipsel-linux-gnu",
        "mips64-linux-gnuabi64",
        "powerpc-linux-gnu",
        "powerpc64-linux-gnu",
        "powerpc64le-linux-gnu",
        "arm-linux-gnueabi",
        "arm-linux-gnueabihf",
        "aarch64-linux-gnu",
        "riscv64-linux-gnu",
        "i686-linux-gnu",
    ];
    let mut variants: Vec<(&str, &[&str])> = TRIPLES.map(|t| (t, &["-O2"] as &[&str])).to_vec();
    variants.extend(TARGETS.iter().map(|t| (t.triple, t.flags)));
    for flags in [&["-O2", "-m68000"], &["-O2", "-mcpu=5208"]] {
        variants.push(("m68k-linux-gnu", flags));
    }
    for (triple, flags) in variants {
        let Some(compiler) = compiler(triple) else {
            continue;
        };
        let output = Command::new(compiler)
            .args(flags)
            .args(STRICT)
            .args(["-fsyntax-only", "-I"])
            .arg(here("include"))
            .args(SOURCES.map(|source| here("src").join(source)))
            .output()
            .expect("the compiler was there a moment ago");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{triple} {flags:?}: {errors}");
    }
}

#[test]
fn every_chain_is_what_a_node_recomputes() {
    const OPS: [Op; 15] = [
        Op::IntAdd,
        Op::IntMul,
        Op::IntDiv,
        Op::Shift,
        Op::Load,
        Op::StoreLoad,
        Op::FpAdd,
        Op::FpMul,
        Op::FpDiv,
        Op::FpSqrt,
        Op::FpMulSubnormal,
        Op::FpMulNan,
        Op::FpMulOverflow,
        Op::FpMulNormal,
        Op::FpRounding,
    ];
    let mut chains = Vec::new();
    for round in 0..3u32 {
        let operands = Operands::draw(&mut stream(round));
        for op in OPS {
            for shape in [Shape::Dependent, Shape::Independent] {
                if shape == Shape::Independent && matches!(op, Op::StoreLoad | Op::FpRounding) {
                    continue;
                }
                for body in [Body::Single, Body::Double] {
                    let iterations = 1 + round * 6;
                    let chain = Chain {
                        op,
                        shape,
                        body,
                        iterations,
                    };
                    chains.push((chain, operands));
                }
            }
        }
    }
    let commands = chains.iter().fold(String::new(), |mut text, (chain, o)| {
        let _ = writeln!(text, "{}", command(*chain, o));
        text
    });
    everywhere(&commands, |target, model, answers| {
        for ((chain, operands), answer) in chains.iter().zip(answers) {
            let float = (chain.op as u8) > Op::Load as u8 && chain.op != Op::StoreLoad;
            let there = (!float || target.floats) && (chain.op != Op::FpSqrt || target.roots);
            let found = words(answer).map(|words| digest_of(*chain, &words));
            let expected = there.then(|| replay::chain(*chain, operands));
            assert_eq!(found, expected, "{} as {model}: {chain:?}", target.name());
        }
    });
}

#[test]
fn branches_calls_and_chases_end_where_a_node_says() {
    let mut draw = stream(7);
    let directions: Vec<u32> = (0..97).map(|_| draw.below(2)).collect();
    let order: Vec<u32> = (0..61).map(|_| draw.below(64)).collect();
    // One cycle over 300 slots, by Sattolo's algorithm.
    let mut cycle: Vec<u32> = (0..300).collect();
    for i in (1..cycle.len()).rev() {
        cycle.swap(i, draw.below(i as u32) as usize);
    }
    let steps = 12_345u32;
    let commands = format!(
        "branches {:x} {:x}{}\nindirect {:x} {:x}{}\nnested 40 3\nnested 1 7\nchase {steps:x} {:x}{}\n",
        1_000,
        directions.len(),
        hex(directions.iter().copied()),
        500,
        order.len(),
        hex(order.iter().copied()),
        cycle.len(),
        hex(cycle.iter().copied()),
    );
    let taken = (0..1_000)
        .filter(|i| directions[i % directions.len()] != 0)
        .count() as u32;
    let called = (0..500usize).fold(0u32, |x, i| {
        x.wrapping_mul(5).wrapping_add(order[i % order.len()])
    });
    let ended = (0..steps).fold(0u32, |at, _| cycle[at as usize]);
    let expected = [taken, called, 64 * 3, 7, ended].map(|word| Some(vec![word]));
    everywhere(&commands, |target, model, answers| {
        let found: Vec<_> = answers.iter().map(|line| words(line)).collect();
        assert_eq!(found, expected, "{} as {model}", target.name());
    });
}

#[test]
fn fresh_code_runs_patched_and_synchronised() {
    let mut draw = stream(9);
    let mut rounds = vec![(1, 0, u32::MAX, 0), (64, u32::MAX, 0x8000_8000, 5)];
    // Halves with the sign set, and with carries from one byte to the next.
    rounds.extend([
        (3, 0x7fff_8000, 0x80ff_7f80, 1),
        (2, 0x800, 0x7ff, u32::MAX),
    ]);
    for _ in 0..8 {
        let adds = 1 + draw.below(64);
        rounds.push((adds, draw.next_u32(), draw.next_u32(), draw.next_u32()));
    }
    let commands = rounds.iter().fold(String::new(), |mut text, r| {
        let _ = writeln!(text, "fresh{}", hex([r.0, r.1, r.2, r.3]));
        text
    });
    everywhere(&commands, |target, model, answers| {
        for (&(adds, constant, patched, x), answer) in rounds.iter().zip(answers) {
            let after = |constant: u32| x.wrapping_add(constant.wrapping_mul(adds));
            let found = words(answer).expect("machine code is known");
            let name = target.name();
            assert!(
                found[0] != 0 && found[0].is_multiple_of(4),
                "{name}: {found:x?}"
            );
            assert_eq!(found[1], after(constant), "{name} as {model}");
            // The processor may still run what was there; QEMU, or any processor, nothing else.
            assert!(
                [after(constant), after(patched)].contains(&found[2]),
                "{name} as {model}"
            );
            assert_eq!(found[3], after(patched), "{name} as {model}");
        }
    });
}

#[test]
fn counters_go_forward_and_barriers_run() {
    everywhere(
        "counter\ntrap 0\ntrap 1\nidentity\n",
        |target, model, answers| {
            let bits = match target.architecture {
                "alpha" | "hppa" => Some(32),
                "s390x" => Some(64),
                _ => None,
            };
            let name = target.name();
            let expected = bits.map(|bits| vec![bits, 1, 1]);
            assert_eq!(words(&answers[0]), expected, "{name} as {model}");
            assert_eq!(
                words(&answers[1]),
                Some(vec![0]),
                "{name} identifies itself"
            );
            let serialises = u32::from(target.architecture != "sh4");
            assert_eq!(words(&answers[2]), Some(vec![serialises]), "{name}");
            assert!(answers[3].contains('|'), "{name}: {}", answers[3]);
        },
    );
}

/// What a value probe must answer wherever arithmetic is right; `None` where silicon decides.
fn defined(id: u16, [a, b]: [u32; 2]) -> Option<Vec<u32>> {
    let number = |high: u32, low: u32| f64::from_bits(u64::from(high) << 32 | u64::from(low));
    let count = a % 32;
    let wide = u64::from(b) << 32 | u64::from(a);
    let split = |x: u64| [x as u32, (x >> 32) as u32];
    Some(match id {
        // From the 68020 on; 68000 and 68010 store the start.
        206 => vec![4],
        213 => vec![0x7fff_0000, u32::MAX, u32::MAX],
        243 => {
            let x = number((a & 0x7_ffff) | 0x4_0000, b);
            halves((x * 0.5).to_bits()).to_vec()
        }
        244 => {
            let x = number(0x3ff0_0000 | (a & 0xf_ffff), b);
            halves((x + f64::EPSILON / 2.0).to_bits()).to_vec()
        }
        250 => [split(wide << (32 + count)), split(wide >> (32 + count))].concat(),
        251 => {
            let x = number(0x4450_0000 | (a & 0xf_ffff), b);
            split(x as u128 as u64).to_vec()
        }
        255 => vec![b >> count],
        260 => {
            // Five bits of the amount; to the right by 32 where they are 0.
            let sign = ((b as i32) >> 31) as u32;
            vec![
                b << count,
                b.checked_shr(32 - ((32 - count) % 32)).unwrap_or(0),
                sign,
            ]
        }
        265 => vec![0, b >> count, ((b as i32) >> 31) as u32],
        _ => return None,
    })
}

#[test]
fn value_probes_answer_and_the_defined_ones_right() {
    for (target, program) in built() {
        let mut asked = Vec::new();
        for round in 0..4 {
            let seed = Seed::derive("quirks", &round.to_string());
            for probe in registry(target.architecture) {
                asked.extend(probe.operands(&seed).map(|operand| (probe, operand)));
            }
        }
        let commands = asked
            .iter()
            .fold(String::new(), |mut text, (probe, [a, b])| {
                let _ = writeln!(text, "quirk {:x} {a:x} {b:x}", probe.id);
                text
            });
        for model in target.models {
            let answers = target.ask(program, model, &commands);
            let name = format!("{} as {model}", target.name());
            let mut answered = std::collections::BTreeSet::new();
            for ((probe, operand), answer) in asked.iter().zip(&answers) {
                let Some(found) = words(answer) else {
                    continue;
                };
                answered.insert(probe.id);
                let used = usize::from(probe.words);
                assert!(
                    found[used..].iter().all(|&word| word == 0),
                    "{name}: {} answers more than {used} words: {found:x?}",
                    probe.name
                );
                if let Some(expected) = defined(probe.id, *operand) {
                    let found = &found[..expected.len()];
                    assert_eq!(found, expected, "{name}: {} of {operand:x?}", probe.name);
                }
            }
            let least = if target.floats { 8 } else { 7 };
            assert!(answered.len() >= least, "{name}: {answered:?}");
        }
    }
}
