//! Transfers that the operator orders: from names, which have no key that could sign one. They wait and are
//! booked like signed ones.

use serde_json::{json, Map, Value};

use super::request::{nonce, number, payable};
use super::{hash, reason, refused, Transfer};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::json::{canonical, decimal};
use crate::keys;
use crate::ledger::RTC_PLACES;
use crate::store::sql::{self, Connection};
use crate::store::transfers;

/// Who orders, in the text of an order.
pub const ORDERED_BY: &str = "operator";

/// What the existing network's tools leave out means this.
const REASON_DEFAULT: &str = "admin_transfer";

/// What the operator orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Who pays: a name.
    pub from: String,
    /// Who is paid: anything that can be.
    pub to: String,
    /// How much, µRTC.
    pub micro: i64,
    /// Above all that this sender used; `None` for the next one. With it, an order that is repeated
    /// because its answer was lost is refused as a replay.
    pub nonce: Option<i64>,
    /// Why.
    pub reason: String,
}

impl Order {
    /// Reads an order. The members are the existing network's: `from_miner`, `to_miner`, `amount_rtc`,
    /// `reason`; `from_address` and `to_address` do as well.
    ///
    /// # Errors
    /// [`Code::MissingRequiredFields`], [`Code::SenderHasKey`], [`Code::InvalidFromAddressFormat`],
    /// [`Code::InvalidToAddressFormat`], [`Code::FromToMustDiffer`], [`Code::AmountNotNumber`],
    /// [`Code::AmountTooSmallAfterQuantization`], [`Code::InvalidParameter`], and those of a nonce.
    pub fn read(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let text = |names: [&str; 2]| {
            let value = names.iter().find_map(|name| body.get(*name)?.as_str());
            value
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .ok_or_else(|| {
                    let message = format!("\"{}\" is missing", names[0]);
                    ApiError::new(Code::MissingRequiredFields, message)
                })
        };
        let from = text(["from_miner", "from_address"])?;
        let to = text(["to_miner", "to_address"])?;
        if keys::has_address_shape(from) {
            return Err(ApiError::new(
                Code::SenderHasKey,
                "this address has a key: its owner alone can sign what leaves it",
            ));
        }
        check_id(from).map_err(|e| ApiError::new(Code::InvalidFromAddressFormat, e.message))?;
        if !payable(to) && (keys::has_address_shape(to) || check_id(to).is_err()) {
            let message = "this is neither an address nor a name";
            return Err(ApiError::new(Code::InvalidToAddressFormat, message));
        }
        if from == to {
            return Err(ApiError::new(
                Code::FromToMustDiffer,
                "that would change nothing",
            ));
        }
        let amount = number(body.get("amount_rtc"))
            .map_err(|_| ApiError::new(Code::AmountNotNumber, "\"amount_rtc\" is no number"))?;
        if amount.micro() == 0 {
            return Err(ApiError::new(
                Code::AmountTooSmallAfterQuantization,
                "less than a millionth of an RTC is not moved",
            ));
        }
        let why = match body.get("reason") {
            None | Some(Value::Null) => REASON_DEFAULT.to_owned(),
            Some(value) => reason(value.as_str().unwrap_or_default())
                .map_err(|why| ApiError::new(Code::InvalidParameter, why))?,
        };
        Ok(Order {
            from: from.to_owned(),
            to: to.to_owned(),
            micro: amount.micro(),
            nonce: match body.get("nonce") {
                None | Some(Value::Null) => None,
                value => Some(nonce(value)?),
            },
            reason: why,
        })
    }

    /// The transfer that it orders, with this nonce.
    fn transfer(self, nonce: i64) -> Transfer {
        let text = canonical(&json!({
            "amount": decimal(self.micro, RTC_PLACES),
            "from": self.from,
            "memo": self.reason,
            "nonce": nonce.to_string(),
            "ordered_by": ORDERED_BY,
            "to": self.to,
        }));
        Transfer {
            hash: hash(text.as_bytes(), &[]),
            from: self.from,
            to: self.to,
            amount: self.micro,
            nonce,
            memo: self.reason,
            signature: None,
            signed: text.into_bytes(),
        }
    }
}

/// Takes an order, as the next of its sender where it has no nonce. Gives its number and the transfer.
///
/// # Errors
/// Where the database refuses.
pub fn take(
    c: &Connection,
    order: Order,
    received_ms: i64,
    confirms_ms: i64,
) -> sql::Result<(Transfer, Result<i64, transfers::Refusal>)> {
    let nonce = match order.nonce {
        Some(nonce) => nonce,
        None => transfers::latest_nonce(c, &order.from)?.saturating_add(1),
    };
    let transfer = order.transfer(nonce);
    let taken = transfers::accept(c, &transfer, received_ms, confirms_ms)?;
    Ok((transfer, taken))
}

/// Takes an order, or says why not. Gives the transfer's number.
///
/// # Errors
/// [`Code::ReplayDetected`], [`Code::OutOfOrderNonce`], [`Code::TooManyPending`],
/// [`Code::InsufficientBalance`].
pub async fn accept(app: &App, order: Order) -> Result<i64, ApiError> {
    let delay_ms = i64::try_from(app.config.transfer_delay.as_millis()).unwrap_or(i64::MAX);
    let received_ms = app.clock.now_ms();
    let confirms_ms = received_ms.saturating_add(delay_ms);
    app.store
        .write(move |c| {
            let (transfer, taken) = take(c, order.clone(), received_ms, confirms_ms)?;
            taken.map_err(|refusal| refused(&transfer, refusal, received_ms))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn read(body: &str) -> Result<Order, Code> {
        let body = parse(body.as_bytes()).unwrap();
        Order::read(body.as_object().unwrap()).map_err(|e| e.code)
    }

    #[test]
    fn an_order_says_what_it_moves_and_can_be_checked_again() {
        let order = read(
            r#"{"from_miner":"founder_community","to_miner":"dual-g4-125","amount_rtc":1.5,
                "reason":"a bounty: \u00e9"}"#,
        );
        let transfer = order.unwrap().transfer(3);
        assert_eq!(transfer.amount, 1_500_000);
        assert_eq!(transfer.proof(), Ok(()));
        let mut forged = transfer.clone();
        forged.amount += 1;
        assert!(forged.proof().is_err());
        let mut address = transfer;
        address.from = "RTCc6bb76294846d778cd1ba227154c649d03474738".into();
        assert!(address.proof().is_err());
    }

    #[test]
    fn what_is_no_order_is_refused() {
        let address = "RTCc6bb76294846d778cd1ba227154c649d03474738";
        for (from, to, amount, more, code) in [
            (address, "b", "1", "", Code::SenderHasKey),
            ("a", "a", "1", "", Code::FromToMustDiffer),
            (
                "a",
                "RTCC6BB76294846D778CD1BA227154C649D03474738",
                "1",
                "",
                Code::InvalidToAddressFormat,
            ),
            ("a", "", "1", "", Code::MissingRequiredFields),
            ("a b", "c", "1", "", Code::InvalidFromAddressFormat),
            ("a", "b", "1e-7", "", Code::AmountTooSmallAfterQuantization),
            ("a", "b", "-1", "", Code::AmountTooSmallAfterQuantization),
            ("a", "b", "true", "", Code::AmountNotNumber),
            ("a", "b", "1", r#","reason":" ""#, Code::InvalidParameter),
            ("a", "b", "1", r#","nonce":0"#, Code::NonceMustBeGtZero),
        ] {
            let body = format!(
                r#"{{"from_miner":"{from}","to_miner":"{to}","amount_rtc":{amount}{more}}}"#
            );
            assert_eq!(read(&body), Err(code), "{body}");
        }
        assert!(read(&format!(
            r#"{{"from_address":"a","to_address":"{address}","amount_rtc":"0.000001"}}"#
        ))
        .is_ok());
    }
}
