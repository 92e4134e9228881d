//! `verdigris-openfirmware`: the miner as a Power Macintosh's own program. Open Firmware jumps to `_start`.
#![no_std]
#![no_main]

mod memory;
mod serial;
mod system;

use core::arch::global_asm;
use system::{Macintosh, SAID};
use verdigris_openfirmware::client::{Entry, Firmware};

// References: IEEE 1275 PowerPC processor binding, "Client program start": the client interface's entry is in
// register 5, interrupts and translation are the firmware's. PEM, "Machine state register": 0x2000 lets
// floating point be used, 0x0200_0000 AltiVec (on processors without it the bit does nothing).
global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "mfmsr 9",
    "ori 9, 9, 0x2000",
    "oris 9, 9, 0x0200",
    "mtmsr 9",
    "isync",
    // Moves the program from where it is (8) to where it belongs (7), and clears what follows.
    "bl 0f",
    "0: mflr 8",
    "addi 8, 8, _start - 0b",
    "lis 7, verdigris_start@ha",
    "addi 7, 7, verdigris_start@l",
    "lis 6, verdigris_data_end@ha",
    "addi 6, 6, verdigris_data_end@l",
    "cmplw 7, 8",
    "beq 2f",
    "1: lwz 0, 0(8)",
    "stw 0, 0(7)",
    "dcbst 0, 7",
    "sync",
    "icbi 0, 7",
    "addi 8, 8, 4",
    "addi 7, 7, 4",
    "cmplw 7, 6",
    "blt 1b",
    "sync",
    "isync",
    "2: lis 7, verdigris_end@ha",
    "addi 7, 7, verdigris_end@l",
    "li 0, 0",
    "3: stw 0, 0(6)",
    "addi 6, 6, 4",
    "cmplw 6, 7",
    "blt 3b",
    "lis 1, ({stack} + {bytes} - 64)@ha",
    "addi 1, 1, ({stack} + {bytes} - 64)@l",
    "mr 3, 5",
    "lis 9, {go_on}@ha",
    "addi 9, 9, {go_on}@l",
    "mtctr 9",
    "bctr",
    ".previous",
    stack = sym memory::STACK,
    bytes = const memory::STACK_BYTES,
    go_on = sym go_on,
);

/// Where `_start` goes on, on a stack of the program's own.
extern "C" fn go_on(entry: Entry) -> ! {
    // SAFETY: it is what the firmware has passed, and neither its memory nor its exceptions are touched.
    let firmware = unsafe { Firmware::new(entry) };
    let mut said = [0; SAID];
    if let Some(mut machine) = Macintosh::ask(firmware, &mut said) {
        miner_tiny::program::run(&mut machine);
    }
    firmware.exit();
    stop()
}

/// What Linux would say of the processor's features, to the parts of the probe that ask for it
/// (`AT_HWCAP`; `arch/powerpc/include/uapi/asm/cputable.h`). Nothing else is known.
#[no_mangle]
extern "C" fn getauxval(entry: core::ffi::c_ulong) -> core::ffi::c_ulong {
    const AT_HWCAP: core::ffi::c_ulong = 16;
    const HAS_ALTIVEC: core::ffi::c_ulong = 0x1000_0000;
    /// Versions with AltiVec: 7400, 7410, 7441 to 7458, 970.
    const WITH_ALTIVEC: [u32; 9] = [
        0x000c, 0x800c, 0x8000, 0x8001, 0x8002, 0x8003, 0x8004, 0x0039, 0x003c,
    ];
    let pvr: u32;
    // SAFETY: reads a register that the program has the privilege for.
    unsafe { core::arch::asm!("mfspr {0}, 287", out(reg) pvr, options(nomem, nostack)) };
    match entry {
        AT_HWCAP if WITH_ALTIVEC.contains(&(pvr >> 16)) => HAS_ALTIVEC,
        _ => 0,
    }
}

fn stop() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    stop()
}
