//! `./dev floppy`: a miner for every kind of machine on one floppy disk, packed, with the portable C drop; and
//! the test that takes each of them off the image again and has it attest.

use crate::builder::{pack, Builder};
use crate::image::{self, USUAL_KIB};
use crate::matrix::Plan;
use crate::targets::Target;
use node_process::Node;
use std::path::{Path, PathBuf};

/// Text of the disk, below the workspace; a table of the files is put at its end.
const README: &str = "cross/floppy/README.TXT";

/// Its name on the disk.
const README_TXT: &str = "README.TXT";

/// Settings for the program, below the workspace, and their name on the disk.
const SETTINGS: &str = "cross/floppy/VERDIGRIS.CFG";
const SETTINGS_CFG: &str = "VERDIGRIS.CFG";

/// The portable C drop, by its name on the disk.
const ARCHIVE: &str = "PORTABLE.TGZ";

/// Bytes kept free for the text, which names what is on the disk and comes last.
const TEXT_ROOM: u64 = 4096;

/// What to make.
#[derive(clap::Args)]
pub struct Arguments {
    /// Targets by name; where none is named, one program for every kind of machine
    names: Vec<String>,
    /// The image to write
    #[arg(long, value_name = "FILE", default_value = "verdigris-floppy.img")]
    image: PathBuf,
    /// Where everything that is built goes
    #[arg(long, value_name = "FOLDER", default_value = "target/cross")]
    out: PathBuf,
    /// Then take every miner off the image, and have it attest to this node's program
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
}

impl Arguments {
    /// The targets, by name, and where they are built.
    pub fn chosen(&self) -> (&[String], &Path) {
        (&self.names, &self.out)
    }
}

/// A miner on its way to the disk.
struct Packed<'a> {
    target: &'a Target,
    /// Its name on the disk.
    name: String,
    file: PathBuf,
    /// Bytes as built, and as packed.
    bytes: [u64; 2],
}

/// Makes the image; says whether all is as it should be.
///
/// # Errors
/// What the tools said, or that it does not fit.
pub fn run(
    root: &Path,
    arguments: &Arguments,
    targets: &[Target],
    builder: &Builder,
) -> Result<bool, String> {
    let folder = tempfile::tempdir().map_err(|e| format!("a folder for the disk: {e}"))?;
    let archive = builder.drop_archive()?;
    let disk = folder.path().join("image");
    image::create(&disk, USUAL_KIB)?;
    let mut files = vec![(ARCHIVE.to_owned(), size(&archive)?, String::new())];
    image::copy(&disk, &archive, ARCHIVE)?;

    let settings = image::write(&disk, SETTINGS_CFG, &text(root, SETTINGS)?)?;
    files.push((SETTINGS_CFG.to_owned(), settings, String::new()));

    let (mut miners, mut left_out, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    for target in targets {
        if let (Some(why), true) = (&target.floppy, arguments.names.is_empty()) {
            elsewhere.push((short(&target.name)?, why));
            continue;
        }
        eprintln!("{}: building", target.name);
        let built = builder
            .target(target)
            .map_err(|e| format!("{}: {e}", target.name))?;
        let name = short(&target.name)?;
        let file = folder.path().join(&name);
        // Where one cannot be packed or does not fit, the others still can.
        let packed = pack(root, &target.cc, &target.cflags, &built.path, &file).and_then(|bytes| {
            if bytes > image::free(&disk)?.saturating_sub(TEXT_ROOM) {
                return Err(format!("{bytes} bytes, and no room left for them"));
            }
            image::copy(&disk, &file, &name).map(|()| bytes)
        });
        match packed {
            Ok(packed) => miners.push(Packed {
                target,
                name,
                file,
                bytes: [built.bytes, packed],
            }),
            Err(why) => left_out.push((name, why)),
        }
    }

    let mut table = String::new();
    for miner in &miners {
        let what = format!("{}, {} bytes as built", miner.target.triple, miner.bytes[0]);
        files.push((miner.name.clone(), miner.bytes[1], what));
        table += &format!("{:9} {}\n", miner.name, miner.target.triple);
    }
    if !elsewhere.is_empty() {
        table += "\nNot on this disk:\n";
    }
    for (name, why) in &elsewhere {
        table += &format!("{name:9} {why}\n");
    }
    let readme = text(root, README)? + &table;
    let bytes = image::write(&disk, README_TXT, &readme)?;
    files.push((README_TXT.to_owned(), bytes, String::new()));
    std::fs::copy(&disk, &arguments.image)
        .map_err(|e| format!("{}: {e}", arguments.image.display()))?;

    println!(
        "{}: a FAT12 floppy of {USUAL_KIB} KiB",
        arguments.image.display()
    );
    for (name, bytes, what) in &files {
        println!("  {name:12} {bytes:>9}  {what}");
    }
    println!("  {:12} {:>9}", "free", image::free(&arguments.image)?);
    for (name, why) in &elsewhere {
        println!("  {name:12}  not on this disk: {why}");
    }
    for (name, why) in &left_out {
        let why = why.lines().last().unwrap_or_default();
        println!("  {name:12}  left out: {why}");
    }
    let tested = match &arguments.test {
        Some(node) => test(&arguments.image, &miners, &archive, builder, node)?,
        None => true,
    };
    if !left_out.is_empty() {
        eprintln!(
            "error: {} targets are not on the disk; name those that you want",
            left_out.len()
        );
    }
    Ok(tested && left_out.is_empty())
}

/// Takes every file off the image, compares it, and has every miner attest.
fn test(
    image: &Path,
    miners: &[Packed<'_>],
    archive: &Path,
    builder: &Builder,
    node: &Path,
) -> Result<bool, String> {
    let folder = tempfile::tempdir().map_err(|e| format!("a folder for the test: {e}"))?;
    let back = folder.path().join(ARCHIVE);
    image::extract(image, ARCHIVE, &back)?;
    same(&back, archive)?;
    for name in [README_TXT, SETTINGS_CFG] {
        let text = image::text(image, name)?;
        if text.matches('\n').count() != text.matches("\r\n").count() {
            return Err(format!("{name} has lines that do not end in CR LF"));
        }
    }
    let node = Node::start(node, folder.path(), &[])?;
    let say = |text: &str| eprintln!("{text}");
    let plan = Plan {
        builder,
        node: &node,
        folder: folder.path(),
        quick: true,
        say: &say,
    };
    let mut fine = true;
    for miner in miners {
        let off = folder.path().join(&miner.name);
        image::extract(image, &miner.name, &off)?;
        same(&off, &miner.file)?;
        // FAT knows no programs: what the readme tells its reader to do.
        let program = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&off, program).map_err(|e| format!("{}: {e}", off.display()))?;
        if let Some(why) = &miner.target.unrun {
            println!("{:12} not run: {why}", miner.name);
            continue;
        }
        let cpu = miner.target.cpus.first().map_or("", String::as_str);
        match plan.attest_with(miner.target, cpu, &off) {
            Ok(attested) => println!(
                "{:12} attested from the image in {} ms: {}",
                miner.name, attested.miner.probe_ms, attested.summary
            ),
            Err(error) => {
                println!("{:12} FAILED: {error}", miner.name);
                fine = false;
            }
        }
    }
    Ok(fine)
}

/// A target's name as DOS has them: eight characters, capitals.
fn short(name: &str) -> Result<String, String> {
    let short = name
        .replace("powerpc", "ppc")
        .replace('-', "_")
        .to_uppercase();
    if short.len() > 8 {
        return Err(format!("{short} is too long a name for a floppy"));
    }
    Ok(short)
}

/// A text below the workspace.
fn text(root: &Path, name: &str) -> Result<String, String> {
    let source = root.join(name);
    std::fs::read_to_string(&source).map_err(|e| format!("{}: {e}", source.display()))
}

fn size(path: &Path) -> Result<u64, String> {
    let metadata = path
        .metadata()
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(metadata.len())
}

fn same(there: &Path, here: &Path) -> Result<(), String> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    if read(there)? == read(here)? {
        return Ok(());
    }
    Err(format!(
        "{} came back from the image changed",
        here.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_target_has_a_name_of_its_own_on_the_disk() {
        let targets = crate::targets::all().unwrap();
        let names: BTreeSet<String> = targets.iter().map(|t| short(&t.name).unwrap()).collect();
        assert_eq!(names.len(), targets.len());
        assert!(short("a-name-too-long").is_err());
    }
}
