//! How the kernels of the scalar pipeline relate to the instructions that tables of cores give.

/// How a kernel of ours relates to the instruction that the tables measure: bounds become
/// `[low · least + base, high · most + base + extra]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    /// The operation's name in the data files; empty where none applies.
    pub operation: &'static str,
    /// For people.
    pub name: &'static str,
    /// Factor on the least, thousandths.
    pub low: u64,
    /// Factor on the most, thousandths.
    pub high: u64,
    /// Adds on both bounds, thousandths.
    pub base: u64,
    /// Adds on the upper bound, thousandths.
    pub extra: u64,
}

/// A kernel that is the tabulated instruction itself: a tenth either way.
pub(super) const fn same(operation: &'static str, name: &'static str) -> Kernel {
    Kernel {
        operation,
        name,
        low: 900,
        high: 1100,
        base: 0,
        extra: 0,
    }
}

/// A kernel that may be a tenth faster or slower than described, less than that by `low` thousandths, and
/// `extra` thousandths of an add slower.
pub(super) const fn within(
    operation: &'static str,
    name: &'static str,
    low: u64,
    extra: u64,
) -> Kernel {
    Kernel {
        low,
        extra,
        ..same(operation, name)
    }
}

/// Against measurements of x86 processors. In the order of the channel's matrix.
pub(super) const MEASURED: [Kernel; 9] = [
    // The calibrator itself.
    Kernel {
        operation: "",
        name: "add",
        low: 0,
        high: 0,
        base: 0,
        extra: 0,
    },
    same("int_mul", "multiply"),
    // Quotients of 17 bits: dividers that stop early take down to a third of the table's time. Moving
    // the dividend into place costs up to four adds.
    Kernel {
        operation: "int_div",
        name: "divide",
        low: 350,
        high: 1100,
        base: 0,
        extra: 4000,
    },
    // A shift and an exclusive-or, and a copy where moves are not free.
    Kernel {
        operation: "shift",
        name: "shift-xor",
        low: 900,
        high: 1100,
        base: 900,
        extra: 1300,
    },
    // The table's addressing mode may be a little faster than ours.
    Kernel {
        operation: "load",
        name: "load",
        low: 900,
        high: 1100,
        base: 0,
        extra: 500,
    },
    // The tables time four binary32; ours is one binary64, slower by two cycles on narrow cores.
    Kernel {
        operation: "fp_add",
        name: "FP add",
        low: 900,
        high: 1100,
        base: 0,
        extra: 2000,
    },
    Kernel {
        operation: "fp_mul",
        name: "FP multiply",
        low: 900,
        high: 1100,
        base: 0,
        extra: 2000,
    },
    // Binary64 has twice the quotient bits; a scalar may take half of what a vector takes.
    Kernel {
        operation: "fp_div",
        name: "FP divide",
        low: 500,
        high: 2300,
        base: 0,
        extra: 0,
    },
    Kernel {
        operation: "fp_sqrt",
        name: "square root",
        low: 400,
        high: 2300,
        base: 0,
        extra: 0,
    },
];

/// Against cycles as manuals and compilers give them, for every other family. In the order of the
/// channel's matrix.
///
/// Descriptions are rounded to cycles and leave out what a result waits for on its way, so each operation may
/// take an add more. Whether a kernel is assembly or C makes no difference to these: GNU CC compiles every
/// one of the C statements to the instruction and at most what is said here.
pub(super) const DESCRIBED: [Kernel; 9] = [
    MEASURED[0],
    within("int_mul", "multiply", 900, 1000),
    // Quotients of 17 bits: dividers that stop early take down to a quarter. A quotient may have to be
    // fetched from a register of its own.
    within("int_div", "divide", 250, 4000),
    // A shift and an exclusive-or; on two-operand machines a copy and a count, on 64-bit ones without 32-bit
    // shifts an extension.
    Kernel {
        operation: "shift",
        name: "shift-xor",
        low: 900,
        high: 1100,
        base: 900,
        extra: 3300,
    },
    // The next load's address may be ready a cycle after the value.
    within("load", "load", 900, 1000),
    within("fp_add", "FP add", 900, 1000),
    within("fp_mul", "FP multiply", 900, 1000),
    // Dividers stop early on some, and the description is of the longest case.
    within("fp_div", "FP divide", 500, 2000),
    within("fp_sqrt", "square root", 400, 2000),
];
