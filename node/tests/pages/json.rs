//! Each page's JSON: that every page names one, and that both say the same.

use serde_json::Value;
use std::collections::BTreeSet;
use verdigris_node::settle::confirm_overdue;
use verdigris_node::store::records::{self, Miner as Known};
use verdigris_node::store::sql::params;
use verdigris_node::store::StoreError;

use super::common::{Kind, Miner, Node, START_MS};
use super::{ok, populated, values, KEPT_MS};

crate::on_each_database!(
    every_page_names_its_json,
    pages_and_their_json_say_the_same,
    refusals_are_typed,
);

/// The addresses of JSON that a page names in its head.
fn alternates(html: &str) -> Vec<String> {
    const LINK: &str = "<link rel=\"alternate\" type=\"application/json\" ";
    let links = html.split(LINK).skip(1);
    links.map(|rest| plain(values(rest, "href")[0])).collect()
}

/// A text of a page without its tags and escapes.
fn plain(html: &str) -> String {
    let mut out = String::new();
    for (number, piece) in html.split('<').enumerate() {
        out.push_str(match number {
            0 => piece,
            _ => piece.split_once('>').map_or("", |(_, text)| text),
        });
    }
    for (escaped, character) in [
        ("&nbsp;", ""),
        ("&#38;", "&"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        out = out.replace(escaped, character);
    }
    out.trim().to_owned()
}

/// The cells of a page's tables whose column has this heading, or all where it is empty.
fn column(html: &str, heading: &str) -> Vec<String> {
    let opening = match heading {
        "" => "<td".to_owned(),
        heading => format!("<td data-th=\"{heading}\""),
    };
    let cells = html.split(opening.as_str()).skip(1);
    let cells = cells.map(|rest| rest.split_once('>').unwrap().1);
    cells
        .map(|rest| plain(rest.split("</td>").next().unwrap()))
        .collect()
}

/// What a table of facts says of something.
fn fact(html: &str, name: &str) -> String {
    let row = html
        .split("<th scope=\"row\">")
        .find(|row| plain(row.split("</th>").next().unwrap()).starts_with(name))
        .unwrap_or_else(|| panic!("no row begins with {name}"));
    column(row, "")[0].clone()
}

/// Whole numbers with their thousands apart, as pages write them.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Whole µRTC of an answer as RTC, as pages write them.
fn rtc(micro: &Value) -> String {
    let micro = micro.as_i64().unwrap();
    let sign = if micro < 0 { "-" } else { "" };
    let micro = micro.abs();
    let (whole, rest) = (micro / 1_000_000, micro % 1_000_000);
    format!("{sign}{}.{rest:06}", grouped(whole))
}

fn count(number: &Value) -> String {
    grouped(number.as_i64().unwrap())
}

/// How pages write a member of an answer.
type Written = fn(&Value) -> String;

/// A figure without places, as pages write it.
fn rounded(number: &Value) -> String {
    grouped(number.to_string().parse::<f64>().unwrap().round() as i64)
}

/// A member of each entry of a list.
fn each<'a>(list: &'a Value, member: &'a str) -> impl Iterator<Item = &'a Value> {
    list.as_array()
        .unwrap()
        .iter()
        .map(move |entry| &entry[member])
}

fn texts(list: &Value, member: &str) -> Vec<String> {
    let texts = each(list, member).map(|text| text.as_str().unwrap().to_owned());
    texts.collect()
}

/// The populated node, with two old machines more: real ones, of a class and of a family with a space.
fn with_old_machines(kind: Kind) -> Node {
    const HOUR_MS: i64 = 3_600_000;
    let (node, ..) = populated(kind);
    let old = |number: i64, miner: &str, family: &str, class: &str| Known {
        miner: miner.into(),
        public_key: None,
        first_ms: START_MS,
        last_ms: START_MS + number * 1_000 * HOUR_MS,
        attestation_id: number,
        family: family.into(),
        class: class.into(),
        physical: true,
        presence_ppm: Some(900_000),
        multiplier: 2_500_000_000,
        weight: 2_500_000_000 + number,
    };
    let machines = [
        old(1, "powerbook", "PowerPC", "g4"),
        old(2, "imac", "Apple Silicon", "g3"),
    ];
    let put = node.app.store.write(move |c| {
        for machine in &machines {
            records::put_miner(c, machine).map_err(StoreError::from)?;
        }
        Ok::<_, StoreError>(())
    });
    node.runtime.block_on(put).unwrap();
    // The transfer is booked a day after it was taken.
    node.wait_ms(25 * HOUR_MS);
    node.runtime.block_on(confirm_overdue(&node.app)).unwrap();
    node.wait_ms(KEPT_MS);
    node
}

/// Takes the old machines out again: the audit that ends every test would miss their attestations.
fn without_old_machines(node: &Node) {
    let forget = node.app.store.write(|c| {
        let miners = "DELETE FROM miners WHERE miner IN ('powerbook', 'imac')";
        c.execute(miners, params![]).map_err(StoreError::from)
    });
    assert_eq!(node.runtime.block_on(forget).unwrap(), 2);
}

/// A page, and the first JSON that it names.
fn both(node: &Node, path: &str) -> (String, Value) {
    let page = ok(node, path).text().to_owned();
    let reply = node.get(&alternates(&page)[0]);
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    (page, reply.body)
}

fn every_page_names_its_json(kind: Kind) {
    let (node, ..) = populated(kind);
    let mut left = vec!["/".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = left.pop() {
        // The open epoch has nobody in it yet.
        if path == "/explorer/epoch/1" || !seen.insert(path.clone()) {
            continue;
        }
        let got = ok(&node, &path);
        if got.header("content-type") != "text/html; charset=utf-8" {
            continue;
        }
        let links: Vec<String> = values(got.text(), "href").into_iter().map(plain).collect();
        let named = alternates(got.text());
        assert!(!named.is_empty(), "{path} names no JSON");
        for address in named {
            let shown = links.iter().filter(|link| **link == address).count();
            assert_eq!(shown, 2, "{path}: {address} in the head, and to be seen");
            let reply = node.get(&address);
            assert_eq!(reply.status, 200, "{path}: {address}: {reply:?}");
            assert_eq!(reply.header("content-type"), Some("application/json"));
        }
        let pages = links
            .into_iter()
            .map(|link| link.split('#').next().unwrap().to_owned());
        let pages = pages.filter(|link| link.starts_with("/explorer"));
        let (ranges, others): (Vec<String>, Vec<String>) =
            pages.partition(|link| link.contains("range?"));
        left.extend(others);
        // Closer looks at time are all alike, and have no end.
        left.extend(
            ranges
                .into_iter()
                .take(1)
                .filter(|_| !path.contains("range?")),
        );
    }
    for page in [
        "hall-of-fame",
        "preserved",
        "time/all",
        "transactions",
        "epoch/0",
        "tx/epoch/0",
    ] {
        assert!(seen.contains(&format!("/explorer/{page}")), "{page}");
    }
    for beginning in [
        "time/range?",
        "laboratory/",
        "tx/transfer/",
        "miners?",
        "miner/",
        "wallet/",
    ] {
        let beginning = format!("/explorer/{beginning}");
        assert!(
            seen.iter().any(|path| path.starts_with(&beginning)),
            "{beginning}"
        );
    }
}

fn pages_and_their_json_say_the_same(kind: Kind) {
    let node = with_old_machines(kind);

    let (page, json) = both(&node, "/explorer");
    for (name, member) in [
        ("Machines that attested", "active_miners"),
        ("Machines ever", "miners"),
        ("Attestations judged", "attestations"),
        ("Machines enrolled", "enrolled_miners"),
    ] {
        assert_eq!(fact(&page, name), count(&json[member]), "{name}");
    }
    assert_eq!(json["miners"], 4);
    assert!(fact(&page, "Epoch under").starts_with(&format!("{}, ends in", json["epoch"])));
    let with_unit = |micro: &Value| format!("{} RTC", rtc(micro));
    assert_eq!(
        fact(&page, "What an epoch"),
        with_unit(&json["epoch_pot_i64"])
    );
    let paid = format!("Paid out of {} RTC", rtc(&json["total_supply_i64"]));
    assert_eq!(fact(&page, &paid), with_unit(&json["paid_out_i64"]));
    assert_eq!(
        column(&page, "Verdict"),
        texts(&json["newest_attestations"], "summary")
    );
    let epochs: Vec<String> = each(&json["newest_epochs"], "paid_i64").map(rtc).collect();
    assert_eq!(column(&page, "Paid, RTC"), epochs);

    for query in [
        "",
        "?sort=weight",
        "?sort=age&page=2",
        "?family=Apple+Silicon",
        "?class=g4&q=power",
        "?q=nobody",
    ] {
        let (page, json) = both(&node, &format!("/explorer/miners{query}"));
        let total = &json["pagination"]["total"];
        assert!(page.contains(&format!(" of {total}.")), "{query}: {total}");
        assert_eq!(
            column(&page, "Machine"),
            texts(&json["miners"], "miner"),
            "{query}"
        );
    }
    let (_, apple) = both(&node, "/explorer/miners?family=Apple+Silicon");
    assert_eq!(texts(&apple["miners"], "miner"), ["imac"]);

    let (page, json) = both(&node, "/explorer/epochs");
    assert!(page.contains(&format!(
        "Epochs 1 to {} of {}.",
        json["count"], json["total"]
    )));
    assert!(page.contains(&format!("pays {} RTC", rtc(&json["epoch_pot_i64"]))));
    assert!(page.contains(&format!("Epoch {}</a> is under way", json["epoch"])));
    let paid: Vec<String> = each(&json["epochs"], "paid_i64").map(rtc).collect();
    assert_eq!((column(&page, "Paid, RTC"), paid.len()), (paid.clone(), 1));
    let miners: Vec<String> = each(&json["epochs"], "miners").map(count).collect();
    assert_eq!(column(&page, "Machines"), miners);

    let (page, json) = both(&node, "/explorer/epoch/0");
    assert_eq!(fact(&page, "Machines"), count(&json["miners"]));
    assert_eq!(column(&page, "Machine"), texts(&json["shares"], "miner"));

    let (page, json) = both(&node, "/explorer/transactions");
    assert!(page.contains(&format!(" of {}.", json["total"])));
    assert_eq!(
        column(&page, "Reference"),
        texts(&json["transactions"], "reference")
    );

    let (page, json) = both(&node, "/explorer/tx/epoch/0");
    assert!(page.contains(&format!(", {} lines:", json["total"])));
    let lines = json["lines"].as_array().unwrap();
    let sum: i64 = lines
        .iter()
        .map(|line| line["amount_i64"].as_i64().unwrap())
        .sum();
    assert_eq!(sum, 0, "{json}");
    let amounts: Vec<String> = each(&json["lines"], "amount_i64").map(rtc).collect();
    let cells = column(&page, "");
    let shown: Vec<String> = cells.iter().skip(1).step_by(2).cloned().collect();
    assert_eq!(shown, amounts);

    let (page, json) = both(&node, &format!("/explorer/wallet/{}", Miner::number(1).id));
    assert!(page.contains(&format!(
        "<strong>{} RTC</strong>",
        rtc(&json["amount_i64"])
    )));

    let (page, json) = both(&node, "/explorer/hall-of-fame");
    for category in json["categories"].as_array().unwrap() {
        let name = category["name"].as_str().unwrap();
        let section = page.split(&format!("<h2>{name}</h2>")).nth(1).unwrap();
        let section = section.split("<h2>").next().unwrap();
        assert!(section.contains(category["about"].as_str().unwrap()));
        let places = &category["places"];
        assert_eq!(column(section, "Machine"), texts(places, "miner"), "{name}");
        let values: Vec<String> = places
            .as_array()
            .unwrap()
            .iter()
            .map(|place| match category["category"].as_str().unwrap() {
                "oldest" => place["first_shipped"].to_string(),
                "heaviest" => place["weight"].to_string().replace("e-0", "e-"),
                "most_faithful" => {
                    let seconds = place["first_attest"].as_u64().unwrap();
                    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
                    humantime::format_rfc3339_seconds(time).to_string()[..10].to_owned()
                }
                "rarest" => format!("{} in all", count(&place["miners_of_class"])),
                _ => rtc(&place["amount_i64"]),
            })
            .collect();
        let all = column(section, "");
        let shown: Vec<String> = all.into_iter().skip(3).step_by(4).collect();
        assert_eq!(shown, values, "{name}");
        assert!(!values.is_empty(), "{name}");
    }

    let (page, json) = both(&node, "/explorer/preserved");
    assert_eq!(json["machines"], 2);
    for (name, member, unit) in [
        ("Electronic waste", "waste_kg", " kg"),
        ("Power while", "power_w", " W"),
        ("Electricity, had", "electricity_kwh", " kWh"),
        ("CO2 of making", "co2_avoided_kg", " kg avoided"),
        ("CO2 of that", "co2_spent_kg", " kg spent"),
        ("The difference", "co2_difference_kg", " kg"),
    ] {
        assert_eq!(fact(&page, name), rounded(&json[member]) + unit, "{name}");
    }
    // 55 W for 3,000 hours.
    assert_eq!(rounded(&json["electricity_kwh"]), "165");
    assert_eq!(fact(&page, "Machines"), count(&json["machines"]));
    assert_eq!(column(&page, "Class"), texts(&json["classes"], "name"));
    let hours: Vec<String> = each(&json["classes"], "seen_hours").map(rounded).collect();
    assert_eq!(column(&page, "Hours"), hours);

    let now_s = node.now.load(std::sync::atomic::Ordering::Relaxed) / 1_000;
    let range = format!("range?from={}&to={}", now_s - 2 * 86_400, now_s + 1);
    for span in ["1d", "7d", "1m", "3m", "1y", "all", &range] {
        let (page, json) = both(&node, &format!("/explorer/time/{span}"));
        let told = format!(
            "In all: {} attestations, {} RTC of rewards, {} RTC moved",
            count(&json["attestations"]),
            rtc(&json["rewards_i64"]),
            rtc(&json["volume_i64"])
        );
        assert!(page.contains(&told), "{span}: {told}");
        // All that happened was more than a day ago.
        let (attestations, volume) = if span == "1d" { (0, 0) } else { (2, 250_000) };
        assert_eq!(json["attestations"], attestations, "{span}");
        assert_eq!(json["volume_i64"], volume, "{span}");
        assert_eq!(json["span"], span.split('?').next().unwrap());
        let columns: [(&str, &str, Written); 5] = [
            ("Attestations", "attestations", count),
            ("Machines paid", "miners_paid", count),
            ("Rewards, RTC", "rewards_i64", rtc),
            ("Transfers", "transfers", count),
            ("Volume, RTC", "volume_i64", rtc),
        ];
        for (heading, member, write) in columns {
            let mut oldest_first = column(&page, heading);
            oldest_first.reverse();
            let blocks: Vec<String> = each(&json["blocks"], member).map(write).collect();
            assert_eq!(oldest_first, blocks, "{span}: {heading}");
            if member != "miners_paid" {
                let whole = |value: &Value| value.as_i64().unwrap();
                let sum: i64 = each(&json["blocks"], member).map(whole).sum();
                assert_eq!(sum, whole(&json[member]), "{span}: {heading}");
            }
        }
        let edges = |member: &str| each(&json["blocks"], member).cloned().collect::<Vec<_>>();
        let (from, to) = (edges("from"), edges("to"));
        assert_eq!((&from[0], &to[to.len() - 1]), (&json["from"], &json["to"]));
        assert_eq!(from[1..], to[..to.len() - 1]);
    }

    let contents = node.get("/api/laboratory").body;
    assert!(!contents["head"].as_str().unwrap().is_empty());
    let mut figures = 0;
    for slug in texts(&contents["sections"], "section") {
        let (page, json) = both(&node, &format!("/explorer/laboratory/{slug}"));
        let tables = json["tables"].as_array().unwrap();
        let rows = tables
            .iter()
            .flat_map(|table| table["rows"].as_array().unwrap());
        let cells = rows.flat_map(|row| row.as_array().unwrap());
        let cells: Vec<String> = cells
            .map(|cell| cell.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(column(&page, ""), cells, "{slug}");
        figures += cells.len();
    }
    assert!(figures > 1_000, "{figures}");
    without_old_machines(&node);
}

fn refusals_are_typed(kind: Kind) {
    let (node, ..) = populated(kind);
    let long = format!("/api/transaction?reference={}", "x".repeat(201));
    for (path, status, code) in [
        ("/api/time/2d", 404, "NOT_FOUND"),
        ("/api/time/1d?from=x", 400, "INVALID_PARAMETER"),
        ("/api/time/range?from=-1&to=5", 400, "INVALID_PARAMETER"),
        ("/api/epochs?limit=0", 400, "INVALID_PARAMETER"),
        ("/api/epochs?limit=501", 400, "INVALID_PARAMETER"),
        ("/api/epochs?offset=-1", 400, "INVALID_PARAMETER"),
        ("/api/transaction", 400, "MISSING_PARAMETER"),
        ("/api/transaction?reference=", 400, "INVALID_PARAMETER"),
        ("/api/transaction?reference=%00", 400, "INVALID_PARAMETER"),
        (long.as_str(), 400, "INVALID_PARAMETER"),
        (
            "/api/transaction?reference=epoch/9",
            404,
            "TRANSACTION_NOT_FOUND",
        ),
        ("/api/laboratory/nothing", 404, "NOT_FOUND"),
    ] {
        let reply = node.get(path);
        assert_eq!((reply.status, reply.code()), (status, code), "{path}");
    }
    // Behind the end is nothing, and what is turned round is widened.
    let behind = node.get("/api/epochs?offset=5").body;
    assert_eq!(behind["count"], 0);
    assert_eq!(behind["total"], 1);
    let widened = node.get("/api/time/range?from=100&to=7").body;
    assert_eq!(widened["from"], 100);
    assert_eq!(widened["to"], 3_700);
}
