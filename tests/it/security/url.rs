//! Links are made from the configured public URL.

use std::sync::Arc;

use axum_users::{
    Mailer, VerifyToken,
    mail::{LinkKind, MemoryMails},
};

#[test]
fn other_schemes_refused_at_build() {
    let mails = Arc::new(MemoryMails::new());
    for url in [
        "http://camelot.bt",
        "ftp://camelot.bt",
        "javascript:alert(1)",
        "//camelot.bt",
        "camelot.bt",
        "",
        "https://camelot.bt/?next=https://evil.example",
        "https://arthur:secret@camelot.bt",
        "https://camelot.bt/#/",
    ] {
        assert!(Mailer::new(mails.clone(), url).is_err(), "{url}");
    }
    for url in ["https://camelot.bt", "https://camelot.bt:8443/castle/", "http://127.0.0.1:8000", "http://localhost"] {
        assert!(Mailer::new(mails.clone(), url).is_ok(), "{url}");
    }
}

#[tokio::test]
async fn parts_are_encoded() {
    let mails = MemoryMails::new();
    let mailer = Mailer::new(Arc::new(mails.clone()), "https://camelot.bt/castle/").unwrap();
    let mailer = mailer.link(LinkKind::Verify, "/gate%20one/?next=//evil.example#token={token}").unwrap();
    let token = VerifyToken::new("a&b=c#d e\r\n<\"");
    mailer.send_verification("arthur@camelot.bt", &token).await.unwrap();
    let mail = mails.all().remove(0);
    let link = mail.text.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
    let (page, fragment) = link.split_once('#').unwrap();
    assert_eq!(page, "https://camelot.bt/castle/gate%20one/?next=//evil.example");
    assert!(!fragment.contains(['#', ' ', '<', '"']), "{link}");
    assert_eq!(MemoryMails::token(&mail).as_deref(), Some(token.secret()));
}
