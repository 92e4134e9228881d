//! Holds the documentation to the programs: what README.md and docs/*.md tell a reader to type is typed, and what
//! they say exists is looked for.
//!
//! `./dev book` builds the programs and runs this; docs/README.md tells authors of pages which block means what.
//!
//! ```text
//!  page      Markdown: fenced blocks, spans of code, links
//!  programs  what is under test, and what `--help` says of each
//!  node      a node on the loopback address, one to a page
//!  session   runs blocks, compares what they print
//!  metrics   names and labels in queries, and in what a node exports
//! ```

mod metrics;
mod node;
mod page;
mod programs;
mod session;

use node::Node;
use page::{Kind, Page};
use programs::Programs;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Fails with all faults at once, so that an author needs one run.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The pages that are asked for: `VERDIGRIS_BOOK_PAGES`, names with spaces between, or all.
fn asked_for() -> Vec<Page> {
    let names = std::env::var("VERDIGRIS_BOOK_PAGES").unwrap_or_default();
    let names: Vec<&str> = names.split_whitespace().collect();
    let mut pages = page::all();
    if !names.is_empty() {
        pages.retain(|page| names.contains(&page.name.as_str()));
        assert_eq!(
            pages.len(),
            names.len(),
            "of {names:?} not all are pages: README.md, docs/NAME.md"
        );
    }
    pages
}

#[test]
fn each_block_says_what_it_is() {
    let mut faults = Vec::new();
    for page in asked_for() {
        for block in &page.blocks {
            if let Err(why) = &block.kind {
                faults.push(format!("{}:{}: {why}", page.name, block.line));
            }
        }
    }
    none(&faults);
}

#[test]
fn commands_do_what_the_pages_say() {
    let programs = Programs::find();
    let mut faults = Vec::new();
    let mut run = 0;
    for page in asked_for() {
        let blocks: Vec<_> = page
            .blocks
            .iter()
            .filter(|block| matches!(block.kind, Ok(Kind::Run | Kind::Session)))
            .collect();
        if blocks.is_empty() {
            continue;
        }
        let node = Node::start(&programs);
        for block in blocks {
            run += 1;
            if let Err(why) = session::play(&node, &programs, block) {
                faults.push(format!("{}:{}: {why}", page.name, block.line));
                // What comes after may need what did not happen.
                break;
            }
        }
    }
    none(&faults);
    println!("{run} blocks ran");
}

#[test]
fn commands_and_options_exist() {
    let programs = Programs::find();
    let mut faults = Vec::new();
    for page in asked_for() {
        for command in page.commands() {
            if let Err(why) = programs.check(&command.text) {
                faults.push(format!("{}:{}: {why}", page.name, command.line));
            }
        }
        for (line, name) in page.words_like(|word| word.starts_with("VERDIGRIS_")) {
            if !programs.knows_variable(&name) {
                faults.push(format!(
                    "{}:{line}: no program's help has {name}",
                    page.name
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn links_lead_somewhere() {
    let pages = page::all();
    let mut faults = Vec::new();
    for page in &pages {
        for (line, target) in &page.links {
            if let Err(why) = page.follow(target, &pages) {
                faults.push(format!("{}:{line}: {target}: {why}", page.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_contents_name_every_page() {
    let pages = page::all();
    let contents = Page::read("docs/README.md");
    let named: BTreeSet<&str> = contents
        .links
        .iter()
        .map(|(_, target)| target.split('#').next().unwrap_or_default())
        .collect();
    let mut missing = Vec::new();
    for page in &pages {
        let name = page.name.strip_prefix("docs/").unwrap_or("");
        if !matches!(name, "" | "README.md") && !named.contains(name) {
            missing.push(format!("docs/README.md does not lead to {name}"));
        }
    }
    none(&missing);
}

#[test]
fn troubleshooting_knows_every_code() {
    let page = Page::read("docs/troubleshooting.md");
    let programs = Programs::find();
    let node = Node::start(&programs);
    let mut codes = node.refusals();
    assert!(codes.len() > 50, "the node's documents list few: {codes:?}");
    codes.extend(page::sources_codes("miner-tiny/src"));
    let mut faults = Vec::new();
    for code in codes {
        if !page.spans.iter().any(|span| span.text == code) {
            faults.push(format!("docs/troubleshooting.md does not name {code}"));
        }
    }
    for (program, statuses) in programs.exit_statuses() {
        for status in statuses {
            let row = format!("| {status} |");
            if !page.section(&program).contains(&row) {
                faults.push(format!(
                    "docs/troubleshooting.md, section {program}: no row for exit status {status}"
                ));
            }
        }
    }
    none(&faults);
}

#[test]
fn owners_find_the_right_file_and_multiplier() {
    let page = Page::read("docs/owners.md");
    let read = |path: &str| -> toml::Table {
        let text = std::fs::read_to_string(page::root().join(path)).expect(path);
        text.parse().expect(path)
    };
    let targets = read("cross/targets.toml");
    let targets = targets["target"].as_array().expect("a list of targets");
    let classes = read("node/data/antiquity.toml");
    let classes = classes["class"].as_array().expect("a list of classes");
    let mut faults = Vec::new();
    let files = page.rows("Which file");
    for row in &files {
        let name = row[1].trim_matches('`');
        let Some(target) = targets.iter().find(|t| t["name"].as_str() == Some(name)) else {
            faults.push(format!("cross/targets.toml has no target {name}"));
            continue;
        };
        // As `verdigris-cross floppy` names them.
        let on_disk = name
            .replace("powerpc", "ppc")
            .replace('-', "_")
            .to_uppercase();
        let on_disk = match target.get("floppy") {
            None => format!("`{on_disk}`"),
            Some(_) => String::new(),
        };
        if row[2] != on_disk {
            faults.push(format!(
                "{name} is on the floppy as {on_disk:?}, not {:?}",
                row[2]
            ));
        }
    }
    let earnings = page.rows("What it earns");
    for row in &earnings {
        let key = row[1].trim_matches('`');
        let class = classes.iter().find(|c| c["key"].as_str() == Some(key));
        if class.and_then(|c| c["multiplier"].as_str()) != Some(&row[2]) {
            faults.push(format!("class {key} is not worth {}", row[2]));
        }
    }
    assert!(files.len() > 5 && earnings.len() > 5);
    none(&faults);
}

#[test]
fn dashboard_and_alerts_ask_for_what_is_exported() {
    let programs = Programs::find();
    let node = Node::settled(&programs);
    let exported = metrics::exported(&node.metrics());
    let mut faults = Vec::new();
    let mut asked = BTreeSet::new();
    for query in metrics::queries() {
        for used in metrics::names(&query.text) {
            asked.insert(used.name.clone());
            match exported.get(&used.name) {
                None => faults.push(format!("{}: the node exports no {}", query.from, used.name)),
                Some(labels) => {
                    for label in used.labels.iter().filter(|label| !labels.contains(*label)) {
                        faults.push(format!(
                            "{}: {} has no label {label}",
                            query.from, used.name
                        ));
                    }
                }
            }
        }
    }
    faults.extend(metrics::faults_of_panels());
    // A dashboard that leaves out what the node exports hides it.
    for name in exported.keys() {
        let family = metrics::family(name);
        if !asked.iter().any(|asked| metrics::family(asked) == family) {
            faults.push(format!("no panel and no alert shows {family}"));
        }
    }
    none(&faults);
}

/// All that went wrong in a process, for a message.
fn told(output: &std::process::Output) -> String {
    let mut text = String::new();
    for stream in [&output.stdout, &output.stderr] {
        let _ = write!(text, "{}", String::from_utf8_lossy(stream));
    }
    text
}
