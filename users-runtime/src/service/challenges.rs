//! Challenges in front of limits: after some events of a limit, a request must contain a solved challenge.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::Value;

use super::{Users, rate_limit::Limited};
use crate::{
    domain::{Error, Limit, Quota, Result, Rule, Setting, Timestamp},
    port::{Challenge, ChallengeUnavailable, CounterKey, Draw, RequestContext, SolvedChallenge},
    user::AuthUser,
};

/// The header with which a client sends the solution of a challenge.
pub(crate) const SOLUTION_HEADER: &str = "challenge-solution";

const HOUR: Duration = Duration::from_secs(3600);
const QUARTER: Duration = Duration::from_secs(15 * 60);

/// Which requests need a solved challenge, such as a CAPTCHA or a proof of work.
///
/// A [`Limit`] counts events, such as failed logins from an address. After as many events as set here, a request that
/// counts towards it must send the solution of a challenge in the header `Challenge-Solution`. Without one the response
/// is 403 with a challenge: `{"detail": {"code": "CHALLENGE_REQUIRED", "challenge": …}}`. A solved challenge does not
/// replace the limit itself.
///
/// | limit | default |
/// |---|---|
/// | [`LoginAddress`](Limit::LoginAddress) | after 10 in 15 min |
/// | [`LoginAccount`](Limit::LoginAccount) | after 10, then after one each 15 min |
/// | [`Register`](Limit::Register) | after 3 in 1 h |
/// | [`ForgotPassword`](Limit::ForgotPassword), [`RequestVerify`](Limit::RequestVerify), [`MailedLogin`](Limit::MailedLogin) | after 5 in 1 h |
///
/// Clients that have logged in to an account before are counted neither by `LoginAddress` nor by `LoginAccount`, so they see no
/// challenge there. The numbers allow for mistyped passwords and for offices that share an address; they follow no standard.
///
/// The guide has a [page about
/// challenges](https://github.com/axum-users/axum-users/blob/main/docs/guide/challenges.md).
#[must_use]
pub struct Challenges {
    challenge: Box<dyn Challenge>,
    rules: BTreeMap<Limit, When>,
}

/// When a request needs a solved challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    After(Quota),
}

/// Whether these limits need a solved challenge for one more event.
pub(super) enum Needed {
    Never,
    Always,
    /// Needed if one of these events cannot be taken.
    Beyond(Vec<Draw>),
}

impl Challenges {
    /// Requires clients to solve `challenge` after the numbers of events in the table above.
    pub fn new(challenge: impl Challenge) -> Self {
        let rules: [(Limit, Quota); 6] = [
            (Limit::LoginAddress, Quota::new(10, QUARTER)),
            (Limit::LoginAccount, Quota::burst(10, QUARTER)),
            (Limit::Register, Quota::new(3, HOUR)),
            (Limit::ForgotPassword, Quota::new(5, HOUR)),
            (Limit::RequestVerify, Quota::new(5, HOUR)),
            (Limit::MailedLogin, Quota::new(5, HOUR)),
        ];
        let rules = rules.map(|(limit, quota)| (limit, When::After(quota)));
        Self { challenge: Box::new(challenge), rules: rules.into() }
    }

    /// Allows `quota` events of a limit without a challenge.
    pub fn after(mut self, limit: Limit, quota: Quota) -> Self {
        self.rules.insert(limit, When::After(quota));
        self
    }

    /// Requires a solved challenge for every request that counts towards a limit.
    pub fn always(mut self, limit: Limit) -> Self {
        self.rules.insert(limit, When::Always);
        self
    }

    /// Requires none for a limit.
    pub fn without(mut self, limit: Limit) -> Self {
        self.rules.remove(&limit);
        self
    }

    /// Returns whether requests that count towards a limit may need a challenge.
    #[cfg(feature = "openapi")]
    pub(crate) fn may_be_needed(&self, limit: Limit) -> bool {
        self.rules.contains_key(&limit)
    }

    /// Checks the rules, and passes the key to the challenge.
    pub(crate) fn configure(&mut self, key: &[u8; 32], limits: &super::Limits) -> Result<()> {
        let refuse = |text: String| Err(Error::setting(Setting::Limits, text));
        for (limit, when) in &self.rules {
            let name = limit.name();
            if matches!(limit, Limit::Mails | Limit::OAuthCallback | Limit::Refresh) {
                return refuse(format!("`{name}` cannot have a challenge: no client is there to solve it"));
            }
            if Limit::OF_CODES_AT_LOGIN.contains(limit) || Limit::OF_CODES_IN_SESSION.contains(limit) {
                return refuse(format!("`{name}` cannot have a challenge: who reaches it has proved a factor already"));
            }
            if limits.rule(*limit).is_none() {
                return refuse(format!("`{name}` has a challenge, but is off in the limits"));
            }
            if matches!(when, When::After(quota) if !Rule::from(*quota).is_usable()) {
                return refuse(format!(
                    "the challenge of `{name}` must come after some events: see Challenges::always"
                ));
            }
        }
        self.challenge.configure(key)
    }

    /// Returns what these limits need for one more event. `whose` is `None` if it is not known whose event it is.
    pub(super) fn needed(&self, wanted: &[(Limit, Option<&str>)]) -> Needed {
        let mut draws = Vec::new();
        for (limit, whose) in wanted {
            match (self.rules.get(limit), whose) {
                (Some(When::Always), _) => return Needed::Always,
                (Some(When::After(quota)), Some(whose)) => {
                    draws.push(Draw::new(CounterKey::of("challenge", &format!("{} {whose}", limit.name())), *quota));
                }
                _ => {}
            }
        }
        if draws.is_empty() { Needed::Never } else { Needed::Beyond(draws) }
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenges").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl<U: AuthUser> Users<U> {
    /// Returns a new challenge, as clients receive it, for a page that requests one before it sends a form. `None`
    /// without [`challenges`](crate::UsersBuilder::challenges).
    ///
    /// # Errors
    /// [`ChallengeUnavailable`] if none can be issued.
    pub async fn new_challenge(&self, cx: &RequestContext) -> std::result::Result<Option<Value>, ChallengeUnavailable> {
        match &self.inner().challenges {
            Some(challenges) => challenges.challenge.issue(cx, self.now()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Requires the solution of a challenge that has not been used before.
    pub(super) async fn require_solution(
        &self,
        challenges: &Challenges,
        cx: &RequestContext,
    ) -> std::result::Result<(), Limited> {
        let (challenge, now) = (&challenges.challenge, self.now());
        let reason = match cx.header(SOLUTION_HEADER) {
            None => "challenge not solved",
            Some(solution) => match challenge.verify(solution, cx, now).await? {
                Some(solved) if self.is_first_use(&solved, now).await? => return Ok(()),
                Some(_) => "challenge solved before",
                None => "wrong solution of a challenge",
            },
        };
        Err(Limited::Challenged { challenge: challenge.issue(cx, now).await?, reason })
    }

    /// Records the use of a solved challenge until it expires.
    async fn is_first_use(&self, solved: &SolvedChallenge, now: Timestamp) -> std::result::Result<bool, Limited> {
        let Ok(left) = (solved.expires_at - now).to_std() else { return Ok(false) };
        // A second more, because counters ignore fractions.
        let once = Quota::new(1, left.saturating_add(Duration::from_secs(1)));
        let draw = Draw::new(CounterKey::of("solved-challenge", &solved.id), once);
        Ok(self.inner().counters.take(&[draw], now).await?.is_taken())
    }
}
