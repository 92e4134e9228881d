pub use crate::arch::c::{hypervisor, hypervisor_root, Backend, DefaultTicks, WORD_NAMES};
