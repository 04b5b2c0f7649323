//! The parameters of a query or of a form.

#[cfg(any(feature = "oauth", feature = "pages"))]
use axum::body::Body;
use http::Uri;
#[cfg(any(feature = "oauth", feature = "pages"))]
use http::request::Parts;

#[cfg(any(feature = "oauth", feature = "audit"))]
use super::Problem;
#[cfg(any(feature = "oauth", feature = "pages"))]
use super::body::{self, MediaType};
use super::{ApiError, Repeated, body::UNREADABLE, form::url_decoded};

/// The parameters of a request, decoded once. It has no `Debug`, since they may be secrets.
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
    #[cfg_attr(not(any(feature = "oauth", feature = "audit")), expect(dead_code, reason = "pages look at all pairs"))]
    repeated: Repeated,
}

impl Parameters {
    /// Reads the query of a URI.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] for text that is not UTF-8.
    pub(crate) fn of_query(uri: &Uri, repeated: Repeated) -> Result<Self, ApiError> {
        Self::parse(uri.query().unwrap_or_default().as_bytes(), repeated)
    }

    /// Reads a URL-encoded form. A body of another type has no parameters.
    ///
    /// # Errors
    /// [`ApiError::PayloadTooLarge`] beyond `limit` bytes, [`ApiError::BadRequest`] for text that is not UTF-8.
    #[cfg(any(feature = "oauth", feature = "pages"))]
    pub(crate) async fn of_form(parts: &Parts, body: Body, limit: usize, repeated: Repeated) -> Result<Self, ApiError> {
        let bytes = body::read(body, limit).await?;
        match MediaType::of(&parts.headers) {
            MediaType::UrlEncoded => Self::parse(&bytes, repeated),
            _ => Ok(Self { pairs: Vec::new(), repeated }),
        }
    }

    fn parse(bytes: &[u8], repeated: Repeated) -> Result<Self, ApiError> {
        let mut pairs = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            pairs.push((url_decoded(name)?, url_decoded(value)?));
        }
        if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(UNREADABLE);
        }
        Ok(Self { pairs, repeated })
    }

    /// Returns the value of a parameter. An empty one is treated as absent.
    ///
    /// # Errors
    /// [`ApiError::Validation`] if it occurs twice and the policy refuses that.
    #[cfg(any(feature = "oauth", feature = "audit"))]
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        let mut values = self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = match (values.next_back(), values.next_back()) {
            (Some(_), Some(_)) if self.repeated == Repeated::Refused => {
                return Err(Problem::in_query(name, "the parameter occurs more than once").into());
            }
            (last, _) => last,
        };
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// Returns the value of a parameter of a form that was read before: the last one, even if it is empty.
    #[cfg(feature = "pages")]
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns whether a parameter occurs more than once.
    #[cfg(feature = "pages")]
    pub(crate) fn has_repetition(&self) -> bool {
        self.pairs.iter().enumerate().any(|(at, (name, _))| self.pairs[..at].iter().any(|(other, _)| other == name))
    }

    /// Returns these parameters as a query.
    #[cfg(feature = "oauth")]
    pub(crate) fn to_query(&self, names: &[&str]) -> String {
        let named = self.pairs.iter().filter(|(known, _)| names.contains(&known.as_str()));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(named).finish()
    }

    /// Returns all values of a parameter that is a list.
    #[cfg(feature = "oauth")]
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str, repeated: Repeated) -> Result<Parameters, ApiError> {
        Parameters::of_query(&format!("/callback?{query}").parse().unwrap(), repeated)
    }

    #[test]
    fn parameters_are_decoded_once() {
        let read = parameters("code=a%2Bb+c&state=x%253D&empty=&scopes=a&scopes=b", Repeated::Refused).unwrap();
        assert_eq!(read.one("code"), Ok(Some("a+b c")));
        assert_eq!(read.one("state"), Ok(Some("x%3D")));
        assert_eq!((read.one("empty"), read.one("absent")), (Ok(None), Ok(None)));
        #[cfg(feature = "oauth")]
        assert_eq!(read.all("scopes"), ["a", "b"]);
    }

    #[test]
    fn a_repeated_parameter_is_refused_or_its_last_value_counts() {
        let twice = "code=a&code=b&co%64e=c";
        assert!(matches!(parameters(twice, Repeated::Refused).unwrap().one("code"), Err(ApiError::Validation(_))));
        assert_eq!(parameters(twice, Repeated::LastWins).unwrap().one("code"), Ok(Some("c")));
    }

    #[test]
    fn text_that_no_client_sends_is_refused() {
        for query in ["code=%ff", "code=%00", "%ff=1"] {
            assert_eq!(parameters(query, Repeated::Refused).map(drop), Err(UNREADABLE), "{query}");
        }
    }
}
