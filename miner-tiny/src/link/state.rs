//! Where a connection is, and why it ended.

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
    pub(super) fn of(octet: Option<&u8>) -> Self {
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
    /// The other side called: [`super::End::accept`] or [`super::End::refuse`].
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
