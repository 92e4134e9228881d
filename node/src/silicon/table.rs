//! The tables of measurements (`data/measured/README.md`), read strictly: every column known and there
//! once, every cell of its kind, every signature in agreement with the family and model beside it. Numbers
//! are decimals of at most three places and are kept as whole thousandths: nothing here is rounded by
//! floating point, so that the derived files are the same on every host.

use crate::verdict::silicon::Signature;
use csv::{ReaderBuilder, StringRecord};
use std::collections::BTreeMap;

/// The instructions of the latency table; each has a column `_lat` and a column `_thr`.
pub const INSTRUCTIONS: [&str; 26] = [
    "add32",
    "shl32_cl",
    "imul32",
    "idiv32",
    "div64_32",
    "load32",
    "xchg_mem32",
    "bsf32",
    "cpuid0",
    "rdtsc",
    "fadd",
    "fmul",
    "fdiv80",
    "fsqrt80",
    "fsin_pi4",
    "pmaddwd_mm",
    "punpcklbw_mm",
    "addps",
    "mulps",
    "divps",
    "sqrtps",
    "rcpps",
    "shufps",
    "pmaddwd_xmm",
    "pshufd",
    "pshufb_xmm",
];

/// No instruction and no load takes as many cycles; larger figures are typing errors.
const MOST_CYCLES: u32 = 100_000;

/// The mode of the processor that a program ran in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// 32 bits.
    X86,
    /// 64 bits.
    X64,
}

/// Which processor a line speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Processor {
    /// Twelve letters of `CPUID` leaf 0.
    pub vendor: String,
    /// What the dump is called.
    pub name: String,
    /// Leaf 1 EAX.
    pub eax: u32,
    /// The mode that it was measured in.
    pub mode: Mode,
}

impl Processor {
    /// Family, model and stepping.
    pub const fn signature(&self) -> Signature {
        Signature::from_eax(self.eax)
    }

    /// For people, and for the source of a record: name, signature, mode.
    pub fn describe(&self) -> String {
        format!("{} {:08x} {:?}", self.name, self.eax, self.mode)
    }
}

/// A line of the latency table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies {
    /// Which processor.
    pub processor: Processor,
    /// Latency by instruction, thousandths of a cycle; none of them zero.
    pub latency: BTreeMap<&'static str, u32>,
    /// Reciprocal throughput by instruction, thousandths of a cycle; none of them zero.
    pub throughput: BTreeMap<&'static str, u32>,
}

/// All lines of the memory table that speak of one dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    /// Which processor.
    pub processor: Processor,
    /// Thousandths of a cycle for one load, by bytes of the working set.
    pub cycles: BTreeMap<u32, u32>,
}

/// What is wrong with a table, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableError {
    /// Line of the file, from 1; the header is line 1.
    pub line: u64,
    /// Name of the column, where one cell is at fault.
    pub column: Option<String>,
    /// What.
    pub fault: Fault,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Not readable as CSV in UTF-8.
    Csv(String),
    /// A line with another number of cells than the header.
    Cells {
        /// In the header.
        expected: u64,
        /// In the line.
        found: u64,
    },
    /// The header lacks this column.
    Missing,
    /// The header has this column twice.
    Twice,
    /// The header has a column that means nothing here.
    Unknown,
    /// A cell that must not be empty.
    Empty,
    /// Not a decimal number of at most three places and not above the column's bound.
    Number(String),
    /// Not eight hexadecimal digits.
    Signature(String),
    /// Neither `X86` nor `X64`.
    Mode(String),
    /// Not what the signature says.
    Disagrees {
        /// The cell.
        cell: u32,
        /// By the signature.
        signature: u32,
    },
    /// A working set that this processor has already.
    Repeated,
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column:?}")?;
        }
        f.write_str(": ")?;
        match &self.fault {
            Fault::Csv(text) => f.write_str(text),
            Fault::Cells { expected, found } => {
                write!(f, "{found} cells where the header has {expected}")
            }
            Fault::Missing => f.write_str("the header lacks it"),
            Fault::Twice => f.write_str("the header has it twice"),
            Fault::Unknown => f.write_str("it means nothing here"),
            Fault::Empty => f.write_str("it must not be empty"),
            Fault::Number(text) => write!(
                f,
                "{text:?} is no decimal number of at most three places within bounds"
            ),
            Fault::Signature(text) => write!(f, "{text:?} is not eight hexadecimal digits"),
            Fault::Mode(text) => write!(f, "{text:?} is neither X86 nor X64"),
            Fault::Disagrees { cell, signature } => {
                write!(f, "{cell}, but the signature says {signature}")
            }
            Fault::Repeated => f.write_str("this processor has it already"),
        }
    }
}

impl std::error::Error for TableError {}

/// Reads the latency table.
///
/// # Errors
/// Any cell, column or line that is not as `data/measured/README.md` says.
pub fn latencies(text: &str) -> Result<Vec<Latencies>, TableError> {
    let instructions = INSTRUCTIONS.map(|i| [format!("{i}_lat"), format!("{i}_thr")]);
    let fixed = [
        "vendor",
        "name",
        "signature",
        "family",
        "model",
        "stepping",
        "mhz",
        "mode",
    ];
    let columns = fixed
        .into_iter()
        .chain(instructions.iter().flatten().map(String::as_str));
    let table = Table::read(text, &columns.collect::<Vec<_>>())?;
    table
        .lines()
        .map(|line| {
            let processor = line.processor()?;
            line.agrees("stepping", u32::from(processor.signature().stepping))?;
            line.optional("mhz", MOST_CYCLES)?;
            let (mut latency, mut throughput) = (BTreeMap::new(), BTreeMap::new());
            for (instruction, [lat, thr]) in INSTRUCTIONS.iter().zip(&instructions) {
                for (column, map) in [(lat, &mut latency), (thr, &mut throughput)] {
                    if let Some(cycles) = line.optional(column, MOST_CYCLES)?.filter(|&c| c > 0) {
                        map.insert(*instruction, cycles);
                    }
                }
            }
            Ok(Latencies {
                processor,
                latency,
                throughput,
            })
        })
        .collect()
}

/// Reads the memory table.
///
/// # Errors
/// As [`latencies`], and a working set that one processor has twice.
pub fn curves(text: &str) -> Result<Vec<Curve>, TableError> {
    const SIZE: &str = "working_set_kib";
    const CYCLES: &str = "latency_cycles";
    let columns = [
        "vendor",
        "name",
        "signature",
        "family",
        "model",
        "mhz",
        "mode",
        SIZE,
        CYCLES,
    ];
    let table = Table::read(text, &columns)?;
    let mut curves: BTreeMap<Processor, BTreeMap<u32, u32>> = BTreeMap::new();
    for line in table.lines() {
        let processor = line.processor()?;
        line.optional("mhz", MOST_CYCLES)?;
        // Thousandths of a KiB: an octave below 1 KiB is 0.25, which is 256 bytes exactly.
        let size = u64::from(line.number(SIZE, MOST_KIB)?) * 1024 / 1000;
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let cycles = line.number(CYCLES, MOST_CYCLES)?;
        let curve = curves.entry(processor).or_default();
        if curve.insert(size, cycles).is_some() {
            return Err(line.fault(SIZE, Fault::Repeated));
        }
    }
    let curve = |(processor, cycles)| Curve { processor, cycles };
    Ok(curves.into_iter().map(curve).collect())
}

/// The largest working set, KiB: 2 GiB.
const MOST_KIB: u32 = 2 << 20;

/// A file of known columns.
struct Table<'a> {
    text: &'a str,
    header: BTreeMap<String, usize>,
    records: Vec<StringRecord>,
}

impl<'a> Table<'a> {
    fn read(text: &'a str, columns: &[&str]) -> Result<Self, TableError> {
        let mut reader = ReaderBuilder::new()
            .quoting(false)
            .from_reader(text.as_bytes());
        let malformed = |error| csv_fault(text, error);
        let header = reader.headers().map_err(malformed)?.clone();
        let at_header = |column: &str, fault| TableError {
            line: 1,
            column: Some(column.to_owned()),
            fault,
        };
        let mut by_name = BTreeMap::new();
        for (i, name) in header.iter().enumerate() {
            if !columns.contains(&name) {
                return Err(at_header(name, Fault::Unknown));
            }
            if by_name.insert(name.to_owned(), i).is_some() {
                return Err(at_header(name, Fault::Twice));
            }
        }
        if let Some(missing) = columns.iter().find(|c| !by_name.contains_key(**c)) {
            return Err(at_header(missing, Fault::Missing));
        }
        let records: Result<Vec<_>, _> = reader.records().collect();
        Ok(Table {
            text,
            header: by_name,
            records: records.map_err(malformed)?,
        })
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|record| Line {
            table: self,
            record,
        })
    }
}

/// The line in which a record begins. The reader's own count may stand before the end of the line above.
fn line_of(text: &str, position: Option<&csv::Position>) -> u64 {
    let start = position.map_or(0, |p| usize::try_from(p.byte()).unwrap_or(usize::MAX));
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let ends = rest
        .iter()
        .take_while(|b| matches!(b, b'\r' | b'\n'))
        .count();
    let before = text.as_bytes().iter().take(start.saturating_add(ends));
    1 + before.filter(|&&b| b == b'\n').count() as u64
}

/// A fault of the form, as the reader of CSV reports it.
fn csv_fault(text: &str, error: csv::Error) -> TableError {
    let line = line_of(text, error.position());
    let fault = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Fault::Cells {
            expected: *expected_len,
            found: *len,
        },
        _ => Fault::Csv(error.to_string()),
    };
    TableError {
        line,
        column: None,
        fault,
    }
}

/// A line of a table.
struct Line<'a> {
    table: &'a Table<'a>,
    record: &'a StringRecord,
}

impl Line<'_> {
    fn fault(&self, column: &str, fault: Fault) -> TableError {
        TableError {
            line: line_of(self.table.text, self.record.position()),
            column: Some(column.to_owned()),
            fault,
        }
    }

    /// A cell; the header was checked, so that it is there.
    fn cell(&self, column: &str) -> &str {
        let index = self.table.header.get(column);
        index.and_then(|&i| self.record.get(i)).unwrap_or_default()
    }

    fn text(&self, column: &str) -> Result<String, TableError> {
        match self.cell(column) {
            "" => Err(self.fault(column, Fault::Empty)),
            text => Ok(text.to_owned()),
        }
    }

    /// Thousandths, at most `most` whole ones; `None` where the cell is empty.
    fn optional(&self, column: &str, most: u32) -> Result<Option<u32>, TableError> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return Ok(None);
        }
        let number = thousandths(cell).filter(|&n| n <= most.saturating_mul(1000));
        let fault = || self.fault(column, Fault::Number(cell.to_owned()));
        number.map(Some).ok_or_else(fault)
    }

    fn number(&self, column: &str, most: u32) -> Result<u32, TableError> {
        let number = self.optional(column, most)?;
        number.ok_or_else(|| self.fault(column, Fault::Empty))
    }

    fn processor(&self) -> Result<Processor, TableError> {
        let signature = self.text("signature")?;
        let hexadecimal = signature.len() == 8 && signature.bytes().all(|b| b.is_ascii_hexdigit());
        let eax = u32::from_str_radix(&signature, 16).ok();
        let Some(eax) = eax.filter(|_| hexadecimal) else {
            return Err(self.fault("signature", Fault::Signature(signature)));
        };
        let mode = match self.cell("mode") {
            "X86" => Mode::X86,
            "X64" => Mode::X64,
            other => return Err(self.fault("mode", Fault::Mode(other.to_owned()))),
        };
        let processor = Processor {
            vendor: self.text("vendor")?,
            name: self.text("name")?,
            eax,
            mode,
        };
        let decoded = processor.signature();
        self.agrees("family", u32::from(decoded.family))?;
        // The dumps leave the extended model out where the manuals do: in every family but 6 and 15.
        let plain = eax >> 4 & 0xf;
        if self.agrees("model", u32::from(decoded.model)).is_err() {
            self.agrees("model", plain)?;
        }
        Ok(processor)
    }

    fn agrees(&self, column: &str, signature: u32) -> Result<(), TableError> {
        let cell = self.number(column, u32::from(u16::MAX))?;
        if cell == signature * 1000 {
            return Ok(());
        }
        let cell = cell / 1000;
        Err(self.fault(column, Fault::Disagrees { cell, signature }))
    }
}

/// Thousandths of a decimal number such as `"26.09"`: digits, and at most three places after a point.
/// `None` for anything else, or where it does not fit.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(places) || places.len() > 3 {
        return None;
    }
    let scale = 10u32.pow(3 - u32::try_from(places.len()).ok()?);
    let fraction = places.parse::<u32>().ok()? * scale;
    whole
        .parse::<u32>()
        .ok()?
        .checked_mul(1000)?
        .checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LATENCY: &str = include_str!("../../data/measured/x86-silicon-latency.csv");
    const MEMORY: &str = include_str!("../../data/measured/x86-silicon-memory.csv");

    #[test]
    fn the_tables_of_the_project_are_read_whole() {
        let latencies = latencies(LATENCY).unwrap();
        assert_eq!(latencies.len(), LATENCY.lines().count() - 1);
        let k5 = &latencies[0];
        assert_eq!(k5.processor.describe(), "K5 00000524 X86");
        assert_eq!(k5.latency["fdiv80"], 80_000);
        assert!(!k5.latency.contains_key("addps"));
        let curves = curves(MEMORY).unwrap();
        let points: usize = curves.iter().map(|c| c.cycles.len()).sum();
        assert_eq!(points, MEMORY.lines().count() - 1);
        let k5 = curves.iter().find(|c| c.processor.name == "K5").unwrap();
        assert_eq!((k5.cycles[&256], k5.cycles[&(16 << 10)]), (1_000, 19_000));
    }

    #[test]
    fn faults_name_their_line_and_column() {
        let at = |text: &str| latencies(text).unwrap_err();
        for (from, to, line, column, what) in [
            (
                "K5,00000524",
                "K5,0000524",
                2,
                "signature",
                "eight hexadecimal",
            ),
            ("K5,00000524", ",00000524", 2, "name", "empty"),
            ("58.46,X86", "58.46,X32", 2, "mode", "neither"),
            ("58.46,X86", "58.4600,X86", 2, "mhz", "three places"),
            (
                "58.46,X86,1.0,",
                "58.46,X86,-1.0,",
                2,
                "add32_lat",
                "decimal",
            ),
            (
                "58.46,X86,1.0,",
                "58.46,X86,1e0,",
                2,
                "add32_lat",
                "decimal",
            ),
            (
                "58.46,X86,1.0,",
                "58.46,X86,200000.0,",
                2,
                "add32_lat",
                "bounds",
            ),
            (
                "00000524,5,2,4",
                "00000524,6,2,4",
                2,
                "family",
                "signature says 5",
            ),
            (
                "00000524,5,2,4",
                "00000524,5,2,5",
                2,
                "stepping",
                "signature says 4",
            ),
            (
                "add32_lat",
                "add32_latency",
                1,
                "add32_latency",
                "means nothing",
            ),
            ("shl32_cl_lat", "add32_lat", 1, "add32_lat", "twice"),
        ] {
            let changed = LATENCY.replacen(from, to, 1);
            assert_ne!(changed, LATENCY, "{to}");
            let error = at(&changed);
            assert_eq!(
                (error.line, error.column.as_deref()),
                (line, Some(column)),
                "{error}"
            );
            assert!(error.to_string().contains(what), "{error}");
        }
        let missing = LATENCY.replacen(",pshufb_xmm_thr", "", 1);
        let error = at(&missing);
        assert_eq!(error.fault, Fault::Missing);
        assert_eq!(error.column.as_deref(), Some("pshufb_xmm_thr"));
        let error = at(&LATENCY.replacen("58.46,X86", "58.46", 1));
        assert_eq!(error.line, 2);
        assert!(
            matches!(error.fault, Fault::Cells { found: 59, .. }),
            "{error}"
        );
        let second = MEMORY.replacen("X86,0.50,", "X86,0.25,", 1);
        let error = curves(&second).unwrap_err();
        assert_eq!((error.line, error.fault), (3, Fault::Repeated));
    }

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(thousandths("26.09"), Some(26_090));
        assert_eq!(thousandths("3"), Some(3_000));
        assert_eq!(thousandths("0.125"), Some(125));
        for text in [
            "", ".", "1.", ".5", "+1", "1.2345", "1,5", "NaN", "\u{661}", "99999999",
        ] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = latencies(&text);
            let _ = curves(&text);
        }

        #[test]
        fn no_damage_panics(at in 0usize..2000, with in ".{0,3}") {
            let head: String = LATENCY.lines().take(4).map(|l| format!("{l}\n")).collect();
            let at = (0..=at.min(head.len())).rev().find(|&i| head.is_char_boundary(i)).unwrap_or(0);
            let mut text = head.clone();
            text.insert_str(at, &with);
            if let Err(error) = latencies(&text) {
                prop_assert!(error.line >= 1 && !error.to_string().is_empty());
            }
        }
    }
}
