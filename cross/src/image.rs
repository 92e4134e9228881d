//! A FAT12 image of a floppy disk, by mtools.

use crate::process;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// KiB of a floppy of 3.5 inches and high density.
pub const USUAL_KIB: u32 = 1440;

/// How long a tool for disks may take.
const TOOL_LIMIT: Duration = Duration::from_secs(60);

/// The volume's serial number: fixed, so that the same files make the same image.
const SERIAL: &str = "56455244";

/// Makes an empty disk.
///
/// # Errors
/// What mtools said; so for all that follows.
pub fn create(image: &Path, kib: u32) -> Result<(), String> {
    let mut mformat = Command::new("mformat");
    mformat.args(["-C", "-f", &kib.to_string()]);
    mformat.args(["-N", SERIAL, "-v", "VERDIGRIS", "-i"]);
    tool(mformat.arg(image).arg("::")).map(drop)
}

/// Copies a file onto a disk, in place of one of that name.
pub fn copy(image: &Path, from: &Path, name: &str) -> Result<(), String> {
    let mut mcopy = Command::new("mcopy");
    mcopy.args(["-o", "-i"]).arg(image).arg(from).arg(at(name));
    tool(&mut mcopy)
        .map(drop)
        .map_err(|e| format!("{name} does not fit, or: {e}"))
}

/// Puts a text onto a disk, in lines as DOS ends them; gives its size there, bytes.
pub fn write(image: &Path, name: &str, text: &str) -> Result<u64, String> {
    let lines: String = text.lines().map(|line| format!("{line}\r\n")).collect();
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let file = folder.path().join(name);
    std::fs::write(&file, &lines).map_err(|e| format!("{}: {e}", file.display()))?;
    copy(image, &file, name)?;
    Ok(lines.len() as u64)
}

/// Takes a file off a disk.
pub fn extract(image: &Path, name: &str, to: &Path) -> Result<(), String> {
    let mut mcopy = Command::new("mcopy");
    tool(mcopy.arg("-i").arg(image).arg(at(name)).arg(to)).map(drop)
}

/// A text of a disk, as it is there.
pub fn text(image: &Path, name: &str) -> Result<String, String> {
    tool(Command::new("mtype").arg("-i").arg(image).arg(at(name)))
}

/// Bytes of a file of a disk.
pub fn size(image: &Path, name: &str) -> Result<u64, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let file = folder.path().join("file");
    extract(image, name, &file)?;
    let metadata = file.metadata();
    metadata
        .map(|metadata| metadata.len())
        .map_err(|e| format!("{name}: {e}"))
}

/// Bytes that are free on a disk.
pub fn free(image: &Path) -> Result<u64, String> {
    let listing = tool(Command::new("mdir").arg("-i").arg(image).arg(at("")))?;
    listing
        .lines()
        .find_map(|line| line.trim().strip_suffix(" bytes free"))
        .and_then(|digits| digits.replace(' ', "").parse().ok())
        .ok_or_else(|| format!("mdir does not say what is free:\n{listing}"))
}

/// Runs a tool for disks.
pub fn tool(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    // What a person has set for his own disks is none of this one's business.
    command.env("MTOOLSRC", "/dev/null");
    process::run(command, TOOL_LIMIT)?
        .success(&name)
        .map(|ended| ended.stdout)
}

/// A file's name as mtools wants it.
fn at(name: &str) -> String {
    format!("::{name}")
}
