//! One end of the line: connections, numbers, timers.

use super::config::{retry_ms, Config, DOUBLINGS, KEEPALIVE_MS, KEEPALIVE_TRIES, TRIES, VERSION};
use super::frame::{encode, Decoder, Encoded, Head, Id, Kind, Side, PAYLOAD_MAX};
use super::state::{Over, Reason, State};
use heapless::Vec;

mod frames;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'e> {
    /// Write these bytes to the line, or the first of them, and tell [`End::written`]. Never empty.
    Write(&'e [u8]),
    /// Nothing to write. Read from the line, and tell [`End::received`]; or do something else, and
    /// come back at this time.
    Read {
        /// When something will be due without a byte from the line; [`u64::MAX`] for never.
        until_ms: u64,
    },
}

/// What the line has been like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Frames that came whole.
    pub good: u32,
    /// Octets that came and belong to no whole frame.
    pub noise: u32,
    /// Frames that were sent once more.
    pub resent: u32,
}

/// When the frame that waits for its acknowledgement is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    /// As soon as the line is free.
    Now,
    /// It is being written: the wait begins when it is out.
    Writing,
    /// At this time.
    At(u64),
}

/// One end of a line: at most one connection at a time, in both directions at once, one frame under
/// way in each. See the module's documentation for how to drive it.
#[derive(Debug)]
pub struct End {
    config: Config,
    state: State,
    id: Id,
    /// The number that this side drew last.
    token: u16,

    // What this side sends.
    /// What the frame under way is, if there is one.
    sending: Option<Kind>,
    payload: Vec<u8, PAYLOAD_MAX>,
    /// The number of the frame under way, or else of the next one.
    number: u8,
    timer: Timer,
    /// How often the frame under way was sent.
    tries: u8,
    /// How often something was sent since the other side was last heard.
    unheard: u8,
    /// Bytes that the other side takes in one frame.
    peer_takes: u8,
    acknowledge: bool,
    ping: bool,
    reset: Option<(Id, Reason)>,
    out: Encoded,
    /// Bytes of `out` that were written.
    written: usize,

    // What comes.
    decoder: Decoder,
    inbox: Vec<u8, PAYLOAD_MAX>,
    /// Bytes of the inbox that were taken.
    taken: usize,
    /// The number of the frame that this side waits for.
    awaited: u8,
    /// A frame of this connection came since the last step.
    heard: bool,
    /// When one came last, or the last silence was looked after.
    quiet_since_ms: u64,
    /// A frame of this side came back.
    echo: bool,
    resent: u32,
}

impl End {
    /// An end without a connection.
    pub fn new(config: Config) -> Self {
        End {
            config,
            state: State::Idle,
            id: Id::default(),
            token: config.token,
            sending: None,
            payload: Vec::new(),
            number: 0,
            timer: Timer::Now,
            tries: 0,
            unheard: 0,
            peer_takes: 1,
            acknowledge: false,
            ping: false,
            reset: None,
            out: Encoded::new(),
            written: 0,
            decoder: Decoder::new(),
            inbox: Vec::new(),
            taken: 0,
            awaited: 0,
            heard: false,
            quiet_since_ms: 0,
            echo: false,
            resent: 0,
        }
    }

    /// Where the connection is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Which connection it is: a new one never has the number of the one before.
    pub fn id(&self) -> Id {
        self.id
    }

    /// What the line has been like since the program began.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            good: self.decoder.good(),
            noise: self.decoder.noise(),
            resent: self.resent,
        }
    }

    // ------------------------------------------------------------------------------ whoever uses it

    /// Calls: opens a connection to `to`, "HOST:PORT", which the relay may know better; a connection
    /// that was there is forgotten. False where the name does not fit a frame, or this side is called.
    #[must_use]
    pub fn connect(&mut self, to: &str) -> bool {
        if self.config.side != Side::Caller || to.len() > PAYLOAD_MAX - 2 {
            return false;
        }
        let caller = self.next_token();
        self.begin(Id {
            caller,
            answerer: 0,
        });
        self.state = State::Calling;
        self.greet(Kind::Open);
        let _ = self.payload.extend_from_slice(to.as_bytes());
        true
    }

    /// What the other side asked to be connected to, while the state is [`State::Asked`]. It comes from
    /// the line: any bytes.
    pub fn asked(&self) -> Option<&[u8]> {
        match self.state {
            State::Asked => Some(&self.inbox),
            _ => None,
        }
    }

    /// Accepts the call.
    pub fn accept(&mut self) {
        if self.state == State::Asked {
            self.inbox.clear();
            self.state = State::Answering;
            self.greet(Kind::Opened);
        }
    }

    /// Refuses the call.
    pub fn refuse(&mut self, reason: Reason) {
        if self.state == State::Asked {
            self.inbox.clear();
            self.end(Over::Refused(reason));
            self.reset = Some((self.called(), reason));
        }
    }

    /// Whether [`End::send`] would take anything now.
    pub fn can_send(&self) -> bool {
        self.state == State::Open && self.sending.is_none()
    }

    /// Takes as many of the bytes as go into one frame, and says how many; 0 while another frame is
    /// under way, and where the connection is not open.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        if !self.can_send() || bytes.is_empty() {
            return 0;
        }
        let count = bytes
            .len()
            .min(self.peer_takes.into())
            .min(self.payload.capacity());
        self.payload.clear();
        let _ = self
            .payload
            .extend_from_slice(bytes.get(..count).unwrap_or_default());
        self.dispatch(Kind::Data);
        count
    }

    /// Whether bytes wait for [`End::receive`].
    pub fn has_received(&self) -> bool {
        self.state != State::Asked && !self.inbox.is_empty()
    }

    /// Gives bytes that came, in order, each once; 0 where there are none now. They are given also when
    /// the connection is over.
    pub fn receive(&mut self, to: &mut [u8]) -> usize {
        if !self.has_received() || to.is_empty() {
            return 0;
        }
        let left = self.inbox.get(self.taken..).unwrap_or_default();
        let count = left.len().min(to.len());
        for (to, from) in to.iter_mut().zip(left) {
            *to = *from;
        }
        self.taken += count;
        if self.taken >= self.inbox.len() {
            self.inbox.clear();
            self.taken = 0;
            // Only now may the next frame come.
            self.acknowledge = self.state == State::Open;
        }
        count
    }

    /// Ends the connection after what was sent; what has come is forgotten. The state says when the
    /// other side knows.
    pub fn close(&mut self) {
        match self.state {
            State::Open => {
                self.forget_received();
                self.state = State::Closing;
                if self.sending.is_none() {
                    self.send_close();
                }
            }
            State::Calling | State::Asked | State::Answering => self.abandon(Reason::Abandoned),
            State::Idle | State::Closing | State::Over(_) => {}
        }
    }

    /// Ends the connection at once, and tells the other side once.
    pub fn abandon(&mut self, reason: Reason) {
        match self.state {
            State::Idle | State::Over(_) => {}
            state => {
                let id = match state {
                    State::Asked => self.called(),
                    _ => self.id,
                };
                self.reset = Some((id, reason));
                self.forget_received();
                self.end(Over::Abandoned);
            }
        }
    }

    /// The line itself was interrupted: a frame half written or half come is forgotten, and what is
    /// under way is sent again.
    pub fn line_restarted(&mut self) {
        self.out.clear();
        self.written = 0;
        self.decoder = self.decoder.resumed();
        self.timer = Timer::Now;
    }

    // ------------------------------------------------------------------------------------ the line

    /// What to do next, at this time: milliseconds of any clock that does not go back. Calling it
    /// early does no harm.
    pub fn step(&mut self, now_ms: u64) -> Step<'_> {
        if core::mem::take(&mut self.heard) {
            self.quiet_since_ms = now_ms;
            self.unheard = 0;
        }
        // What is composed was decided before: it is written to its end first.
        if self.left_to_write().is_empty() {
            self.run_timers(now_ms);
            self.compose();
        }
        match self.left_to_write() {
            [] => Step::Read {
                until_ms: self.next_timer(),
            },
            bytes => Step::Write(bytes),
        }
    }

    /// The line took so many of the bytes offered.
    pub fn written(&mut self, count: usize) {
        self.written += count.min(self.left_to_write().len());
    }

    /// These bytes came from the line, noise and all.
    pub fn received(&mut self, bytes: &[u8]) {
        // Taken out for as long as its frame is borrowed.
        let mut decoder = core::mem::take(&mut self.decoder);
        for &byte in bytes {
            if let Some((head, payload)) = decoder.push(byte) {
                self.frame(&head, payload);
            }
        }
        self.decoder = decoder;
    }

    fn left_to_write(&self) -> &[u8] {
        self.out.get(self.written..).unwrap_or_default()
    }

    fn run_timers(&mut self, now_ms: u64) {
        if self.sending.is_some() {
            match self.timer {
                Timer::Writing => {
                    let doublings = self.tries.saturating_sub(1).min(DOUBLINGS);
                    let wait = retry_ms(self.config.baud) << doublings;
                    self.timer = Timer::At(now_ms.saturating_add(wait));
                }
                Timer::At(time) if now_ms >= time => self.timer = Timer::Now,
                Timer::At(_) | Timer::Now => {}
            }
            if self.timer == Timer::Now && self.unheard >= TRIES {
                self.lose();
            }
        } else if self.state == State::Open && now_ms >= self.next_timer() {
            if self.unheard >= KEEPALIVE_TRIES {
                self.lose();
            } else {
                self.unheard += 1;
                self.quiet_since_ms = now_ms;
                self.ping = true;
            }
        }
    }

    /// When a timer runs out.
    fn next_timer(&self) -> u64 {
        match (self.sending, self.timer) {
            (Some(_), Timer::At(time)) => time,
            (None, _) if self.state == State::Open => {
                self.quiet_since_ms.saturating_add(KEEPALIVE_MS)
            }
            _ => u64::MAX,
        }
    }

    /// Writes the most urgent frame, if there is one.
    fn compose(&mut self) {
        let mut head = Head {
            from: self.config.side,
            kind: Kind::Ack,
            id: self.id,
            number: self.number,
            // A frame that was not taken yet is not acknowledged: the next one has no place.
            awaited: match self.inbox.is_empty() {
                true => self.awaited,
                false => self.awaited.wrapping_sub(1),
            },
        };
        let reason;
        let mut payload: &[u8] = &[];
        if let Some((id, why)) = self.reset.take() {
            head.kind = Kind::Reset;
            head.id = id;
            reason = [why as u8];
            payload = &reason;
        } else if let (Some(kind), Timer::Now) = (self.sending, self.timer) {
            head.kind = kind;
            payload = &self.payload;
            if self.tries > 0 {
                self.resent = self.resent.saturating_add(1);
            }
            self.tries = self.tries.saturating_add(1);
            self.unheard = self.unheard.saturating_add(1);
            self.timer = Timer::Writing;
            self.acknowledge = false;
        } else if core::mem::take(&mut self.ping) {
            head.kind = Kind::Ping;
            self.acknowledge = false;
        } else if !core::mem::take(&mut self.acknowledge) {
            return;
        }
        encode(&head, payload, &mut self.out);
        self.written = 0;
    }

    // ------------------------------------------------------------------------------------- helpers

    /// Begins a connection: nothing of the one before is left.
    fn begin(&mut self, id: Id) {
        self.id = id;
        self.sending = None;
        self.number = 0;
        self.awaited = 0;
        self.unheard = 0;
        self.acknowledge = false;
        self.ping = false;
        self.echo = false;
        self.heard = true;
        self.forget_received();
    }

    fn end(&mut self, over: Over) {
        self.state = State::Over(over);
        self.sending = None;
        self.ping = false;
    }

    fn lose(&mut self) {
        // Where the line works in this direction, the other side need not wait as long.
        self.reset = Some((self.id, Reason::Silent));
        self.end(match self.echo {
            true => Over::Echo,
            false => Over::Lost,
        });
    }

    /// Sends a first frame: which protocol, and how much this side takes.
    fn greet(&mut self, kind: Kind) {
        self.payload.clear();
        let takes = self.config.takes.clamp(1, PAYLOAD_MAX as u8);
        let _ = self.payload.extend_from_slice(&[VERSION, takes]);
        self.dispatch(kind);
    }

    fn send_close(&mut self) {
        self.payload.clear();
        self.dispatch(Kind::Close);
    }

    fn dispatch(&mut self, kind: Kind) {
        self.sending = Some(kind);
        self.timer = Timer::Now;
        self.tries = 0;
        self.unheard = 0;
    }

    fn forget_received(&mut self) {
        self.inbox.clear();
        self.taken = 0;
    }

    fn unknown(&mut self, id: Id) {
        self.reset = Some((id, Reason::Unknown));
    }

    /// The connection as its caller knows it before it is answered.
    fn called(&self) -> Id {
        Id {
            answerer: 0,
            ..self.id
        }
    }

    /// A number other than the last one, and not 0.
    fn next_token(&mut self) -> u16 {
        self.token = self.token.wrapping_add(1).max(1);
        self.token
    }
}
