//! How a session ended.

use crate::http::HttpError;
use crate::submission::ComposeError;
use core::fmt;
use heapless::String;
use probe_core::prober::StartError;

/// How a session ended, for a person and for a script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// How it ended; `None` while the session runs.
    pub ending: Option<Ending>,
    /// HTTP status of the last answer; 0 where there was none.
    pub status: u16,
    /// The node's code for a refusal, such as `CHALLENGE_INVALID`; empty where it gave none.
    pub code: String<48>,
    /// The node's words for a refusal: printable ASCII, anything else as `?`.
    pub message: String<256>,
    /// Seconds that the node asks to be left alone.
    pub retry_after_s: Option<u32>,
    /// The challenge answered.
    pub nonce: String<64>,
    /// The key by which the node signed its answers; `None` where they were not signed.
    pub node_key: Option<[u8; 32]>,
    /// The node's receipt.
    pub ticket: String<48>,
    /// The epoch that the attestation counts in.
    pub epoch: Option<u64>,
    /// What the node made of the evidence.
    pub verdict: VerdictSummary,
    /// Milliseconds from the challenge to the end of measuring, by the caller's clock.
    pub measured_ms: u64,
    /// Bytes of the signed submission; 0 where there is none.
    pub submission_bytes: u32,
    /// Bytes of the body of the last answer.
    pub answer_bytes: u32,
    /// Connections tried. More than two mean that something had to be repeated: a refusal
    /// `NONCE_REPLAY` may then mean that the first submission was accepted and its answer lost.
    pub connections: u8,
}

/// The code of evidence that failed the node's integrity checks. A measurement that was disturbed can
/// fail them once, so that another try is worth it.
const EVIDENCE_REJECTED: &str = "EVIDENCE_REJECTED";

/// Codes that no repetition changes although their status says "conflict".
const LASTING_CONFLICTS: [&str; 2] = ["HARDWARE_BINDING_FAILED", "DUPLICATE_HARDWARE"];

impl Outcome {
    /// Whether another session may come to a better end: the node is unwell or busy, the network is
    /// down, the challenge got lost. Not for sessions that came to a good one.
    pub fn is_passing(&self) -> bool {
        match self.ending {
            None | Some(Ending::Accepted | Ending::Rehearsed) => false,
            Some(Ending::Failed(error)) => error.is_passing(),
            Some(Ending::Refused) => match self.status {
                _ if self.code == EVIDENCE_REJECTED => true,
                409 => !LASTING_CONFLICTS.contains(&self.code.as_str()),
                408 | 429 => true,
                status => status >= 500,
            },
        }
    }
}

/// What of the node's verdict fits a small screen; members are empty where the node is of another
/// make and gave none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerdictSummary {
    /// Real silicon (`fingerprint_passed` where there is no verdict).
    pub physical: Option<bool>,
    /// Device family as the node derived it.
    pub family: String<32>,
    /// Architecture class as the node derived it.
    pub class: String<32>,
    /// The verdict in a sentence: printable ASCII.
    pub summary: String<384>,
    /// What the machine counts in settlement, billionths.
    pub weight_units: Option<u64>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The node took the submission. Whether it believes in real silicon is in the verdict.
    Accepted,
    /// The node said no; `status`, `code` and `message` say why.
    Refused,
    /// Signed but not sent: see [`super::Purpose::Rehearse`] and [`super::Purpose::Offline`].
    Rehearsed,
    /// Neither.
    Failed(Error),
}

/// Why a session came to no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A text of the configuration that cannot go into a request; names it.
    BadConfig(&'static str),
    /// No connection, twice.
    Unreachable,
    /// The connection broke, twice.
    ConnectionLost,
    /// The node did not answer in time, twice.
    TimedOut,
    /// What came is no answer of a node.
    Http(HttpError),
    /// An answer that should be a JSON object, and is none, or lacks a usable nonce.
    NotANode,
    /// The node's signature on its answer is wrong.
    BadSignature,
    /// The node is not who it was: signed by another key than the one configured, or than the
    /// challenge was; or not signed any more.
    WrongNode,
    /// The answer belongs to another challenge.
    WrongNonce,
    /// No probe with this plan and arena.
    Start(StartError),
    /// No submission could be made of the evidence.
    Compose(ComposeError),
}

impl Error {
    /// A stable name for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Error::BadConfig(_) => "BAD_CONFIG",
            Error::Unreachable => "UNREACHABLE",
            Error::ConnectionLost => "CONNECTION_LOST",
            Error::TimedOut => "TIMED_OUT",
            Error::Http(error) => error.code(),
            Error::NotANode => "NOT_A_NODE",
            Error::BadSignature => "BAD_NODE_SIGNATURE",
            Error::WrongNode => "WRONG_NODE",
            Error::WrongNonce => "WRONG_NONCE",
            Error::Start(_) => "BAD_ARENA",
            Error::Compose(_) => "NO_SUBMISSION",
        }
    }

    /// Whether the same may succeed later.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Error::Unreachable | Error::ConnectionLost | Error::TimedOut
        )
    }

    /// The exit status of the miners' programs for it.
    pub const fn exit_status(&self) -> u8 {
        match self {
            Error::BadConfig(_) => 2,
            Error::Unreachable | Error::ConnectionLost | Error::TimedOut => 3,
            Error::Start(_) | Error::Compose(_) => 5,
            Error::Http(_)
            | Error::NotANode
            | Error::BadSignature
            | Error::WrongNode
            | Error::WrongNonce => 6,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::BadConfig(what) => write!(f, "{what} cannot go into a request"),
            Error::Unreachable => f.write_str("the node cannot be reached"),
            Error::ConnectionLost => f.write_str("the connection broke"),
            Error::TimedOut => f.write_str("the node did not answer in time"),
            Error::Http(error) => error.fmt(f),
            Error::NotANode => f.write_str("what answers is not a node"),
            Error::BadSignature => f.write_str("the node's signature is wrong"),
            Error::WrongNode => f.write_str("the node is not the one it was"),
            Error::WrongNonce => f.write_str("the answer is to another challenge"),
            Error::Start(error) => error.fmt(f),
            Error::Compose(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Error {}

impl Ending {
    /// The exit status of the miners' programs for it: 0, 1 for a refusal, otherwise as
    /// [`Error::exit_status`].
    pub const fn exit_status(&self) -> u8 {
        match self {
            Ending::Accepted | Ending::Rehearsed => 0,
            Ending::Refused => 1,
            Ending::Failed(error) => error.exit_status(),
        }
    }

    /// A stable word for scripts: `accepted`, `refused`, `rehearsed`, `failed`.
    pub const fn word(&self) -> &'static str {
        match self {
            Ending::Accepted => "accepted",
            Ending::Refused => "refused",
            Ending::Rehearsed => "rehearsed",
            Ending::Failed(_) => "failed",
        }
    }
}
