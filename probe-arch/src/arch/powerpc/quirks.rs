//! stub
use super::identity::Features;
use probe_core::machine::QuirkWords;
pub(super) fn quirk(_p: u16, _o: [u32; 2], _f: &Features) -> Option<QuirkWords> { None }
