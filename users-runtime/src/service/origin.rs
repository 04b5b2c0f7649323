//! Checks of the origin of a request that a browser sent, against CSRF (OWASP ASVS 3.5.1).

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ORIGIN, UPGRADE},
    request::Parts,
};

use crate::domain::TrustedOrigins;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins whose requests are accepted where browsers attach the token automatically.
///
/// Browsers state the origin in two headers that scripts cannot set: `Sec-Fetch-Site` (all browsers since 2023, over
/// TLS or on localhost) and `Origin`. The service's own origin comes from its configuration and never from `Host`,
/// which the client controls.
#[derive(Debug, Clone)]
pub(crate) struct OriginRule {
    /// The service's own origin and the trusted ones.
    pub(crate) accepted: TrustedOrigins,
    /// Whether requests without these headers are refused. If not, such requests are assumed to come from clients other
    /// than browsers.
    pub(crate) is_required: bool,
}

impl OriginRule {
    /// Returns whether a request with these headers may change state.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let (site, origin) = (HeaderValues::of(headers, &SEC_FETCH_SITE), HeaderValues::of(headers, &ORIGIN));
        match (site, origin) {
            (HeaderValues::Once(site), _) if site == "same-origin" || site == "none" => true,
            (HeaderValues::Nothing | HeaderValues::Once(_), HeaderValues::Once(origin)) => {
                self.accepted.trust(origin.as_bytes())
            }
            (HeaderValues::Nothing, HeaderValues::Nothing) => !self.is_required,
            // A request from another site without an origin, or a repeated header.
            _ => false,
        }
    }
}

enum HeaderValues<'a> {
    Nothing,
    Once(&'a HeaderValue),
    Twice,
}

impl<'a> HeaderValues<'a> {
    fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => Self::Once(value),
            (Some(_), Some(_)) => Self::Twice,
        }
    }
}

/// Returns whether a request may change state. A WebSocket handshake may: its messages have no headers, and browsers do
/// not restrict it to the same origin.
pub(crate) fn may_change_something(request: &Parts) -> bool {
    let is_safe = matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    let is_websocket =
        |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().windows(9).any(|word| word == b"websocket");
    !is_safe || request.headers.get_all(UPGRADE).iter().any(is_websocket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Result;

    fn rule(is_required: bool) -> Result<OriginRule> {
        let accepted = TrustedOrigins::new(["https://camelot.bt", "https://app.camelot.bt:8443"])?;
        Ok(OriginRule { accepted, is_required })
    }

    #[test]
    fn the_headers_of_browsers_decide_and_requests_without_them_pass_unless_required() -> Result<()> {
        const OWN: &str = "https://camelot.bt";
        for (site, origin, expected) in [
            (&["same-origin"][..], &[][..], true),
            (&["same-origin"], &[OWN], true),
            (&["none"], &[], true),
            (&["same-site"], &[], false),
            (&["cross-site"], &[], false),
            (&[""], &[], false),
            (&["Same-Origin"], &[], false),
            (&["same-origin", "cross-site"], &[], false),
            (&["same-origin", "same-origin"], &[OWN], false),
            (&["cross-site"], &["https://evil.example"], false),
            (&["same-site"], &["https://evil.camelot.bt"], false),
            (&["same-site"], &["https://app.camelot.bt:8443"], true),
            (&["cross-site"], &["https://app.camelot.bt:8443"], true),
            (&["cross-site"], &["null"], false),
            (&[], &[OWN], true),
            (&[], &["https://app.camelot.bt:8443"], true),
            (&[], &["https://app.camelot.bt"], false),
            (&[], &["http://camelot.bt"], false),
            (&[], &["https://camelot.bt:443"], false),
            (&[], &["https://camelot.bt/"], false),
            (&[], &["https://camelot.bt.evil.example"], false),
            (&[], &["https://camelot.bt evil"], false),
            (&[], &["null"], false),
            (&[], &[""], false),
            (&[], &[OWN, OWN], false),
            (&[], &[OWN, "https://evil.example"], false),
            (&[], &[], true),
        ] {
            let site = site.iter().map(|value| (SEC_FETCH_SITE, HeaderValue::from_static(value)));
            let origins = origin.iter().map(|value| (ORIGIN, HeaderValue::from_static(value)));
            let headers: HeaderMap = site.chain(origins).collect();
            assert_eq!(rule(false)?.admits(&headers), expected, "{headers:?}");
            assert_eq!(rule(true)?.admits(&headers), expected && !headers.is_empty(), "required: {headers:?}");
        }
        Ok(())
    }

    #[test]
    fn safe_methods_change_no_state_except_for_a_websocket_handshake() {
        let parts = |method: &str, upgrade: &[&str]| {
            let request = upgrade
                .iter()
                .fold(http::Request::builder().method(method), |request, value| request.header(UPGRADE, *value));
            request.body(()).unwrap().into_parts().0
        };
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(!may_change_something(&parts(method, &[])), "{method}");
            assert!(!may_change_something(&parts(method, &["h2c"])), "{method}");
            for upgrade in [&["websocket"][..], &["WebSocket"], &["h2c, websocket"], &["h2c", "websocket"]] {
                assert!(may_change_something(&parts(method, upgrade)), "{method} {upgrade:?}");
            }
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "PURGE"] {
            assert!(may_change_something(&parts(method, &[])), "{method}");
        }
    }
}
