//! Lines of texts that come in pieces, and what they say of a machine.

use heapless::Vec;

/// Bytes of a line that are kept; what is longer is cut. The longest that matter are the processor's
/// flags on x86, of which the hypervisor's is among the first.
pub const LINE_MAX: usize = 1024;

/// `/proc/cpuinfo` lines that name the processor: x86, PowerPC, MIPS, s390 and SPARC, ARM, Alpha, 68k.
pub const CPU_NAMES: [&str; 7] = [
    "model name",
    "cpu",
    "cpu model",
    "processor",
    "Processor",
    "cpu family",
    "CPU",
];

/// Lines that name the machine: PowerPC, MIPS, ARM, 68k.
pub const MACHINE_NAMES: [&str; 5] = ["machine", "detected as", "system type", "Hardware", "Model"];

/// Lines that say how many KiB are free: Linux 3.14 and later, and earlier.
pub const MEMORY: [&str; 2] = ["MemAvailable", "MemFree"];

/// The hardware address of an interface that has none.
const NO_MAC: &str = "00:00:00:00:00:00";

/// Programs that run another processor's instructions, by how their files' names begin.
const TRANSLATORS: [&str; 6] = ["qemu-", "box64", "box86", "FEX", "rosetta", "hangover"];

/// Puts lines together.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8, LINE_MAX>,
}

impl Lines {
    /// The next piece of the text; calls `each` with every line that ends in it.
    pub fn piece(&mut self, piece: &[u8], each: &mut dyn FnMut(&str)) {
        for &byte in piece {
            if byte == b'\n' {
                self.end(each);
            } else {
                // Full: the rest of the line is dropped.
                let _ = self.line.push(byte);
            }
        }
    }

    /// The end of the text: calls `each` with what stands after the last line's end.
    pub fn end(&mut self, each: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            // A line that is cut within a character keeps what comes before it.
            each(valid(&self.line));
            self.line.clear();
        }
    }
}

/// The text up to the first byte that belongs to none.
fn valid(bytes: &[u8]) -> &str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// What stands before and after the first `mark`, an ASCII character.
pub fn parted(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == mark)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What `line` says under one of `keys`, and the place of that key: of several lines the one whose key
/// stands first counts.
pub fn says<'a>(line: &'a str, keys: &[&str]) -> Option<(usize, &'a str)> {
    let (key, value) = parted(line, b':')?;
    let (key, value) = (key.trim_ascii(), value.trim_ascii());
    let place = keys.iter().position(|wanted| *wanted == key)?;
    // "processor : 0" counts processors on most architectures; "CPU: 68040" names one.
    let counts = key != "CPU" && value.parse::<u32>().is_ok();
    (!value.is_empty() && !counts).then_some((place, value))
}

/// Whether `line` of `/proc/cpuinfo` has the mark of a hypervisor.
pub fn has_hypervisor_flag(line: &str) -> bool {
    line.starts_with("flags")
        && line
            .split_ascii_whitespace()
            .any(|flag| flag == "hypervisor")
}

/// Whether `line` of a process's map of its memory names a program that translates.
pub fn shows_translator(line: &str) -> bool {
    let line = line.as_bytes();
    let file = line.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let has_path = line.windows(2).any(|two| two == b" /");
    has_path
        && TRANSLATORS
            .iter()
            .any(|name| file.starts_with(name.as_bytes()))
}

/// Bytes of "64 kB".
pub fn kib(value: &str) -> Option<u64> {
    let kib: u64 = value.strip_suffix("kB")?.trim_ascii().parse().ok()?;
    kib.checked_mul(1024)
}

/// Whether `text` is a hardware address of an interface that has one.
pub fn is_mac(text: &str) -> bool {
    let part = |(place, byte): (usize, u8)| match place % 3 {
        2 => byte == b':',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == NO_MAC.len() && text.bytes().enumerate().all(part) && text != NO_MAC
}

/// The key in `line` of a file of known nodes, if it is this node's.
pub fn key_of<'a>(line: &'a str, node: &str) -> Option<&'a str> {
    let (url, key) = parted(line, b' ')?;
    (url == node).then(|| key.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use std::borrow::ToOwned;
    use std::string::String;

    fn lines(pieces: &[&[u8]]) -> std::vec::Vec<String> {
        let mut found = std::vec::Vec::new();
        let mut lines = Lines::default();
        let mut each = |line: &str| found.push(line.to_owned());
        for piece in pieces {
            lines.piece(piece, &mut each);
        }
        lines.end(&mut each);
        found
    }

    #[test]
    fn lines_are_put_together() {
        assert_eq!(lines(&[b"a", b"b\n", b"c\nd"]), ["ab", "c", "d"]);
        assert!(lines(&[b"", b"\n\n"]).is_empty());
        assert_eq!(lines(&[&[b'x'; LINE_MAX + 9], b"\ny"])[1], "y");
        assert_eq!(lines(&[&[b'x'; LINE_MAX + 9]])[0].len(), LINE_MAX);
        assert_eq!(lines(&[b"ab\xff\nc"]), ["ab", "c"]);
    }

    #[test]
    fn processors_name_themselves_in_many_ways() {
        for (line, name) in [
            ("model name\t: A CPU", Some((0, "A CPU"))),
            (
                "cpu\t\t: 7447A, altivec supported",
                Some((1, "7447A, altivec supported")),
            ),
            ("cpu model\t: R4600 V2.0", Some((2, "R4600 V2.0"))),
            ("CPU:\t\t68040", Some((6, "68040"))),
            ("processor : 0", None),
            ("MMU: 68040", None),
            ("no colon", None),
        ] {
            assert_eq!(says(line, &CPU_NAMES), name);
        }
        assert_eq!(
            says("system type\t: SGI Indy", &MACHINE_NAMES),
            Some((2, "SGI Indy"))
        );
    }

    #[test]
    fn memory_is_read_old_and_new() {
        assert_eq!(says("MemAvailable: 2 kB", &MEMORY), Some((0, "2 kB")));
        assert_eq!(says("MemFree:  64 kB", &MEMORY), Some((1, "64 kB")));
        assert_eq!(kib("64 kB"), Some(65_536));
        assert_eq!(
            (kib("x kB"), kib("1"), kib("18446744073709551615 kB")),
            (None, None, None)
        );
    }

    #[test]
    fn marks_are_recognised() {
        assert!(has_hypervisor_flag("flags\t: fpu hypervisor sse"));
        assert!(!has_hypervisor_flag("bugs\t: hypervisor"));
        assert!(shows_translator(
            "7f00-7f01 r-xp 0 08:01 12 /usr/bin/qemu-m68k-static"
        ));
        assert!(!shows_translator(
            "7f00-7f01 r-xp 0 08:01 12 /home/qemu-fan/miner"
        ));
        assert!(is_mac("00:05:02:aa:bb:cc") && !is_mac("00:05:02:aa:bb"));
        assert!(!is_mac("::::::") && !is_mac("00:00:00:00:00:00"));
    }

    #[test]
    fn a_node_is_known_by_its_whole_url() {
        assert_eq!(key_of("http://a 12\r", "http://a"), Some("12"));
        assert_eq!(key_of("http://ab 12", "http://a"), None);
        assert_eq!(key_of("http://a", "http://a"), None);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text: std::vec::Vec<u8>, cut in 0usize..64) {
            let cut = cut.min(text.len());
            prop_assert_eq!(lines(&[&text]), lines(&[&text[..cut], &text[cut..]]));
        }

        #[test]
        fn no_line_panics(line: String) {
            says(&line, &CPU_NAMES);
            has_hypervisor_flag(&line);
            shows_translator(&line);
            kib(&line);
            is_mac(&line);
            key_of(&line, "http://a");
        }
    }
}
