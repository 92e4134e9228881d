//! Talking to nodes: good ones, sick ones, changed ones.

mod common;

use common::{error, run, serve, signed, stock, Home, Node, Ran, Reply, SHORT};
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn mining_outlives_a_sick_node() {
    let node = serve(|number, request| match number {
        0 => Reply::Drop,
        1 => error(500, "", "INTERNAL_ERROR"),
        2 => Reply::Http(502, "", "<html>a proxy</html>".into()),
        3 => error(429, "Retry-After: 0\r\n", "CHALLENGE_RATE_LIMIT"),
        // A submission whose answer gets lost and that is sent again; and a challenge that the node
        // forgot in a restart.
        5 => Reply::Drop,
        8 => error(409, "", "CHALLENGE_INVALID"),
        _ => stock(request),
    });
    let home = Home::new();
    let mine = [
        "mine",
        "--rounds",
        "2",
        "--interval",
        "10ms",
        "--retry-first",
        "10ms",
        "--retry-max",
        "40ms",
    ];
    let ran = run(&home, &node, &mine).ended(0);
    assert_eq!(ran.stdout.matches("accepted: ").count(), 2, "{ran:?}");
    assert_eq!(ran.stderr.matches("trying again in").count(), 4, "{ran:?}");
    assert_eq!(ran.stderr.matches("once more").count(), 2, "{ran:?}");
}

#[test]
fn the_wait_is_at_least_what_the_node_asks() {
    let node = serve(|number, request| match number {
        0 => error(429, "Retry-After: 1\r\n", "CHALLENGE_RATE_LIMIT"),
        _ => stock(request),
    });
    let home = Home::new();
    let mine = [
        "mine",
        "--rounds",
        "1",
        "--retry-first",
        "1ms",
        "--retry-max",
        "2ms",
    ];
    let ran = run(&home, &node, &mine).ended(0);
    assert!(ran.stderr.contains("trying again in 1.0 s"), "{ran:?}");
}

#[test]
fn a_refusal_for_good_ends_mining() {
    let node = serve(|_, request| match request.path.as_str() {
        "/attest/submit" => error(409, "", "DUPLICATE_HARDWARE"),
        _ => stock(request),
    });
    let home = Home::new();
    let ran = run(&home, &node, &["mine"]).ended(1);
    assert!(ran.stderr.contains("another wallet"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn mining_stops_when_asked() {
    let node = serve(|_, request| stock(request));
    for signal in ["-INT", "-TERM"] {
        let home = Home::new();
        let mut command = home.command(&[&["mine", "--node", &node], &SHORT[..]].concat());
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let killed = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        let ran = Ran::from(child.wait_with_output().unwrap()).ended(0);
        assert!(ran.stderr.contains("stopped"), "{ran:?}");
    }
}

#[test]
fn one_attestation_with_a_node_of_another_make() {
    let node = serve(|_, request| stock(request));
    let home = Home::new();
    let ran = run(&home, &node, &["attest"]).ended(0);
    assert!(ran.stdout.contains("earns nothing"), "{ran:?}");
    assert!(ran.stderr.contains("does not sign"), "{ran:?}");
    let json = run(&home, &node, &["attest", "--json", "-q"]).ended(0);
    assert_eq!(json.json()["status"], "accepted");
    assert_eq!(json.stderr, "");
}

#[test]
fn a_dry_run_submits_nothing() {
    let node = serve(|_, request| match request.path.as_str() {
        "/attest/submit" => error(500, "", "A_SUBMISSION_CAME"),
        _ => stock(request),
    });
    let home = Home::new();
    for command in [
        &["attest", "--dry-run"][..],
        &["mine", "--dry-run", "--rounds", "1"],
        &["payload", "--challenge"],
    ] {
        let ran = run(&home, &node, command).ended(0);
        assert_eq!(ran.json()["nonce"], common::NONCE);
    }
}

#[test]
fn a_nodes_key_is_kept_and_held_to() {
    let home = Home::new();
    // The node changes its ways with each pair of requests.
    let node = serve(|number, request| match number / 2 {
        0 | 1 => signed(request, 1),
        2 => signed(request, 2),
        _ => stock(request),
    });
    let first = run(&home, &node, &["attest"]).ended(0);
    assert!(first.stderr.contains("first contact"), "{first:?}");
    let second = run(&home, &node, &["attest", "-q"]).ended(0);
    assert_eq!(second.stderr, "");
    let changed = run(&home, &node, &["attest"]).ended(6);
    assert!(
        changed.stderr.contains("another key") && changed.stderr.contains("known-nodes"),
        "{changed:?}"
    );
    // One request more, so that the next pair starts evenly.
    run(&home, &node, &["attest"]).ended(6);
    let stripped = run(&home, &node, &["attest"]).ended(6);
    assert!(stripped.stderr.contains("used to sign"), "{stripped:?}");
}

#[test]
fn a_touched_answer_is_not_believed() {
    for (from, to) in [("accepted", "rejected"), (common::NONCE, "00")] {
        let node = serve(move |_, request| match signed(request, 1) {
            Reply::Http(status, headers, body) if request.path == "/attest/submit" => {
                Reply::Http(status, headers, body.replace(from, to))
            }
            other => other,
        });
        let ran = run(&Home::new(), &node, &["attest"]).ended(6);
        assert!(ran.stderr.contains("signature"), "{ran:?}");
    }
}

#[test]
fn answers_that_are_none_are_refused() {
    let home = Home::new();
    for body in [
        "x".into(),
        "[]".into(),
        "{}".into(),
        r#"{"nonce":"a b"}"#.into(),
        format!(r#"{{"nonce":"{}"}}"#, "a".repeat(65)),
        format!(r#"{{"nonce":"{}"}}"#, "a".repeat(2_000_000)),
    ] {
        let node = serve(move |_, _| Reply::Http(200, "", body.clone()));
        run(&home, &node, &["attest"]).ended(6);
    }
}

#[test]
fn the_exit_status_tells_what_happened() {
    let home = Home::new();
    let refusing = serve(|_, _| error(400, "", "INVALID_MINER"));
    let refused = run(&home, &refusing, &["attest"]).ended(1);
    assert!(
        refused.stderr.contains("INVALID_MINER") && refused.stderr.contains("next:"),
        "{refused:?}"
    );
    home.run(&["fly"]).ended(2);
    home.run(&["probe", "--arena", "1G"]).ended(2);
    run(&home, "gopher://old", &["attest"]).ended(2);
    // Port 1 is nobody's.
    let lost = run(&home, "http://127.0.0.1:1", &["attest"]).ended(3);
    assert!(lost.stderr.contains("cannot be reached"), "{lost:?}");
    let help = home.run(&["--help"]).ended(0).stdout;
    for line in ["Exit status:", "the node refused", "verdigris wallet new"] {
        assert!(help.contains(line), "{line}");
    }
    for command in ["probe", "attest", "mine", "payload", "wallet", "balance"] {
        assert!(
            home.run(&[command, "--help"])
                .ended(0)
                .stdout
                .contains("Examples:"),
            "{command}"
        );
    }
}

#[test]
fn option_before_environment_before_file_before_default() {
    let home = Home::new();
    let asked = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = home.command(&[&["balance", "x"], arguments].concat());
        command.envs(environment.iter().copied());
        Ran::new(command).ended(3).stderr
    };
    // Ports below 8 are nobody's here; 8099 may be somebody's on a developer's machine, so the default
    // is not asked.
    std::fs::create_dir_all(home.path(".config/verdigris")).unwrap();
    std::fs::write(
        home.path(".config/verdigris/config.toml"),
        "node = \"http://127.0.0.1:1\"\n",
    )
    .unwrap();
    std::fs::write(home.path("other.toml"), "node = \"http://127.0.0.1:2\"\n").unwrap();
    let other = home.path("other.toml");
    let other = other.to_str().unwrap();
    let environment = [("VERDIGRIS_NODE", "http://127.0.0.1:3")];
    assert!(asked(&[], &[]).contains("127.0.0.1:1 "));
    assert!(asked(&["--config", other], &[]).contains("127.0.0.1:2 "));
    assert!(asked(&[], &[("VERDIGRIS_CONFIG", other)]).contains("127.0.0.1:2 "));
    assert!(asked(&["--config", other], &environment).contains("127.0.0.1:3 "));
    assert!(asked(&["--node", "http://127.0.0.1:4"], &environment).contains("127.0.0.1:4 "));

    std::fs::write(home.path("bad.toml"), "nod = 1\n").unwrap();
    let bad = home.path("bad.toml");
    let ran = home
        .run(&["wallet", "show", "--config", bad.to_str().unwrap()])
        .ended(2);
    assert!(ran.stderr.contains("nod"), "{ran:?}");
    home.run(&["wallet", "show", "--config", "/nowhere"])
        .ended(7);
}

#[test]
fn the_balance_is_shown_with_its_computation() {
    let node = serve(|_, request| {
        let body = match request.path.as_str() {
            "/wallet/balance?miner_id=alice" => {
                r#"{"miner_id":"alice","amount_i64":1500001,"amount_rtc":1.500001}"#
            }
            "/epoch" => r#"{"epoch":5,"slot":51,"last_settled_epoch":3}"#,
            "/api/epoch/3/explain?miner=alice" => {
                r#"{"epoch":3,"settled":true,"pot_i64":1500000,"miners":2,"total_weight_units":"3","shares":
                   [{"miner":"alice","amount_i64":500000,"exact":"1500000 * 1 / 3","floor_i64":500000,
                     "remainder":"0","weight_units":1}],"rule":"largest remainders"}"#
            }
            _ => return error(404, "", "NOT_FOUND"),
        };
        Reply::Http(200, "", body.into())
    });
    let home = Home::new();
    let ran = home.run(&["balance", "alice", "--node", &node]).ended(0);
    assert!(ran.stdout.starts_with("1.500001 RTC"), "{ran:?}");
    assert!(
        ran.stdout.contains("1500000 * 1 / 3") && ran.stdout.contains("0.500000 RTC"),
        "{ran:?}"
    );
    let other = home
        .run(&["balance", "alice", "--node", &node, "--epoch", "4"])
        .ended(0);
    assert!(other.stdout.contains("not settled"), "{other:?}");
    let json = home
        .run(&["balance", "alice", "--node", &node, "--json"])
        .ended(0)
        .json();
    assert_eq!(json["balance"]["amount_i64"], 1_500_001);
}

/// With `VERDIGRIS_TEST_NODE` naming a `verdigris-node`: the whole conversation.
#[test]
fn a_whole_attestation_with_a_real_node() {
    let home = Home::new();
    let Some(node) = Node::start(&home) else {
        return;
    };
    let ran = home.run(&["attest", "--json", "--node", &node.url]);
    let balance = home.run(&["balance", "--node", &node.url]);
    let answer = ran.ended(0).json();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["verdict"]["integrity"], true);
    assert!(answer["verdict"]["checks"].as_array().unwrap().len() > 10);
    assert!(balance.ended(0).stdout.starts_with("0.000000 RTC"));

    let told = home.run(&["attest", "--node", &node.url]);
    let page = told.ended(0).stdout.lines().find_map(|line| {
        let page = line.strip_prefix("page")?.trim();
        Some(page.to_owned())
    });
    let page = page.expect("where this machine is seen");
    let text = ureq::get(&page).call().unwrap().body_mut().read_to_string();
    let id = page.rsplit('/').next().unwrap();
    assert!(text.unwrap().contains(id), "{page}");

    let mined = home.run(&["mine", "--rounds", "1", "--node", &node.url]);
    let mined = mined.ended(0);
    assert!(mined.stderr.contains(&page), "{mined:?}");
}
