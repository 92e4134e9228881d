//! How much memory a target's miner takes: measured from outside, in the program as it is shipped.
//!
//! The emulator holds the program at its first instruction, until its debugger's connection lets it go.
//! Meanwhile the stack that lies ready is painted through `/proc/PID/mem`; when the miner has attested and
//! sleeps before the next time, the paint that is gone says how deep the stack was, to the byte. What else
//! the program may write, the emulator's log of its pages says, page by page.

use crate::builder::Builder;
use crate::matrix::{self, named};
use crate::targets::Target;
use node_process::Node;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// What a miner may take: stack, data and the smallest arena, bytes.
pub const BUDGET: u64 = 256 * 1024;

/// The arena that a miner is asked to measure in: the smallest that a probe takes.
const ARENA: &str = "64K";

/// Bytes of stack that the emulator gives the program, all of them painted: several times the budget.
const STACK: u64 = 1 << 20;

/// The paint. A byte of the program's own that happens to be equal hides one byte.
const PAINT: u8 = 0xa7;

/// How long a miner may take until it sleeps.
const RUN_LIMIT: Duration = Duration::from_secs(300);

/// How long the emulator may take to listen for its debugger.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How often it is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// What a miner says when it begins to sleep.
const SLEEPS: &str = "next in ";

/// What one run took, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Stack, from the arguments to the deepest byte written.
    pub stack: u64,
    /// Pages of the program's file that it may write: data, and zeroed data.
    pub data: u64,
    /// Most pages beside these that it could write at one time: the arena, the page for fresh code, and
    /// what a C library takes for itself.
    pub mapped: u64,
}

impl Taken {
    /// All of it, the stack in whole pages.
    pub fn sum(&self, page: u64) -> u64 {
        self.stack.next_multiple_of(page) + self.data + self.mapped
    }
}

/// A target's runs, one for each CPU model; or why there is none.
#[derive(Debug)]
pub struct Row {
    target: Target,
    runs: Vec<(String, Result<Taken, String>)>,
}

impl Row {
    /// Measures a target's miner as each of its CPU models.
    pub fn measure(
        target: &Target,
        builder: &Builder,
        node: &Node,
        folder: &Path,
        say: &dyn Fn(&str),
    ) -> Row {
        let mut row = Row {
            target: target.clone(),
            runs: Vec::new(),
        };
        if target.unrun.is_some() {
            return row;
        }
        say(&format!("{}: building", target.name));
        match builder.target(target) {
            Err(error) => {
                let failed = Err(format!("not built: {error}"));
                row.runs.push((String::new(), failed));
            }
            Ok(built) => row.runs.extend(target.cpus.iter().map(|cpu| {
                say(&format!("{}: running as {}", target.name, named(cpu)));
                let place = folder.join(format!("{}-{cpu}", target.name));
                (cpu.clone(), run(target, cpu, &built.path, node, &place))
            })),
        }
        row
    }

    /// What is wrong: a run that failed, or took more than it may.
    pub fn faults(&self) -> Vec<String> {
        let page = page_of(&self.target);
        let fault = |(cpu, taken): &(String, Result<Taken, String>)| {
            let whose = format!("{} as {}", self.target.name, named(cpu));
            match taken {
                Err(error) => Some(format!("{whose}: {error}")),
                Ok(taken) if taken.sum(page) > BUDGET => Some(format!(
                    "{whose}: takes {} bytes, more than {BUDGET}",
                    taken.sum(page)
                )),
                Ok(_) => None,
            }
        };
        self.runs.iter().filter_map(fault).collect()
    }
}

/// Bytes of a page of the target under its emulator.
fn page_of(target: &Target) -> u64 {
    match target.triple.split('-').next() {
        Some("sparc64" | "alpha") => 8192,
        _ => 4096,
    }
}

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a miner until it has attested once, and looks at what it took.
fn run(
    target: &Target,
    cpu: &str,
    program: &Path,
    node: &Node,
    place: &Path,
) -> Result<Taken, String> {
    fs::create_dir_all(place).map_err(|e| format!("{}: {e}", place.display()))?;
    let file = |name: &str| place.join(name);
    let (door, log, said) = (file("door"), file("log"), file("said"));
    let said_file = File::create(&said).map_err(|e| format!("{}: {e}", said.display()))?;
    let errors = said_file.try_clone().map_err(|e| e.to_string())?;
    let mut command = matrix::emulated(
        target,
        cpu,
        program,
        &[
            "-s".as_ref(),
            STACK.to_string().as_ref(),
            "-g".as_ref(),
            door.as_ref(),
            "-d".as_ref(),
            "page".as_ref(),
            "-D".as_ref(),
            log.as_ref(),
        ],
    );
    command
        .args(["--mine", "--quick", "--arena", ARENA])
        .args(["--node", node.url(), "--wallet"])
        .arg(file("wallet"))
        // The same at every start: the environment lies on the stack.
        .env_clear()
        .stdin(Stdio::null())
        .stdout(said_file)
        .stderr(errors);
    let child = command.spawn();
    let mut running = Running(child.map_err(|e| format!("{}: {e}", target.emulator))?);
    let gate = knock(&mut running.0, &door)?;
    let layout = Layout::read(&text(&log)?)?;
    let memory = File::options()
        .read(true)
        .write(true)
        .open(format!("/proc/{}/mem", running.0.id()))
        .map_err(|e| format!("the emulator's memory: {e}"))?;
    let free = layout.free();
    paint(&memory, layout.host(&free)).map_err(|e| format!("painting the stack: {e}"))?;
    // Without its debugger the emulator lets the program run.
    drop(gate);
    until_it_sleeps(&mut running.0, &said)?;
    let gone = painted(&memory, layout.host(&free), layout.upwards())
        .map_err(|e| format!("looking at the stack: {e}"))?;
    if gone == 0 || gone == free.end - free.start {
        return Err(format!("{gone} bytes of the paint are gone"));
    }
    Ok(Taken {
        stack: layout.handed_over() + gone,
        data: layout.data(),
        mapped: layout.mapped(&text(&log)?),
    })
}

/// Connects as the debugger that the emulator waits for.
fn knock(child: &mut Child, door: &Path) -> Result<UnixStream, String> {
    let started = Instant::now();
    loop {
        match UnixStream::connect(door) {
            Ok(stream) => return Ok(stream),
            Err(_) if started.elapsed() < START_LIMIT && !ended(child)? => {
                std::thread::sleep(LOOK);
            }
            Err(e) => return Err(format!("the emulator does not listen: {e}")),
        }
    }
}

fn ended(child: &mut Child) -> Result<bool, String> {
    Ok(child.try_wait().map_err(|e| e.to_string())?.is_some())
}

/// Waits until the miner says that it sleeps, after an attestation that was accepted.
fn until_it_sleeps(child: &mut Child, said: &Path) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let over = ended(child)? || started.elapsed() > RUN_LIMIT;
        let words = text(said)?;
        if words.contains(SLEEPS) && words.contains("accepted") {
            return Ok(());
        }
        if over || words.contains(SLEEPS) {
            let last: Vec<&str> = words.lines().rev().take(8).collect();
            return Err(format!("no attestation: {}", last.join(" | ")));
        }
        std::thread::sleep(LOOK);
    }
}

fn text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn paint(memory: &File, range: Range<u64>) -> io::Result<()> {
    memory.write_all_at(
        &vec![PAINT; (range.end - range.start) as usize],
        range.start,
    )
}

/// How many bytes of what was painted are, or lie between the stack's bottom and, bytes that changed.
fn painted(memory: &File, range: Range<u64>, upwards: bool) -> io::Result<u64> {
    let mut bytes = vec![0; (range.end - range.start) as usize];
    memory.read_exact_at(&mut bytes, range.start)?;
    let changed = |byte: &u8| *byte != PAINT;
    let depth = if upwards {
        bytes.iter().rposition(changed).map_or(0, |last| last + 1)
    } else {
        let first = bytes.iter().position(changed);
        first.map_or(0, |first| bytes.len() - first)
    };
    Ok(depth as u64)
}

/// The page about it, for people.
pub fn page(rows: &[Row]) -> String {
    let mut out = String::from(
        "# Memory\n\n\
         Written by `./dev memory`; edit nothing here. Each miner, as it is shipped, makes its key, measures\n\
         (`--quick`) in an arena of 64 KiB, the smallest there is, and attests to a node, under an emulator.\n\
         The stack was painted before its first instruction: its figure is exact, and holds the arguments.\n\
         The others are whole pages that the program may write: data, with what is zeroed at the start; and\n\
         most that it had mapped at one time, which is the arena, memory for fresh code and, on route `c`, the\n\
         module's memory with its stack. Code is not counted; neither is what a name server, a serial line\n\
         or a file of settings takes, for none was used.\n\n",
    );
    // Writing to a string cannot fail.
    let _ = table(&mut out, rows);
    out
}

fn table(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        out,
        "At most {} KiB are allowed. All in bytes.\n\n\
         | target | route | CPU model | stack | data | mapped | sum |\n\
         |---|---|---|--:|--:|--:|--:|",
        BUDGET / 1024
    )?;
    for row in rows {
        let target = &row.target;
        let route = target.route;
        if let Some(why) = &target.unrun {
            writeln!(
                out,
                "| {} | {route} | not run: {why} | | | | |",
                target.name
            )?;
        }
        for (cpu, taken) in &row.runs {
            write!(out, "| {} | {route} | {} |", target.name, named(cpu))?;
            match taken {
                Ok(taken) => writeln!(
                    out,
                    " {} | {} | {} | {} |",
                    taken.stack,
                    taken.data,
                    taken.mapped,
                    taken.sum(page_of(target))
                )?,
                Err(_) => writeln!(out, " failed | | | |")?,
            }
        }
    }
    Ok(())
}

/// Where things lie in the program's own addresses, as the emulator's log has them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    /// What is added to the program's addresses in the emulator's process.
    base: u64,
    /// The stack's pages.
    stack: Range<u64>,
    /// The stack pointer at the start.
    pointer: u64,
    /// The pages that may be written before the program starts, but for the stack.
    writable: Vec<Range<u64>>,
}

/// What precedes a list of pages.
const LISTS: &str = "page layout changed";
/// The list of when the program was loaded.
const LOADED: &str = "following binary load";

impl Layout {
    fn read(log: &str) -> Result<Layout, String> {
        let number = |name: &str| {
            let line = log.lines().find_map(|line| line.strip_prefix(name))?;
            let word = line.trim();
            if word == "(nil)" {
                return Some(0);
            }
            u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
        };
        let lack = |name: &str| format!("the emulator's log has no {name}");
        let base = number("guest_base").ok_or_else(|| lack("guest_base"))?;
        let pointer = number("start_stack").ok_or_else(|| lack("start_stack"))?;
        let pages = log
            .split(LISTS)
            .find(|list| list.trim_start().starts_with(LOADED))
            .map(writable)
            .ok_or_else(|| lack("pages"))?;
        // The pointer may be the end of it, where nothing was handed over.
        let (stack, writable): (Vec<_>, Vec<_>) = pages
            .into_iter()
            .partition(|pages| pages.contains(&pointer.saturating_sub(1)));
        match <[Range<u64>; 1]>::try_from(stack) {
            Ok([stack]) => Ok(Layout {
                base,
                stack,
                pointer,
                writable,
            }),
            Err(_) => Err(lack("stack")),
        }
    }

    /// Whether the stack grows towards higher addresses, as PA-RISC's does.
    fn upwards(&self) -> bool {
        self.pointer - self.stack.start < self.stack.end - self.pointer
    }

    /// The stack that the program has not used yet.
    fn free(&self) -> Range<u64> {
        if self.upwards() {
            self.pointer..self.stack.end
        } else {
            self.stack.start..self.pointer
        }
    }

    /// Bytes of stack that hold what the program is handed over.
    fn handed_over(&self) -> u64 {
        let free = self.free();
        (self.stack.end - self.stack.start) - (free.end - free.start)
    }

    fn host(&self, range: &Range<u64>) -> Range<u64> {
        self.base + range.start..self.base + range.end
    }

    fn data(&self) -> u64 {
        self.writable
            .iter()
            .map(|pages| pages.end - pages.start)
            .sum()
    }

    /// Most bytes in pages that could be written at one time, beside those that were there at the start.
    fn mapped(&self, log: &str) -> u64 {
        let there = self.data() + (self.stack.end - self.stack.start);
        log.split(LISTS)
            .skip_while(|list| !list.trim_start().starts_with(LOADED))
            .map(|list| {
                let pages = writable(list);
                pages.iter().map(|pages| pages.end - pages.start).sum()
            })
            .max()
            .map_or(0, |most: u64| most.saturating_sub(there))
    }
}

/// The pages of a list that may be written.
fn writable(list: &str) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    for line in list.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(_), Some(allowed)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let Some((start, end)) = range.split_once('-') else {
            continue;
        };
        let hex = |word| u64::from_str_radix(word, 16);
        if let (Ok(start), Ok(end), true) = (hex(start), hex(end), allowed.contains('w')) {
            found.push(start..end);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the emulator writes, abridged: the last list merges a mapping with the stack.
    const LOG: &str = "host mmap_min_addr=0x1000\n\
        page layout changed following mmap\n\
        start    end      size     prot\n\
        80000000-810de000 010de000 ---\n\
        guest_base  0x1000\n\
        page layout changed following binary load\n\
        start    end      size     prot\n\
        40000000-40001000 00001000 ---\n\
        40001000-40101000 00100000 rw-\n\
        80000000-800c2000 000c2000 r-x\n\
        800c2000-800c4000 00002000 rw-\n\
        start_brk   0x00000000\n\
        start_stack 0x40100f00\n\
        page layout changed following mmap\n\
        start    end      size     prot\n\
        40001000-40112000 00111000 rw-\n\
        80000000-800c2000 000c2000 r-x\n\
        800c2000-800c4000 00002000 rw-\n\
        page layout changed following mmap\n\
        start    end      size     prot\n\
        40001000-40101000 00100000 rw-\n\
        800c2000-800c4000 00002000 rw-\n";

    #[test]
    fn the_log_says_where_things_lie() {
        let layout = Layout::read(LOG).expect("a log");
        assert!(!layout.upwards());
        assert_eq!(layout.free(), 0x4000_1000..0x4010_0f00);
        assert_eq!(layout.handed_over(), 0x100);
        assert_eq!(layout.host(&(0..1)), 0x1000..0x1001);
        assert_eq!(layout.data(), 0x2000);
        assert_eq!(layout.mapped(LOG), 0x1_1000);
    }

    #[test]
    fn a_stack_may_grow_upwards() {
        let log = LOG.replace("0x40100f00", "0x40001100");
        let layout = Layout::read(&log).expect("a log");
        assert!(layout.upwards());
        assert_eq!(layout.free(), 0x4000_1100..0x4010_1000);
        assert_eq!(layout.handed_over(), 0x100);
    }

    #[test]
    fn a_log_without_a_stack_is_an_error() {
        assert!(Layout::read("").is_err());
        assert!(Layout::read(&LOG.replace("0x40100f00", "0x100")).is_err());
        assert!(Layout::read(&LOG.replace("binary load", "mmap")).is_err());
    }

    #[test]
    fn paint_that_is_gone_is_counted_from_the_bottom() {
        let mut file = tempfile::tempfile().expect("a file");
        std::io::Write::write_all(&mut file, &[0; 100]).expect("written");
        let all = 10..90;
        paint(&file, all.clone()).expect("painted");
        let depth = |upwards| painted(&file, all.clone(), upwards).expect("looked at");
        assert_eq!((depth(false), depth(true)), (0, 0));
        // One byte in the middle, with paint on both of its sides.
        file.write_all_at(&[1], 30).expect("written");
        assert_eq!((depth(false), depth(true)), (60, 21));
    }

    #[test]
    fn the_stack_counts_in_whole_pages() {
        let taken = Taken {
            stack: 4097,
            data: 4096,
            mapped: 65536,
        };
        assert_eq!(taken.sum(4096), 8192 + 4096 + 65536);
    }
}
