//! One end of the line: connections, numbers, timers.

use super::frame::{encode, Decoder, Encoded, Head, Id, Kind, Side, PAYLOAD_MAX};
use heapless::Vec;

/// The protocol that this is; a call says which it speaks.
pub const VERSION: u8 = 1;

/// Bits per second where nobody says otherwise: what a UART without a buffer keeps up with.
pub const DEFAULT_BAUD: u32 = 9_600;

/// Milliseconds that the other side may need to answer a frame, beside the time on the line: a slow
/// machine, an emulator, a USB adapter that gathers bytes before it hands them on.
pub const ANSWER_MS: u64 = 250;

/// How often a frame is sent before the other side counts as gone.
pub const TRIES: u8 = 12;

/// The wait for an answer doubles with every try, so often at most.
pub const DOUBLINGS: u8 = 2;

/// Milliseconds of silence after which an open connection is looked after.
pub const KEEPALIVE_MS: u64 = 10_000;

/// How often silence is looked after before the other side counts as gone.
pub const KEEPALIVE_TRIES: u8 = 4;

/// Bits on the line for a byte: a start bit, eight of data, a stop bit.
const BITS: u64 = 10;

const _: () = assert!(TRIES > DOUBLINGS);

/// Milliseconds to wait for the answer to a frame: the longest frame's time on the line, and
/// [`ANSWER_MS`].
pub const fn retry_ms(baud: u32) -> u64 {
    let baud = if baud == 0 { 1 } else { baud as u64 };
    super::frame::ENCODED_MAX as u64 * BITS * 1_000 / baud + ANSWER_MS
}

/// What an end is told.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Which end it is.
    pub side: Side,
    /// Where the numbers of connections begin. Any number that is another one after every start of
    /// the program: random, or of a clock. It need not be secret.
    pub token: u16,
    /// Bits per second of the line: only for how long to wait.
    pub baud: u32,
    /// Bytes that this side takes in one frame: 1 to [`PAYLOAD_MAX`].
    pub takes: u8,
}

impl Config {
    /// The usual one.
    pub fn new(side: Side, token: u16, baud: u32) -> Self {
        Config {
            side,
            token,
            baud,
            takes: PAYLOAD_MAX as u8,
        }
    }
}

/// Why a connection is refused or dropped: the octet that a reset carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// The side that got a frame knows no such connection: it was started anew, or gave up.
    Unknown = b'?',
    /// The node cannot be reached from the relay.
    Unreachable = b'U',
    /// The connection between relay and node broke.
    Broken = b'B',
    /// Whoever used the connection wants it no more.
    Abandoned = b'A',
    /// The program is ending.
    Stopping = b'S',
    /// The other side did not answer any more.
    Silent = b'L',
    /// Another version of the protocol.
    Version = b'V',
}

impl Reason {
    fn of(octet: Option<&u8>) -> Self {
        match octet {
            Some(b'U') => Reason::Unreachable,
            Some(b'B') => Reason::Broken,
            Some(b'A') => Reason::Abandoned,
            Some(b'S') => Reason::Stopping,
            Some(b'L') => Reason::Silent,
            Some(b'V') => Reason::Version,
            _ => Reason::Unknown,
        }
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// This side closed, and the other has all that was sent.
    Closed,
    /// The other side closed, and this one has all that it sent.
    ByPeer,
    /// The call was refused, by the other side or by this one.
    Refused(Reason),
    /// The other side dropped the connection.
    Reset(Reason),
    /// This side dropped it.
    Abandoned,
    /// The other side does not answer.
    Lost,
    /// Nothing answers but an echo of what was sent.
    Echo,
}

/// Where a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There has been none.
    Idle,
    /// This side called, and waits.
    Calling,
    /// The other side called: [`End::accept`] or [`End::refuse`].
    Asked,
    /// Accepted; the other side has not confirmed yet.
    Answering,
    /// Open.
    Open,
    /// This side closes: what was sent before is still on its way.
    Closing,
    /// Over, and how.
    Over(Over),
}

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

    // ------------------------------------------------------------------------------ what frames do

    fn frame(&mut self, head: &Head, payload: &[u8]) {
        if head.from == self.config.side {
            self.echo = true;
            return;
        }
        match head.kind {
            Kind::Open => self.frame_open(head.id, payload),
            Kind::Opened => self.frame_opened(head.id, payload),
            Kind::Reset => self.frame_reset(head.id, Reason::of(payload.first())),
            Kind::Data | Kind::Ack | Kind::Close | Kind::Ping => {
                self.frame_within(head, payload);
            }
        }
    }

    fn frame_open(&mut self, id: Id, payload: &[u8]) {
        if self.config.side == Side::Caller {
            return;
        }
        let [version, takes, to @ ..] = payload else {
            return;
        };
        let known = self.id.caller == id.caller;
        match self.state {
            _ if *version != VERSION || *takes == 0 => self.reset = Some((id, Reason::Version)),
            State::Asked if known => {}
            State::Answering if known => self.timer = Timer::Now,
            State::Over(Over::Refused(reason)) if known => self.reset = Some((id, reason)),
            // Either this call was under way for long, or the caller was started anew and drew the
            // same number: its answer tells.
            State::Open | State::Closing if known => self.ping = true,
            _ => {
                let answerer = self.next_token();
                self.begin(Id {
                    caller: id.caller,
                    answerer,
                });
                self.peer_takes = *takes;
                let _ = self.inbox.extend_from_slice(to);
                self.state = State::Asked;
            }
        }
    }

    fn frame_opened(&mut self, id: Id, payload: &[u8]) {
        match self.state {
            State::Calling if id.caller == self.id.caller && id.answerer != 0 => {
                let [VERSION, takes, ..] = payload else {
                    return;
                };
                if *takes == 0 {
                    return;
                }
                self.id = id;
                self.peer_takes = *takes;
                self.state = State::Open;
                self.sending = None;
                self.heard = true;
                self.acknowledge = true;
            }
            // The other side has not heard yet that it was heard.
            State::Open | State::Closing if id == self.id => {
                self.heard = true;
                self.acknowledge = true;
            }
            _ => self.unknown(id),
        }
    }

    fn frame_reset(&mut self, id: Id, reason: Reason) {
        let same_call = id.caller == self.id.caller && id.answerer == 0;
        match self.state {
            // "Unknown" is the answer to a frame of an earlier life.
            State::Calling if same_call && reason != Reason::Unknown => {
                self.end(Over::Refused(reason));
            }
            State::Asked | State::Answering if same_call => {
                self.inbox.clear();
                self.end(Over::Reset(reason));
            }
            State::Answering | State::Open if id == self.id => self.end(Over::Reset(reason)),
            // It has forgotten the connection: what closing is for.
            State::Closing if id == self.id => self.end(match self.sending {
                Some(Kind::Data) => Over::Reset(reason),
                _ => Over::Closed,
            }),
            _ => {}
        }
    }

    /// Frames of an open connection.
    fn frame_within(&mut self, head: &Head, payload: &[u8]) {
        match self.state {
            _ if head.id != self.id => return self.unknown(head.id),
            State::Answering => {
                self.state = State::Open;
                self.sending = None;
            }
            State::Open | State::Closing => {}
            // Its acknowledgement got lost.
            State::Over(Over::ByPeer) if head.kind == Kind::Close => {
                self.acknowledge = true;
                return;
            }
            State::Over(_) if head.kind == Kind::Ack => return,
            _ => return self.unknown(head.id),
        }
        self.heard = true;
        self.acknowledged(head.awaited);
        match head.kind {
            Kind::Data if matches!(self.state, State::Open | State::Closing) => {
                // Else it came before, or the one before is not taken yet.
                let fits = head.number == self.awaited && self.inbox.is_empty();
                if fits {
                    self.awaited = self.awaited.wrapping_add(1);
                }
                // Acknowledged when it is taken, which says that there is room for the next one.
                match fits && self.state == State::Open && !payload.is_empty() {
                    true => _ = self.inbox.extend_from_slice(payload),
                    false => self.acknowledge = true,
                }
            }
            Kind::Close if matches!(self.state, State::Open | State::Closing) => {
                self.acknowledge = true;
                if head.number == self.awaited && self.inbox.is_empty() {
                    self.awaited = self.awaited.wrapping_add(1);
                    self.end(Over::ByPeer);
                }
            }
            Kind::Ping => self.acknowledge = true,
            _ => {}
        }
    }

    /// The other side has every frame before `awaited`.
    fn acknowledged(&mut self, awaited: u8) {
        let next = self.number.wrapping_add(1);
        let Some(kind @ (Kind::Data | Kind::Close)) = self.sending else {
            return;
        };
        if awaited != next || self.tries == 0 {
            return;
        }
        self.number = next;
        self.sending = None;
        if kind == Kind::Close {
            self.end(Over::Closed);
        } else if self.state == State::Closing {
            self.send_close();
        }
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
