//! Why the kernel refused.

use linux_raw_sys::errno;

/// An error's number, as the kernel gives it: the architectures do not agree on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub u16);

/// Names the numbers that the program tells apart.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $number:ident,)+) => {
        impl Errno {
            $($(#[$doc])* pub const $name: Errno = Errno(errno::$number as u16);)+
        }
    };
}

names! {
    /// Not now.
    AGAIN = EAGAIN,
    /// There is one already.
    EXISTS = EEXIST,
    /// A connection is being made.
    IN_PROGRESS = EINPROGRESS,
    /// A signal came first.
    INTERRUPTED = EINTR,
    /// The argument makes no sense.
    INVALID = EINVAL,
    /// Input or output failed; of a terminal also: the other side has gone.
    IO = EIO,
    /// Too long a name.
    LONG_NAME = ENAMETOOLONG,
    /// No such file.
    NO_ENTRY = ENOENT,
    /// A part of the path is not a folder.
    NOT_A_FOLDER = ENOTDIR,
    /// The kernel has no such call.
    NO_SYSTEM_CALL = ENOSYS,
    /// The other side has reset the connection.
    RESET = ECONNRESET,
}
