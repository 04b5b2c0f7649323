//! Unit tests of the cookie transport. Its behavior in a service is tested in the integration tests.

use super::*;
use std::time::Duration;

use crate::{
    domain::{Error, PublicUrl},
    port::RefreshContext,
};

const RECOMMENDED: TransportContext<'_> =
    TransportContext { relaxed: &[], public_url: None, base_path: "", largest_token: None, refresh: None };

fn built(mut cookie: Cookie, context: &TransportContext<'_>) -> Cookie {
    cookie.configure(context).unwrap();
    cookie
}

fn refused(mut cookie: Cookie, context: &TransportContext<'_>) -> bool {
    matches!(cookie.configure(context), Err(Error::Config(_)))
}

fn read(cookie: &Cookie, values: &[&'static str]) -> Option<String> {
    let headers = values.iter().map(|value| (COOKIE, HeaderValue::from_static(value))).collect();
    cookie.read(&headers).map(|token| token.secret().to_owned())
}

fn set_cookie(response: &TokenResponse) -> &str {
    response.headers[SET_COOKIE].to_str().unwrap()
}

#[test]
fn only_the_exact_name_is_read_quotes_are_removed_and_an_empty_value_is_no_token() {
    let cookie = built(Cookie::new().cookie_name("sid"), &RECOMMENDED);
    for (values, token) in [
        (&["sid=abc.def"][..], Some("abc.def")),
        (&["a=b; sid=abc; c=d"], Some("abc")),
        (&["a=b;sid=abc;c=d"], Some("abc")),
        (&["a=b", "sid=abc"], Some("abc")),
        (&["sid=\"abc\""], Some("abc")),
        (&["  sid \t=  abc  "], Some("abc")),
        (&["sid=a=b"], Some("a=b")),
        (&["sid=\""], Some("\"")),
        (&[], None),
        (&[""], None),
        (&["sid"], None),
        (&["sid="], None),
        (&["sid=\"\""], None),
        (&["SID=abc"], None),
        (&["xsid=abc; sidx=abc; =sid=abc"], None),
        (&["__Host-sid=abc; __Secure-sid=abc"], None),
    ] {
        assert_eq!(read(&cookie, values).as_deref(), token, "{values:?}");
    }
    // Another application's cookie may contain arbitrary bytes, and only space and tab count as white space.
    let bytes = |bytes: &'static [u8]| HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(bytes).unwrap())]);
    assert!(cookie.read(&bytes(b"other=\xff\xfe; sid=abc")).is_some());
    assert!(cookie.read(&bytes(b"\xc2\xa0sid=abc")).is_none());
    assert!(cookie.read(&bytes(b"sid=\xff")).is_none());
}

#[test]
fn duplicate_cookies_are_rejected_or_the_last_one_counts_for_compatibility() {
    let strict = built(Cookie::new().cookie_name("sid"), &RECOMMENDED);
    let compatible = built(
        Cookie::new().cookie_name("sid"),
        &TransportContext { relaxed: &[Relaxation::PlainCookieNames], ..RECOMMENDED },
    );
    for values in [&["sid=a; sid=b"][..], &["sid=a", "sid=b"], &["sid=b; x=y; sid=\"b\""]] {
        assert_eq!(read(&strict, values), None, "{values:?}");
        assert_eq!(read(&compatible, values).as_deref(), Some("b"), "{values:?}");
    }
    assert_eq!(read(&compatible, &["sid=a; sid="]), None);
}

#[test]
fn attributes_have_the_order_of_fastapi_users() {
    let all = Cookie::new().domain("example.org").path("/app").max_age(Duration::from_secs(3600));
    let all = built(all.same_site(SameSite::Strict), &RECOMMENDED);
    let response = all.grant(&AccessToken::new("abc.def-_"));
    assert_eq!(
        set_cookie(&response),
        "__Secure-fastapiusersauth=abc.def-_; Domain=example.org; HttpOnly; Max-Age=3600; Path=/app; SameSite=strict; Secure"
    );
    assert_eq!((response.status, response.body), (StatusCode::NO_CONTENT, None));
    assert_eq!(
        set_cookie(&all.clear()),
        "__Secure-fastapiusersauth=\"\"; Domain=example.org; HttpOnly; Max-Age=0; Path=/app; SameSite=strict; Secure"
    );
    let least = built(Cookie::new(), &RECOMMENDED);
    assert_eq!(
        set_cookie(&least.grant(&AccessToken::new("abc"))),
        "__Host-fastapiusersauth=abc; HttpOnly; Path=/; SameSite=lax; Secure"
    );
}

#[test]
fn a_token_that_a_browser_would_drop_or_truncate_is_not_sent() {
    let cookie = built(Cookie::new().cookie_name("sid"), &RECOMMENDED);
    for token in ["a;b", "a b", "a,b", "a\"b", "a\\b", "a\r\nb", "é", &"x".repeat(4094)] {
        let response = cookie.grant(&AccessToken::new(token));
        assert_eq!((response.status, response.headers.len()), (StatusCode::INTERNAL_SERVER_ERROR, 0), "{token}");
    }
    assert_eq!(cookie.grant(&AccessToken::new("x".repeat(4093))).status, StatusCode::NO_CONTENT);
}

#[test]
fn settings_that_browsers_would_ignore_are_refused() {
    let local = PublicUrl::parse("http://localhost:8000").unwrap();
    let on_localhost = TransportContext { public_url: Some(&local), ..RECOMMENDED };
    for (cookie, context) in [
        (Cookie::new().cookie_name(""), &RECOMMENDED),
        (Cookie::new().cookie_name("a b"), &RECOMMENDED),
        (Cookie::new().cookie_name("a;b"), &RECOMMENDED),
        (Cookie::new().cookie_name("__Host-sid").path("/app"), &RECOMMENDED),
        (Cookie::new().cookie_name("__HOST-sid").domain("example.org"), &RECOMMENDED),
        (Cookie::new().path("app"), &RECOMMENDED),
        (Cookie::new().path("/a;Domain=evil.example"), &RECOMMENDED),
        (Cookie::new().domain("evil.example; Path=/x"), &RECOMMENDED),
        (Cookie::new().domain(".example.org"), &RECOMMENDED),
        (Cookie::new().domain(""), &RECOMMENDED),
        (Cookie::new().max_age(Duration::from_millis(999)), &RECOMMENDED),
        (Cookie::new().cookie_name("__Secure-sid").insecure_for_localhost(), &on_localhost),
    ] {
        assert!(refused(cookie.clone(), context), "{cookie:?}");
    }
}

#[test]
fn the_cookie_of_the_refresh_token_is_limited_to_its_route_and_named_after_the_session_cookie() {
    const SECOND: &str = "-refresh=r";
    fn context(relaxed: &[Relaxation]) -> TransportContext<'_> {
        let refresh = Some(RefreshContext::new("/api/auth/web/refresh", Duration::from_secs(600)));
        TransportContext { relaxed, refresh, ..RECOMMENDED }
    }
    let second = |cookie: Cookie, relaxed: &[Relaxation]| {
        let cookie = built(cookie, &context(relaxed));
        let refresh = RefreshToken::new("r");
        let response = cookie.grant_refreshable(&AccessToken::new("t"), &RefreshGrant::new(&refresh, None));
        let values: Vec<_> =
            response.headers.get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap().to_owned()).collect();
        assert!(values.len() == 2 && values[1].contains(SECOND), "{values:?}");
        // Both are cleared, and the refresh token is read back.
        assert_eq!(cookie.clear().headers.get_all(SET_COOKIE).iter().count(), 2);
        let sent = HeaderMap::from_iter([(COOKIE, values[1].split(';').next().unwrap().parse().unwrap())]);
        assert_eq!(cookie.read_refresh(&sent).unwrap().secret(), "r");
        assert!(cookie.read(&sent).is_none());
        values[1].clone()
    };
    let rest = "-refresh=r; HttpOnly; Max-Age=600; Path=/api/auth/web/refresh; SameSite=strict; Secure";
    assert_eq!(second(Cookie::new(), &[]), format!("__Secure-fastapiusersauth{rest}"));
    assert_eq!(second(Cookie::new().cookie_name("__Host-sid"), &[]), format!("__Secure-sid{rest}"));
    assert_eq!(second(Cookie::new().cookie_name("sid"), &[]), format!("sid{rest}"));
    assert_eq!(second(Cookie::new(), &[Relaxation::PlainCookieNames]), format!("fastapiusersauth{rest}"));
    let domain = second(Cookie::new().domain("camelot.bt"), &[]);
    assert!(domain.starts_with("__Secure-fastapiusersauth-refresh=r; Domain=camelot.bt; HttpOnly"), "{domain}");
}
