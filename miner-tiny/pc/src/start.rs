//! How the program starts: Multiboot header, segments, interrupts, floating point.
//!
//! References:
//! - Multiboot Specification 0.6.96: 3.1 "OS image format", 3.2 "Machine state", 3.3 "Boot information format".
//! - Intel SDM volume 3: "Protected-Mode Memory Management" (descriptors), "Interrupt and Exception Handling" (IDT),
//!   "Control Registers", "Enabling SSE".

use core::arch::{asm, global_asm};
use core::ffi::CStr;
use verdigris_pc::timer::FIRST_VECTOR;

/// What a loader leaves in a register to say that it is one.
const LOADER: u32 = 0x2bad_b002;

/// Parts of the information that are there.
const HAS_MEMORY: u32 = 1 << 0;
const HAS_COMMAND_LINE: u32 = 1 << 2;

/// Where extended memory starts.
const MEBIBYTE: usize = 1 << 20;

/// Segments, by what selects them: code, and data.
const CODE: u16 = 0x08;
/// A gate to an interrupt's handler, present, 32 bits.
const GATE: u32 = 0x8e00;

/// CR0: floating point is imitated; a task was switched; exceptions of floating point by their own vector.
const CR0_EM: u32 = 1 << 2;
const CR0_TS: u32 = 1 << 3;
const CR0_MP: u32 = 1 << 1;
const CR0_NE: u32 = 1 << 5;
/// CR4: SSE's registers and exceptions are looked after.
const CR4_OSFXSR: u32 = 1 << 9;
const CR4_OSXMMEXCPT: u32 = 1 << 10;
/// CPUID, leaf 1, EDX.
const HAS_SSE: u32 = 1 << 25;
/// EFLAGS: what can be turned over where there is CPUID.
const EFLAGS_ID: u32 = 1 << 21;

global_asm!(
    r#"
    .section .multiboot, "a"
    .balign 4
    // Magic number, memory is asked for, checksum.
    .long 0x1badb002, 2, -(0x1badb002 + 2)

    .section .text.start, "ax"
    .globl _start
_start:
    cli
    cld
    // Where arguments lie is a multiple of 16 (System V ABI, i386 supplement, 2.2.2).
    movl $verdigris_pc_stack_end - 8, %esp
    pushl %ebx
    pushl %eax
    lgdt verdigris_pc_gdt_pointer
    movw $0x10, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %fs
    movw %cx, %gs
    movw %cx, %ss
    ljmp $0x08, $1f
1:  xorl %ebp, %ebp
    call verdigris_pc_start

    // The timer's interrupt.
verdigris_pc_tick:
    pushl %eax
    incl VERDIGRIS_PC_TURNS
    movb $0x20, %al
    outb %al, $0x20
    popl %eax
    iretl

    // An interrupt that nobody asked for.
verdigris_pc_stray:
    iretl

    // An exception.
verdigris_pc_exception:
    cli
    pushl %esp
    call verdigris_pc_fault

    .section .rodata
    .balign 8
    // Nothing, code, data: all of memory (base 0, limit 4 GiB, 32 bits, ring 0).
verdigris_pc_gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
verdigris_pc_gdt_pointer:
    .word 23
    .long verdigris_pc_gdt

    .section .bss
    .balign 16
    .skip {stack}
verdigris_pc_stack_end:
    "#,
    stack = const STACK,
    options(att_syntax)
);

/// The program's stack: four times what a session takes (docs/memory.md).
const STACK: usize = 256 * 1024;

extern "C" {
    static verdigris_pc_end: u8;
    fn verdigris_pc_tick();
    fn verdigris_pc_stray();
    fn verdigris_pc_exception();
}

/// The first bytes after the program.
pub fn end() -> usize {
    (&raw const verdigris_pc_end).addr()
}

/// What the loader hands over, as far as it is looked at.
#[repr(C)]
pub struct Information {
    flags: u32,
    memory_lower: u32,
    /// KiB from 1 MiB up to the first hole.
    memory_upper: u32,
    boot_device: u32,
    command_line: *const core::ffi::c_char,
}

/// The same, looked through.
pub struct Loaded {
    /// Where memory ends.
    pub memory_end: usize,
    /// The words.
    pub command_line: &'static [u8],
}

impl Loaded {
    /// What there is of it; no memory where no loader speaks.
    ///
    /// # Safety
    /// `information` must be a loader's where `magic` is.
    pub unsafe fn new(magic: u32, information: *const Information) -> Self {
        let mut loaded = Loaded {
            memory_end: 0,
            command_line: &[],
        };
        if magic != LOADER {
            return loaded;
        }
        // SAFETY: the caller's promise.
        let information = unsafe { &*information };
        if information.flags & HAS_MEMORY != 0 {
            let bytes = (information.memory_upper as usize).saturating_mul(1024);
            loaded.memory_end = MEBIBYTE.saturating_add(bytes);
        }
        if information.flags & HAS_COMMAND_LINE != 0 {
            // SAFETY: the loader has put a text there that ends in a zero byte. Loaders put it below the first MiB
            // or behind the program; who hands memory out starts at the program's end, so it is copied first.
            let text = unsafe { CStr::from_ptr(information.command_line) }.to_bytes();
            loaded.command_line = keep(text);
        }
        loaded
    }
}

/// Bytes of the command line that are kept.
const COMMAND_LINE: usize = 512;

/// Copies the command line to where nothing overwrites it.
fn keep(text: &[u8]) -> &'static [u8] {
    static mut KEPT: [u8; COMMAND_LINE] = [0; COMMAND_LINE];
    // SAFETY: called once, before anything else runs.
    let kept = unsafe { &mut *(&raw mut KEPT) };
    let count = text.len().min(COMMAND_LINE);
    for (place, &byte) in kept.iter_mut().zip(text) {
        *place = byte;
    }
    kept.get(..count).unwrap_or_default()
}

/// Interrupt descriptors: exceptions, then two controllers' interrupts.
const VECTORS: usize = FIRST_VECTOR as usize + 16;

/// A table and its size, as `LIDT` wants it.
#[repr(C, packed)]
struct Pointer {
    limit: u16,
    table: *const [u32; 2],
}

/// Sets up exceptions and interrupts, and turns floating point on, SSE where there is any.
///
/// # Safety
/// To be called once, with interrupts off, in 32 bits without page tables.
pub unsafe fn take_over() {
    static mut TABLE: [[u32; 2]; VECTORS] = [[0; 2]; VECTORS];
    // SAFETY: nobody else refers to the table, which lives as long as the program.
    let table = unsafe { &mut *(&raw mut TABLE) };
    for (vector, gate) in table.iter_mut().enumerate() {
        let handler = match vector {
            _ if vector < usize::from(FIRST_VECTOR) => verdigris_pc_exception as *const (),
            _ if vector == usize::from(FIRST_VECTOR) => verdigris_pc_tick as *const (),
            _ => verdigris_pc_stray as *const (),
        };
        let at = handler.addr() as u32;
        *gate = [at & 0xffff | u32::from(CODE) << 16, at & 0xffff_0000 | GATE];
    }
    let pointer = Pointer {
        limit: (size_of::<[[u32; 2]; VECTORS]>() - 1) as u16,
        table: table.as_ptr(),
    };
    // SAFETY: the table is whole; CR0 and CR4 are changed in the bits named alone, CR4 where there is one.
    unsafe {
        asm!("lidt [{}]", in(reg) &pointer, options(readonly, nostack, preserves_flags));
        let mut cr0: u32;
        asm!("mov {}, cr0", out(reg) cr0, options(nomem, nostack, preserves_flags));
        cr0 = cr0 & !(CR0_EM | CR0_TS) | CR0_MP | CR0_NE;
        asm!("mov cr0, {}", "fninit", in(reg) cr0, options(nostack));
        if has_sse() {
            asm!(
                "mov {x}, cr4", "or {x}, {on}", "mov cr4, {x}",
                x = out(reg) _, on = const CR4_OSFXSR | CR4_OSXMMEXCPT,
                options(nostack)
            );
        }
    }
}

/// Whether there is SSE; a processor without `CPUID` has none.
fn has_sse() -> bool {
    let (turned, features): (u32, u32);
    // SAFETY: a flag is turned over and put back, on the stack; then registers alone.
    unsafe {
        asm!(
            "pushfd", "pushfd",
            "xor dword ptr [esp], {id}",
            "popfd", "pushfd",
            "pop {x}",
            "xor {x}, [esp]",
            "popfd",
            id = const EFLAGS_ID, x = out(reg) turned,
        );
    }
    if turned & EFLAGS_ID == 0 {
        return false;
    }
    // SAFETY: there is the instruction; EBX is the compiler's own.
    unsafe {
        asm!(
            "push ebx", "cpuid", "pop ebx",
            inout("eax") 1 => _, out("ecx") _, out("edx") features,
        );
    }
    features & HAS_SSE != 0
}

/// From here on the timer interrupts.
///
/// # Safety
/// [`take_over`] and the timer's start must have been called.
pub unsafe fn let_interrupts_come() {
    // SAFETY: the caller's promise.
    unsafe { asm!("sti", options(nostack)) };
}
