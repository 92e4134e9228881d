//! What the miner's own words tell: which wallet it works for, and when it rests.

use heapless::{String, Vec};

/// Bytes of a line that are looked at: the miner's lines have 40 columns, a wallet line a few more.
const LINE: usize = 80;

/// How a wallet's address starts.
const PREFIX: &[u8] = b"RTC";

/// Hexadecimal digits after it.
const DIGITS: usize = 40;

/// Bytes of a wallet's address.
pub const ADDRESS: usize = PREFIX.len() + DIGITS;

/// How the line starts that the miner prints before it sleeps.
const RESTS: &[u8] = b"next in ";

/// Reads along, line by line.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    line: Vec<u8, LINE>,
    address: String<ADDRESS>,
}

impl Watch {
    /// Nothing read yet.
    pub const fn new() -> Self {
        Watch {
            line: Vec::new(),
            address: String::new(),
        }
    }

    /// The wallet that was named last; empty before.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Reads the next piece; says whether the miner has announced a pause in it.
    pub fn feed(&mut self, piece: &[u8]) -> bool {
        let mut rests = false;
        for &byte in piece {
            if byte == b'\n' {
                rests |= self.line.starts_with(RESTS);
                if let Some(address) = find_address(&self.line) {
                    self.address = address;
                }
                self.line.clear();
            } else {
                // What does not fit is not looked at.
                let _ = self.line.push(byte);
            }
        }
        rests
    }
}

/// The first address in a line.
fn find_address(line: &[u8]) -> Option<String<ADDRESS>> {
    line.windows(ADDRESS)
        .find(|window| {
            window.starts_with(PREFIX) && window[PREFIX.len()..].iter().all(u8::is_ascii_hexdigit)
        })
        .and_then(|window| core::str::from_utf8(window).ok())
        .and_then(|text| String::try_from(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADDRESS_1: &str = "RTC5b81659349716bb4b2ec2365788b9aa7b955860d";

    fn all(text: &str) -> (bool, Watch) {
        let mut watch = Watch::new();
        let rests = watch.feed(text.as_bytes());
        (rests, watch)
    }

    #[test]
    fn wallet_and_pause_are_seen() {
        let (rests, watch) = all(&std::format!("miner     {ADDRESS_1}\nresult    accepted\n"));
        assert_eq!((rests, watch.address()), (false, ADDRESS_1));
        assert!(all("accepted\nnext in 571 s\n").0);
        assert!(!all("next in 571 s").0, "the line has not ended");
        assert!(!all("the next in line\n").0);
        assert_eq!(all("miner RTC5b81\n").1.address(), "");
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[a-z \n]{0,200}", cut in 0usize..200) {
            let text = std::format!("{text}\nx {ADDRESS_1} y\nnext in 5 s\n{text}");
            let whole = all(&text);
            let cut = cut.min(text.len());
            let mut watch = Watch::new();
            let (first, second) = text.as_bytes().split_at(cut);
            let rests = watch.feed(first) | watch.feed(second);
            prop_assert_eq!(rests, whole.0);
            prop_assert_eq!(watch.address(), whole.1.address());
        }
    }

    extern crate std;
}
