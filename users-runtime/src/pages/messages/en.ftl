# The texts of the pages in English. Every text can be replaced, see docs/guide/pages.md.

direction = ltr
site-name = Your account

# Layout
skip-to-content = Skip to the content
navigation = Account
title-with-error = Error: { $title }
error-summary = Please check your entries
optional = (optional)
yes = Yes
no = No
no-answer = No answer
or = or

# Pages
log-in-title = Log in
log-in-button = Log in
log-in-forgot = Forgot your password?
log-in-sign-up = Create an account
log-in-with = Continue with { $provider }
log-in-by-mail = Log in with an e-mail instead

log-in-by-mail-title = Log in with an e-mail
log-in-by-mail-intro = Enter the address of your account. No password is needed.
log-in-by-mail-link = Send me a link
log-in-by-mail-code = Send me a code
log-in-by-mail-again = Request another e-mail

email-code-title = Enter the code
email-code-intro = If there is an account with this address, an e-mail with a code of six digits is on its way. It works for a few minutes, in this browser only.
email-code-button = Log in

magic-link-title = Log in
magic-link-intro = Press the button to log in.
magic-link-button = Log in

accept-invitation-title = Open your account
accept-invitation-intro = An account was created for you. Choose a password to open it.
accept-invitation-button = Open the account

reauthenticate-title = Please confirm that it is you
reauthenticate-intro = For your security, enter your password before you continue.
reauthenticate-intro-code = For your security, enter your password or a code of your authenticator app before you continue.
reauthenticate-button = Confirm
reauthenticate-log-in = Log in another way

sign-up-title = Create an account
sign-up-button = Create account
sign-up-log-in = I have an account already

check-mail-title = Check your e-mail
check-mail-verify = If this address can be registered here, an e-mail is on its way. Open the link in it to confirm your address.
check-mail-verify-again = If this address still has to be confirmed, another e-mail is on its way.
check-mail-reset = If there is an account with this address, an e-mail with a link is on its way. With it you choose a new password.
check-mail-magic-link = If there is an account with this address, an e-mail with a link to log in is on its way.
check-mail-change = An e-mail is on its way to the new address. Your address changes when you open the link in it. Until then your account keeps its present address.
check-mail-hint = It can take a few minutes. Look into the folder for unwanted e-mails as well.
check-mail-log-in = Back to the login
check-mail-profile = Back to your account
send-again-title = No e-mail?
send-again-button = Send the e-mail again

verify-title = Confirm your address
verify-intro = Press the button to confirm that this address is yours.
verify-button = Confirm address
token-missing = This page needs the link from an e-mail. Please open the link again, or request another one.

forgot-password-title = Forgot your password?
forgot-password-intro = Enter the address of your account. You will get an e-mail with a link to choose a new password.
forgot-password-button = Send the link
forgot-password-log-in = Back to the login

reset-password-title = Choose a new password
reset-password-intro = Afterwards you are logged out everywhere and log in with the new password.
reset-password-button = Save password
reset-password-again = Request another link

confirm-email-title = Confirm your new address
confirm-email-intro = Press the button to use this address for your account from now on.
confirm-email-button = Use this address

undo-email-title = Keep your old address
undo-email-intro = Someone asked to change the address of your account. If it was not you, press the button: your account keeps or gets back its old address, all sessions are ended, and you choose a new password.
undo-email-button = It was not me: keep the old address

profile-title = Your account
profile-email = E-mail address
profile-verified = confirmed
profile-not-verified = not confirmed yet
profile-verify-button = Send the confirmation e-mail again
profile-form = Your details
profile-button = Save
profile-change-email = Change the address
profile-change-password = Change the password

change-password-title = Change your password
change-password-intro = All your other sessions are ended.
change-password-button = Save password
change-email-title = Change your e-mail address
change-email-present = Your present address is { $email }.
change-email-button = Change address

sessions-title = Your sessions
sessions-intro = These devices are logged in to your account. End every session that you do not recognize, and change your password.
sessions-none = Sessions of this service are not listed one by one.
sessions-current = This session
sessions-other = Another session
sessions-device = Device
sessions-address = IP address
sessions-since = Logged in
sessions-last-seen = Last used
sessions-expires = Ends
sessions-end = End this one
sessions-end-detail = (session of { $since })
sessions-end-others = End all other sessions

linked-accounts-title = Linked accounts
linked-accounts-intro = With these accounts you can log in here as well.
linked-accounts-none = No account is linked.
linked-accounts-remove = Remove
linked-accounts-remove-detail = { $provider } ({ $email })
linked-accounts-add = Link an account
linked-accounts-link = Link { $provider }

two-factor-title = Second factor
two-factor-intro = With a second factor, a login also needs a code of an authenticator app on your phone. Somebody who knows your password cannot log in then.
two-factor-required = Your account needs a second factor: a code of an authenticator app on your phone. Please set it up to continue.
two-factor-enroll-button = Set up an authenticator app
two-factor-scan = Scan this picture with your authenticator app.
two-factor-qr = QR code for your authenticator app
two-factor-secret = Or type this key into the app:
two-factor-confirm-intro = Then enter the code that the app shows. The second factor applies as soon as you have confirmed it, and all your other sessions are ended.
two-factor-confirm-button = Confirm
two-factor-again-button = Start again with a new key
two-factor-enrolled = Your account has a second factor.
two-factor-codes-title = Recovery codes
two-factor-codes-intro = Keep these codes in a safe place. Each one replaces a code of the app once, if you have lost your phone. They are not shown again.
two-factor-codes-left = { $left ->
    [0] You have no recovery code left. Make new ones, or you cannot log in without your app.
    [one] You have one recovery code left.
   *[other] You have { $left } recovery codes left.
}
two-factor-codes-button = Make new recovery codes
two-factor-disable-title = Remove the second factor
two-factor-disable-button = Remove the second factor
two-factor-lost = If you do not have your app, enter one of your recovery codes instead.

second-step-title = Enter your code
second-step-intro = Your account has a second factor. Enter the code that your authenticator app shows.
second-step-button = Log in

passkeys-title = Passkeys
passkeys-intro = With these you log in without a password.
passkeys-none = With a passkey you log in by the lock of your device, without a password. You have none yet.
passkeys-created = Added
passkeys-last-used = Last used
passkeys-rename = Rename
passkeys-remove = Remove
passkeys-detail = ({ $name })
passkeys-add = Add a passkey
passkeys-add-intro = Your device asks you to confirm. If it asks for nothing, your browser may need JavaScript for it.
passkeys-add-button = Add a passkey
passkeys-add-after-proof = Add a passkey: for your security, first prove who you are
passkey-button = Use a passkey
passkey-failed = That did not work, or took too long. Please reload the page and try again.

log-out-button = Log out
back-to-profile = Back to your account

error-title = This did not work
error-back = To your account
status-403 = You may not open this page.
status-404 = There is no such page.
status-405 = This page does not accept such a request.
status-413 = These entries are too long.
status-429 = There were too many attempts. Please wait a moment and try again.
status-503 = The service is busy. Please try again in a moment.
status-500 = Something went wrong on our side. Please try again later.

# Fields
field-email = E-mail address
field-email-new = New e-mail address
field-username = E-mail address
field-login = E-mail address or user name
field-passkey-name = What do you call it? For example the name of the device.
field-passkey-new-name = New name
field-password = Password
field-password-new = New password
field-code = Code
field-current_password = Current password
field-code = Code of your app
field-code-or-recovery = Code of your app, or a recovery code
field-remember-device = Do not ask for a code on this device for some time
hint-password = { $least ->
    [0] Choose a long one that you use nowhere else.
    [one] At least one character.
   *[other] At least { $least } characters. A long one is better than a complicated one.
}
hint-range = From { $least } to { $most }.
hint-least = At least { $least }.
hint-most = At most { $most }.
hint-current_password = Not needed if you have just logged in.

# Notices after something was done
notice-registered = Your account is created. You can log in now.
notice-verified = Your address is confirmed.
notice-verify-sent = An e-mail is on its way.
notice-password-reset = Your new password is saved. Please log in with it.
notice-invitation-accepted = Your account is open. Please log in with your password.
notice-email-confirmed = Your address is changed.
notice-email-undone = Your account has its old address, and all sessions are ended. Now choose a new password: enter your address to get a link.
notice-saved = Your changes are saved.
notice-password-changed = Your new password is saved.
notice-session-ended = The session is ended.
notice-others-ended = All other sessions are ended.
notice-account-linked = The account is linked.
notice-account-removed = The account is removed.
notice-passkey-added = The passkey is added. From now on you can log in with it.
notice-passkey-removed = The passkey is removed. Delete it on your device as well.
notice-logged-out = You are logged out.
notice-log-in-first = Please log in to open this page.
notice-log-in-again = For your security, please log in again. After that you can continue.
notice-reauthenticated = Thank you. You can continue now.
notice-two-factor-disabled = The second factor is removed.
notice-two-factor-first = Your account needs a second factor before you can continue.
notice-two-factor-prove = To continue, enter a code of your authenticator app.

# Challenges
challenge-working = Your browser is solving a short task to prove that this is no attack. You can fill in the form meanwhile.
challenge-ready = Ready. You can send the form.
challenge-needs-script = This form needs JavaScript now, because there were many attempts. Without it, please try again later.

# Problems of a field, by their type in the JSON interface
problem-missing = Please fill in this field.
problem-email = Enter an e-mail address like name@example.com.
problem-string_too_short = { $min_length ->
    [one] Please fill in this field.
   *[other] At least { $min_length } characters are needed.
}
problem-string_too_long = { $max_length ->
    [one] At most one character is possible.
   *[other] At most { $max_length } characters are possible.
}
problem-string_pattern_mismatch = This does not have the expected form.
problem-greater_than_equal = The smallest possible value is { $ge }.
problem-less_than_equal = The greatest possible value is { $le }.
problem-int_type = Enter a whole number.
problem-int_from_float = Enter a whole number.
problem-float_type = Enter a number.
problem-bool_type = Choose yes or no.
problem-bool_parsing = Choose yes or no.
problem-literal_error = Choose one of the options.
problem-string_type = Please fill in this field.
problem-value_error = This value is not possible.
problem-other = This value is not possible.

# Refusals, by their code in the JSON interface
LOGIN_BAD_CREDENTIALS = The address or the password is wrong.
REAUTHENTICATE_BAD_CREDENTIALS = What you entered is wrong. Please try again.
LOGIN_MFA_REQUIRED = Your account has a second factor. Please fill in the form again, with the code of your app.
LOGIN_MFA_BAD_CODE = This code is wrong, or was used already. Wait for the next one, and fill in the form again.
LOGIN_MFA_BAD_TOKEN = This login took too long, or has ended already. Please log in again.
MFA_REQUIRED = To continue, enter a code of your authenticator app.
MFA_ENROLLMENT_REQUIRED = Your account needs a second factor before you can continue.
TOTP_BAD_CODE = This code is wrong, or was used already. Wait for the next one.
TOTP_USER_NOT_VERIFIED = Please confirm your e-mail address first. Without it you could not get your account back.
TOTP_ALREADY_ENROLLED = Your account has a second factor already. Remove it before you set up another one.
TOTP_NOT_PENDING = This took longer than ten minutes. Please start again.
TOTP_NOT_ENROLLED = Your account has no second factor.
REAUTHENTICATION_REQUIRED = For your security, please log in again. After that you can continue.
MAGIC_LINK_BAD_TOKEN = This link is not valid any more. It works once and for a short time. Please request another one.
EMAIL_CODE_BAD_CODE = This code is wrong or not valid any more. After five tries you have to request another one.
INVITE_USER_ALREADY_EXISTS = There is an account with this address already.
INVITATION_ACCEPTED = This account is open already.
INVITATION_BAD_TOKEN = This invitation is not valid any more. Ask for another one, or log in if you have opened your account.
INVITATION_INVALID_PASSWORD = This password cannot be used: { $reason }
LOGIN_USER_NOT_VERIFIED = Your address is not confirmed yet. Open the link in the e-mail that you got, or request another one.
LOGIN_USER_SUSPENDED = This account is suspended.
LOGIN_PASSWORD_CHANGE_REQUIRED = This password can no longer be used. Please choose a new one with “Forgot your password?”.
suspended-until = This account is suspended until { $until }.
suspended-reason = Reason: { $reason }
REGISTER_USER_ALREADY_EXISTS = There is an account with this address already. You can log in, or choose a new password.
REGISTER_INVALID_PASSWORD = This password cannot be used: { $reason }
RESET_PASSWORD_BAD_TOKEN = This link is not valid any more. It works once and for a short time. Please request another one.
RESET_PASSWORD_INVALID_PASSWORD = This password cannot be used: { $reason }
VERIFY_USER_BAD_TOKEN = This link is not valid any more. Please request another one.
VERIFY_USER_ALREADY_VERIFIED = Your address is confirmed already.
CONFIRM_EMAIL_BAD_TOKEN = This link is not valid any more. Please request the change again.
UNDO_EMAIL_BAD_TOKEN = This link is not valid any more, or it was used already.
UNDO_EMAIL_ADDRESS_TAKEN = Another account has proved that this address is its own. Please contact us.
UPDATE_USER_EMAIL_ALREADY_EXISTS = There is an account with this address already.
UPDATE_USER_INVALID_PASSWORD = This password cannot be used: { $reason }
OAUTH_NOT_AVAILABLE_EMAIL = The provider gave us no e-mail address that we can use.
OAUTH_USER_ALREADY_EXISTS = There is an account with this address, or the provider's account is linked already. Log in first, then link it.
OAUTH_INVALID_STATE = This login was started elsewhere, or has ended already. Please try again.
ACCESS_TOKEN_DECODE_ERROR = This login was not started here. Please try again.
ACCESS_TOKEN_ALREADY_EXPIRED = This login took too long. Please try again.
OAUTH_PROVIDER_ERROR = The provider did not let you in. Please try again.
access_denied = You did not agree at the provider, so nothing was changed.
OAUTH_LAST_WAY_IN = Without this account you could not log in any more. Choose a password first, with “Forgot your password?”.
PASSKEY_BAD_CREDENTIAL = This passkey was not accepted, or it took too long. Please try again, or log in another way.
PASSKEY_TOO_MANY = You have as many passkeys as one may have. Remove one first.
PASSKEY_LAST_WAY_IN = Without this passkey you could not log in any more. Add another one first, or choose a password with “Forgot your password?”.
CSRF_ORIGIN_REFUSED = This form was sent from another website, so nothing was changed. Please open the page again.
CHALLENGE_REQUIRED = There were many attempts. Please enter your password again, if the form asks for one, and send the form once more.
REVOKE_OWN_SECOND_FACTOR = You cannot revoke your own second factor. Disable it with a code.
SUSPEND_OWN_ACCOUNT = You cannot suspend your own account.
CONFLICT = A value is in use by another account already.
USER_UNREADABLE = This account cannot be read. Please contact us.
UNAUTHORIZED = Please log in.
FORBIDDEN = You may not do this. You may have to confirm your address first.
NOT_FOUND = It does not exist any more.
TOO_MANY_REQUESTS = { $minutes ->
    [one] There were too many attempts. Please wait a minute and try again.
   *[other] There were too many attempts. Please wait { $minutes } minutes and try again.
}
SERVICE_UNAVAILABLE = The service is busy. Please try again in a moment.
BAD_REQUEST = The form could not be read. Please try again.
INTERNAL = Something went wrong on our side. Please try again later.
refused = This is not possible.

# Reasons for a refusal: `reason-` and the English text with dashes; a number in it is $number
reason-password-should-be-at-least-number-characters = it needs at least { $number } characters.
reason-password-should-be-at-most-number-characters = it may have at most { $number } characters.
reason-password-should-be-at-most-number-bytes = it is too long.
reason-password-is-one-of-the-most-common-passwords = many people use it, so it is tried first.
reason-password-is-too-close-to-your-e-mail-address-or-to-the-name-of-this-service = it is too close to your e-mail address or to the name of this service.
reason-the-current-password-is-wrong = The current password is wrong.
reason-the-current-password-is-required-send-it-as-current-password-or-log-in-again = Please enter your current password.
reason-the-sessions-were-ended-meanwhile-log-in-again = Your sessions were ended meanwhile. Please log in again.
reason-password-has-appeared-in-a-data-breach = it has appeared in a data breach.
reason-password-cannot-be-checked-right-now-please-try-again-later = it cannot be checked right now. Please try again later.
