//! How to write to whoever reads: colour, character set, width.

use crate::cli::Color;
use crate::out;
use console::{Style, Term};
use std::io::IsTerminal;

/// Width used where there is no terminal.
const PLAIN_WIDTH: usize = 100;

/// Narrowest and widest that tables are made for.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;

/// What the reader's terminal can show.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Characters in a line.
    pub width: usize,
    /// Whether characters beyond ASCII are shown.
    pub unicode: bool,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary.
    Plain,
    /// A heading or the thing that matters.
    Strong,
    /// Less important.
    Faint,
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// Worth a look.
    Remark,
}

impl Screen {
    /// The screen behind standard output. Switches colours for the whole program.
    pub fn detect(color: Color) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let wanted = match color {
            Color::Always => true,
            Color::Never => false,
            // https://no-color.org
            Color::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
            }
        };
        console::set_colors_enabled(wanted);
        console::set_colors_enabled_stderr(wanted && std::io::stderr().is_terminal());
        let width = match terminal {
            true => usize::from(Term::stdout().size().1),
            false => PLAIN_WIDTH,
        };
        Screen {
            width: width.clamp(*WIDTHS.start(), *WIDTHS.end()),
            unicode: speaks_unicode(),
        }
    }

    /// `text` in `tone`.
    pub fn paint(&self, tone: Tone, text: impl std::fmt::Display) -> String {
        let style = match tone {
            Tone::Plain => return text.to_string(),
            Tone::Strong => Style::new().bold(),
            Tone::Faint => Style::new().dim(),
            Tone::Good => Style::new().green(),
            Tone::Bad => Style::new().red().bold(),
            Tone::Remark => Style::new().yellow(),
        };
        style.apply_to(text).to_string()
    }

    /// Prints a line, spelt in the characters that the reader's terminal shows.
    pub fn say(&self, line: impl std::fmt::Display) {
        let line = line.to_string();
        if self.unicode {
            out::line(line);
        } else {
            out::line(line.replace('µ', "u").replace('×', "x"));
        }
    }

    /// Prints `text` wrapped between `indent` and the edge, words whole.
    pub fn wrap(&self, tone: Tone, indent: usize, text: &str) {
        for line in wrapped(text, self.width.saturating_sub(indent)) {
            self.say(format_args!("{:indent$}{}", "", self.paint(tone, line)));
        }
    }
}

/// Whether the cursor can be moved: not on a terminal that says it is dumb, or says nothing.
#[cfg(feature = "full-screen")]
pub fn can_move() -> bool {
    // Windows' console can, and says nothing.
    cfg!(windows)
        || std::env::var("TERM").is_ok_and(|term| !matches!(&*term, "" | "dumb" | "unknown"))
}

/// The locale's character set, as POSIX names the variables and their order.
pub fn speaks_unicode() -> bool {
    // The font of Linux's console has at most 512 characters, and no braille and no eighths among them.
    if std::env::var("TERM").is_ok_and(|term| term == "linux") {
        return false;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// `text` in lines of at most `width` characters, broken at spaces; longer words stay whole.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("extraordinary x", 5), ["extraordinary", "x"]);
        assert!(wrapped("", 5).is_empty());
    }
}
