//! Signed headers: by one, the producer of a slot says that it was there in its turn. They are a record,
//! and decide nothing about money: epochs end by the clock.
//!
//! What is signed has two forms. Either the header itself, by its BLAKE2b-256 digest; or, as the existing
//! network's Windows and macOS miners do it, a text that names slot, miner and time. The existing network
//! asks for the digest in `message` and so refuses its own miners; here either is taken, and of the text
//! form only what the text says is kept.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::attest::object;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::json::canonical_without;
use crate::keys::{self, hex, unhex, unhex_all};

/// How far from the current slot a header's may be (existing network: ahead). Behind, because the round
/// that it was a turn of is known for now only.
pub const SLOTS_OFF: i64 = 10;

/// Bytes of a `message`, at most: the text form with the longest id and numbers.
const MESSAGE_MAX: usize = 256;

/// Which text a header's signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The BLAKE2b-256 digest of the header's canonical JSON.
    Header,
    /// `slot:SLOT:miner:MINER:ts:SECONDS`.
    Text,
}

/// A header whose shape holds. Whose it is, and whether the signature is, is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotHeader {
    /// The slot.
    pub slot: i64,
    /// Who says to have been its producer.
    pub miner: String,
    /// What was signed.
    pub form: Form,
    /// The header's canonical JSON, where that was signed.
    pub header: Option<String>,
    /// The bytes that were signed.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
    /// The key that the sender says it is of.
    pub public_key: Option<[u8; 32]>,
}

impl SlotHeader {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`Code::InvalidJsonObject`], [`Code::MissingMiner`], [`Code::InvalidMiner`],
    /// [`Code::InvalidHeader`], [`Code::MessageHeaderMismatch`], [`Code::InvalidHeaderSignature`].
    pub fn read(body: &[u8]) -> Result<Self, ApiError> {
        let members = object(body)?;
        let miner_id = text(&members, "miner_id")?
            .ok_or_else(|| ApiError::new(Code::MissingMiner, "\"miner_id\" is missing"))?;
        check_id(miner_id)?;
        let signature = text(&members, "signature")?
            .and_then(unhex)
            .ok_or_else(|| {
                let why = "\"signature\" is 128 hexadecimal digits";
                ApiError::new(Code::InvalidHeaderSignature, why)
            })?;
        let public_key = match text(&members, "pubkey")? {
            None => None,
            Some(digits) => {
                let key = unhex(digits);
                Some(key.ok_or_else(|| invalid("\"pubkey\" is 64 hexadecimal digits"))?)
            }
        };
        let message = match text(&members, "message")? {
            None => None,
            Some(digits) if digits.len() <= 2 * MESSAGE_MAX => Some(
                unhex_all(digits).ok_or_else(|| invalid("\"message\" is in hexadecimal digits"))?,
            ),
            Some(_) => return Err(invalid("\"message\" is too long")),
        };
        let header = match members.get("header") {
            None | Some(Value::Null) => None,
            Some(Value::Object(header)) => Some(header),
            Some(_) => return Err(invalid("\"header\" must be an object")),
        };
        let said = header
            .map(|header| Said::in_header(header, miner_id))
            .transpose()?;
        let (form, said, message, header) = match (header, said, message) {
            (Some(header), Some(said), message) => {
                let text = canonical_without(header, &[]);
                let digest = digest(&text);
                match message {
                    None => (Form::Header, said, digest, Some(text)),
                    Some(message) if message == digest => (Form::Header, said, digest, Some(text)),
                    Some(message) if Said::in_text(&message).as_ref() == Some(&said) => {
                        (Form::Text, said, message, None)
                    }
                    Some(_) => {
                        let why =
                            "\"message\" is neither the digest of \"header\", nor a text of the \
                                   same slot, miner and time";
                        return Err(ApiError::new(Code::MessageHeaderMismatch, why));
                    }
                }
            }
            (_, _, Some(message)) => {
                let said = Said::in_text(&message).ok_or_else(|| {
                    invalid("without \"header\", \"message\" is slot:SLOT:miner:MINER:ts:SECONDS")
                })?;
                (Form::Text, said, message, None)
            }
            (_, _, None) => return Err(invalid("\"header\" or \"message\" is needed")),
        };
        check_id(&said.miner)?;
        Ok(SlotHeader {
            slot: said.slot,
            miner: said.miner,
            form,
            header,
            message,
            signature,
            public_key,
        })
    }

    /// Whether `key` made the signature.
    pub fn is_signed_by(&self, key: &[u8; 32]) -> bool {
        keys::verify(key, &self.signature, &self.message)
    }

    /// The digest by which the header is called.
    pub fn hash(&self) -> String {
        match self.form {
            Form::Header => hex(&self.message),
            Form::Text => hex(&Blake2b::<U32>::digest(&self.message)),
        }
    }
}

/// What a header says, in either form.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    slot: i64,
    miner: String,
    /// Its digits, or nothing.
    time: String,
}

impl Said {
    fn in_header(header: &Map<String, Value>, miner_id: &str) -> Result<Self, ApiError> {
        let slot = header.get("slot").and_then(Value::as_i64);
        let slot = slot.filter(|slot| *slot >= 0);
        let time = match header.get("timestamp") {
            None | Some(Value::Null) => String::new(),
            Some(Value::Number(time)) => time.to_string(),
            Some(_) => return Err(invalid("\"header.timestamp\" must be a number")),
        };
        Ok(Said {
            slot: slot.ok_or_else(|| invalid("\"header.slot\" is a whole number from 0"))?,
            miner: text(header, "miner")?.unwrap_or(miner_id).to_owned(),
            time,
        })
    }

    fn in_text(message: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?.strip_prefix("slot:")?;
        let (slot, rest) = text.split_once(":miner:")?;
        // An id may hold colons, a time does not.
        let (miner, time) = rest.rsplit_once(":ts:")?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits(slot) && digits(time)).then_some(())?;
        Some(Said {
            slot: slot.parse().ok()?,
            miner: miner.to_owned(),
            time: time.to_owned(),
        })
    }
}

fn digest(text: &str) -> Vec<u8> {
    Blake2b::<U32>::digest(text).to_vec()
}

fn invalid(why: &str) -> ApiError {
    ApiError::new(Code::InvalidHeader, why)
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ApiError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(&format!("\"{name}\" must be a text"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_digest_is_pythons() {
        // python3: hashlib.blake2b(json.dumps(header, sort_keys=True, separators=(",", ":")).encode(),
        //          digest_size=32).hexdigest()
        let header = r#"{"miner":"power8","slot":7,"timestamp":1800000000}"#;
        assert_eq!(
            hex(&digest(header)),
            "dfc2cedd2183b0088bab880cf429b7b6e13e4e6ea228f63cc673e8e60ec57125"
        );
    }

    fn read(body: &Value) -> Result<SlotHeader, ApiError> {
        SlotHeader::read(body.to_string().as_bytes())
    }

    fn sent(header: Value, message: Option<&[u8]>) -> Value {
        json!({
            "miner_id": "local-name", "header": header, "message": message.map(hex),
            "signature": "00".repeat(64),
        })
    }

    #[test]
    fn both_forms_say_the_same() {
        let header = json!({"slot": 7, "miner": "a:b", "timestamp": 1_800_000_000});
        let text = b"slot:7:miner:a:b:ts:1800000000";
        let by_header = read(&sent(header.clone(), None)).unwrap();
        assert_eq!((by_header.slot, by_header.miner.as_str()), (7, "a:b"));
        assert_eq!(by_header.form, Form::Header);
        let digest = by_header.message.clone();
        assert_eq!(
            read(&sent(header.clone(), Some(&digest))).unwrap(),
            by_header
        );
        for body in [
            sent(header.clone(), Some(text)),
            sent(Value::Null, Some(text)),
        ] {
            let by_text = read(&body).unwrap();
            assert_eq!((by_text.slot, by_text.miner.as_str()), (7, "a:b"));
            assert_eq!((by_text.form, by_text.header), (Form::Text, None));
        }
        for other in [
            &b"slot:8:miner:a:b:ts:1800000000"[..],
            b"slot:7:miner:b:ts:1800000000",
            b"slot:7:miner:a:b:ts:1800000001",
            b"slot:+7:miner:a:b:ts:1800000000",
            b"x",
        ] {
            let refused = read(&sent(header.clone(), Some(other))).unwrap_err();
            assert_eq!(refused.code, Code::MessageHeaderMismatch);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            slot: i64,
            text in "(slot:)?[0-9]{0,22}(:miner:)?.{0,20}(:ts:)?[0-9]{0,4}",
        ) {
            let _ = SlotHeader::read(&bytes);
            let _ = read(&sent(json!({"slot": slot}), Some(text.as_bytes())));
            if let Ok(header) = read(&sent(Value::Null, Some(text.as_bytes()))) {
                prop_assert!(header.slot >= 0 && check_id(&header.miner).is_ok());
            }
        }
    }
}
