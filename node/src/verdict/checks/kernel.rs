//! How the kernels of the scalar pipeline relate to the instructions that tables of cores give.

use crate::verdict::silicon::Bounds;

/// How a kernel of ours relates to the instruction that the tables measure: bounds become
/// `[low · least + base, high · most + base + extra]`.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
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
    /// What the kernel does beside the instruction, thousandths of an add, where nothing is in its way.
    pub nominal: u64,
    /// What it counts when cores are told apart, hundredths: `LOOSE` where the latency depends on operands
    /// that the table's need not have been.
    pub weight: u64,
}

impl Kernel {
    /// What a core whose instruction takes `bounds` may show, thousandths of an add.
    pub fn bounds(&self, [least, most]: Bounds) -> [u64; 2] {
        [
            u64::from(least) * self.low / 1000 + self.base,
            u64::from(most) * self.high / 1000 + self.base + self.extra,
        ]
    }
}

/// The ordinary weight of a kernel.
pub(crate) const FULL: u64 = 100;

/// The weight of a kernel whose latency depends on its operands. With divisions and roots at six tenths of what the
/// tables say one honest processor of 138 more is refused, at one and a half times nine more, most of them Pentium
/// II and III (`verdigris-node silicon evaluate --skew 600`, `--skew 1500`).
const LOOSE: u64 = 40;

/// The weight of a kernel of many chains: what it waits for instead is not only the unit, and members of one core
/// differ (Jaguar and Puma in FP adds).
const APART: u64 = 40;

/// A kernel that is the tabulated instruction itself: a tenth either way.
pub(crate) const fn same(operation: &'static str, name: &'static str) -> Kernel {
    Kernel {
        operation,
        name,
        low: 900,
        high: 1100,
        base: 0,
        extra: 0,
        nominal: 0,
        weight: FULL,
    }
}

/// A kernel that may be a tenth faster or slower than described, less than that by `low` thousandths, and
/// `extra` thousandths of an add slower.
pub(crate) const fn within(
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

/// The calibrator itself.
const ADD: Kernel = Kernel {
    low: 0,
    high: 0,
    ..same("", "add")
};

/// Quotients of 17 bits: dividers that stop early take down to a third of the table's time. Moving the
/// dividend into place costs up to four adds.
const DIVIDE: Kernel = Kernel {
    low: 350,
    extra: 4000,
    weight: LOOSE,
    ..same("int_div", "divide")
};

/// A shift and an exclusive-or, and a copy where moves are not free.
const SHIFT: Kernel = Kernel {
    base: 900,
    extra: 1300,
    nominal: 1000,
    ..same("shift", "shift-xor")
};

/// Against measurements of x86 processors. In the order of the channel's matrix.
pub(crate) const MEASURED: [Kernel; 9] = [
    ADD,
    same("int_mul", "multiply"),
    DIVIDE,
    SHIFT,
    // The table's addressing mode may be a little faster than ours.
    within("load", "load", 900, 500),
    // The tables time four binary32; ours is one binary64, slower by two cycles on narrow cores.
    within("fp_add", "FP add", 900, 2000),
    within("fp_mul", "FP multiply", 900, 2000),
    // Binary64 has twice the quotient bits; a scalar may take half of what a vector takes.
    Kernel {
        low: 500,
        high: 2300,
        weight: LOOSE,
        ..same("fp_div", "FP divide")
    },
    Kernel {
        low: 400,
        high: 2300,
        weight: LOOSE,
        ..same("fp_sqrt", "square root")
    },
];

/// The same for processors without SSE2, whose floating point is the x87's. Its precision is set to binary64:
/// dividers that stop early take down to half of the table's time, which is for 64 bits.
pub(crate) const MEASURED_X87: [Kernel; 9] = [
    MEASURED[0],
    MEASURED[1],
    MEASURED[2],
    MEASURED[3],
    MEASURED[4],
    within("x87_add", "FP add", 900, 1000),
    within("x87_mul", "FP multiply", 900, 1000),
    Kernel {
        weight: LOOSE,
        ..within("x87_div", "FP divide", 500, 2000)
    },
    Kernel {
        weight: LOOSE,
        ..within("x87_sqrt", "square root", 400, 2000)
    },
];

/// The vector unit against measurements of x86 processors. In the order of the channel's matrix.
pub(crate) const MEASURED_VECTOR: [Kernel; 11] = [
    same("vec_logic", "logic"),
    same("vec_shuffle", "shuffle"),
    same("vec_permute", "permute"),
    same("vec_int_add", "integer add"),
    same("vec_mul_add", "multiply-add"),
    same("vec_fp_add", "FP add"),
    same("vec_fp_mul", "FP multiply"),
    same("vec_fp_mul_add", "fused multiply-add"),
    same("wide_fp_add", "wide FP add"),
    same("wide_fp_mul_add", "wide fused"),
    same("wide_permute", "wide permute"),
];

/// Operations that do not wait for one another, against measurements of x86 processors: the row of the matrix,
/// and the kernel.
pub(crate) const MEASURED_APART: [(usize, Kernel); 2] = [
    (1, apart("int_mul_apart", "independent multiply")),
    (4, apart("load_apart", "independent load")),
];

/// The same for the vector unit.
pub(crate) const MEASURED_VECTOR_APART: [(usize, Kernel); 5] = [
    (1, apart("vec_shuffle_apart", "independent shuffle")),
    (2, apart("vec_permute_apart", "independent permute")),
    (4, apart("vec_mul_add_apart", "independent multiply-add")),
    (5, apart("vec_fp_add_apart", "independent FP add")),
    (6, apart("vec_fp_mul_apart", "independent FP multiply")),
];

/// A kernel of many chains. Making room for them may take a third of an add each.
const fn apart(operation: &'static str, name: &'static str) -> Kernel {
    Kernel {
        weight: APART,
        ..within(operation, name, 900, 300)
    }
}

/// Against cycles as manuals and compilers give them, for every other family. In the order of the
/// channel's matrix.
///
/// Descriptions are rounded to cycles and leave out what a result waits for on its way, so each operation may
/// take an add more. Whether a kernel is assembly or C makes no difference to these: GNU CC compiles every
/// one of the C statements to the instruction and at most what is said here.
pub(crate) const DESCRIBED: [Kernel; 9] = [
    ADD,
    within("int_mul", "multiply", 900, 1000),
    // Quotients of 17 bits: dividers that stop early take down to a quarter. A quotient may have to be
    // fetched from a register of its own.
    within("int_div", "divide", 250, 4000),
    // A shift and an exclusive-or; on two-operand machines a copy and a count, on 64-bit ones without 32-bit
    // shifts an extension.
    Kernel {
        extra: 3300,
        ..SHIFT
    },
    // The next load's address may be ready a cycle after the value.
    within("load", "load", 900, 1000),
    within("fp_add", "FP add", 900, 1000),
    within("fp_mul", "FP multiply", 900, 1000),
    // Dividers stop early on some, and the description is of the longest case.
    within("fp_div", "FP divide", 500, 2000),
    within("fp_sqrt", "square root", 400, 2000),
];
