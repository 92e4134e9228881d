//! The C functions: `include/verdigris_shims.h` and `include/verdigris_arch.h` say what each does and
//! needs.

use core::marker::{PhantomData, PhantomPinned};

/// A link of a ring, which only C looks into.
#[repr(C)]
pub struct Link {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// `int`.
type Int = core::ffi::c_int;

#[cfg_attr(target_arch = "wasm32", link(wasm_import_module = "env"))]
extern "C" {
    pub fn vg_int_add(shape: Int, body: Int, n: u32, x: *mut u32, y: *mut u32);
    pub fn vg_int_mul(shape: Int, body: Int, n: u32, x: *mut u32, y: *mut u32);
    pub fn vg_int_div(shape: Int, body: Int, n: u32, x: *mut u32, c: u32);
    pub fn vg_shift(shape: Int, body: Int, n: u32, x: *mut u32);
    pub fn vg_load(shape: Int, body: Int, n: u32, next: *const u8, ends: *mut u32);
    pub fn vg_store_load(body: Int, n: u32, m: *mut u32, c: u32);
    pub fn vg_strict_binary64() -> Int;
    pub fn vg_fp_add(shape: Int, body: Int, n: u32, x: *mut f64, c: *const f64);
    pub fn vg_fp_mul(shape: Int, body: Int, n: u32, x: *mut f64, c: *const f64, d: *const f64);
    pub fn vg_fp_div(shape: Int, body: Int, n: u32, x: *mut f64, c: *const f64);
    pub fn vg_fp_mul_mask(shape: Int, body: Int, n: u32, x: *mut f64, m: *const f64, k: *const f64);
    pub fn vg_chase(at: *mut Link, steps: u32) -> *mut Link;
    pub fn vg_branches(directions: *const u8, period: u32, n: u32) -> u32;
    pub fn vg_indirect(order: *const u8, length: u32, n: u32) -> u32;
    pub fn vg_nested_calls(depth: u32, n: u32) -> u32;

    pub fn vg_start();
    pub fn vg_arch() -> Int;
    pub fn vg_counter_bits() -> Int;
    pub fn vg_counter(now: *mut u32);
    pub fn vg_identity(words: *mut u32, name: *mut u8);
    pub fn vg_vector_unit() -> Int;
    pub fn vg_fp_sqrt(shape: Int, body: Int, n: u32, x: *mut f64, c: *const f64) -> Int;
    pub fn vg_fp_rounding(body: Int, n: u32) -> Int;
    pub fn vg_vector(
        op: Int,
        shape: Int,
        body: Int,
        n: u32,
        v: *mut u32,
        a: *const u32,
        control: *const u8,
    ) -> Int;
    pub fn vg_quirk(probe: u32, a: u32, b: u32, answer: *mut u32) -> Int;
    pub fn vg_fresh_encode(adds: u32, constant: u32, code: *mut u8, room: u32) -> u32;
    pub fn vg_fresh_synchronise(code: *const u8, bytes: u32);
    pub fn vg_fresh_call(code: *const u8, x: u32) -> u32;
    pub fn vg_trap(kind: Int) -> Int;
    #[cfg(target_arch = "wasm32")]
    pub fn vg_link(at: *mut u8, to: *mut u8);
}
