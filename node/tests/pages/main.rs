//! The explorer's pages over HTTP: complete, escaped, of bounded size, and free of anything from elsewhere.

#[path = "../common/mod.rs"]
mod common;
#[path = "../verdict_machine/mod.rs"]
mod verdict_machine;

mod json;

use common::{exchange, unlimited, Kind, Miner, Node, EPOCH_MS};
use probe_core::seed::Seed;
use serde_json::{json, Value};

on_each_database!(
    every_page_is_there_and_harmless,
    hostile_texts_are_only_texts,
    long_lists_have_pages_and_ends,
    pictures_are_pictures_of_both_kinds,
    feeds_are_xml_and_name_every_entry,
);

/// What one page may weigh, with everything that is needed to read it.
const PAGE_MAX: usize = 100 * 1024;

/// How long totals are kept: see `http::pages::kept`.
const KEPT_MS: i64 = 61_000;

/// Elements that are closed wherever they are opened.
const PAIRED: [&str; 22] = [
    "a", "body", "code", "div", "em", "form", "h1", "h2", "h3", "head", "html", "label", "option",
    "p", "picture", "pre", "select", "small", "table", "td", "th", "tr",
];

/// An answer as it came.
struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn get_with(node: &Node, path: &str, headers: &str) -> Got {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: node.example:8099\r\nConnection: close\r\n{headers}\r\n"
    );
    let bytes = exchange(node.address, request.as_bytes());
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("{path}: no answer"));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Got {
        status: head[9..12].parse().unwrap(),
        head,
        body: bytes[end + 4..].to_vec(),
    }
}

fn get(node: &Node, path: &str) -> Got {
    get_with(node, path, "")
}

fn ok(node: &Node, path: &str) -> Got {
    let got = get(node, path);
    assert_eq!(got.status, 200, "{path}: {}", got.text());
    got
}

/// Values of an attribute, wherever it is.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    html.split(opening.as_str())
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

/// Every page has these properties.
fn assert_harmless(path: &str, got: &Got) {
    let html = got.text();
    assert_eq!(
        got.header("content-type"),
        "text/html; charset=utf-8",
        "{path}"
    );
    let policy = got.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    assert!(html.len() <= PAGE_MAX, "{path}: {} bytes", html.len());
    // Nothing from elsewhere, and no link that leads there or runs anything.
    for attribute in ["src", "href", "srcset", "action"] {
        for value in values(html, attribute) {
            assert!(
                value.starts_with('/') && !value.starts_with("//") || value.starts_with('#'),
                "{path}: {value}"
            );
        }
    }
    // No script but the node's files, nothing that the policy would have to allow in the page itself.
    let scripts = html.matches("<script").count();
    let ours = ["live", "zoom"]
        .map(|name| format!("<script type=\"module\" src=\"/explorer/{name}.js\"></script>"))
        .map(|script| html.matches(&script).count())
        .iter()
        .sum::<usize>();
    assert_eq!(scripts, ours, "{path}");
    assert!(!html.contains("<style"), "{path}");
    for tag in html
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
    {
        let handles = |word: &str| word.starts_with("on") && word.contains('=');
        let harmful = tag.contains(" style=") || tag.contains("javascript:");
        assert!(
            !harmful && !tag.split_whitespace().any(handles),
            "{path}: <{tag}>"
        );
    }
    for name in PAIRED {
        let opened =
            html.matches(&format!("<{name}>")).count() + html.matches(&format!("<{name} ")).count();
        let closed = html.matches(&format!("</{name}>")).count();
        assert_eq!(opened, closed, "{path}: <{name}>");
    }
    // For whom pictures are nothing.
    assert_eq!(
        html.matches("<img ").count(),
        values(html, "alt").len(),
        "{path}"
    );
    assert!(html.contains("<title>") && html.contains("<h1"), "{path}");
}

/// A submission that proves silicon, of a device that calls itself so.
fn proven(node: &Node, miner: &Miner, model: &str) -> Value {
    let nonce = node.nonce();
    let mut evidence = verdict_machine::honest();
    // Its values are those of another challenge's operands.
    evidence.quirks = None;
    test_rigs::bind::bind(&mut evidence, &Seed::derive(&nonce, &miner.id));
    let mut body = miner.body(&nonce);
    body["device"]["model"] = model.into();
    body["evidence"] = serde_json::to_value(&evidence).unwrap();
    node.wait_ms(3_000);
    miner.sign(body)
}

/// A node with a machine of either kind of submission, a paid epoch and a transfer.
fn populated(kind: Kind) -> (Node, Miner, Miner) {
    let node = Node::start_on(kind, unlimited());
    let (one, other) = (Miner::number(1), Miner::number(2));
    let reply = node.submit(&proven(&node, &one, "ordinary"));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(other.attest(&node).status, 200);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    let reply = node.post(
        "/wallet/transfer/signed",
        &one.transfer(&other.id, "0.25", 1),
    );
    assert_eq!(reply.status, 200, "{reply:?}");
    node.wait_ms(KEPT_MS);
    (node, one, other)
}

fn every_page_is_there_and_harmless(kind: Kind) {
    let (node, one, other) = populated(kind);
    let history = node.get(&format!("/wallet/history?miner_id={}", one.id));
    let transfers = history.body["transactions"].as_array().unwrap();
    let hash = transfers
        .iter()
        .find_map(|t| t["tx_hash"].as_str().filter(|h| h.len() == 32));
    let mut paths: Vec<String> = [
        "/",
        "/explorer",
        "/explorer/miners",
        "/explorer/epochs",
        "/explorer/epoch/0",
        "/explorer/hall-of-fame",
        "/explorer/preserved",
        "/explorer/transactions",
        "/explorer/laboratory",
        "/explorer/tx/epoch/0",
        "/explorer/tx/genesis",
        "/explorer/wallet/nobody",
    ]
    .map(str::to_owned)
    .into();
    paths
        .extend(["1d", "7d", "1m", "3m", "1y", "all"].map(|span| format!("/explorer/time/{span}")));
    paths.push(format!("/explorer/tx/transfer/{}", hash.unwrap()));
    for miner in [&one, &other] {
        paths.push(format!("/explorer/miner/{}", miner.id));
        paths.push(format!("/explorer/miner/{}/passport", miner.id));
        paths.push(format!("/explorer/wallet/{}", miner.id));
    }
    for path in &paths {
        assert_harmless(path, &ok(&node, path));
    }
    // What is linked is there: every address of every page, once.
    let mut asked: std::collections::BTreeSet<String> = paths.into_iter().collect();
    for path in asked.clone() {
        let got = ok(&node, &path);
        for link in ["href", "src", "srcset", "action"]
            .iter()
            .flat_map(|a| values(got.text(), a))
        {
            let link = link.replace("&amp;", "&").replace("&#38;", "&");
            let link = link.split('#').next().unwrap().to_owned();
            // The open epoch has nobody in it yet.
            if link.is_empty() || link == "/explorer/epoch/1" || !asked.insert(link.clone()) {
                continue;
            }
            ok(&node, &link);
        }
    }
    // The machine's page says what the API says.
    let verdict = node.get(&format!("/api/miner/{}/verdict", one.id)).body;
    let page = ok(&node, &format!("/explorer/miner/{}", one.id));
    for check in verdict["verdict"]["checks"].as_array().unwrap() {
        let channel = check["channel"].as_str().unwrap();
        assert!(
            page.text().contains(&format!("<strong>{channel}</strong>")),
            "{channel}"
        );
    }
    assert_eq!(
        page.text()
            .matches("<td data-th=\"Channel\" class=\"short\"><strong>")
            .count(),
        verdict["verdict"]["checks"].as_array().unwrap().len()
    );
    assert!(page.text().contains("Zen 5"), "its processor's name");
    // A closer look at the whole shows the same; one at nothing shows nothing.
    let now_s = node.now.load(std::sync::atomic::Ordering::Relaxed) / 1_000;
    let closer = |from: i64, to: i64| {
        let path = format!("/explorer/time/range?from={from}&to={to}");
        let got = ok(&node, &path);
        assert_harmless(&path, &got);
        got
    };
    let whole = closer(now_s - 3_600, now_s + 60);
    assert!(whole
        .text()
        .contains("In all: 2 attestations, 1.500000 RTC"));
    assert!(closer(0, 10)
        .text()
        .contains("In all: 0 attestations, 0.000000 RTC"));
    for (from, to) in [(i64::MAX, 0), (-1, 5)] {
        let got = get(&node, &format!("/explorer/time/range?from={from}&to={to}"));
        assert_eq!(got.status, 400);
    }
    assert_eq!(get(&node, "/explorer/time/2d").status, 404);
    // What is counted in one place is what was done in another.
    let time = ok(&node, "/explorer/time/all");
    let told = "In all: 2 attestations, 1.500000 RTC of rewards, 0.000000 RTC moved";
    assert!(time.text().contains(told), "{}", time.text());
    let hall = ok(&node, "/explorer/hall-of-fame");
    assert!(hall.text().contains(&one.id) && !hall.text().contains(&format!("miner/{}", other.id)));
    let wallet = ok(&node, &format!("/explorer/wallet/{}", one.id));
    let balance = node.get(&format!("/api/wallet/{}", one.id)).body["amount_i64"].as_i64();
    let balance = balance.unwrap();
    let told = format!("{}.{:06} RTC", balance / 1_000_000, balance % 1_000_000);
    assert!(wallet.text().contains(&told), "{told}");
}

fn hostile_texts_are_only_texts(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(1);
    let mut model =
        String::from("<script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u{202e}evil\u{0}");
    model.push_str(&"]]>".repeat(100));
    let reply = node.submit(&proven(&node, &miner, &model));
    assert_eq!(reply.status, 200, "{reply:?}");
    node.wait_ms(EPOCH_MS);
    node.settle();
    let path = format!("/explorer/miner/{}", miner.id);
    let page = ok(&node, &path);
    assert!(page.text().contains("alert(1)"), "it is shown");
    assert!(!page.text().contains('\u{202e}') && !page.text().contains('\u{0}'));
    assert_harmless(&path, &page);

    // Memos are anybody's words to anybody.
    let other = Miner::number(2).id;
    let mut transfer = miner.transfer(&other, "0.5", 1);
    let memo = "</td><script src=//evil.example></script>";
    let signed = format!(
        r#"{{"amount":0.5,"fee":0.0,"from":"{}","memo":"{memo}","nonce":"1","to":"{other}"}}"#,
        miner.id
    );
    transfer["memo"] = memo.into();
    transfer["signature"] = json!(miner.signature(&signed));
    let reply = node.post("/wallet/transfer/signed", &transfer);
    assert_eq!(reply.status, 200, "{reply:?}");
    let hash = reply.body["tx_hash"].as_str().unwrap();
    let path = format!("/explorer/tx/transfer/{hash}");
    let page = ok(&node, &path);
    assert!(page.text().contains("evil.example"));
    assert_harmless(&path, &page);

    // Addresses and forms.
    let long = "x".repeat(8_000);
    for path in [
        "/explorer/miner/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/explorer/wallet/%22%3E%3Cscript%3E",
        "/explorer/epoch/%3Cscript%3E",
        "/explorer/tx/%3Cscript%3E",
        "/explorer/%3Cscript%3E",
        "/explorer/time/%3Cscript%3E",
        "/feeds/%3Cscript%3E",
        &format!("/explorer/tx/{long}"),
        &format!("/explorer/miner/{long}"),
    ] {
        let got = get(&node, path);
        assert!([400, 404].contains(&got.status), "{path}: {}", got.status);
        assert_harmless(path, &got);
    }
    for path in [
        "/explorer/miners?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&class=%22%3E%3Cscript%3E&sort=%27",
        &format!("/explorer/miners?q={long}"),
    ] {
        let got = ok(&node, path);
        assert_harmless(path, &got);
    }
}

fn long_lists_have_pages_and_ends(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    for number in 0..53 {
        let miner = Miner::number(number).named(&format!("crowd-{number:02}"));
        assert_eq!(miner.attest(&node).status, 200);
    }
    let list = |query: &str| ok(&node, &format!("/explorer/miners?{query}"));
    let rows = |got: &Got| got.text().matches("<a href=\"/explorer/miner/").count();
    let first = list("sort=name");
    assert_eq!(rows(&first), 50);
    assert!(first.text().contains("1 to 50 of 53") && first.text().contains("page=2"));
    assert!(first.text().contains("crowd-00") && !first.text().contains("crowd-50"));
    let second = list("sort=name&page=2");
    assert_eq!(rows(&second), 3);
    assert!(second.text().contains("rel=\"prev\"") && !second.text().contains("rel=\"next\""));
    assert_eq!(rows(&list("sort=name&page=2000")), 0);
    // All orders show everybody, once.
    for sort in ["recent", "weight", "age", "name", "nonsense"] {
        let both = [1, 2].map(|page| list(&format!("sort={sort}&page={page}")));
        let of = |got: &Got| {
            values(got.text(), "href")
                .into_iter()
                .filter(|l| l.starts_with("/explorer/miner/"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let mut all = both.iter().flat_map(of).collect::<Vec<_>>();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 53, "{sort}");
    }
    assert_eq!(rows(&list("q=crowd-1")), 10);
    assert_eq!(
        rows(&list("q=crowd-1&class=unproven&sort=weight"))
            + rows(&list("q=crowd-1&class=virtual")),
        10
    );
    assert_eq!(rows(&list("q=nobody")), 0);
    // All of them are of one family.
    assert!(first
        .text()
        .contains("<option value=\"x86\">x86 (53)</option>"));
    assert_eq!(rows(&list("family=x86&sort=age")), 50);
    assert_eq!(
        rows(&list("family=x86&class=virtual&q=crowd-1&sort=weight")),
        10
    );
    assert_eq!(rows(&list("family=PowerPC")), 0);
    for page in ["0", "-1", "2001", "x", "99999999999999999999"] {
        for path in ["miners", "epochs", "transactions", "wallet/crowd-01"] {
            let path = format!("/explorer/{path}?page={page}");
            let got = get(&node, &path);
            assert_eq!(got.status, 400, "{path}");
            assert_harmless(&path, &got);
        }
    }
    // Programs narrow it in the same way, and are told of what makes no sense.
    let asked = |query: &str| {
        let reply = node.get(&format!("/api/miners?{query}"));
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        let miners = reply.body["miners"].as_array().unwrap().iter();
        let names = miners.map(|miner| miner["miner"].as_str().unwrap().to_owned());
        let total = reply.body["pagination"]["total"].as_i64().unwrap();
        (names.collect::<Vec<_>>(), total)
    };
    let (names, total) = asked("q=crowd-1&family=x86&class=virtual&sort=name&limit=3&offset=2");
    assert_eq!((total, names.len(), names[0].as_str()), (10, 3, "crowd-12"));
    for (query, expected) in [
        ("class=virtual", 53),
        ("class=unproven", 0),
        ("family=PowerPC", 0),
        ("family=Apple%20Silicon", 0),
        ("q=nobody", 0),
    ] {
        assert_eq!(asked(query).1, expected, "{query}");
    }
    let long = "x".repeat(129);
    for wrong in [
        "class=",
        "family=%00",
        "q=%C3%A4",
        "sort=x",
        "seen=",
        &format!("class={long}"),
    ] {
        let reply = node.get(&format!("/api/miners?{wrong}"));
        assert_eq!(
            (reply.status, reply.code()),
            (400, "INVALID_PARAMETER"),
            "{wrong}"
        );
    }
    // Shares of an epoch go on after the last name.
    let shares = ok(&node, "/explorer/epoch/0");
    let next = values(shares.text(), "href")
        .into_iter()
        .find(|link| link.contains("?after="))
        .unwrap();
    assert_eq!(rows(&ok(&node, next)), 3);
    // An hour later they are known, but away.
    node.wait_ms(3_600_001);
    assert_eq!(asked("class=virtual").1, 0);
    assert_eq!(asked("class=virtual&seen=ever").1, 53);
}

fn pictures_are_pictures_of_both_kinds(kind: Kind) {
    let (node, one, other) = populated(kind);
    let miner = format!("/explorer/miner/{}", one.id);
    let mut pictures = vec![(format!("{miner}/fingerprint"), (1200, 1220))];
    for span in ["1d", "all"] {
        for what in ["attestations", "machines", "rewards", "volume"] {
            pictures.push((format!("/explorer/time/{span}/{what}"), (760, 280)));
        }
    }
    for (path, size) in &pictures {
        let svg = ok(&node, &format!("{path}.svg"));
        assert_eq!(svg.header("content-type"), "image/svg+xml");
        let tree = roxmltree::Document::parse(svg.text()).unwrap();
        assert!(
            tree.root_element()
                .has_tag_name(("http://www.w3.org/2000/svg", "svg")),
            "{path}"
        );
        let png = ok(&node, &format!("{path}.png"));
        assert_eq!(png.header("content-type"), "image/png");
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png.body))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), *size, "{path}");
        assert!(
            pixels.chunks(3).any(|pixel| pixel != [255; 3]),
            "{path} is empty"
        );
    }
    let badge = ok(&node, &format!("{miner}/badge.svg"));
    assert!(roxmltree::Document::parse(badge.text()).is_ok());
    for path in [
        format!("/explorer/miner/{}/fingerprint.svg", other.id),
        format!("{miner}/fingerprint.gif"),
        format!("{miner}/nothing.svg"),
        format!("{miner}/skew.svg"),
        "/explorer/time/1d/nothing.png".into(),
    ] {
        assert_eq!(get(&node, &path).status, 404, "{path}");
    }
}

fn feeds_are_xml_and_name_every_entry(kind: Kind) {
    let (node, one, _) = populated(kind);
    for name in ["attestations", "epochs"] {
        let rss = ok(&node, &format!("/feeds/{name}.rss"));
        let tree = roxmltree::Document::parse(rss.text()).unwrap();
        let items: Vec<_> = tree
            .descendants()
            .filter(|n| n.has_tag_name("item"))
            .collect();
        assert_eq!(items.len(), if name == "epochs" { 1 } else { 2 });
        for item in items {
            for child in ["title", "link", "guid", "pubDate", "description"] {
                let text = item
                    .children()
                    .find(|n| n.has_tag_name(child))
                    .and_then(|n| n.text());
                assert!(text.is_some_and(|text| !text.is_empty()), "{child}");
            }
        }
        let atom = ok(&node, &format!("/feeds/{name}.atom"));
        let tree = roxmltree::Document::parse(atom.text()).unwrap();
        let space = "http://www.w3.org/2005/Atom";
        let entries = tree
            .descendants()
            .filter(|n| n.has_tag_name((space, "entry")));
        let links =
            entries.filter_map(|entry| entry.children().find(|n| n.has_tag_name((space, "link"))));
        for link in links {
            let address = link.attribute("href").unwrap();
            let path = address.strip_prefix("http://node.example:8099").unwrap();
            ok(&node, path);
        }
    }
    assert!(ok(&node, "/feeds/attestations.atom")
        .text()
        .contains(&one.id));
    assert_eq!(get(&node, "/feeds/attestations.json").status, 404);
}

#[test]
fn the_root_is_a_page_for_people_and_a_list_for_programs() {
    let node = Node::start(unlimited());
    assert_harmless("/", &ok(&node, "/"));
    let browser = "Accept: text/html,application/xhtml+xml,application/json;q=0.9\r\n";
    assert_harmless("/", &get_with(&node, "/", browser));
    let program = get_with(&node, "/", "Accept: application/json\r\n");
    assert_eq!(
        (program.status, program.header("location")),
        (303, "/api/discover")
    );
    let found = node.get("/api/discover");
    assert_eq!(
        found.body["node_public_key"],
        node.app.store.key().public_hex()
    );
    // What is offered without a name to fill in, and every page, is there.
    for list in ["offers", "pages"] {
        for item in found.body[list].as_array().unwrap() {
            let path = item["path"].as_str().unwrap();
            if !path.contains('{') {
                ok(&node, path);
            }
        }
    }
    assert_eq!(node.get("/.well-known/agent.json").status, 200);
    let text = ok(&node, "/llms.txt");
    assert!(text.text().starts_with("# ") && text.text().contains("(/openapi.json)"));
}

#[test]
fn a_page_that_did_not_change_is_not_sent_again() {
    let node = Node::start(unlimited());
    let first = ok(&node, "/explorer/epochs");
    let tag = format!("If-None-Match: {}\r\n", first.header("etag"));
    let again = get_with(&node, "/explorer/epochs", &tag);
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn whoever_listens_hears_of_an_attestation() {
    let node = Node::start(unlimited());
    let event = |node: &Node| {
        let got = ok(node, "/explorer/live");
        assert_eq!(got.header("content-type"), "text/event-stream");
        assert!(got.text().starts_with("retry: ") && got.text().ends_with("\n\n"));
        got.text().to_owned()
    };
    let before = event(&node);
    assert_eq!(event(&node), before);
    assert_eq!(Miner::number(1).attest(&node).status, 200);
    node.wait_ms(KEPT_MS);
    assert_ne!(event(&node), before);
}
