#!/usr/bin/env python3
"""The session cookie, a front end on another origin, the explorer and a proof of work in a real browser: Chromium from Debian, against
examples/cookie.rs, examples/altcha.rs and examples/server.rs.

SameSite, the __Host- prefix, Sec-Fetch-Site, Origin and Clear-Site-Data are enforced by browsers, so they are tested in one.
The script uses only Python's standard library.

    check.py FOLDER      the folder with the three programs; `scripts/nightly browser` builds them
    PICTURES=FOLDER      writes the pictures of the guide there
    REQUIRE_BROWSER=1    a missing Chromium is a failure, not a skip

Pages under test: the service's own at http://localhost:PORT, a cross-site page at http://127.0.0.1:PORT, and a
same-site page of another origin at http://localhost:ANOTHER_PORT, which SameSite does not block.
"""

import http.server, json, os, pathlib, sys, tempfile, threading, urllib.error, urllib.request

from driver import Browser, Service, checks
from explorer import the_explorer
from front_end import the_front_end

EXAMPLES = pathlib.Path(sys.argv[1])
EMAIL, PASSWORD = "arthur@camelot.bt", "a long sword of steel"


class Foreign(http.server.BaseHTTPRequestHandler):
    """Pages of another origin."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>foreign</title>")

    def log_message(self, *_):
        pass


DEVICE = "__Host-axumusersdevice"
ME = "fetch('/users/me').then(response => response.status)"
USER_TEXT = "document.querySelector('#who').textContent"


def fill(page, which):
    page.run(f"document.querySelector('[name=username]').value = {json.dumps(EMAIL)};"
             f"document.querySelector('[name=password]').value = {json.dumps(PASSWORD)};"
             f"document.querySelector('[value={which}]').click()")


def submit(page, action, fields):
    """Submits a form by navigation, as a cross-site page does, and returns the resulting page."""
    page.run(f"""(() => {{
        const form = Object.assign(document.createElement('form'), {{ method: 'post', action: {json.dumps(action)} }});
        for (const [name, value] of Object.entries({json.dumps(fields)}))
            form.append(Object.assign(document.createElement('input'), {{ name, value }}));
        document.body.append(form);
        form.submit();
    }})()""")
    page.until(f"location.href === {json.dumps(action)} && document.readyState === 'complete'")
    return page.run("document.body.innerText")


def the_page_of_the_example(browser, folder, foreign_port):
    service = Service(EXAMPLES / "cookie", folder)
    try:
        page = browser.page(service.url)
        page.until(f"{USER_TEXT} === 'You are not logged in.'")
        fill(page, "register")
        page.until(f"{USER_TEXT} === 'Hello, {EMAIL}!'")
        cookie = browser.cookies()["fastapiusersauth"]
        checks("no script reads the cookie", (cookie["httpOnly"], page.run("document.cookie")), (True, ""))
        checks("it belongs to this host, to the end of the session, with SameSite=Lax",
               (cookie["domain"], cookie["session"], cookie["sameSite"]), ("localhost", True, "Lax"))
        page.run("document.querySelector('#sign button').click()")
        page.until(f"{USER_TEXT} === 'Hello, {EMAIL}!'")
        checks("a form of the service's own page counts", page.run(ME), 200)

        refused = {"detail": "CSRF_ORIGIN_REFUSED"}
        login = {"username": EMAIL, "password": PASSWORD}
        same_site, other_site = f"http://localhost:{foreign_port}", f"http://127.0.0.1:{foreign_port}"
        for place, url in (("the same site", same_site), ("another site", other_site)):
            foreign = browser.page(url)
            checks(f"a login form on {place} is refused", json.loads(submit(foreign, f"{service.url}/auth/cookie/login", login)), refused)
            foreign.open(url)
            checks(f"a logout by {place} is refused", json.loads(submit(foreign, f"{service.url}/auth/cookie/logout", {})), refused)
            foreign.open(url)
            # SameSite withholds the cookie from cross-site requests; same-site requests have it, and the CSRF rule rejects them.
            expected = refused if url == same_site else {"detail": "Unauthorized"}
            checks(f"a form on {place} changes nothing", json.loads(submit(foreign, f"{service.url}/sign", {})), expected)
            foreign.open(url)
            status = foreign.run(f"fetch('{service.url}/users/me', {{ credentials: 'include' }}).then(() => 'read', () => 'blocked')")
            checks(f"script on {place} reads nothing", status, "blocked")
        checks("the person is still logged in", page.run(ME), 200)

        held = browser.cookies()["fastapiusersauth"]["value"]
        page.run("document.querySelector('#logout').click()")
        page.until(f"{USER_TEXT} === 'You are not logged in.'")
        checks("a logout removes the cookie, and the browser stays known", list(browser.cookies()), [DEVICE])
        request = urllib.request.Request(f"{service.url}/users/me", headers={"cookie": f"fastapiusersauth={held}"})
        try:
            status = urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            status = error.code
        checks("and what was in it is dead", status, 401)
    finally:
        service.close()


def sessions(browser):
    """Returns the names of cookies but that of known browsers, which the page of the example has set for every port."""
    return [name for name in browser.cookies() if name != DEVICE]


def the_server_under(browser, folder, policy, name):
    """Tests Secure cookies, which Chromium accepts from http://localhost as from https."""
    service = Service(EXAMPLES / "server", folder, POLICY=policy, LIMITS="off")
    try:
        page = browser.page(f"{service.url}/docs")
        body = json.dumps({"email": EMAIL, "password": PASSWORD})
        page.run(f"fetch('/auth/register', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, body: {json.dumps(body)} }})"
                 ".then(response => response.status)")
        form = json.dumps({"username": EMAIL, "password": PASSWORD})
        login = f"fetch('/auth/cookie/login', {{ method: 'POST', body: new URLSearchParams({form}) }}).then(response => response.status)"
        checks(f"a login under {policy}", page.run(login), 204)
        cookie = browser.cookies().get(name) or {}
        checks(f"{name} is kept, Secure and HttpOnly", (cookie.get("secure"), cookie.get("httpOnly")), (True, True))
        checks("it logs in", page.run(ME), 200)
        page.run(login)
        second = browser.cookies()
        checks("a second login takes its place", (sessions(browser), second[name]["value"] != cookie["value"]), ([name], True))
        checks("logout", page.run("fetch('/auth/cookie/logout', { method: 'POST' }).then(response => response.status)"), 204)
        checks("removes it", (page.run(ME), sessions(browser)), (401, []))
    finally:
        service.close()


def the_page_with_a_proof_of_work(browser, folder):
    service = Service(EXAMPLES / "altcha", folder)
    try:
        page = browser.page(service.url)
        for email in ("arthur@camelot.bt", "kay@camelot.bt"):
            page.run(f"document.querySelector('[name=email]').value = {json.dumps(email)};"
                     f"document.querySelector('[name=password]').value = {json.dumps(PASSWORD)};"
                     "document.querySelector('#register button').click()")
            page.until(f"document.querySelector('#state').textContent === 'Welcome, {email}!'")
        statuses = "performance.getEntriesByType('resource').map(entry => entry.responseStatus).filter(status => status !== 200)"
        checks("the second registration needs a proof of work, which the page does", page.run(statuses), [201, 403, 201])
    finally:
        service.close()


def main():
    foreign = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=foreign.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            browser = Browser(f"{folder}/profile")
        except FileNotFoundError as missing:
            print(f"skipped: {missing}")
            return 1 if os.environ.get("REQUIRE_BROWSER") == "1" else 0
        try:
            the_page_of_the_example(browser, folder, foreign.server_port)
            the_page_with_a_proof_of_work(browser, folder)
            the_explorer(browser, folder, EXAMPLES / "server", EMAIL, PASSWORD, os.environ.get("PICTURES"))
            the_front_end(browser, folder, EXAMPLES / "server", foreign.server_port, EMAIL, PASSWORD)
            the_server_under(browser, folder, "fastapi_users", "fastapiusersauth")
            the_server_under(browser, folder, "recommended", "__Host-fastapiusersauth")
        finally:
            browser.close()
    print("all browser checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
