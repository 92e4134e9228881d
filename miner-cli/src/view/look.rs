//! What the owner's terminal can show, and how a frame is made of it.

use crate::screen::Tone;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// Colours and characters that the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Characters beyond ASCII.
    pub unicode: bool,
    /// The eight colours of ANSI X3.64; old terminals have no others.
    pub color: bool,
}

/// Frames in ASCII.
const ASCII_BORDER: border::Set = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Look {
    /// How text of a tone looks. Nothing is said by colour alone: every good and bad thing has its word.
    pub fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let colored = |color| match self.color {
            true => style.fg(color),
            false => style,
        };
        match tone {
            Tone::Plain => style,
            Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Faint => style.add_modifier(Modifier::DIM),
            Tone::Good => colored(Color::Green),
            Tone::Bad => colored(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Remark => colored(Color::Yellow),
        }
    }

    /// What panes are framed with.
    pub fn border(self) -> border::Set<'static> {
        match self.unicode {
            true => border::PLAIN,
            false => ASCII_BORDER,
        }
    }

    /// One of two spellings.
    pub fn choose<T>(self, unicode: T, ascii: T) -> T {
        match self.unicode {
            true => unicode,
            false => ascii,
        }
    }

    /// Replaces what the terminal cannot show. The last step of a frame, so that nothing gets past it:
    /// strangers' words are on it too.
    pub fn spell(self, buffer: &mut Buffer) {
        if self.unicode {
            return;
        }
        for cell in &mut buffer.content {
            let ascii = match cell.symbol() {
                text if text.is_ascii() => continue,
                "µ" | "μ" => "u",
                "×" => "x",
                "–" | "—" => "-",
                "’" => "'",
                _ => "?",
            };
            cell.set_symbol(ascii);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[test]
    fn nothing_beyond_ascii_reaches_an_ascii_terminal() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "2 µs × 木\u{301}!", Style::new());
        Look {
            unicode: false,
            color: false,
        }
        .spell(&mut buffer);
        let text: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(text.trim_end(), "2 us x ? !");
    }
}
