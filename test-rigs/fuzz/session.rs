//! The campaign behind `./dev fuzz-session`: libFuzzer's engine over `test_rigs::hostile`.
//!
//! Where `VERDIGRIS_FUZZ_SEEDS` names a folder, the scripts to start from are written there first.
#![no_main]

use test_rigs::hostile::{attack, seeds::seeds};

fn write_seeds() {
    let Some(folder) = std::env::var_os("VERDIGRIS_FUZZ_SEEDS") else {
        return;
    };
    let folder = std::path::Path::new(&folder);
    for (number, seed) in seeds().iter().enumerate() {
        let name = folder.join(format!("seed-{number:04}"));
        std::fs::write(&name, seed).expect("the folder for the seeds can be written");
    }
}

libfuzzer_sys::fuzz_target!(init: write_seeds(), |script: &[u8]| {
    attack(script);
});
