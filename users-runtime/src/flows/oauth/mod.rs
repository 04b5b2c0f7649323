//! Logins with OAuth providers, and accounts at providers that users associate with theirs.
//!
//! A flow starts at `authorize`, which returns the provider's URL, and ends at `callback`. The decisions are in
//! `domain/oauth/linking`. Settings: `OAuthProvider`. Hooks: `on_after_register` for an account that a login creates,
//! `on_after_login`, and `on_after_update` (without fields) if the accounts of a user changed.

mod accounts;
mod associate;
mod callback;
mod error;
mod http;
mod id_token;
mod login;
mod read;
mod start;

use ::http::Method;

#[cfg(feature = "pages")]
pub(crate) use self::http::{list_accounts, unlink_account};
pub use self::http::{
    oauth_account_routes, oauth_associate_authorize, oauth_associate_callback, oauth_authorize, oauth_callback,
    oauth_id_token,
};
use self::{
    http::IdTokenLogin,
    read::{ACCOUNT_READ, AUTHORIZATION_URL},
};
use crate::{
    domain::{Code, Limit},
    http::{
        Body, Caller, Content, Documented, Endpoint,
        QueryKind::{List, OptionalText, Text},
        QueryParameter, RouteGroup,
    },
    service::{BAD_CREDENTIALS, NOT_VERIFIED},
    user::Schema as _,
};

const NO_ADDRESS: Code =
    Code::new("OAUTH_NOT_AVAILABLE_EMAIL", "The provider gives no address, or none that is accepted.");
const TAKEN: Code = Code::new(
    "OAUTH_USER_ALREADY_EXISTS",
    "Another account has the address, or is linked with the provider's account.",
);
const INVALID_STATE: Code =
    Code::new("OAUTH_INVALID_STATE", "This browser did not start the flow, or it has ended already.");
const UNDECODABLE_STATE: Code = Code::new("ACCESS_TOKEN_DECODE_ERROR", "The state was not made by this service.");
const EXPIRED_STATE: Code = Code::new("ACCESS_TOKEN_ALREADY_EXPIRED", "The flow took longer than ten minutes.");
const PROVIDER_ERROR: Code =
    Code::new("OAUTH_PROVIDER_ERROR", "The provider refuses, does not answer, or sends something that is not valid.");
const USED_ID_TOKEN: Code = Code::new("OAUTH_INVALID_STATE", "The ID token was used already.");
const LAST_WAY_IN: Code = Code::new("OAUTH_LAST_WAY_IN", "Without this account the user could not log in any more.");

pub(crate) static ENDPOINTS: [Endpoint; 7] =
    [AUTHORIZE, CALLBACK, ID_TOKEN, ASSOCIATE_AUTHORIZE, ASSOCIATE_CALLBACK, LIST, UNLINK];

const START_PARAMETERS: &[QueryParameter] =
    &[QueryParameter::new("scopes", List, "openid"), QueryParameter::new("return_to", Text, "/profile")];
const CALLBACK_PARAMETERS: &[QueryParameter] = &[
    QueryParameter::new("code", OptionalText, "SplxlOBeZQQYbYS6WxSbIA"),
    QueryParameter::new("state", OptionalText, "af0ifjsldkj"),
    QueryParameter::new("error", OptionalText, "access_denied"),
    QueryParameter::new("iss", Text, "https://accounts.example.com"),
];
const STARTED: &[Documented] = &[Documented {
    status: 200,
    content: Content::Object(&AUTHORIZATION_URL),
    description: "The URL to which the browser goes next. The response sets a cookie.",
}];

const AUTHORIZE: Endpoint = Endpoint {
    group: RouteGroup::OAuth,
    method: Method::GET,
    path: "/authorize",
    name: "oauth:{provider}.{backend}.authorize",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Start a login with the provider",
    body: Body::Query(START_PARAMETERS),
    responses: STARTED,
    codes: &[PROVIDER_ERROR],
    limits: &[Limit::OAuthStart],
};

const CALLBACK: Endpoint = Endpoint {
    group: RouteGroup::OAuth,
    method: Method::GET,
    path: "/callback",
    name: "oauth:{provider}.{backend}.callback",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Finish a login with the provider",
    body: Body::Query(CALLBACK_PARAMETERS),
    responses: &[Documented { status: 200, content: Content::Token, description: "The access token." }],
    codes: &[
        NO_ADDRESS,
        TAKEN,
        INVALID_STATE,
        UNDECODABLE_STATE,
        EXPIRED_STATE,
        PROVIDER_ERROR,
        BAD_CREDENTIALS,
        NOT_VERIFIED,
    ],
    limits: &[Limit::OAuthCallback],
};

const ID_TOKEN: Endpoint = Endpoint {
    group: RouteGroup::OAuthIdTokens,
    method: Method::POST,
    path: "/token",
    name: "oauth:{provider}.{backend}.token",
    caller: Caller::Anyone,
    fresh: false,
    summary: "Log in with an ID token of the provider",
    body: Body::Object(IdTokenLogin::FIELDS),
    responses: &[Documented { status: 200, content: Content::Token, description: "The access token." }],
    codes: &[NO_ADDRESS, TAKEN, PROVIDER_ERROR, USED_ID_TOKEN, BAD_CREDENTIALS, NOT_VERIFIED],
    limits: &[Limit::OAuthCallback],
};

const ASSOCIATE_AUTHORIZE: Endpoint = Endpoint {
    group: RouteGroup::OAuthAssociate,
    method: Method::GET,
    path: "/authorize",
    name: "oauth-associate:{provider}.authorize",
    caller: Caller::Owner,
    fresh: true,
    summary: "Start to associate an account at the provider",
    body: Body::Query(START_PARAMETERS),
    responses: STARTED,
    codes: &[PROVIDER_ERROR],
    limits: &[Limit::OAuthStart],
};

const ASSOCIATE_CALLBACK: Endpoint = Endpoint {
    group: RouteGroup::OAuthAssociate,
    method: Method::GET,
    path: "/callback",
    name: "oauth-associate:{provider}.callback",
    caller: Caller::Owner,
    fresh: false,
    summary: "Associate an account at the provider",
    body: Body::Query(CALLBACK_PARAMETERS),
    responses: &[Documented { status: 200, content: Content::User, description: "Your account, with the new one." }],
    codes: &[NO_ADDRESS, TAKEN, INVALID_STATE, UNDECODABLE_STATE, EXPIRED_STATE, PROVIDER_ERROR],
    limits: &[Limit::OAuthCallback],
};

const LIST: Endpoint = Endpoint {
    group: RouteGroup::OAuthAccounts,
    method: Method::GET,
    path: "",
    name: "oauth-accounts:list",
    caller: Caller::Owner,
    fresh: false,
    summary: "List your accounts at providers",
    body: Body::None,
    responses: &[Documented {
        status: 200,
        content: Content::List(&ACCOUNT_READ),
        description: "The associated accounts, in the order of their providers.",
    }],
    codes: &[],
    limits: &[],
};

const UNLINK: Endpoint = Endpoint {
    group: RouteGroup::OAuthAccounts,
    method: Method::DELETE,
    path: "/{id}",
    name: "oauth-accounts:unlink",
    caller: Caller::Owner,
    fresh: true,
    summary: "Remove one of your accounts at providers",
    body: Body::None,
    responses: &[
        Documented { status: 204, content: Content::Empty, description: "The account is removed." },
        Documented { status: 404, content: Content::Empty, description: "You have no such account." },
    ],
    codes: &[LAST_WAY_IN],
    limits: &[],
};
