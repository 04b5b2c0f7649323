//! The rules of browsers for a cookie, checked when the service is built.

use super::{Attribute, Cookie, HOST_PREFIX, MAX_BYTES, header, starts_with};
use crate::{
    domain::{Error, PublicUrl, Result, Setting},
    port::TransportContext,
};

impl Cookie {
    pub(super) fn check(&self, context: &TransportContext<'_>) -> Result<()> {
        if self.name.is_empty() || !self.name.bytes().all(header::is_name) {
            return Err(Error::setting(Setting::Cookie, format!("`{}` is not a valid cookie name", self.name)));
        }
        if starts_with(&self.name, HOST_PREFIX) && (self.path != "/" || self.domain.is_some()) {
            return Err(Error::setting(
                Setting::Cookie,
                "browsers refuse a cookie named `__Host-…` unless its path is `/` and it has no domain",
            ));
        }
        if !self.path.starts_with('/') || !self.path.bytes().all(header::is_attribute) {
            return Err(Error::setting(
                Setting::Cookie,
                "the path of a cookie must start with `/` and contain no `;`, space or control character",
            ));
        }
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if self
            .domain
            .as_ref()
            .is_some_and(|domain| domain.is_empty() || domain.starts_with('.') || !domain.bytes().all(is_host))
        {
            return Err(Error::setting(
                Setting::Cookie,
                "the domain of a cookie must be a host name without a leading dot",
            ));
        }
        if self.max_age.is_some_and(|max_age| max_age.as_secs() == 0) {
            return Err(Error::setting(Setting::Cookie, "the max_age of a cookie must be at least one second"));
        }
        if self.is_insecure && !is_on_loopback(context) {
            return Err(Error::setting(
                Setting::Cookie,
                "insecure_for_localhost() needs .public_url(\"http://localhost:PORT\"): elsewhere the session would be sent unencrypted",
            ));
        }
        if !self.is_secure {
            self.check_insecure()?;
        }
        match context.largest_token {
            Some(token) if self.name.len() + token > MAX_BYTES => Err(Error::setting(
                Setting::Cookie,
                format!(
                    "a token of up to {token} bytes with the name `{}` exceeds the {MAX_BYTES} bytes that browsers accept: shorten \
                 the name or the audiences",
                    self.name
                ),
            )),
            _ => Ok(()),
        }
    }

    fn check_insecure(&self) -> Result<()> {
        if Self::has_prefix(&self.name) || self.same_site == Attribute::None {
            return Err(Error::setting(
                Setting::Cookie,
                "browsers refuse a cookie without Secure that is named `__Host-…` or `__Secure-…` or has SameSite=None",
            ));
        }
        Ok(())
    }
}

fn is_on_loopback(context: &TransportContext<'_>) -> bool {
    context.public_url.is_some_and(PublicUrl::is_http_on_loopback)
}
