//! Passkeys (WebAuthn): login, registration, and the management of a user's own passkeys.
//!
//! Each takes two requests: the first returns the options for the browser's authenticator and a `state`, which the
//! second sends back once, within five minutes. Registration has separate routes, which the application may mount.
//! Settings: `Passkeys`. Hooks: `on_after_login`, `on_after_failed_login`, those of a registration except
//! `validate_password`, and `on_after_passkey_change` (after the response). Re-authentication with a passkey is a part
//! of [`reauthenticate`](super::reauthenticate).

mod error;
mod http;
mod log_in;
mod own;
mod read;
mod sign_up;

use ::http::Method;

#[cfg(feature = "pages")]
pub(crate) use self::http::{
    add_passkey, passkey_login, passkeys, remove_passkey, rename_passkey, start_passkey, start_passkey_login,
};
pub use self::http::{passkey_routes, passkey_sign_up_routes};
use self::{
    http::{NewPasskeyBody, PasskeyName, PasskeySignUp},
    read::{PASSKEY_OPTIONS, PASSKEY_READ},
};
use crate::{
    account::{GivenPasskey, PASSKEY_BAD_CREDENTIAL, USER_EXISTS},
    domain::{Code, Limit},
    http::{Body, Caller, Content, Documented, Endpoint, RouteGroup},
    service::NOT_VERIFIED,
    user::Schema as _,
};

const TOO_MANY: Code = Code::new("PASSKEY_TOO_MANY", "You have as many passkeys as one may have.");
const LAST_WAY_IN: Code = Code::new("PASSKEY_LAST_WAY_IN", "Without this passkey the user could not log in any more.");

pub(crate) static ENDPOINTS: [Endpoint; 9] =
    [LOGIN_OPTIONS, LOGIN, SIGN_UP_OPTIONS, SIGN_UP, LIST, START, ADD, RENAME, REMOVE];

const OPTIONS: &[Documented] = &[Documented {
    status: 200,
    content: Content::Object(&PASSKEY_OPTIONS),
    description: "The options for the authenticator, and the state to send with what it returns.",
}];

const LOGIN_OPTIONS: Endpoint = Endpoint {
    group: RouteGroup::PasskeyLogin,
    method: Method::POST,
    path: "/options",
    name: "passkeys:{backend}.login_options",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Start a login with a passkey",
    body: Body::None,
    responses: OPTIONS,
    codes: &[],
    limits: &[],
};

const LOGIN: Endpoint = Endpoint {
    group: RouteGroup::PasskeyLogin,
    method: Method::POST,
    path: "",
    name: "passkeys:{backend}.login",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Log in with a passkey",
    body: Body::Object(GivenPasskey::FIELDS),
    responses: &[Documented { status: 200, content: Content::Token, description: "The access token." }],
    codes: &[PASSKEY_BAD_CREDENTIAL, NOT_VERIFIED],
    limits: &[Limit::LoginAddress],
};

const SIGN_UP_OPTIONS: Endpoint = Endpoint {
    group: RouteGroup::PasskeySignUp,
    method: Method::POST,
    path: "/options",
    name: "passkeys:sign_up_options",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Start a registration with a passkey instead of a password",
    body: Body::CreateWithoutPassword,
    responses: OPTIONS,
    codes: &[],
    limits: &[],
};

const SIGN_UP: Endpoint = Endpoint {
    group: RouteGroup::PasskeySignUp,
    method: Method::POST,
    path: "",
    name: "passkeys:sign_up",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Register with a passkey instead of a password",
    body: Body::Object(PasskeySignUp::FIELDS),
    responses: &[Documented { status: 201, content: Content::User, description: "The new account." }],
    codes: &[PASSKEY_BAD_CREDENTIAL, USER_EXISTS],
    limits: &[Limit::Register],
};

const LIST: Endpoint = Endpoint {
    group: RouteGroup::Passkeys,
    method: Method::GET,
    path: "",
    name: "passkeys:list",
    caller: Caller::Owner,
    fresh: false,
    summary: "List your passkeys",
    body: Body::None,
    responses: &[Documented {
        status: 200,
        content: Content::List(&PASSKEY_READ),
        description: "The passkeys, in the order in which they were added.",
    }],
    codes: &[],
    limits: &[],
};

const START: Endpoint = Endpoint {
    group: RouteGroup::Passkeys,
    method: Method::POST,
    path: "/register",
    name: "passkeys:register",
    caller: Caller::Owner,
    fresh: true,
    summary: "Start to add a passkey",
    body: Body::None,
    responses: OPTIONS,
    codes: &[TOO_MANY],
    limits: &[],
};

const ADD: Endpoint = Endpoint {
    group: RouteGroup::Passkeys,
    method: Method::POST,
    path: "",
    name: "passkeys:add",
    caller: Caller::Owner,
    fresh: false,
    summary: "Add a passkey",
    body: Body::Object(NewPasskeyBody::FIELDS),
    responses: &[Documented { status: 201, content: Content::Object(&PASSKEY_READ), description: "The new passkey." }],
    codes: &[PASSKEY_BAD_CREDENTIAL, TOO_MANY],
    limits: &[],
};

const RENAME: Endpoint = Endpoint {
    group: RouteGroup::Passkeys,
    method: Method::PATCH,
    path: "/{id}",
    name: "passkeys:rename",
    caller: Caller::Owner,
    fresh: false,
    summary: "Rename one of your passkeys",
    body: Body::Object(PasskeyName::FIELDS),
    responses: &[
        Documented {
            status: 200,
            content: Content::Object(&PASSKEY_READ),
            description: "The passkey with its new name.",
        },
        Documented { status: 404, content: Content::Empty, description: "You have no such passkey." },
    ],
    codes: &[],
    limits: &[],
};

const REMOVE: Endpoint = Endpoint {
    group: RouteGroup::Passkeys,
    method: Method::DELETE,
    path: "/{id}",
    name: "passkeys:remove",
    caller: Caller::Owner,
    fresh: true,
    summary: "Remove one of your passkeys",
    body: Body::None,
    responses: &[
        Documented { status: 204, content: Content::Empty, description: "The passkey is removed." },
        Documented { status: 404, content: Content::Empty, description: "You have no such passkey." },
    ],
    codes: &[LAST_WAY_IN],
    limits: &[],
};
