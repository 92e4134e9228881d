//! Time that counts instructions: an emulator can let its clock advance by one step with each instruction (QEMU's
//! `icount`), so that translating new code takes no time in the machine. Then nothing takes longer than anything else,
//! and a division is done as soon as an addition.

use super::pipeline::timed;
use super::{about, milli, Subject};
use crate::verdict::thresholds::{LONG_OPERATION, PIPELINE_OUTLIERS};
use crate::verdict::{Aspect, Check};

/// Operations that no core does in the time of an add, as the tables name them: dividers work digit by digit.
const LONG: [&str; 5] = ["int_div", "fp_div", "fp_sqrt", "x87_div", "x87_sqrt"];

/// Judges whether operations that take long everywhere take longer than an add. Needs no table of the architecture.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let long: Vec<_> = timed(subject)
        .into_iter()
        .filter(|(kernel, _)| LONG.contains(&kernel.operation))
        .collect();
    if (long.len() as u64) < PIPELINE_OUTLIERS.value {
        return Vec::new();
    }
    let at_once = long
        .iter()
        .filter(|(_, ratio)| *ratio < LONG_OPERATION.value)
        .count() as u64;
    let words: Vec<String> = long
        .iter()
        .map(|(kernel, ratio)| format!("{} {}", kernel.name, milli(*ratio)))
        .collect();
    vec![about("pipeline", Aspect::Presence)
        .measured(format!("in adds: {}", words.join(", ")))
        .expected(format!(
            "fewer than {} of them below {}",
            PIPELINE_OUTLIERS.value,
            milli(LONG_OPERATION.value)
        ))
        .decide(
            at_once < PIPELINE_OUTLIERS.value,
            "Divisions and roots take longer than additions.",
            "Divisions are done as soon as additions: the clock counts instructions, not time.",
            &LONG_OPERATION,
        )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::checks::kernel::{Kernel, DESCRIBED, MEASURED, MEASURED_X87};
    use crate::verdict::Profiles;

    #[test]
    fn no_core_of_the_tables_divides_at_once() {
        let silicon = Profiles::builtin().silicon;
        let mut judged = 0;
        for architecture in [
            "x86",
            "x86_64",
            "arm",
            "aarch64",
            "powerpc",
            "powerpc64",
            "sparc",
            "sparc64",
            "mips",
            "mips64",
            "m68k",
            "alpha",
            "hppa",
            "riscv64",
            "sh4",
            "s390x",
        ] {
            let x86 = architecture.starts_with("x86");
            let tables: &[&[Kernel]] = if x86 {
                &[&MEASURED, &MEASURED_X87]
            } else {
                &[&DESCRIBED]
            };
            for group in silicon.groups(architecture) {
                for kernels in tables {
                    let least = kernels.iter().filter_map(|kernel| {
                        let bounds = group.ratios.get(kernel.operation);
                        let bounds = bounds.filter(|_| LONG.contains(&kernel.operation))?;
                        Some(kernel.bounds(*bounds)[0])
                    });
                    let least: Vec<u64> = least.collect();
                    let at_once = least.iter().filter(|&&low| low < LONG_OPERATION.value);
                    assert!(
                        (at_once.count() as u64) < PIPELINE_OUTLIERS.value,
                        "{architecture} {}: {least:?}",
                        group.name
                    );
                    judged += least.len();
                }
            }
        }
        assert!(judged > 0);
    }
}
