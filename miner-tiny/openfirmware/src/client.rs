//! The client interface of Open Firmware: services called by name, with cells of 32 bits.
//!
//! Reference: IEEE 1275-1994, section 6.3 "Client interface"; the PowerPC processor binding for where its
//! address is given.

/// Arguments and results of a service, at most.
const CELLS: usize = 8;

/// A call: the service's name, how many arguments and results, and those.
#[repr(C)]
struct Call {
    service: usize,
    arguments: usize,
    results: usize,
    cells: [usize; CELLS],
}

/// The firmware's entry: 0, or a failure.
pub type Entry = unsafe extern "C" fn(*mut core::ffi::c_void) -> isize;

/// The firmware.
#[derive(Debug, Clone, Copy)]
pub struct Firmware {
    entry: Entry,
}

/// A name, as the firmware wants it: ended by a zero byte.
pub type Name = core::ffi::CStr;

impl Firmware {
    /// The firmware behind its entry.
    ///
    /// # Safety
    /// It must be the entry that the firmware gave this program, which must not have taken the firmware's memory or
    /// exceptions from it.
    pub unsafe fn new(entry: Entry) -> Self {
        Firmware { entry }
    }

    /// Calls a service of one result.
    ///
    /// # Safety
    /// Addresses among the arguments must be what the service expects there.
    unsafe fn call<const N: usize>(&self, service: &Name, arguments: [usize; N]) -> Option<usize> {
        const { assert!(N < CELLS) };
        let mut call = Call {
            service: service.as_ptr() as usize,
            arguments: N,
            results: 1,
            cells: [0; CELLS],
        };
        call.cells[..N].copy_from_slice(&arguments);
        // SAFETY: `new` was promised the entry, and the call has the form of the standard.
        let failed = unsafe { (self.entry)((&raw mut call).cast()) };
        (failed == 0).then(|| call.cells[N])
    }

    /// A device by its path.
    pub fn find(&self, path: &Name) -> Option<usize> {
        // SAFETY: a name.
        let found = unsafe { self.call(c"finddevice", [path.as_ptr() as usize]) };
        found.filter(|&device| device != usize::MAX)
    }

    /// The first device in another.
    pub fn child(&self, device: usize) -> Option<usize> {
        // SAFETY: a number.
        unsafe { self.call(c"child", [device]) }.filter(|&device| device != 0)
    }

    /// Copies a property; gives how many bytes it has.
    pub fn property(&self, device: usize, name: &Name, to: &mut [u8]) -> Option<usize> {
        // SAFETY: a name, and a place for as many bytes as are said.
        let bytes = unsafe {
            let to_cell = to.as_mut_ptr() as usize;
            self.call(
                c"getprop",
                [device, name.as_ptr() as usize, to_cell, to.len()],
            )
        };
        bytes.filter(|&bytes| bytes != usize::MAX)
    }

    /// A property of one word.
    pub fn word(&self, device: usize, name: &Name) -> Option<u32> {
        let mut word = [0; 4];
        (self.property(device, name, &mut word)? == word.len()).then(|| u32::from_be_bytes(word))
    }

    /// The device that an instance is of.
    pub fn device(&self, instance: usize) -> Option<usize> {
        // SAFETY: a number.
        let found = unsafe { self.call(c"instance-to-package", [instance]) };
        found.filter(|&device| device != usize::MAX)
    }

    /// The device that another is in.
    pub fn parent(&self, device: usize) -> Option<usize> {
        // SAFETY: a number.
        unsafe { self.call(c"parent", [device]) }.filter(|&device| device != 0)
    }

    /// Writes text to an instance, as far as it takes it.
    pub fn write(&self, instance: usize, text: &[u8]) {
        // SAFETY: as many bytes as are said.
        let _ = unsafe { self.call(c"write", [instance, text.as_ptr() as usize, text.len()]) };
    }

    /// Gives the machine back to the firmware.
    pub fn exit(&self) {
        // SAFETY: no arguments.
        let _ = unsafe { self.call(c"exit", []) };
    }
}
