//! The same pages in browsers that show text alone: w3m and lynx.

use crate::town::Town;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Columns of a wide terminal.
const COLUMNS: usize = 132;

/// Words of so many letters and more may be broken at the end of a line.
const LONG: usize = 30;

/// A browser: its name, which is that of Debian's package too, and its options.
const BROWSERS: [(&str, &[&str]); 2] = [
    ("w3m", &["-dump", "-cols", "132", "-O", "UTF-8"]),
    (
        "lynx",
        &["-dump", "-width=132", "-nolist", "-display_charset=utf-8"],
    ),
];

fn run(program: &str, options: &[&str], url: &str) -> String {
    let run = Command::new(program)
        .args(options)
        .arg(url)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .output()
        .unwrap_or_else(|e| {
            panic!("{program}: {e}; Debian has it in the package {program} (./dev pages)")
        });
    assert!(run.status.success(), "{program} {url}: {run:?}");
    String::from_utf8(run.stdout).unwrap()
}

/// What a page says: the text of its body, entities resolved.
fn said(html: &str) -> String {
    let mut body = html.split_once("<body>").unwrap().1.to_owned();
    // Of a list to choose from, only what is chosen is shown.
    while let Some((before, (_, after))) = body
        .split_once("<select")
        .and_then(|(before, rest)| Some((before, rest.split_once("</select>")?)))
    {
        body = format!("{before} {after}");
    }
    let mut text = String::new();
    for piece in body.split('<').skip(1) {
        let (tag, words) = piece.split_once('>').unwrap_or((piece, ""));
        // What is in a line goes on in its line.
        let inline = [
            "a ", "/a", "strong", "/strong", "code", "/code", "em", "/em", "span", "/span",
        ];
        if !inline.iter().any(|name| tag.starts_with(name)) {
            text.push(' ');
        }
        text.push_str(words);
    }
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (name, left) = after.split_once(';').unwrap();
        out.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "nbsp" => ' ',
            "times" => '×',
            "micro" => 'µ',
            number => char::from_u32(number.trim_start_matches('#').parse().unwrap()).unwrap(),
        });
        rest = left;
    }
    out + rest
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn every_page_is_complete_as_text() {
    let town = Town::settled();
    let mut faults = Vec::new();
    for (name, path) in town.pages() {
        let url = format!("{}{path}", town.origin());
        let html = String::from_utf8(crate::page(&town, &path)).unwrap();
        let page = said(&html);
        for (browser, options) in BROWSERS {
            let shown = run(browser, options, &url);
            let words: BTreeSet<&str> = shown.split_whitespace().collect();
            let all = shown.split_whitespace().collect::<String>();
            // Tables stand side by side, so a word is looked for and not a sentence; long ones may be broken.
            let missing: Vec<&str> = page
                .split_whitespace()
                .filter(|word| word.chars().count() < LONG)
                .filter(|word| !words.contains(word) && !all.contains(*word))
                .collect();
            if !missing.is_empty() {
                faults.push(format!("{browser}, {name}: not shown: {missing:?}"));
            }
            let wide = shown.lines().filter(|line| line.chars().count() > COLUMNS);
            faults.extend(wide.map(|line| format!("{browser}, {name}: a long line: {line}")));
            // What a client has written may well look like it.
            let markup = ["</", "<td", "<p>", "&nbsp;", "&#", "&amp;", "{{", "{%"];
            let markup = markup
                .iter()
                .filter(|tag| shown.contains(**tag) && !page.contains(**tag));
            faults.extend(markup.map(|tag| format!("{browser}, {name}: shows {tag}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn numbers_in_a_text_browser_are_those_of_the_interface() {
    let town = Town::settled();
    let id = &town.honest.id;
    let dumps = |path: &str| {
        BROWSERS
            .map(|(browser, options)| run(browser, options, &format!("{}{path}", town.origin())))
    };
    let verdict = town.node.get(&format!("/api/miner/{id}/verdict")).body;
    let balance = town.node.get(&format!("/api/wallet/{id}")).body["amount_i64"]
        .as_i64()
        .unwrap();
    let balance = format!("{}.{:06} RTC", balance / 1_000_000, balance % 1_000_000);
    for shown in dumps(&format!("/explorer/miner/{id}")) {
        for check in verdict["verdict"]["checks"].as_array().unwrap() {
            assert!(
                shown.contains(check["channel"].as_str().unwrap()),
                "{check}"
            );
        }
        assert!(shown.contains(&balance), "{balance}");
        assert!(shown.contains("Accepted as real silicon."));
    }
    let explained = town.node.get("/api/epoch/11/explain").body;
    for shown in dumps("/explorer/epoch/11") {
        let mut amounts: BTreeMap<String, usize> = BTreeMap::new();
        for share in explained["shares"].as_array().unwrap().iter().take(50) {
            let micro = share["amount_i64"].as_i64().unwrap();
            let amount = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
            *amounts.entry(amount).or_default() += 1;
        }
        for (amount, times) in amounts {
            assert!(shown.matches(&amount).count() >= times, "{amount}: {times}");
        }
    }
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn every_link_of_a_text_browser_leads_somewhere() {
    let town = Town::settled();
    let mut asked = BTreeSet::new();
    for (name, path) in town.pages() {
        let url = format!("{}{path}", town.origin());
        let links = run("lynx", &["-dump", "-listonly", "-nonumbers"], &url);
        let links: Vec<&str> = links
            .lines()
            .map(str::trim)
            .filter(|line| line.contains("://"))
            .collect();
        assert!(links.len() > 10, "{name}: {links:?}");
        for link in links {
            let path = link
                .strip_prefix(&town.origin())
                .unwrap_or_else(|| panic!("{name}: {link}"));
            let path = path.split('#').next().unwrap();
            if asked.insert(path.to_owned()) {
                crate::page(&town, path);
            }
        }
    }
}
