//! The 750CL's estimates: 32 segments each, a base and a slope.
//!
//! The numbers were measured on the processor by the authors of Dolphin (`FloatUtils.cpp`, whose
//! comments tell of hardware tests); what is written here is their use.

/// Segments of a table.
const SEGMENTS: usize = 32;

/// First mantissa of each segment of 1/x, 23 bits, and how much it falls over two steps.
const RECIPROCAL: [(u32, u32); SEGMENTS] = [
    (0x7ff800, 0x3e1),
    (0x783800, 0x3a7),
    (0x70ea00, 0x371),
    (0x6a0800, 0x340),
    (0x638800, 0x313),
    (0x5d6200, 0x2ea),
    (0x579000, 0x2c4),
    (0x520800, 0x2a0),
    (0x4cc800, 0x27f),
    (0x47ca00, 0x261),
    (0x430800, 0x245),
    (0x3e8000, 0x22a),
    (0x3a2c00, 0x212),
    (0x360800, 0x1fb),
    (0x321400, 0x1e5),
    (0x2e4a00, 0x1d1),
    (0x2aa800, 0x1be),
    (0x272c00, 0x1ac),
    (0x23d600, 0x19b),
    (0x209e00, 0x18b),
    (0x1d8800, 0x17c),
    (0x1a9000, 0x16e),
    (0x17ae00, 0x15b),
    (0x14f800, 0x15b),
    (0x124400, 0x143),
    (0x0fbe00, 0x143),
    (0x0d3800, 0x12d),
    (0x0ade00, 0x12d),
    (0x088400, 0x11a),
    (0x065000, 0x11a),
    (0x041c00, 0x108),
    (0x020c00, 0x106),
];

/// First mantissa of each segment of 1/sqrt(x), 26 bits, and how much it falls over one step: 16
/// segments for odd exponents, then 16 for even ones.
const ROOT: [(u32, u32); SEGMENTS] = [
    (0x3ffa000, 0x7a4),
    (0x3c29000, 0x700),
    (0x38aa000, 0x670),
    (0x3572000, 0x5f2),
    (0x3279000, 0x584),
    (0x2fb7000, 0x524),
    (0x2d26000, 0x4cc),
    (0x2ac0000, 0x47e),
    (0x2881000, 0x43a),
    (0x2665000, 0x3fa),
    (0x2468000, 0x3c2),
    (0x2287000, 0x38e),
    (0x20c1000, 0x35e),
    (0x1f12000, 0x332),
    (0x1d79000, 0x30a),
    (0x1bf4000, 0x2e6),
    (0x1a7e800, 0x568),
    (0x17cb800, 0x4f3),
    (0x1552800, 0x48d),
    (0x130c000, 0x435),
    (0x10f2000, 0x3e7),
    (0x0eff000, 0x3a2),
    (0x0d2e000, 0x365),
    (0x0b7c000, 0x32e),
    (0x09e5000, 0x2fc),
    (0x0867000, 0x2d0),
    (0x06ff000, 0x2a8),
    (0x05ab800, 0x283),
    (0x046a000, 0x261),
    (0x0339800, 0x243),
    (0x0218800, 0x226),
    (0x0105800, 0x20b),
];

/// Mantissa bits of binary32, and those of them that the tables look at.
const MANTISSA: u32 = 23;
const LOOKED_AT: u32 = 15;

/// Biased exponent, and the bits of the mantissa that matter.
fn parts(x: u32) -> (u32, usize) {
    let mantissa = x & ((1 << MANTISSA) - 1);
    (
        x >> MANTISSA & 0xff,
        (mantissa >> (MANTISSA - LOOKED_AT)) as usize,
    )
}

/// `fres` of a positive normal binary32, as bits of binary32. Its exponent must be below 253.
pub fn reciprocal(x: u32) -> u32 {
    /// Steps of a segment: 32 segments share 15 bits.
    const STEPS: usize = 1 << 10;
    let (exponent, place) = parts(x);
    let (base, fall) = RECIPROCAL[place / STEPS];
    let mantissa = base - (fall * (place % STEPS) as u32).div_ceil(2);
    (253u32.saturating_sub(exponent)) << MANTISSA | mantissa
}

/// `frsqrte` of a positive normal binary32, as bits of binary64.
pub fn reciprocal_root(x: u32) -> u64 {
    /// Steps of a segment: 16 segments share 15 bits.
    const STEPS: usize = 1 << 11;
    /// Segments for one parity of the exponent.
    const HALF: usize = SEGMENTS / 2;
    /// Mantissa bits of the table below those of binary64.
    const SHIFT: u32 = 52 - 26;
    let (exponent, place) = parts(x);
    // Biased as in binary64, whose bias differs by an even number.
    let even = exponent % 2 == 0;
    let (base, fall) = ROOT[place / STEPS + if even { HALF } else { 0 }];
    let mantissa = u64::from(base - fall * (place % STEPS) as u32);
    let biased = u64::from(exponent) + 896;
    // Half of the exponent below 1/2, rounded down, taken from that of 1.
    let result = (2 * 1023 - biased + 1022) / 2;
    result << 52 | mantissa << SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the published table: x, `fres`, `frsqrte`.
    const KNOWN: [(f32, u64, Option<u64>); 7] = [
        (1.0, 0x3fef_ff00_0000_0000, Some(0x3fef_fe80_0000_0000)),
        (1.1, 0x3fed_1790_0000_0000, Some(0x3fee_83f0_0000_0000)),
        (1.5, 0x3fe5_5500_0000_0000, None),
        (1.9, 0x3fe0_d81d_2000_0000, None),
        (3.0, 0x3fd5_5500_0000_0000, None),
        (10.0, 0x3fb9_9900_0000_0000, Some(0x3fd4_3c80_0000_0000)),
        (2.0, 0x3fdf_ff00_0000_0000, Some(0x3fe6_9fa0_0000_0000)),
    ];

    #[test]
    fn the_table_gives_what_was_published() {
        for (x, reciprocal_bits, root_bits) in KNOWN {
            let got = f64::from(f32::from_bits(reciprocal(x.to_bits()))).to_bits();
            assert!(
                got == reciprocal_bits,
                "1/{x}: {got:016x} {reciprocal_bits:016x}"
            );
            if let Some(root_bits) = root_bits {
                let got = reciprocal_root(x.to_bits());
                assert!(got == root_bits, "1/sqrt {x}: {got:016x} {root_bits:016x}");
            }
        }
    }

    #[test]
    fn the_estimates_are_estimates() {
        for exponent in [107u32, 126, 127, 128, 146] {
            for step in 0..1u32 << 15 {
                let x = exponent << 23 | step << 8 | 0x55;
                let exact = f64::from(f32::from_bits(x));
                let estimate = f64::from(f32::from_bits(reciprocal(x)));
                assert!((estimate * exact - 1.0).abs() < 1.0 / 4_096.0, "{x:08x}");
                let root = f64::from_bits(reciprocal_root(x));
                assert!((root * exact.sqrt() - 1.0).abs() < 1.0 / 2_048.0, "{x:08x}");
            }
        }
    }
}
