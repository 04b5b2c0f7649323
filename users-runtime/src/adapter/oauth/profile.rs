//! The data that providers return about a person, as JSON: where the subject is, and whether an address is verified.

use http::{Request, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use super::http_client::HttpClient;
use crate::{
    domain::oauth::{AddressStatus, ExternalIdentity, ProviderAddress, ProviderToken, Subject},
    port::ProviderError,
};

/// Where the required values are in a provider's JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Profile {
    /// The key of the subject.
    pub(crate) subject: &'static str,
    /// The prefix of the subject in `account_id`, so that links of fastapi-users are found.
    pub(crate) prefix: &'static str,
    /// The key of the address.
    pub(crate) email: &'static str,
    /// The key that states whether the provider has verified the address; `None` if the statement is not trustworthy.
    pub(crate) verified: Option<&'static str>,
}

impl Profile {
    /// The claims of OpenID Connect.
    pub(crate) const OPENID: Self =
        Self { subject: "sub", prefix: "", email: "email", verified: Some("email_verified") };

    /// Returns the subject as it is stored.
    pub(super) fn subject(&self, claims: &Map<String, Value>) -> Result<Subject, ProviderError> {
        let subject = claims.get(self.subject).and_then(Subject::from_json);
        subject
            .and_then(|subject| Subject::parse(&format!("{}{}", self.prefix, subject.as_str())))
            .ok_or_else(|| ProviderError::failed("the provider's answer has no usable subject"))
    }

    /// Returns the address.
    pub(super) fn address(&self, claims: &Map<String, Value>) -> Option<ProviderAddress> {
        let email = claims.get(self.email)?.as_str()?.to_owned();
        let status = match self.verified {
            Some(key) => match claims.get(key) {
                // Apple writes booleans as text.
                Some(Value::Bool(true)) => AddressStatus::Verified,
                Some(Value::String(text)) if text == "true" => AddressStatus::Verified,
                Some(Value::Null) | None => AddressStatus::Unknown,
                Some(_) => AddressStatus::Unverified,
            },
            None => AddressStatus::Unknown,
        };
        Some(ProviderAddress { email, status })
    }

    /// Returns the identity in a JSON object.
    pub(super) fn identity(&self, claims: Map<String, Value>) -> Result<ExternalIdentity, ProviderError> {
        Ok(self.person(self.subject(&claims)?, claims))
    }

    /// Adds the claims of a userinfo endpoint. The address and its verification status come from the same document.
    pub(super) fn add(&self, claims: &mut Map<String, Value>, more: Map<String, Value>) {
        if self.address(claims).is_none() {
            claims.retain(|key, _| key != self.email && Some(key.as_str()) != self.verified);
        }
        for (key, value) in more {
            claims.entry(key).or_insert(value);
        }
    }

    /// Returns the identity of a subject with these claims.
    pub(super) fn person(&self, subject: Subject, claims: Map<String, Value>) -> ExternalIdentity {
        let identity = ExternalIdentity::new(subject);
        ExternalIdentity { address: self.address(&claims), ..identity }.claims(claims)
    }
}

/// Reads JSON from an API with an access token. Returns `None` for 403 and 404, with which APIs report that the scopes
/// of the token do not suffice.
pub(super) async fn read_json(
    http: &HttpClient,
    url: &Url,
    access_token: &ProviderToken,
) -> Result<Option<Value>, ProviderError> {
    let not_valid = || ProviderError::failed(format!("the answer of {} is not valid", url.path()));
    let request = Request::builder()
        .uri(url.as_str())
        .header(header::AUTHORIZATION, format!("Bearer {}", access_token.secret()))
        .header(header::ACCEPT, "application/json")
        .body(Vec::new());
    let request = request.map_err(|_| ProviderError::failed("the access token cannot be sent"))?;
    let response = http.send(request).await.map_err(|error| ProviderError::failed(error.to_string()))?;
    match response.status() {
        StatusCode::OK => serde_json::from_slice(response.body()).map(Some).map_err(|_| not_valid()),
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(None),
        status => Err(ProviderError::failed(format!("{} answers {}", url.path(), status.as_u16()))),
    }
}

/// Chooses an address from a list such as GitHub's: that of the profile if it is listed, or else the primary one.
pub(super) fn choose(list: &Value, of_profile: Option<&str>) -> Option<ProviderAddress> {
    let entries = list.as_array()?;
    let email = |entry: &Value| entry.get("email").and_then(Value::as_str).map(str::to_owned);
    let of_profile = entries.iter().find(|entry| of_profile.is_some() && email(entry).as_deref() == of_profile);
    let primary = || entries.iter().find(|entry| entry.get("primary") == Some(&Value::Bool(true)));
    let entry = of_profile.or_else(primary)?;
    let status = match entry.get("verified") {
        Some(Value::Bool(true)) => AddressStatus::Verified,
        Some(Value::Null) | None => AddressStatus::Unknown,
        Some(_) => AddressStatus::Unverified,
    };
    Some(ProviderAddress { email: email(entry)?, status })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn address(claims: Value) -> Option<(String, AddressStatus)> {
        let Value::Object(claims) = claims else { panic!("{claims}") };
        Profile::OPENID.address(&claims).map(|address| (address.email, address.status))
    }

    #[test]
    fn an_address_is_verified_only_by_a_clear_word() {
        for (verified, status) in [
            (json!(true), AddressStatus::Verified),
            (json!("true"), AddressStatus::Verified),
            (json!(false), AddressStatus::Unverified),
            (json!("false"), AddressStatus::Unverified),
            (json!("TRUE"), AddressStatus::Unverified),
            (json!(1), AddressStatus::Unverified),
            (json!([true]), AddressStatus::Unverified),
            (json!(null), AddressStatus::Unknown),
        ] {
            let claims = json!({"email": "a@b.example", "email_verified": verified});
            assert_eq!(address(claims), Some(("a@b.example".to_owned(), status)), "{verified}");
        }
        assert_eq!(address(json!({"email": "a"})), Some(("a".to_owned(), AddressStatus::Unknown)));
        for email in [json!(null), json!(1), json!(["a@b.example"])] {
            assert_eq!(address(json!({"email": email})), None);
        }
    }

    #[test]
    fn the_address_of_the_profile_is_chosen_if_it_is_listed_or_else_the_primary_one() {
        let list = json!([
            {"email": "old@b.example", "primary": false, "verified": true},
            {"email": "main@b.example", "primary": true, "verified": false},
        ]);
        for (of_profile, email, status) in [
            (Some("old@b.example"), "old@b.example", AddressStatus::Verified),
            (Some("other@b.example"), "main@b.example", AddressStatus::Unverified),
            (None, "main@b.example", AddressStatus::Unverified),
        ] {
            assert_eq!(choose(&list, of_profile), Some(ProviderAddress { email: email.to_owned(), status }));
        }
        for list in [json!([]), json!({}), json!([{"email": 1, "primary": true}]), json!([1, null])] {
            assert_eq!(choose(&list, None), None, "{list}");
        }
    }
}
