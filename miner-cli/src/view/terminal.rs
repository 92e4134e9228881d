//! The terminal: taken whole, and given back however the program ends.

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    disable_raw_mode, enable_raw_mode, size, Clear, ClearType, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is ours. Global as the terminal is.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The size of a terminal that does not say it: what a VT100 has. Serial consoles say 0 by 0.
const USUAL: Rect = Rect::new(0, 0, 80, 24);

/// A frame's bytes on their way: a whole screen with its colours, so that it is written at once.
const BUFFER: usize = 16 * 1024;

/// The terminal while it is ours.
pub struct Whole(Terminal<CrosstermBackend<BufWriter<Stdout>>>);

impl Whole {
    /// Takes the terminal: no echo, no lines, a screen of its own. A panic gives it back before it speaks.
    ///
    /// # Errors
    /// It cannot be had.
    pub fn take() -> io::Result<Self> {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            usual(panic);
        }));
        TAKEN.store(true, Ordering::SeqCst);
        let taken = Whole::new();
        if taken.is_err() {
            give_back();
        }
        taken
    }

    fn new() -> io::Result<Self> {
        enable_raw_mode()?;
        // Where there is no second screen, the first one is full of other things. Not `Terminal::clear`: it
        // asks where the cursor is, and old terminals do not answer.
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            Hide,
            Clear(ClearType::All)
        )?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER, io::stdout()));
        let viewport = match size()? {
            (0, _) | (_, 0) => Viewport::Fixed(USUAL),
            _ => Viewport::Fullscreen,
        };
        Terminal::with_options(backend, TerminalOptions { viewport }).map(Whole)
    }
}

/// Something that frames are drawn on.
pub trait Surface {
    /// Draws a frame; sends what changed.
    ///
    /// # Errors
    /// The terminal is gone.
    fn draw(&mut self, frame: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()>;

    /// Has the next frame sent whole: something else wrote on the screen.
    ///
    /// # Errors
    /// The terminal is gone.
    fn redraw(&mut self) -> io::Result<()>;
}

impl Surface for Whole {
    fn draw(&mut self, frame: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()> {
        // Nothing any more once a panic gave the terminal back.
        if TAKEN.load(Ordering::SeqCst) {
            self.0.draw(frame)?;
        }
        Ok(())
    }

    fn redraw(&mut self) -> io::Result<()> {
        let area = self.0.get_frame().area();
        self.0.resize(area)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back as it was, once.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Where this fails there is no terminal any more.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = io::stdout().flush();
    }
}
