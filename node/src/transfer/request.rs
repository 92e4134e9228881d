//! What a client sends: its shape, and the bytes that it signed.

use serde_json::{json, Map, Value};

use super::amount::{Amount, BadAmount};
use super::MEMO_MAX;
use crate::error::{ApiError, Code};
use crate::json::{canonical, parse};
use crate::keys;

/// Members that a transfer cannot do without.
const REQUIRED: [&str; 6] = [
    "from_address",
    "to_address",
    "amount_rtc",
    "nonce",
    "signature",
    "public_key",
];

/// Begins the names of another registry of the existing network, to which money can be sent.
const REGISTERED_PREFIX: &str = "bcn_";

/// Characters of such a name, at most.
const REGISTERED_MAX: usize = 80;

/// Characters of a chain's id, at most.
const CHAIN_ID_MAX: usize = 64;

/// A transfer as it was asked for: well formed, and nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who pays: an address.
    pub from: String,
    /// Who is paid.
    pub to: String,
    /// How much, as the client wrote it.
    pub amount: Amount,
    /// The same in whole µRTC. Above 0.
    pub micro: i64,
    /// What the client would pay for it.
    pub fee: Amount,
    /// Above 0.
    pub nonce: i64,
    /// For the receiver.
    pub memo: String,
    /// The network that it is meant for.
    pub chain_id: Option<String>,
    /// Hexadecimal, or what the client took for it.
    pub public_key: String,
    /// Likewise.
    pub signature: String,
}

/// The refusal of a malformed transfer, with the `details` that the wire form has.
fn malformed(code: Code, message: &str, details: Value) -> ApiError {
    ApiError::new(code, message).with("details", details)
}

impl Request {
    /// Reads a body. The order of the checks is the existing network's.
    ///
    /// # Errors
    /// The codes of 400 from [`Code::MissingRequiredFields`] to [`Code::InvalidTransferField`].
    pub fn read(body: &[u8]) -> Result<Self, ApiError> {
        let object = match parse(body) {
            Ok(Value::Object(object)) => object,
            Ok(_) => {
                return Err(ApiError::new(
                    Code::InvalidJsonObject,
                    "the body is not a JSON object",
                ))
            }
            Err(e) => return Err(ApiError::new(Code::InvalidJsonObject, e.to_string())),
        };
        let missing: Vec<&str> = REQUIRED
            .into_iter()
            .filter(|name| is_missing(object.get(*name)))
            .collect();
        if !missing.is_empty() {
            return Err(malformed(
                Code::MissingRequiredFields,
                "a transfer needs all of these",
                json!({ "missing": missing }),
            ));
        }
        let (amount, micro) = amount(&object)?;
        let from = address(&object, "from_address")
            .filter(|id| keys::has_address_shape(id))
            .ok_or_else(|| {
                malformed(
                    Code::InvalidFromAddressFormat,
                    "money is sent from an address: \"RTC\" and 40 hexadecimal digits",
                    json!({}),
                )
            })?;
        let to = address(&object, "to_address")
            .filter(|id| payable(id))
            .ok_or_else(|| {
                malformed(
                    Code::InvalidToAddressFormat,
                    "money is sent to an address: \"RTC\" and 40 hexadecimal digits in lower case",
                    json!({}),
                )
            })?;
        if from.eq_ignore_ascii_case(&to) {
            return Err(malformed(
                Code::FromToMustDiffer,
                "that would change nothing",
                json!({}),
            ));
        }
        let nonce = nonce(object.get("nonce"))?;
        let chain_id = chain_id(object.get("chain_id"))?;
        Ok(Request {
            from,
            to,
            amount,
            micro,
            fee: fee(object.get("fee_rtc"))?,
            nonce,
            memo: memo(object.get("memo"))?,
            chain_id,
            public_key: text(&object, "public_key")?,
            signature: text(&object, "signature")?,
        })
    }

    /// The bytes that a client signs, as Python writes them.
    pub fn signed_text(&self) -> String {
        self.text_with(Some(&self.fee))
    }

    /// The same as older clients sign it: they knew no fee.
    pub fn signed_text_without_fee(&self) -> String {
        self.text_with(None)
    }

    fn text_with(&self, fee: Option<&Amount>) -> String {
        let number = |amount: &Amount| -> Value {
            // A JSON number by construction.
            amount.python().parse().map_or(Value::Null, Value::Number)
        };
        let mut members = Map::new();
        members.insert("amount".into(), number(&self.amount));
        if let Some(chain_id) = &self.chain_id {
            members.insert("chain_id".into(), chain_id.as_str().into());
        }
        if let Some(fee) = fee {
            members.insert("fee".into(), number(fee));
        }
        members.insert("from".into(), self.from.as_str().into());
        members.insert("memo".into(), self.memo.as_str().into());
        members.insert("nonce".into(), self.nonce.to_string().into());
        members.insert("to".into(), self.to.as_str().into());
        canonical(&Value::Object(members))
    }
}

/// What Python takes for nothing.
fn is_missing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        // A zero is told from nothing: it has a refusal of its own.
        Some(_) => false,
    }
}

fn amount(object: &Map<String, Value>) -> Result<(Amount, i64), ApiError> {
    let refuse = |code, message| Err(malformed(code, message, json!({})));
    let amount = match number(object.get("amount_rtc")) {
        Ok(amount) => amount,
        Err(BadAmount::NotNumber) => {
            return refuse(Code::AmountNotNumber, "\"amount_rtc\" is no number")
        }
        Err(BadAmount::NotFinite) => {
            return refuse(Code::AmountNotFinite, "\"amount_rtc\" is out of all bounds")
        }
    };
    if !amount.is_positive() {
        return refuse(
            Code::AmountMustBePositive,
            "\"amount_rtc\" is not above zero",
        );
    }
    match amount.micro() {
        0 => Err(malformed(
            Code::AmountTooSmallAfterQuantization,
            "the smallest amount is a millionth of an RTC",
            json!({ "amount_rtc": object.get("amount_rtc"), "min_rtc": crate::json::decimal(1, crate::ledger::RTC_PLACES) }),
        )),
        micro => Ok((amount, micro)),
    }
}

/// An amount as a number or as its digits.
pub(super) fn number(value: Option<&Value>) -> Result<Amount, BadAmount> {
    match value {
        Some(Value::Number(number)) => Amount::parse(number.as_str()),
        Some(Value::String(text)) => Amount::parse(text.trim()),
        _ => Err(BadAmount::NotNumber),
    }
}

fn address(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    Some(text.trim().to_owned())
}

/// Whether everybody may send money to this id.
pub(super) fn payable(id: &str) -> bool {
    keys::is_address(id) || is_registered(id)
}

fn is_registered(id: &str) -> bool {
    id.len() <= REGISTERED_MAX
        && id.strip_prefix(REGISTERED_PREFIX).is_some_and(|rest| {
            !rest.is_empty()
                && rest
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b))
        })
}

/// A whole number above zero.
pub(crate) fn nonce(value: Option<&Value>) -> Result<i64, ApiError> {
    let digits = match value {
        Some(Value::Number(number)) => number.as_str(),
        Some(Value::String(text)) => text.trim(),
        _ => "",
    };
    match digits.parse::<i64>() {
        Ok(nonce) if nonce > 0 => Ok(nonce),
        Ok(_) => Err(malformed(
            Code::NonceMustBeGtZero,
            "\"nonce\" is not above zero",
            json!({}),
        )),
        Err(_) => Err(malformed(
            Code::NonceNotInt,
            "\"nonce\" is no whole number of 64 bits",
            json!({}),
        )),
    }
}

/// The id of a network, where one is named.
pub(crate) fn chain_id(value: Option<&Value>) -> Result<Option<String>, ApiError> {
    let sound = |id: &str| {
        (1..=CHAIN_ID_MAX).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if sound(id) => Ok(Some(id.clone())),
        Some(_) => Err(malformed(
            Code::InvalidChainIdFormat,
            "\"chain_id\" is 1 to 64 letters, digits, dots, dashes and underscores",
            json!({}),
        )),
    }
}

fn fee(value: Option<&Value>) -> Result<Amount, ApiError> {
    let nothing = Value::from(0);
    number(Some(value.unwrap_or(&nothing)))
        .map_err(|_| ApiError::new(Code::InvalidTransferField, "\"fee_rtc\" is no number"))
}

fn memo(value: Option<&Value>) -> Result<String, ApiError> {
    let refuse = |message: String| Err(ApiError::new(Code::InvalidTransferField, message));
    match value {
        None => Ok(String::new()),
        // PostgreSQL has no texts with NUL in them.
        Some(Value::String(memo)) if memo.contains('\0') => {
            refuse("\"memo\" has a character of code 0".into())
        }
        Some(Value::String(memo)) if memo.len() <= MEMO_MAX => Ok(memo.clone()),
        Some(_) => refuse(format!("\"memo\" is a text of up to {MEMO_MAX} bytes")),
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Result<String, ApiError> {
    match object.get(name) {
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        _ => Err(ApiError::new(
            Code::InvalidTransferField,
            format!("\"{name}\" is no text"),
        )),
    }
}
