//! Hooks that record every call with its arguments.

use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use axum_users::{
    HookResult, InvalidPassword, Password, RequestContext, ResetToken, UserManager, VerifyToken,
    hooks::{FailedLogin, PasswordSubject, Updated},
};
use serde_json::Value;

use super::app::Knight;
use crate::recorder::{Failure, Recorder};

/// Hooks that fastapi-users does not have.
const OURS: [&str; 3] = ["on_after_failed_login", "on_after_logout", "on_after_duplicate_register"];

/// The recorded calls. Clones share them.
#[derive(Clone, Default)]
pub struct Journal(Arc<Inner>);

#[derive(Default)]
struct Inner {
    recorder: Recorder<Called>,
    shortest_password: Mutex<usize>,
    /// The reason for rejecting a password, if it is not text.
    reason: Mutex<Option<Value>>,
}

/// One call of a hook.
#[derive(Debug, Clone)]
pub struct Called {
    pub hook: &'static str,
    pub user: Option<Knight>,
    /// The user as it was before an update.
    pub before: Option<Knight>,
    /// Further arguments of the hook, as text.
    pub detail: String,
    pub token: Option<String>,
    pub cx: RequestContext,
}

impl Called {
    /// Formats the call as the recorded examples do: the name, and for an update the keys of its dictionary.
    fn written(&self) -> String {
        match self.hook {
            "on_after_update" => format!("on_after_update({})", self.detail),
            hook => hook.to_owned(),
        }
    }
}

impl Journal {
    /// Creates a journal whose `validate_password` rejects passwords shorter than `shortest`, as the recorded application does.
    pub fn with_shortest_password(shortest: usize) -> Self {
        let journal = Self::default();
        *journal.0.shortest_password.lock().unwrap() = shortest;
        journal
    }

    /// Makes a hook fail until [`Journal::heal`].
    pub fn fail(&self, hook: &'static str, failure: Failure) {
        self.0.recorder.set_failure(hook, Some(failure));
    }

    /// Lets every hook succeed again.
    pub fn heal(&self) {
        self.0.recorder.heal();
    }

    /// Rejects short passwords with this reason.
    pub fn refuse_passwords_with(&self, reason: Value) {
        *self.0.reason.lock().unwrap() = Some(reason);
    }

    /// Takes the calls recorded so far.
    pub fn take(&self) -> Vec<Called> {
        self.0.recorder.take()
    }

    /// Waits for `count` calls of hooks that fastapi-users has and takes them. Some hooks run after the response.
    pub async fn take_written(&self, count: usize) -> (Vec<String>, Option<String>) {
        let on_the_wire = |called: &&Called| !OURS.contains(&called.hook);
        self.0.recorder.wait_until(|calls| calls.iter().filter(on_the_wire).count() >= count).await;
        let calls = self.take();
        let token = calls.iter().find_map(|called| called.token.clone());
        (calls.iter().filter(on_the_wire).map(Called::written).collect(), token)
    }

    /// Waits for a call of `hook` and returns the last one.
    pub async fn wait_for(&self, hook: &str) -> Called {
        self.0.recorder.wait_until(|calls| calls.iter().any(|called| called.hook == hook)).await;
        self.0.recorder.calls().into_iter().rfind(|called| called.hook == hook).unwrap()
    }

    async fn note(&self, called: Called) -> HookResult {
        self.0.recorder.record(called.hook, called).await
    }

    async fn note_user(&self, hook: &'static str, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note(Called {
            hook,
            user: Some(user.clone()),
            before: None,
            detail: String::new(),
            token: None,
            cx: cx.clone(),
        })
        .await
    }

    async fn note_token(&self, hook: &'static str, user: &Knight, token: &str, cx: &RequestContext) -> HookResult {
        let token = Some(token.to_owned());
        self.note(Called { hook, user: Some(user.clone()), before: None, detail: String::new(), token, cx: cx.clone() })
            .await
    }
}

impl UserManager<Knight> for Journal {
    async fn validate_password(
        &self,
        password: &Password,
        subject: PasswordSubject<'_, Knight>,
    ) -> Result<(), InvalidPassword> {
        let (user, whose) = match subject {
            PasswordSubject::New(create) => (None, format!("new {}", create.email)),
            PasswordSubject::Existing(user) => (Some(user.clone()), format!("stored {}", user.email)),
        };
        let (detail, cx) = (format!("{} for {whose}", password.secret()), RequestContext::none());
        // This hook cannot set a response; it can only reject the password.
        let _noted = self.note(Called { hook: "validate_password", user, before: None, detail, token: None, cx }).await;
        let shortest = *self.0.shortest_password.lock().unwrap();
        if password.secret().chars().count() < shortest {
            let words = format!("Password should be at least {shortest} characters");
            let reason = self.0.reason.lock().unwrap().clone();
            return Err(InvalidPassword::new(reason.unwrap_or_else(|| words.into())));
        }
        Ok(())
    }

    async fn on_after_register(&self, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note_user("on_after_register", user, cx).await
    }

    async fn on_after_duplicate_register(&self, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note_user("on_after_duplicate_register", user, cx).await
    }

    async fn on_after_update(&self, user: &Knight, updated: &Updated<Knight>, cx: &RequestContext) -> HookResult {
        let detail = updated.fields.join(",");
        let (hook, before) = ("on_after_update", Some(updated.before.clone()));
        self.note(Called { hook, user: Some(user.clone()), before, detail, token: None, cx: cx.clone() }).await
    }

    async fn on_after_request_verify(&self, user: &Knight, token: &VerifyToken, cx: &RequestContext) -> HookResult {
        self.note_token("on_after_request_verify", user, token.secret(), cx).await
    }

    async fn on_after_verify(&self, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note_user("on_after_verify", user, cx).await
    }

    async fn on_after_forgot_password(&self, user: &Knight, token: &ResetToken, cx: &RequestContext) -> HookResult {
        self.note_token("on_after_forgot_password", user, token.secret(), cx).await
    }

    async fn on_after_reset_password(&self, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note_user("on_after_reset_password", user, cx).await
    }

    async fn on_after_login(&self, user: &Knight, cx: &RequestContext, response: &mut HeaderMap) -> HookResult {
        if cx.header("x-ask-hook").is_some() {
            response.insert("x-hook", "was here".parse().unwrap());
            response.append("set-cookie", "from=hook".parse().unwrap());
        }
        self.note_user("on_after_login", user, cx).await
    }

    async fn on_after_failed_login(&self, failed: &FailedLogin<'_, Knight>, cx: &RequestContext) -> HookResult {
        let (user, detail) = (failed.user.cloned(), format!("{} {}", failed.username, failed.code));
        self.note(Called { hook: "on_after_failed_login", user, before: None, detail, token: None, cx: cx.clone() })
            .await
    }

    async fn on_after_logout(&self, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note_user("on_after_logout", user, cx).await
    }

    async fn on_before_delete(&self, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note_user("on_before_delete", user, cx).await
    }

    async fn on_after_delete(&self, user: &Knight, cx: &RequestContext) -> HookResult {
        self.note_user("on_after_delete", user, cx).await
    }
}
