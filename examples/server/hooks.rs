//! The hooks of the server: they send mails, and for tests they write a file with their calls.

use std::{env, io::Write, path::PathBuf, sync::Mutex};

use axum_users::{
    AuthUser, HookResult, MailHooks, RequestContext, ResetToken, Result, UserManager, VerifyToken,
    hooks::{EmailChange, FailedLogin, NewDevice, PasskeyChange, Updated},
    token::{InvitationToken, LoginCode, MagicLinkToken},
};
use serde_json::json;

/// Hooks that send the mails and write a line to the hook log for each call.
pub struct Accounts {
    mails: MailHooks,
    hook_log: HookLog,
}

impl Accounts {
    /// Opens the file that `HOOK_LOG` names, if it is set.
    pub fn new(mails: MailHooks) -> Result<Self> {
        Ok(Self { mails, hook_log: HookLog::open()? })
    }
}

impl<U: AuthUser> UserManager<U> for Accounts {
    async fn on_after_register(&self, user: &U, _: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_register", user, None)
    }

    async fn on_after_update(&self, user: &U, _: &Updated<U>, _: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_update", user, None)
    }

    async fn on_after_request_verify(&self, user: &U, token: &VerifyToken, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_request_verify", user, Some(token.secret()))?;
        self.mails.on_after_request_verify(user, token, cx).await
    }

    async fn on_after_verify(&self, user: &U, _: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_verify", user, None)
    }

    async fn on_after_forgot_password(&self, user: &U, token: &ResetToken, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_forgot_password", user, Some(token.secret()))?;
        self.mails.on_after_forgot_password(user, token, cx).await
    }

    async fn on_after_request_email_change(
        &self,
        user: &U,
        change: &EmailChange<'_>,
        cx: &RequestContext,
    ) -> HookResult {
        let tokens = [("token", change.token.secret()), ("undo_token", change.undo_token.secret())];
        self.hook_log.write_with("on_after_request_email_change", user, &tokens)?;
        self.mails.on_after_request_email_change(user, change, cx).await
    }

    async fn on_after_request_magic_link(&self, user: &U, token: &MagicLinkToken, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_request_magic_link", user, Some(token.secret()))?;
        self.mails.on_after_request_magic_link(user, token, cx).await
    }

    async fn on_after_request_email_code(&self, user: &U, code: &LoginCode, cx: &RequestContext) -> HookResult {
        self.hook_log.write_with("on_after_request_email_code", user, &[("code", code.secret())])?;
        self.mails.on_after_request_email_code(user, code, cx).await
    }

    async fn on_after_invite(&self, user: &U, token: &InvitationToken, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_invite", user, Some(token.secret()))?;
        self.mails.on_after_invite(user, token, cx).await
    }

    async fn on_after_credentials_change(&self, user: &U, before: &U, cx: &RequestContext) -> HookResult {
        self.mails.on_after_credentials_change(user, before, cx).await
    }

    async fn on_after_reset_password(&self, user: &U, _: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_reset_password", user, None)
    }

    async fn on_after_login(&self, user: &U, _: &RequestContext, _: &mut axum::http::HeaderMap) -> HookResult {
        self.hook_log.write("on_after_login", user, None)
    }

    async fn on_after_new_device_login(&self, user: &U, login: &NewDevice, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_new_device_login", user, None)?;
        self.mails.on_after_new_device_login(user, login, cx).await
    }

    async fn on_after_refresh_reuse(&self, user: &U, login: &NewDevice, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_refresh_reuse", user, None)?;
        self.mails.on_after_refresh_reuse(user, login, cx).await
    }

    async fn on_after_second_factor_enrolled(&self, user: &U, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_second_factor_enrolled", user, None)?;
        self.mails.on_after_second_factor_enrolled(user, cx).await
    }

    async fn on_after_second_factor_removed(&self, user: &U, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_second_factor_removed", user, None)?;
        self.mails.on_after_second_factor_removed(user, cx).await
    }

    async fn on_after_recovery_code_use(&self, user: &U, left: u32, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_recovery_code_use", user, None)?;
        self.mails.on_after_recovery_code_use(user, left, cx).await
    }

    async fn on_after_passkey_change(&self, user: &U, change: &PasskeyChange, cx: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_passkey_change", user, None)?;
        self.mails.on_after_passkey_change(user, change, cx).await
    }

    async fn on_after_failed_login(&self, failed: &FailedLogin<'_, U>, _: &RequestContext) -> HookResult {
        match failed.user {
            Some(user) => self.hook_log.write("on_after_failed_login", user, None),
            None => Ok(()),
        }
    }

    async fn on_after_logout(&self, user: &U, _: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_logout", user, None)
    }

    async fn on_before_delete(&self, user: &U, _: &RequestContext) -> HookResult {
        self.hook_log.write("on_before_delete", user, None)
    }

    async fn on_after_delete(&self, user: &U, _: &RequestContext) -> HookResult {
        self.hook_log.write("on_after_delete", user, None)
    }
}

/// A file with one JSON line per hook call, for tests that drive this server. It contains mailed tokens: never set
/// `HOOK_LOG` in production.
struct HookLog(Option<Mutex<std::fs::File>>);

impl HookLog {
    fn open() -> Result<Self> {
        let Some(path) = env::var_os("HOOK_LOG").filter(|path| !path.is_empty()).map(PathBuf::from) else {
            return Ok(Self(None));
        };
        Ok(Self(Some(Mutex::new(std::fs::OpenOptions::new().create(true).append(true).open(path)?))))
    }

    fn write<U: AuthUser>(&self, hook: &str, user: &U, token: Option<&str>) -> HookResult {
        let token = token.map(|token| ("token", token));
        self.write_with(hook, user, token.as_slice())
    }

    fn write_with<U: AuthUser>(&self, hook: &str, user: &U, tokens: &[(&str, &str)]) -> HookResult {
        let Some(file) = &self.0 else { return Ok(()) };
        let mut line = json!({ "hook": hook, "user_id": user.account().id.to_string() });
        for (name, token) in tokens {
            line[*name] = (*token).into();
        }
        let mut file = file.lock().map_err(|_| "the hook log is broken")?;
        Ok(writeln!(file, "{line}")?)
    }
}
