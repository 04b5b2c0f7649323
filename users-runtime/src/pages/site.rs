//! The pages of one router, and the parts that all pages share.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};

use super::{
    messages::LanguageIndex,
    page::{Labels, Page, PageKind},
    settings::Pages,
};
use crate::domain::Timestamp;

/// The pages of one router.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) pages: Pages,
    /// The index of the backend.
    pub(super) backend: usize,
}

impl Site {
    pub(super) fn text(&self, language: LanguageIndex, name: &str) -> String {
        self.pages.messages.text(language, name, &[])
    }

    /// Returns a page without content. `root` leads from its URL to the first level of the pages.
    pub(super) fn page(&self, kind: PageKind, language: LanguageIndex, root: String) -> Page {
        let text = |name: &str| self.text(language, name);
        let site_name = self.pages.site_name.clone().unwrap_or_else(|| text("site-name"));
        let title = text(&format!("{}-title", kind.name()));
        let own_sheet = format!("{root}pages.css");
        Page {
            kind,
            language: self.pages.messages.tag(language),
            direction: text("direction"),
            document_title: format!("{title} – {site_name}"),
            site_name,
            title,
            style_sheets: [own_sheet].into_iter().chain(self.pages.style_sheets.iter().cloned()).collect(),
            root,
            scripts: Vec::new(),
            navigation: Vec::new(),
            log_out: None,
            notice: None,
            errors: Vec::new(),
            blocks: Vec::new(),
            labels: Labels {
                skip_to_content: text("skip-to-content"),
                navigation: text("navigation"),
                error_summary: text("error-summary"),
                optional: text("optional"),
            },
        }
    }

    /// Responds with a page.
    pub(super) fn show(&self, status: StatusCode, page: &Page) -> Response {
        let templates = &self.pages.templates;
        let html = templates.layout(page, &templates.content(page));
        let mut response = (status, html).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response
    }
}

/// Formats a time so that readers of every language understand it.
pub(super) fn shown_time(time: Timestamp) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Returns the relative path from a page with this path to the first level of the pages.
pub(super) fn root_of(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_below_the_first_level_lead_back_to_it() {
        for (path, root) in [("/log-in", ""), ("/", ""), ("/oauth/google/callback", "../../"), ("/log-in/", "../")] {
            assert_eq!(root_of(path), root, "{path}");
        }
    }
}
