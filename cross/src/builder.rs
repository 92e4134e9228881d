//! Making a target's miner.

use crate::boot;
use crate::process;
use crate::targets::{Route, Target};
use crate::toolchain::Toolchain;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The miner, by its name as a program of the workspace.
const PROGRAM: &str = "verdigris-tiny";

/// The program that judges alone, and the package that it is in.
const JUDGING: &str = "rejudge";

/// The profile that it is built with: small, its kernels as fast as ever.
const PROFILE: &str = "tiny";

/// How the program without a C library is compiled beyond the profile: nothing unwinds, a fault ends the
/// program at once, no place in the source is named, SHA-2 is a loop, and a curve needs no vector unit.
const BARE_FLAGS: [&str; 8] = [
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Cforce-unwind-tables=no",
    "-Zlocation-detail=none",
    "-Zfmt-debug=none",
    "--cfg=sha2_backend=\"soft\"",
    "--cfg=sha2_backend_soft=\"compact\"",
    "--cfg=curve25519_dalek_backend=\"serial\"",
];

/// A program of the workspace that runs without an operating system: the package of that name, with its
/// feature `bare`, linked by the script that its own build script names.
#[derive(Debug, Clone, Copy)]
pub struct Bare {
    /// Its name, and its package's.
    pub name: &'static str,
    /// Whose compilers build it: the name of a target.
    pub target: &'static str,
    /// Rust's name for the machine, where it is not the target's.
    triple: Option<&'static str>,
    /// Which of the target's GNU tools links it.
    linker: &'static str,
    /// More flags for Rust.
    flags: &'static [&'static [&'static str]],
}

/// The miner as a PC's own program, for a 486.
pub const PC: Bare = Bare {
    name: "verdigris-pc",
    target: boot::TARGET,
    triple: None,
    linker: "gcc",
    flags: &[&BARE_FLAGS, &["-Ctarget-cpu=i486"]],
};

/// The miner as a Power Macintosh's own program, which Open Firmware starts.
pub const OPENFIRMWARE: Bare = Bare {
    name: "verdigris-openfirmware",
    target: "powerpc",
    triple: None,
    linker: "gcc",
    flags: &[&BARE_FLAGS],
};

/// The example for who writes firmware, built as such a reader builds it: with nothing special.
pub const FIRMWARE: Bare = Bare {
    name: "cortex-m3",
    target: "armv5te",
    triple: Some("thumbv7m-none-eabi"),
    linker: "ld",
    flags: &[],
};

/// The libraries' own choices for it: memory by loops (there is no C library), and small sorts.
const BARE_LIBRARIES: &str = "-Zbuild-std-features=compiler-builtins-mem,optimize_for_size";

/// How long one build may take: ten times what it takes on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// The portable C drop's archive.
const DROP: &str = "verdigris-portable-c.tar.gz";

/// A miner that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The static program.
    pub path: PathBuf,
    /// Its size, bytes.
    pub bytes: u64,
    /// How long the build took.
    pub took: Duration,
}

/// Where things are built.
#[derive(Debug, Clone)]
pub struct Builder {
    /// The workspace.
    pub root: PathBuf,
    /// Where everything that is built goes.
    pub out: PathBuf,
    /// The compiler with its libraries' source; only asked for where a target needs it.
    pub toolchain: Option<Toolchain>,
    /// Whether miners in Rust can show that they compute right: for comparing them, not for disks.
    pub self_check: bool,
}

impl Builder {
    /// The miner of this machine, by the compiler that the workspace is built with: the reference for
    /// what kernels compute.
    ///
    /// # Errors
    /// What the compiler said.
    pub fn reference(&self) -> Result<Built, String> {
        let target = self.out.join("reference");
        let started = Instant::now();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        self.arguments(&mut cargo, &target);
        cargo.args(["-p", "miner-tiny", "--features", "program"]);
        process::run(&mut cargo, BUILD_LIMIT)?.success("the build for this machine")?;
        built(target.join(PROFILE).join(PROGRAM), started)
    }

    /// The miner of a target.
    ///
    /// # Errors
    /// What the compiler said.
    pub fn target(&self, target: &Target) -> Result<Built, String> {
        match target.route {
            Route::Rust => self.rust(target),
            Route::C => self.c(target),
        }
    }

    /// A program that runs without an operating system, by the compilers of its target.
    ///
    /// # Errors
    /// What the compiler said.
    pub fn bare(&self, program: &Bare, target: &Target) -> Result<Built, String> {
        let started = Instant::now();
        let out = self.out.join("rust");
        let mut target = target.clone();
        if let Some(triple) = program.triple {
            target.triple = triple.into();
        }
        let mut cargo = self.cargo(&target, &program.flags.concat())?;
        let linker = target.cc.trim_end_matches("gcc").to_owned() + program.linker;
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &out)
            .env(format!("CARGO_TARGET_{}_LINKER", upper(&target)), linker)
            .args(["build", "--locked", "--quiet", "--profile", PROFILE])
            .args(["-p", program.name, "--bin", program.name])
            .args(["--features", "bare"])
            .args(["-Zbuild-std=core", BARE_LIBRARIES, "--target"])
            .arg(&target.triple);
        process::run(&mut cargo, BUILD_LIMIT)?.success("the build")?;
        built(
            out.join(&target.triple).join(PROFILE).join(program.name),
            started,
        )
    }

    fn arguments(&self, cargo: &mut Command, target_dir: &Path) {
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target_dir)
            .args(["build", "--locked", "--quiet", "--profile", PROFILE])
            .args(["--bin", PROGRAM]);
    }

    fn rust(&self, target: &Target) -> Result<Built, String> {
        let started = Instant::now();
        let out = self.out.join("rust");
        let mut cargo = self.cargo(target, &BARE_FLAGS)?;
        self.arguments(&mut cargo, &out);
        cargo.args([
            "-p",
            "verdigris-tiny",
            "--features",
            "bare",
            "-Zbuild-std=core",
            BARE_LIBRARIES,
            "--target",
            target.triple.as_str(),
        ]);
        if !self.self_check {
            cargo.arg("--no-default-features");
        }
        process::run(&mut cargo, BUILD_LIMIT)?.success("the build")?;
        built(
            out.join(&target.triple).join(PROFILE).join(PROGRAM),
            started,
        )
    }

    /// Runs the tests of the kernels as one CPU model of a target; gives how many passed.
    ///
    /// # Errors
    /// What failed.
    pub fn test(&self, target: &Target, cpu: &str) -> Result<usize, String> {
        let mut cargo = self.cargo(target, &[])?;
        let mut runner = target.emulator.clone();
        if !cpu.is_empty() {
            runner.push_str(" -cpu ");
            runner.push_str(cpu);
        }
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.out.join("rust"))
            .env(format!("CARGO_TARGET_{}_RUNNER", upper(target)), runner)
            .args(["test", "--locked", "--quiet", "-p", "probe-arch", "--tests"])
            .args(["-Zbuild-std=std,panic_unwind,test", "--target"])
            .arg(&target.triple);
        let ended = process::run(&mut cargo, BUILD_LIMIT)?.success("the tests")?;
        let passed = ended.stdout.lines().filter_map(|line| {
            let rest = line.strip_prefix("test result: ok. ")?;
            rest.split(' ').next()?.parse::<usize>().ok()
        });
        Ok(passed.sum())
    }

    /// The program that judges alone, for this machine.
    ///
    /// # Errors
    /// What the compiler said.
    pub fn rejudge_here(&self) -> Result<PathBuf, String> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let target = self.out.join("reference");
        self.judging(&mut cargo, &target);
        process::run(&mut cargo, BUILD_LIMIT)?.success("the build for this machine")?;
        Ok(target.join("debug").join(JUDGING))
    }

    /// The same for a target, statically linked, with all of Rust's libraries built for it.
    ///
    /// # Errors
    /// What the compiler said.
    pub fn rejudge(&self, target: &Target) -> Result<PathBuf, String> {
        let out = self.out.join("rust");
        let mut cargo = self.cargo(target, &[])?;
        self.judging(&mut cargo, &out);
        cargo.args(["-Zbuild-std=std,panic_unwind", "--target"]);
        cargo.arg(&target.triple);
        process::run(&mut cargo, BUILD_LIMIT)?.success("the build")?;
        Ok(out.join(&target.triple).join("debug").join(JUDGING))
    }

    fn judging(&self, cargo: &mut Command, target_dir: &Path) {
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target_dir)
            .args(["build", "--locked", "--quiet", "-p", JUDGING]);
    }

    /// The package manager with the compilers of a target, and more flags for Rust's.
    fn cargo(&self, target: &Target, more: &[&str]) -> Result<Command, String> {
        let toolchain = self
            .toolchain
            .as_ref()
            .ok_or("no compiler with the source of its libraries")?;
        let mut cargo = toolchain.cargo();
        let upper = upper(target);
        let lower = target.triple.replace('-', "_");
        let mut flags = vec![
            "-Ctarget-feature=+crt-static",
            // Static code at fixed addresses: what is measured then does not move between runs.
            "-Crelocation-model=static",
        ];
        flags.extend(more);
        flags.extend(target.rustflags.iter().map(String::as_str));
        cargo
            .env(format!("CARGO_TARGET_{upper}_LINKER"), &target.cc)
            .env(format!("CARGO_TARGET_{upper}_RUSTFLAGS"), flags.join(" "))
            .env(format!("CC_{lower}"), &target.cc)
            .env(format!("CFLAGS_{lower}"), target.cflags.join(" "));
        if let Some(prefix) = target.cc.strip_suffix("gcc").filter(|p| !p.is_empty()) {
            cargo.env(format!("AR_{lower}"), format!("{prefix}ar"));
        }
        Ok(cargo)
    }

    /// The archive of the portable C drop.
    ///
    /// # Errors
    /// What the script that makes it said.
    pub fn drop_archive(&self) -> Result<PathBuf, String> {
        let archive = self.out.join(DROP);
        let mut make = Command::new(self.root.join("cross/portable-c/make-drop"));
        make.current_dir(&self.root).arg(&archive);
        process::run(&mut make, BUILD_LIMIT)?.success("making the portable C drop")?;
        Ok(archive)
    }

    /// Unpacks the drop beside the others and makes it with nothing but `make CC=… bare`.
    fn c(&self, target: &Target) -> Result<Built, String> {
        let archive = self.out.join(DROP);
        if !archive.exists() {
            self.drop_archive()?;
        }
        let started = Instant::now();
        let folder = self.out.join("c").join(&target.name);
        let fail = |e: std::io::Error| format!("{}: {e}", folder.display());
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(fail)?;
        }
        std::fs::create_dir_all(&folder).map_err(fail)?;
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(&archive);
        tar.args(["--strip-components=1", "-C"]).arg(&folder);
        process::run(&mut tar, BUILD_LIMIT)?.success("tar")?;
        let mut make = Command::new("make");
        make.arg("-C").arg(&folder);
        // With what decides for which processor is compiled, what follows needs no more than the compiler.
        let cc = [std::slice::from_ref(&target.cc), target.cflags.as_slice()].concat();
        make.arg(format!("CC={}", cc.join(" ")));
        make.args(&target.make).arg("bare");
        process::run(&mut make, BUILD_LIMIT)?.success("make")?;
        built(folder.join(PROGRAM), started)
    }
}

/// Makes of a program one that unpacks itself, linked by this compiler with these flags; gives its size, bytes.
///
/// # Errors
/// What the packer said.
pub fn pack(
    root: &Path,
    cc: &str,
    cflags: &[String],
    program: &Path,
    packed: &Path,
) -> Result<u64, String> {
    let mut pack = Command::new(root.join("miner-tiny/unpack/pack"));
    pack.args(["--cc", cc, "--cflags", &cflags.join(" ")]);
    pack.arg(program).arg(packed);
    process::run(&mut pack, BUILD_LIMIT)?.success("the packer")?;
    let metadata = packed.metadata();
    metadata
        .map(|metadata| metadata.len())
        .map_err(|e| format!("{}: {e}", packed.display()))
}

/// A triple as environment variables spell it.
fn upper(target: &Target) -> String {
    target.triple.to_uppercase().replace('-', "_")
}

fn built(path: PathBuf, started: Instant) -> Result<Built, String> {
    let bytes = std::fs::metadata(&path)
        .map_err(|e| format!("{}: {e}", path.display()))?
        .len();
    Ok(Built {
        path,
        bytes,
        took: started.elapsed(),
    })
}
