//! The meaning of every kernel, one operation at a time, as its documentation states it.

use probe_core::machine::{special_operands, Chain, Op, Operands, Pattern, Ring, NAN_DIGEST};
use probe_core::seed::fold;

/// The fold of the lanes' digests after the chain's operations, shared equally by the lanes.
pub fn chain(chain: Chain, o: &Operands) -> u64 {
    let lanes = chain.op.lanes(chain.shape);
    let each = chain.operations() / lanes as u64;
    (0..lanes).fold(0, |digest, i| fold(digest, lane(chain.op, i, each, o)))
}

fn lane(op: Op, i: usize, n: u64, o: &Operands) -> u64 {
    match op {
        Op::IntAdd => pairwise(o.x[i], o.y[i], n, u32::wrapping_add),
        Op::IntMul => pairwise(o.x[i], o.y[i], n, u32::wrapping_mul),
        Op::IntDiv => u64::from((0..n).fold(o.divisor[i], |x, _| o.dividend / x)),
        Op::Shift => u64::from((0..n).fold(o.x[i], |x, step| match step % 3 {
            0 => x ^ (x << 13),
            1 => x ^ (x >> 17),
            _ => x ^ (x << 5),
        })),
        Op::Load => (0..n).fold(i as u64, |at, _| u64::from(o.load_next[at as usize])),
        Op::StoreLoad => u64::from((0..n).fold(o.x[0], |m, _| m.wrapping_add(o.y[0]))),
        Op::FpRounding => 0,
        Op::FpAdd => float(o.fx[i], n, |x, _| x + f64::from_bits(o.fc)),
        Op::FpMul => {
            let c = f64::from_bits(o.fc);
            float(o.fx[i], n, |x, step| {
                x * if step % 2 == 0 { c } else { 1.0 / c }
            })
        }
        Op::FpDiv => float(o.fx[i], n, |x, _| f64::from_bits(o.fc) / x),
        Op::FpSqrt => float(o.fx[i], n, |x, _| x.sqrt() + f64::from_bits(o.fc)),
        Op::FpMulSubnormal | Op::FpMulNan | Op::FpMulOverflow | Op::FpMulNormal => {
            let (x, m, k) = special_operands(op);
            float(x, n, |x, _| {
                f64::from_bits((x * f64::from_bits(m)).to_bits() & k)
            })
        }
        Op::WidePermute => words(&(0..n).fold(o.v[i], |v, _| {
            core::array::from_fn(|word| v[(word + 1) % 8])
        })),
        Op::WideFpAdd | Op::WideFpMulAdd => words(&floats(op, i, n, o)),
        Op::VecFpAdd | Op::VecFpMul | Op::VecFpMulAdd => words(&floats(op, i, n, o)[..4]),
        _ => {
            let v = [o.v[i][0], o.v[i][1], o.v[i][2], o.v[i][3]];
            words(&(0..n).fold(v, |v, _| integer_vector(op, v, o)))
        }
    }
}

fn words(words: &[u32]) -> u64 {
    words
        .iter()
        .fold(0, |digest, &word| fold(digest, u64::from(word)))
}

fn pairwise(mut x: u32, mut y: u32, n: u64, operation: fn(u32, u32) -> u32) -> u64 {
    for step in 0..n {
        if step % 2 == 0 {
            x = operation(x, y);
        } else {
            y = operation(y, x);
        }
    }
    u64::from(x ^ y.rotate_left(16))
}

fn float(start: u64, n: u64, operation: impl Fn(f64, u64) -> f64) -> u64 {
    let end = (0..n).fold(f64::from_bits(start), operation);
    if end.is_nan() {
        NAN_DIGEST
    } else {
        end.to_bits()
    }
}

fn integer_vector(op: Op, v: [u32; 4], o: &Operands) -> [u32; 4] {
    core::array::from_fn(|word| match op {
        Op::VecLogic => v[word] ^ o.a[word],
        Op::VecShuffle => v[(word + 1) % 4],
        Op::VecIntAdd => v[word].wrapping_add(o.a[word]),
        Op::VecPermute => u32::from_le_bytes(core::array::from_fn(|byte| {
            let from = usize::from(o.control[4 * word + byte]);
            v[from / 4].to_le_bytes()[from % 4]
        })),
        Op::VecMulAdd => {
            let product = |shift: u32| {
                i32::from((v[word] >> shift) as i16) * i32::from((o.a[word] >> shift) as i16)
            };
            product(0).wrapping_add(product(16)) as u32
        }
        other => unreachable!("{other:?} is no integer vector operation"),
    })
}

fn floats(op: Op, i: usize, n: u64, o: &Operands) -> [u32; 8] {
    core::array::from_fn(|word| {
        let a = f32::from(o.fa[word]);
        let end = (0..n).fold(f32::from(o.fv[i][word]), |v, _| match op {
            Op::VecFpAdd | Op::WideFpAdd => v + a,
            Op::VecFpMul => -v,
            _ => v.mul_add(-1.0, a),
        });
        end.to_bits()
    })
}

/// The byte offset after `steps` links of `ring`, following what [`Ring::offset`] says link by link.
pub fn walk(ring: &Ring, steps: u64) -> u64 {
    let mut position = 0;
    for _ in 0..steps {
        position = if position + 1 == ring.links() {
            0
        } else {
            position + 1
        };
    }
    ring.offset(position) as u64
}

/// Branches taken, one at a time.
pub fn branches(pattern: Pattern<'_>) -> u32 {
    let directions = pattern.directions.iter().cycle();
    let taken = directions.take(pattern.branches as usize);
    taken.filter(|&&direction| direction != 0).count() as u32
}

/// Calls, one at a time.
pub fn indirect(order: &[u8], calls: u32) -> u32 {
    let called = order.iter().cycle().take(calls as usize);
    called.fold(0u32, |x, &target| {
        x.wrapping_mul(5).wrapping_add(u32::from(target))
    })
}
