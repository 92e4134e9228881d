//! A board of memory, on which every look at the clock takes a millisecond.

use super::*;
use probe_arch::Native;
use std::cell::Cell;
use std::rc::Rc;
use std::string::String;
use std::vec::Vec;

#[derive(Clone, Default)]
struct Time(Rc<Cell<u64>>);

impl Clock for Time {
    fn now_ns(&mut self) -> u64 {
        self.0.set(self.0.get() + MILLISECOND);
        self.0.get()
    }
}

/// A line that is ready from its third poll on, and gives three bytes once.
struct Late {
    polls: u32,
    waiting: &'static [u8],
}

impl Port for Late {
    fn send(&mut self, bytes: &[u8]) -> usize {
        self.polls += 1;
        if self.polls < 3 {
            0
        } else {
            bytes.len().min(2)
        }
    }

    fn receive(&mut self, to: &mut [u8]) -> usize {
        self.polls += 1;
        if self.polls < 3 {
            return 0;
        }
        let count = copy(self.waiting, to);
        self.waiting = &self.waiting[count..];
        count
    }
}

#[derive(Default)]
struct Memory {
    shown: Rc<std::cell::RefCell<String>>,
    rests: u32,
    forgets: bool,
}

impl Board for Memory {
    type Machine = Native;
    type Clock = Time;
    type Port = Late;
    const ARCHITECTURE: &'static str = "paper";
    const NO_NETWORK: Refused = Refused("no network");

    fn machine(&mut self) -> Native {
        Native::new()
    }

    fn memory(&mut self, _bytes: usize) -> Option<&'static mut [u8]> {
        None
    }

    fn free_memory(&mut self) -> usize {
        7
    }

    fn show(&mut self, text: &str, line_in_use: bool) {
        if !line_in_use {
            self.shown.borrow_mut().push_str(text);
        }
    }

    fn rest(&mut self) {
        self.rests += 1;
    }

    fn open(&mut self, device: &str, _baud: u32) -> Result<Late, Refused> {
        match device {
            "line" => Ok(Late {
                polls: 0,
                waiting: b"abc",
            }),
            _ => Err(Refused("line")),
        }
    }

    fn make_key(&mut self) -> Result<(), Refused> {
        match self.forgets {
            true => Err(Refused("it would be lost")),
            false => Ok(()),
        }
    }
}

fn polled(words: &'static str) -> Polled<'static, Memory> {
    let words = Words::of(words.as_bytes(), b"");
    Polled::new(Memory::default(), Time::default(), words)
}

/// The whole of a file that its owner alone may read.
fn wallet(system: &mut impl System) -> Result<Vec<u8>, FileError> {
    let mut whole = Vec::new();
    let mut piece = [0; 3];
    loop {
        match system.read("wallet", Readers::Owner, whole.len() as u32, &mut piece)? {
            0 => return Ok(whole),
            count => whole.extend(&piece[..count]),
        }
    }
}

#[test]
fn the_line_is_waited_for_as_long_as_allowed() {
    let mut system = polled("");
    let mut piece = [0; 2];
    assert_eq!(system.send(b"hello", 9), Err(NO_LINE));
    assert_eq!(system.receive(&mut piece, 9), Err(NO_LINE));
    system.open_serial("line", 9600).unwrap();
    assert_eq!(system.send(b"hello", 1), Ok(0));
    assert_eq!(system.send(b"hello", 9), Ok(2));
    assert_eq!(system.send(b"", 9), Ok(0));
    system.open_serial("line", 9600).unwrap();
    assert_eq!(system.receive(&mut piece, 1), Ok(Received::Nothing));
    assert_eq!(system.receive(&mut piece, 9), Ok(Received::Bytes(2)));
    assert_eq!(system.receive(&mut piece, 9), Ok(Received::Bytes(1)));
    assert_eq!(system.receive(&mut piece, 9), Ok(Received::Nothing));
    // One that cannot be opened closes the one that was.
    assert_eq!(system.open_serial("other", 9600), Err(Refused("line")));
    assert_eq!(system.send(b"hello", 9), Err(NO_LINE));
}

#[test]
fn the_wallet_is_what_was_said_or_made() {
    let mut system = polled("key=0011223344");
    assert_eq!(wallet(&mut system).unwrap(), b"0011223344");
    assert_eq!(
        system.read("known", Readers::All, 0, &mut [0; 9]),
        Err(FileError::Absent)
    );
    let mut system = polled("--once");
    assert_eq!(wallet(&mut system), Err(FileError::Absent));
    system.create_private("wallet", b"5566\n").unwrap();
    assert_eq!(wallet(&mut system).unwrap(), b"5566\n");
    let mut system = polled("--once");
    system.board.forgets = true;
    assert!(system.create_private("wallet", b"5566\n").is_err());
    assert_eq!(wallet(&mut system), Err(FileError::Absent));
}

#[test]
fn time_words_names_and_text_are_the_boards() {
    let mut system = polled("miner.elf --once");
    let mut room = [0; 8];
    assert_eq!(system.argument(0, &mut room), Some(6));
    assert_eq!(&room[..6], b"--once");
    assert_eq!(system.argument(1, &mut room), None);
    assert_eq!(system.name(Name::Machine, &mut room), 5);
    assert_eq!(system.name(Name::Host, &mut room), 0);
    let start = system.now_ms();
    system.wait_ms(10);
    assert!(system.now_ms() >= start + 10 && system.board.rests > 0);
    system.print(Stream::Out, "seen");
    system.open_serial("line", 9600).unwrap();
    system.print(Stream::Out, "unseen");
    system.close();
    assert_eq!(*system.board.shown.borrow(), "seen");
}
