//! Making the image: a FAT12 floppy with boot loader, kernel, first program, miner, settings.

use crate::builder::pack;
use crate::image::{self, tool};
use crate::process;
use crate::toolchain::Toolchain;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What this disk is built for: Rust's name of the target, and the oldest processor.
const TRIPLE: &str = "i586-unknown-linux-gnu";
const PROCESSOR: &str = "i486";

/// The compiler for such processors, of the target's packages: it links what unpacks programs.
const COMPILER: &str = "i686-linux-gnu-gcc";

/// How long kernel and program may take to build: ten times what they take on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);

/// Sources of what goes onto the disk as text, below the workspace, and the names there.
const FOLDER: &str = "miner-tiny/boot";
pub const SETTINGS: &str = "VERDIGRIS.CFG";
const README: &str = "README.TXT";
const LOADER_SETTINGS: &str = "SYSLINUX.CFG";

/// The key's name, once the disk has been started.
pub const KEY: &str = "VERDIGRIS.KEY";

/// Kernel and memory disk, by their names on the floppy.
const KERNEL: &str = "LINUX";
const INITRD: &str = "INITRD";

/// Devices, folders and programs of the memory disk, as the kernel's `gen_init_cpio` reads them. Numbers
/// of devices: Linux `Documentation/admin-guide/devices.txt`.
const INITRD_LIST: &str = "\
dir /dev 0755 0 0
nod /dev/console 0600 0 0 c 5 1
nod /dev/null 0666 0 0 c 1 3
nod /dev/zero 0666 0 0 c 1 5
nod /dev/random 0444 0 0 c 1 8
nod /dev/urandom 0444 0 0 c 1 9
nod /dev/ttyS0 0600 0 0 c 4 64
nod /dev/ttyS1 0600 0 0 c 4 65
nod /dev/ttyS2 0600 0 0 c 4 66
nod /dev/ttyS3 0600 0 0 c 4 67
nod /dev/fd0 0600 0 0 b 2 0
dir /disk 0700 0 0
dir /etc 0755 0 0
dir /proc 0555 0 0
dir /run 0700 0 0
dir /tmp 0700 0 0
";

/// What the image is made of.
pub struct Plan<'a> {
    /// The workspace.
    pub root: &'a Path,
    /// The compiler with its libraries' source.
    pub toolchain: Toolchain,
    /// The miner.
    pub miner: &'a Path,
    /// The floppy's size.
    pub kib: u32,
    /// Where the kernel is kept.
    pub cache: &'a Path,
}

/// A file of the disk, for people.
struct Part {
    name: &'static str,
    bytes: u64,
    what: String,
}

/// The disk that was made.
pub struct Disk {
    path: PathBuf,
    parts: Vec<Part>,
    kib: u32,
    free: u64,
}

impl Plan<'_> {
    /// Makes it.
    ///
    /// # Errors
    /// What the tools said, or that it does not fit.
    pub fn make(&self, out: &Path) -> Result<Disk, String> {
        let kernel = self.kernel()?;
        let init = self.init()?;
        let folder = tempfile::tempdir().map_err(|e| format!("a folder for the disk: {e}"))?;
        let at = |name: &str| folder.path().join(name);

        pack(self.root, COMPILER, &[], &init, &at("init"))?;
        pack(self.root, COMPILER, &[], self.miner, &at("miner"))?;
        let (init, miner) = (at("init"), at("miner"));
        let list = format!(
            "{INITRD_LIST}file /init {} 0755 0 0\nfile /miner {} 0755 0 0\n",
            text(&init)?,
            text(&miner)?
        );
        write(&at("list"), list.as_bytes())?;
        let mut archiver = Command::new(kernel.join("gen_init_cpio"));
        archiver.args(["-t", "0"]).arg(at("list"));
        archiver.stdout(fs::File::create(at(INITRD)).map_err(|e| format!("{INITRD}: {e}"))?);
        let packed = archiver
            .status()
            .map_err(|e| format!("gen_init_cpio: {e}"))?;
        if !packed.success() {
            return Err("gen_init_cpio could not pack the memory disk".into());
        }

        let partial = at("image");
        image::create(&partial, self.kib)?;
        image::copy(&partial, &kernel.join("bzImage"), KERNEL)
            .and_then(|()| image::copy(&partial, &at(INITRD), INITRD))
            .map_err(|e| {
                let bytes = |path: &Path| fs::metadata(path).map_or(0, |m| m.len());
                format!(
                    "kernel {}, first program {} and miner {} bytes do not fit on {} KiB: {e}",
                    bytes(&kernel.join("bzImage")),
                    bytes(&init),
                    bytes(&miner),
                    self.kib
                )
            })?;
        for (source, name) in [
            ("syslinux.cfg", LOADER_SETTINGS),
            (SETTINGS, SETTINGS),
            (README, README),
        ] {
            let source = self.root.join(FOLDER).join(source);
            let lines =
                fs::read_to_string(&source).map_err(|e| format!("{}: {e}", source.display()))?;
            image::write(&partial, name, &lines)?;
        }
        tool(Command::new("syslinux").arg("--install").arg(&partial))
            .map_err(|e| format!("no room for the boot loader, or: {e}"))?;
        if let Some(parent) = out.parent() {
            fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
        }
        fs::copy(&partial, out).map_err(|e| format!("{}: {e}", out.display()))?;

        let bytes = |path: &Path| fs::metadata(path).map(|m| m.len()).unwrap_or(0);
        let version = fs::read_to_string(kernel.join("version")).unwrap_or_default();
        let parts = vec![
            Part {
                name: KERNEL,
                bytes: bytes(&kernel.join("bzImage")),
                what: format!("Linux, Debian's source {}, xz", version.trim()),
            },
            Part {
                name: INITRD,
                bytes: bytes(&at(INITRD)),
                what: format!("first program {}, miner {}", bytes(&init), bytes(&miner)),
            },
            Part {
                name: "LDLINUX.SYS",
                bytes: image::size(out, "LDLINUX.SYS")?,
                what: "boot loader: SYSLINUX".into(),
            },
            Part {
                name: "LDLINUX.C32",
                bytes: image::size(out, "LDLINUX.C32")?,
                what: "its larger part".into(),
            },
            Part {
                name: LOADER_SETTINGS,
                bytes: image::size(out, LOADER_SETTINGS)?,
                what: "the kernel's command line".into(),
            },
            Part {
                name: SETTINGS,
                bytes: image::size(out, SETTINGS)?,
                what: "settings, for any editor".into(),
            },
            Part {
                name: README,
                bytes: image::size(out, README)?,
                what: "how to use it".into(),
            },
        ];
        Ok(Disk {
            path: out.to_path_buf(),
            free: image::free(out)?,
            parts,
            kib: self.kib,
        })
    }

    /// The folder with the kernel, built if it is not there.
    fn kernel(&self) -> Result<PathBuf, String> {
        let mut make = Command::new(self.root.join(FOLDER).join("make-kernel"));
        make.arg(self.cache);
        // Its progress is for who waits.
        let ended = make
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|e| format!("make-kernel: {e}"))?;
        let folder = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
        if !ended.status.success() || folder.is_empty() {
            return Err("the kernel was not built".into());
        }
        Ok(folder.into())
    }

    /// The first program.
    fn init(&self) -> Result<PathBuf, String> {
        let target =
            std::path::absolute(self.cache.join("boot/init")).map_err(|e| e.to_string())?;
        let upper = TRIPLE.to_uppercase().replace('-', "_");
        let flags = [
            format!("-Ctarget-cpu={PROCESSOR}"),
            "-Crelocation-model=static".into(),
            "-Clink-args=-m32 -nostdlib -nostartfiles -static -Wl,--build-id=none".into(),
        ];
        let mut cargo = self.toolchain.cargo();
        cargo
            .current_dir(self.root)
            .env("CARGO_TARGET_DIR", &target)
            .env(format!("CARGO_TARGET_{upper}_LINKER"), "gcc")
            // Separated so, flags may have spaces.
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .args(["build", "--locked", "--quiet", "--profile", "tiny"])
            .args([
                "-p",
                "boot-disk",
                "--features",
                "init",
                "--bin",
                "verdigris-init",
            ])
            .args(["-Zbuild-std=core,compiler_builtins", "--target", TRIPLE])
            .arg("-Zbuild-std-features=compiler-builtins-mem");
        process::run(&mut cargo, BUILD_LIMIT)?.success("the build of the first program")?;
        Ok(target.join(TRIPLE).join("tiny/verdigris-init"))
    }
}

impl Disk {
    /// What is on the disk.
    pub fn table(&self) -> String {
        let mut out = format!(
            "{}: a FAT12 floppy of {} KiB\n",
            self.path.display(),
            self.kib
        );
        for part in &self.parts {
            let _ = writeln!(out, "  {:14} {:>9}  {}", part.name, part.bytes, part.what);
        }
        let _ = writeln!(out, "  {:14} {:>9}", "free", self.free);
        out
    }
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str()
        .filter(|text| !text.contains(char::is_whitespace))
        .ok_or_else(|| format!("{}: a path with white space", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}
