//! Codes by which programs tell why a machine counts as what it counts as. They are part of the wire form: a
//! code keeps its meaning; new reasons get new codes.

/// The claim names no machine that the tables know.
pub const CLAIM_UNKNOWN: &str = "claim_unknown";
/// The claim is no text that names a machine: other characters than such names have, or too long.
pub const CLAIM_UNREADABLE: &str = "claim_unreadable";
/// The claim is of what the evidence is of.
pub const CLAIM_CONFIRMED: &str = "claim_confirmed";
/// The evidence is of another family of processors than the claim.
pub const CLAIM_OF_ANOTHER_FAMILY: &str = "claim_of_another_family";
/// The evidence is of the claimed family, but of another class.
pub const CLAIM_OF_ANOTHER_CLASS: &str = "claim_of_another_class";
/// No core of that name has the vector unit, or the width, that ran.
pub const CORE_CANNOT_HAVE_THE_UNIT: &str = "core_cannot_have_the_unit";
/// No core of that name was ever as fast.
pub const CORE_TOO_FAST: &str = "core_too_fast";
/// The latencies are those of the core that the machine names.
pub const LATENCIES_OF_THE_CORE_NAMED: &str = "latencies_of_the_core_named";
/// The latencies are those of another core than the machine names.
pub const LATENCIES_OF_ANOTHER_CORE: &str = "latencies_of_another_core";
/// No record is of the core that the machine names.
pub const CORE_WITHOUT_RECORD: &str = "core_without_record";
/// A virtual machine or an emulator, whatever it claims.
pub const COUNTED_AS_VIRTUAL: &str = "counted_as_virtual";
/// Nothing proves it to be silicon, whatever it claims.
pub const NOT_PROVEN: &str = "not_proven";
