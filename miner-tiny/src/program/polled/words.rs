//! The words that whoever starts the machine tells it: the program's options, and the wallet's key.

/// What a word begins with that is no option of the program: the wallet's secret seed, 64 hexadecimal digits.
const KEY: &[u8] = b"key=";

/// The words of a loader or a firmware.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    text: &'a [u8],
    /// In place of options where none is said.
    usual: &'static [u8],
}

impl<'a> Words<'a> {
    /// Of a text, up to its zero byte if it has one. Some loaders put the program's own name first, which is no
    /// option: what comes before the first word that begins with a dash or is a key is passed over. `usual` are
    /// the options where there is none.
    pub fn of(text: &'a [u8], usual: &'static [u8]) -> Self {
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        Words { text, usual }
    }

    fn all(self) -> impl Iterator<Item = &'a [u8]> {
        each(self.text).skip_while(|word| !word.starts_with(b"-") && !word.starts_with(KEY))
    }

    /// The option of this number, from 0.
    pub fn option(self, index: usize) -> Option<&'a [u8]> {
        let mut said = self.all().filter(|word| !word.starts_with(KEY)).peekable();
        if said.peek().is_none() {
            return each(self.usual).nth(index);
        }
        said.nth(index)
    }

    /// The wallet's key, as digits.
    pub fn key(self) -> Option<&'a [u8]> {
        self.all().find_map(|word| word.strip_prefix(KEY))
    }
}

fn each(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = text.split(u8::is_ascii_whitespace);
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    const USUAL: &[u8] = b"--serial com1";

    fn options(text: &[u8], usual: &'static [u8]) -> Vec<Vec<u8>> {
        let words = Words::of(text, usual);
        let options = (0..).map_while(|index| words.option(index));
        options.map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn names_before_options_are_passed_over() {
        let words = b"/boot/verdigris-pc.elf  --once key=00ff --node http://relay ";
        assert_eq!(
            options(words, USUAL),
            [&b"--once"[..], b"--node", b"http://relay"]
        );
        assert_eq!(Words::of(words, USUAL).key(), Some(&b"00ff"[..]));
        assert_eq!(Words::of(b"miner.elf", USUAL).key(), None);
    }

    #[test]
    fn the_text_ends_at_its_zero_byte() {
        let words = b"hd:,\\miner key=0011  --quick\0--behind";
        assert_eq!(options(words, USUAL), [b"--quick"]);
        assert_eq!(Words::of(b"--once\0key=00", USUAL).key(), None);
    }

    #[test]
    fn where_no_option_is_said_the_usual_ones_hold() {
        for text in [&b""[..], b"verdigris-pc.elf", b"verdigris-pc.elf key=00"] {
            assert_eq!(options(text, USUAL), [&b"--serial"[..], b"com1"]);
            assert!(options(text, b"").is_empty());
        }
        assert_eq!(Words::of(b"key=12", USUAL).key(), Some(&b"12"[..]));
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_no_key_becomes_an_option(text: Vec<u8>) {
            let words = Words::of(&text, b"");
            for index in 0..text.len() + 1 {
                if let Some(option) = words.option(index) {
                    prop_assert!(!option.starts_with(KEY));
                }
            }
        }
    }
}
