//! Prints what each operation costs on this machine: ticks and core cycles for each, from the
//! difference of a double and a single body, the least of several runs.
//!
//! `cargo run --release -p probe-arch --example ops [portable]`; with `portable`, by the C kernels.

use probe_arch::{DefaultTicks, Native, NoPlatform, Portable};
use probe_core::machine::{Body, Chain, Machine, Op, Operands, Shape, UNROLL};
use probe_core::seed::Seed;

/// Turns of the loop in one run.
const ITERATIONS: u32 = 2_000;
/// Runs of each body.
const RUNS: usize = 25;

const OPS: [Op; 26] = [
    Op::IntAdd,
    Op::IntMul,
    Op::IntDiv,
    Op::Shift,
    Op::Load,
    Op::StoreLoad,
    Op::FpAdd,
    Op::FpMul,
    Op::FpDiv,
    Op::FpSqrt,
    Op::FpMulNormal,
    Op::FpMulSubnormal,
    Op::FpMulNan,
    Op::FpMulOverflow,
    Op::FpRounding,
    Op::VecLogic,
    Op::VecShuffle,
    Op::VecPermute,
    Op::VecIntAdd,
    Op::VecMulAdd,
    Op::VecFpAdd,
    Op::VecFpMul,
    Op::VecFpMulAdd,
    Op::WideFpAdd,
    Op::WideFpMulAdd,
    Op::WidePermute,
];

/// Ticks for one operation; `None` where the machine lacks it.
fn cost(machine: &mut impl Machine, op: Op, shape: Shape, operands: &Operands) -> Option<f64> {
    let mut least = |body| {
        let chain = Chain {
            op,
            shape,
            body,
            iterations: ITERATIONS,
        };
        let mut least = u64::MAX;
        for _ in 0..RUNS {
            let start = machine.now();
            machine.chain(chain, operands)?;
            let end = machine.now();
            least = least.min(machine.between(start, end));
        }
        Some(least as f64)
    };
    let difference = least(Body::Double)? - least(Body::Single)?;
    Some(difference / f64::from(UNROLL * ITERATIONS))
}

/// Prints the table of one machine.
fn table(machine: &mut impl Machine) {
    let identity = machine.identity();
    let operands = Operands::draw(&mut Seed::derive("example", "ops").stream(0));
    println!("{} {}", identity.architecture, identity.backend);
    println!(
        "{:16} {:>10} {:>10} {:>10} {:>10}",
        "", "latency", "", "throughput", ""
    );
    println!(
        "{:16} {:>10} {:>10} {:>10} {:>10}",
        "", "ticks", "adds", "ticks", "adds"
    );
    let add = cost(machine, Op::IntAdd, Shape::Dependent, &operands).unwrap_or(f64::NAN);
    for op in OPS {
        print!("{:16}", format!("{op:?}"));
        for shape in [Shape::Dependent, Shape::Independent] {
            match cost(machine, op, shape, &operands) {
                Some(ticks) => print!(" {ticks:10.3} {:10.3}", ticks / add),
                None => print!(" {:>10} {:>10}", "-", "-"),
            }
        }
        println!();
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("portable") {
        table(&mut Portable::with(DefaultTicks::default(), NoPlatform));
    } else {
        table(&mut Native::new());
    }
}
