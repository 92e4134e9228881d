//! What a command line tells other programs of itself: completions for shells, pages for `man`. Both programs of
//! this project have `completions` and `man` by it.

use clap::Command;
pub use clap_complete::Shell;
use clap_mangen::Man;
use std::io;
use std::path::Path;

/// The script that teaches `shell` to complete a program's commands and options.
pub fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, &name, &mut script);
    match shell {
        Shell::Bash => one_name(&String::from_utf8_lossy(&script), &name).into_bytes(),
        _ => script,
    }
}

/// What stands between the names of commands in the states of `clap_complete`'s script for bash.
const BETWEEN: &str = "__subcmd__";

/// A script for bash in which the program has one name. `clap_complete` 4.6 takes the hyphens of a program's name
/// for ends of commands where it lists what may follow, and not where it goes from state to state, so that
/// nothing follows a command (<https://github.com/clap-rs/clap/issues/6421>).
fn one_name(script: &str, program: &str) -> String {
    let [wrong, right] = [BETWEEN, "__"].map(|hyphen| program.replace('-', hyphen) + BETWEEN);
    script.replace(&wrong, &right)
}

/// The manual page of the whole program, in roff.
pub fn main_page(command: Command) -> Vec<u8> {
    let mut text = Vec::new();
    // A vector takes all that is written to it.
    let _ = page(&described(command), &mut text);
    text
}

/// Writes the pages of the program and of each of its commands to `folder`, which is made where it is not
/// there: `verdigris.1`, `verdigris-probe.1` and so on. Older ones are replaced.
///
/// # Errors
/// The folder cannot be made, or a page cannot be written.
pub fn save_pages(command: Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    save(&described(command), folder)
}

/// The command line with the names that its commands have in the manual.
fn described(command: Command) -> Command {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    command
}

fn save(command: &Command, folder: &Path) -> io::Result<()> {
    let mut text = Vec::new();
    page(command, &mut text)?;
    std::fs::write(folder.join(Man::new(command.clone()).get_filename()), text)?;
    let parts = command.get_subcommands();
    parts
        .filter(|part| !part.is_hide_set())
        .try_for_each(|part| save(part, folder))
}

/// As [`Man::render`], but with the lines of examples kept as they are: it would run them together.
fn page(command: &Command, to: &mut Vec<u8>) -> io::Result<()> {
    let help = command.get_after_help().map(ToString::to_string);
    let man = Man::new(command.clone());
    man.render_title(to)?;
    man.render_name_section(to)?;
    man.render_synopsis_section(to)?;
    man.render_description_section(to)?;
    man.render_options_section(to)?;
    if command.has_subcommands() {
        man.render_subcommands_section(to)?;
    }
    if let Some(help) = help {
        to.extend_from_slice(b".SH NOTES\n");
        notes(&help, to);
    }
    Ok(())
}

/// Plain text as roff: indented lines stay lines, others are filled to paragraphs.
fn notes(text: &str, to: &mut Vec<u8>) {
    let mut kept = false;
    for line in text.lines() {
        let keep = line.starts_with("  ");
        if keep != kept {
            to.extend_from_slice(if keep { b".nf\n" } else { b".fi\n" });
            kept = keep;
        }
        match line.is_empty() {
            true => to.extend_from_slice(b".PP\n"),
            false => to.extend_from_slice(escaped(line).as_bytes()),
        }
    }
    if kept {
        to.extend_from_slice(b".fi\n");
    }
}

/// A line that roff takes for nothing but text: `\` and `-` have other meanings, and `.` and `'` at the
/// beginning (groff(7), "Escape sequences", "Control characters").
fn escaped(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-");
    let guard = if text.starts_with(['.', '\'']) {
        "\\&"
    } else {
        ""
    };
    format!("{guard}{text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_note_is_a_request_to_roff() {
        let mut roff = Vec::new();
        notes("Examples:\n  a --b\n\n.so /etc/passwd\n'x \\fB", &mut roff);
        assert_eq!(
            String::from_utf8(roff).unwrap(),
            "Examples:\n.nf\n  a \\-\\-b\n.fi\n.PP\n\\&.so /etc/passwd\n\\&'x \\efB\n"
        );
    }
}
