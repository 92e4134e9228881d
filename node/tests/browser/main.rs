//! The explorer as people meet it: in headless Chromium, by mouse and by keyboard, on wide and narrow screens, light
//! and dark, with and without script, and in the text browsers w3m and lynx.
//!
//! `./dev pages` installs the browsers and axe, and runs these tests; `cargo test` by itself leaves them out.

#[path = "../common/mod.rs"]
mod common;
#[path = "../fleet_world/mod.rs"]
mod fleet_world;
#[path = "../verdict_machine/mod.rs"]
mod verdict_machine;

mod chromium;
mod text;
mod town;

use chromium::{Browser, Size};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use town::Town;

/// A desk's screen and a telephone's.
const WIDE: Size = (1280, 900);
const NARROW: Size = (360, 740);

/// What a sheet of Letter paper leaves between its margins, CSS pixels (96 to the inch).
const PAPER: Size = (740, 980);

/// Finds what overlaps or is cut off.
const BOXES: &str = include_str!("boxes.js");

/// Where pictures of all pages go, if anywhere.
const PICTURES: &str = "VERDIGRIS_PAGE_PICTURES";

/// Where axe's script is.
const AXE: &str = "VERDIGRIS_AXE";

/// Rules of WCAG 2.0, 2.1 and 2.2, A and AA, as axe names them; what it calls serious or critical is told. Of long
/// pages it sees the first tables, and of long tables the first rows: the others are made by the same lines.
const AXE_RUN: &str = "axe.run({include: [['html']], \
    exclude: [['table:nth-of-type(n+9)'], ['tr:nth-child(n+31)']]}, \
    {runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}}) \
    .then(found => found.violations.filter(v => ['serious', 'critical'].includes(v.impact)) \
    .map(v => v.id + ': ' + v.help + ': ' + v.nodes.slice(0, 3).map(n => n.html + ' ' + n.failureSummary).join(' | ')))";

/// The script of axe.
fn axe() -> String {
    let place = std::env::var(AXE)
        .unwrap_or_else(|_| panic!("{AXE} is not set: ./dev pages fetches axe and sets it"));
    std::fs::read_to_string(&place)
        .unwrap_or_else(|e| panic!("{place}: {e}; ./dev pages fetches it"))
}

/// Keeps a picture of the page for people, where they asked for it.
fn keep_picture(browser: &mut Browser, name: &str) {
    let Some(folder) = std::env::var_os(PICTURES) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let picture = browser.picture();
    std::fs::write(
        Path::new(&folder).join(format!("{name}.png")),
        decoded(&picture),
    )
    .unwrap();
}

/// The bytes of a base64 text (RFC 4648, 4).
fn decoded(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text
        .bytes()
        .filter_map(|b| ALPHABET.iter().position(|&a| a == b));
    let (mut out, mut bits, mut held) = (Vec::new(), 0usize, 0);
    for digit in digits {
        bits = (bits << 6 | digit) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    out
}

/// What is listed of a page, or all of it.
fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap();
    list.iter()
        .map(|v| v.as_str().unwrap().to_owned())
        .collect()
}

fn assert_well(browser: &mut Browser, name: &str) {
    assert_eq!(browser.faults(), Vec::<String>::new(), "{name}");
    let boxes = texts(&browser.evaluate(BOXES));
    assert_eq!(boxes, Vec::<String>::new(), "{name}");
}

/// A town, and a browser that may look at it through a light window of this size. The town must be held: its node ends
/// with it.
fn looked_at(size: Size) -> (Town, Browser) {
    let town = Town::settled();
    let mut browser = Browser::start(&town.origin());
    browser.dress(size, false);
    (town, browser)
}

/// The addresses that a page links to, without the part after `#`.
fn links(browser: &mut Browser) -> Vec<String> {
    texts(
        &browser
            .evaluate("[...document.querySelectorAll('a[href]')].map(a => a.pathname + a.search)"),
    )
}

/// Clicks on the link that leads there.
fn follow(browser: &mut Browser, path: &str) {
    browser.follow(&format!("a[href=\"{path}\"]"));
    assert_eq!(browser.path(), path);
}

/// A page's bytes, asked for without a browser.
fn page(town: &Town, path: &str) -> Vec<u8> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    let answer = common::exchange(town.node.address, request.as_bytes());
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}");
    answer[end + 4..].to_vec()
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn every_page_is_reached_by_clicks() {
    let (town, mut browser) = looked_at(WIDE);
    browser.open("/");
    let mut wanted: BTreeSet<String> = town.pages().into_iter().map(|(_, path)| path).collect();
    // The overview is both.
    let mut from = vec!["/".to_owned()];
    let mut been = BTreeSet::new();
    while let Some(path) = from.pop() {
        if !been.insert(path.clone()) {
            continue;
        }
        browser.open(&path);
        let here = links(&mut browser);
        let new: Vec<String> = here
            .into_iter()
            .filter(|link| wanted.remove(link))
            .collect();
        for link in new {
            if browser.path() != path {
                browser.open(&path);
            }
            follow(&mut browser, &link);
            assert_well(&mut browser, &link);
            from.push(link);
        }
    }
    assert!(wanted.is_empty(), "no click leads to {wanted:?}");
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn every_page_stands_well_on_every_screen() {
    let axe = axe();
    let (town, mut browser) = looked_at(WIDE);
    let mut faults = Vec::new();
    for (name, path) in town.pages() {
        browser.open(&path);
        browser.evaluate(&axe);
        for (size, dark) in [(WIDE, false), (WIDE, true), (NARROW, false), (NARROW, true)] {
            browser.dress(size, dark);
            let name = format!("{name}-{}-{}", size.0, if dark { "dark" } else { "light" });
            let tell = |fault: String| format!("{name}: {fault}");
            faults.extend(browser.faults().into_iter().map(tell));
            faults.extend(texts(&browser.evaluate(BOXES)).into_iter().map(tell));
            // Each width and each colour once.
            if (size == WIDE) != dark {
                faults.extend(texts(&browser.evaluate(AXE_RUN)).into_iter().map(tell));
            }
            keep_picture(&mut browser, &name);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What the page says in its window, but for what speaks of scripts.
const SAID: &str = "(() => { document.querySelectorAll('.scripted').forEach(e => e.remove()); \
                    return document.getElementById('content')?.innerText; })()";

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn every_page_is_complete_without_script() {
    let (town, mut browser) = looked_at(WIDE);
    for (name, path) in town.pages() {
        browser.scripts(true);
        browser.open(&path);
        let with = browser.evaluate(SAID);
        browser.scripts(false);
        browser.open(&path);
        assert_eq!(browser.evaluate(SAID), with, "{name}");
        assert_well(&mut browser, &name);
    }
    // Forms and links lead on.
    browser.open("/explorer/miners");
    browser.click("input[name=q]");
    browser.type_text("crowd-0");
    browser.follow("input[type=submit]");
    assert_eq!(machines(&mut browser).len(), 10);
    browser.open("/explorer/time/1m");
    browser.follow("table.list a");
    assert!(browser.path().starts_with("/explorer/time/range?from="));
}

/// The machines of a list, as it has them.
fn machines(browser: &mut Browser) -> Vec<String> {
    let all = links(browser).into_iter();
    all.filter_map(|link| link.strip_prefix("/explorer/miner/").map(str::to_owned))
        .collect()
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn the_list_of_machines_is_searched_filtered_sorted_and_turned() {
    let (town, mut browser) = looked_at(WIDE);
    browser.open("/explorer/miners");
    let choose = |browser: &mut Browser, name: &str, value: &str| {
        browser.evaluate(&format!(
            "document.querySelector('select[name={name}]').value = '{value}'"
        ));
    };
    let first = machines(&mut browser);
    assert_eq!(first.len(), 50);
    browser.follow("a[rel=next]");
    let second = machines(&mut browser);
    assert!(second.len() == 7 && second.iter().all(|id| !first.contains(id)));
    browser.follow("a[rel=prev]");
    assert_eq!(machines(&mut browser), first);

    browser.click("input[name=q]");
    browser.type_text("crowd-1");
    choose(&mut browser, "sort", "name");
    browser.follow("input[type=submit]");
    let expected: Vec<String> = (10..20).map(|n| format!("crowd-{n}")).collect();
    assert_eq!(machines(&mut browser), expected);
    // What was asked for stays in the form.
    assert_eq!(
        browser.evaluate("document.querySelector('input[name=q]').value"),
        "crowd-1"
    );

    browser.open("/explorer/miners");
    choose(&mut browser, "class", "modern_x86_64");
    choose(&mut browser, "family", "x86");
    browser.follow("input[type=submit]");
    let found: BTreeSet<String> = machines(&mut browser).into_iter().collect();
    assert_eq!(
        found,
        [town.honest.id.clone(), town.hostile.id.clone()].into()
    );
    browser.follow(&format!("a[href='/explorer/miner/{}']", town.honest.id));
    assert_well(&mut browser, "the machine that was found");
}

/// Whether the focus is to be seen: within the window, with an outline.
const FOCUS: &str = "(() => { const e = document.activeElement, box = e.getBoundingClientRect(), \
    style = getComputedStyle(e); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 \
    && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth; })()";

/// Presses the tabulator until the focus is on something, and sees it at each step.
fn tab_to(browser: &mut Browser, selector: &str) {
    /// Links before the first of a list.
    const STEPS: usize = 40;
    for _ in 0..STEPS {
        browser.tab();
        assert_eq!(browser.evaluate(FOCUS), true, "on the way to {selector}");
        if browser.evaluate(&format!("document.activeElement.matches(\"{selector}\")")) == true {
            return;
        }
    }
    panic!("the tabulator never comes to {selector}");
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn the_keyboard_is_enough() {
    let (_town, mut browser) = looked_at(WIDE);
    browser.open("/explorer");
    // The first is the way past the menu, then the menu in its order.
    tab_to(&mut browser, "a[href='#content']");
    let menu = texts(
        &browser
            .evaluate("[...document.querySelectorAll('.nav a')].map(a => a.getAttribute('href'))"),
    );
    for link in &menu {
        browser.tab();
        let here = browser.evaluate("document.activeElement.getAttribute('href')");
        assert_eq!(here, link.as_str());
        assert_eq!(browser.evaluate(FOCUS), true, "{link}");
    }
    browser.open("/explorer");
    tab_to(&mut browser, "a[href='/explorer/miners']");
    browser.enter();
    assert_eq!(browser.path(), "/explorer/miners");
    tab_to(&mut browser, "input[name=q]");
    browser.type_text("plain");
    browser.enter();
    assert_eq!(machines(&mut browser), ["plain-old-form"]);
    tab_to(&mut browser, "a[href='/explorer/miner/plain-old-form']");
    browser.enter();
    assert_eq!(browser.path(), "/explorer/miner/plain-old-form");
    assert_well(&mut browser, "by keyboard");
    // What is scrolled in itself is reached as well.
    browser.open("/explorer/laboratory");
    tab_to(&mut browser, ".report table");
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn a_new_attestation_appears_by_itself() {
    let (town, mut browser) = looked_at(WIDE);
    browser.open("/explorer");
    // A page that is loaded again forgets this.
    browser.evaluate("window.same = true; window.heard = 0; \
                      new EventSource('/explorer/live').addEventListener('state', () => window.heard++); 0");
    browser.wait_for("window.heard > 0");
    assert!(!machines(&mut browser).contains(&"newcomer".to_owned()));
    town.newcomer(1, "newcomer");
    browser.wait_for("document.querySelector('a[href=\"/explorer/miner/newcomer\"]') !== null");
    assert_eq!(browser.evaluate("window.same"), true);
    assert_well(&mut browser, "the page that changed");
    // It goes on listening.
    town.newcomer(2, "second-newcomer");
    browser
        .wait_for("document.querySelector('a[href=\"/explorer/miner/second-newcomer\"]') !== null");
    browser.follow("a[href=\"/explorer/miner/newcomer\"]");
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn a_chart_is_looked_at_closer() {
    let (_town, mut browser) = looked_at(WIDE);
    for size in [WIDE, NARROW] {
        browser.dress(size, false);
        browser.open("/explorer/time/1m");
        let edge = |browser: &mut Browser, name: &str| -> f64 {
            let second = browser.evaluate(&format!(
                "document.querySelector('img[data-from]').dataset.{name}"
            ));
            second.as_str().unwrap().parse().unwrap()
        };
        let (from, to) = (edge(&mut browser, "from"), edge(&mut browser, "to"));
        // From the middle of what is drawn to its end, which is at 750 of 760 pixels.
        browser.drag("img[data-from]", 420.0 / 760.0, 755.0 / 760.0);
        browser.wait_for(
            "location.pathname === '/explorer/time/range' && document.readyState === 'complete'",
        );
        let (closer, last) = (edge(&mut browser, "from"), edge(&mut browser, "to"));
        let day = 86_400.0;
        assert!(
            (closer - (from + to) / 2.0).abs() < day && (last - to).abs() < day,
            "{from} {closer} {last} {to}"
        );
        assert_well(&mut browser, "a range");
        // Without the mouse: a block's own link, and back.
        let before = last - closer;
        browser.follow("table.list a");
        let length = edge(&mut browser, "to") - edge(&mut browser, "from");
        assert!(length < before / 10.0, "{length} of {before}");
        for way in ["Earlier", "Later", "Wider"] {
            browser.evaluate(&format!("[...document.querySelectorAll('a')].find(a => a.textContent === '{way}').id = 'way'"));
            browser.follow("#way");
        }
        assert_well(&mut browser, "a wider range");
    }
    // A click is no stretch: it opens the picture.
    browser.open("/explorer/time/1m");
    browser.follow("a.chart");
    assert_eq!(browser.path(), "/explorer/time/1m/attestations.svg");
}

#[test]
#[ignore = "needs browsers and axe: ./dev pages"]
fn a_passport_is_one_sheet_of_paper() {
    let (town, mut browser) = looked_at(PAPER);
    for miner in [&town.honest, &town.refused, &town.plain] {
        browser.open(&format!("/explorer/miner/{}/passport", miner.id));
        let paper = decoded(&browser.print());
        let paper = String::from_utf8_lossy(&paper);
        assert!(paper.starts_with("%PDF-"));
        let sheets = paper.matches("/Type /Page\n").count();
        browser.on_paper();
        keep_picture(&mut browser, &format!("paper-{}", miner.id));
        assert_eq!(sheets, 1, "{}", miner.id);
        let seen = browser.evaluate("document.querySelector('.nav').checkVisibility()");
        assert_eq!(seen, false);
        assert_well(&mut browser, "on paper");
    }
}
