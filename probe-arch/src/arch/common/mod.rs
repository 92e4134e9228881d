//! What the native folders have in common: which kernel runs on what, and the frames of their assembly.
//!
//! Each folder takes this in as its own `common`, and spells what differs by macros of its `mod.rs`:
//!
//! | macro | what it is |
//! |---|---|
//! | `long!()` | first line of a block: tells a compiler that must know that the block is long |
//! | `w!(name)` | the operand of that name, as a register of 32 bits |
//! | `count_down!(name, label)` | one less in a register of 32 bits, and back to the label unless it is 0 then |
//!
//! Which instructions a kernel executes is written in the folder's own files. `repeat!` here is the loop round
//! all of them; a folder with another kind of loop brings its own.

// No architecture uses them all.
#![allow(unused_macros)]

use probe_core::machine::{Body, FP_LANES, INT_LANES, UNROLL};

/// Operations in a body, as the assembler counts them.
pub const SINGLE: u32 = UNROLL * Body::Single as u32;
/// The same of the longer body.
pub const DOUBLE: u32 = UNROLL * Body::Double as u32;

/// Lanes of the independent shapes of integer operations, as the assembler counts them.
pub const INT: u32 = INT_LANES as u32;
/// Lanes of the independent shapes of floating-point and vector operations, as the assembler counts them.
pub const FP: u32 = FP_LANES as u32;

/// A block of assembly: `$steps` times `$line`s in a straight line, and a loop round them that runs `$n` times
/// (at least once), aligned to 32 bytes. Its counter, `{n}`, is no part of what is measured. What the lines
/// of `$before` and `$after` do is done once.
macro_rules! repeat {
    ($n:expr, $steps:expr, [$($line:expr),+ $(,)?], [$($operand:tt)*], $($option:ident),*) => {
        repeat!($n, $steps, [], [$($line),+], [], [$($operand)*], $($option),*)
    };
    (
        $n:expr, $steps:expr,
        [$($before:expr),* $(,)?], [$($line:expr),+ $(,)?], [$($after:expr),* $(,)?],
        [$($operand:tt)*], $($option:ident),*
    ) => {
        core::arch::asm!(
            long!(),
            $($before,)*
            ".p2align 5",
            "2:",
            ".rept {steps}",
            $($line,)+
            ".endr",
            count_down!("n", "2b"),
            $($after,)*
            steps = const $steps,
            n = inout(reg) $n => _,
            $($operand)*
            options($($option),*)
        )
    };
}

/// The instance of a kernel for a chain's shape and body: how many lanes, how many operations.
macro_rules! instance {
    ($($name:ident)::+, $chain:expr) => {{
        use probe_core::machine::{Body, Shape};
        match ($chain.shape, $chain.body) {
            (Shape::Dependent, Body::Single) => $($name)::+::<1, SINGLE>,
            (Shape::Dependent, Body::Double) => $($name)::+::<1, DOUBLE>,
            (Shape::Independent, Body::Single) => $($name)::+::<FP, SINGLE>,
            (Shape::Independent, Body::Double) => $($name)::+::<FP, DOUBLE>,
        }
    }};
}

/// Names a line of assembly: its parts, between which the number of the lane comes. For assemblers that cannot
/// tell a parameter of `.irp` from what follows it inside `.rept`.
macro_rules! line {
    ($name:ident, $first:literal, $($part:literal),+) => {
        line!(@ ($) $name, $first, $($part),+);
    };
    (@ ($dollar:tt) $name:ident, $first:literal, $($part:literal),+) => {
        macro_rules! $name {
            ($dollar lane:literal) => { concat!($first, $($dollar lane, $part),+) };
        }
    };
}

/// A line made by `line!`, for every lane of the shape, of which there are `{used}`.
macro_rules! every_lane {
    ($line:ident) => {
        concat!(
            $line!("0"),
            "\n.if {used} > 1\n",
            $line!("1"),
            "\n",
            $line!("2"),
            "\n",
            $line!("3"),
            "\n",
            $line!("4"),
            "\n",
            $line!("5"),
            "\n",
            $line!("6"),
            "\n",
            $line!("7"),
            "\n.endif"
        )
    };
}

/// Lines for every lane of the shape, of which there are `{used}`; `\lane` is its number.
macro_rules! by_lane {
    ($($line:expr),+) => {
        concat!(
            ".irp lane, 0,1,2,3,4,5,6,7\n.if \\lane < {used}\n",
            $($line, "\n",)+
            ".endif\n.endr"
        )
    };
}

#[macro_use]
pub mod branch;
// x86 of 32 bits computes on bits in memory: Rust's own binary64 may live in the x87 there.
#[cfg(not(target_arch = "x86"))]
pub mod float;
#[macro_use]
pub mod fresh_code;
#[macro_use]
pub mod integer;
#[macro_use]
pub mod memory;
