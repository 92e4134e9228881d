//! Serial lines: raw, 8 bits, no parity, one stop bit, no flow control (termios(3)).

use crate::files::Descriptor;
use crate::kernel::call;
use crate::Errno;
use core::mem::MaybeUninit;
use linux_raw_sys::general as linux;

#[cfg(not(any(target_arch = "sparc", target_arch = "sparc64")))]
use linux_raw_sys::ioctl::{TCGETS, TCSETS};

/// `TCGETS` and `TCSETS` of SPARC (Linux, `arch/sparc/include/uapi/asm/ioctls.h`: `_IOR('T', 8, struct termios)`
/// and `_IOW('T', 9, struct termios)`).
#[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
const TCGETS: u32 = 0x4024_5408;
#[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
const TCSETS: u32 = 0x8024_5409;
#[cfg(any(target_arch = "sparc", target_arch = "sparc64"))]
const _: () = assert!(size_of::<linux::termios>() == 0x24);

/// Speeds in bits a second that every Unix serial line has had, and how the kernel numbers them.
const SPEEDS: [(u32, u32); 9] = [
    (1_200, linux::B1200),
    (2_400, linux::B2400),
    (4_800, linux::B4800),
    (9_600, linux::B9600),
    (19_200, linux::B19200),
    (38_400, linux::B38400),
    (57_600, linux::B57600),
    (115_200, linux::B115200),
    (230_400, linux::B230400),
];

/// Opens a serial line at a speed in bits a second.
///
/// # Errors
/// [`Errno::INVALID`] for a speed that there is not, else the kernel's.
pub fn open(device: &str, baud: u32) -> Result<Descriptor, Errno> {
    let (_, speed) = SPEEDS
        .into_iter()
        .find(|(bits, _)| *bits == baud)
        .ok_or(Errno::INVALID)?;
    // Without waiting for the carrier of a modem, and without taking the line for the program's terminal.
    let flags = linux::O_RDWR | linux::O_NOCTTY | linux::O_NONBLOCK;
    let line = Descriptor::open(device, flags, 0)?;
    let mut settings = settings(&line)?;
    let control = linux::CS8 | linux::CREAD | linux::CLOCAL | speed;
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = control;
    // A single byte makes the line ready.
    settings.c_cc[linux::VMIN as usize] = 1;
    settings.c_cc[linux::VTIME as usize] = 0;
    // SAFETY: reads one `termios`.
    unsafe {
        call!(
            linux::__NR_ioctl,
            line.number(),
            TCSETS,
            &raw const settings
        )
    }?;
    // A driver takes what it can and says nothing of the rest.
    let taken = self::settings(&line)?.c_cflag;
    let of_interest = linux::CBAUD | linux::CSIZE | linux::PARENB | linux::CSTOPB;
    if (taken ^ control) & of_interest != 0 {
        return Err(Errno::INVALID);
    }
    Ok(line)
}

fn settings(line: &Descriptor) -> Result<linux::termios, Errno> {
    let mut settings = MaybeUninit::zeroed();
    // SAFETY: writes one `termios`, all of whose bits are numbers.
    unsafe {
        call!(
            linux::__NR_ioctl,
            line.number(),
            TCGETS,
            settings.as_mut_ptr()
        )?;
        Ok(settings.assume_init())
    }
}
