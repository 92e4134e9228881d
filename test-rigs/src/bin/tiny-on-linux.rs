//! The tiny program over its own system calls, started by a C library: what tests drive where nobody built
//! the program that is shipped. Only its first instructions and how it is linked differ.
#![cfg_attr(not(target_os = "linux"), allow(unused))]
#![allow(unsafe_code)]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStringExt;
    use verdigris_linux::{start::Start, system::Linux};

    // What the kernel leaves on a stack, for the program's whole life: arguments, no environment, and an
    // auxiliary vector that only ends.
    let arguments = std::env::args_os().map(|argument| {
        // Arguments end at their first zero byte; they have none.
        let text = CString::new(argument.into_vec()).unwrap_or_default();
        text.into_raw() as usize
    });
    let arguments: Vec<usize> = arguments.collect();
    let mut words = vec![arguments.len()];
    words.extend(arguments);
    words.extend([0, 0, 0, 0]);
    let stack = Box::leak(words.into_boxed_slice());
    // SAFETY: laid out as the kernel does, and never given back.
    let start = unsafe { Start::from_stack(stack.as_ptr()) };
    std::process::exit(miner_tiny::program::run(&mut Linux::new(start)));
}
