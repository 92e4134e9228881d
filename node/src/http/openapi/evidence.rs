//! The schema of a miner's evidence: read off its type, with a sentence for each member.

use probe_core::evidence::{self, EVIDENCE_VERSION};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::trace::schema_of;

/// What a probe found.
pub struct Evidence;

/// What the members are.
const MEMBERS: [(&str, &str); 20] = [
    ("arena", "Memory lent to the probe, bytes."),
    ("branch", "How well branches are foretold."),
    ("cache", "Latencies over growing ranges of memory, in thousandths of a tick."),
    ("counter", "The counter that everything is timed with."),
    ("counter_start", "The counter at the start of the probe; from there one counter is followed from probe to probe."),
    ("elapsed_ns", "Nanoseconds of the whole probe by an independent clock; 0 without one."),
    ("elapsed_ticks", "Ticks of the whole probe."),
    ("environment", "What the system says of itself: facts by name."),
    ("fpu", "Floating-point results, bit for bit, as digests."),
    ("fresh_code", "What becomes of code that was just written."),
    ("identity", "The processor by its own registers."),
    ("jitter", "How much one and the same work varies."),
    ("oscillator", "The counter against an independent clock."),
    ("pipeline", "Costs of dependent operations, alone and in pairs, in thousandths of a tick."),
    ("quick", "Whether the quick plan ran."),
    ("quirks", "What the processor does where its manual says nothing."),
    ("simd", "The same as `pipeline` for the vector unit."),
    ("thermal", "Speed over a minute of work."),
    ("trap", "What instructions cost that a hypervisor has to step in for."),
    ("version", "The version of this form."),
];

impl PartialSchema for Evidence {
    fn schema() -> RefOr<Schema> {
        let mut schema = schema_of::<evidence::Evidence>();
        let RefOr::T(Schema::Object(object)) = &mut schema else {
            return schema;
        };
        object.description = Some(
            "What a probe found: costs, curves, histograms and digests. A channel that the machine \
             cannot run is null. docs/design.md says what each channel is for."
                .into(),
        );
        for (name, about) in MEMBERS {
            match object.properties.get_mut(name) {
                Some(RefOr::T(Schema::Object(member))) => {
                    member.description = Some(about.into());
                    if name == "version" {
                        member.enum_values = Some(vec![EVIDENCE_VERSION.into()]);
                    }
                }
                Some(RefOr::T(Schema::OneOf(member))) => member.description = Some(about.into()),
                _ => {}
            }
        }
        schema
    }
}

impl ToSchema for Evidence {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_its_sentence() {
        let RefOr::T(Schema::Object(object)) = schema_of::<evidence::Evidence>() else {
            panic!("evidence is an object");
        };
        let mut described = MEMBERS.map(|(name, _)| name);
        described.sort_unstable();
        assert!(object.properties.keys().eq(described.iter()));
    }
}
