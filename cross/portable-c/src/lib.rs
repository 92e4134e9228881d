//! The tiny miner as a WebAssembly module: its program and session, with the kernels and the system
//! behind imports, which `host/` provides in C. Only built for `wasm32`.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
mod host;

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // Ends the program through the host's trap handler.
    core::arch::wasm32::unreachable()
}

/// Runs the program; gives its exit status. To be called once.
#[cfg(target_arch = "wasm32")]
#[no_mangle]
pub extern "C" fn vh_main() -> i32 {
    miner_tiny::program::run(&mut host::Host)
}
