//! The rules by which a provider's login becomes a login here, and by which an account at a provider is associated with a
//! signed-in user. Pure functions from facts to decisions.
//!
//! ```text
//! login:     identity linked ───────────────────────────────────────────────▶ log in its user
//!            no usable address ─────────────────────────────────────────────▶ refuse: no address
//!            no account has the address: accounts may be created ───────────▶ create
//!                                        they may not ──────────────────────▶ refuse: unknown person
//!            an account has it:  policy refuses, or the provider
//!                                has not verified the address ──────────────▶ refuse: address taken
//!                                the account has verified it ───────────────▶ link
//!                                it has not, and the policy takes it over ──▶ take over
//!                                it has not ────────────────────────────────▶ refuse: address taken
//!
//! associate: identity linked to another user ───────────────────────────────▶ refuse: identity taken
//!            no usable address ─────────────────────────────────────────────▶ refuse: no address
//!            identity linked to this user ──────────────────────────────────▶ refresh
//!            identity not linked ───────────────────────────────────────────▶ link
//! ```

use super::{AddressStatus, IdentityRules};

/// What happens if a person logs in with a provider for the first time, and an existing account has the address.
///
/// Except with [`SameAddress::Refuse`], anyone who controls the provider's response controls the account: choose the
/// others only for providers that verify addresses. An address that the provider has not verified is always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SameAddress {
    /// The login is refused with `OAUTH_USER_ALREADY_EXISTS`. The owner logs in as usual and associates the provider.
    #[default]
    Refuse,
    /// The provider's account is linked if both sides have verified the address.
    Link,
    /// As [`SameAddress::Link`]. An account whose address was never verified is taken over: its password, sessions and links
    /// are removed, because somebody else may have registered it (account pre-hijacking). Its other fields stay.
    LinkOrTakeOver,
}

/// The account that has the address of a provider's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalAccount {
    /// Its owner has verified the address.
    Verified,
    /// Anybody may have registered it.
    Unverified,
}

/// What is known about a login with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoginFacts {
    /// Whether a user is linked with the identity.
    pub(crate) is_linked: bool,
    /// The status of the provider's address, if there is one that this service accepts.
    pub(crate) address: Option<AddressStatus>,
    /// The account that has the address.
    pub(crate) local: Option<LocalAccount>,
}

/// What a login does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginDecision {
    /// Logs in the linked user.
    LogIn,
    /// Links the identity with the account that has the address, and logs it in.
    Link,
    /// Removes the password, sessions and links of the account that has the address, links the identity, and logs it in.
    TakeOver,
    /// Creates an account with a link.
    Create {
        is_verified: bool,
    },
    Refuse(Refusal),
}

/// Why a login or an association is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The provider gives no address, or none that is accepted.
    NoAddress,
    /// Another account has the address, or the identity.
    Taken,
    /// The person has no account, and none is created.
    Unknown,
}

impl Refusal {
    /// Returns the reason for an event.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::NoAddress => "no address",
            Self::Taken => "address or account taken",
            Self::Unknown => "no account",
        }
    }
}

/// Decides on a login.
pub(crate) fn decide_login(facts: LoginFacts, rules: &IdentityRules) -> LoginDecision {
    let LoginFacts { is_linked, address, local } = facts;
    let IdentityRules { same_address, verified_by_default, creates_users, .. } = *rules;
    if is_linked {
        return LoginDecision::LogIn;
    }
    let Some(status) = address else { return LoginDecision::Refuse(Refusal::NoAddress) };
    match (local, same_address, status) {
        (None, ..) if !creates_users => LoginDecision::Refuse(Refusal::Unknown),
        (None, ..) => LoginDecision::Create { is_verified: verified_by_default && status != AddressStatus::Unverified },
        (Some(_), SameAddress::Refuse, _) | (Some(_), _, AddressStatus::Unverified | AddressStatus::Unknown) => {
            LoginDecision::Refuse(Refusal::Taken)
        }
        (Some(LocalAccount::Verified), SameAddress::Link | SameAddress::LinkOrTakeOver, AddressStatus::Verified) => {
            LoginDecision::Link
        }
        (Some(LocalAccount::Unverified), SameAddress::LinkOrTakeOver, AddressStatus::Verified) => {
            LoginDecision::TakeOver
        }
        (Some(LocalAccount::Unverified), SameAddress::Link, AddressStatus::Verified) => {
            LoginDecision::Refuse(Refusal::Taken)
        }
    }
}

/// The user who is linked with an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityOwner {
    Nobody,
    /// The signed-in user.
    SameUser,
    OtherUser,
}

/// What an association does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssociationDecision {
    /// Links the identity with the signed-in user.
    Link,
    /// Stores what changed at the provider.
    Refresh,
    Refuse(Refusal),
}

/// Decides on an association. The address may be unverified: the user has just authenticated at both accounts.
pub(crate) fn decide_association(owner: IdentityOwner, has_address: bool) -> AssociationDecision {
    match (owner, has_address) {
        (IdentityOwner::OtherUser, _) => AssociationDecision::Refuse(Refusal::Taken),
        (_, false) => AssociationDecision::Refuse(Refusal::NoAddress),
        (IdentityOwner::SameUser, true) => AssociationDecision::Refresh,
        (IdentityOwner::Nobody, true) => AssociationDecision::Link,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: [SameAddress; 3] = [SameAddress::Refuse, SameAddress::Link, SameAddress::LinkOrTakeOver];
    const STATUSES: [AddressStatus; 3] = [AddressStatus::Verified, AddressStatus::Unverified, AddressStatus::Unknown];
    const ACCOUNTS: [LocalAccount; 2] = [LocalAccount::Verified, LocalAccount::Unverified];

    fn rules(same_address: SameAddress, verified_by_default: bool) -> IdentityRules {
        IdentityRules { same_address, verified_by_default, ..IdentityRules::new("acme").unwrap() }
    }

    fn first_login(address: Option<AddressStatus>, local: Option<LocalAccount>) -> LoginFacts {
        LoginFacts { is_linked: false, address, local }
    }

    #[test]
    fn a_linked_identity_logs_in_whatever_its_address_is() {
        for policy in POLICIES {
            for address in STATUSES.map(Some).into_iter().chain([None]) {
                for local in ACCOUNTS.map(Some).into_iter().chain([None]) {
                    let facts = LoginFacts { is_linked: true, address, local };
                    assert_eq!(decide_login(facts, &rules(policy, true)), LoginDecision::LogIn);
                }
            }
        }
    }

    #[test]
    fn a_new_identity_without_an_address_is_refused() {
        for policy in POLICIES {
            let decision = decide_login(first_login(None, None), &rules(policy, true));
            assert_eq!(decision, LoginDecision::Refuse(Refusal::NoAddress));
        }
    }

    #[test]
    fn a_new_address_becomes_an_account_that_is_verified_by_default_unless_the_provider_denies_it() {
        for policy in POLICIES {
            for (status, by_default, is_verified) in [
                (AddressStatus::Verified, true, true),
                (AddressStatus::Verified, false, false),
                (AddressStatus::Unknown, true, true),
                (AddressStatus::Unknown, false, false),
                (AddressStatus::Unverified, true, false),
                (AddressStatus::Unverified, false, false),
            ] {
                let decision = decide_login(first_login(Some(status), None), &rules(policy, by_default));
                assert_eq!(decision, LoginDecision::Create { is_verified });
            }
        }
    }

    #[test]
    fn a_person_without_an_account_is_refused_if_none_may_be_created() {
        for status in STATUSES {
            let existing_only = IdentityRules { creates_users: false, ..rules(SameAddress::LinkOrTakeOver, true) };
            let decision = decide_login(first_login(Some(status), None), &existing_only);
            assert_eq!(decision, LoginDecision::Refuse(Refusal::Unknown));
            let linked = LoginFacts { is_linked: true, ..first_login(Some(status), None) };
            assert_eq!(decide_login(linked, &existing_only), LoginDecision::LogIn);
        }
    }

    #[test]
    fn a_taken_address_is_refused_by_default() {
        for status in STATUSES {
            for local in ACCOUNTS {
                let decision =
                    decide_login(first_login(Some(status), Some(local)), &rules(SameAddress::default(), true));
                assert_eq!(decision, LoginDecision::Refuse(Refusal::Taken));
            }
        }
    }

    #[test]
    fn an_address_that_the_provider_has_not_verified_is_never_linked() {
        for policy in POLICIES {
            for status in [AddressStatus::Unverified, AddressStatus::Unknown] {
                for local in ACCOUNTS {
                    let decision = decide_login(first_login(Some(status), Some(local)), &rules(policy, true));
                    assert_eq!(decision, LoginDecision::Refuse(Refusal::Taken));
                }
            }
        }
    }

    #[test]
    fn an_address_that_both_sides_have_verified_is_linked() {
        let facts = first_login(Some(AddressStatus::Verified), Some(LocalAccount::Verified));
        for policy in [SameAddress::Link, SameAddress::LinkOrTakeOver] {
            assert_eq!(decide_login(facts, &rules(policy, false)), LoginDecision::Link);
        }
    }

    #[test]
    fn an_account_that_never_verified_the_address_is_refused_or_taken_over_and_never_linked_as_it_is() {
        let facts = first_login(Some(AddressStatus::Verified), Some(LocalAccount::Unverified));
        assert_eq!(decide_login(facts, &rules(SameAddress::Link, true)), LoginDecision::Refuse(Refusal::Taken));
        assert_eq!(decide_login(facts, &rules(SameAddress::LinkOrTakeOver, true)), LoginDecision::TakeOver);
    }

    #[test]
    fn an_association_links_a_free_identity() {
        assert_eq!(decide_association(IdentityOwner::Nobody, true), AssociationDecision::Link);
    }

    #[test]
    fn an_association_of_a_linked_identity_refreshes_it() {
        assert_eq!(decide_association(IdentityOwner::SameUser, true), AssociationDecision::Refresh);
    }

    #[test]
    fn an_association_of_another_users_identity_is_refused() {
        for has_address in [true, false] {
            let decision = decide_association(IdentityOwner::OtherUser, has_address);
            assert_eq!(decision, AssociationDecision::Refuse(Refusal::Taken));
        }
    }

    #[test]
    fn an_association_without_an_address_is_refused() {
        for owner in [IdentityOwner::Nobody, IdentityOwner::SameUser] {
            assert_eq!(decide_association(owner, false), AssociationDecision::Refuse(Refusal::NoAddress));
        }
    }
}
