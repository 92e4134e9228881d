//! Writing and running code.
//!
//! References:
//! - Intel SDM volume 2: encodings of `MOV` (89 /r), `ADD EAX, imm32` (05 id), `RET` (C3); volume
//!   3, "Handling Self- and Cross-Modifying Code": a jump to the new code is enough on the
//!   processor that wrote it, because instruction caches are kept coherent.
//! - AMD APM volume 2, "Cache Coherency": the same.
//! - System V ABI, AMD64 supplement, "Parameter Passing": first argument in EDI, result in EAX.
//!
//! So on x86 nothing is left to synchronise, and an unsynchronised patch runs as new code on every
//! processor: the channel's stale rounds are 0 by architecture.

use crate::platform::Platform;
use probe_core::machine::{Fresh, Routine, MAX_FRESH_ADDS};

/// `mov eax, edi`.
const MOV_EAX_EDI: [u8; 2] = [0x89, 0xf8];
/// `add eax, imm32`, without the constant.
const ADD_EAX: u8 = 0x05;
/// `ret`.
const RET: u8 = 0xc3;
/// Bytes of one addition.
const ADD_BYTES: usize = 5;
/// Bytes of the longest routine.
const MAX_CODE: usize = MOV_EAX_EDI.len() + MAX_FRESH_ADDS as usize * ADD_BYTES + 1;

/// The routine's type; the calling convention is named, so that it is the same on every system.
type Code = extern "sysv64" fn(u32) -> u32;

/// The routine that lies in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Installed {
    code: Code,
    adds: u16,
}

/// See [`probe_core::machine::Machine::fresh_code`]. `None` where the platform refuses, for a
/// length outside 1 to [`MAX_FRESH_ADDS`], and for running or patching what was not written.
pub(super) fn fresh_code(
    platform: &mut impl Platform,
    installed: &mut Option<Installed>,
    what: Fresh,
    routine: Routine,
) -> Option<u32> {
    match what {
        Fresh::Write => install(platform, installed, routine),
        Fresh::PatchUnsynchronised => {
            let there = installed.filter(|there| there.adds == routine.adds);
            there.and_then(|_| install(platform, installed, routine))
        }
        Fresh::Run => Some((installed.as_ref()?.code)(routine.x)),
    }
}

/// Puts the routine in memory.
fn install(
    platform: &mut impl Platform,
    installed: &mut Option<Installed>,
    routine: Routine,
) -> Option<u32> {
    if !(1..=MAX_FRESH_ADDS).contains(&routine.adds) {
        return None;
    }
    let mut bytes = [0; MAX_CODE];
    let code = encode(&mut bytes, routine);
    // The platform may drop what was there even where it refuses.
    *installed = None;
    let entry = platform.install(code)?;
    // SAFETY: the platform vouches for executable memory that holds the bytes of a function of
    // this type, until its next `install`, which is only called here.
    let code = unsafe { core::mem::transmute::<*mut u8, Code>(entry.as_ptr()) };
    *installed = Some(Installed {
        code,
        adds: routine.adds,
    });
    Some(0)
}

/// Writes the routine's bytes into `bytes`.
fn encode(bytes: &mut [u8; MAX_CODE], routine: Routine) -> &[u8] {
    let (head, rest) = bytes.split_at_mut(MOV_EAX_EDI.len());
    head.copy_from_slice(&MOV_EAX_EDI);
    let adds = usize::from(routine.adds);
    for add in rest.chunks_exact_mut(ADD_BYTES).take(adds) {
        add[0] = ADD_EAX;
        add[1..].copy_from_slice(&routine.constant.to_le_bytes());
    }
    rest[adds * ADD_BYTES] = RET;
    &bytes[..MOV_EAX_EDI.len() + adds * ADD_BYTES + 1]
}
