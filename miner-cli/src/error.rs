//! Everything that can go wrong, each with what to do next and an exit status.

use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a command ended without doing what was asked.
#[derive(Debug)]
pub enum Error {
    /// The node understood and said no.
    Refused(Refusal),
    /// Options or settings that make no sense; what and where.
    Usage(String),
    /// The node could not be reached, or something between here and there failed.
    Network(String),
    /// The wallet could not be read, opened or written.
    Wallet {
        /// What happened.
        what: String,
        /// What the owner can do.
        next: String,
    },
    /// This machine cannot be measured.
    Machine(String),
    /// The node's answer is not what the node we know would say.
    Trust {
        /// What happened.
        what: String,
        /// What the owner can do.
        next: String,
    },
    /// A file could not be read or written.
    File(PathBuf, std::io::Error),
    /// A serial line could not be opened.
    Line {
        /// What happened.
        what: String,
        /// What the owner can do.
        next: String,
    },
    /// The owner asked to stop.
    Interrupted,
}

/// A node's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The node's code, such as `CHALLENGE_INVALID`; empty where it gave none.
    pub code: String,
    /// The node's words.
    pub message: String,
    /// How long the node asks to be left alone.
    pub retry_after: Option<Duration>,
    /// All that the node said, with its verdict where it judged.
    pub members: Map<String, Value>,
}

/// The code of evidence that failed the node's integrity checks. A measurement that was disturbed can
/// fail them once, so that another try is worth it.
const EVIDENCE_REJECTED: &str = "EVIDENCE_REJECTED";

/// Codes that no repetition changes although their status says "conflict".
const LASTING_CONFLICTS: [&str; 2] = ["HARDWARE_BINDING_FAILED", "DUPLICATE_HARDWARE"];

impl Refusal {
    /// Whether the same request may succeed later: the node is unwell, busy, or the challenge got lost.
    pub fn is_passing(&self) -> bool {
        match self.status {
            _ if self.code == EVIDENCE_REJECTED => true,
            409 => !LASTING_CONFLICTS.contains(&self.code.as_str()),
            408 | 429 => true,
            status => status >= 500,
        }
    }
}

impl Error {
    /// A wallet error.
    pub fn wallet(what: impl Into<String>, next: impl Into<String>) -> Self {
        Error::Wallet {
            what: what.into(),
            next: next.into(),
        }
    }

    /// An error of a serial line.
    pub fn line(what: impl Into<String>, next: impl Into<String>) -> Self {
        Error::Line {
            what: what.into(),
            next: next.into(),
        }
    }

    /// A file error.
    pub fn file(path: &Path, error: std::io::Error) -> Self {
        Error::File(path.to_owned(), error)
    }

    /// The exit status, as listed in `verdigris --help`.
    pub fn exit_status(&self) -> u8 {
        match self {
            Error::Refused(_) => 1,
            Error::Usage(_) => 2,
            Error::Network(_) => 3,
            Error::Wallet { .. } => 4,
            Error::Machine(_) => 5,
            Error::Trust { .. } => 6,
            Error::File(..) | Error::Line { .. } => 7,
            // As a shell reports a program ended by SIGINT.
            Error::Interrupted => 130,
        }
    }

    /// Whether trying again later may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Network(_) => true,
            Error::Refused(refusal) => refusal.is_passing(),
            _ => false,
        }
    }

    /// What the owner can do next; empty where there is nothing to say.
    pub fn next_step(&self) -> String {
        match self {
            Error::Refused(refusal) => refusal_hint(refusal),
            Error::Usage(_) => "see `verdigris --help`, or `verdigris <command> --help`".into(),
            Error::Network(_) => "check the address with --node, and that the node is running: \
                 `curl <node>/health`; `verdigris mine` keeps trying by itself"
                .into(),
            Error::Wallet { next, .. } | Error::Trust { next, .. } | Error::Line { next, .. } => {
                next.clone()
            }
            Error::Machine(_) => "try --quick, or another --arena; if it stays so, report the \
                 machine's model and the line above"
                .into(),
            Error::File(..) => "check the path, its permissions and the space left".into(),
            Error::Interrupted => String::new(),
        }
    }
}

/// What helps against a refusal, by the node's code.
fn refusal_hint(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "CHALLENGE_INVALID" | "NONCE_REPLAY" => {
            "the challenge is used up or too old: run the command again"
        }
        "CHALLENGE_RATE_LIMIT" | "IP_RATE_LIMIT" => "too many requests from this address: wait",
        "HARDWARE_BINDING_FAILED" | "DUPLICATE_HARDWARE" => {
            "this hardware already belongs to another wallet: use that wallet, or ask the node's \
             operator for a migration"
        }
        EVIDENCE_REJECTED => {
            "the checks above say what did not hold; close what else runs here, and try again"
        }
        "REPLAY_ATTACK_BLOCKED" => "the same measurements came before: measure again later",
        "INVALID_SIGNATURE" | "SIGNING_KEY_MISMATCH" | "PUBKEY_ADDRESS_MISMATCH" => {
            "the key does not fit the wallet: check --wallet and --miner"
        }
        _ if refusal.is_passing() => "try again later; `verdigris mine` does so by itself",
        _ => "`verdigris payload` shows exactly what would be sent",
    }
    .into()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(refusal) => {
                write!(f, "the node refused: {}", refusal.message)?;
                if refusal.code.is_empty() {
                    write!(f, " (HTTP {})", refusal.status)
                } else {
                    write!(f, " ({}, HTTP {})", refusal.code, refusal.status)
                }
            }
            Error::Usage(what) | Error::Network(what) => f.write_str(what),
            Error::Machine(what) => write!(f, "this machine cannot be measured: {what}"),
            Error::Wallet { what, .. } | Error::Trust { what, .. } | Error::Line { what, .. } => {
                f.write_str(what)
            }
            Error::File(path, error) => write!(f, "{}: {error}", path.display()),
            Error::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: &str) -> Refusal {
        Refusal {
            status,
            code: code.into(),
            message: String::new(),
            retry_after: None,
            members: Map::new(),
        }
    }

    #[test]
    fn only_what_may_change_by_itself_is_tried_again() {
        for (status, code, passing) in [
            (429, "CHALLENGE_RATE_LIMIT", true),
            (503, "", true),
            (500, "INTERNAL_ERROR", true),
            (409, "CHALLENGE_INVALID", true),
            (409, "DUPLICATE_HARDWARE", false),
            (400, "INVALID_MINER", false),
            (403, "NONCE_IDENTITY_MISMATCH", false),
            (422, "MISSING_DEVICE", false),
            (422, "EVIDENCE_REJECTED", true),
        ] {
            assert_eq!(
                refusal(status, code).is_passing(),
                passing,
                "{status} {code}"
            );
        }
        assert!(Error::Network(String::new()).is_passing());
        assert!(!Error::Machine(String::new()).is_passing());
    }
}
