//! Pages in the language of their readers.

use axum_users::pages::Pages;

use super::app::{ARTHUR, App, OTHER, complains, says};
use crate::support::PASSWORD;

#[tokio::test]
async fn a_german_reader_gets_german_pages_and_errors() {
    let app = App::start().await;
    app.create(ARTHUR).await;
    let mut arthur = app.visitor().speaking("de-AT,de;q=0.9,en;q=0.5");
    let page = arthur.get("/account/log-in").await;
    says(&page, "<html lang=\"de\"");
    says(&page, "<h1>Anmelden</h1>");
    assert_eq!(page.header("content-language"), Some("de"));
    let wrong = arthur.submit("/account/log-in", &[("username", ARTHUR), ("password", OTHER)]).await;
    says(&wrong, "Die Adresse oder das Passwort ist falsch.");
    says(&wrong, "<title>Fehler: Anmelden – Ihr Konto</title>");
    arthur.log_in(ARTHUR, PASSWORD).await;
    for (password, sentence) in [
        ("short", "Dieses Passwort kann nicht verwendet werden: Es braucht mindestens 8 Zeichen."),
        (
            "arthur12",
            "Dieses Passwort kann nicht verwendet werden: Es ist Ihrer E-Mail-Adresse oder dem Namen dieses Dienstes zu ähnlich.",
        ),
    ] {
        let refused = arthur.submit("/account/change-password", &[("password", password)]).await;
        says(&refused, sentence);
    }
    let wrong = [("current_password", "wrong"), ("password", OTHER)];
    says(&arthur.submit("/account/change-password", &wrong).await, "Das bisherige Passwort ist falsch.");
    for page in [
        "profile",
        "sessions",
        "change-email",
        "change-password",
        "check-mail",
        "sign-up",
        "forgot-password",
        "verify",
        "nothing",
    ] {
        let text = arthur.get(&format!("/account/{page}")).await.text();
        for english in ["Your", "your", "Please", "the ", "Log ", "password"] {
            let shown: String =
                text.split('<').filter_map(|part| part.split_once('>')).map(|(_, shown)| shown).collect();
            // The labels of custom fields are the documentation of the struct.
            let shown = shown
                .replace("The name to greet you by", "")
                .replace("Your motto", "")
                .replace("Granted by the king", "");
            assert!(!shown.contains(english), "{page}: {english}\n{shown}");
        }
    }
}

#[tokio::test]
async fn an_application_replaces_texts_and_adds_a_language() {
    let pages = Pages::new("cookie")
        .site_name("Camelot <3")
        .texts("en", "log-in-button = Enter\nfield-full_name = What do we call you?\nfield-rank-knight = Knight of the round table")
        .unwrap()
        .texts("fr", "log-in-title = Connexion\nproblem-missing = Remplissez ce champ.")
        .unwrap();
    let app = App::with(pages, |builder| builder).await;
    let page = app.visitor().get("/account/log-in").await;
    says(&page, "<button>Enter</button>");
    says(&page, "<title>Log in – Camelot &#60;3</title>");
    let page = app.visitor().get("/account/sign-up").await;
    says(&page, "What do we call you?");
    says(&page, "Knight of the round table");
    let mut french = app.visitor().speaking("fr");
    let page = french.get("/account/log-in").await;
    says(&page, "<html lang=\"fr\"");
    says(&page, "<h1>Connexion</h1>");
    says(&page, "Forgot your password?");
    let refused = french.submit("/account/log-in", &[]).await;
    complains(&refused, 422, "username", "Remplissez ce champ.");
    for (language, texts) in [("no language!", "a = b"), ("en", "= nothing"), ("en", "a b c")] {
        assert!(Pages::new("cookie").texts(language, texts).is_err(), "{language} {texts}");
    }
}
