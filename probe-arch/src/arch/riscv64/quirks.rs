//! Value probes: see [`probe_core::channels::quirks`].

/// None is answered yet.
pub(super) fn quirk(_p: u16, _o: [u32; 2]) -> Option<probe_core::machine::QuirkWords> {
    None
}
