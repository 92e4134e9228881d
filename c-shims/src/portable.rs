//! The C kernels as a [`Machine`].

use crate::{digest, raw, ring, sound};
use core::ffi::c_int;
use probe_core::machine::{
    special_operands, Chain, Identity, Machine, Op, Operands, Pattern, Ring, Shape, Walk, FP_LANES,
    IDENTITY_NAME, IDENTITY_WORDS, INT_LANES, LOAD_RING,
};
use probe_core::ticks::{CounterInfo, Ticks};

/// Functions among which indirect calls choose, and the deepest nesting of calls.
const MAX_TARGETS: u8 = 64;

/// The processor as plain C sees it, measured by any counter.
///
/// Absent, because C cannot give them: square root (without a library), vectors, the rounding
/// mode, fresh code, traps, value probes, sleep; and all floating point where the compiler keeps
/// excess precision (`vg_strict_binary64` in the header).
#[derive(Debug, Clone)]
pub struct Portable<T> {
    ticks: T,
    strict_floats: bool,
}

impl<T> Portable<T> {
    /// This processor, measured by `ticks`.
    pub fn new(ticks: T) -> Self {
        Portable {
            ticks,
            // SAFETY: a function without arguments that touches nothing.
            strict_floats: unsafe { raw::vg_strict_binary64() } != 0,
        }
    }
}

impl<T: Ticks> Ticks for Portable<T> {
    fn now(&mut self) -> u64 {
        self.ticks.now()
    }

    fn info(&self) -> CounterInfo {
        self.ticks.info()
    }
}

impl<T: Ticks> Machine for Portable<T> {
    fn identity(&mut self) -> Identity {
        Identity {
            architecture: env!("VERDIGRIS_ARCHITECTURE"),
            backend: "portable-c",
            words: [0; IDENTITY_WORDS],
            name: [0; IDENTITY_NAME],
            vector_unit: "",
        }
    }

    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64> {
        if chain.iterations == 0 {
            return None;
        }
        match chain.op {
            Op::IntAdd | Op::IntMul | Op::IntDiv | Op::Shift => integer(chain, operands),
            Op::Load => load(chain, operands),
            Op::StoreLoad if chain.shape == Shape::Dependent => {
                let mut m = operands.x[0];
                // SAFETY: writes the word whose address it is given.
                unsafe {
                    raw::vg_store_load(
                        chain.body as c_int,
                        chain.iterations,
                        &mut m,
                        operands.y[0],
                    );
                }
                Some(digest::integers(&[m]))
            }
            _ if self.strict_floats => float(chain, operands),
            _ => None,
        }
    }

    fn chase(
        &mut self,
        arena: &mut [u8],
        ring: &Ring,
        walk: Walk,
        elapsed: &mut [u64],
    ) -> Option<u64> {
        let base = arena.as_ptr().addr();
        let mut at = core::ptr::with_exposed_provenance_mut(ring::lay(arena, ring)?);
        // SAFETY: laying, walking and timing happen in this call, which borrows the arena
        // uniquely: every link holds the address of a link of the same arena, and nobody can
        // write to it before the last step is done.
        at = unsafe { raw::vg_chase(at, walk.warm) };
        for pass in elapsed {
            let start = self.ticks.now();
            // SAFETY: as above; `at` is where the last walk ended, which is a link.
            at = unsafe { raw::vg_chase(at, walk.steps) };
            let end = self.ticks.now();
            *pass = self.ticks.between(start, end);
        }
        Some((at.addr() - base) as u64)
    }

    fn branches(&mut self, pattern: Pattern<'_>) -> Option<u32> {
        let period = u32::try_from(pattern.directions.len()).ok()?;
        if period == 0 || pattern.branches == 0 {
            return None;
        }
        let directions = pattern.directions.as_ptr();
        // SAFETY: `directions` has `period` bytes, at least one.
        Some(unsafe { raw::vg_branches(directions, period, pattern.branches) })
    }

    fn indirect(&mut self, targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        let length = u32::try_from(order.len()).ok()?;
        let sound = (1..=MAX_TARGETS).contains(&targets)
            && length > 0
            && calls > 0
            && order.iter().all(|&target| target < targets);
        // SAFETY: `order` has `length` bytes, at least one, each below 64.
        sound.then(|| unsafe { raw::vg_indirect(order.as_ptr(), length, calls) })
    }

    fn nested_calls(&mut self, depth: u8, times: u32) -> Option<u32> {
        let sound = (1..=MAX_TARGETS).contains(&depth) && times > 0;
        // SAFETY: the depth is in range.
        sound.then(|| unsafe { raw::vg_nested_calls(u32::from(depth), times) })
    }
}

/// Runs an integer chain; `None` for operands with which a division would fault.
fn integer(chain: Chain, operands: &Operands) -> Option<u64> {
    let (shape, body, n) = (chain.shape as c_int, chain.body as c_int, chain.iterations);
    let (mut x, mut y) = (operands.x, operands.y);
    let mut divisor = operands.divisor;
    let used = chain.op.lanes(chain.shape);
    let pairs = |x: [u32; FP_LANES], y: [u32; FP_LANES]| {
        digest::lanes((0..used).map(|i| u64::from(digest::pair(x[i], y[i]))))
    };
    // SAFETY: every array has at least `INT_LANES` words, the turns are at least 1, and no divisor
    // becomes 0.
    unsafe {
        match chain.op {
            Op::IntAdd => {
                raw::vg_int_add(shape, body, n, x.as_mut_ptr(), y.as_mut_ptr());
                Some(pairs(x, y))
            }
            Op::IntMul => {
                raw::vg_int_mul(shape, body, n, x.as_mut_ptr(), y.as_mut_ptr());
                Some(pairs(x, y))
            }
            Op::IntDiv if sound::division(operands) => {
                raw::vg_int_div(shape, body, n, divisor.as_mut_ptr(), operands.dividend);
                Some(digest::integers(&divisor[..used]))
            }
            Op::Shift => {
                raw::vg_shift(shape, body, n, x.as_mut_ptr());
                Some(digest::integers(&x[..used]))
            }
            _ => None,
        }
    }
}

/// The ring of [`Op::Load`], in one or two lines of the nearest cache.
#[repr(C, align(64))]
struct Slots([usize; LOAD_RING]);

/// Walks the ring of [`Op::Load`], lane i from slot i.
fn load(chain: Chain, operands: &Operands) -> Option<u64> {
    if !sound::load_ring(operands) {
        return None;
    }
    let mut slots = Slots([0; LOAD_RING]);
    let base = (&raw const slots).addr();
    for (slot, &next) in slots.0.iter_mut().zip(&operands.load_next) {
        *slot = base + usize::from(next) * size_of::<usize>();
    }
    // The links are read through addresses.
    (&raw const slots).expose_provenance();
    let mut lanes: [*mut raw::Link; INT_LANES] = core::array::from_fn(|slot| {
        core::ptr::with_exposed_provenance_mut(base + slot * size_of::<usize>())
    });
    // SAFETY: every slot holds the address of a slot, the lanes start at slots, and `slots` lives
    // to the end of this function.
    unsafe {
        raw::vg_load(
            chain.shape as c_int,
            chain.body as c_int,
            chain.iterations,
            lanes.as_mut_ptr(),
        );
    }
    let ends = lanes.map(|end| ((end.addr() - base) / size_of::<usize>()) as u32);
    Some(digest::integers(&ends[..chain.op.lanes(chain.shape)]))
}

/// Runs a binary64 chain; `None` for what C has not.
fn float(chain: Chain, operands: &Operands) -> Option<u64> {
    let (shape, body, n) = (chain.shape as c_int, chain.body as c_int, chain.iterations);
    let mut x = operands.fx.map(f64::from_bits);
    let c = f64::from_bits(operands.fc);
    // SAFETY: `x` has `FP_LANES` numbers, the turns are at least 1.
    unsafe {
        match chain.op {
            Op::FpAdd => raw::vg_fp_add(shape, body, n, x.as_mut_ptr(), &c),
            Op::FpMul => raw::vg_fp_mul(shape, body, n, x.as_mut_ptr(), &c, &(1.0 / c)),
            Op::FpDiv => raw::vg_fp_div(shape, body, n, x.as_mut_ptr(), &c),
            Op::FpMulSubnormal | Op::FpMulNan | Op::FpMulOverflow | Op::FpMulNormal => {
                let (start, m, k) = special_operands(chain.op);
                x = [f64::from_bits(start); FP_LANES];
                let (m, k) = (f64::from_bits(m), f64::from_bits(k));
                raw::vg_fp_mul_mask(shape, body, n, x.as_mut_ptr(), &m, &k);
            }
            _ => return None,
        }
    }
    Some(digest::floats(&x[..chain.op.lanes(chain.shape)]))
}
