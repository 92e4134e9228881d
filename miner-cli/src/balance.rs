//! What was earned, and how it was computed.

use crate::client::Client;
use crate::error::{shown, Error};
use crate::out;
use crate::screen::{Screen, Tone};
use serde_json::{Map, Value};

/// µRTC in one RTC.
const MICRO: u64 = 1_000_000;

/// Prints the balance of `id`, the epoch, and the explanation of epoch `explain` or of the last one
/// that ended.
///
/// # Errors
/// As [`Client::get`]. A node that cannot explain epochs is no error.
pub fn show(
    client: &Client,
    screen: &Screen,
    id: &str,
    explain: Option<u64>,
    json: bool,
) -> Result<(), Error> {
    let balance = client.get(&format!("/wallet/balance?miner_id={id}"))?;
    let epoch = client.get("/epoch")?;
    let current = number(&epoch, "epoch");
    let last = number(&epoch, "last_settled_epoch");
    let explained = explain
        .or(last)
        .or(current.and_then(|current| current.checked_sub(1)));
    let explanation = explained.map(|n| client.get(&format!("/api/epoch/{n}/explain?miner={id}")));
    let explanation = match explanation {
        // The existing network's nodes do not explain, and an epoch may not be settled yet.
        Some(Err(Error::Refused(refusal))) if refusal.status == 404 => None,
        Some(other) => Some(other?),
        None => None,
    };
    if json {
        let all = serde_json::json!({
            "balance": balance,
            "epoch": epoch,
            "explanation": explanation,
        });
        out::line(all);
        return Ok(());
    }
    let amount = match number(&balance, "amount_i64") {
        Some(micro) => rtc(micro),
        None => return Err(client.no_node("its balance has no amount")),
    };
    screen.say(format_args!(
        "{}  {id}",
        screen.paint(Tone::Strong, format_args!("{amount} RTC"))
    ));
    let slot = number(&epoch, "slot").map_or_else(|| "?".into(), |slot| slot.to_string());
    let current = current.map_or_else(|| "?".into(), |epoch| epoch.to_string());
    screen.say(format_args!("epoch {current}, slot {slot}"));
    match (explained, explanation) {
        (Some(n), Some(answer)) => print_explanation(screen, n, id, &answer),
        (Some(n), None) => screen.say(format_args!(
            "epoch {n} is not settled, or this node does not explain epochs"
        )),
        (None, _) => {}
    }
    Ok(())
}

/// A member that is a whole number.
pub fn number(members: &Map<String, Value>, name: &str) -> Option<u64> {
    members.get(name)?.as_u64()
}

/// µRTC as RTC, exact.
pub fn rtc(micro: u64) -> String {
    format!("{}.{:06}", micro / MICRO, micro % MICRO)
}

/// What came to `id` of an epoch, in its explanation.
pub fn share_of<'a>(
    explanation: &'a Map<String, Value>,
    id: &str,
) -> Option<&'a Map<String, Value>> {
    let shares = explanation.get("shares").and_then(Value::as_array)?;
    let mut shares = shares.iter().filter_map(Value::as_object);
    shares.find(|share| text(share, "miner") == id)
}

/// How an epoch was divided, and what came to `id`.
fn print_explanation(screen: &Screen, epoch: u64, id: &str, members: &Map<String, Value>) {
    let micro = |name: &str| number(members, name).map_or_else(|| "?".into(), rtc);
    screen.say("");
    let state = match members.get("settled").and_then(Value::as_bool) {
        Some(true) => "was paid",
        _ => "would be paid now",
    };
    screen.say(format_args!(
        "{}",
        screen.paint(Tone::Strong, format_args!("how epoch {epoch} {state}"))
    ));
    screen.say(format_args!("  {:<16}{} RTC", "pot", micro("pot_i64")));
    screen.say(format_args!(
        "  {:<16}{}",
        "miners",
        text(members, "miners")
    ));
    screen.say(format_args!(
        "  {:<16}{} units of 1e-9",
        "total weight",
        text(members, "total_weight_units")
    ));
    let Some(share) = share_of(members, id) else {
        screen.say(format_args!("  {id} had no share in it"));
        return;
    };
    screen.say(format_args!(
        "  {:<16}{} units",
        "own weight",
        text(share, "weight_units")
    ));
    screen.say(format_args!(
        "  {:<16}{} µRTC",
        "exact share",
        text(share, "exact")
    ));
    screen.say(format_args!(
        "  {:<16}{} µRTC, remainder {}",
        "rounded down",
        text(share, "floor_i64"),
        text(share, "remainder")
    ));
    let amount = number(share, "amount_i64").map_or_else(|| "?".into(), rtc);
    screen.say(format_args!("  {:<16}{amount} RTC", "amount"));
    screen.wrap(Tone::Faint, 2, &text(members, "rule"));
}

/// A member as text, fit for the terminal.
fn text(members: &Map<String, Value>, name: &str) -> String {
    match members.get(name) {
        Some(Value::String(text)) => shown(text),
        Some(other) => shown(&other.to_string()),
        None => "?".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact() {
        assert_eq!(rtc(0), "0.000000");
        assert_eq!(rtc(1_500_001), "1.500001");
        assert_eq!(rtc(u64::MAX), "18446744073709.551615");
    }
}
