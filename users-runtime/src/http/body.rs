//! The bytes of a body and what they claim to be.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::{
    HeaderMap,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

use super::ApiError;

/// What FastAPI says about a body that it cannot read.
pub(super) const UNREADABLE: ApiError = ApiError::BadRequest("There was an error parsing the body");

/// Reads a whole body of at most `limit` bytes. A larger one is refused before it is read if it says its length, else
/// at the first byte too many.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(ApiError::PayloadTooLarge);
    }
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::with_capacity(announced.map_or(0, |length| usize::try_from(length).unwrap_or(0)));
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| UNREADABLE)?;
        if chunk.len() > limit - bytes.len() {
            return Err(ApiError::PayloadTooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

/// What a body claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json` or `application/*+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// `multipart/form-data`.
    Multipart,
    /// Anything else, nothing, or two claims at once, which are refused and not guessed.
    Other,
}

impl MediaType {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut claims = headers.get_all(CONTENT_TYPE).iter();
        let (Some(claim), None) = (claims.next(), claims.next()) else {
            return Self::Other;
        };
        let Ok(claim) = claim.to_str() else {
            return Self::Other;
        };
        let essence = claim.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
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

    fn headers(claims: &[&'static str]) -> HeaderMap {
        claims.iter().map(|claim| (CONTENT_TYPE, HeaderValue::from_static(claim))).collect()
    }

    #[test]
    fn the_claim_is_read_without_case_and_parameters_and_two_claims_count_as_none() {
        for (claims, media) in [
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
            assert_eq!(MediaType::of(&headers(&claims)), media, "{claims:?}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_with_and_without_a_length() {
        let chunks = |count: usize| {
            let chunks = vec![Ok::<_, std::convert::Infallible>(Bytes::from_static(b"1234")); count];
            Body::from_stream(futures_util::stream::iter(chunks))
        };
        let silent = HeaderMap::new();
        assert_eq!(read(&silent, chunks(2), 8).await.unwrap().len(), 8);
        assert_eq!(read(&silent, chunks(3), 8).await, Err(ApiError::PayloadTooLarge));
        for length in ["9", "18446744073709551615"] {
            let announced = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from_static(length))]);
            assert_eq!(read(&announced, Body::empty(), 8).await, Err(ApiError::PayloadTooLarge));
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_unreadable() {
        let broken = Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]));
        assert_eq!(read(&HeaderMap::new(), broken, 8).await, Err(UNREADABLE));
    }
}
