//! The standard library as a system for the tiny program: how its tests run it in a folder of their
//! own, with real files and sockets.

use miner_tiny::program::system::{FileError, Name, Readers, Received, Refused, Stream, System};
use probe_arch::os::{Arena, MonotonicClock};
use probe_arch::Native;
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A system whose relative file names are those of a folder.
pub struct Standard {
    folder: PathBuf,
    arguments: Vec<String>,
    start: Instant,
    line: Option<TcpStream>,
    /// What was printed: results, and the rest.
    pub printed: [String; 2],
    /// The name server of `/etc/resolv.conf`, whatever port it has.
    pub name_server: Option<SocketAddr>,
    /// Whether the system has random numbers.
    pub random: bool,
    /// Whether printing goes to the process's own streams instead.
    pub live: bool,
}

impl Standard {
    pub fn new(folder: impl Into<PathBuf>, arguments: &[&str]) -> Self {
        Standard {
            folder: folder.into(),
            arguments: arguments.iter().map(|text| text.to_string()).collect(),
            start: Instant::now(),
            line: None,
            printed: [String::new(), String::new()],
            name_server: None,
            random: true,
            live: false,
        }
    }

    fn line(&mut self) -> Result<&mut TcpStream, Refused> {
        self.line.as_mut().ok_or(Refused("no line"))
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let length = from.len().min(to.len());
    to[..length].copy_from_slice(&from[..length]);
    length
}

fn refused(error: Error) -> Refused {
    match error.kind() {
        ErrorKind::ConnectionRefused => Refused("connection refused"),
        _ => Refused("refused"),
    }
}

fn is_pause(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn limit(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms.max(1)))
}

impl System for Standard {
    type Machine = Native;
    type Clock = MonotonicClock;

    fn machine(&mut self) -> Native {
        Native::new()
    }

    fn clock(&mut self) -> MonotonicClock {
        MonotonicClock
    }

    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        let arena = Box::leak(Box::new(Arena::new(bytes).ok()?));
        Some(&mut arena[..bytes])
    }

    fn argument(&mut self, index: u32, to: &mut [u8]) -> Option<usize> {
        let argument = self.arguments.get(index as usize)?;
        Some(copy(argument.as_bytes(), to))
    }

    fn print(&mut self, stream: Stream, text: &str) {
        match (self.live, stream) {
            (false, stream) => self.printed[stream as usize - 1] += text,
            (true, Stream::Out) => print!("{text}"),
            (true, Stream::Error) => eprint!("{text}"),
        }
    }

    fn now_ms(&mut self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn wait_ms(&mut self, ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }

    fn entropy(&mut self, to: &mut [u8]) -> Result<(), Refused> {
        if !self.random {
            return Err(Refused("no random numbers"));
        }
        getrandom::fill(to).map_err(|_| Refused("no random numbers"))
    }

    fn name(&mut self, name: Name, to: &mut [u8]) -> usize {
        let file = match name {
            Name::Host => "/proc/sys/kernel/hostname",
            Name::Machine => "/proc/sys/kernel/arch",
            Name::System => "/proc/sys/kernel/ostype",
            Name::Release => "/proc/sys/kernel/osrelease",
        };
        let text = std::fs::read_to_string(file).unwrap_or_default();
        copy(text.trim().as_bytes(), to)
    }

    fn cores(&mut self) -> u16 {
        std::thread::available_parallelism().map_or(1, |cores| cores.get() as u16)
    }

    fn free_memory(&mut self) -> Option<u64> {
        None
    }

    fn entry(&mut self, folder: &str, index: u32, to: &mut [u8]) -> Option<usize> {
        let mut names: Vec<_> = std::fs::read_dir(self.folder.join(folder))
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        Some(copy(names.get(index as usize)?.as_bytes(), to))
    }

    fn read(
        &mut self,
        file: &str,
        readers: Readers,
        offset: u32,
        to: &mut [u8],
    ) -> Result<usize, FileError> {
        let unreadable = |error: Error| match error.kind() {
            ErrorKind::NotFound => FileError::Absent,
            _ => FileError::Unreadable,
        };
        if let (Some(server), "/etc/resolv.conf") = (self.name_server, file) {
            let text = format!("nameserver {}\n", server.ip());
            return Ok(copy(
                text.as_bytes().get(offset as usize..).unwrap_or(b""),
                to,
            ));
        }
        let mut file = File::open(self.folder.join(file)).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode();
        if readers == Readers::Owner && mode & 0o077 != 0 {
            return Err(FileError::Public);
        }
        if offset > 0 {
            file.seek(SeekFrom::Start(offset.into()))
                .map_err(unreadable)?;
        }
        let mut count = 0;
        while count < to.len() {
            match file.read(&mut to[count..]).map_err(unreadable)? {
                0 => break,
                more => count += more,
            }
        }
        Ok(count)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(file))
            .and_then(|mut file| file.write_all(bytes))
            .map_err(refused)
    }

    fn create_private(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.folder.join(file))
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .map_err(refused)
    }

    fn ask(
        &mut self,
        server: IpAddr,
        port: u16,
        question: &[u8],
        answer: &mut [u8],
        ms: u64,
    ) -> Result<Option<usize>, Refused> {
        let any: IpAddr = match server {
            IpAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).map_err(refused)?;
        let named = self.name_server.map_or(port, |named| named.port());
        socket.connect((server, named)).map_err(refused)?;
        socket.set_read_timeout(limit(ms)).map_err(refused)?;
        socket.send(question).map_err(refused)?;
        match socket.recv(answer) {
            Ok(count) => Ok(Some(count)),
            Err(error) if is_pause(&error) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    fn connect(&mut self, address: IpAddr, port: u16, ms: u64) -> Result<(), Refused> {
        let limit = Duration::from_millis(ms.max(1));
        let stream = TcpStream::connect_timeout(&(address, port).into(), limit);
        self.line = Some(stream.map_err(refused)?);
        Ok(())
    }

    fn open_serial(&mut self, _device: &str, _baud: u32) -> Result<(), Refused> {
        Err(Refused("no serial lines here"))
    }

    fn send(&mut self, bytes: &[u8], ms: u64) -> Result<usize, Refused> {
        let line = self.line()?;
        line.set_write_timeout(limit(ms)).map_err(refused)?;
        match line.write(bytes) {
            Ok(count) => Ok(count),
            Err(error) if is_pause(&error) => Ok(0),
            Err(error) => Err(refused(error)),
        }
    }

    fn receive(&mut self, to: &mut [u8], ms: u64) -> Result<Received, Refused> {
        let line = self.line()?;
        line.set_read_timeout(limit(ms)).map_err(refused)?;
        match line.read(to) {
            Ok(0) => Ok(Received::Closed),
            Ok(count) => Ok(Received::Bytes(count)),
            Err(error) if is_pause(&error) => Ok(Received::Nothing),
            Err(error) => Err(refused(error)),
        }
    }

    fn close(&mut self) {
        self.line = None;
    }
}
