//! One module for each channel of evidence, all of the same shape: what is measured, the kernel it
//! needs, the estimator, the evidence type, what it costs, what it says about silicon, what an
//! emulator does to it, and its source.

pub mod branch;
pub mod cache;
pub mod counter;
pub mod environment;
pub mod fpu;
pub mod fresh_code;
pub mod jitter;
mod matrix;
pub mod oscillator;
pub mod pipeline;
pub mod quirks;
pub mod simd;
pub mod thermal;
pub mod trap;

/// The channels in the order in which a probe runs them. The discriminant is the high half of the
/// channel's stream tags ([`crate::seed::Seed::stream`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ChannelId {
    /// See [`counter`].
    Counter = 1,
    /// See [`pipeline`].
    Pipeline = 2,
    /// See [`simd`].
    Simd = 3,
    /// See [`fpu`].
    Fpu = 4,
    /// See [`branch`].
    Branch = 5,
    /// See [`trap`].
    Trap = 6,
    /// See [`quirks`].
    Quirks = 7,
    /// See [`fresh_code`].
    FreshCode = 8,
    /// See [`cache`].
    Cache = 9,
    /// See [`jitter`].
    Jitter = 10,
    /// See [`oscillator`].
    Oscillator = 11,
    /// See [`thermal`].
    Thermal = 12,
    /// See [`environment`].
    Environment = 13,
}

/// What one slice of a channel's work came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<E> {
    /// There is more to do.
    More,
    /// The machine cannot run this channel.
    Absent,
    /// The channel is done.
    Done(E),
}

impl<E> Step<E> {
    /// Turns the result of a finished channel into another.
    pub(crate) fn map<T>(self, f: impl FnOnce(E) -> T) -> Step<T> {
        match self {
            Step::More => Step::More,
            Step::Absent => Step::Absent,
            Step::Done(evidence) => Step::Done(f(evidence)),
        }
    }
}

impl ChannelId {
    /// All, in running order.
    pub const ALL: [ChannelId; 13] = [
        ChannelId::Counter,
        ChannelId::Pipeline,
        ChannelId::Simd,
        ChannelId::Fpu,
        ChannelId::Branch,
        ChannelId::Trap,
        ChannelId::Quirks,
        ChannelId::FreshCode,
        ChannelId::Cache,
        ChannelId::Jitter,
        ChannelId::Oscillator,
        ChannelId::Thermal,
        ChannelId::Environment,
    ];

    /// The name on the wire, in verdicts and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            ChannelId::Counter => "counter",
            ChannelId::Pipeline => "pipeline",
            ChannelId::Simd => "simd",
            ChannelId::Fpu => "fpu",
            ChannelId::Branch => "branch",
            ChannelId::Trap => "trap",
            ChannelId::Quirks => "quirks",
            ChannelId::FreshCode => "fresh_code",
            ChannelId::Cache => "cache",
            ChannelId::Jitter => "jitter",
            ChannelId::Oscillator => "oscillator",
            ChannelId::Thermal => "thermal",
            ChannelId::Environment => "environment",
        }
    }

    /// The stream tag of this channel's `part` (below 65,536).
    pub const fn tag(self, part: u16) -> u32 {
        (self as u32) << 16 | part as u32
    }
}
