//! The screen: text memory of a CGA or any later card in the mode that the BIOS leaves.
//!
//! Reference: IBM, "Personal System/2 Hardware Interface Technical Reference", video subsystem: text memory at B8000h, a
//! character and its colours for each place.

/// Lines and columns.
const LINES: usize = 25;
const COLUMNS: usize = 80;

/// Where text memory is.
const TEXT: *mut u16 = 0xb8000 as *mut u16;

/// Light grey on black.
const COLOURS: u16 = 0x0700;
const BLANK: u16 = COLOURS | b' ' as u16;

/// The screen of a machine whose text memory is the program's alone.
#[derive(Debug)]
pub struct Screen {
    column: usize,
}

impl Screen {
    /// Begins a new line at the screen's end.
    ///
    /// # Safety
    /// Text memory, or nothing at all, must lie at its usual address, and nobody else may use it.
    pub unsafe fn new() -> Self {
        let mut screen = Screen { column: 0 };
        screen.scroll();
        screen
    }

    /// Shows text, which scrolls.
    pub fn show(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte == b'\n' || self.column == COLUMNS {
                self.scroll();
            }
            if matches!(byte, b' '..=b'~') {
                put(
                    (LINES - 1) * COLUMNS + self.column,
                    COLOURS | u16::from(byte),
                );
                self.column += 1;
            }
        }
    }

    fn scroll(&mut self) {
        for place in 0..(LINES - 1) * COLUMNS {
            put(place, get(place + COLUMNS));
        }
        for place in (LINES - 1) * COLUMNS..LINES * COLUMNS {
            put(place, BLANK);
        }
        self.column = 0;
    }
}

fn put(place: usize, word: u16) {
    // SAFETY: callers pass places below `LINES * COLUMNS`; who made the screen promised the memory.
    unsafe { TEXT.add(place).write_volatile(word) };
}

fn get(place: usize) -> u16 {
    // SAFETY: as above.
    unsafe { TEXT.add(place).read_volatile() }
}
