//! What the firmware was told to tell the program: options, and `key=` with the wallet's 64 hexadecimal digits.

/// What a wallet's word begins with.
const KEY: &[u8] = b"key=";

/// The words of a text without an end or up to its zero byte.
fn each(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = text
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(text.len());
    text.get(..end)
        .unwrap_or_default()
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// The option of this number, the first being 0. What stands before the first option or key is the firmware's.
pub fn option(text: &[u8], index: usize) -> Option<&[u8]> {
    let own = |word: &&[u8]| !word.starts_with(b"-") && !word.starts_with(KEY);
    each(text)
        .skip_while(own)
        .filter(|word| !word.starts_with(KEY))
        .nth(index)
}

/// The wallet's digits, if any were given.
pub fn key(text: &[u8]) -> Option<&[u8]> {
    each(text).find_map(|word| word.strip_prefix(KEY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_and_the_key_is_none_of_them() {
        let text = b"hd:,\\miner key=0011  --node http://a --quick\0behind";
        let options: [Option<&[u8]>; 4] = [0, 1, 2, 3].map(|index| option(text, index));
        assert_eq!(
            options,
            [
                Some(&b"--node"[..]),
                Some(b"http://a"),
                Some(b"--quick"),
                None
            ]
        );
        assert_eq!(key(text), Some(&b"0011"[..]));
        assert_eq!((option(b"", 0), key(b"miner.elf")), (None, None));
    }
}
