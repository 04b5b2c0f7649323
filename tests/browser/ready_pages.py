#!/usr/bin/env python3
"""The ready pages in Chromium, against examples/server.rs with PAGES=on: with wrong input, without JavaScript, by keyboard alone,
and with axe-core, light and dark.

    ready_pages.py SERVER AXE [FOLDER]     the program, the file axe.min.js, and a folder for pictures of every page

`scripts/nightly pages` builds the program and installs axe-core; with SCREENSHOTS=FOLDER it also makes the pictures.
"""

import base64, hmac, json, os, pathlib, re, sys, tempfile, time

from driver import Browser, Service, checks, until

SERVER, AXE = sys.argv[1], pathlib.Path(sys.argv[2]).read_text()
PICTURES = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
EMAIL, PASSWORD, OTHER = "arthur@camelot.bt", "a long sword of steel", "another long sword"
SCHEMES, WIDTHS = ("light", "dark"), {"wide": 1000, "narrow": 390}


class Visitor:
    """A page of the browser without scripts: only the test runs some."""

    def __init__(self, browser, service, log):
        self.browser, self.service, self.log = browser, service, log
        self.page = browser.page("about:blank")
        self.send("Emulation.setScriptExecutionDisabled", value=True)
        self.seen = set()

    def send(self, method, **parameters):
        return self.browser.call(method, self.page.session, **parameters)

    def open(self, path):
        """Opens a page, which may redirect."""
        self.page.open("about:blank")
        self.send("Page.navigate", url=self.service.url + path)
        self.page.until("location.protocol === 'http:' && document.readyState === 'complete'")

    def path(self):
        return self.page.run("location.pathname + location.search")

    def text(self):
        return self.page.run("document.body.innerText")

    def fill(self, **fields):
        for name, value in fields.items():
            self.page.run(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")

    def wait(self):
        self.page.until("!window.beforeNavigation && document.readyState === 'complete'")

    def submit(self, **fields):
        """Fills in the first form of the content and presses its button."""
        self.fill(**fields)
        self.press("main form button")

    def press(self, selector):
        self.page.run(f"window.beforeNavigation = true; document.querySelector({json.dumps(selector)}).click()")
        self.wait()

    def key(self, name, modifiers=0):
        code = {"Tab": 9, "Enter": 13, " ": 32}.get(name, 0)
        text = {"Enter": "\r", " ": " "}.get(name)
        down = {"type": "keyDown" if text else "rawKeyDown", "key": name, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        if text:
            down["text"] = text
        self.send("Input.dispatchKeyEvent", **down)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code, modifiers=modifiers)

    def type(self, text):
        self.send("Input.insertText", text=text)

    def focus(self):
        return self.page.run("document.activeElement.id || document.activeElement.textContent.trim()")

    def tab_to(self, wanted):
        for _ in range(30):
            self.key("Tab")
            if self.focus() == wanted:
                outline = self.page.run("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"{wanted} has no visible focus"
                return
        raise AssertionError(f"{wanted} is not reached by Tab: {self.text()}")

    def audit(self, name):
        """Runs axe-core on the page in both schemes, and makes pictures."""
        self.seen.add(name)
        # The timers of axe-core need scripts. The page has none that could start now.
        self.send("Emulation.setScriptExecutionDisabled", value=False)
        for scheme in SCHEMES:
            self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            self.page.run(AXE + ";0")
            found = self.page.run("""axe.run(document, {resultTypes: ['violations']}).then(result => JSON.stringify(
                result.violations.map(rule => [rule.id, rule.nodes.map(node => node.html + ' ' + node.failureSummary)])))""")
            assert found == "[]", f"{name}, {scheme}: {found}"
            for width, pixels in WIDTHS.items():
                self.send("Emulation.setDeviceMetricsOverride", width=pixels, height=800, deviceScaleFactor=1, mobile=False)
                wide = self.page.run("document.documentElement.scrollWidth")
                assert wide <= pixels, f"{name} is {wide} pixels wide in {pixels}"
                if PICTURES:
                    image = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=False)["data"]
                    (PICTURES / f"{name}-{scheme}-{width}.png").write_bytes(base64.b64decode(image))
            self.send("Emulation.clearDeviceMetricsOverride")
        self.send("Emulation.setScriptExecutionDisabled", value=True)
        print(f"ok: {name} has no violation")

    def link_of_mail(self, kind):
        """Waits for a mail whose link leads to this page, and returns its path and query."""
        pattern = re.compile(rf"http://localhost:\d+(/account/{kind}\?token=\S+)")
        found = until(lambda: pattern.findall(self.log.read_text()), lambda: f"a mail with a link to {kind}: {self.log.read_text()}")
        return found[-1]


def wrong_input(visitor, page, field, expected):
    """Checks that the form that was sent came back with an error beside a field, and the focus on the summary."""
    name = f"field-{field}"
    shown = visitor.page.run(f"(document.getElementById('{name}-error') || {{}}).textContent")
    checks(f"{page}: {field} is wrong", expected in (shown or ""), True)
    control = visitor.page.run(f"""(() => {{ const field = document.getElementById('{name}');
        return [field.getAttribute('aria-invalid'), field.getAttribute('aria-describedby').split(' ').includes('{name}-error')]; }})()""")
    checks(f"{page}: the error is tied to {field}", control, ["true", True])
    # `autofocus` takes effect when the page is first rendered, which may be after it is loaded.
    visitor.page.shows(f"{page}: the summary has the focus", "document.activeElement.className", "errors")
    checks(f"{page}: the title says so", visitor.page.run("document.title").startswith("Error: "), True)


def a_life_without_scripts(visitor):
    visitor.open("/account/sign-up")
    visitor.audit("sign-up")
    visitor.submit(email="arthur", password="short")
    wrong_input(visitor, "sign-up", "email", "name@example.com")
    visitor.audit("sign-up-errors")
    visitor.submit(email=EMAIL, password="short")
    wrong_input(visitor, "sign-up", "password", "at least 8")
    visitor.submit(password=PASSWORD, first_name="Arthur")
    checks("a registration leads to the mails", visitor.path(), "/account/check-mail?for=verify")
    visitor.audit("check-mail")
    visitor.submit(email="arthur")
    wrong_input(visitor, "check-mail", "email", "name@example.com")

    visitor.open("/account/verify?token=wrong")
    visitor.press("main form button")
    checks("a wrong link is refused", "not valid any more" in visitor.text(), True)
    visitor.audit("verify-errors")
    visitor.open(visitor.link_of_mail("verify"))
    visitor.audit("verify")
    visitor.press("main form button")
    checks("the address is confirmed", "Your address is confirmed." in visitor.text(), True)

    visitor.open("/account/log-in")
    visitor.submit(username=EMAIL, password="wrong password")
    checks("a wrong password is refused", "The address or the password is wrong." in visitor.text(), True)
    visitor.audit("log-in-errors")

    visitor.open("/account/forgot-password")
    visitor.audit("forgot-password")
    visitor.submit(email="arthur")
    wrong_input(visitor, "forgot-password", "email", "name@example.com")
    visitor.submit(email=EMAIL)
    visitor.audit("check-mail-reset")
    visitor.open(visitor.link_of_mail("reset-password"))
    visitor.audit("reset-password")
    visitor.submit(password="short")
    wrong_input(visitor, "reset-password", "password", "at least 8")
    visitor.submit(password=OTHER)
    checks("the password is replaced", visitor.path(), "/account/log-in?notice=password-reset")
    visitor.audit("log-in-notice")
    visitor.submit(username=EMAIL, password=OTHER)
    checks("and logs in", visitor.path(), "/account/profile")


def by_keyboard(visitor):
    visitor.press("nav form button")
    visitor.open("/account/log-in")
    visitor.audit("log-in")
    visitor.key("Tab")
    checks("the first stop skips the navigation", visitor.focus(), "Skip to the content")
    visitor.tab_to("field-username")
    visitor.type(EMAIL)
    visitor.key("Tab")
    visitor.type(OTHER)
    visitor.page.run("window.beforeNavigation = true")
    visitor.key("Enter")
    visitor.wait()
    checks("the keyboard logs in", visitor.path(), "/account/profile")
    visitor.tab_to("field-first_name")
    visitor.type("King Arthur")
    visitor.tab_to("Save")
    visitor.page.run("window.beforeNavigation = true")
    visitor.key("Enter")
    visitor.wait()
    checks("the keyboard saves the profile", "Your changes are saved." in visitor.text(), True)
    for link, path in (("Your sessions", "sessions"), ("Your account", "profile"), ("Change the address", "change-email")):
        visitor.tab_to(link)
        visitor.page.run("window.beforeNavigation = true")
        visitor.key("Enter")
        visitor.wait()
        checks(f"the keyboard opens {path}", visitor.path(), f"/account/{path}")


def the_account(visitor):
    visitor.open("/account/profile")
    visitor.audit("profile")
    visitor.submit(first_name="x" * 5)
    visitor.open("/account/change-password")
    visitor.audit("change-password")
    visitor.submit(current_password="wrong password", password=PASSWORD)
    wrong_input(visitor, "change-password", "current_password", "wrong")
    visitor.audit("change-password-errors")
    visitor.submit(current_password=OTHER, password=PASSWORD)
    checks("the password is changed", visitor.path(), "/account/profile?notice=password-changed")
    visitor.audit("profile-notice")

    visitor.open("/account/sessions")
    visitor.audit("sessions")
    visitor.press("main form button")
    checks("other sessions are ended", "ended" in visitor.text(), True)

    visitor.open("/account/change-email")
    visitor.audit("change-email")
    visitor.submit(email="arthur")
    wrong_input(visitor, "change-email", "email", "name@example.com")
    visitor.submit(email="king@camelot.bt")
    visitor.audit("check-mail-change")
    visitor.open(visitor.link_of_mail("confirm-email"))
    visitor.audit("confirm-email")
    visitor.press("main form button")
    checks("the address is changed", "king@camelot.bt" in visitor.text(), True)
    visitor.open(visitor.link_of_mail("undo-email"))
    visitor.audit("undo-email")
    visitor.press("main form button")
    checks("the change is undone", visitor.path(), "/account/forgot-password?notice=email-undone")
    visitor.open("/account/profile")
    checks("the sessions are ended", visitor.path(), "/account/log-in?notice=log-in-first&next=profile")


def other_pages(visitor):
    visitor.open("/account/nothing")
    visitor.audit("error")
    for page in ("verify", "reset-password", "confirm-email", "undo-email"):
        visitor.open(f"/account/{page}")
        visitor.audit(f"{page}-without-token")
    visitor.send("Emulation.setUserAgentOverride", userAgent="Chromium", acceptLanguage="de")
    for page in ("log-in", "sign-up"):
        visitor.open(f"/account/{page}")
        checks(f"{page} is in German", visitor.page.run("document.documentElement.lang"), "de")
        visitor.audit(f"{page}-german")


def a_challenge(browser, folder):
    """Many registrations, then a form that needs a script: with scripts it is solved, without them the page says so."""
    service = Service(SERVER, folder, PAGES="on", CHALLENGES="altcha")
    try:
        page = browser.page("about:blank")
        browser.call("Emulation.setUserAgentOverride", page.session, userAgent="Chromium", acceptLanguage="en")
        has_challenge = "!!document.querySelector('form[data-challenge]')"

        def fill(number):
            page.run(f"""document.querySelector('[name=email]').value = 'knight{number}@camelot.bt';
                document.querySelector('[name=password]').value = {json.dumps(PASSWORD)}""")

        def press():
            page.run("window.beforeNavigation = true; document.querySelector('main form button').click()")
            page.until("!window.beforeNavigation && document.readyState === 'complete'")

        def sign_up(number):
            page.open(f"{service.url}/account/sign-up")
            fill(number)
            press()

        for number in range(10):
            sign_up(number)
            if page.run(has_challenge):
                break
        checks("after many registrations the form has a challenge", page.run(has_challenge), True)
        fill(number)
        press()
        checks("a form that is sent early waits for its solution", page.run("location.pathname"), "/account/check-mail")
        browser.call("Emulation.setScriptExecutionDisabled", page.session, value=True)
        sign_up(number + 1)
        said = page.run("document.querySelector('noscript').textContent")
        checks("without scripts the page says what is missing", "needs JavaScript" in said, True)
    finally:
        service.close()


def passkeys(browser, folder):
    """A passkey of Chromium's virtual authenticator: added on a page, used by the button and by autofill, and removed."""
    service = Service(SERVER, folder, PAGES="on", PASSKEYS="on", LIMITS="off")
    try:
        page = browser.page("about:blank")
        call = lambda method, **parameters: browser.call(method, page.session, **parameters)
        call("Emulation.setUserAgentOverride", userAgent="Chromium", acceptLanguage="en")
        call("WebAuthn.enable")
        options = {"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
                   "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}
        authenticator = call("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]
        presence = lambda enabled: call("WebAuthn.setAutomaticPresenceSimulation", authenticatorId=authenticator, enabled=enabled)

        def press(selector):
            page.run(f"window.beforeNavigation = true; document.querySelector({json.dumps(selector)}).click()")
            page.until("!window.beforeNavigation && document.readyState === 'complete'")

        def fill(**fields):
            for name, value in fields.items():
                page.run(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")

        # Waits for what it checks: autofill may be answered together with the button, and then the page changes twice.
        shows_text = lambda what, text: page.shows(what, f"document.body.innerText.includes({json.dumps(text)})", True)
        # Until there is a passkey, autofill waits.
        page.open(f"{service.url}/account/sign-up")
        fill(email=EMAIL, password=PASSWORD)
        press("main form button")
        page.open(f"{service.url}/account/log-in")
        fill(username=EMAIL, password=PASSWORD)
        press("main form button")
        page.open(f"{service.url}/account/passkeys")
        page.until("!document.querySelector('form[data-passkey]').hidden")
        fill(name="Chromium")
        press("form[data-passkey] button")
        shows_text("a passkey is added on the page", "The passkey is added")
        shows_text("under its name", "Chromium")
        credentials = call("WebAuthn.getCredentials", authenticatorId=authenticator)["credentials"]
        checks("it is discoverable", [credential["isResidentCredential"] for credential in credentials], [True])

        # The button; autofill, which the virtual authenticator answers at once, has to wait.
        presence(False)
        press("nav form button")
        checks("the field of the address offers passkeys",
               page.run("document.querySelector('[name=username]').autocomplete"), "username webauthn")
        page.until("!document.querySelector('form[data-passkey]').hidden")
        presence(True)
        press("form[data-passkey] button")
        page.shows("the button logs in", "location.pathname", "/account/profile")

        page.run("window.beforeNavigation = true; document.querySelector('nav form button').click()")
        page.until("location.pathname === '/account/profile' && document.readyState === 'complete' && !window.beforeNavigation")
        shows_text("autofill logs in", EMAIL)

        page.open(f"{service.url}/account/reauthenticate")
        page.until("!document.querySelector('form[data-passkey]').hidden")
        press("form[data-passkey] button")
        page.shows("a passkey proves again who one is", "location.search", "?notice=reauthenticated")

        page.open(f"{service.url}/account/passkeys")
        press("form[action$=remove-passkey] button")
        shows_text("it is removed", "The passkey is removed")
        presence(False)
        press("nav form button")
        page.until("!document.querySelector('form[data-passkey]').hidden")
        presence(True)
        press("form[data-passkey] button")
        shows_text("a removed passkey is refused", "This passkey was not accepted")
        page.shows("there is no inline script", "[...document.scripts].map(script => script.src + script.textContent)",
                   [f"{service.url}/account/passkeys.js"])
    finally:
        service.close()


def code_of(secret):
    """The code of an authenticator app now (RFC 6238)."""
    key, step = base64.b32decode(secret), int(time.time()) // 30
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset:offset + 4], 'big') & 0x7fffffff) % 1_000_000:06}"


def second_factor_and_mails(browser, folder):
    """A second factor, enrolled on its page, and logins with it: with the password, a mailed link and a mailed code."""
    log, hooks = pathlib.Path(folder) / "log-of-mails", pathlib.Path(folder) / "hooks"
    with log.open("wb") as file:
        service = Service(SERVER, folder, log=file, PAGES="on", LIMITS="off", MFA="optional", MAGIC_LINK="on", EMAIL_CODE="on",
                          HOOK_LOG=str(hooks))
    try:
        visitor = Visitor(browser, service, log)
        visitor.send("Emulation.setUserAgentOverride", userAgent="Chromium", acceptLanguage="en")
        log_in = lambda **fields: visitor.submit(username=EMAIL, password=PASSWORD, **fields)
        visitor.open("/account/sign-up")
        visitor.submit(email=EMAIL, password=PASSWORD)
        visitor.open(visitor.link_of_mail("verify"))
        visitor.press("main form button")
        visitor.open("/account/log-in")
        log_in()
        visitor.open("/account/two-factor")
        visitor.audit("two-factor")
        visitor.press("main form button")
        visitor.audit("two-factor-enroll")
        secret = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", visitor.text()).group().replace(" ", "")
        visitor.submit(code="12345")
        wrong_input(visitor, "two-factor-confirm", "code", "code")
        visitor.submit(code=code_of(secret))
        visitor.audit("two-factor-recovery-codes")
        codes = re.findall(r"[a-z2-7]{5}(?:-[a-z2-7]{5}){3}-[a-z2-7]{6}", visitor.text())
        checks("ten recovery codes are shown", len(set(codes)), 10)
        visitor.open("/account/two-factor")
        visitor.audit("two-factor-enrolled")
        checks("and never again", any(code in visitor.text() for code in codes), False)

        visitor.press("nav form button")
        log_in()
        checks("a login asks for a code", visitor.page.run("!!document.querySelector('[name=otp]')"), True)
        visitor.audit("log-in-code")
        log_in(otp="000000")
        wrong_input(visitor, "log-in", "otp", "code")
        log_in(otp=codes[0])
        checks("a recovery code logs in", visitor.path(), "/account/profile")

        visitor.press("nav form button")
        visitor.open("/account/log-in-by-mail")
        visitor.audit("log-in-by-mail")
        visitor.submit(email=EMAIL)
        visitor.open(visitor.link_of_mail("magic-link"))
        visitor.audit("magic-link")
        visitor.press("main form button")
        checks("a link asks for the code as well", visitor.page.run("!!document.querySelector('[name=otp]')"), True)
        visitor.audit("magic-link-code")
        visitor.submit(otp=codes[1])
        checks("and logs in with it", visitor.path(), "/account/profile")

        visitor.press("nav form button")
        visitor.open("/account/log-in-by-mail")
        visitor.page.run(f"document.querySelector('form[action$=send-email-code] [name=email]').value = {json.dumps(EMAIL)}")
        visitor.press("form[action$=send-email-code] button")
        visitor.audit("email-code")
        mailed = lambda: [json.loads(line) for line in hooks.read_text().splitlines() if "on_after_request_email_code" in line]
        until(mailed, "a code is mailed")
        visitor.submit(code="000000")
        checks("a wrong mailed code is refused", visitor.path(), "/account/email-code")
        visitor.submit(code=mailed()[-1]["code"])
        visitor.submit(code=mailed()[-1]["code"], otp=codes[2])
        checks("a mailed code logs in with the second factor", visitor.path(), "/account/profile")
        print(f"{len(visitor.seen)} pages of second factors and mails")
    finally:
        service.close()


def main():
    if PICTURES:
        PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            browser = Browser(f"{folder}/profile")
        except FileNotFoundError as error:
            print(f"skipped: {error}")
            sys.exit(os.environ.get("REQUIRE_BROWSER") == "1")
        log = pathlib.Path(folder) / "log"
        with log.open("wb") as file:
            service = Service(SERVER, folder, log=file, PAGES="on", LIMITS="off")
        try:
            visitor = Visitor(browser, service, log)
            visitor.send("Emulation.setUserAgentOverride", userAgent="Chromium", acceptLanguage="en")
            a_life_without_scripts(visitor)
            by_keyboard(visitor)
            the_account(visitor)
            other_pages(visitor)
            a_challenge(browser, folder)
            passkeys(browser, folder)
            second_factor_and_mails(browser, folder)
            print(f"{len(visitor.seen)} pages in {len(SCHEMES)} schemes")
        finally:
            service.close()
            browser.close()


main()
