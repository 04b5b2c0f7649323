# Die Texte der Seiten auf Deutsch.

direction = ltr
site-name = Ihr Konto

# Layout
skip-to-content = Zum Inhalt springen
navigation = Konto
title-with-error = Fehler: { $title }
error-summary = Bitte prüfen Sie Ihre Angaben
optional = (freiwillig)
yes = Ja
no = Nein
no-answer = Keine Angabe
or = oder

# Seiten
log-in-title = Anmelden
log-in-button = Anmelden
log-in-forgot = Passwort vergessen?
log-in-sign-up = Konto anlegen
log-in-with = Weiter mit { $provider }
log-in-by-mail = Stattdessen mit einer E-Mail anmelden

log-in-by-mail-title = Mit einer E-Mail anmelden
log-in-by-mail-intro = Geben Sie die Adresse Ihres Kontos ein. Ein Passwort ist nicht nötig.
log-in-by-mail-link = Link senden
log-in-by-mail-code = Code senden
log-in-by-mail-again = Neue E-Mail anfordern

email-code-title = Code eingeben
email-code-intro = Wenn es zu dieser Adresse ein Konto gibt, ist eine E-Mail mit einem Code aus sechs Ziffern unterwegs. Er gilt einige Minuten, und nur in diesem Browser.
email-code-button = Anmelden

magic-link-title = Anmelden
magic-link-intro = Drücken Sie den Knopf, um sich anzumelden.
magic-link-button = Anmelden

accept-invitation-title = Konto öffnen
accept-invitation-intro = Für Sie wurde ein Konto angelegt. Wählen Sie ein Passwort, um es zu öffnen.
accept-invitation-button = Konto öffnen

reauthenticate-title = Bitte bestätigen Sie, dass Sie es sind
reauthenticate-intro = Geben Sie zu Ihrer Sicherheit Ihr Passwort ein, bevor Sie fortfahren.
reauthenticate-intro-code = Geben Sie zu Ihrer Sicherheit Ihr Passwort oder einen Code Ihrer Authenticator-App ein, bevor Sie fortfahren.
reauthenticate-button = Bestätigen
reauthenticate-log-in = Auf andere Weise anmelden

sign-up-title = Konto anlegen
sign-up-button = Konto anlegen
sign-up-log-in = Ich habe schon ein Konto

check-mail-title = Sehen Sie in Ihr Postfach
check-mail-verify = Wenn diese Adresse hier ein Konto bekommen kann, ist eine E-Mail unterwegs. Öffnen Sie den Link darin, um Ihre Adresse zu bestätigen.
check-mail-verify-again = Wenn diese Adresse noch bestätigt werden muss, ist eine weitere E-Mail unterwegs.
check-mail-reset = Wenn es zu dieser Adresse ein Konto gibt, ist eine E-Mail mit einem Link unterwegs. Damit wählen Sie ein neues Passwort.
check-mail-magic-link = Wenn es zu dieser Adresse ein Konto gibt, ist eine E-Mail mit einem Link zum Anmelden unterwegs.
check-mail-change = Eine E-Mail ist zu der neuen Adresse unterwegs. Ihre Adresse ändert sich, sobald Sie den Link darin öffnen. Bis dahin behält Ihr Konto die bisherige Adresse.
check-mail-hint = Das kann einige Minuten dauern. Sehen Sie auch in den Ordner für unerwünschte E-Mails.
check-mail-log-in = Zurück zur Anmeldung
check-mail-profile = Zurück zu Ihrem Konto
send-again-title = Keine E-Mail?
send-again-button = E-Mail noch einmal senden

verify-title = Adresse bestätigen
verify-intro = Drücken Sie den Knopf, um zu bestätigen, dass diese Adresse Ihnen gehört.
verify-button = Adresse bestätigen
token-missing = Diese Seite braucht den Link aus einer E-Mail. Bitte öffnen Sie den Link noch einmal, oder fordern Sie einen neuen an.

forgot-password-title = Passwort vergessen?
forgot-password-intro = Geben Sie die Adresse Ihres Kontos ein. Sie bekommen eine E-Mail mit einem Link, mit dem Sie ein neues Passwort wählen.
forgot-password-button = Link senden
forgot-password-log-in = Zurück zur Anmeldung

reset-password-title = Neues Passwort wählen
reset-password-intro = Danach sind Sie überall abgemeldet und melden sich mit dem neuen Passwort an.
reset-password-button = Passwort speichern
reset-password-again = Neuen Link anfordern

confirm-email-title = Neue Adresse bestätigen
confirm-email-intro = Drücken Sie den Knopf, um diese Adresse ab jetzt für Ihr Konto zu verwenden.
confirm-email-button = Diese Adresse verwenden

undo-email-title = Alte Adresse behalten
undo-email-intro = Jemand wollte die Adresse Ihres Kontos ändern. Wenn Sie das nicht waren, drücken Sie den Knopf: Ihr Konto behält die alte Adresse oder bekommt sie zurück, alle Sitzungen werden beendet, und Sie wählen ein neues Passwort.
undo-email-button = Das war ich nicht: alte Adresse behalten

profile-title = Ihr Konto
profile-email = E-Mail-Adresse
profile-verified = bestätigt
profile-not-verified = noch nicht bestätigt
profile-verify-button = Bestätigungsmail noch einmal senden
profile-form = Ihre Angaben
profile-button = Speichern
profile-change-email = Adresse ändern
profile-change-password = Passwort ändern

change-password-title = Passwort ändern
change-password-intro = Alle Ihre anderen Sitzungen werden beendet.
change-password-button = Passwort speichern
change-email-title = E-Mail-Adresse ändern
change-email-present = Ihre bisherige Adresse ist { $email }.
change-email-button = Adresse ändern

sessions-title = Ihre Sitzungen
sessions-intro = Diese Geräte sind bei Ihrem Konto angemeldet. Beenden Sie jede Sitzung, die Sie nicht kennen, und ändern Sie dann Ihr Passwort.
sessions-none = Sitzungen dieses Dienstes werden nicht einzeln aufgeführt.
sessions-current = Diese Sitzung
sessions-other = Andere Sitzung
sessions-device = Gerät
sessions-address = IP-Adresse
sessions-since = Angemeldet
sessions-last-seen = Zuletzt benutzt
sessions-expires = Endet
sessions-end = Diese beenden
sessions-end-detail = (Sitzung vom { $since })
sessions-end-others = Alle anderen Sitzungen beenden

linked-accounts-title = Verknüpfte Konten
linked-accounts-intro = Auch mit diesen Konten können Sie sich hier anmelden.
linked-accounts-none = Es ist kein Konto verknüpft.
linked-accounts-remove = Entfernen
linked-accounts-remove-detail = { $provider } ({ $email })
linked-accounts-add = Konto verknüpfen
linked-accounts-link = Mit { $provider } verknüpfen

two-factor-title = Zweiter Faktor
two-factor-intro = Mit einem zweiten Faktor braucht eine Anmeldung auch einen Code einer Authenticator-App auf Ihrem Telefon. Wer Ihr Passwort kennt, kann sich dann trotzdem nicht anmelden.
two-factor-required = Ihr Konto braucht einen zweiten Faktor: einen Code einer Authenticator-App auf Ihrem Telefon. Bitte richten Sie ihn ein, um fortzufahren.
two-factor-enroll-button = Authenticator-App einrichten
two-factor-scan = Scannen Sie dieses Bild mit Ihrer Authenticator-App.
two-factor-qr = QR-Code für Ihre Authenticator-App
two-factor-secret = Oder geben Sie diesen Schlüssel in die App ein:
two-factor-confirm-intro = Geben Sie dann den Code ein, den die App anzeigt. Der zweite Faktor gilt, sobald Sie ihn bestätigt haben, und alle Ihre anderen Sitzungen werden beendet.
two-factor-confirm-button = Bestätigen
two-factor-again-button = Mit einem neuen Schlüssel von vorn beginnen
two-factor-enrolled = Ihr Konto hat einen zweiten Faktor.
two-factor-codes-title = Wiederherstellungscodes
two-factor-codes-intro = Bewahren Sie diese Codes sicher auf. Jeder ersetzt einmal einen Code der App, wenn Sie Ihr Telefon verloren haben. Sie werden nicht noch einmal angezeigt.
two-factor-codes-left = { $left ->
    [0] Sie haben keinen Wiederherstellungscode mehr. Erzeugen Sie neue, sonst können Sie sich ohne Ihre App nicht anmelden.
    [one] Sie haben noch einen Wiederherstellungscode.
   *[other] Sie haben noch { $left } Wiederherstellungscodes.
}
two-factor-codes-button = Neue Wiederherstellungscodes erzeugen
two-factor-disable-title = Zweiten Faktor entfernen
two-factor-disable-button = Zweiten Faktor entfernen
two-factor-lost = Wenn Sie Ihre App nicht haben, geben Sie stattdessen einen Ihrer Wiederherstellungscodes ein.

second-step-title = Code eingeben
second-step-intro = Ihr Konto hat einen zweiten Faktor. Geben Sie den Code ein, den Ihre Authenticator-App anzeigt.
second-step-button = Anmelden

passkeys-title = Passkeys
passkeys-intro = Damit melden Sie sich ohne Passwort an.
passkeys-none = Mit einem Passkey melden Sie sich mit der Sperre Ihres Geräts an, ohne Passwort. Sie haben noch keinen.
passkeys-created = Hinzugefügt
passkeys-last-used = Zuletzt benutzt
passkeys-rename = Umbenennen
passkeys-remove = Entfernen
passkeys-detail = ({ $name })
passkeys-add = Passkey hinzufügen
passkeys-add-intro = Ihr Gerät fragt nach einer Bestätigung. Wenn es nichts fragt, braucht Ihr Browser vielleicht JavaScript dafür.
passkeys-add-button = Passkey hinzufügen
passkeys-add-after-proof = Passkey hinzufügen: Weisen Sie zu Ihrer Sicherheit zuerst nach, wer Sie sind
passkey-button = Passkey verwenden
passkey-failed = Das hat nicht geklappt oder zu lange gedauert. Bitte laden Sie die Seite neu und versuchen Sie es noch einmal.

log-out-button = Abmelden
back-to-profile = Zurück zu Ihrem Konto

error-title = Das hat nicht geklappt
error-back = Zu Ihrem Konto
status-403 = Sie dürfen diese Seite nicht öffnen.
status-404 = Diese Seite gibt es nicht.
status-405 = Diese Seite nimmt eine solche Anfrage nicht an.
status-413 = Diese Angaben sind zu lang.
status-429 = Das waren zu viele Versuche. Bitte warten Sie einen Moment und versuchen Sie es dann noch einmal.
status-503 = Der Dienst ist gerade ausgelastet. Bitte versuchen Sie es gleich noch einmal.
status-500 = Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es später noch einmal.

# Felder
field-email = E-Mail-Adresse
field-email-new = Neue E-Mail-Adresse
field-username = E-Mail-Adresse
field-login = E-Mail-Adresse oder Benutzername
field-passkey-name = Wie nennen Sie ihn? Zum Beispiel wie das Gerät.
field-passkey-new-name = Neuer Name
field-password = Passwort
field-password-new = Neues Passwort
field-code = Code
field-current_password = Bisheriges Passwort
field-code = Code Ihrer App
field-code-or-recovery = Code Ihrer App oder ein Wiederherstellungscode
field-remember-device = Auf diesem Gerät eine Zeit lang nicht nach einem Code fragen
hint-password = { $least ->
    [0] Wählen Sie ein langes, das Sie sonst nirgends verwenden.
    [one] Mindestens ein Zeichen.
   *[other] Mindestens { $least } Zeichen. Ein langes ist besser als ein kompliziertes.
}
hint-range = Von { $least } bis { $most }.
hint-least = Mindestens { $least }.
hint-most = Höchstens { $most }.
hint-current_password = Nicht nötig, wenn Sie sich gerade angemeldet haben.

# Hinweise, nachdem etwas getan wurde
notice-registered = Ihr Konto ist angelegt. Sie können sich jetzt anmelden.
notice-verified = Ihre Adresse ist bestätigt.
notice-verify-sent = Eine E-Mail ist unterwegs.
notice-password-reset = Ihr neues Passwort ist gespeichert. Bitte melden Sie sich damit an.
notice-invitation-accepted = Ihr Konto ist offen. Bitte melden Sie sich mit Ihrem Passwort an.
notice-email-confirmed = Ihre Adresse ist geändert.
notice-email-undone = Ihr Konto hat wieder die alte Adresse, und alle Sitzungen sind beendet. Wählen Sie jetzt ein neues Passwort: Geben Sie Ihre Adresse ein, um einen Link zu bekommen.
notice-saved = Ihre Änderungen sind gespeichert.
notice-password-changed = Ihr neues Passwort ist gespeichert.
notice-session-ended = Die Sitzung ist beendet.
notice-others-ended = Alle anderen Sitzungen sind beendet.
notice-account-linked = Das Konto ist verknüpft.
notice-account-removed = Das Konto ist entfernt.
notice-passkey-added = Der Passkey ist hinzugefügt. Ab jetzt können Sie sich damit anmelden.
notice-passkey-removed = Der Passkey ist entfernt. Löschen Sie ihn auch auf Ihrem Gerät.
notice-logged-out = Sie sind abgemeldet.
notice-log-in-first = Bitte melden Sie sich an, um diese Seite zu öffnen.
notice-log-in-again = Bitte melden Sie sich zu Ihrer Sicherheit noch einmal an. Danach geht es weiter.
notice-reauthenticated = Danke. Sie können jetzt fortfahren.
notice-two-factor-disabled = Der zweite Faktor ist entfernt.
notice-two-factor-first = Ihr Konto braucht einen zweiten Faktor, bevor es weitergeht.
notice-two-factor-prove = Geben Sie einen Code Ihrer Authenticator-App ein, um fortzufahren.

# Aufgaben
challenge-working = Ihr Browser löst eine kurze Aufgabe, um zu zeigen, dass dies kein Angriff ist. Sie können das Formular solange ausfüllen.
challenge-ready = Fertig. Sie können das Formular absenden.
challenge-needs-script = Dieses Formular braucht gerade JavaScript, weil es viele Versuche gab. Ohne JavaScript versuchen Sie es bitte später noch einmal.

# Probleme eines Feldes, nach ihrer Art in der JSON-Schnittstelle
problem-missing = Bitte füllen Sie dieses Feld aus.
problem-email = Geben Sie eine E-Mail-Adresse wie name@example.com ein.
problem-string_too_short = { $min_length ->
    [one] Bitte füllen Sie dieses Feld aus.
   *[other] Es müssen mindestens { $min_length } Zeichen sein.
}
problem-string_too_long = { $max_length ->
    [one] Es darf höchstens ein Zeichen sein.
   *[other] Es dürfen höchstens { $max_length } Zeichen sein.
}
problem-string_pattern_mismatch = Das hat nicht die erwartete Form.
problem-greater_than_equal = Der kleinste mögliche Wert ist { $ge }.
problem-less_than_equal = Der größte mögliche Wert ist { $le }.
problem-int_type = Geben Sie eine ganze Zahl ein.
problem-int_from_float = Geben Sie eine ganze Zahl ein.
problem-float_type = Geben Sie eine Zahl ein.
problem-bool_type = Wählen Sie Ja oder Nein.
problem-bool_parsing = Wählen Sie Ja oder Nein.
problem-literal_error = Wählen Sie eine der Möglichkeiten.
problem-string_type = Bitte füllen Sie dieses Feld aus.
problem-value_error = Dieser Wert ist nicht möglich.
problem-other = Dieser Wert ist nicht möglich.

# Ablehnungen, nach ihrem Code in der JSON-Schnittstelle
LOGIN_BAD_CREDENTIALS = Die Adresse oder das Passwort ist falsch.
REAUTHENTICATE_BAD_CREDENTIALS = Ihre Eingabe ist falsch. Bitte versuchen Sie es noch einmal.
LOGIN_MFA_REQUIRED = Ihr Konto hat einen zweiten Faktor. Füllen Sie das Formular noch einmal aus, mit dem Code Ihrer App.
LOGIN_MFA_BAD_CODE = Dieser Code ist falsch oder wurde schon benutzt. Warten Sie auf den nächsten, und füllen Sie das Formular noch einmal aus.
LOGIN_MFA_BAD_TOKEN = Diese Anmeldung hat zu lange gedauert oder ist schon beendet. Bitte melden Sie sich noch einmal an.
MFA_REQUIRED = Geben Sie einen Code Ihrer Authenticator-App ein, um fortzufahren.
MFA_ENROLLMENT_REQUIRED = Ihr Konto braucht einen zweiten Faktor, bevor es weitergeht.
TOTP_BAD_CODE = Dieser Code ist falsch oder wurde schon benutzt. Warten Sie auf den nächsten.
TOTP_USER_NOT_VERIFIED = Bitte bestätigen Sie zuerst Ihre E-Mail-Adresse. Ohne sie könnten Sie Ihr Konto nicht zurückbekommen.
TOTP_ALREADY_ENROLLED = Ihr Konto hat schon einen zweiten Faktor. Entfernen Sie ihn, bevor Sie einen anderen einrichten.
TOTP_NOT_PENDING = Das hat länger als zehn Minuten gedauert. Bitte beginnen Sie von vorn.
TOTP_NOT_ENROLLED = Ihr Konto hat keinen zweiten Faktor.
REAUTHENTICATION_REQUIRED = Bitte melden Sie sich zu Ihrer Sicherheit noch einmal an. Danach geht es weiter.
MAGIC_LINK_BAD_TOKEN = Dieser Link gilt nicht mehr. Er gilt einmal und für kurze Zeit. Bitte fordern Sie einen neuen an.
EMAIL_CODE_BAD_CODE = Dieser Code ist falsch oder gilt nicht mehr. Nach fünf Versuchen müssen Sie einen neuen anfordern.
INVITE_USER_ALREADY_EXISTS = Zu dieser Adresse gibt es schon ein Konto.
INVITATION_ACCEPTED = Dieses Konto ist schon offen.
INVITATION_BAD_TOKEN = Diese Einladung gilt nicht mehr. Bitten Sie um eine neue, oder melden Sie sich an, wenn Ihr Konto schon offen ist.
INVITATION_INVALID_PASSWORD = Dieses Passwort geht nicht: { $reason }
LOGIN_USER_NOT_VERIFIED = Ihre Adresse ist noch nicht bestätigt. Öffnen Sie den Link in der E-Mail, die Sie bekommen haben, oder fordern Sie eine neue an.
LOGIN_USER_SUSPENDED = Dieses Konto ist gesperrt.
LOGIN_PASSWORD_CHANGE_REQUIRED = Dieses Passwort kann nicht mehr verwendet werden. Bitte wählen Sie mit „Passwort vergessen?“ ein neues.
suspended-until = Dieses Konto ist bis { $until } gesperrt.
suspended-reason = Grund: { $reason }
REGISTER_USER_ALREADY_EXISTS = Zu dieser Adresse gibt es schon ein Konto. Sie können sich anmelden oder ein neues Passwort wählen.
REGISTER_INVALID_PASSWORD = Dieses Passwort kann nicht verwendet werden: { $reason }
RESET_PASSWORD_BAD_TOKEN = Dieser Link gilt nicht mehr. Er funktioniert einmal und nur kurze Zeit. Bitte fordern Sie einen neuen an.
RESET_PASSWORD_INVALID_PASSWORD = Dieses Passwort kann nicht verwendet werden: { $reason }
VERIFY_USER_BAD_TOKEN = Dieser Link gilt nicht mehr. Bitte fordern Sie einen neuen an.
VERIFY_USER_ALREADY_VERIFIED = Ihre Adresse ist schon bestätigt.
CONFIRM_EMAIL_BAD_TOKEN = Dieser Link gilt nicht mehr. Bitte ändern Sie die Adresse noch einmal.
UNDO_EMAIL_BAD_TOKEN = Dieser Link gilt nicht mehr, oder er wurde schon benutzt.
UNDO_EMAIL_ADDRESS_TAKEN = Ein anderes Konto hat nachgewiesen, dass ihm diese Adresse gehört. Bitte wenden Sie sich an uns.
UPDATE_USER_EMAIL_ALREADY_EXISTS = Zu dieser Adresse gibt es schon ein Konto.
UPDATE_USER_INVALID_PASSWORD = Dieses Passwort kann nicht verwendet werden: { $reason }
OAUTH_NOT_AVAILABLE_EMAIL = Der Anbieter hat uns keine E-Mail-Adresse gegeben, die wir verwenden können.
OAUTH_USER_ALREADY_EXISTS = Zu dieser Adresse gibt es ein Konto, oder das Konto beim Anbieter ist schon verknüpft. Melden Sie sich zuerst an und verknüpfen Sie es dann.
OAUTH_INVALID_STATE = Diese Anmeldung wurde woanders begonnen oder ist schon beendet. Bitte versuchen Sie es noch einmal.
ACCESS_TOKEN_DECODE_ERROR = Diese Anmeldung wurde nicht hier begonnen. Bitte versuchen Sie es noch einmal.
ACCESS_TOKEN_ALREADY_EXPIRED = Diese Anmeldung hat zu lange gedauert. Bitte versuchen Sie es noch einmal.
OAUTH_PROVIDER_ERROR = Der Anbieter hat Sie nicht hereingelassen. Bitte versuchen Sie es noch einmal.
access_denied = Sie haben beim Anbieter nicht zugestimmt. Es wurde nichts geändert.
OAUTH_LAST_WAY_IN = Ohne dieses Konto könnten Sie sich nicht mehr anmelden. Wählen Sie zuerst mit „Passwort vergessen?“ ein Passwort.
PASSKEY_BAD_CREDENTIAL = Dieser Passkey wurde nicht angenommen, oder es hat zu lange gedauert. Bitte versuchen Sie es noch einmal, oder melden Sie sich anders an.
PASSKEY_TOO_MANY = Sie haben so viele Passkeys, wie man haben kann. Entfernen Sie zuerst einen.
PASSKEY_LAST_WAY_IN = Ohne diesen Passkey könnten Sie sich nicht mehr anmelden. Fügen Sie zuerst einen anderen hinzu, oder wählen Sie mit „Passwort vergessen?“ ein Passwort.
CSRF_ORIGIN_REFUSED = Dieses Formular kam von einer anderen Website. Es wurde nichts geändert. Bitte öffnen Sie die Seite noch einmal.
CHALLENGE_REQUIRED = Es gab viele Versuche. Bitte geben Sie Ihr Passwort noch einmal ein, wenn das Formular danach fragt, und senden Sie das Formular noch einmal ab.
REVOKE_OWN_SECOND_FACTOR = Sie können Ihren eigenen zweiten Faktor nicht zurücksetzen. Entfernen Sie ihn mit einem Code.
SUSPEND_OWN_ACCOUNT = Sie können Ihr eigenes Konto nicht sperren.
CONFLICT = Ein Wert wird schon von einem anderen Konto verwendet.
USER_UNREADABLE = Dieses Konto kann nicht gelesen werden. Bitte wenden Sie sich an uns.
UNAUTHORIZED = Bitte melden Sie sich an.
FORBIDDEN = Das dürfen Sie nicht. Vielleicht müssen Sie zuerst Ihre Adresse bestätigen.
NOT_FOUND = Das gibt es nicht mehr.
TOO_MANY_REQUESTS = { $minutes ->
    [one] Das waren zu viele Versuche. Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.
   *[other] Das waren zu viele Versuche. Bitte warten Sie { $minutes } Minuten und versuchen Sie es dann noch einmal.
}
SERVICE_UNAVAILABLE = Der Dienst ist gerade ausgelastet. Bitte versuchen Sie es gleich noch einmal.
BAD_REQUEST = Das Formular konnte nicht gelesen werden. Bitte versuchen Sie es noch einmal.
INTERNAL = Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es später noch einmal.
refused = Das ist nicht möglich.

# Gründe einer Ablehnung
reason-password-should-be-at-least-number-characters = Es braucht mindestens { $number } Zeichen.
reason-password-should-be-at-most-number-characters = Es darf höchstens { $number } Zeichen haben.
reason-password-should-be-at-most-number-bytes = Es ist zu lang.
reason-password-is-one-of-the-most-common-passwords = Viele verwenden es, deshalb wird es zuerst probiert.
reason-password-is-too-close-to-your-e-mail-address-or-to-the-name-of-this-service = Es ist Ihrer E-Mail-Adresse oder dem Namen dieses Dienstes zu ähnlich.
reason-the-current-password-is-wrong = Das bisherige Passwort ist falsch.
reason-the-current-password-is-required-send-it-as-current-password-or-log-in-again = Bitte geben Sie Ihr bisheriges Passwort ein.
reason-the-sessions-were-ended-meanwhile-log-in-again = Ihre Sitzungen wurden inzwischen beendet. Bitte melden Sie sich noch einmal an.
reason-password-has-appeared-in-a-data-breach = Es ist in einem Datenleck aufgetaucht.
reason-password-cannot-be-checked-right-now-please-try-again-later = Es kann gerade nicht geprüft werden. Bitte versuchen Sie es später noch einmal.
