//! `verdigris-pc`: the miner as a PC's own program. A Multiboot loader jumps to `_start`, in [`start`].
#![no_std]
#![no_main]

mod start;

use core::fmt::Write;
use miner_tiny::program::system::{Printer, Stream};
use verdigris_pc::screen::Screen;
use verdigris_pc::system::Pc;
use verdigris_pc::{memory, ports, timer};

/// Where `_start` goes on: in 32 bits without page tables, interrupts off, on a stack of the program's own.
#[no_mangle]
extern "C" fn verdigris_pc_start(magic: u32, information: *const start::Information) -> ! {
    // SAFETY: the loader has passed its information, or the magic number is not its own.
    let loaded = unsafe { start::Loaded::new(magic, information) };
    // SAFETY: called once, before anything that needs any of it; the machine is this program's alone, and memory above the
    // program's end is nobody's.
    let mut system = unsafe {
        start::take_over();
        memory::lend(start::end(), loaded.memory_end);
        timer::start();
        start::let_interrupts_come();
        Pc::take_over(loaded.command_line)
    };
    let status = miner_tiny::program::run(&mut system);
    let _ = writeln!(Printer(&mut system, Stream::Out), "ended: {status}");
    stop()
}

/// An exception: there is nothing that could go on. `frame` is what the processor pushed: an error code, or not, then the
/// instruction's address.
#[no_mangle]
extern "C" fn verdigris_pc_fault(frame: *const [u32; 3]) -> ! {
    // SAFETY: the processor has pushed three words at least.
    let [a, b, c] = unsafe { frame.read() };
    // SAFETY: whoever used the screen does not go on.
    let mut screen = unsafe { Screen::new() };
    screen.show("fault at one of");
    for word in [a, b, c] {
        screen.show(" ");
        for shift in (0..8).rev() {
            let digit = char::from_digit(word >> (4 * shift) & 15, 16).unwrap_or('?');
            screen.show(digit.encode_utf8(&mut [0; 4]));
        }
    }
    stop()
}

fn stop() -> ! {
    loop {
        // SAFETY: there is nothing left to do, whether or not an interrupt comes.
        unsafe { ports::halt() };
    }
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    stop()
}
