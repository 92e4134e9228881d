//! The line to the old machine: a serial device, or a TCP socket that stands for one.

use super::options::{Flow, Place};
use crate::error::Error;
use rustix::event::PollFlags;
use rustix::fs::OFlags;
use rustix::termios::{self, ControlModes, InputModes, OptionalActions, QueueSelector, Termios};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where lines come from.
#[derive(Debug)]
pub enum Source {
    /// A device, opened again whenever it comes back.
    Serial {
        /// The device.
        path: PathBuf,
        /// Bits per second.
        baud: u32,
        /// Who says stop and go on.
        flow: Flow,
    },
    /// Connections to a port of this machine, one after the other.
    Tcp(TcpListener),
}

impl Source {
    /// Prepares the place.
    ///
    /// # Errors
    /// [`Error::Line`] where a port cannot be listened on.
    pub fn new(place: &Place, baud: u32, flow: Flow) -> Result<Self, Error> {
        match place {
            Place::Serial(path) => Ok(Source::Serial {
                path: path.clone(),
                baud,
                flow,
            }),
            Place::Tcp(address) => listen(*address).map(Source::Tcp).map_err(|error| {
                Error::line(
                    format!("{address}: {error}"),
                    "choose another port with --tcp, or find out who has this one: `ss -ltnp`",
                )
            }),
        }
    }

    /// Opens the line; `None` where nobody has called yet.
    ///
    /// # Errors
    /// What the system says of the device.
    pub fn open(&self) -> io::Result<Option<Line>> {
        match self {
            Source::Serial { path, baud, flow } => {
                Serial::open(path, *baud, *flow).map(|serial| Some(Line::Serial(serial)))
            }
            Source::Tcp(listener) => match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(true)?;
                    // Frames are small and wait for each other.
                    stream.set_nodelay(true)?;
                    Ok(Some(Line::Tcp(stream)))
                }
                Err(error) if is_nothing(&error) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// An error of [`Source::open`] with what to do about it.
    pub fn explain(&self, error: &io::Error) -> Error {
        let what = format!("{self}: {error}");
        let next = match error.kind() {
            ErrorKind::NotFound => "list the devices: `ls -l /dev/ttyS* /dev/ttyUSB* /dev/ttyACM*`",
            ErrorKind::PermissionDenied => {
                "this user may not use the device: add it to the device's group (`ls -l` names it, \
                 mostly dialout or uucp) and log in again"
            }
            ErrorKind::ResourceBusy => {
                "another program has the device: `fuser` names it; a login on the serial line is \
                 stopped by `systemctl stop serial-getty@ttyS0`"
            }
            ErrorKind::InvalidInput => "the device has no such speed: another --baud",
            _ if error.raw_os_error() == Some(rustix::io::Errno::NOTTY.raw_os_error()) => {
                "that is no serial device; for an emulator whose serial port is a socket use --tcp"
            }
            _ => "check the device and its cable; `dmesg` says what the system thinks of it",
        };
        Error::line(what, next)
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Serial { path, .. } => path.display().fmt(f),
            Source::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(_) => f.write_str("the port"),
            },
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Whether an error only says that there is nothing now.
pub fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
    )
}

/// An open line. Neither reading nor writing waits.
#[derive(Debug)]
pub enum Line {
    /// A device.
    Serial(Serial),
    /// A socket.
    Tcp(TcpStream),
}

impl Line {
    /// Reads what has come; 0 where nothing has.
    ///
    /// # Errors
    /// Where the line is gone.
    pub fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Line::Serial(serial) => serial.file.read(to),
            Line::Tcp(stream) => stream.read(to),
        };
        match read {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if is_nothing(&error) => Ok(0),
            other => other,
        }
    }

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// Where the line is gone.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match self {
            Line::Serial(serial) => serial.file.write(bytes),
            Line::Tcp(stream) => stream.write(bytes),
        };
        match written {
            Err(error) if is_nothing(&error) => Ok(0),
            other => other,
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Line::Serial(serial) => serial.file.as_fd(),
            Line::Tcp(stream) => stream.as_fd(),
        }
    }
}

/// A serial device in raw mode; it gets back the settings that it had.
#[derive(Debug)]
pub struct Serial {
    file: File,
    before: Termios,
}

impl Serial {
    /// Opens a device: 8 bits, no parity, one stop bit, nothing changed on the way.
    fn open(path: &Path, baud: u32, flow: Flow) -> io::Result<Self> {
        // Not waiting for a carrier, which a null-modem cable may lack; not becoming the terminal
        // whose Ctrl-C stops this program.
        let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
        let file = File::options()
            .read(true)
            .write(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path)?;
        let before = termios::tcgetattr(&file)?;
        // Nobody else opens it meanwhile; best effort, a pseudo-terminal may not know it.
        let _ = termios::ioctl_tiocexcl(&file);
        let mut raw = before.clone();
        raw.make_raw();
        raw.input_modes
            .set(InputModes::IXON | InputModes::IXOFF, flow == Flow::Software);
        raw.control_modes
            .remove(ControlModes::CSTOPB | ControlModes::PARENB | ControlModes::CSIZE);
        raw.control_modes
            .insert(ControlModes::CS8 | ControlModes::CLOCAL | ControlModes::CREAD);
        raw.control_modes
            .set(ControlModes::CRTSCTS, flow == Flow::Hardware);
        raw.set_speed(baud)?;
        termios::tcsetattr(&file, OptionalActions::Now, &raw)?;
        // What lay there before is nobody's.
        termios::tcflush(&file, QueueSelector::IOFlush)?;
        Ok(Serial { file, before })
    }
}

impl Drop for Serial {
    fn drop(&mut self) {
        // A device that is gone takes no settings.
        let _ = termios::tcsetattr(&self.file, OptionalActions::Now, &self.before);
    }
}

/// What to wait for.
pub fn interest(reading: bool, writing: bool) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, reading);
    flags.set(PollFlags::OUT, writing);
    flags
}
