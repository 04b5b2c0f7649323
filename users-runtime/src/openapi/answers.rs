//! What each route answers, as far as it is documented (contract.md section 16).

use serde_json::json;
use utoipa::openapi::{
    ContentBuilder, Ref, Response, ResponseBuilder, Responses,
    example::ExampleBuilder,
    schema::{Object, SchemaType},
};

use super::{
    fixed::{BEARER, ERROR, INVALID},
    sessions,
};
use crate::{
    inventory::{Caller, Route},
    port::SecurityScheme as Carrier,
    user::{AuthUser, Schema},
};

/// One line about a route.
pub(super) fn summary(route: Route) -> &'static str {
    match route {
        Route::Login => "Log in with e-mail address and password",
        Route::Logout => "Log out",
        Route::Register => "Register",
        Route::ForgotPassword => "Ask for a mail to set a new password",
        Route::ResetPassword => "Set a new password with a mailed token",
        Route::RequestVerifyToken => "Ask for a mail to verify the address",
        Route::Verify => "Verify the address with a mailed token",
        Route::Me => "Read your account",
        Route::UpdateMe => "Change your account",
        Route::UserById => "Read an account",
        Route::UpdateUser => "Change an account",
        Route::DeleteUser => "Delete an account",
        Route::Sessions => "List your sessions",
        Route::EndOtherSessions => "End all your other sessions",
        Route::EndSession => "End one of your sessions",
    }
}

/// The documented answers of a route; `carrier` is the transport of its backend, if it has one.
pub(super) fn of<U: AuthUser>(route: Route, carrier: Option<&Carrier>, verified_only: bool) -> Responses {
    let user = |description| with_schema(description, U::Read::NAME);
    let is_cookie = matches!(carrier, Some(Carrier::Cookie { .. }));
    let mut answers = Vec::new();
    match route {
        Route::Login => {
            answers.push(match carrier {
                Some(Carrier::Bearer) => (200, with_schema("The access token.", BEARER)),
                _ => (200, anything("The transport's own answer.")),
            });
            if is_cookie {
                answers.push((204, Response::new("Logged in; the token is in the cookie.")));
            }
        }
        Route::Logout => {
            answers.push((200, anything("Logged out. Documented as in fastapi-users; what is sent is 204.")));
            answers.push((204, Response::new("Logged out.")));
        }
        Route::Register => answers.push((201, user("The new account."))),
        Route::ForgotPassword | Route::RequestVerifyToken => {
            answers.push((202, anything("`null`, whether anybody has the address or not.")));
        }
        Route::ResetPassword => answers.push((200, anything("`null`: the password is set."))),
        Route::Verify => answers.push((200, user("The account, now verified."))),
        Route::Me | Route::UserById => answers.push((200, user("The account."))),
        Route::UpdateMe | Route::UpdateUser => answers.push((200, user("The account after the change."))),
        Route::DeleteUser => answers.push((204, Response::new("The account is gone."))),
        Route::Sessions => answers.push((200, sessions::listed("The stored sessions, in the order of their logins."))),
        Route::EndOtherSessions => answers.push((204, Response::new("All others are ended."))),
        Route::EndSession => {
            answers.push((204, Response::new("The session is ended.")));
            answers.push((404, Response::new("You have no such session.")));
        }
    }
    if let Some(bad_request) = bad_request(codes(route)) {
        answers.push((400, bad_request));
    }
    let caller = route.caller();
    if matches!(caller, Caller::Owner | Caller::Superuser) {
        answers.push((
            401,
            Response::new(match route {
                Route::EndOtherSessions | Route::EndSession => {
                    "Missing token or inactive user, or the login is not fresh."
                }
                _ => "Missing token or inactive user.",
            }),
        ));
    }
    match caller {
        Caller::Superuser => {
            answers.push((403, Response::new("Not a superuser.")));
            answers.push((404, Response::new("The user does not exist.")));
        }
        Caller::Owner if verified_only => answers.push((403, Response::new("Not verified."))),
        _ => {}
    }
    // The routes by id document 422 as upstream does; one without a body never sends it.
    let takes_nothing = [Route::Logout, Route::Me, Route::Sessions, Route::EndOtherSessions, Route::EndSession];
    if !takes_nothing.contains(&route) {
        answers.push((422, with_schema("What is wrong with the request, field by field.", INVALID)));
    }
    answers.into_iter().map(|(status, response): (u16, _)| (status.to_string(), response)).collect()
}

/// A code of a 400 answer and when it comes; those with a reason carry it beside the code.
struct Code {
    code: &'static str,
    when: &'static str,
    has_reason: bool,
}

const fn code(code: &'static str, when: &'static str) -> Code {
    Code { code, when, has_reason: false }
}

const fn refused_password(code: &'static str) -> Code {
    Code { code, when: "The password is refused.", has_reason: true }
}

const CHANGE: &[Code] = &[
    code("UPDATE_USER_EMAIL_ALREADY_EXISTS", "A user with this address already exists."),
    refused_password("UPDATE_USER_INVALID_PASSWORD"),
];

/// The codes of contract.md section 13, by route.
fn codes(route: Route) -> &'static [Code] {
    const LOGIN: &[Code] = &[
        code("LOGIN_BAD_CREDENTIALS", "Bad credentials, or the user is inactive."),
        code("LOGIN_USER_NOT_VERIFIED", "The user is not verified."),
    ];
    const REGISTER: &[Code] = &[
        code("REGISTER_USER_ALREADY_EXISTS", "A user with this address already exists."),
        refused_password("REGISTER_INVALID_PASSWORD"),
    ];
    const RESET: &[Code] = &[
        code("RESET_PASSWORD_BAD_TOKEN", "The token is bad, expired or used."),
        refused_password("RESET_PASSWORD_INVALID_PASSWORD"),
    ];
    const VERIFY: &[Code] = &[
        code("VERIFY_USER_BAD_TOKEN", "The token is bad or expired, or was mailed to another address."),
        code("VERIFY_USER_ALREADY_VERIFIED", "The user is already verified."),
    ];
    match route {
        Route::Login => LOGIN,
        Route::Register => REGISTER,
        Route::ResetPassword => RESET,
        Route::Verify => VERIFY,
        Route::UpdateMe | Route::UpdateUser => CHANGE,
        Route::Logout
        | Route::ForgotPassword
        | Route::RequestVerifyToken
        | Route::Me
        | Route::UserById
        | Route::DeleteUser
        | Route::Sessions
        | Route::EndOtherSessions
        | Route::EndSession => &[],
    }
}

fn bad_request(codes: &[Code]) -> Option<Response> {
    if codes.is_empty() {
        return None;
    }
    let examples = codes.iter().map(|Code { code, when, has_reason }| {
        let detail = match has_reason {
            true => json!({"code": code, "reason": "Password should be at least 8 characters"}),
            false => json!(code),
        };
        (*code, ExampleBuilder::new().summary(*when).value(Some(json!({ "detail": detail }))).build())
    });
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR))).examples_from_iter(examples).build();
    Some(ResponseBuilder::new().description("Refused, with a code.").content("application/json", content).build())
}

fn with_schema(description: &str, name: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

fn anything(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Object::with_type(SchemaType::AnyValue))).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}
