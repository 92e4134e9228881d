//! The self-check on a machine that computes right, on one that lacks everything, and on one that lies.

use miner_tiny::self_check::{run, Report, ARENA};
use probe_core::machine::{Chain, Identity, Machine, Op, Operands, Ring, Walk};
use probe_core::replay;
use probe_core::ticks::{CounterInfo, Ticks};
use test_rigs::sim::{presets, Simulated};

/// A machine that has integer addition, right or wrong, and nothing else.
struct Adder {
    wrong_by: u64,
}

impl Ticks for Adder {
    fn now(&mut self) -> u64 {
        0
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "none",
            bits: 1,
            nominal_hz: None,
        }
    }
}

impl Machine for Adder {
    fn identity(&mut self) -> Identity {
        Identity {
            architecture: "adder",
            backend: "test",
            words: [0; 12],
            name: [0; 48],
            vector_unit: "",
        }
    }

    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64> {
        (chain.op == Op::IntAdd).then(|| replay::chain(chain, operands) ^ self.wrong_by)
    }

    fn chase(&mut self, _: &mut [u8], _: &Ring, _: Walk, _: &mut [u64]) -> Option<u64> {
        None
    }
}

fn check(machine: &mut impl Machine) -> (Report, String) {
    let mut text = String::new();
    let mut arena = vec![0; ARENA];
    let report = run(machine, &mut arena, &mut text).unwrap();
    (report, text)
}

/// The lines that must be the same everywhere.
fn alike(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with('=')).collect()
}

#[test]
fn any_two_machines_agree_on_the_lines_of_all() {
    let (g4, g4_text) = check(&mut Simulated::new(presets::g4e(), 1));
    let (zen, zen_text) = check(&mut Simulated::new(presets::zen(), 2));
    let (adder, adder_text) = check(&mut Adder { wrong_by: 0 });
    assert_eq!((g4.wrong, zen.wrong, adder.wrong), (0, 0, 0));
    assert!(g4.right > adder.right && adder.absent > g4.absent);
    assert_eq!(alike(&g4_text), alike(&zen_text));
    assert_eq!(alike(&g4_text), alike(&adder_text));
    assert!(alike(&g4_text).len() > 300);
    assert!(g4_text.lines().all(|line| line.starts_with(['=', '~'])));
}

#[test]
fn a_wrong_kernel_is_named() {
    let (report, text) = check(&mut Adder { wrong_by: 1 });
    assert_eq!(report.wrong, 4);
    let wrong: Vec<&str> = text.lines().filter(|line| line.contains("WRONG")).collect();
    assert_eq!(wrong.len(), 4);
    assert!(wrong[0].starts_with("~ int_add.dependent.1 WRONG "));
    // What is expected stays the same: only the machine's own lines differ.
    assert_eq!(alike(&text), alike(&check(&mut Adder { wrong_by: 0 }).1));
}
