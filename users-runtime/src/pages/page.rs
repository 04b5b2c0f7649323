//! The content of a page as data, which templates turn into HTML.

use crate::domain::LinkKind;

/// Which page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageKind {
    /// Log in.
    LogIn,
    /// Request a mail with a link or a code to log in.
    LogInByMail,
    /// Log in with a mailed code.
    EmailCode,
    /// Log in with the token of a mailed link.
    MagicLink,
    /// Open an invited account with a mailed token.
    AcceptInvitation,
    /// Re-authenticate.
    Reauthenticate,
    /// Create an account.
    SignUp,
    /// "Check your e-mail", after a form that sends one.
    CheckMail,
    /// Verify the address with a mailed token.
    Verify,
    /// Request a link to choose a new password.
    ForgotPassword,
    /// Choose a new password with a mailed token.
    ResetPassword,
    /// Confirm a new address with a mailed token.
    ConfirmEmail,
    /// Undo a change of the address with a mailed token.
    UndoEmail,
    /// The user's own account.
    Profile,
    /// Change the password.
    ChangePassword,
    /// Change the address.
    ChangeEmail,
    /// The user's own sessions.
    Sessions,
    /// The user's own passkeys.
    Passkeys,
    /// The user's own accounts at OAuth providers.
    LinkedAccounts,
    /// The user's second factor, with the Cargo feature `totp`.
    TwoFactor,
    /// The code after a login with a provider, with the Cargo feature `totp`.
    SecondStep,
    /// An error that does not belong to a form.
    Error,
}

/// A page in the language of its reader, for [`PageTemplates`](super::PageTemplates).
///
/// All texts are plain text. A template has to escape them, because some come from users.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// Which page it is.
    pub kind: PageKind,
    /// The language as in the attribute `lang`, such as `en`.
    pub language: String,
    /// The direction of the language: `ltr` or `rtl`.
    pub direction: String,
    /// The name of the site.
    pub site_name: String,
    /// What the page is about, for the heading.
    pub title: String,
    /// The title of the document: the title, preceded by "Error:" if there are errors, and the name of the site.
    pub document_title: String,
    /// The relative path from the URL of this page to the other pages: empty, or `../` once or more.
    pub root: String,
    /// The URLs of style sheets.
    pub style_sheets: Vec<String>,
    /// The URLs of the scripts that the page needs; usually none.
    pub scripts: Vec<String>,
    /// Links to the other pages of a user who is logged in.
    pub navigation: Vec<Link>,
    /// The form that logs the user out.
    pub log_out: Option<Form>,
    /// A sentence about what was just done.
    pub notice: Option<String>,
    /// The errors of the submitted form.
    pub errors: Vec<PageError>,
    /// The content, in order.
    pub blocks: Vec<Block>,
    /// Short texts of the layout: `skip-to-content`, `navigation`, `error-summary`.
    pub labels: Labels,
}

impl Page {
    /// Returns the first form.
    pub(super) fn form(&mut self) -> Option<&mut Form> {
        self.blocks.iter_mut().find_map(|block| match block {
            Block::Form(form) => Some(form),
            _ => None,
        })
    }
}

/// Short texts of the layout and of forms.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Labels {
    /// The link that skips the navigation.
    pub skip_to_content: String,
    /// The name of the navigation.
    pub navigation: String,
    /// The heading above the list of errors.
    pub error_summary: String,
    /// The mark of a field that may be empty.
    pub optional: String,
}

/// An entry in the list of errors.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PageError {
    /// The sentence.
    pub text: String,
    /// The HTML id of the field, if it is about one.
    pub field: Option<String>,
}

/// A part of a page.
#[derive(Debug, Clone)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "a page has few blocks, and templates match on them")]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// A heading.
    Heading(String),
    /// Names and values.
    Details(Vec<(String, String)>),
    /// A form.
    Form(Form),
    /// Links, one below the other.
    Links(Vec<Link>),
    /// A list of things, each with a form.
    Items(Vec<Item>),
    /// A picture: an SVG element that this library made, to be inserted as it is.
    Picture {
        /// The element.
        svg: Once,
        /// A description of the picture, for readers who cannot see it.
        label: String,
    },
    /// Texts that are shown this once, such as recovery codes.
    Once(Once),
}

/// Texts that are shown once. `Debug` prints none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Once(Vec<String>);

impl Once {
    #[cfg_attr(not(feature = "totp"), allow(dead_code, reason = "of second factors only"))]
    pub(super) fn new(texts: impl IntoIterator<Item = String>) -> Self {
        Self(texts.into_iter().collect())
    }

    /// Returns the texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Once({} texts)", self.0.len())
    }
}

/// A link.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Link {
    /// The text.
    pub text: String,
    /// The URL.
    pub url: String,
    /// Whether it leads to this page.
    pub current: bool,
    /// Whether it looks like a button.
    pub button: bool,
}

impl Link {
    pub(super) fn new(text: String, url: impl Into<String>) -> Self {
        Self { text, url: url.into(), current: false, button: false }
    }
}

/// A thing in a list, such as a session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Item {
    /// The heading.
    pub title: String,
    /// Names and values.
    pub details: Vec<(String, String)>,
    /// The main action for it.
    pub form: Option<Form>,
    /// Further actions for it.
    pub more_forms: Vec<Form>,
}

/// A form. It is sent by `POST`, URL-encoded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Form {
    /// The URL that it is sent to.
    pub action: String,
    /// Values that the user does not see.
    pub hidden: Vec<(&'static str, String)>,
    /// The fields.
    pub fields: Vec<FormField>,
    /// The text of the button.
    pub button: String,
    /// Text for screen readers after the text of the button, where several buttons have the same text.
    pub button_detail: Option<String>,
    /// How the button looks.
    pub weight: Weight,
    /// The challenge to solve before it is sent, as JSON.
    pub challenge: Option<Challenge>,
    /// The call of the authenticator that the script makes before the form is sent. Such a form is hidden without the script.
    pub passkey: Option<PasskeyCall>,
}

/// How important a button is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weight {
    /// The main action of the page.
    Main,
    /// Another action.
    Minor,
}

/// A challenge that a form needs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Challenge {
    /// The challenge as JSON, for the script.
    pub json: String,
    /// The text while the script works.
    pub working: String,
    /// The text when the script is done.
    pub ready: String,
    /// The text for readers without scripts.
    pub needs_script: String,
}

/// The call of the authenticator for a passkey form. The script writes the response into the hidden field `credential`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasskeyCall {
    /// `kind` (`get` or `create`) and `options` as JSON, for the script.
    pub json: String,
    /// Whether browsers may offer passkeys in a field with `autocomplete="username webauthn"`.
    pub autofill: bool,
    /// The text when the authenticator did not respond.
    pub failed: String,
}

/// A field of a form.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FormField {
    /// The HTML id.
    pub id: String,
    /// The name in the form.
    pub name: &'static str,
    /// The label.
    pub label: String,
    /// A hint below the label.
    pub hint: Option<String>,
    /// The error of the submitted value.
    pub error: Option<String>,
    /// The value. Always empty for a secret.
    pub value: String,
    /// The kind of control.
    pub control: Control,
    /// Whether the form cannot be sent without it.
    pub required: bool,
    /// HTML attributes with their values, such as `type`, `autocomplete` and `maxlength`.
    pub attributes: Vec<(&'static str, String)>,
}

impl FormField {
    /// Returns the ids of the elements that describe the field: its hint and its error.
    #[must_use]
    pub fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// The control of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// One line of text.
    Line,
    /// Several lines of text.
    Lines,
    /// A checkbox. The value `true` means that it is checked.
    Checkbox,
    /// One of several choices.
    Choice(Vec<Choice>),
}

/// A choice of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// The value that the form submits.
    pub value: String,
    /// The text that is shown.
    pub label: String,
}

impl Choice {
    pub(super) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

impl PageKind {
    /// All kinds.
    pub const ALL: [Self; 22] = [
        Self::LogIn,
        Self::LogInByMail,
        Self::EmailCode,
        Self::MagicLink,
        Self::AcceptInvitation,
        Self::Reauthenticate,
        Self::SignUp,
        Self::CheckMail,
        Self::Verify,
        Self::ForgotPassword,
        Self::ResetPassword,
        Self::ConfirmEmail,
        Self::UndoEmail,
        Self::Profile,
        Self::ChangePassword,
        Self::ChangeEmail,
        Self::Sessions,
        Self::Passkeys,
        Self::LinkedAccounts,
        Self::TwoFactor,
        Self::SecondStep,
        Self::Error,
    ];

    /// Returns the last segment of the page's path, which also starts the names of its texts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::LogInByMail => "log-in-by-mail",
            Self::EmailCode => "email-code",
            Self::MagicLink => LinkKind::MagicLink.page(),
            Self::AcceptInvitation => LinkKind::Invitation.page(),
            Self::Reauthenticate => "reauthenticate",
            Self::SignUp => "sign-up",
            Self::CheckMail => "check-mail",
            Self::Verify => LinkKind::Verify.page(),
            Self::ForgotPassword => "forgot-password",
            Self::ResetPassword => LinkKind::ResetPassword.page(),
            Self::ConfirmEmail => LinkKind::ConfirmEmail.page(),
            Self::UndoEmail => LinkKind::UndoEmail.page(),
            Self::Profile => "profile",
            Self::ChangePassword => "change-password",
            Self::ChangeEmail => "change-email",
            Self::Sessions => "sessions",
            Self::Passkeys => "passkeys",
            Self::LinkedAccounts => "linked-accounts",
            Self::TwoFactor => "two-factor",
            Self::SecondStep => "second-step",
            Self::Error => "error",
        }
    }
}
