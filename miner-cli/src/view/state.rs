//! What the screen knows, and how it comes to know it: messages in, nothing out but what the owner wishes.
//!
//! Times are since the program's start, by a clock that nobody sets: an old machine may not know the date.

use super::account::Account;
use crate::verdict::Verdict;
use crate::watch::Rest;
use probe_core::evidence::Evidence;
use probe_core::prober::Progress;
use std::collections::VecDeque;
use std::time::Duration;

/// Attestations and lines of the log that are kept: months of the one, days of trouble of the other, in less
/// than 100 KiB.
const KEPT: usize = 500;

/// Lines of the log among which a repetition is looked for: what a failing attestation writes.
const LATELY: usize = 3;

/// Time since the program's start.
pub type Moment = Duration;

/// Something that the miner tells.
#[derive(Debug)]
pub enum Message {
    /// An attestation begins.
    Begun,
    /// How far measuring is.
    Measuring(Progress),
    /// What was found so far.
    Found(Box<Evidence>),
    /// All was found.
    Measured(Box<Evidence>),
    /// The node accepted; its verdict, and its answer in a sentence.
    Accepted(Option<Verdict>, String),
    /// An attestation came to nothing.
    Failed {
        /// What happened.
        what: String,
        /// What the owner can do.
        next: String,
        /// The node's verdict, where it refused for what it found.
        verdict: Option<Verdict>,
    },
    /// Worth knowing.
    Remark(String),
    /// The miner waits.
    Resting(Duration, Rest),
    /// What the node says of the account.
    Account(Box<Account>),
}

/// What the miner does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase {
    /// Not heard of yet.
    Starting,
    /// Asks the node for a challenge.
    Asking,
    /// Measures.
    Measuring(Progress),
    /// Signs, sends, and hears what the node makes of it.
    Sending,
    /// Waits until then.
    Resting(Moment, Rest),
}

/// The parts of the screen that do not fit beside each other on a small one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The channels.
    Probe,
    /// The node's verdict.
    Verdict,
    /// Attestations so far.
    History,
    /// What else happened.
    Log,
}

impl Page {
    /// All, in the order of their keys.
    pub const ALL: [Page; 4] = [Page::Probe, Page::Verdict, Page::History, Page::Log];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Page::Probe => "Probe",
            Page::Verdict => "Verdict",
            Page::History => "History",
            Page::Log => "Log",
        }
    }
}

/// An attestation that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// When it ended, the last time.
    pub at: Moment,
    /// How many in a row came to the same.
    pub times: u64,
    /// How long it took.
    pub took: Duration,
    /// Whether the node accepted.
    pub accepted: bool,
    /// What the node said, or why it did not.
    pub what: String,
}

/// How a line of the log is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Worth knowing.
    Note,
    /// Something went wrong.
    Trouble,
    /// What to do about it.
    Advice,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, the last time.
    pub at: Moment,
    /// How often.
    pub times: u64,
    /// How it is meant.
    pub kind: Kind,
    /// What happened.
    pub text: String,
}

/// What is wrong at present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What happened.
    pub what: String,
    /// What the owner can do.
    pub next: String,
}

/// All that a frame is made of.
#[derive(Debug)]
pub struct State {
    /// The node's address.
    pub node: String,
    /// The id that is paid.
    pub miner: String,
    /// What the miner does.
    pub phase: Phase,
    /// Whether the owner wants a pause after the present attestation.
    pub paused: bool,
    /// Whether the owner wants to stop.
    pub stopping: bool,
    /// What was found so far, or last.
    pub evidence: Option<Box<Evidence>>,
    /// The last verdict.
    pub verdict: Option<Verdict>,
    /// The last account, and when it was told.
    pub account: Option<(Box<Account>, Moment)>,
    /// Attestations, the last one first.
    pub history: VecDeque<Attested>,
    /// How many the node accepted, of how many.
    pub counts: (u64, u64),
    /// What happened, the last thing first.
    pub log: VecDeque<Entry>,
    /// What is wrong at present.
    pub trouble: Option<Trouble>,
    /// The page that keys speak to, and on a small screen the only one.
    pub page: Page,
    /// Lines that each page is scrolled down by.
    pub scroll: [usize; Page::ALL.len()],
    /// Whether checks are shown with what was measured and expected.
    pub details: bool,
    /// Whether the keys are explained.
    pub help: bool,
    began: Moment,
}

impl State {
    /// Before anything happened.
    pub fn new(node: &str, miner: &str) -> Self {
        State {
            node: node.into(),
            miner: miner.into(),
            phase: Phase::Starting,
            paused: false,
            stopping: false,
            evidence: None,
            verdict: None,
            account: None,
            history: VecDeque::new(),
            counts: (0, 0),
            log: VecDeque::new(),
            trouble: None,
            page: Page::Probe,
            scroll: [0; Page::ALL.len()],
            details: false,
            help: false,
            began: Moment::ZERO,
        }
    }

    /// Takes in what happened at `now`.
    pub fn hear(&mut self, message: Message, now: Moment) {
        match message {
            Message::Begun => {
                self.began = now;
                self.phase = Phase::Asking;
            }
            Message::Measuring(progress) => self.phase = Phase::Measuring(progress),
            Message::Found(evidence) => self.evidence = Some(evidence),
            Message::Measured(evidence) => {
                self.evidence = Some(evidence);
                self.phase = Phase::Sending;
            }
            Message::Accepted(verdict, what) => {
                self.verdict = verdict;
                self.trouble = None;
                self.ended(now, true, what);
            }
            Message::Failed {
                what,
                next,
                verdict,
            } => {
                if verdict.is_some() {
                    self.verdict = verdict;
                }
                let known = self
                    .trouble
                    .as_ref()
                    .is_some_and(|trouble| trouble.next == next);
                if !known && !next.is_empty() {
                    self.note(now, Kind::Advice, next.clone());
                }
                self.note(now, Kind::Trouble, what.clone());
                self.ended(now, false, what.clone());
                self.trouble = Some(Trouble { what, next });
            }
            Message::Remark(text) => self.note(now, Kind::Note, text),
            Message::Resting(time, why) => self.phase = Phase::Resting(now + time, why),
            Message::Account(account) => self.account = Some((account, now)),
        }
    }

    /// Writes something to the log. What happened just before is counted instead of repeated: a node that is
    /// away for a day is tried hundreds of times.
    pub fn note(&mut self, at: Moment, kind: Kind, text: String) {
        let known = self.log.iter().take(LATELY);
        let known = known
            .into_iter()
            .position(|one| one.kind == kind && one.text == text);
        let times = known
            .and_then(|place| self.log.remove(place))
            .map_or(0, |one| one.times);
        let times = times + 1;
        self.log.push_front(Entry {
            at,
            times,
            kind,
            text,
        });
        self.log.truncate(KEPT);
    }

    fn ended(&mut self, at: Moment, accepted: bool, what: String) {
        self.counts.0 += u64::from(accepted);
        self.counts.1 += 1;
        let took = at.saturating_sub(self.began);
        let same = |one: &&Attested| !accepted && !one.accepted && one.what == what;
        let times = self.history.front().filter(same).map_or(0, |one| one.times);
        if times > 0 {
            self.history.pop_front();
        }
        let times = times + 1;
        self.history.push_front(Attested {
            at,
            times,
            took,
            accepted,
            what,
        });
        self.history.truncate(KEPT);
    }

    /// Whether the machine is measured now, and should do nothing else.
    pub fn measures(&self) -> bool {
        matches!(self.phase, Phase::Measuring(_))
    }
}
