//! The fields of the application's struct in forms.

use super::app::{ARTHUR, App, control, says};

#[tokio::test]
async fn each_kind_of_field_has_its_control_its_label_and_its_rules() {
    let app = App::start().await;
    let page = app.visitor().get("/account/sign-up").await;
    says(&page, "<label for=\"field-full_name\">The name to greet you by</label>");
    says(&page, "<label for=\"field-motto\">Your motto <span class=\"optional\">(optional)</span></label>");
    says(&page, "<label for=\"field-age\">Age <span");
    says(&page, "<label for=\"field-newsletter\">Newsletter</label>");
    says(&page, "<p class=\"hint\" id=\"field-age-hint\">From 0 to 150.</p>");
    let page = page.text();
    for (id, parts) in [
        ("field-email", &["<input", "type=\"email\"", "autocomplete=\"username\"", " required"][..]),
        (
            "field-password",
            &[
                "type=\"password\"",
                "autocomplete=\"new-password\"",
                "minlength=\"8\"",
                "aria-describedby=\"field-password-hint\"",
            ],
        ),
        (
            "field-full_name",
            &[
                "<input",
                "type=\"text\"",
                "autocomplete=\"name\"",
                "minlength=\"2\"",
                "maxlength=\"20\"",
                "pattern=\"[^0-9]+\"",
                " required",
            ],
        ),
        ("field-motto", &["<textarea", "maxlength=\"500\""]),
        ("field-age", &["<input", "inputmode=\"numeric\"", "aria-describedby=\"field-age-hint\""]),
        ("field-newsletter", &["<input", "type=\"checkbox\"", "value=\"true\""]),
        ("field-left_handed", &["<select"]),
        ("field-rank", &["<select"]),
    ] {
        let control = control(&page, id);
        for part in parts {
            assert!(control.contains(part), "{part}: {control}");
        }
        assert_eq!(control.contains(" required"), parts.contains(&" required") || id == "field-password", "{control}");
    }
    for absent in ["horses", "seats", "note", "is_superuser", "is_active"] {
        assert!(!page.contains(&format!("name=\"{absent}\"")), "{absent}");
    }
    for option in ["<option value=\"squire\">Squire</option>", "<option value=\"true\">Yes</option>"] {
        assert!(page.contains(option), "{option}\n{page}");
    }
}

#[tokio::test]
async fn fields_are_known_to_password_managers() {
    let app = App::start().await;
    let mut arthur = app.member(ARTHUR).await;
    for (page, id, purpose) in [
        ("log-in", "field-username", "username"),
        ("log-in", "field-password", "current-password"),
        ("sign-up", "field-email", "username"),
        ("sign-up", "field-password", "new-password"),
        ("reset-password?token=x", "field-password", "new-password"),
        ("change-password", "field-current_password", "current-password"),
        ("change-password", "field-password", "new-password"),
        ("change-email", "field-email", "email"),
        ("forgot-password", "field-email", "username"),
    ] {
        let text = arthur.get(&format!("/account/{page}")).await.text();
        let control = control(&text, id);
        assert!(control.contains(&format!("autocomplete=\"{purpose}\"")), "{page}: {control}");
    }
}
