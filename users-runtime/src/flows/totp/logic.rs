//! The steps of enrolling and removing a second factor.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::{ALREADY_ENROLLED, BAD_CODE, NOT_ENROLLED, NOT_PENDING, NOT_VERIFIED};
use crate::{
    account::CodeError,
    domain::{
        AuthMethod, Code, FactorChange, GivenCode, Limit, Reauthentication, RecoveryCode, RememberedDevice,
        StoredFactor, Timestamp, TokenId, totp::Seed,
    },
    event::{self, EventKind, SecurityEvent, operation},
    port::{Change, EndSessions, HookCall, RandomError, RequestContext, StoreError},
    service::{ActiveMfa, Authenticated, Limited, Users},
    user::{AuthUser, Columns},
};

/// How long a seed waits for its first code.
const ENROLLMENT: Duration = Duration::from_secs(600);

/// The characters of names in the URL of an app that are not escaped.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// The reason why a second factor was not changed.
#[derive(Debug)]
pub(super) enum TotpError {
    /// Second factors are off.
    Off,
    /// The error code of the response.
    Refused(&'static str),
    /// The session was ended during the request.
    Ended,
    Limited(Limited),
    Random(RandomError),
    Store(StoreError),
}

impl From<Code> for TotpError {
    fn from(code: Code) -> Self {
        Self::Refused(code.code)
    }
}

impl From<StoreError> for TotpError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<RandomError> for TotpError {
    fn from(error: RandomError) -> Self {
        Self::Random(error)
    }
}

impl From<CodeError> for TotpError {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Wrong => BAD_CODE.into(),
            CodeError::NotEnrolled => NOT_ENROLLED.into(),
            CodeError::Limited(limited) => Self::Limited(limited),
            CodeError::Store(error) => Self::Store(error),
        }
    }
}

/// Whether a user has a second factor.
pub(super) struct FactorStatus {
    pub(super) enrolled: bool,
    /// Whether the user must have one.
    pub(super) required: bool,
    pub(super) recovery_codes_left: u32,
}

/// A seed for an app.
pub(super) struct Enrollment {
    pub(super) secret: Zeroizing<String>,
    pub(super) url: Zeroizing<String>,
}

impl<U: AuthUser> Users<U> {
    fn mfa_on(&self) -> Result<&ActiveMfa<U>, TotpError> {
        self.mfa().ok_or(TotpError::Off)
    }

    /// Returns whether a user has a second factor.
    pub(super) async fn factor_status(&self, user: &U) -> Result<FactorStatus, TotpError> {
        let mfa = self.mfa_on()?;
        let enrolled = self.factor_in_force(mfa, &user.id()).await?.is_some();
        let recovery_codes_left =
            if enrolled { mfa.store.recovery_codes_left(&user.id().to_string()).await? } else { 0 };
        Ok(FactorStatus { enrolled, required: mfa.settings.requires(user), recovery_codes_left })
    }

    /// Generates a seed and stores it encrypted, replacing an unconfirmed one.
    #[tracing::instrument(target = "axum_users", name = "enroll_second_factor", skip_all, fields(user.id = %user.id()))]
    pub(super) async fn begin_enrollment(&self, user: &U, cx: &RequestContext) -> Result<Enrollment, TotpError> {
        let mfa = self.mfa_on()?;
        let event = SecurityEvent::new(EventKind::EnrollSecondFactor, cx).of(&user.id());
        if !user.status().is_verified {
            self.record(&event.refused("not verified"));
            return Err(NOT_VERIFIED.into());
        }
        let subject = user.id().to_string();
        let mut bytes = Zeroizing::new([0; Seed::BYTES]);
        self.inner().random.fill(&mut *bytes)?;
        let seed = Seed::new(bytes);
        let sealed = mfa.seal(&subject, &seed, &*self.inner().random)?;
        if !mfa.store.begin(&subject, &StoredFactor::pending(sealed, self.now() + ENROLLMENT)).await? {
            self.record(&event.refused("enrolled already"));
            return Err(ALREADY_ENROLLED.into());
        }
        self.record(&event);
        let secret = seed.to_text();
        let url = url_of(&mfa.issuer, user.account().email, &secret);
        Ok(Enrollment { secret, url })
    }

    /// Activates a seed with its first code, ends all other sessions, and returns the recovery codes, in one
    /// transaction. The second factor then counts as verified in the session of the request.
    #[tracing::instrument(target = "axum_users", name = "confirm_second_factor", skip_all, fields(user.id = %own.user.id()))]
    pub(super) async fn confirm_enrollment(
        &self,
        own: &Authenticated<U>,
        code: &str,
        cx: &RequestContext,
    ) -> Result<Vec<String>, TotpError> {
        let mfa = self.mfa_on()?;
        let (id, now) = (own.user.id(), self.now());
        let subject = id.to_string();
        let factor = match mfa.store.find(&subject).await? {
            Some(factor) if factor.is_in_force() => return Err(ALREADY_ENROLLED.into()),
            Some(factor) if factor.expires_at > now => factor,
            _ => return Err(NOT_PENDING.into()),
        };
        let event = SecurityEvent::new(EventKind::ConfirmSecondFactor, cx).of(&id);
        let counted = self.count_of_both(Limit::OF_CODES_IN_SESSION, &subject, event.clone(), cx).await;
        let counted = counted.map_err(TotpError::Limited)?;
        let step = match GivenCode::parse(code) {
            GivenCode::OfApp(code) => {
                mfa.open(&subject, &factor.seed)?.step_of(code, now, mfa.settings.earlier_steps())
            }
            GivenCode::Recovery(_) | GivenCode::Malformed => None,
        };
        let Some(step) = step else {
            self.record(&event.refused("wrong second factor"));
            return Err(BAD_CODE.into());
        };
        self.give_back(counted).await;
        let codes = self.new_recovery_codes()?;
        let digests = codes.iter().map(|code| code.digest.clone()).collect();
        let change = Change {
            if_epoch: Some(own.epoch),
            // Only if the address is still the verified one.
            if_email: Some(own.user.account().email.to_owned()),
            end_sessions: EndSessions::all_but(&self.kept_until(&own.session)),
            second_factor: Some(FactorChange::Confirm { seed: factor.seed, step, at: now, codes: digests }),
            ..Change::new(own.user.clone(), Columns::NONE)
        };
        let recording = self.recording(&event);
        if recording.store.update(change).await?.is_none() {
            let is_enrolled = self.factor_in_force(mfa, &id).await?.is_some();
            return Err(if is_enrolled { ALREADY_ENROLLED.into() } else { TotpError::Ended });
        }
        self.record_changed(&event, &recording);
        self.prove_session(own, now).await;
        self.notify_enrolled(&own.user, cx).await;
        Ok(codes.into_iter().map(|code| code.text).collect())
    }

    /// Records that the second factor was verified in the session of the request. If this fails, the user has to verify it again.
    async fn prove_session(&self, own: &Authenticated<U>, now: Timestamp) {
        let Some(token) = &own.session.token_id else { return };
        let proof = Reauthentication::new(now, AuthMethod::OneTimeCode.into()).after(own.session.methods);
        let until = self.kept_until(&own.session).expires_at.unwrap_or(Timestamp::MAX_UTC);
        if let Err(error) = self.inner().store.reauthenticate(own.user.id(), token, proof, until).await {
            let cause = event::cause(&error);
            operation!(WARN, "proof_lost", "a session does not count as proved with the second factor", cause);
        }
    }

    async fn notify_enrolled(&self, user: &U, cx: &RequestContext) {
        let user = user.clone();
        self.after_response_or_log("on_after_second_factor_enrolled", cx, move |users, cx, drawn| {
            let user = user.clone();
            Box::pin(async move {
                if !users.may_notify("second-factor-enrolled", user.account().email, drawn).await {
                    return Ok(());
                }
                users.run_hook(HookCall::SecondFactorEnrolled(&user), cx).await
            })
        })
        .await;
    }

    /// Removes the second factor of the user, who must send one of its codes. Ends all other sessions and, where a
    /// second factor is required, also this one, which must not continue as if one had been verified.
    #[tracing::instrument(target = "axum_users", name = "disable_second_factor", skip_all, fields(user.id = %own.user.id()))]
    pub(super) async fn disable_factor(
        &self,
        own: &Authenticated<U>,
        code: &str,
        cx: &RequestContext,
    ) -> Result<(), TotpError> {
        let mfa = self.mfa_on()?;
        self.use_code_in_session(mfa, own, code, EventKind::RemoveSecondFactor, cx).await?;
        let end_sessions = match mfa.settings.requires(&own.user) {
            true => EndSessions::All,
            false => EndSessions::all_but(&self.kept_until(&own.session)),
        };
        match self.remove_factor(&own.user, (Some(own.epoch), end_sessions), cx).await? {
            true => Ok(()),
            false => Err(TotpError::Ended),
        }
    }

    /// Replaces the recovery codes of the user, who must send a code. Of several concurrent calls, the codes of one remain.
    #[tracing::instrument(target = "axum_users", name = "replace_recovery_codes", skip_all, fields(user.id = %own.user.id()))]
    pub(super) async fn new_codes(
        &self,
        own: &Authenticated<U>,
        code: &str,
        cx: &RequestContext,
    ) -> Result<Vec<String>, TotpError> {
        let mfa = self.mfa_on()?;
        let codes = self.new_recovery_codes()?;
        self.use_code_in_session(mfa, own, code, EventKind::ReplaceRecoveryCodes, cx).await?;
        let change = Change {
            if_epoch: Some(own.epoch),
            second_factor: Some(FactorChange::ReplaceCodes(codes.iter().map(|code| code.digest.clone()).collect())),
            ..Change::new(own.user.clone(), Columns::NONE)
        };
        let event = SecurityEvent::new(EventKind::ReplaceRecoveryCodes, cx).of(&own.user.id());
        let recording = self.recording(&event);
        if recording.store.update(change).await?.is_none() {
            return Err(TotpError::Ended);
        }
        self.record_changed(&event, &recording);
        Ok(codes.into_iter().map(|code| code.text).collect())
    }

    /// Returns the devices of the user on which no code is required.
    pub(super) async fn own_devices(&self, own: &Authenticated<U>) -> Result<Vec<RememberedDevice>, TotpError> {
        Ok(self.remembered_devices(self.mfa_on()?, (&own.user, own.epoch)).await?)
    }

    /// Forgets a device of the user. Returns `false` if there is no such device.
    pub(super) async fn forget_own_device(
        &self,
        own: &Authenticated<U>,
        id: &TokenId,
        cx: &RequestContext,
    ) -> Result<bool, TotpError> {
        let mfa = self.mfa_on()?;
        let forgotten = mfa.store.forget_device(&own.user.id().to_string(), id).await?;
        if forgotten {
            self.record(&SecurityEvent::new(EventKind::ForgetDevice, cx).of(&own.user.id()));
        }
        Ok(forgotten)
    }

    /// Uses up a code of the user of a session. A wrong one is recorded as an event of this kind.
    async fn use_code_in_session(
        &self,
        mfa: &ActiveMfa<U>,
        own: &Authenticated<U>,
        code: &str,
        kind: EventKind,
        cx: &RequestContext,
    ) -> Result<(), TotpError> {
        let factor = self.factor_in_force(mfa, &own.user.id()).await?.ok_or(CodeError::NotEnrolled)?;
        let event = SecurityEvent::new(kind, cx).of(&own.user.id());
        let attempt = (Limit::OF_CODES_IN_SESSION, event.clone());
        let used = self.use_code(mfa, (&own.user, &factor), code, attempt, cx).await;
        if matches!(used, Err(CodeError::Wrong)) {
            self.record(&event.refused("wrong second factor"));
        }
        Ok(used?)
    }

    fn new_recovery_codes(&self) -> Result<Vec<RecoveryCode>, RandomError> {
        (0..RecoveryCode::COUNT).map(|_| self.random_bytes().map(RecoveryCode::from_random)).collect()
    }
}

/// Returns the URL that apps read
/// ([Key URI Format](https://github.com/google/google-authenticator/wiki/Key-Uri-Format)).
fn url_of(issuer: &str, account: &str, secret: &str) -> Zeroizing<String> {
    let (issuer, account) = (utf8_percent_encode(issuer, PLAIN), utf8_percent_encode(account, PLAIN));
    Zeroizing::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_url_of_an_app_are_escaped() {
        assert_eq!(
            *url_of("The Shop & Co", "a+b?c=d@example.org", "ABC"),
            "otpauth://totp/The%20Shop%20%26%20Co:a%2Bb%3Fc%3Dd@example.org?secret=ABC&issuer=The%20Shop%20%26%20Co&algorithm=SHA1&digits=6&period=30"
        );
    }
}
