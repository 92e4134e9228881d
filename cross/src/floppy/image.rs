//! A FAT12 image of a floppy disk, by mtools.

use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a tool for disks may take.
const TOOL_LIMIT: Duration = Duration::from_secs(60);

/// A floppy of 3.5 inches and high density, as `mformat -f` names it.
const KIB: &str = "1440";

/// The volume's serial number: fixed, so that the same files make the same image.
const SERIAL: &str = "56455244";

/// The longest text that is put on a disk, bytes.
pub const TEXT_MAX: usize = 8192;

/// An image being made.
pub struct Image {
    path: PathBuf,
}

impl Image {
    /// An empty disk.
    ///
    /// # Errors
    /// What mtools said; so for all that follows.
    pub fn create(path: PathBuf) -> Result<Self, String> {
        let mut mformat = Command::new("mformat");
        mformat
            .args(["-C", "-f", KIB, "-N", SERIAL, "-v", "VERDIGRIS", "-i"])
            .arg(&path)
            .arg("::");
        tool(&mut mformat)?;
        Ok(Image { path })
    }

    /// Copies a file onto it.
    pub fn copy(&mut self, from: &Path, name: &str) -> Result<(), String> {
        let mut mcopy = Command::new("mcopy");
        mcopy.arg("-i").arg(&self.path).arg(from);
        tool(mcopy.arg(format!("::{name}")))
            .map(drop)
            .map_err(|e| format!("{name} does not fit: {e}"))
    }

    /// Puts a text onto it, with lines as DOS ends them.
    pub fn write(&mut self, name: &str, text: &str) -> Result<(), String> {
        let lines = text.replace("\r\n", "\n").replace('\n', "\r\n");
        if lines.len() > TEXT_MAX {
            return Err(format!("{name} has {} bytes", lines.len()));
        }
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let file = folder.path().join(name);
        std::fs::write(&file, lines).map_err(|e| format!("{}: {e}", file.display()))?;
        self.copy(&file, name)
    }

    /// Puts the finished image in its place.
    pub fn finish(self, to: &Path) -> Result<(), String> {
        std::fs::copy(&self.path, to)
            .map(drop)
            .map_err(|e| format!("{}: {e}", to.display()))
    }
}

/// Takes a file off an image.
pub fn extract(image: &Path, name: &str, to: &Path) -> Result<(), String> {
    let mut mcopy = Command::new("mcopy");
    mcopy.arg("-i").arg(image).arg(format!("::{name}"));
    tool(mcopy.arg(to)).map(drop)
}

/// A text of an image.
pub fn text(image: &Path, name: &str) -> Result<String, String> {
    let mut mtype = Command::new("mtype");
    tool(mtype.arg("-i").arg(image).arg(format!("::{name}")))
}

/// Bytes that are free on an image.
pub fn free(image: &Path) -> Result<u64, String> {
    let listing = tool(Command::new("mdir").arg("-i").arg(image).arg("::"))?;
    listing
        .lines()
        .find_map(|line| line.trim().strip_suffix(" bytes free"))
        .and_then(|digits| digits.replace(' ', "").parse().ok())
        .ok_or_else(|| format!("mdir does not say what is free:\n{listing}"))
}

fn tool(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    // What a person has set for his own disks is none of this one's business.
    command.env("MTOOLSRC", "/dev/null");
    process::run(command, TOOL_LIMIT)?
        .success(&name)
        .map(|ended| ended.stdout)
}
