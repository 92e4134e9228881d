//! The miner's side of the screen: tells what happens, and hears what the owner wishes.

use super::account::Account;
use super::keys::Wish;
use super::state::Message;
use super::Envelope;
use crate::client::Client;
use crate::error::Error;
use crate::stop::{Stop, LOOK};
use crate::verdict::{self, Verdict};
use crate::watch::{Event, Rest, Watch};
use probe_core::channels::ChannelId;
use probe_core::evidence::Evidence;
use probe_core::prober::Progress;
use std::cell::Cell;
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// Time between two frames while measuring, at least: fast enough to look alive.
const FRAME: Duration = Duration::from_millis(100);

/// The part of the time that drawing may take: on a slow machine, or over a serial line that a frame fills for
/// a second, frames come less often.
const DRAWING: u32 = 20;

/// How long after an epoch's end its settlement is asked for: at least, and at most so much more, so that
/// not all miners ask at once.
const SETTLED: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));

/// Sends what it sees to the screen.
pub struct Teller {
    screen: Sender<Envelope>,
    wishes: Receiver<Wish>,
    client: Client,
    miner: String,
    paused: Cell<bool>,
    asked: Cell<bool>,
    /// When the account is worth asking for again: its epoch is over.
    renew: Cell<Option<Instant>>,
    /// The channel shown last, and when it is shown again.
    shown: Cell<Option<(Option<ChannelId>, Instant)>>,
}

impl Teller {
    /// Speaks to `screen` and hears `wishes`; asks `client`'s node for the account of `miner`.
    pub fn new(
        screen: Sender<Envelope>,
        wishes: Receiver<Wish>,
        client: Client,
        miner: String,
    ) -> Self {
        Teller {
            screen,
            wishes,
            client,
            miner,
            paused: false.into(),
            asked: false.into(),
            renew: None.into(),
            shown: None.into(),
        }
    }

    /// A screen that is gone needs to know nothing.
    fn tell(&self, message: Message) {
        let _ = self.screen.send(Envelope::Told(message, None));
    }

    /// Shows progress, and returns when it is on the screen: drawing while the machine is measured would be
    /// measured too.
    fn show(&self, progress: Progress, so_far: &Evidence) {
        let began = Instant::now();
        let last = self
            .shown
            .get()
            .filter(|(channel, _)| *channel == progress.channel);
        if last.is_some_and(|(_, again)| began < again) {
            return;
        }
        if last.is_none() {
            self.tell(Message::Found(Box::new(so_far.clone())));
        }
        let (drawn, wait) = sync_channel(1);
        let message = Message::Measuring(progress);
        let _ = self.screen.send(Envelope::Told(message, Some(drawn)));
        // An error says that it is drawn, or that the screen is gone.
        let _ = wait.recv();
        let pause = FRAME.max(began.elapsed() * DRAWING);
        self.shown
            .set(Some((progress.channel, Instant::now() + pause)));
    }

    fn ask_account(&self) {
        self.asked.set(true);
        self.renew.set(None);
        match Account::ask(&self.client, &self.miner) {
            Ok(account) => {
                if let Some(left_s) = account.left_s {
                    let (least, spread) = SETTLED;
                    let share = getrandom::u32().unwrap_or(0) % spread.as_millis() as u32;
                    let wait =
                        Duration::from_secs(left_s) + least + Duration::from_millis(share.into());
                    self.renew.set(Instant::now().checked_add(wait));
                }
                self.tell(Message::Account(Box::new(account)));
            }
            // Attesting says the same, and louder.
            Err(Error::Network(_) | Error::Unreachable { .. }) => {}
            Err(error) => self.tell(Message::Remark(format!(
                "the balance is not known: {error}"
            ))),
        }
    }

    /// Takes a wish in; whether it is to attest now.
    fn hear(&self, wish: Wish) -> bool {
        match wish {
            Wish::Pause => self.paused.set(true),
            Wish::Resume => self.paused.set(false),
            Wish::Attest | Wish::Quit => {}
        }
        wish == Wish::Attest
    }
}

impl Watch for Teller {
    fn see(&self, event: Event<'_>) {
        match event {
            Event::Begun => {
                self.tell(Message::Begun);
                if !self.asked.get() {
                    self.ask_account();
                }
            }
            Event::Measuring(progress, so_far) => self.show(progress, so_far),
            Event::Measured(evidence) => {
                self.shown.set(None);
                self.tell(Message::Measured(Box::new(evidence.clone())));
            }
            Event::Accepted(answer) => {
                let what = verdict::summary(answer);
                self.tell(Message::Accepted(Verdict::of(answer), what));
            }
            Event::Failed(error) => {
                self.shown.set(None);
                let verdict = match error {
                    Error::Refused(refusal) => Verdict::of(&refusal.members),
                    _ => None,
                };
                self.tell(Message::Failed {
                    what: error.to_string(),
                    next: error.next_step(),
                    verdict,
                });
            }
            Event::Remark(text) => self.tell(Message::Remark(text.into())),
        }
    }

    fn rest(&self, time: Duration, why: Rest, stop: &Stop) -> Result<(), Error> {
        let end = Instant::now() + time;
        // Who wished for an attestation while there was one has it.
        self.wishes.try_iter().for_each(|wish| {
            self.hear(wish);
        });
        self.tell(Message::Resting(time, why));
        if why == Rest::Interval {
            self.ask_account();
        }
        loop {
            stop.check()?;
            let now = Instant::now();
            if self.renew.get().is_some_and(|at| at <= now) {
                self.ask_account();
            }
            if now >= end && !self.paused.get() {
                return Ok(());
            }
            let left = end.saturating_duration_since(now);
            match self
                .wishes
                .recv_timeout(if left.is_zero() { LOOK } else { left.min(LOOK) })
            {
                Ok(wish) if self.hear(wish) => return Ok(()),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                // The screen is gone; it has asked to stop, or will.
                Err(RecvTimeoutError::Disconnected) => stop.sleep(LOOK)?,
            }
        }
    }
}
