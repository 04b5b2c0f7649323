//! The settings of the pages.

use std::{fmt, sync::Arc};

use super::{
    messages::Messages,
    next,
    templates::{PageTemplates, Standard},
};
use crate::domain::{Error, Result, Setting};
#[cfg(feature = "oauth")]
use crate::service::OAuthProvider;

/// The ready pages: their backend, their texts and their templates.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::pages::Pages;
///
/// # fn main() -> axum_users::Result<()> {
/// let pages = Pages::new("cookie")
///     .site_name("Camelot")
///     .style_sheet("/brand.css")
///     .after_log_in("/orders")?
///     .texts("en", "log-in-button = Enter")?;
/// # drop(pages);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Pages {
    pub(super) backend: String,
    pub(super) site_name: Option<String>,
    pub(super) style_sheets: Vec<String>,
    pub(super) after_log_in: String,
    pub(super) has_sign_up: bool,
    pub(super) messages: Messages,
    pub(super) templates: Arc<dyn PageTemplates>,
    #[cfg(feature = "oauth")]
    pub(super) providers: Vec<OAuthProvider>,
}

impl Pages {
    /// Creates pages whose sessions are those of the backend with this name, which must be one with a cookie.
    pub fn new(backend: impl Into<String>) -> Self {
        Self {
            backend: backend.into(),
            site_name: None,
            style_sheets: Vec::new(),
            after_log_in: "profile".to_owned(),
            has_sign_up: true,
            messages: Messages::built_in(),
            templates: Arc::new(Standard),
            #[cfg(feature = "oauth")]
            providers: Vec::new(),
        }
    }

    /// Sets the name of the site. Default: "Your account", or the text `site-name`.
    pub fn site_name(self, name: impl Into<String>) -> Self {
        Self { site_name: Some(name.into()), ..self }
    }

    /// Adds a style sheet of the application after that of the pages. Its URL must be on the same origin, which the
    /// Content-Security-Policy enforces. Colors and fonts are custom properties; see the guide.
    pub fn style_sheet(mut self, url: impl Into<String>) -> Self {
        self.style_sheets.push(url.into());
        self
    }

    /// Sets the path to which a login leads, unless the user was on the way to another page. Default: the profile.
    ///
    /// # Errors
    /// [`Error::Config`] unless it is a path of this origin, such as `/orders`.
    pub fn after_log_in(self, path: &str) -> Result<Self> {
        match next::same_origin(path) {
            Some(path) => Ok(Self { after_log_in: path.to_owned(), ..self }),
            None => {
                Err(Error::setting(Setting::Pages, format!("`{path}` is not a path of this origin, such as `/orders`")))
            }
        }
    }

    /// Omits the page to create an account, and the links to it.
    pub fn without_sign_up(self) -> Self {
        Self { has_sign_up: false, ..self }
    }

    /// Replaces texts of a language, or adds a language. `texts` is a resource in
    /// [Fluent](https://projectfluent.org/fluent/guide/); the built-in ones are `en.ftl` and `de.ftl` in the source of
    /// this module. Texts that a language lacks are shown in English.
    ///
    /// # Errors
    /// [`Error::Config`] if `language` is not a language tag or `texts` is not valid.
    pub fn texts(mut self, language: &str, texts: &str) -> Result<Self> {
        self.messages.add(language, texts)?;
        Ok(self)
    }

    /// Replaces templates. Default: those of this library.
    pub fn templates(self, templates: impl PageTemplates) -> Self {
        Self { templates: Arc::new(templates), ..self }
    }

    /// Adds logins with an OAuth provider, and the page of linked accounts. The callback URLs to register at the provider
    /// are `{pages}/oauth/{provider}/callback` and `{pages}/link/{provider}/callback`.
    #[cfg(feature = "oauth")]
    pub fn provider(mut self, provider: &OAuthProvider) -> Self {
        self.providers.push(provider.clone());
        self
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("backend", &self.backend)
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}
