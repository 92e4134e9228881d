//! What the frames of the other side do to an end.

use super::{End, Timer};
use crate::link::config::VERSION;
use crate::link::frame::{Head, Id, Kind, Side};
use crate::link::state::{Over, Reason, State};

impl End {
    pub(super) fn frame(&mut self, head: &Head, payload: &[u8]) {
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
            State::Over(_) if head.kind == Kind::Ack => return,
            // Also a close that comes again, whose acknowledgement got lost: closing ends with a
            // reset just as well.
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
}
