//! Well-known providers, as data.

use super::{OAuth2, OAuth2Endpoints, OpenId, openid, profile::Profile};
use crate::domain::{Error, Result, Setting};

/// A well-known provider.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    /// The scopes that are requested.
    pub(crate) scopes: &'static [&'static str],
    profile: Profile,
    /// The additional scopes and parameters if tokens are stored.
    offline: Offline,
}

/// The scopes and parameters that make a provider issue a refresh token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offline {
    /// Scopes that are requested, unless the issuer lists its scopes without them.
    pub(crate) scopes: &'static [&'static str],
    /// Parameters of the authorization request.
    pub(crate) parameters: &'static [(&'static str, &'static str)],
}

impl Offline {
    /// For a provider that issues refresh tokens anyway, or never.
    pub(crate) const NOTHING: Self = Self { scopes: &[], parameters: &[] };
    /// OpenID Connect Core section 11.
    pub(crate) const OPENID: Self = Self { scopes: &["offline_access"], parameters: &[("prompt", "consent")] };

    /// Returns the scopes and parameters for one request. `listed` are the scopes that the issuer lists.
    pub(crate) fn for_request(self, offline: bool, listed: Option<&[String]>) -> Self {
        let has = |scope: &&str| listed.is_none_or(|listed| listed.iter().any(|other| other == scope));
        if offline && self.scopes.iter().all(has) { self } else { Self::NOTHING }
    }
}

/// The protocol of a provider.
pub(crate) enum Protocol {
    /// By OpenID Connect: the issuer, and the other origins of its endpoints.
    OpenId { issuer: &'static str, origins: &'static [&'static str] },
    /// By OpenID Connect, with one issuer for each tenant of Microsoft.
    Microsoft,
    /// By OAuth 2.0.
    OAuth2 { endpoints: OAuth2Endpoints<'static>, basic: bool },
}

/// All providers, in the order of the guide.
static CATALOGUE: [Known; 7] = [
    Known {
        name: "google",
        protocol: Protocol::OpenId {
            issuer: "https://accounts.google.com",
            origins: &[
                "https://oauth2.googleapis.com",
                "https://openidconnect.googleapis.com",
                "https://www.googleapis.com",
            ],
        },
        scopes: &["openid", "email", "profile"],
        // fastapi-users stores the name of the People API, which is the subject with this prefix.
        profile: Profile { prefix: "people/", ..Profile::OPENID },
        // https://developers.google.com/identity/protocols/oauth2/web-server#offline
        offline: Offline { scopes: &[], parameters: &[("access_type", "offline"), ("prompt", "consent")] },
    },
    Known {
        name: "github",
        protocol: Protocol::OAuth2 {
            endpoints: OAuth2Endpoints {
                authorize: "https://github.com/login/oauth/authorize",
                token: "https://github.com/login/oauth/access_token",
                user: "https://api.github.com/user",
                emails: Some("https://api.github.com/user/emails"),
            },
            basic: false,
        },
        scopes: &["read:user", "user:email"],
        profile: Profile { subject: "id", verified: None, ..Profile::OPENID },
        // A GitHub App issues them if its tokens expire; the tokens of an OAuth App do not expire.
        offline: Offline::NOTHING,
    },
    Known {
        name: "microsoft",
        protocol: Protocol::Microsoft,
        scopes: &["openid", "email", "profile"],
        // fastapi-users stores the id of the Graph API, which is this claim. Administrators of a tenant can write any
        // address into their directory, so the verification status is not trusted.
        profile: Profile { subject: "oid", verified: None, ..Profile::OPENID },
        // Microsoft asks for consent when needed.
        offline: Offline { scopes: &["offline_access"], parameters: &[] },
    },
    Known {
        name: "discord",
        protocol: Protocol::OAuth2 {
            endpoints: OAuth2Endpoints {
                authorize: "https://discord.com/api/oauth2/authorize",
                token: "https://discord.com/api/oauth2/token",
                user: "https://discord.com/api/users/@me",
                emails: None,
            },
            basic: true,
        },
        scopes: &["identify", "email"],
        profile: Profile { subject: "id", verified: Some("verified"), ..Profile::OPENID },
        offline: Offline::NOTHING,
    },
    Known {
        name: "gitlab",
        protocol: Protocol::OpenId { issuer: "https://gitlab.com", origins: &[] },
        scopes: &["openid", "email"],
        profile: Profile::OPENID,
        // The provider has no such scope, and issues refresh tokens anyway.
        offline: Offline::NOTHING,
    },
    Known {
        name: "apple",
        protocol: Protocol::OpenId { issuer: "https://appleid.apple.com", origins: &[] },
        scopes: &["openid", "email"],
        profile: Profile::OPENID,
        offline: Offline::NOTHING,
    },
    Known {
        name: "facebook",
        protocol: Protocol::OAuth2 {
            endpoints: OAuth2Endpoints {
                authorize: "https://www.facebook.com/v21.0/dialog/oauth",
                token: "https://graph.facebook.com/v21.0/oauth/access_token",
                user: "https://graph.facebook.com/v21.0/me?fields=id,email",
                emails: None,
            },
            basic: false,
        },
        scopes: &["email", "public_profile"],
        profile: Profile { subject: "id", verified: None, ..Profile::OPENID },
        // Its tokens are valid for 60 days and cannot be refreshed.
        offline: Offline::NOTHING,
    },
];

/// Returns the provider of this name.
pub(crate) fn known(name: &str) -> Option<&'static Known> {
    CATALOGUE.iter().find(|known| known.name == name)
}

/// Returns all names.
pub(crate) fn known_names() -> Vec<&'static str> {
    CATALOGUE.iter().map(|known| known.name).collect()
}

impl Known {
    /// Returns the provider as an issuer. `tenant` is that of Microsoft.
    pub(crate) fn openid(&self, tenant: &str, client_id: &str, client_secret: &str) -> Result<OpenId> {
        let provider = match &self.protocol {
            Protocol::OpenId { issuer, origins } => {
                let issuer = OpenId::new(issuer, client_id, client_secret)?;
                origins.iter().try_fold(issuer, |issuer, origin| issuer.endpoints_at(origin))?
            }
            Protocol::Microsoft => openid::microsoft(tenant, client_id, client_secret)?,
            Protocol::OAuth2 { .. } => return Err(not_so(self.name)),
        };
        Ok(provider.profile(self.profile).offline(self.offline))
    }

    /// Returns the provider as an OAuth 2.0 service.
    pub(crate) fn oauth2(&self, client_id: &str, client_secret: &str) -> Result<OAuth2> {
        let Protocol::OAuth2 { endpoints, basic } = &self.protocol else { return Err(not_so(self.name)) };
        let provider = OAuth2::new(*endpoints, client_id, client_secret)?.profile(self.profile);
        Ok(if *basic { provider.basic_authentication() } else { provider })
    }
}

fn not_so(name: &str) -> Error {
    Error::setting(Setting::OAuth, format!("{name} uses another protocol"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "2f1c0d6e-8d5b-4c7a-9b3e-5a6f7d8c9e01";

    #[test]
    fn every_provider_of_the_catalogue_can_be_built() {
        for known in &CATALOGUE {
            let built = match known.protocol {
                Protocol::OAuth2 { .. } => known.oauth2("id", "secret").map(drop),
                Protocol::OpenId { .. } | Protocol::Microsoft => known.openid(TENANT, "id", "secret").map(drop),
            };
            assert!(built.is_ok(), "{}: {built:?}", known.name);
            assert!(!known.scopes.is_empty(), "{}", known.name);
        }
    }

    #[test]
    fn each_provider_is_asked_for_refresh_tokens_in_its_own_way() {
        for (name, scopes, parameters) in [
            ("google", [].as_slice(), [("access_type", "offline"), ("prompt", "consent")].as_slice()),
            ("microsoft", &["offline_access"], &[]),
            // It has no scope of this name, and refuses a request with it.
            ("gitlab", &[], &[]),
            ("github", &[], &[]),
        ] {
            let offline = known(name).unwrap().offline;
            let asked = offline.for_request(true, None);
            assert_eq!((asked.scopes, asked.parameters), (scopes, parameters), "{name}");
            let asked = offline.for_request(false, None);
            assert!(asked.scopes.is_empty() && asked.parameters.is_empty(), "{name}");
        }
        let listed = |scope: &str| Offline::OPENID.for_request(true, Some(&[scope.to_owned()])).scopes.len();
        assert_eq!((listed("offline_access"), listed("openid")), (1, 0));
    }

    #[test]
    fn microsoft_needs_one_tenant() {
        let microsoft = known("microsoft").unwrap();
        for tenant in ["common", "organizations", "", "a/b", "a?b"] {
            assert!(microsoft.openid(tenant, "id", "secret").is_err(), "{tenant}");
        }
    }
}
