//! Value probes: see [`probe_core::channels::quirks`].

/// None is answered yet.
pub(super) fn quirk(
    _p: u16,
    _o: [u32; 2],
    _f: &super::identity::Features,
) -> Option<probe_core::machine::QuirkWords> {
    None
}
