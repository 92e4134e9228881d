//! In place of the miner, with the feature `signing`: makes keys, signs or verifies so many times and does
//! nothing else, for who counts instructions. `KIND COUNT BYTES`: `key`, `sign` or `verify`; how often; and
//! how long a message.

use super::system::System;
use super::BAD_OPTIONS;
use crate::session::Signer;
use crate::wallet::{self, Key, SEED_BYTES};
use core::hint::black_box;
use core::str::from_utf8;

/// Bytes of a message, at most.
const MESSAGE_MAX: usize = 16 * 1024;

/// Longest argument, bytes.
const WORD_MAX: usize = 8;

/// Exit status where a signature is wrong.
const WRONG: i32 = 1;

pub fn run(system: &mut impl System) -> i32 {
    let mut words = [[0; WORD_MAX]; 3];
    for (index, word) in words.iter_mut().enumerate() {
        if system.argument(index as u32, word).is_none() {
            return BAD_OPTIONS;
        }
    }
    let [kind, count, bytes] = &words;
    let (Some(count), Some(bytes)) = (number(count), number(bytes)) else {
        return BAD_OPTIONS;
    };
    let message = [0x5a; MESSAGE_MAX];
    let Some(message) = message.get(..bytes) else {
        return BAD_OPTIONS;
    };
    match text(kind) {
        "key" => {
            for _ in 0..count {
                black_box(Key::from_seed(black_box(&[1; SEED_BYTES])));
            }
            0
        }
        "sign" => {
            let key = Key::from_seed(&[1; SEED_BYTES]);
            for _ in 0..count {
                black_box(key.sign(black_box(message)));
            }
            0
        }
        "verify" => {
            let key = Key::from_seed(&[1; SEED_BYTES]);
            let (public, signature) = (key.public_key(), key.sign(message));
            let good = |_| wallet::verify(black_box(&public), &signature, &[message]);
            if (0..count).all(good) {
                0
            } else {
                WRONG
            }
        }
        _ => BAD_OPTIONS,
    }
}

fn text(word: &[u8]) -> &str {
    from_utf8(word)
        .unwrap_or_default()
        .trim_end_matches(char::from(0))
}

fn number(word: &[u8]) -> Option<usize> {
    text(word).parse().ok()
}
