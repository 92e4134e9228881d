//! Bytes as hexadecimal digits.

pub use miner_tiny::wallet::unhex as decode;

/// Lower-case digits of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(encode(&[0, 0x7f, 0xff]), "007fff");
        assert_eq!(decode::<3>("007FfF"), Some([0, 0x7f, 0xff]));
        for bad in ["", "00", "0000000", "00000g", "é000"] {
            assert_eq!(decode::<3>(bad), None, "{bad}");
        }
    }
}
