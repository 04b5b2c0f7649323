//! The fields of forms.

use super::{
    custom::CustomInput,
    messages::Argument,
    page::{Control, FormField},
    visit::Visit,
};
use crate::{
    domain::EmailRules,
    user::{AuthUser, SchemaKind},
};

/// Makes the fields of the forms on a page.
pub(super) struct Fields<'a, U: AuthUser>(pub(super) &'a Visit<U>);

impl<U: AuthUser> Fields<'_, U> {
    /// Returns a field for an address. `label` is the name of its text.
    pub(super) fn email(&self, name: &'static str, label: &str, autocomplete: &str) -> FormField {
        // HTML's type `email` does not support internationalized addresses.
        let is_ascii = self.0.users.policy().email_rules() == EmailRules::Ascii;
        let kind = if is_ascii && name == "email" { "email" } else { "text" };
        FormField {
            value: self.0.sent(name).to_owned(),
            attributes: vec![
                ("type", kind.to_owned()),
                ("inputmode", "email".to_owned()),
                ("autocomplete", autocomplete.to_owned()),
                ("autocapitalize", "none".to_owned()),
                ("spellcheck", "false".to_owned()),
                ("maxlength", "320".to_owned()),
            ],
            ..self.required(name, label)
        }
    }

    /// Returns the field of the name of a passkey. `label` is the name of its text.
    #[cfg(feature = "passkeys")]
    pub(super) fn passkey_name(&self, label: &str, value: String, required: bool) -> FormField {
        let longest = crate::domain::NewPasskey::MAX_NAME.to_string();
        let attributes = vec![("type", "text".to_owned()), ("autocomplete", "off".to_owned()), ("maxlength", longest)];
        FormField { value, attributes, required, ..self.required("name", label) }
    }

    /// Returns the field of the password at a login.
    pub(super) fn password(&self) -> FormField {
        self.secret("password", "field-password", "current-password")
    }

    /// Returns the field of a new password.
    pub(super) fn new_password(&self, label: &str) -> FormField {
        let policy = self.0.users.policy().password_policy();
        let least = u64::try_from(policy.least()).unwrap_or(u64::MAX);
        let mut field = self.secret("password", label, "new-password");
        field.hint = Some(self.0.text_with("hint-password", &[("least", Argument::Number(least))]));
        if least > 0 {
            field.attributes.push(("minlength", least.to_string()));
        }
        field
    }

    /// Returns the field of the current password, which a recent login can replace.
    pub(super) fn current_password(&self, required: bool) -> FormField {
        let field = self.secret("current_password", "field-current_password", "current-password");
        FormField { hint: (!required).then(|| self.0.text("hint-current_password")), required, ..field }
    }

    /// Returns the field of a code of a second factor. Where a recovery code is also accepted, the field is not numeric.
    #[cfg_attr(not(feature = "totp"), allow(dead_code, reason = "no user has a second factor"))]
    pub(super) fn code(&self, name: &'static str, or_recovery_code: bool) -> FormField {
        let (label, mode) =
            if or_recovery_code { ("field-code-or-recovery", "text") } else { ("field-code", "numeric") };
        FormField {
            attributes: vec![
                ("type", "text".to_owned()),
                ("inputmode", mode.to_owned()),
                ("autocomplete", "one-time-code".to_owned()),
                ("autocapitalize", "none".to_owned()),
                ("spellcheck", "false".to_owned()),
                ("maxlength", "64".to_owned()),
            ],
            ..self.required(name, label)
        }
    }

    /// Returns the checkbox for remembering a device.
    #[cfg(feature = "totp")]
    pub(super) fn remember_device(&self) -> FormField {
        FormField {
            control: Control::Checkbox,
            required: false,
            ..self.required("remember_device", "field-remember-device")
        }
    }

    fn secret(&self, name: &'static str, label: &str, autocomplete: &str) -> FormField {
        let attributes = vec![("type", "password".to_owned()), ("autocomplete", autocomplete.to_owned())];
        FormField { attributes, ..self.required(name, label) }
    }

    fn required(&self, name: &'static str, label: &str) -> FormField {
        FormField {
            id: id_of(name),
            name,
            label: self.0.text(label),
            hint: None,
            error: None,
            value: String::new(),
            control: Control::Line,
            required: true,
            attributes: Vec::new(),
        }
    }

    /// Returns the custom fields of a schema. `value` returns the value of a field.
    pub(super) fn custom(&self, schema: SchemaKind, value: impl Fn(&CustomInput) -> String) -> Vec<FormField> {
        let inputs = CustomInput::all::<U>(schema).into_iter();
        inputs.map(|input| input.form_field(self.0, value(&input))).collect()
    }
}

/// Returns the HTML id of a field. The prefix distinguishes it from other ids of the page.
pub(super) fn id_of(name: &str) -> String {
    format!("field-{name}")
}
