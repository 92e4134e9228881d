//! Frames: what stands between two flags on the line.
//!
//! The octets are stuffed as in HDLC's asynchronous framing (RFC 1662, section 4): a flag before and
//! behind each frame, an escape in front of every octet that may not travel as it is, and FCS-32 at
//! the end. XON and XOFF are among the escaped ones, and are passed over where they come bare: they
//! are the line's own, and software flow control works.

use crc::{Crc, NoTable, CRC_32_ISO_HDLC};
use heapless::Vec;

/// Begins and ends a frame (RFC 1662, section 3.1).
pub const FLAG: u8 = 0x7e;

/// Stands before an octet that is sent with [`ESCAPED_BIT`] turned over (RFC 1662, section 4.2).
pub const ESCAPE: u8 = 0x7d;

/// The bit that an escaped octet differs by.
pub const ESCAPED_BIT: u8 = 0x20;

/// DC1, "go on", of software flow control.
pub const XON: u8 = 0x11;

/// DC3, "stop", of software flow control.
pub const XOFF: u8 = 0x13;

/// Bytes of a frame's head.
pub const HEAD: usize = 7;

/// Bytes of a frame's checksum.
pub const CHECK: usize = 4;

/// Bytes that a frame carries, at most. Small, because a UART without a buffer loses a byte now and
/// then, and with it the frame. It can be lowered on one side: each side tells the other how much it
/// takes. A call names the node in one frame, which should still have room for it.
pub const PAYLOAD_MAX: usize = 240;

/// Bytes of a frame, at most, as the checksum sees it.
pub const FRAME_MAX: usize = HEAD + PAYLOAD_MAX + CHECK;

/// Bytes of a frame on the line, at most: every octet escaped, and two flags.
pub const ENCODED_MAX: usize = 2 * FRAME_MAX + 2;

// A side says in one octet how much it takes, and a call needs two octets for itself.
const _: () = assert!(PAYLOAD_MAX >= 16 && PAYLOAD_MAX <= 255);

/// FCS-32 of RFC 1662, which is the CRC-32 of Ethernet, ZIP and PNG. Bit by bit: a table would cost
/// 1 KiB of the program, and the line is slower than any processor.
const FCS: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Which end of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The miner's: it calls.
    Caller,
    /// The relay's: it is called.
    Answerer,
}

/// Set in the first octet of the answerer's frames: its letters are small ones. Nobody takes an echo
/// for an answer.
const SMALL: u8 = 0x20;

/// What a frame is for: the letter that begins it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Asks for a connection.
    Open = b'O',
    /// Grants it.
    Opened = b'Y',
    /// Carries bytes.
    Data = b'D',
    /// Says what has come.
    Ack = b'A',
    /// Ends the connection after all that was sent before.
    Close = b'C',
    /// Asks whether the other side still knows the connection.
    Ping = b'P',
    /// Says that there is no such connection, and why.
    Reset = b'R',
}

impl Kind {
    fn of(letter: u8) -> Option<Self> {
        Some(match letter {
            b'O' => Kind::Open,
            b'Y' => Kind::Opened,
            b'D' => Kind::Data,
            b'A' => Kind::Ack,
            b'C' => Kind::Close,
            b'P' => Kind::Ping,
            b'R' => Kind::Reset,
            _ => return None,
        })
    }
}

/// Which connection: a number from either side, so that neither has to remember across a reboot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Id {
    /// The number that the calling side drew.
    pub caller: u16,
    /// The number that the answering side drew; 0 before it has.
    pub answerer: u16,
}

/// A frame's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which side sent it.
    pub from: Side,
    /// What it is for.
    pub kind: Kind,
    /// Of which connection.
    pub id: Id,
    /// Number of a [`Kind::Data`] or [`Kind::Close`] frame among those of its side, modulo 256.
    pub number: u8,
    /// Number of the next frame that the sender waits for: it has all before.
    pub awaited: u8,
}

impl Head {
    fn emit(&self) -> [u8; HEAD] {
        let [c1, c0] = self.id.caller.to_be_bytes();
        let [a1, a0] = self.id.answerer.to_be_bytes();
        let letter = match self.from {
            Side::Caller => self.kind as u8,
            Side::Answerer => self.kind as u8 | SMALL,
        };
        [letter, c1, c0, a1, a0, self.number, self.awaited]
    }

    fn parse(octets: &[u8; HEAD]) -> Option<Self> {
        let [letter, c1, c0, a1, a0, number, awaited] = *octets;
        Some(Head {
            from: match letter & SMALL {
                0 => Side::Caller,
                _ => Side::Answerer,
            },
            kind: Kind::of(letter & !SMALL)?,
            id: Id {
                caller: u16::from_be_bytes([c1, c0]),
                answerer: u16::from_be_bytes([a1, a0]),
            },
            number,
            awaited,
        })
    }
}

/// A frame on its way out.
pub type Encoded = Vec<u8, ENCODED_MAX>;

/// Writes a frame as it goes over the line, in place of what `out` holds. Of `payload` the first
/// [`PAYLOAD_MAX`] bytes count.
pub fn encode(head: &Head, payload: &[u8], out: &mut Encoded) {
    let payload = payload.get(..PAYLOAD_MAX).unwrap_or(payload);
    let head = head.emit();
    let mut check = FCS.digest();
    check.update(&head);
    check.update(payload);
    let check = check.finalize().to_le_bytes();
    out.clear();
    // `out` has room for every octet escaped: no push fails.
    let _ = out.push(FLAG);
    for &octet in head.iter().chain(payload).chain(&check) {
        if matches!(octet, FLAG | ESCAPE | XON | XOFF) {
            let _ = out.push(ESCAPE);
            let _ = out.push(octet ^ ESCAPED_BIT);
        } else {
            let _ = out.push(octet);
        }
    }
    let _ = out.push(FLAG);
}

/// Finds frames in what comes from the line: any bytes, in any pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    octets: Vec<u8, FRAME_MAX>,
    /// Since when the octets are no frame: until the next flag they are passed over.
    lost: bool,
    /// The last octet was an escape.
    escaped: bool,
    /// The octets were given away: the next one begins anew.
    given: bool,
    good: u32,
    noise: u32,
}

impl Decoder {
    /// A decoder that waits for the first flag.
    pub fn new() -> Self {
        Decoder {
            lost: true,
            ..Decoder::default()
        }
    }

    /// The same after the line itself was interrupted: what was counted goes on.
    pub fn resumed(&self) -> Self {
        Decoder {
            good: self.good,
            noise: self.noise,
            ..Decoder::new()
        }
    }

    /// Takes a byte from the line; gives the frame that it ended, if the frame is whole.
    pub fn push(&mut self, byte: u8) -> Option<(Head, &[u8])> {
        if self.given {
            self.given = false;
            self.octets.clear();
        }
        match byte {
            FLAG => return self.flag(),
            XON | XOFF => return None,
            _ if self.lost => self.noise = self.noise.saturating_add(1),
            ESCAPE if !self.escaped => self.escaped = true,
            _ => {
                let octet = if self.escaped {
                    byte ^ ESCAPED_BIT
                } else {
                    byte
                };
                self.escaped = false;
                if self.octets.push(octet).is_err() {
                    self.pass_over();
                    self.lost = true;
                }
            }
        }
        None
    }

    fn flag(&mut self) -> Option<(Head, &[u8])> {
        // An escape before a flag is how a sender breaks a frame off.
        let whole = !self.lost && !self.escaped && self.is_good();
        self.lost = false;
        self.escaped = false;
        if !whole {
            self.pass_over();
            return None;
        }
        self.given = true;
        self.good = self.good.saturating_add(1);
        let (head, rest) = self.octets.split_first_chunk()?;
        let payload = rest.get(..rest.len().checked_sub(CHECK)?)?;
        Some((Head::parse(head)?, payload))
    }

    fn is_good(&self) -> bool {
        match self.octets.split_last_chunk() {
            Some((content, check)) => {
                content.len() >= HEAD && FCS.checksum(content) == u32::from_le_bytes(*check)
            }
            None => false,
        }
    }

    fn pass_over(&mut self) {
        let octets = u32::try_from(self.octets.len()).unwrap_or(u32::MAX);
        self.noise = self.noise.saturating_add(octets);
        self.octets.clear();
    }

    /// Frames that came whole.
    pub fn good(&self) -> u32 {
        self.good
    }

    /// Octets that came and belong to no whole frame.
    pub fn noise(&self) -> u32 {
        self.noise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec as Many;

    const HELLO: Head = Head {
        from: Side::Caller,
        kind: Kind::Data,
        id: Id {
            caller: 0x1a2b,
            answerer: 0x0007,
        },
        number: 0,
        awaited: 0,
    };

    fn encoded(head: &Head, payload: &[u8]) -> Many<u8> {
        let mut out = Encoded::new();
        encode(head, payload, &mut out);
        out.to_vec()
    }

    fn decoded(bytes: &[u8]) -> Many<(Head, Many<u8>)> {
        let mut decoder = Decoder::new();
        let mut frames = Many::new();
        for &byte in bytes {
            if let Some((head, payload)) = decoder.push(byte) {
                frames.push((head, payload.to_vec()));
            }
        }
        frames
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        // The check value of the catalogue, and what everybody's crc32() gives.
        assert_eq!(FCS.checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_the_line_may_not_carry_is_escaped() {
        let payload = [FLAG, ESCAPE, XON, XOFF, 0x00, 0xff];
        let line = encoded(&HELLO, &payload);
        let inside = &line[1..line.len() - 1];
        assert!(!inside.iter().any(|byte| [FLAG, XON, XOFF].contains(byte)));
        assert_eq!(decoded(&line), [(HELLO, payload.to_vec())]);
    }

    #[test]
    fn the_longest_frame_fits_and_one_more_octet_is_noise() {
        let worst = [FLAG; PAYLOAD_MAX];
        let line = encoded(&HELLO, &worst);
        assert!(line.len() <= ENCODED_MAX);
        assert_eq!(decoded(&line), [(HELLO, worst.to_vec())]);
        let long = [&[FLAG][..], &vec![b'x'; FRAME_MAX + 1], &line].concat();
        assert_eq!(decoded(&long).len(), 1);
    }

    #[test]
    fn flow_control_passes_unseen() {
        let mut line = Many::new();
        for byte in encoded(&HELLO, b"hello") {
            line.extend([byte, XOFF, XON]);
        }
        assert_eq!(decoded(&line), [(HELLO, b"hello".to_vec())]);
    }

    #[test]
    fn a_frame_broken_off_is_none() {
        let mut line = encoded(&HELLO, b"hello");
        let end = line.len() - 1;
        line.insert(end, ESCAPE);
        assert!(decoded(&line).is_empty());
    }

    #[test]
    fn shared_and_repeated_flags_do_no_harm() {
        let one = encoded(&HELLO, b"1");
        let two = encoded(&HELLO, b"2");
        let line = [&[FLAG, FLAG][..], &one, &two[1..], &[FLAG]].concat();
        assert_eq!(decoded(&line).len(), 2);
    }
}
