//! What a node exports, and what a dashboard and alerts ask Prometheus for.

use crate::page::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// What every name of ours begins with.
const PREFIX: &str = "verdigris_";

/// The dashboard, and the rules, from the repository's root.
const DASHBOARD: &str = "docs/grafana/verdigris.json";
const ALERTS: &str = "docs/grafana/verdigris-alerts.yml";

/// Endings that OpenMetrics gives the samples of counters, histograms and facts.
const ENDINGS: [&str; 5] = ["_bucket", "_sum", "_count", "_total", "_info"];

/// Labels that Prometheus itself adds to what it reads.
const ADDED: [&str; 2] = ["instance", "job"];

/// A query, and where it stands.
pub struct Query {
    /// For messages.
    pub from: String,
    /// In Prometheus's language.
    pub text: String,
}

/// A name in a query, with the labels that are asked of it.
pub struct Used {
    /// A sample's name.
    pub name: String,
    /// Labels within its braces.
    pub labels: Vec<String>,
}

/// Labels by name of sample.
pub fn exported(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut samples: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        for used in names(line) {
            let labels = samples.entry(used.name).or_default();
            labels.extend(used.labels);
            labels.extend(ADDED.map(str::to_owned));
        }
    }
    samples
}

/// The family that a sample belongs to.
pub fn family(name: &str) -> &str {
    let cut = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
    cut.unwrap_or(name)
}

/// The names of ours in a query, or in a line of samples.
pub fn names(text: &str) -> Vec<Used> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(PREFIX) {
        let after = &rest[at..];
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let braces = after
            .strip_prefix('{')
            .and_then(|after| after.split_once('}'));
        let inside = braces.map_or("", |(inside, _)| inside);
        // Every second piece between quotes is a value.
        let keys = inside.split('"').step_by(2);
        let labels = keys
            .map(|key| key.trim_matches(|c| !is_name(c)).to_owned())
            .filter(|key| !key.is_empty());
        found.push(Used {
            name: name.to_owned(),
            labels: labels.collect(),
        });
        rest = after;
    }
    found
}

fn dashboard() -> Value {
    let text = fs::read_to_string(root().join(DASHBOARD)).expect(DASHBOARD);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{DASHBOARD}: {e}"))
}

/// The panels, those within rows as well.
fn panels(of: &Value) -> Vec<Value> {
    let list = of["panels"].as_array().cloned().unwrap_or_default();
    let inner: Vec<Value> = list.iter().flat_map(panels).collect();
    list.into_iter().chain(inner).collect()
}

/// All queries of dashboard and alerts.
pub fn queries() -> Vec<Query> {
    let mut queries = Vec::new();
    for panel in panels(&dashboard()) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push(Query {
                from: format!("{DASHBOARD}, panel {}", panel["title"]),
                text: target["expr"].as_str().unwrap_or_default().to_owned(),
            });
        }
    }
    let alerts = fs::read_to_string(root().join(ALERTS)).expect(ALERTS);
    for (number, line) in alerts.lines().enumerate() {
        if let Some(text) = line.trim().strip_prefix("expr: ") {
            queries.push(Query {
                from: format!("{ALERTS}:{}", number + 1),
                text: text.to_owned(),
            });
        }
    }
    queries
}

/// What panels lack: each has a title, says what it shows, has queries of ours, and a unit.
pub fn faults_of_panels() -> Vec<String> {
    let mut faults = Vec::new();
    let all = panels(&dashboard());
    assert!(!all.is_empty(), "{DASHBOARD} has no panels");
    for panel in all.iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().unwrap_or_default();
        let mut fault = |what: &str| faults.push(format!("{DASHBOARD}, panel {title:?}: {what}"));
        if title.is_empty() {
            fault("no title");
        }
        if panel["description"].as_str().unwrap_or_default().is_empty() {
            fault("no description");
        }
        let unit = &panel["fieldConfig"]["defaults"]["unit"];
        if unit.as_str().unwrap_or_default().is_empty() {
            fault("no unit");
        }
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        if targets.is_empty() {
            fault("no query");
        }
        for target in targets {
            if names(target["expr"].as_str().unwrap_or_default()).is_empty() {
                fault("a query without any metric of the node");
            }
        }
    }
    faults
}

#[test]
fn names_and_labels_are_found() {
    let used = names(
        "sum by (route) (rate(verdigris_requests_total{status=~\"5..\", route!=\"/\"}[5m])) > verdigris_panics",
    );
    assert_eq!(used.len(), 2);
    assert_eq!(used[0].name, "verdigris_requests_total");
    assert_eq!(used[0].labels, ["status", "route"]);
    assert_eq!(used[1].name, "verdigris_panics");
    assert!(used[1].labels.is_empty());
    assert_eq!(family("verdigris_requests_total"), "verdigris_requests");
}
