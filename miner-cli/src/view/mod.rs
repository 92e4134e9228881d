//! `verdigris mine` on a whole terminal.
//!
//! Data flows one way. The miner runs in a thread of its own and sends messages ([`teller`]); they become a
//! [`State`]; a pure function makes a frame of it ([`frame`]); what changed is sent to the terminal. The
//! owner's wishes go back to the miner, which takes them between two steps.
//!
//! While the machine is measured nothing is drawn but at the miner's own word, between two slices of
//! measuring: what the screen costs is not in the evidence.

mod account;
mod findings;
mod frame;
mod keys;
mod look;
mod pages;
mod state;
mod teller;
mod terminal;
mod text;

use crate::attest::Miner;
use crate::client::Client;
use crate::config::Settings;
use crate::error::Error;
use crate::mine::{self, Plan};
use crate::out;
use crate::screen;
use crate::stop::{Stop, LOOK};
use crate::watch::Lines;
use keys::Wish;
use look::Look;
use ratatui::crossterm::event;
use state::{Message, Moment, Page, State};
use std::io::{self, IsTerminal};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};
use teller::Teller;
use terminal::{Surface, Whole};

/// How often a frame is drawn where only the time passes.
const TICK: Duration = Duration::from_secs(1);

/// How long a miner that was asked to stop gets before the owner is told what it waits for.
const GRACE: Duration = Duration::from_millis(500);

/// What the screen's thread receives.
pub enum Envelope {
    /// The miner tells something; where somebody waits for it to be drawn, he wants to know.
    Told(Message, Option<SyncSender<()>>),
    /// The owner pressed something, or the terminal has another size.
    Input(event::Event),
    /// The terminal is gone.
    Lost(io::Error),
    /// The miner is done, or panicked.
    Ended(thread::Result<Result<(), Error>>),
}

/// Whether there is a terminal that can be filled, and nothing speaks against it.
pub fn is_possible(settings: &Settings, plan: &Plan) -> bool {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let lines = settings.json || settings.quiet || plan.dry_run;
    terminal && screen::can_move() && !lines
}

/// Mines on a whole terminal. The screen is left when the owner asks, when the rounds are over, and when the
/// node refuses for good.
///
/// # Errors
/// As [`mine::run`]; [`Error::File`] where the terminal cannot be had, or is lost.
pub fn run(settings: Settings, plan: Plan) -> Result<(), Error> {
    // While the screen is ours a signal must not end the program: it would leave the terminal as it is.
    let stop = Stop::flag_on_signals()?;
    let node = settings.node.clone();
    let lines = Lines::new(settings.quiet, settings.json);
    let look = Look {
        unicode: screen::speaks_unicode(),
        color: console::colors_enabled(),
    };
    let miner = Miner::new(settings, stop.clone(), Box::new(lines))?;
    let (sender, inbox) = channel();
    let (wishes, heard) = channel();
    let paid = miner.paid();
    let state = State::new(&node, &paid);
    let teller = Teller::new(sender.clone(), heard, Client::new(&node), paid);
    let miner = miner.watched_by(Box::new(teller));
    let terminal = Whole::take().map_err(lost)?;
    read_input(sender.clone());
    let worker = {
        let stop = stop.clone();
        move || mine::run(&miner, &plan, &stop)
    };
    thread::spawn(move || {
        let ended = catch_unwind(AssertUnwindSafe(worker));
        let _ = sender.send(Envelope::Ended(ended));
    });
    let mut view = View {
        state,
        look,
        inbox,
        wishes,
        stop,
        start: Instant::now(),
        ends: Default::default(),
    };
    let shown = view.show(terminal);
    // The terminal is given back: from here on a signal may end the program.
    view.stop.end_on_signals()?;
    let ended = match shown {
        Ok(Some(ended)) => ended,
        Ok(None) => view.last_words(),
        Err(error) => {
            view.stop.ask();
            view.last_words()
                .unwrap_or_else(|panic| resume_unwind(panic))?;
            return Err(lost(error));
        }
    };
    view.sum_up();
    ended.unwrap_or_else(|panic| resume_unwind(panic))
}

fn lost(error: io::Error) -> Error {
    Error::line(
        format!("the terminal cannot be used: {error}"),
        "--plain prints lines, on whatever there is",
    )
}

/// Sends what the owner presses. Reading cannot be interrupted: the thread ends with the program.
fn read_input(sender: Sender<Envelope>) {
    thread::spawn(move || loop {
        let read = match event::read() {
            Ok(input) => Envelope::Input(input),
            Err(error) => Envelope::Lost(error),
        };
        let last = matches!(read, Envelope::Lost(_));
        if sender.send(read).is_err() || last {
            return;
        }
    });
}

/// The screen's side.
struct View {
    state: State,
    look: Look,
    inbox: Receiver<Envelope>,
    wishes: Sender<Wish>,
    stop: Stop,
    start: Instant,
    /// How far each page can be scrolled, as last drawn.
    ends: [usize; Page::ALL.len()],
}

impl View {
    fn now(&self) -> Moment {
        self.start.elapsed()
    }

    /// Shows what happens until the miner ends or the owner asks to stop; then the terminal is given back.
    fn show(
        &mut self,
        mut surface: impl Surface,
    ) -> io::Result<Option<thread::Result<Result<(), Error>>>> {
        let mut drawn: Option<SyncSender<()>> = None;
        loop {
            // A key that is pressed while the machine is measured shows with the next slice.
            if drawn.is_some() || !self.state.measures() {
                let (state, look, now) = (&self.state, self.look, self.now());
                let ends = &mut self.ends;
                surface.draw(&mut |frame| *ends = frame::draw(frame, state, look, now))?;
            }
            drop(drawn.take());
            match self.next() {
                Some(Envelope::Told(message, waits)) => {
                    let now = self.now();
                    self.state.hear(message, now);
                    drawn = waits;
                }
                Some(Envelope::Input(event::Event::Key(key))) => {
                    if keys::is_redraw(key) {
                        surface.redraw()?;
                    }
                    let now = self.now();
                    match keys::press(&mut self.state, key, &self.ends, now) {
                        Some(Wish::Quit) => self.stop.ask(),
                        // A miner that has ended has no wishes to hear.
                        Some(wish) => drop(self.wishes.send(wish)),
                        None => {}
                    }
                }
                // Every frame asks for the size.
                Some(Envelope::Input(_)) | None => {}
                Some(Envelope::Lost(error)) => return Err(error),
                Some(Envelope::Ended(ended)) => return Ok(Some(ended)),
            }
            if self.stop.asked() {
                return Ok(None);
            }
        }
    }

    /// The next thing that happens; nothing where a second is over, or the owner wants to stop.
    fn next(&self) -> Option<Envelope> {
        if self.state.measures() {
            // No clock ticks beside a measurement. The miner looks whether it should stop.
            return self.inbox.recv().ok();
        }
        let end = Instant::now() + TICK;
        while Instant::now() < end && !self.stop.asked() {
            match self.inbox.recv_timeout(LOOK) {
                Ok(envelope) => return Some(envelope),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }

    /// Waits for a miner that was asked to stop.
    fn last_words(&self) -> thread::Result<Result<(), Error>> {
        let mut patience = Some(GRACE);
        loop {
            let envelope = match patience.take() {
                Some(grace) => self.inbox.recv_timeout(grace),
                None => self
                    .inbox
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
            };
            match envelope {
                Ok(Envelope::Ended(ended)) => return ended,
                Ok(_) => patience = Some(GRACE),
                Err(RecvTimeoutError::Timeout) => {
                    out::aside("note: waiting for the node's answer; Ctrl-C ends at once");
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(Ok(())),
            }
        }
    }

    /// What remains on the terminal of what was on the screen.
    fn sum_up(&self) {
        let (accepted, all) = self.state.counts;
        let last = self.state.history.iter().find(|one| one.accepted);
        let last = last.map_or_else(String::new, |one| format!("; the last one: {}", one.what));
        out::line(format_args!(
            "{accepted} of {all} attestations accepted{last}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe_core::channels::ChannelId;
    use probe_core::prober::Progress;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
    use ratatui::{Frame, Terminal};
    use std::sync::mpsc::sync_channel;

    /// Tells every frame that is drawn.
    struct Recorder(Terminal<TestBackend>, Sender<String>);

    impl Surface for Recorder {
        fn draw(&mut self, frame: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()> {
            self.0.draw(frame).map_err(io::Error::other)?;
            let cells = self.0.backend().buffer().content.iter();
            let _ = self.1.send(cells.map(|cell| cell.symbol()).collect());
            Ok(())
        }

        fn redraw(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nothing_is_drawn_while_the_machine_is_measured() {
        let ((sender, inbox), (wishes, _heard)) = (channel(), channel());
        let (frames, drawn) = channel();
        let stop = Stop::never();
        let mut view = View {
            state: State::new("node", "miner"),
            look: Look {
                unicode: false,
                color: false,
            },
            inbox,
            wishes,
            stop: stop.clone(),
            start: Instant::now(),
            ends: Default::default(),
        };
        let recorder = Recorder(Terminal::new(TestBackend::new(80, 24)).unwrap(), frames);
        let screen = thread::spawn(move || view.show(recorder).is_ok());
        let key = |code| {
            let key = KeyEvent::new(code, KeyModifiers::NONE);
            sender.send(Envelope::Input(Event::Key(key))).unwrap();
        };
        // As the miner does it: it goes on measuring when its progress is on the screen.
        let slice = |remaining_ms| {
            let (done, wait) = sync_channel(1);
            let progress = Progress {
                channel: Some(ChannelId::Cache),
                permille: 500,
                overall_permille: 500,
                remaining_ms,
            };
            let told = Envelope::Told(Message::Measuring(progress), Some(done));
            sender.send(told).unwrap();
            assert!(wait.recv().is_err(), "it is let go, and told nothing");
        };
        slice(9_000);
        let last = drawn.try_iter().last().expect("it was drawn before that");
        assert!(last.contains("9 s left"), "{last}");
        // Neither a key nor the clock draws anything now; what the key did comes with the next slice.
        key(KeyCode::Char('?'));
        assert!(drawn.recv_timeout(2 * TICK).is_err());
        slice(8_000);
        let next: Vec<String> = drawn.try_iter().collect();
        assert!(matches!(&next[..], [one] if one.contains("8 s left") && one.contains("Keys")));
        key(KeyCode::Char('q'));
        assert!(screen.join().unwrap() && stop.asked());
    }
}
