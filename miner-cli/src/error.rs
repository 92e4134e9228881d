//! Everything that can go wrong, each with what to do next and an exit status.

use crate::advice;
use miner_tiny::session::{Ending, Outcome};
use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a command ended without doing what was asked.
#[derive(Debug)]
pub enum Error {
    /// The node understood and said no.
    Refused(Refusal),
    /// Options that make no sense; what and where.
    Usage(String),
    /// The configuration file makes no sense.
    Config(PathBuf, String),
    /// Something between here and the node failed.
    Network(String),
    /// The node could not be reached.
    Unreachable {
        /// What happened.
        what: String,
        /// What the owner can do.
        next: &'static str,
    },
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
    /// A terminal or a serial line could not be opened, or is gone.
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

/// Longest pause that a node can impose by `Retry-After`.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(3600);

/// Longest piece of a stranger's text that is shown.
const SHOWN_LIMIT: usize = 300;

impl Refusal {
    /// What an answer with an error status says.
    pub fn new(status: u16, retry_after_s: Option<u32>, body: &[u8]) -> Self {
        // A proxy's words may be no JSON.
        let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(shown);
        Refusal {
            status,
            code: text("code").unwrap_or_default(),
            message: text("message")
                .or_else(|| text("error"))
                .unwrap_or_else(|| "no reason given".into()),
            retry_after: retry_after_s
                .map(|seconds| Duration::from_secs(seconds.into()).min(RETRY_AFTER_LIMIT)),
            members,
        }
    }

    /// Whether the same request may succeed later, as a session sees it.
    pub fn is_passing(&self) -> bool {
        let outcome = Outcome {
            ending: Some(Ending::Refused),
            status: self.status,
            // A code that does not fit is none that is known.
            code: self.code.as_str().try_into().unwrap_or_default(),
            ..Outcome::default()
        };
        outcome.is_passing()
    }
}

/// A stranger's text made fit for a terminal: short, and without what steers it.
pub fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if steers(c) { ' ' } else { c })
        .take(SHOWN_LIMIT)
        .collect()
}

/// Control characters; and those without a width that join letters, break lines or turn the direction of
/// writing (Unicode 15, "General Punctuation" and "Specials").
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A node that cannot be reached, and what helps.
pub fn unreachable(node: &str, error: &std::io::Error) -> Error {
    Error::Unreachable {
        what: format!("{node} cannot be reached: {error}"),
        next: advice::reach(error),
    }
}

/// Something answers, but not a node.
pub fn no_node(node: &str, why: &str) -> Error {
    Error::Trust {
        what: format!("{node} does not answer as a node does: {why}"),
        next: "check the address with --node (http or https?); a proxy or a login page may be in \
               between"
            .into(),
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

    /// An error of a terminal or a serial line.
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
            Error::Usage(_) | Error::Config(..) => 2,
            Error::Network(_) | Error::Unreachable { .. } => 3,
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
            Error::Network(_) | Error::Unreachable { .. } => true,
            Error::Refused(refusal) => refusal.is_passing(),
            _ => false,
        }
    }

    /// What the owner can do next; empty where there is nothing to say.
    pub fn next_step(&self) -> String {
        match self {
            Error::Refused(refusal) => advice::refusal(refusal),
            Error::Usage(_) => "see `verdigris --help`, or `verdigris <command> --help`".into(),
            Error::Config(..) => "mend the file, or name another with --config".into(),
            Error::Network(_) => "check the address with --node, and that the node is running: \
                 `curl <node>/health`"
                .into(),
            Error::Unreachable { next, .. } => (*next).into(),
            Error::Wallet { next, .. } | Error::Trust { next, .. } | Error::Line { next, .. } => {
                next.clone()
            }
            Error::Machine(_) => "try --quick, or another --arena; if it stays so, report the \
                 machine's model and the line above"
                .into(),
            Error::File(_, error) => advice::file(error).into(),
            Error::Interrupted => String::new(),
        }
    }
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
            Error::Usage(what) | Error::Network(what) | Error::Unreachable { what, .. } => {
                f.write_str(what)
            }
            Error::Config(path, why) => {
                write!(f, "configuration file {}: {why}", path.display())
            }
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

    #[test]
    fn a_refusal_without_words_still_says_something() {
        let refusal = Refusal::new(502, None, b"<html>");
        assert_eq!(
            (refusal.status, refusal.message.as_str()),
            (502, "no reason given")
        );
    }

    #[test]
    fn no_node_imposes_more_than_an_hour() {
        let refusal = Refusal::new(429, Some(u32::MAX), b"{}");
        assert_eq!(refusal.retry_after, Some(RETRY_AFTER_LIMIT));
    }

    #[test]
    fn strangers_cannot_steer_the_terminal() {
        assert_eq!(shown("a\u{1b}[31mb\n"), "a [31mb ");
        assert_eq!(shown("paid \u{202e}0001"), "paid  0001");
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN_LIMIT);
    }
}
