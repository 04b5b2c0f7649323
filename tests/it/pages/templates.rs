//! Templates of the application.

use axum_users::{
    mail::escape_html,
    pages::{Page, PageKind, PageTemplates, Pages},
};

use super::app::{App, says};

struct Camelot;

impl PageTemplates for Camelot {
    fn layout(&self, page: &Page, content: &str) -> String {
        format!("<!doctype html><title>{}</title><body class=castle>{content}", escape_html(&page.document_title))
    }

    fn content(&self, page: &Page) -> String {
        match page.kind {
            PageKind::LogIn => format!("<h1>The gate</h1>{}", page.blocks.len()),
            _ => page.default_content(),
        }
    }
}

#[tokio::test]
async fn an_application_replaces_the_layout_and_one_page() {
    let app = App::with(Pages::new("cookie").templates(Camelot), |builder| builder).await;
    let mut visitor = app.visitor();
    let gate = visitor.get("/account/log-in").await;
    says(&gate, "<body class=castle><h1>The gate</h1>");
    assert!(!gate.text().contains("<form"));
    let other = visitor.get("/account/sign-up").await;
    says(&other, "<body class=castle>");
    says(&other, "name=\"full_name\"");
    let nothing = visitor.get("/account/nothing").await;
    assert_eq!(nothing.status, 404);
    says(&nothing, "<body class=castle>");
}

#[tokio::test]
async fn an_application_adds_a_style_sheet_after_that_of_the_pages() {
    let app = App::with(Pages::new("cookie").style_sheet("/brand.css"), |builder| builder).await;
    let page = app.visitor().get("/account/log-in").await.text();
    let (own, brand) = (page.find("href=\"pages.css\"").unwrap(), page.find("href=\"/brand.css\"").unwrap());
    assert!(own < brand);
    let sheet = app.visitor().get("/account/pages.css").await;
    assert_eq!(sheet.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(sheet.header("cache-control"), Some("private, max-age=3600"));
    assert!(sheet.text().contains("prefers-color-scheme: dark") && !sheet.text().contains("url("));
}
