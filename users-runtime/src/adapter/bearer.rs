//! Tokens in the `Authorization` header.

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde::Serialize;

use crate::{
    domain::AccessToken,
    port::{RefreshGrant, SecurityScheme, TokenResponse, Transport},
};

/// Carries tokens as `Authorization: Bearer …` ([RFC 6750 section
/// 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)). A login responds with status 200 and `{"access_token": …,
/// "token_type": "bearer"}`, with refresh tokens also `"refresh_token"` and `"expires_in"`, the seconds from the issue of the
/// access token to its expiry (RFC 6749 section 5.1).
///
/// # Security
/// The other two places of RFC 6750, the form body and the query string, are never read: URLs end up in logs and
/// browser histories (OWASP ASVS 14.2.1). A request with more than one `Authorization` header is ambiguous and is
/// treated as one without a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bearer;

/// The response body of a login. The order of the fields is that of fastapi-users.
#[derive(Serialize)]
struct BearerResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

/// Returns the response to a login.
fn respond(response: &BearerResponse<'_>) -> TokenResponse {
    let Ok(body) = serde_json::to_string(response) else {
        return TokenResponse { status: StatusCode::INTERNAL_SERVER_ERROR, headers: HeaderMap::new(), body: None };
    };
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    TokenResponse { status: StatusCode::OK, headers, body: Some(body) }
}

impl Transport for Bearer {
    fn read(&self, headers: &HeaderMap) -> Option<AccessToken> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() {
            return None;
        }
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| AccessToken::new(token))
    }

    fn grant(&self, token: &AccessToken) -> TokenResponse {
        let access_token = token.secret();
        respond(&BearerResponse { access_token, token_type: "bearer", refresh_token: None, expires_in: None })
    }

    fn carries_refresh(&self) -> bool {
        true
    }

    fn grant_refreshable(&self, token: &AccessToken, refresh: &RefreshGrant<'_>) -> TokenResponse {
        respond(&BearerResponse {
            access_token: token.secret(),
            token_type: "bearer",
            refresh_token: Some(refresh.token.secret()),
            expires_in: refresh.expires_in,
        })
    }

    fn clear(&self) -> TokenResponse {
        TokenResponse { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: None }
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("Bearer"))
    }

    fn security_scheme(&self) -> Option<SecurityScheme> {
        Some(SecurityScheme::Bearer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Option<String> {
        let headers = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect();
        Bearer.read(&headers).map(|token| token.secret().to_owned())
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_the_token_is_trimmed() {
        for value in ["Bearer abc.def", "bearer abc.def", "BEARER   abc.def  "] {
            assert_eq!(read(&[value]).as_deref(), Some("abc.def"), "{value}");
        }
    }

    #[test]
    fn other_schemes_empty_tokens_and_two_headers_carry_no_token() {
        for values in [
            &[][..],
            &["Basic abc"],
            &["Bearer"],
            &["Bearer "],
            &["abc"],
            &["Bearerabc"],
            &["Bearer a", "Bearer b"],
            &["Bearer a", "Basic b"],
        ] {
            assert_eq!(read(values), None, "{values:?}");
        }
    }

    #[test]
    fn a_login_responds_with_compact_json() {
        let response = Bearer.grant(&AccessToken::new("abc.def"));
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(response.body.as_deref(), Some(r#"{"access_token":"abc.def","token_type":"bearer"}"#));
    }

    #[test]
    fn a_refresh_token_is_beside_the_access_token() {
        let refresh = crate::domain::RefreshToken::new("r");
        let response = Bearer.grant_refreshable(&AccessToken::new("abc"), &RefreshGrant::new(&refresh, Some(900)));
        let body = r#"{"access_token":"abc","token_type":"bearer","refresh_token":"r","expires_in":900}"#;
        assert_eq!(response.body.as_deref(), Some(body));
    }

    #[test]
    fn a_logout_responds_without_a_body() {
        let response = Bearer.clear();
        assert_eq!((response.status, response.body, response.headers.len()), (StatusCode::NO_CONTENT, None, 0));
    }
}
