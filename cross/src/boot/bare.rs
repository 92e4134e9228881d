//! The miner as a PC's own program: beside it a floppy from which SYSLINUX starts it, for machines whose BIOS knows
//! nothing but disks.
//!
//! Source: SYSLINUX wiki, "Mboot.c32": a module that starts Multiboot programs; it needs `libcom32.c32` beside it.

use crate::image::{self, tool, USUAL_KIB};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts the loader's modules (package syslinux-common).
const MODULES: &str = "/usr/lib/syslinux/modules/bios";

/// The program's names: beside the disk, and on it.
const PROGRAM: &str = "verdigris-pc.elf";
const ON_DISK: &str = "MINER.ELF";

/// The disk.
const DISK: &str = "pc-bare.img";

/// The loader's settings: the program's own options are the usual ones.
const SETTINGS: &str =
    "DEFAULT verdigris\nLABEL verdigris\n  KERNEL mboot.c32\n  APPEND MINER.ELF\n";

/// Puts the program and the disk into a folder.
///
/// # Errors
/// What the tools said.
pub fn run(program: &Path, folder: &Path) -> Result<bool, String> {
    let fail = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    fs::create_dir_all(folder).map_err(|e| fail(folder, e))?;
    let [alone, disk] = [PROGRAM, DISK].map(|name| folder.join(name));
    fs::copy(program, &alone).map_err(|e| fail(program, e))?;
    // Made whole, or not at all: what is there may be in use.
    let partial = tempfile::tempdir().map_err(|e| format!("a folder for the disk: {e}"))?;
    let image: PathBuf = partial.path().join(DISK);
    image::create(&image, USUAL_KIB)?;
    image::copy(&image, program, ON_DISK)?;
    for module in ["mboot.c32", "libcom32.c32"] {
        image::copy(&image, &Path::new(MODULES).join(module), module)?;
    }
    image::write(&image, "SYSLINUX.CFG", SETTINGS)?;
    tool(Command::new("syslinux").arg("--install").arg(&image))?;
    fs::copy(&image, &disk).map_err(|e| fail(&disk, e))?;
    for path in [alone, disk] {
        let bytes = fs::metadata(&path).map_or(0, |file| file.len());
        println!("{bytes:>9} bytes  {}", path.display());
    }
    Ok(true)
}
