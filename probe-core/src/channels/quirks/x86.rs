//! The value probes of x86, 32 and 64 bit.
//!
//! `a` and `b` are the two words of the operand; *flags(f)* is a single answer word that packs two
//! runs of the instruction `f`: the low 16 bits are `RFLAGS & 0x8d5` (OF SF ZF AF PF CF) after it
//! ran with those six flags clear, the high 16 bits the same after it ran with those six flags set.
//! *ext(st)* is three words of the 80-bit number in `st(0)`, as `fstp tbyte` stores it: mantissa
//! bits 0–31, mantissa bits 32–63, then sign and exponent in the low 16 bits. The x87 control word
//! is 0x037f (64-bit precision, round to nearest, exceptions masked) and the stack is empty on
//! entry and on exit. MXCSR is 0x1f80. Words of the answer beyond the probe's count are 0.
//!
//! | id | name | domain | meaning of `a`, `b` | answer |
//! |---|---|---|---|---|
//! | 1 | `rcpps` | Float32 | lane i = bits `a ^ (i << 21)` | 4 lanes of `rcpps` |
//! | 2 | `rsqrtps` | Float32 | lane i = bits `a ^ (i << 22)` | 4 lanes of `rsqrtps` |
//! | 3 | `rcpss` | Float32 | bits of the operand | low lane of `rcpss` |
//! | 4 | `rsqrtss` | Float32 | bits of the operand | low lane of `rsqrtss` |
//! | 5 | `fsin` | Float32 | `fld dword a; fsin` | *ext* |
//! | 6 | `fcos` | Float32 | `fld dword a; fcos` | *ext* |
//! | 7 | `f2xm1` | Words | `a` as a signed integer × 2^-31 (`fild`, exact `fmul`); `f2xm1` | *ext* |
//! | 8 | `fyl2x` | Float32 | `fld1; fld dword a; fyl2x` = log2 a | *ext* |
//! | 9 | `fpatan` | Float32 | `fld dword a; fld1; fpatan` = arctan a | *ext* |
//! | 10 | `fsin_pi` | None | `fldpi; fsin` | *ext* |
//! | 11 | `shl` | Small | `shl r32 = b, cl = a` | *flags* |
//! | 12 | `shr` | Small | `shr r32 = b, cl = a` | *flags* |
//! | 13 | `rol` | Small | `rol r32 = b, cl = a` | *flags* |
//! | 14 | `shld32` | Small | `shld r32 = b, r32 = !b, cl = a` | *flags* |
//! | 15 | `shld16` | Small | `shld r16 = b & 0xffff, r16 = b >> 16, cl = a \| 16` | *flags*; then the 16-bit result of the run with flags clear |
//! | 16 | `bsf` | Words | `bsf r32, r32 = (a \| 1 << 31) & (!0 << (b & 31))` | *flags* |
//! | 17 | `bsr` | Words | `bsr r32, r32 = (a >> (b & 31)) \| 1` | *flags* |
//! | 18 | `bsf_zero` | Words | destination r64 = `b << 32 \| a`, then `bsf r32, r32 = 0` on its low half | low and high word of the destination, from the run with flags clear; then *flags* |
//! | 19 | `imul` | Words | `imul r32 = a, r32 = b` | *flags* |
//! | 20 | `mul` | Words | `mul r32`: eax = a, multiplier b | *flags* |
//! | 21 | `div` | Words | `div r32`: edx = 0, eax = a, divisor `b \| 1` | *flags* |
//! | 22 | `fdiv` | None | `4195835 / 3145727` | *ext* |
//! | 23 | `bswap16` | Words | `bswap ax` on eax = a | eax |
//! | 24 | `segment` | Words | place on the stack a, then `push ds` to it; register b, then `mov r32, ds` | upper halves of both |
//! | 25 | `machine_status` | None | `smsw r32`, on Linux | result |
//! | 26 | `daa` | Words | on ax = a | *flags*; ax of the first run, and of the second in the high half |
//! | 27 | `das` | Words | on ax = a | as `daa` |
//! | 28 | `aaa` | Words | on ax = a | as `daa` |
//! | 29 | `aam` | Words | `aam 10` on ax = a | as `daa` |
//! | 30 | `cpuid_beyond` | Small | leaf a beyond the highest basic one | bit 0: all zero, bit 1: the same as the highest |
//! | 31 | `fpu_pointers` | Words | `fld dword` of `a & 0x7fffff \| 0x3f800000`, then `fnstenv` | instruction pointer less the address of `fld`; operand pointer less that of the operand; opcode, bits 31 and 30: the instruction's and the operand's segment are not 0 |
//!
//! 1 to 17 and 19 to 21 are answered in both modes, 18 in 64 bits alone, 22 and above in 32 bits alone. What a
//! processor lacks (an x87, SSE, `CPUID`, the 486's `bswap`) is not answered.

use super::{probe, Domain, Probe};

/// The registry: the table above says what each computes, and where.
pub const PROBES: &[Probe] = &[
    probe(1, "rcpps", 1, 4, Domain::Float32),
    probe(2, "rsqrtps", 1, 4, Domain::Float32),
    probe(3, "rcpss", 1, 1, Domain::Float32),
    probe(4, "rsqrtss", 1, 1, Domain::Float32),
    probe(5, "fsin", 1, 3, Domain::Float32),
    probe(6, "fcos", 1, 3, Domain::Float32),
    probe(7, "f2xm1", 1, 3, Domain::Words),
    probe(8, "fyl2x", 1, 3, Domain::Float32),
    probe(9, "fpatan", 1, 3, Domain::Float32),
    probe(10, "fsin_pi", 1, 3, Domain::None),
    probe(11, "shl", 2, 1, Domain::Small),
    probe(12, "shr", 2, 1, Domain::Small),
    probe(13, "rol", 2, 1, Domain::Small),
    probe(14, "shld32", 2, 1, Domain::Small),
    probe(15, "shld16", 1, 2, Domain::Small),
    probe(16, "bsf", 2, 1, Domain::Words),
    probe(17, "bsr", 2, 1, Domain::Words),
    probe(18, "bsf_zero", 1, 3, Domain::Words),
    probe(19, "imul", 1, 1, Domain::Words),
    probe(20, "mul", 1, 1, Domain::Words),
    probe(21, "div", 1, 1, Domain::Words),
    probe(22, "fdiv", 1, 3, Domain::None),
    probe(23, "bswap16", 1, 1, Domain::Words),
    probe(24, "segment", 1, 2, Domain::Words),
    probe(25, "machine_status", 1, 1, Domain::None),
    probe(26, "daa", 1, 2, Domain::Words),
    probe(27, "das", 1, 2, Domain::Words),
    probe(28, "aaa", 1, 2, Domain::Words),
    probe(29, "aam", 1, 2, Domain::Words),
    probe(30, "cpuid_beyond", 1, 1, Domain::Small),
    probe(31, "fpu_pointers", 1, 3, Domain::Words),
];
