//! Second factors by authenticator apps (TOTP, RFC 6238), and recovery codes: enroll, confirm, disable (OWASP ASVS 6.3.3, 6.5).
//!
//! The application decides whether to mount the routes. A second factor is not active before a code was confirmed; until then the
//! seed is kept, encrypted, for ten minutes. Activating and disabling it end the other sessions. Setting: `UsersBuilder::mfa`.
//! Hooks: `on_after_second_factor_enrolled`, `on_after_second_factor_removed`, `on_after_recovery_code_use`.

mod http;
mod logic;
mod qr;
mod read;

use ::http::Method;

pub use self::http::totp_routes;
#[cfg(feature = "pages")]
pub(crate) use self::http::{confirm_totp, disable_totp, enroll_totp, replace_recovery_codes, totp_status};
use self::{
    http::CodeBody,
    read::{DEVICE_READ, ENROLLMENT_READ, RECOVERY_CODES_READ, STATUS_READ},
};
use crate::{
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    user::Schema,
};

const STATUS: &str = "/totp";
const ENROLL: &str = "/totp/enroll";
const CONFIRM: &str = "/totp/confirm";
const DISABLE: &str = "/totp/disable";
const RECOVERY_CODES: &str = "/recovery-codes";
const DEVICES: &str = "/totp/devices";
const DEVICE: &str = "/totp/devices/{id}";

const BAD_CODE: Code = Code::new("TOTP_BAD_CODE", "The code is wrong, or was used before.");
const NOT_VERIFIED: Code =
    Code::new("TOTP_USER_NOT_VERIFIED", "The address is not verified: its owner could not get the account back.");
const ALREADY_ENROLLED: Code =
    Code::new("TOTP_ALREADY_ENROLLED", "The user has a second factor, which must be disabled first.");
const NOT_PENDING: Code = Code::new("TOTP_NOT_PENDING", "Nothing was enrolled, or not within the last ten minutes.");
const NOT_ENROLLED: Code = Code::new("TOTP_NOT_ENROLLED", "The user has no second factor.");

pub(crate) static ENDPOINTS: [Endpoint; 7] = [
    Endpoint {
        group: RouteGroup::SecondFactor,
        method: Method::GET,
        path: STATUS,
        name: "totp:status",
        caller: Caller::Owner,
        fresh: false,
        summary: "Read whether you have a second factor",
        body: Body::None,
        responses: &[Documented {
            status: 200,
            content: Content::Object(&STATUS_READ),
            description: "Whether logins need a code, and how many recovery codes are left.",
        }],
        codes: &[],
        limits: &[],
    },
    Endpoint {
        group: RouteGroup::SecondFactor,
        method: Method::POST,
        path: ENROLL,
        name: "totp:enroll",
        caller: Caller::Owner,
        fresh: true,
        summary: "Begin to enroll an authenticator app",
        body: Body::None,
        responses: &[Documented {
            status: 200,
            content: Content::Object(&ENROLLMENT_READ),
            description: "What the app needs. Nothing is in force yet.",
        }],
        codes: &[NOT_VERIFIED, ALREADY_ENROLLED],
        limits: &[],
    },
    Endpoint {
        group: RouteGroup::SecondFactor,
        method: Method::POST,
        path: CONFIRM,
        name: "totp:confirm",
        caller: Caller::Owner,
        fresh: false,
        summary: "Confirm the app with a code of it, and get the recovery codes",
        body: Body::Object(CodeBody::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::Object(&RECOVERY_CODES_READ),
            description: "The second factor is in force, and all other sessions are ended.",
        }],
        codes: &[BAD_CODE, NOT_PENDING, ALREADY_ENROLLED],
        limits: &Limit::OF_CODES_IN_SESSION,
    },
    Endpoint {
        group: RouteGroup::SecondFactor,
        method: Method::POST,
        path: DISABLE,
        name: "totp:disable",
        caller: Caller::Owner,
        fresh: true,
        summary: "Remove your second factor",
        body: Body::Object(CodeBody::FIELDS),
        responses: &[Documented {
            status: 204,
            content: Content::Empty,
            description: "Logins need the password alone. All other sessions are ended; this one as well where a second factor is required.",
        }],
        codes: &[BAD_CODE, NOT_ENROLLED],
        limits: &Limit::OF_CODES_IN_SESSION,
    },
    Endpoint {
        group: RouteGroup::SecondFactor,
        method: Method::POST,
        path: RECOVERY_CODES,
        name: "totp:recovery_codes",
        caller: Caller::Owner,
        fresh: false,
        summary: "Replace your recovery codes",
        body: Body::Object(CodeBody::FIELDS),
        responses: &[Documented {
            status: 200,
            content: Content::Object(&RECOVERY_CODES_READ),
            description: "Ten new codes. The old ones do not work any more.",
        }],
        codes: &[BAD_CODE, NOT_ENROLLED],
        limits: &Limit::OF_CODES_IN_SESSION,
    },
    Endpoint {
        group: RouteGroup::SecondFactor,
        method: Method::GET,
        path: DEVICES,
        name: "totp:devices",
        caller: Caller::Owner,
        fresh: false,
        summary: "List the devices on which no code is asked for",
        body: Body::None,
        responses: &[Documented {
            status: 200,
            content: Content::List(&DEVICE_READ),
            description: "The remembered devices, in the order in which they were remembered.",
        }],
        codes: &[],
        limits: &[],
    },
    Endpoint {
        group: RouteGroup::SecondFactor,
        method: Method::DELETE,
        path: DEVICE,
        name: "totp:forget_device",
        caller: Caller::Owner,
        fresh: false,
        summary: "Forget one of your remembered devices",
        body: Body::None,
        responses: &[
            Documented { status: 204, content: Content::Empty, description: "Logins from it need a code again." },
            Documented { status: 404, content: Content::Empty, description: "You have no such device." },
        ],
        codes: &[],
        limits: &[],
    },
];
