//! That the C is strict C89, and that a compiler leaves the chains as they are written.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use c_shims::kernels;
use std::env;
use std::path::Path;
use std::process::Command;

const SOURCES: [&str; 5] = ["arch.c", "branch.c", "float.c", "integer.c", "memory.c"];

#[test]
fn the_sources_are_c89_without_a_warning() {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for source in SOURCES {
        let status = Command::new(&compiler)
            .args([
                "-std=c89",
                "-pedantic",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-O2",
            ])
            .args(["-fsyntax-only", "-I"])
            .arg(folder.join("include"))
            .arg(folder.join("src").join(source))
            .status()
            .expect("the compiler that built the kernels");
        assert!(status.success(), "{source}");
    }
}

/// The mnemonics of one function of this program.
fn disassemble(function: &str) -> Vec<String> {
    let program = env::current_exe().expect("a running program has a file");
    let output = Command::new("objdump")
        .args(["-d", "-M", "intel", "--no-show-raw-insn"])
        .arg(format!("--disassemble={function}"))
        .arg(program)
        .output()
        .expect("objdump comes with the compiler");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_once(":\t"))
        .filter_map(|(_, code)| code.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Both shapes, both bodies: 48 + 96 of each.
const IN_ALL: usize = 2 * (48 + 96);

#[test]
fn every_operation_is_there_and_none_is_folded() {
    // Keeps the kernels in this program.
    let _: fn(_, &_, bool) -> _ = core::hint::black_box(kernels::chain);
    for (function, mnemonics, times) in [
        ("vg_int_add", &["add", "lea"][..], IN_ALL),
        ("vg_int_mul", &["imul"], IN_ALL),
        ("vg_int_div", &["div"], IN_ALL),
        // One exclusive-or and one shift for each.
        ("vg_shift", &["xor"], IN_ALL),
        ("vg_shift", &["shl", "sal", "shr"], IN_ALL),
        ("vg_load", &["mov"], IN_ALL),
        ("vg_store_load", &["add"], 48 + 96),
        ("vg_fp_add", &["addsd"], IN_ALL),
        ("vg_fp_mul", &["mulsd"], IN_ALL),
        ("vg_fp_div", &["divsd"], IN_ALL),
        ("vg_fp_mul_mask", &["mulsd"], IN_ALL),
    ] {
        let code = disassemble(function);
        let count = |names: &[&str]| code.iter().filter(|m| names.contains(&m.as_str())).count();
        let seen = count(mnemonics);
        assert!(seen >= times, "{function}: {seen} of {times} {mnemonics:?}");
        let folded = count(&[
            "addpd", "mulpd", "divpd", "paddd", "pmulld", "pslld", "pxor",
        ]);
        assert_eq!(folded, 0, "{function} computes several lanes at once");
    }
}
