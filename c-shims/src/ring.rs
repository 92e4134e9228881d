//! Laying a [`Ring`] in memory: the links that every back end's chase follows.

use probe_core::machine::Ring;

/// Bytes that [`Ring::span`] allows for each link, and the alignment that links keep.
const LINK: usize = 8;

// A pointer must fit the place that the ring leaves for it.
const _: () = assert!(size_of::<usize>() <= LINK);

/// Lays `ring` in `arena`: at the offset of each link, the address of the next link. Gives the
/// address of the link at position 0.
///
/// `None` where the ring does not fit: a link would reach beyond the arena, fewer than two slots,
/// slots that are no multiple of the group, or links that are not aligned to 8 bytes (which also
/// keeps a link from lying across another one).
///
/// After `Some`, every link of the ring holds the address of a link of the ring, all inside
/// `arena`: a walk from the address given never leaves the arena as long as nobody writes to it.
/// The addresses are exposed, for the walker to take up.
///
/// Cost: about 10 ns for each slot while the arena fits the caches.
pub fn lay(arena: &mut [u8], ring: &Ring) -> Option<usize> {
    let base = arena.as_mut_ptr().expose_provenance();
    if !fits(arena.len(), ring) || !base.is_multiple_of(LINK) {
        return None;
    }
    let first = ring.offset(0);
    let mut at = first;
    for position in 1..ring.links() {
        let next = ring.offset(position);
        link(arena, at, base + next);
        at = next;
    }
    link(arena, at, base + first);
    Some(base + first)
}

/// Whether every link of `ring` lies inside `bytes` of memory, aligned.
fn fits(bytes: usize, ring: &Ring) -> bool {
    let aligned = [ring.stride, ring.skew, ring.pair]
        .iter()
        .all(|&distance| (distance as usize).is_multiple_of(LINK));
    if !aligned || ring.stride == 0 || ring.group == 0 || ring.slots < 2 {
        return false;
    }
    // The links are counted in 32 bits.
    if !ring.slots.is_multiple_of(ring.group) || (ring.pair != 0 && ring.slots > u32::MAX / 2) {
        return false;
    }
    // A skewed slot starts at most one link before the next slot.
    let skewed = if ring.skew == 0 {
        0
    } else {
        u64::from(ring.stride) - LINK as u64
    };
    let last = u64::from(ring.slots - 1) * u64::from(ring.stride);
    last + skewed + u64::from(ring.pair) + LINK as u64 <= bytes as u64
}

/// Stores the address `to` at `offset`.
#[cfg(not(target_arch = "wasm32"))]
fn link(arena: &mut [u8], offset: usize, to: usize) {
    arena[offset..offset + size_of::<usize>()].copy_from_slice(&to.to_ne_bytes());
}

/// Has the host store its own address of `to` at its own address of `offset`: the links that the C
/// kernels follow are the host's, wherever it keeps this memory.
#[cfg(target_arch = "wasm32")]
fn link(arena: &mut [u8], offset: usize, to: usize) {
    let at = arena[offset..offset + LINK].as_mut_ptr();
    // SAFETY: eight bytes of the arena, aligned to eight (`fits`): room for an address of the host.
    unsafe { crate::raw::vg_link(at, to as *mut u8) };
}
