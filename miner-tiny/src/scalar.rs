//! Numbers modulo the order of Ed25519's group: reducing a hash, and the one product and sum of a
//! signature.
//!
//! The numbers are 64 bytes with room for carries, eight bits to a place, as in "TweetNaCl: a crypto
//! library in 100 tweets" (Bernstein, van Gastel, Janssen, Lange, Schwabe, Smetsers, LATINCRYPT 2014).
//! No branch and no address depends on them. A library's faster numbers are unrolled code: 5 KB of a
//! packed program on machines of 32 bits, for microseconds beside the milliseconds of a point's product.

/// Bytes of a number below the order.
pub(crate) const BYTES: usize = 32;

/// The order, 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032, section 5.1).
const ORDER: [u8; BYTES] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Bytes of the order below its highest, which are zero from [`LOW`] on.
const LOW: usize = 20;

/// A number under way: each place may hold more than a byte, or less than nothing.
type Wide = [i64; 2 * BYTES];

/// `hash` as a little-endian number, modulo the order.
pub(crate) fn reduce(hash: &[u8; 2 * BYTES]) -> [u8; BYTES] {
    let mut wide: Wide = [0; 2 * BYTES];
    for (place, &digit) in wide.iter_mut().zip(hash) {
        *place = digit.into();
    }
    finish(&mut wide)
}

/// `a × b + c`, modulo the order, of any three numbers.
pub(crate) fn multiply_add(a: &[u8; BYTES], b: &[u8; BYTES], c: &[u8; BYTES]) -> [u8; BYTES] {
    let mut wide: Wide = [0; 2 * BYTES];
    for (place, &digit) in wide.iter_mut().zip(c) {
        *place = digit.into();
    }
    for (i, &a) in a.iter().enumerate() {
        for (place, &b) in wide.iter_mut().skip(i).zip(b) {
            *place += i64::from(a) * i64::from(b);
        }
    }
    finish(&mut wide)
}

/// Whether the number is below the order: only such a one may stand in a signature.
pub(crate) fn is_reduced(number: &[u8; BYTES]) -> bool {
    number.iter().rev().lt(ORDER.iter().rev())
}

/// What is left of `wide` modulo the order. Places below 2^22 in size do not overflow.
fn finish(wide: &mut Wide) -> [u8; BYTES] {
    // 2^252 is less than nothing by the order's low bytes: 16 × 2^(8 (top - 32)) orders for each unit of
    // the place `top`.
    for top in (BYTES..2 * BYTES).rev() {
        let units = core::mem::take(&mut wide[top]);
        let low = &mut wide[top - BYTES..];
        let mut carry = 0;
        for (place, digit) in low.iter_mut().zip(&ORDER[..LOW]) {
            *place += carry - 16 * units * i64::from(*digit);
            // To the nearest: places stay small in size on both sides of nothing.
            carry = (*place + 128) >> 8;
            *place -= carry << 8;
        }
        low[LOW] += carry;
    }
    // What the highest four bits hold is worth as many orders, one too many at most …
    let mut carry = 0;
    let orders = wide[BYTES - 1] >> 4;
    for (place, digit) in wide.iter_mut().zip(ORDER) {
        *place += carry - orders * i64::from(digit);
        carry = *place >> 8;
        *place &= 255;
    }
    // … which comes back.
    let mut number = [0; BYTES];
    let mut over = 0;
    for ((byte, place), digit) in number.iter_mut().zip(&*wide).zip(ORDER) {
        over += place - carry * i64::from(digit);
        *byte = over as u8;
        over >>= 8;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::scalar::Scalar;
    use proptest::prelude::*;

    /// Bytes that are often at the ends, where carries go far.
    fn bytes() -> impl Strategy<Value = [u8; BYTES]> {
        let byte = prop_oneof![any::<u8>(), Just(0), Just(255)];
        // As a list: an array of strategies is deeper than a test's stack.
        prop::collection::vec(byte, BYTES).prop_map(|bytes| bytes.try_into().unwrap())
    }

    proptest! {
        #[test]
        fn a_hash_is_reduced_as_the_library_does(low in bytes(), high in bytes()) {
            let mut hash = [0; 2 * BYTES];
            hash[..BYTES].copy_from_slice(&low);
            hash[BYTES..].copy_from_slice(&high);
            let reduced = reduce(&hash);
            prop_assert_eq!(reduced, Scalar::from_bytes_mod_order_wide(&hash).to_bytes());
            prop_assert!(is_reduced(&reduced));
        }

        #[test]
        fn a_product_is_the_library_s(a in bytes(), b in bytes(), c in bytes()) {
            let number = Scalar::from_bytes_mod_order;
            let expected = number(a) * number(b) + number(c);
            prop_assert_eq!(multiply_add(&a, &b, &c), expected.to_bytes());
        }

        #[test]
        fn only_the_library_s_numbers_are_reduced(number in bytes()) {
            let canonical = Scalar::from_canonical_bytes(number).is_some();
            prop_assert_eq!(is_reduced(&number), bool::from(canonical));
        }
    }

    #[test]
    fn numbers_about_the_order() {
        for (less, rest) in [(1, false), (0, true)] {
            let mut hash = [0; 2 * BYTES];
            hash[..BYTES].copy_from_slice(&ORDER);
            hash[0] -= less;
            let mut number = ORDER;
            number[0] -= less;
            assert_eq!(is_reduced(&number), !rest);
            assert_eq!(reduce(&hash), if rest { [0; BYTES] } else { number });
        }
        let mut largest = [0; 2 * BYTES];
        largest.fill(255);
        assert!(is_reduced(&reduce(&largest)));
    }
}
