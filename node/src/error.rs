//! Everything that the node refuses, with the code, the HTTP status and the body of each.

use axum::http::header::RETRY_AFTER;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::http::reply;
use crate::store::StoreError;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal $status:ident,)+) => {
        /// What was wrong. The text of each is part of the wire form.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// As it travels.
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $text,)+ }
            }

            /// What it means, in a sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// The HTTP status that it travels with.
            pub const fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)+ }
            }
        }
    };
}

codes! {
    /// The body is not a JSON object, or one that readers could disagree about.
    InvalidJsonObject "INVALID_JSON_OBJECT" BAD_REQUEST,
    /// The body ended early.
    IncompleteBody "INCOMPLETE_BODY" BAD_REQUEST,
    /// Neither `miner` nor `miner_id`.
    MissingMiner "MISSING_MINER" BAD_REQUEST,
    /// Not a miner's id.
    InvalidMiner "INVALID_MINER" BAD_REQUEST,
    /// Looks like an address of another chain, or like an address that no key has.
    InvalidMinerWalletFormat "INVALID_MINER_WALLET_FORMAT" BAD_REQUEST,
    /// `device` or a member of it is of the wrong kind.
    InvalidDevice "INVALID_DEVICE" BAD_REQUEST,
    /// `signals` or a member of it is of the wrong kind.
    InvalidSignals "INVALID_SIGNALS" BAD_REQUEST,
    /// `signals.macs` is not a list of texts.
    InvalidSignalsMacs "INVALID_SIGNALS_MACS" BAD_REQUEST,
    /// `report` or a member of it is of the wrong kind.
    InvalidReport "INVALID_REPORT" BAD_REQUEST,
    /// `fingerprint` is not an object.
    InvalidFingerprint "INVALID_FINGERPRINT" BAD_REQUEST,
    /// `fingerprint.checks` is not an object.
    InvalidFingerprintChecks "INVALID_FINGERPRINT_CHECKS" BAD_REQUEST,
    /// `signature` is not a text.
    InvalidSignatureType "INVALID_SIGNATURE_TYPE" BAD_REQUEST,
    /// `public_key` is not a text.
    InvalidPublicKeyType "INVALID_PUBLIC_KEY_TYPE" BAD_REQUEST,
    /// `signature_type` is not a text.
    InvalidSignatureTypeField "INVALID_SIGNATURE_TYPE_FIELD" BAD_REQUEST,
    /// A signature without its key, or a key without its signature.
    IncompleteSignature "INCOMPLETE_SIGNATURE" BAD_REQUEST,
    /// A header of a slot has members of the wrong kind.
    InvalidHeader "INVALID_HEADER" BAD_REQUEST,
    /// A header and what was signed say different things.
    MessageHeaderMismatch "MESSAGE_HEADER_MISMATCH" BAD_REQUEST,
    /// The header's signature does not verify.
    InvalidHeaderSignature "INVALID_HEADER_SIGNATURE" BAD_REQUEST,
    /// The slot is too far ahead.
    SlotTooFarInFuture "SLOT_TOO_FAR_IN_FUTURE" BAD_REQUEST,
    /// The slot is too long ago.
    SlotTooOld "SLOT_TOO_OLD" BAD_REQUEST,
    /// The signature does not verify.
    InvalidSignature "INVALID_SIGNATURE" BAD_REQUEST,
    /// This miner must sign.
    MissingSignature "MISSING_SIGNATURE" BAD_REQUEST,
    /// The address belongs to another key.
    PubkeyAddressMismatch "PUBKEY_ADDRESS_MISMATCH" BAD_REQUEST,
    /// The name belongs to another key.
    SigningKeyMismatch "SIGNING_KEY_MISMATCH" BAD_REQUEST,
    /// No nonce.
    MissingNonce "MISSING_NONCE" BAD_REQUEST,
    /// No `miner_pubkey`.
    MissingMinerPubkey "MISSING_MINER_PUBKEY" BAD_REQUEST,
    /// The key is not the one that attested.
    PubkeyMismatch "PUBKEY_MISMATCH" BAD_REQUEST,
    /// The enrolment's signature does not verify.
    InvalidEnrollmentSignature "INVALID_ENROLLMENT_SIGNATURE" BAD_REQUEST,
    /// A parameter of the query is missing.
    MissingParameter "MISSING_PARAMETER" BAD_REQUEST,
    /// A parameter of path or query makes no sense.
    InvalidParameter "INVALID_PARAMETER" BAD_REQUEST,
    /// A transfer lacks members.
    MissingRequiredFields "MISSING_REQUIRED_FIELDS" BAD_REQUEST,
    /// `amount_rtc` is not a number.
    AmountNotNumber "AMOUNT_NOT_NUMBER" BAD_REQUEST,
    /// `amount_rtc` is larger than any float.
    AmountNotFinite "AMOUNT_NOT_FINITE" BAD_REQUEST,
    /// `amount_rtc` is not above zero.
    AmountMustBePositive "AMOUNT_MUST_BE_POSITIVE" BAD_REQUEST,
    /// `amount_rtc` is less than 1 µRTC.
    AmountTooSmallAfterQuantization "AMOUNT_TOO_SMALL_AFTER_QUANTIZATION" BAD_REQUEST,
    /// `from_address` is not an address.
    InvalidFromAddressFormat "INVALID_FROM_ADDRESS_FORMAT" BAD_REQUEST,
    /// `to_address` is nothing that can be paid.
    InvalidToAddressFormat "INVALID_TO_ADDRESS_FORMAT" BAD_REQUEST,
    /// A transfer to its sender.
    FromToMustDiffer "FROM_TO_MUST_DIFFER" BAD_REQUEST,
    /// `nonce` is not a whole number.
    NonceNotInt "NONCE_NOT_INT" BAD_REQUEST,
    /// `nonce` is not above zero.
    NonceMustBeGtZero "NONCE_MUST_BE_GT_ZERO" BAD_REQUEST,
    /// `chain_id` is not the id of any network.
    InvalidChainIdFormat "INVALID_CHAIN_ID_FORMAT" BAD_REQUEST,
    /// A member of a transfer is of the wrong kind, or too long.
    InvalidTransferField "INVALID_TRANSFER_FIELD" BAD_REQUEST,
    /// A member of a migration is of the wrong kind, or means nothing.
    InvalidMigrationField "INVALID_MIGRATION_FIELD" BAD_REQUEST,
    /// The transfer is meant for another network.
    ChainIdMismatch "CHAIN_ID_MISMATCH" BAD_REQUEST,
    /// The transfer's signature does not verify.
    InvalidTransferSignature "INVALID_TRANSFER_SIGNATURE" UNAUTHORIZED,
    /// The transfer has a fee that its signature does not cover.
    LegacySignatureFeeUnbound "LEGACY_SIGNATURE_FEE_UNBOUND" UNAUTHORIZED,
    /// The transfer has a fee.
    SignedTransferFeeUnsettled "SIGNED_TRANSFER_FEE_UNSETTLED" BAD_REQUEST,
    /// The sender used this nonce before.
    ReplayDetected "REPLAY_DETECTED" BAD_REQUEST,
    /// The sender used a higher nonce before.
    OutOfOrderNonce "OUT_OF_ORDER_NONCE" BAD_REQUEST,
    /// The sender does not have that much.
    InsufficientBalance "INSUFFICIENT_BALANCE" BAD_REQUEST,
    /// The operator lets nothing leave this wallet.
    WalletBlocked "WALLET_BLOCKED" FORBIDDEN,
    /// The operator looks into this wallet.
    WalletHeld "WALLET_HELD" CONFLICT,
    /// Only the owner of an address sends from it.
    SenderHasKey "SENDER_HAS_KEY" FORBIDDEN,
    /// No transfer has this hash.
    TransactionNotFound "TRANSACTION_NOT_FOUND" NOT_FOUND,
    /// No machine of this number is bound to that miner.
    BindingNotFound "BINDING_NOT_FOUND" NOT_FOUND,
    /// No such migration.
    MigrationNotFound "MIGRATION_NOT_FOUND" NOT_FOUND,
    /// This is for the operator.
    Unauthorized "UNAUTHORIZED" UNAUTHORIZED,
    /// Enrolments are signed.
    SignedEnrollmentRequired "SIGNED_ENROLLMENT_REQUIRED" UNAUTHORIZED,
    /// The challenge was issued to somebody else.
    NonceIdentityMismatch "NONCE_IDENTITY_MISMATCH" FORBIDDEN,
    /// The miner never signed, so no signature of its can be checked.
    NoPubkeyRegistered "NO_PUBKEY_REGISTERED" FORBIDDEN,
    /// The slot is another miner's.
    NotSlotProducer "NOT_SLOT_PRODUCER" FORBIDDEN,
    /// The operator lets nobody speak for this name.
    NameFrozen "NAME_FROZEN" FORBIDDEN,
    /// Nothing is here.
    NotFound "NOT_FOUND" NOT_FOUND,
    /// Not with this method.
    MethodNotAllowed "METHOD_NOT_ALLOWED" METHOD_NOT_ALLOWED,
    /// The request took too long to arrive.
    RequestTimeout "REQUEST_TIMEOUT" REQUEST_TIMEOUT,
    /// No such challenge, or no longer.
    ChallengeInvalid "CHALLENGE_INVALID" CONFLICT,
    /// The transfer is booked or called off already.
    TransferEnded "TRANSFER_ENDED" CONFLICT,
    /// The slot has a header already.
    SlotTaken "SLOT_TAKEN" CONFLICT,
    /// The machine is bound to another miner.
    DuplicateHardware "DUPLICATE_HARDWARE" CONFLICT,
    /// The machine has other parts than the one bound.
    HardwareBindingFailed "HARDWARE_BINDING_FAILED" CONFLICT,
    /// The machine is paid under another name in this epoch; it may attest in the next.
    PaidUnderAnotherWallet "PAID_UNDER_ANOTHER_WALLET" CONFLICT,
    /// A migration of this machine waits already.
    MigrationPending "MIGRATION_PENDING" CONFLICT,
    /// The migration is done or cancelled already.
    MigrationEnded "MIGRATION_ENDED" CONFLICT,
    /// The receiver cannot take another machine.
    MigrationRefused "MIGRATION_REFUSED" CONFLICT,
    /// The challenge was answered already.
    NonceReplay "NONCE_REPLAY" CONFLICT,
    /// Somebody else's measurements.
    ReplayAttackBlocked "REPLAY_ATTACK_BLOCKED" CONFLICT,
    /// The miner attested without a key, so no signature of its can be checked.
    EnrollmentSigningKeyRequired "ENROLLMENT_SIGNING_KEY_REQUIRED" PRECONDITION_FAILED,
    /// The miner has not attested.
    NoRecentAttestation "NO_RECENT_ATTESTATION" PRECONDITION_FAILED,
    /// The miner has not attested lately.
    AttestationExpired "ATTESTATION_EXPIRED" PRECONDITION_FAILED,
    /// This was of an earlier version of the network.
    Gone "GONE" GONE,
    /// The body is larger than the limit.
    RequestTooLarge "REQUEST_TOO_LARGE" PAYLOAD_TOO_LARGE,
    /// No `device`.
    MissingDevice "MISSING_DEVICE" UNPROCESSABLE_ENTITY,
    /// No `signals`.
    MissingSignals "MISSING_SIGNALS" UNPROCESSABLE_ENTITY,
    /// No measurements.
    MissingFingerprint "MISSING_FINGERPRINT" UNPROCESSABLE_ENTITY,
    /// `device.cores` is not a number of cores.
    InvalidDeviceCores "INVALID_DEVICE_CORES" UNPROCESSABLE_ENTITY,
    /// A number in `fingerprint.checks` is not one.
    InvalidFingerprintMetric "INVALID_FINGERPRINT_METRIC" UNPROCESSABLE_ENTITY,
    /// `evidence` is of an unknown version or shape.
    InvalidEvidence "INVALID_EVIDENCE" UNPROCESSABLE_ENTITY,
    /// The evidence does not belong to the challenge, or contradicts itself.
    EvidenceRejected "EVIDENCE_REJECTED" UNPROCESSABLE_ENTITY,
    /// Too many challenges for one address.
    ChallengeRateLimit "CHALLENGE_RATE_LIMIT" TOO_MANY_REQUESTS,
    /// Too many miners behind one address.
    IpRateLimit "IP_RATE_LIMIT" TOO_MANY_REQUESTS,
    /// Too many requests from one address.
    RateLimit "RATE_LIMIT" TOO_MANY_REQUESTS,
    /// Too many transfers of one sender wait.
    TooManyPending "TOO_MANY_PENDING" TOO_MANY_REQUESTS,
    /// A fault of the node's. The tests hold that no request can cause it.
    InternalError "INTERNAL_ERROR" INTERNAL_SERVER_ERROR,
    /// The node cannot reach its store, or too much waits for it.
    StoreUnavailable "STORE_UNAVAILABLE" SERVICE_UNAVAILABLE,
    /// The operator's last backup is too old.
    BackupTooOld "BACKUP_TOO_OLD" SERVICE_UNAVAILABLE,
}

/// Seconds after which to come back, where a refusal says so: in the body, and as `Retry-After`.
pub const RETRY_AFTER_MEMBER: &str = "retry_after_s";

/// A refusal: a code, a sentence for the owner, and where there is more to say, more members.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// What was wrong.
    pub code: Code,
    /// For people.
    pub message: String,
    /// Further members of the body. Boxed: most have none.
    pub extra: Option<Box<Map<String, Value>>>,
}

impl ApiError {
    /// A refusal with a message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        ApiError {
            code,
            message: message.into(),
            extra: None,
        }
    }

    /// The same with one more member in the body.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra
            .get_or_insert_default()
            .insert(name.into(), value.into());
        self
    }

    /// The same with the seconds after which to come back.
    pub fn after(self, seconds: u64) -> Self {
        self.with(RETRY_AFTER_MEMBER, seconds)
    }

    /// The body.
    pub fn body(&self) -> Map<String, Value> {
        let mut body = self.extra.clone().map(|extra| *extra).unwrap_or_default();
        let error = match self.code {
            Code::ChallengeRateLimit | Code::IpRateLimit | Code::RateLimit => "rate_limited".into(),
            // Sentences on the existing network too.
            Code::InvalidTransferSignature => "Invalid signature".into(),
            Code::InvalidHeaderSignature => "bad signature".into(),
            Code::NoPubkeyRegistered => "no pubkey registered for miner".into(),
            Code::Gone => "API v1 removed".into(),
            Code::InsufficientBalance => "Insufficient available balance".into(),
            code => code.text().to_ascii_lowercase(),
        };
        body.insert("ok".into(), false.into());
        body.insert("error".into(), error.into());
        body.insert("code".into(), self.code.text().into());
        body.insert("message".into(), self.message.clone().into());
        body
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.text(), self.message)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = reply::json(self.code.status(), self.body());
        let wait = self
            .extra
            .as_ref()
            .and_then(|e| e.get(RETRY_AFTER_MEMBER)?.as_u64());
        if let Some(wait_s) = wait {
            response.headers_mut().insert(RETRY_AFTER, wait_s.into());
        }
        // For the log.
        response.extensions_mut().insert(self.code);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(e: StoreError) -> Self {
        // Those that the store may get over by itself it tells of itself.
        if !matches!(&e, StoreError::Sql(e) if e.trouble().is_some()) {
            tracing::error!("store: {e}");
        }
        match e {
            StoreError::Panicked => {
                ApiError::new(Code::InternalError, "the node failed; nothing was changed")
            }
            _ => ApiError::new(
                Code::StoreUnavailable,
                "the node's store is busy; try again",
            ),
        }
    }
}

impl From<crate::store::sql::Error> for ApiError {
    fn from(e: crate::store::sql::Error) -> Self {
        StoreError::Sql(e).into()
    }
}

impl From<crate::keys::NoRandomness> for ApiError {
    fn from(e: crate::keys::NoRandomness) -> Self {
        tracing::error!("{e}");
        ApiError::new(Code::StoreUnavailable, e.to_string())
    }
}
