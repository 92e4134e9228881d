//! Names of what is measured, for people.

use probe_core::machine::Op;

/// A short name of an operation.
pub fn op(op: Op) -> &'static str {
    match op {
        Op::IntAdd => "add",
        Op::IntMul => "multiply",
        Op::IntDiv => "divide",
        Op::Shift => "shift + xor",
        Op::Load => "load",
        Op::FpAdd => "FP add",
        Op::FpMul => "FP multiply",
        Op::FpDiv => "FP divide",
        Op::FpSqrt => "FP square root",
        Op::VecLogic => "logic",
        Op::VecShuffle => "shuffle",
        Op::VecPermute => "permute",
        Op::VecIntAdd => "integer add",
        Op::VecMulAdd => "multiply-add",
        Op::VecFpAdd => "FP add",
        Op::VecFpMul => "FP multiply",
        Op::VecFpMulAdd => "fused multiply-add",
        Op::WideFpAdd => "wide FP add",
        Op::WideFpMulAdd => "wide fused multiply-add",
        Op::WidePermute => "wide permute",
        Op::FpMulSubnormal => "subnormal",
        Op::FpMulNan => "NaN",
        Op::FpMulOverflow => "overflow",
        Op::FpMulNormal => "ordinary",
        Op::FpRounding => "rounding mode",
        Op::StoreLoad => "store to load",
    }
}

/// The kinds of work of the jitter channel, in its order.
pub const JITTER_KINDS: [&str; 5] = ["integer", "branch", "FP", "load", "store"];

/// The phases of the thermal channel.
pub const THERMAL_PHASES: [&str; 4] = ["cold", "ramp", "saturation", "recovery"];
