//! TCP connections and UDP questions, over IPv4 and IPv6.

use crate::files::Descriptor;
use crate::kernel::{call, call_if, first_of};
use crate::wait::{until_ready, Deadline, For};
use crate::{numbers, Errno};
use core::net::IpAddr;
use linux_raw_sys::{general as linux, net};

/// A call for sockets: by itself, and as a part of `socketcall` (socketcall(2)), which is all that many
/// architectures had before Linux 4.3.
struct SocketCall {
    number: u32,
    part: u32,
}

const SOCKET: SocketCall = SocketCall {
    number: linux::__NR_socket,
    part: net::SYS_SOCKET,
};
const CONNECT: SocketCall = SocketCall {
    number: linux::__NR_connect,
    part: net::SYS_CONNECT,
};
const GETSOCKOPT: SocketCall = SocketCall {
    number: linux::__NR_getsockopt,
    part: net::SYS_GETSOCKOPT,
};

impl SocketCall {
    /// # Safety
    /// As the call demands.
    unsafe fn call(&self, arguments: [usize; 5]) -> Result<usize, Errno> {
        let [a, b, c, d, e] = arguments;
        // SAFETY: the caller's promise; `socketcall` reads as many arguments as the part has, at most five.
        unsafe {
            first_of!(
                call!(self.number, a, b, c, d, e),
                call_if!(numbers::SOCKETCALL, self.part, arguments.as_ptr()),
            )
        }
    }
}

/// A socket of a kind, whose calls do not wait.
fn socket(address: &IpAddr, kind: u32) -> Result<Descriptor, Errno> {
    let family = match address {
        IpAddr::V4(_) => net::AF_INET,
        IpAddr::V6(_) => net::AF_INET6,
    };
    // SAFETY: touches no memory.
    let socket = Descriptor::of(unsafe { SOCKET.call([family as usize, kind as usize, 0, 0, 0]) })?;
    socket.set_flags(linux::O_RDWR | linux::O_NONBLOCK)?;
    Ok(socket)
}

/// Bytes of `struct sockaddr_in` (ip(7)).
const IPV4_BYTES: usize = 16;
/// Bytes of `struct sockaddr_in6` (ipv6(7)).
const IPV6_BYTES: usize = 28;

/// An address as the kernel reads it: family in the machine's order of bytes, port and address in the network's.
fn name(address: &IpAddr, port: u16) -> ([u8; IPV6_BYTES], usize) {
    let mut name = [0; IPV6_BYTES];
    let (family, length) = match address {
        IpAddr::V4(address) => {
            name[4..8].copy_from_slice(&address.octets());
            (net::AF_INET, IPV4_BYTES)
        }
        IpAddr::V6(address) => {
            // Between port and address lie four bytes of flow information.
            name[8..24].copy_from_slice(&address.octets());
            (net::AF_INET6, IPV6_BYTES)
        }
    };
    name[..2].copy_from_slice(&(family as u16).to_ne_bytes());
    name[2..4].copy_from_slice(&port.to_be_bytes());
    (name, length)
}

fn begin(socket: &Descriptor, address: &IpAddr, port: u16) -> Result<(), Errno> {
    let (name, length) = name(address, port);
    // SAFETY: reads an address of that length.
    unsafe {
        CONNECT.call([
            socket.number() as usize,
            name.as_ptr() as usize,
            length,
            0,
            0,
        ])
    }
    .map(drop)
}

/// What became of a connection.
fn outcome(socket: &Descriptor) -> Result<(), Errno> {
    let mut error = 0i32;
    let mut length = size_of_val(&error) as u32;
    // SAFETY: writes a number and its length.
    unsafe {
        GETSOCKOPT.call([
            socket.number() as usize,
            net::SOL_SOCKET as usize,
            net::SO_ERROR as usize,
            &raw mut error as usize,
            &raw mut length as usize,
        ])
    }?;
    match error {
        0 => Ok(()),
        error => Err(Errno(error as u16)),
    }
}

/// Makes a TCP connection; `None` where nobody answers in time.
///
/// # Errors
/// The kernel's: nobody listens, or there is no way.
pub fn connect(
    address: &IpAddr,
    port: u16,
    until: &mut Deadline,
) -> Result<Option<Descriptor>, Errno> {
    let socket = socket(address, net::SOCK_STREAM)?;
    match begin(&socket, address, port) {
        Ok(()) => return Ok(Some(socket)),
        // After a signal the connection goes on being made (connect(2)).
        Err(Errno::IN_PROGRESS | Errno::INTERRUPTED) => {}
        Err(error) => return Err(error),
    }
    if !until_ready(&socket, For::Writing, until)? {
        return Ok(None);
    }
    outcome(&socket)?;
    Ok(Some(socket))
}

/// Sends a datagram and waits for the first one that comes back from where it went; gives its length, at
/// most the buffer's. `None` where none comes in time.
///
/// The socket is connected, so that the kernel drops what others send.
///
/// # Errors
/// The kernel's: nobody listens, or there is no way.
pub fn ask(
    address: &IpAddr,
    port: u16,
    question: &[u8],
    answer: &mut [u8],
    until: &mut Deadline,
) -> Result<Option<usize>, Errno> {
    let socket = socket(address, net::SOCK_DGRAM)?;
    begin(&socket, address, port)?;
    socket.write(question)?;
    loop {
        if !until_ready(&socket, For::Reading, until)? {
            return Ok(None);
        }
        match socket.read(answer) {
            // A wrong checksum makes it ready with nothing to read (select(2), "Bugs").
            Err(Errno::AGAIN | Errno::INTERRUPTED) => {}
            result => return result.map(Some),
        }
    }
}
