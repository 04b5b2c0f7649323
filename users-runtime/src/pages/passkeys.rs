//! Login with a passkey, and the page of the user's own passkeys.

use axum::response::Response;
use http::Method;
use serde_json::{Value, json};

use super::{
    custom::text_of,
    flow_response::json_of,
    log_in, next,
    page::{Block, Form, Item, Page, PageKind, PasskeyCall, Weight},
    sessions::time,
    visit::Visit,
};
use crate::{
    domain::NewPasskey,
    flows::passkeys::{
        add_passkey, passkey_login, passkeys, remove_passkey, rename_passkey, start_passkey, start_passkey_login,
    },
    http::{ApiError, IdText},
    user::AuthUser,
};

/// The script that calls the authenticator.
pub(super) const SCRIPT: &str = include_str!("passkeys.js");

impl<U: AuthUser> Visit<U> {
    /// Lets one of the forms of a page call the authenticator.
    fn with_passkey(&self, page: &mut Page, mut form: Form, started: &Value, kind: &str, autofill: bool) {
        form.hidden.push(("state", text_of(&started["state"])));
        form.hidden.push(("credential", String::new()));
        form.passkey = Some(PasskeyCall {
            json: json!({ "kind": kind, "options": started["options"] }).to_string(),
            autofill,
            failed: self.text("passkey-failed"),
        });
        let script = format!("{}passkeys.js", page.root);
        if !page.scripts.contains(&script) {
            page.scripts.push(script);
        }
        page.blocks.push(Block::Form(form));
    }

    /// Adds the button that logs in or re-authenticates with a passkey. `autofill` also offers passkeys in the field of
    /// the address.
    pub(super) async fn offer_passkey(&self, page: &mut Page, action: &str, autofill: bool) {
        if !self.users.has_passkeys() {
            return;
        }
        let started =
            async { json_of(start_passkey_login(self.handle(), self.backend(), self.bare(Method::POST)).await?).await };
        // Without it the page still has the password.
        let Ok(started) = started.await else { return };
        let mut form = self.new_form(action, "passkey-button");
        form.weight = Weight::Minor;
        let next = self.form.text("next").or_else(|| self.query.text("next")).and_then(next::same_origin);
        form.hidden.extend(next.map(|next| ("next", next.to_owned())));
        self.with_passkey(page, form, &started, "get", autofill);
    }

    /// Returns the passkey that a form has sent, as the flows read it.
    pub(super) fn sent_passkey(&self) -> Value {
        let credential = serde_json::from_str(self.sent("credential")).unwrap_or(Value::Null);
        json!({ "state": self.sent("state"), "credential": credential })
    }
}

/// Handles `POST /log-in-with-passkey`.
pub(super) async fn submit_log_in<U: AuthUser>(visit: Visit<U>) -> Response {
    let request = visit.json(Method::POST, &visit.sent_passkey());
    match passkey_login(visit.handle(), visit.backend(), request).await {
        Ok(response) => {
            let next = next::same_origin(visit.sent("next")).unwrap_or(&visit.site.pages.after_log_in);
            visit.go_with(next, response.headers())
        }
        Err(error) => visit.refuse(log_in::page(&visit).await, of_form(error)),
    }
}

/// Returns the refusal of a form that the script has filled in: the reader cannot correct its fields.
fn of_form(error: ApiError) -> ApiError {
    match error {
        ApiError::Validation(_) => ApiError::Code(crate::account::PASSKEY_BAD_CREDENTIAL.code),
        other => other,
    }
}

/// Handles `GET /passkeys`.
pub(super) async fn passkeys_page<U: AuthUser>(visit: Visit<U>) -> Response {
    match list(&visit).await {
        Ok(page) => visit.show(&page),
        Err(error) => visit.refuse(visit.page(PageKind::Passkeys), error),
    }
}

/// Handles `POST /passkeys`.
pub(super) async fn submit_add<U: AuthUser>(visit: Visit<U>) -> Response {
    let mut body = visit.sent_passkey();
    if let Some(name) = visit.given("name") {
        body["name"] = name.into();
    }
    match add_passkey(visit.handle(), visit.json(Method::POST, &body)).await {
        Ok(_) => visit.go("passkeys?notice=passkey-added"),
        Err(ApiError::Validation(problems)) if visit.sent("name").chars().count() > NewPasskey::MAX_NAME => {
            refuse(&visit, ApiError::Validation(problems)).await
        }
        Err(error) => refuse(&visit, of_form(error)).await,
    }
}

/// Handles `POST /rename-passkey`.
pub(super) async fn submit_rename<U: AuthUser>(visit: Visit<U>) -> Response {
    let body = json!({ "name": visit.sent("name") });
    let id = IdText(visit.given("id").map(str::to_owned));
    match rename_passkey(visit.handle(), id, visit.json(Method::PATCH, &body)).await {
        Ok(_) => visit.go("passkeys?notice=saved"),
        Err(error) => refuse(&visit, error).await,
    }
}

/// Handles `POST /remove-passkey`.
pub(super) async fn submit_remove<U: AuthUser>(visit: Visit<U>) -> Response {
    let id = IdText(visit.given("id").map(str::to_owned));
    match remove_passkey(visit.handle(), id, visit.bare(Method::DELETE)).await {
        // A passkey that was already removed is not an error.
        Ok(_) | Err(ApiError::NotFound) => visit.go("passkeys?notice=passkey-removed"),
        Err(error) => refuse(&visit, error).await,
    }
}

async fn refuse<U: AuthUser>(visit: &Visit<U>, error: ApiError) -> Response {
    let page = list(visit).await.unwrap_or_else(|_| visit.page(PageKind::Passkeys));
    visit.refuse(page, error)
}

async fn list<U: AuthUser>(visit: &Visit<U>) -> Result<Page, ApiError> {
    let listed = json_of(passkeys(visit.handle(), visit.bare(Method::GET)).await?).await?;
    let items: Vec<Item> = listed.as_array().into_iter().flatten().map(|passkey| item(visit, passkey)).collect();
    let mut page = visit.own_page(PageKind::Passkeys);
    page.blocks.push(Block::Text(visit.text(if items.is_empty() { "passkeys-none" } else { "passkeys-intro" })));
    if !items.is_empty() {
        page.blocks.push(Block::Items(items));
    }
    match start_passkey(visit.handle(), visit.bare(Method::POST)).await {
        Ok(started) => {
            page.blocks.push(Block::Heading(visit.text("passkeys-add")));
            page.blocks.push(Block::Text(visit.text("passkeys-add-intro")));
            let mut form = visit.new_form(PageKind::Passkeys.name(), "passkeys-add-button");
            form.fields = vec![visit.fields().passkey_name("field-passkey-name", String::new(), false)];
            visit.with_passkey(&mut page, form, &json_of(started).await?, "create", false);
        }
        // Adding a passkey needs a recent login; the list does not.
        Err(ApiError::Reauthenticate { .. }) => {
            let link = visit.link("passkeys-add-after-proof", "reauthenticate?next=passkeys");
            page.blocks.push(Block::Links(vec![link]));
        }
        // The maximum number of passkeys is reached.
        Err(ApiError::Code(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(page)
}

fn item<U: AuthUser>(visit: &Visit<U>, passkey: &Value) -> Item {
    let (id, name) = (text_of(&passkey["id"]), text_of(&passkey["name"]));
    let details =
        [("passkeys-created", time(&passkey["created_at"])), ("passkeys-last-used", time(&passkey["last_used_at"]))];
    let details = details.into_iter().filter(|(_, text)| !text.is_empty());
    let form = |action, button| {
        let mut form = visit.new_form(action, button);
        form.hidden.push(("id", id.clone()));
        form.button_detail = Some(visit.text_with("passkeys-detail", &[("name", name.as_str().into())]));
        form.weight = Weight::Minor;
        form
    };
    let mut rename = form("rename-passkey", "passkeys-rename");
    let mut field = visit.fields().passkey_name("field-passkey-new-name", name.clone(), true);
    // There is one such field for each passkey.
    field.id = format!("{}-{id}", field.id);
    rename.fields = vec![field];
    Item {
        title: name.clone(),
        details: details.map(|(name, text)| (visit.text(name), text)).collect(),
        form: Some(rename),
        more_forms: vec![form("remove-passkey", "passkeys-remove")],
    }
}
