//! Reads the bytes of a request body and its media type.

use axum::body::{Body, Bytes, HttpBody};
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::ApiError;

/// FastAPI's message for a body that it cannot read.
pub(super) const UNREADABLE: ApiError = ApiError::BadRequest("There was an error parsing the body");

/// Reads a whole body of at most `limit` bytes. A larger one is refused before it is read if the request states its
/// length, and otherwise at the first byte beyond the limit.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    if usize::try_from(body.size_hint().lower()).map_or(true, |length| length > limit) {
        return Err(ApiError::PayloadTooLarge);
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::PayloadTooLarge),
        Err(_) => Err(UNREADABLE),
    }
}

/// The media type that a request states for its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json` or `application/*+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// `multipart/form-data`.
    Multipart,
    /// Another type, none, or two `Content-Type` headers, of which neither is trusted.
    Other,
}

impl MediaType {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(CONTENT_TYPE).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Self::Other;
        };
        let Ok(value) = value.to_str() else {
            return Self::Other;
        };
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.split_once('/') {
            Some(("application", subtype)) if subtype == "json" || subtype.ends_with("+json") => Self::Json,
            Some(("application", "x-www-form-urlencoded")) => Self::UrlEncoded,
            Some(("multipart", "form-data")) => Self::Multipart,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (CONTENT_TYPE, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_media_type_is_read_regardless_of_case_and_parameters_and_two_count_as_none() {
        for (values, media) in [
            (vec!["application/json"], MediaType::Json),
            (vec!["Application/JSON; charset=utf-8"], MediaType::Json),
            (vec!["application/merge-patch+json"], MediaType::Json),
            (vec!["application/x-www-form-urlencoded"], MediaType::UrlEncoded),
            (vec!["multipart/form-data; boundary=x"], MediaType::Multipart),
            (vec!["text/json"], MediaType::Other),
            (vec!["text/plain"], MediaType::Other),
            (vec!["application/jsonp"], MediaType::Other),
            (vec!["json"], MediaType::Other),
            (vec![""], MediaType::Other),
            (vec![], MediaType::Other),
            (vec!["application/json", "text/plain"], MediaType::Other),
        ] {
            assert_eq!(MediaType::of(&headers(&values)), media, "{values:?}");
        }
    }

    fn chunks(count: usize) -> Body {
        let chunks = vec![Ok::<_, std::convert::Infallible>(Bytes::from_static(b"1234")); count];
        Body::from_stream(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_with_and_without_a_length() {
        assert_eq!(read(chunks(2), 8).await.unwrap().len(), 8);
        assert_eq!(read(chunks(3), 8).await, Err(ApiError::PayloadTooLarge));
        assert_eq!(read(Body::from("12345678"), 8).await.unwrap().len(), 8);
        assert_eq!(read(Body::from("123456789"), 8).await, Err(ApiError::PayloadTooLarge));
    }

    /// A body with a stated length that panics when it is read.
    struct Announced(u64);

    impl HttpBody for Announced {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            panic!("the body was read")
        }

        fn size_hint(&self) -> hyper::body::SizeHint {
            hyper::body::SizeHint::with_exact(self.0)
        }
    }

    #[tokio::test]
    async fn a_stated_length_beyond_the_limit_is_refused_before_the_body_is_read() {
        for length in [9, u64::MAX] {
            assert_eq!(read(Body::new(Announced(length)), 8).await, Err(ApiError::PayloadTooLarge));
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_unreadable() {
        let broken = Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]));
        assert_eq!(read(broken, 8).await, Err(UNREADABLE));
    }
}
