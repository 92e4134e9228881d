//! A page of Markdown, as far as the tests look at it.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is done with a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `sh`: run as a script.
    Run,
    /// `console`: commands after `$ `, and what they print.
    Session,
    /// `sh not-run: REASON`: commands are looked up, not run.
    NotRun,
    /// Anything else: not looked at.
    Data,
}

/// A fenced block.
pub struct Block {
    /// What to do with it, or what is wrong with its first line.
    pub kind: Result<Kind, String>,
    /// Line of the page that its first fence is on.
    pub line: usize,
    /// What is between the fences.
    pub text: String,
}

/// A span of code, or a command of a block.
pub struct Span {
    /// Where it is.
    pub line: usize,
    /// What it says.
    pub text: String,
}

/// A page.
pub struct Page {
    /// From the repository's root.
    pub name: String,
    /// All that is written.
    source: String,
    /// Fenced blocks, in order.
    pub blocks: Vec<Block>,
    /// Code between backquotes.
    pub spans: Vec<Span>,
    /// Line and target of each link and picture.
    pub links: Vec<(usize, String)>,
    /// What headings are linked by.
    anchors: BTreeSet<String>,
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace")
        .to_owned()
}

/// README.md, and the pages of docs/ in the order of their names.
pub fn all() -> Vec<Page> {
    let mut names = vec!["README.md".to_owned()];
    let entries = fs::read_dir(root().join("docs")).expect("docs");
    let mut docs: Vec<String> = entries
        .map(|entry| entry.expect("an entry of docs").file_name())
        .map(|name| name.into_string().expect("names are ASCII"))
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    docs.sort();
    names.append(&mut docs);
    names.iter().map(|name| Page::read(name)).collect()
}

/// The part of a heading that a link names, as GitHub makes it: small letters, digits, `-` for spaces, `_`.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn kind(info: &str) -> Result<Kind, String> {
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    match (language, rest.strip_prefix("not-run:")) {
        ("", _) => Err("a block must say what it is: sh, console, text… (docs/README.md)".into()),
        ("sh", None) if rest.is_empty() => Ok(Kind::Run),
        ("sh", Some(why)) if !why.trim().is_empty() => Ok(Kind::NotRun),
        ("sh", _) => Err("after sh comes nothing, or `not-run: ` and why".into()),
        ("console", _) if rest.is_empty() => Ok(Kind::Session),
        ("bash" | "shell" | "shell-session" | "zsh", _) => Err("say sh or console".into()),
        _ => Ok(Kind::Data),
    }
}

impl Page {
    /// The page of that name, from the folder of the repository.
    pub fn read(name: &str) -> Page {
        let source =
            fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut page = Page {
            name: name.to_owned(),
            source,
            blocks: Vec::new(),
            spans: Vec::new(),
            links: Vec::new(),
            anchors: BTreeSet::new(),
        };
        page.parse();
        page
    }

    fn parse(&mut self) {
        let source = self.source.clone();
        let line_of = |at: usize| source[..at].matches('\n').count() + 1;
        let mut block: Option<Block> = None;
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(&source, Options::ENABLE_TABLES).into_offset_iter() {
            let line = line_of(range.start);
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    block = Some(Block {
                        kind: kind(info.trim()),
                        line,
                        text: String::new(),
                    });
                }
                Event::End(TagEnd::CodeBlock) => self.blocks.extend(block.take()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    self.anchors
                        .extend(heading.take().map(|text| anchor(&text)));
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    self.links.push((line, dest_url.into_string()));
                }
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&text);
                    } else if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                    self.spans.push(Span {
                        line,
                        text: text.into_string(),
                    });
                }
                _ => {}
            }
        }
    }

    /// Spans of code, and each command of each block of commands, continued lines in one.
    pub fn commands(&self) -> Vec<Span> {
        let mut commands: Vec<Span> = Vec::new();
        for span in &self.spans {
            commands.push(Span {
                line: span.line,
                text: span.text.clone(),
            });
        }
        for block in &self.blocks {
            let session = match block.kind {
                Ok(Kind::Run | Kind::NotRun) => false,
                Ok(Kind::Session) => true,
                _ => continue,
            };
            let mut continued = false;
            for (number, line) in block.text.lines().enumerate() {
                let line = match (session && !continued, line.strip_prefix("$ ")) {
                    (true, Some(line)) => line,
                    (true, None) => continue,
                    (false, _) => line,
                };
                let (line, goes_on) = match line.strip_suffix('\\') {
                    Some(line) => (line, true),
                    None => (line, false),
                };
                match commands.last_mut().filter(|_| continued) {
                    Some(command) => command.text.push_str(line),
                    None => commands.push(Span {
                        line: block.line + 1 + number,
                        text: line.to_owned(),
                    }),
                }
                continued = goes_on;
            }
        }
        commands
    }

    /// Words of letters, digits and `_` anywhere on the page, with their lines.
    pub fn words_like(&self, wanted: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (number, line) in self.source.lines().enumerate() {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for word in words.filter(|word| wanted(word)) {
                found.push((number + 1, word.to_owned()));
            }
        }
        found
    }

    /// The text under the heading that has `title` in it, to the next heading of any level.
    pub fn section(&self, title: &str) -> String {
        let mut lines = self.source.lines();
        let quoted = format!("`{title}`");
        lines
            .by_ref()
            .find(|line| line.starts_with('#') && line.contains(&quoted));
        let body: Vec<&str> = lines.take_while(|line| !line.starts_with('#')).collect();
        body.join("\n")
    }

    /// The cells of the tables under the heading `title`, without heads and rules.
    pub fn rows(&self, title: &str) -> Vec<Vec<String>> {
        let lines = self.source.lines();
        let body = lines
            .skip_while(|line| line.trim_start_matches('#').trim() != title)
            .skip(1)
            .take_while(|line| !line.starts_with('#'));
        let cells = |line: &str| -> Vec<String> {
            let inner = line.trim_matches('|');
            inner
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        };
        body.filter(|line| line.starts_with('|'))
            .map(cells)
            .skip(2)
            .collect()
    }

    /// Whether a link of this page leads to something in the repository; others are not followed.
    pub fn follow(&self, target: &str, pages: &[Page]) -> Result<(), String> {
        if target.contains("://") || target.starts_with("mailto:") {
            return Ok(());
        }
        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
        let here = Path::new(&self.name);
        let path = match file {
            "" => here.to_owned(),
            _ => here.parent().unwrap_or(Path::new("")).join(file),
        };
        let found = root().join(&path);
        let Ok(found) = found.canonicalize() else {
            return Err("is not there".into());
        };
        let page = pages
            .iter()
            .find(|page| root().join(&page.name).canonicalize().ok() == Some(found.clone()));
        match page {
            Some(page) if !fragment.is_empty() && !page.anchors.contains(fragment) => {
                Err("has no such heading".into())
            }
            _ => Ok(()),
        }
    }
}

/// The codes by which a miner's session names its own failures: what functions called `code` in the sources
/// give.
pub fn sources_codes(folder: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let source = fs::read_to_string(&path).expect("a source");
                for body in source.split("fn code(").skip(1) {
                    let body = body.split("\n    }").next().unwrap_or_default();
                    let texts = body.split('"').skip(1).step_by(2);
                    codes.extend(texts.map(str::to_owned));
                }
            }
        }
    }
    assert!(!codes.is_empty(), "no codes in {folder}");
    codes
}
