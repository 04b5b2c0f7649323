//! How pages become HTML, which the application can replace.

use askama::Template;

use super::page::{Block, Control, Page, Weight};

/// The HTML of the pages. Every method has a default, so an application overrides only the methods that it wants to
/// change, with any template engine.
///
/// ```
/// # use users_runtime as axum_users;
/// use axum_users::{mail::escape_html, pages::{Page, PageKind, PageTemplates}};
///
/// struct Camelot;
///
/// impl PageTemplates for Camelot {
///     fn content(&self, page: &Page) -> String {
///         let mut html = page.default_content();
///         if page.kind == PageKind::LogIn {
///             html.push_str("<p>Ask the <a href=\"/merlin\">wizard</a> for an account.</p>");
///         }
///         html
///     }
///
///     fn layout(&self, page: &Page, content: &str) -> String {
///         let (title, sheet) = (escape_html(&page.document_title), escape_html(&page.style_sheets[0]));
///         let language = escape_html(&page.language);
///         format!(
///             "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\"><title>{title}</title>\
///              <link rel=\"stylesheet\" href=\"{sheet}\"><main>{content}</main></html>"
///         )
///     }
/// }
/// ```
///
/// # Security
/// The values in a [`Page`] are plain text, and users choose some of them: escape them. The Content-Security-Policy of
/// the pages allows only styles, scripts and pictures of this origin, and nothing inline.
pub trait PageTemplates: Send + Sync + 'static {
    /// Returns the document around the content. `content` is HTML.
    fn layout(&self, page: &Page, content: &str) -> String {
        page.default_layout(content)
    }

    /// Returns the HTML inside the element `main`. [`Page::kind`] says which page it is.
    fn content(&self, page: &Page) -> String {
        page.default_content()
    }
}

/// The templates of this library.
pub(super) struct Standard;

impl PageTemplates for Standard {}

#[derive(Template)]
#[template(path = "layout.html")]
struct Layout<'a> {
    page: &'a Page,
    content: &'a str,
}

#[derive(Template)]
#[template(path = "content.html")]
struct Content<'a> {
    page: &'a Page,
}

impl Page {
    /// Returns the default document for a page with this content, which is HTML.
    #[must_use]
    pub fn default_layout(&self, content: &str) -> String {
        rendered(&Layout { page: self, content })
    }

    /// Returns the default content of a page.
    #[must_use]
    pub fn default_content(&self) -> String {
        rendered(&Content { page: self })
    }
}

/// Renders a template. It writes to a string, which cannot fail.
fn rendered(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}
