//! The words that the loader was told to pass: options of the program, and the wallet's key.

/// What a word begins with that is no option of the program: the wallet's secret seed, 64 hexadecimal digits.
const KEY: &[u8] = b"key=";

/// Options where the loader says none.
const USUAL: &[u8] = b"--serial com1 --baud 115200 --node http://relay --mine";

/// A loader's words.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    text: &'a [u8],
    usual: bool,
}

impl<'a> Words<'a> {
    /// Of a command line. QEMU and most loaders put the program's own name first, which is no option: what comes before
    /// the first word that begins with a dash or is a key is passed over.
    pub fn of(text: &'a [u8]) -> Self {
        let words = Words { text, usual: false };
        let usual = words.all().all(|word| word.starts_with(KEY));
        Words { text, usual }
    }

    fn all(self) -> impl Iterator<Item = &'a [u8]> {
        let words = self.text.split(u8::is_ascii_whitespace);
        words
            .filter(|word| !word.is_empty())
            .skip_while(|word| !word.starts_with(b"-") && !word.starts_with(KEY))
    }

    /// The option of this number, from 0.
    pub fn option(self, index: usize) -> Option<&'a [u8]> {
        if self.usual {
            return USUAL.split(u8::is_ascii_whitespace).nth(index);
        }
        self.all().filter(|word| !word.starts_with(KEY)).nth(index)
    }

    /// The wallet's key, as digits.
    pub fn key(self) -> Option<&'a [u8]> {
        self.all().find_map(|word| word.strip_prefix(KEY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn options(text: &str) -> Vec<&[u8]> {
        let words = Words::of(text.as_bytes());
        (0..).map_while(|index| words.option(index)).collect()
    }

    #[test]
    fn names_before_options_are_passed_over() {
        let words = "/boot/verdigris-pc.elf  --once key=00ff --node http://relay ";
        assert_eq!(options(words), [&b"--once"[..], b"--node", b"http://relay"]);
        assert_eq!(Words::of(words.as_bytes()).key(), Some(&b"00ff"[..]));
    }

    #[test]
    fn where_no_option_is_said_the_usual_ones_hold() {
        for text in ["", "verdigris-pc.elf", "verdigris-pc.elf key=00"] {
            assert_eq!(options(text)[..2], [&b"--serial"[..], b"com1"], "{text}");
        }
        assert_eq!(Words::of(b"key=12").key(), Some(&b"12"[..]));
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_no_key_becomes_an_option(text: Vec<u8>) {
            let words = Words::of(&text);
            for index in 0..text.len() + 1 {
                if let Some(option) = words.option(index) {
                    prop_assert!(!option.starts_with(KEY));
                }
            }
        }
    }
}
