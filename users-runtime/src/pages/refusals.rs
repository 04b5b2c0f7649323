//! The messages for the reader when a flow refuses.

use http::StatusCode;
use serde_json::Value;

use super::{
    messages::Argument,
    page::{Block, Page, PageError, PageKind},
    site::shown_time,
    visit::Visit,
};
use crate::{
    account::EMAIL_EXISTS,
    domain::Suspension,
    http::{ApiError, CHALLENGE_REQUIRED, Loc, Problem},
    service::{LOGIN_MFA_REQUIRED, SUSPENDED},
    user::AuthUser,
};

/// The sentences about a refusal.
pub(super) struct Refused {
    /// The name of the field, or `None` for the form as a whole, and the message.
    entries: Vec<(Option<&'static str>, String)>,
    /// The challenge to solve.
    pub(super) challenge: Option<Value>,
}

impl Refused {
    /// Describes an error to the reader of a page.
    pub(super) fn of<U: AuthUser>(visit: &Visit<U>, error: &ApiError) -> Self {
        let mut challenge = None;
        let entries = match error {
            ApiError::Validation(problems) => problems.iter().map(|problem| of_problem(visit, problem)).collect(),
            // If both were sent, the page does not reveal which of them is wrong.
            ApiError::Code(code @ "REAUTHENTICATE_BAD_CREDENTIALS") => {
                let field = match (visit.given("password"), visit.given("otp")) {
                    (Some(_), None) => Some("password"),
                    (None, Some(_)) => Some("otp"),
                    _ => None,
                };
                vec![(field, visit.text(code))]
            }
            ApiError::Code(code) | ApiError::Refused(code) => vec![(field_of(code, None), visit.text(code))],
            ApiError::Reason { code, reason } => {
                let slug = reason.as_str().map(|text| slug(text).0);
                vec![(field_of(code, slug.as_deref()), of_reason(visit, code, reason))]
            }
            ApiError::ChallengeRequired(value) => {
                challenge = Some(value.clone());
                vec![(None, visit.text(CHALLENGE_REQUIRED))]
            }
            ApiError::SecondFactorRequired(_) => vec![(None, visit.text(LOGIN_MFA_REQUIRED.code))],
            ApiError::Suspended(suspension) => vec![(None, of_suspension(visit, suspension))],
            ApiError::TooManyRequests { retry_after, .. } => {
                let minutes = u64::from(retry_after.div_ceil(60).max(1));
                vec![(None, visit.text_with("TOO_MANY_REQUESTS", &[("minutes", minutes.into())]))]
            }
            ApiError::Hook(_, detail) => vec![(None, of_hook(visit, detail))],
            other => vec![(None, visit.text(name_of(other.status())))],
        };
        Self { entries, challenge }
    }

    /// Adds the sentences to a page, next to the fields that they concern.
    pub(super) fn show_on(self, page: &mut Page) {
        if page.kind == PageKind::Error {
            // There is no form to correct.
            page.blocks.splice(0..0, self.entries.into_iter().map(|(_, text)| Block::Text(text)));
            return;
        }
        for (name, text) in self.entries {
            let fields = page.blocks.iter_mut().filter_map(|block| match block {
                Block::Form(form) => Some(&mut form.fields),
                _ => None,
            });
            let field = fields.flatten().find(|field| Some(field.name) == name);
            let id = field.map(|field| {
                field.error = Some(text.clone());
                field.id.clone()
            });
            page.errors.push(PageError { text, field: id });
        }
    }
}

/// Returns the name of the text about a status.
fn name_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
        StatusCode::FORBIDDEN => "FORBIDDEN",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::PAYLOAD_TOO_LARGE => "status-413",
        StatusCode::SERVICE_UNAVAILABLE => "SERVICE_UNAVAILABLE",
        status if status.is_client_error() => "BAD_REQUEST",
        _ => "INTERNAL",
    }
}

/// Returns the field that a code concerns.
fn field_of(code: &str, reason: Option<&str>) -> Option<&'static str> {
    match code {
        _ if reason.is_some_and(|reason| reason.starts_with("the-current-password")) => Some("current_password"),
        "REGISTER_USER_ALREADY_EXISTS" => Some("email"),
        "LOGIN_MFA_REQUIRED" | "LOGIN_MFA_BAD_CODE" => Some("otp"),
        "TOTP_BAD_CODE" | "EMAIL_CODE_BAD_CODE" => Some("code"),
        code if code == EMAIL_EXISTS.code => Some("email"),
        code if code.ends_with("_INVALID_PASSWORD") => Some("password"),
        _ => None,
    }
}

fn of_problem<U: AuthUser>(visit: &Visit<U>, problem: &Problem) -> (Option<&'static str>, String) {
    let field = problem.loc().iter().rev().find_map(|step| match step {
        Loc::Key(key) if *key != "body" => Some(*key),
        _ => None,
    });
    let text = match problem.kind() {
        "value_error" if field == Some("email") => visit.text("problem-email"),
        "value_error" => match problem.context().find_map(|(key, value)| (key == "error").then(|| value.as_str())?) {
            Some(text) => translated(visit, text),
            None => visit.text("problem-value_error"),
        },
        kind => {
            let arguments: Vec<_> = problem.context().map(|(key, value)| (key, argument(value))).collect();
            let text = visit.find(&format!("problem-{kind}"), &arguments);
            text.unwrap_or_else(|| visit.text("problem-other"))
        }
    };
    (field, text)
}

fn argument(value: &Value) -> Argument {
    match value {
        Value::String(text) => Argument::Text(text.clone()),
        other => other.as_u64().map_or_else(|| Argument::Text(other.to_string()), Argument::Number),
    }
}

/// Returns the sentence for a code with a reason. A reason about the current password has its own sentence.
fn of_reason<U: AuthUser>(visit: &Visit<U>, code: &str, reason: &Value) -> String {
    let Some(reason) = reason.as_str() else { return visit.text("refused") };
    let is_sentence = ["the-current-password", "the-sessions-were-ended"];
    let slug = slug(reason).0;
    let text = translated(visit, reason);
    if is_sentence.iter().any(|start| slug.starts_with(start)) {
        return text;
    }
    visit.find(code, &[("reason", text.as_str().into())]).unwrap_or(text)
}

fn of_suspension<U: AuthUser>(visit: &Visit<U>, suspension: &Suspension) -> String {
    let mut text = match suspension.until {
        Some(until) => visit.text_with("suspended-until", &[("until", shown_time(until).as_str().into())]),
        None => visit.text(SUSPENDED.code),
    };
    if let Some(reason) = &suspension.reason {
        text.push(' ');
        text.push_str(&visit.text_with("suspended-reason", &[("reason", reason.as_str().into())]));
    }
    text
}

/// Returns the message of an application's hook: for a code that the texts know, or a text for people.
fn of_hook<U: AuthUser>(visit: &Visit<U>, detail: &Value) -> String {
    let said =
        |value: &Value| value.as_str().map(|text| visit.find(text, &[]).unwrap_or_else(|| translated(visit, text)));
    said(detail).or_else(|| said(detail.get("reason")?)).unwrap_or_else(|| visit.text("refused"))
}

/// Returns a text of the flows or of the application in the language of the reader, or as it is.
fn translated<U: AuthUser>(visit: &Visit<U>, text: &str) -> String {
    let (slug, number) = slug(text);
    let arguments = number.map(|number| ("number", Argument::Number(number)));
    visit.find(&format!("reason-{slug}"), arguments.as_slice()).unwrap_or_else(|| text.to_owned())
}

/// Returns a text in lower case with dashes between its words, in which `number` stands for numbers, and its first number.
fn slug(text: &str) -> (String, Option<u64>) {
    let mut first = None;
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words
        .map(|word| match word.parse() {
            Ok(number) => {
                first = first.or(Some(number));
                "number".to_owned()
            }
            Err(_) => word.to_ascii_lowercase(),
        })
        .collect();
    (words.join("-"), first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Password, PasswordPolicy},
        pages::messages::Messages,
    };

    #[test]
    fn a_reason_has_a_name() {
        assert_eq!(slug("Password should be at least 8 characters").0, "password-should-be-at-least-number-characters");
        assert_eq!(slug("(12 or 3!)"), ("number-or-number".to_owned(), Some(12)));
        assert_eq!(slug(""), (String::new(), None));
    }

    #[test]
    fn every_reason_of_the_password_policy_is_translated() {
        let messages = Messages::built_in();
        let policy = PasswordPolicy::recommended().context_words(["camelot"]);
        let long = "x".repeat(300);
        let very_long = "é".repeat(600);
        for password in ["short", "password123", "camelot1", long.as_str(), very_long.as_str()] {
            let reason = policy.check(&Password::new(password), "a@b.org").unwrap_err().reason;
            let (slug, number) = slug(&reason);
            for language in ["en", "de"] {
                let headers = [(http::header::ACCEPT_LANGUAGE, http::HeaderValue::from_static(language))];
                let language = messages.negotiate(&headers.into_iter().collect());
                let number = number.map(|number| ("number", Argument::Number(number)));
                let text = messages.find(language, &format!("reason-{slug}"), number.as_slice());
                assert!(text.is_some_and(|text| text != reason), "{reason}");
            }
        }
    }
}
