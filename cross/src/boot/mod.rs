//! The disk that boots: made here, and started in an emulator to see that it does what it is for.

mod bare;
mod disk;
mod emulator;
mod test;

pub use bare::run as run_bare;

use crate::toolchain;
use node_process::Node;
use std::path::{Path, PathBuf};

/// The target whose compilers make what boots.
pub const TARGET: &str = "i586";

/// What `verdigris-cross boot` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The miner for the disk: a static program for a 486 under Linux
    #[arg(long, value_name = "FILE")]
    miner: PathBuf,
    /// Where the image goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Kibibytes of the floppy: 1440, or 2880 for drives of extra density
    #[arg(long, value_name = "N", default_value_t = crate::image::USUAL_KIB)]
    kib: u32,
    /// Where what takes long to build is kept
    #[arg(long, value_name = "FOLDER", default_value = ".cache")]
    cache: PathBuf,
    /// Start the disk in emulated machines, and let each attest to this node's program
    #[arg(long, value_name = "NODE")]
    test: Option<PathBuf>,
    /// The emulated processor
    #[arg(long, value_name = "MODEL", default_value = "486")]
    cpu: String,
    /// Memory of the emulated machines, mebibytes
    #[arg(long, value_name = "N", default_value_t = test::USUAL_MEMORY_MIB)]
    memory: u32,
    /// Show the screen of each machine also where all went well
    #[arg(long)]
    screen: bool,
}

/// Makes the disk, shows what is on it, and tries it where that was asked for. Gives whether all is as it
/// should be.
///
/// # Errors
/// What could not be made or started, or what a machine did not do.
pub fn run(root: &Path, arguments: &Arguments) -> Result<bool, String> {
    let disk = disk::Plan {
        root,
        toolchain: toolchain::find()?,
        miner: &arguments.miner,
        kib: arguments.kib,
        cache: &arguments.cache,
    }
    .make(&arguments.out)?;
    print!("{}", disk.table());
    let Some(node) = &arguments.test else {
        return Ok(true);
    };
    let folder = tempfile::tempdir().map_err(|e| format!("a folder for the test: {e}"))?;
    let node = Node::start(node, folder.path(), test::NODE_ARGUMENTS)?;
    test::Plan {
        image: &arguments.out,
        folder: folder.path(),
        node: &node,
        cpu: &arguments.cpu,
        memory_mib: arguments.memory,
        screen: arguments.screen,
    }
    .run()
}
