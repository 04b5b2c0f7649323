//! The parts that OAuth routes need.

use std::sync::Arc;

use super::provider_tokens::{Refreshed, SharedRuns};
use crate::{
    domain::{BasePath, PublicUrl},
    port::{OAuthFlows, Transport},
};

/// The parts that all OAuth routes of a service share.
pub(crate) struct OAuthParts {
    pub(crate) flows: Arc<dyn OAuthFlows>,
    /// The cookie that binds flows to a browser.
    pub(crate) cookie: Arc<dyn Transport>,
    pub(crate) public_url: Option<PublicUrl>,
    /// The refreshes of providers' tokens that are running.
    pub(crate) refreshes: SharedRuns<Refreshed>,
}

impl OAuthParts {
    /// Returns the URL of a page of this service, built from the public URL and never from a header.
    ///
    /// `path` is a path at which a request arrived. A proxy may have removed the base path, or the path of the public URL.
    pub(crate) fn url_of(&self, base: &BasePath, path: &str) -> Option<String> {
        let public = self.public_url.as_ref()?;
        let path = base.restored(path);
        let origin = public.origin().as_str().to_owned();
        let prefix = public.as_str().strip_prefix(&origin).unwrap_or_default();
        let has_it = path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        Some(format!("{origin}{}{path}", if has_it { "" } else { prefix }))
    }
}
