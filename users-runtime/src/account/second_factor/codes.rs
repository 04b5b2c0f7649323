//! Checking the code of a second factor. A code is used by one statement, so it works once.

use std::sync::Arc;

use crate::{
    account::{
        Proof,
        proved::{NotProved, Proved, SecondFactor},
    },
    domain::{AuthMethod, GivenCode, Limit, StoreError, StoredFactor, totp::Seed},
    event::{EventKind, SecurityEvent},
    port::{BoxFuture, Found, HookCall, RequestContext},
    service::{ActiveBackend, ActiveMfa, LOGIN_MFA_BAD_CODE, Limited, Users},
    user::AuthUser,
};

/// The reason why no code was used.
#[derive(Debug)]
pub(crate) enum CodeError {
    /// It is not a code of this user, or it was used before.
    Wrong,
    /// The user has no second factor in force.
    NotEnrolled,
    Limited(Limited),
    Store(StoreError),
}

impl From<StoreError> for CodeError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<U: AuthUser> Users<U> {
    /// Returns the second factor of a user, if it is in force.
    pub(crate) async fn factor_in_force(
        &self,
        mfa: &ActiveMfa<U>,
        id: &U::Id,
    ) -> Result<Option<StoredFactor>, StoreError> {
        Ok(mfa.store.find(&id.to_string()).await?.filter(StoredFactor::is_in_force))
    }

    /// Requires a second factor after the first one, of a user who has enrolled.
    pub(crate) fn require_second_factor<'a>(
        &'a self,
        mfa: &'a ActiveMfa<U>,
        found: Found<U>,
        (proof, given): (Proof, SecondFactor<'a>),
        backend: &'a ActiveBackend,
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<Proved<U>, NotProved<U>>> {
        Box::pin(async move {
            // A passkey comprises two factors.
            if proof.methods().has_second_factor() {
                return Ok(Proved::by_first_factor(found, proof));
            }
            let id = found.user.id();
            let Some(factor) = self.factor_in_force(mfa, &id).await? else {
                return Ok(Proved::by_first_factor(found, proof));
            };
            let event = SecurityEvent::new(EventKind::Login, cx).of(&id).at(&backend.name);
            let Some(code) = given.otp else {
                if self.is_remembered(mfa, &found, cx).await? {
                    return Ok(Proved::by_first_factor(found, proof).and(AuthMethod::RememberedDevice));
                }
                self.record(&event.refused("second factor required"));
                return Err(NotProved::Required(Box::new(found)));
            };
            let attempt = (Limit::OF_CODES_AT_LOGIN, event.clone());
            match self.use_code(mfa, (&found.user, &factor), code, attempt, cx).await {
                Ok(()) => {
                    let headers = self.remember_if_asked(mfa, &found, given, cx).await?;
                    let proved = Proved::by_first_factor(found, proof).and(AuthMethod::OneTimeCode);
                    Ok(proved.with_headers(headers))
                }
                Err(CodeError::Wrong | CodeError::NotEnrolled) => {
                    self.record(&event.refused("wrong second factor"));
                    // Somebody may know the password.
                    let address = found.user.account().email.to_owned();
                    self.report_failed_login(address, Some(found.user.clone()), LOGIN_MFA_BAD_CODE.code, cx).await;
                    Err(NotProved::BadCode)
                }
                Err(CodeError::Limited(limited)) => Err(NotProved::Limited(limited)),
                Err(CodeError::Store(error)) => Err(NotProved::Store(error)),
            }
        })
    }

    /// Uses a code up. An attempt is counted by both `limits`; an attempt with a right code is given back. `event` is
    /// that of the attempt if a limit refuses it.
    ///
    /// A right recovery code is accepted beyond the limits: its 128 bits cannot be guessed, and its owner can log in
    /// while somebody else guesses.
    pub(crate) fn use_code<'a>(
        &'a self,
        mfa: &'a ActiveMfa<U>,
        (user, factor): (&'a U, &'a StoredFactor),
        code: &'a str,
        (limits, event): ([Limit; 2], SecurityEvent),
        cx: &'a RequestContext,
    ) -> BoxFuture<'a, Result<(), CodeError>> {
        Box::pin(async move {
            let subject = user.id().to_string();
            let given = GivenCode::parse(code);
            if let GivenCode::Recovery(digest) = &given
                && mfa.store.use_recovery_code(&subject, digest).await?
            {
                self.report_recovery_code(mfa, user, cx).await;
                return Ok(());
            }
            let counted = self.count_of_both(limits, &subject, event, cx).await.map_err(CodeError::Limited)?;
            let GivenCode::OfApp(code) = given else { return Err(CodeError::Wrong) };
            let used = self.use_code_of_app(mfa, &subject, factor, code).await;
            if !matches!(used, Ok(false)) {
                // It was right, or not checked.
                self.give_back(counted).await;
            }
            if used? { Ok(()) } else { Err(CodeError::Wrong) }
        })
    }

    /// Uses up a code of the app. Returns `false` if it is not a code of this user, or was used before.
    async fn use_code_of_app(
        &self,
        mfa: &ActiveMfa<U>,
        subject: &str,
        factor: &StoredFactor,
        code: u32,
    ) -> Result<bool, StoreError> {
        let seed = mfa.open(subject, &factor.seed)?;
        let Some(step) = seed.step_of(code, self.now(), mfa.settings.earlier_steps()) else { return Ok(false) };
        let resealed = self.resealed(mfa, subject, factor, &seed)?;
        mfa.store.use_step(subject, factor, step, &resealed).await
    }

    /// Returns the seed encrypted with the current key; the stored text if it already is.
    fn resealed(
        &self,
        mfa: &ActiveMfa<U>,
        subject: &str,
        factor: &StoredFactor,
        seed: &Seed,
    ) -> Result<String, StoreError> {
        if mfa.sealer.is_present(&factor.seed) {
            return Ok(factor.seed.clone());
        }
        mfa.seal(subject, seed, &*self.inner().random).map_err(StoreError::failed)
    }

    /// Records the use of a recovery code, and notifies the owner.
    async fn report_recovery_code(&self, mfa: &ActiveMfa<U>, user: &U, cx: &RequestContext) {
        self.record(&SecurityEvent::new(EventKind::UseRecoveryCode, cx).of(&user.id()));
        let (user, store) = (user.clone(), Arc::clone(&mfa.store));
        self.after_response_or_log("on_after_recovery_code_use", cx, move |users, cx, drawn| {
            let (user, store) = (user.clone(), Arc::clone(&store));
            Box::pin(async move {
                if !users.may_notify("recovery-code", user.account().email, drawn).await {
                    return Ok(());
                }
                let left = store.recovery_codes_left(&user.id().to_string()).await?;
                users.run_hook(HookCall::RecoveryCodeUsed(&user, left), cx).await
            })
        })
        .await;
    }
}
