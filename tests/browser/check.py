#!/usr/bin/env python3
"""The session cookie in a real browser: Chromium from Debian, against examples/cookie.rs and examples/server.rs.

SameSite, the __Host- prefix, Sec-Fetch-Site, Origin and Clear-Site-Data are enforced by browsers, so they are tested in one.
The script uses only Python's standard library.

    check.py FOLDER      the folder with the two programs; `scripts/nightly browser` builds them
    REQUIRE_BROWSER=1    a missing Chromium is a failure, not a skip

Pages under test: the service's own at http://localhost:PORT, a cross-site page at http://127.0.0.1:PORT, and a
same-site page of another origin at http://localhost:ANOTHER_PORT, which SameSite does not block.
"""

import fcntl, http.server, json, os, pathlib, shutil, socket, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

EXAMPLES = pathlib.Path(sys.argv[1])
SECRET = "q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E"
EMAIL, PASSWORD = "arthur@camelot.bt", "a long sword of steel"


class Browser:
    """Chromium, controlled over a pipe (Chrome DevTools Protocol)."""

    def __init__(self, folder):
        name = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)
        if name is None:
            raise FileNotFoundError("no Chromium; on Debian: apt-get install chromium")
        (to_read, self.to), (self.back, to_write) = os.pipe(), os.pipe()

        def wire():
            # Chromium reads commands from file descriptor 3 and writes to 4.
            reads, writes = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_read, to_write))
            os.dup2(reads, 3), os.dup2(writes, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
        self.process = subprocess.Popen([name, *flags, "about:blank"], preexec_fn=wire, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read), os.close(to_write)
        self.buffer, self.count = b"", 0

    def call(self, method, session=None, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.buffer:
                chunk = os.read(self.back, 1 << 16)
                if not chunk:
                    raise RuntimeError("the browser has exited")
                self.buffer += chunk
            text, self.buffer = self.buffer.split(b"\0", 1)
            response = json.loads(text)
            if response.get("id") == self.count:
                if "error" in response:
                    raise RuntimeError(f"{method}: {response['error']}")
                return response["result"]

    def page(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        page.open(url)
        return page

    def cookies(self):
        return {cookie["name"]: cookie for cookie in self.call("Storage.getCookies")["cookies"]}

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except Exception:
            self.process.kill()


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def open(self, url):
        self.browser.call("Page.navigate", self.session, url=url)
        self.until(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def run(self, script):
        """Returns the value of an expression, awaiting a promise."""
        result = self.browser.call("Runtime.evaluate", self.session, expression=script, awaitPromise=True,
                                   returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def until(self, script):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                if self.run(script):
                    return
            except RuntimeError:
                pass  # during navigation
            time.sleep(0.02)
        raise AssertionError(f"timed out: {script}\n{self.run('document.documentElement.outerHTML')}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Service:
    """One of the examples, with its own database."""

    def __init__(self, name, folder, **variables):
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        variables = {"BIND": f"127.0.0.1:{self.port}", "PUBLIC_URL": self.url, "AUTH_SECRET": SECRET,
                     "DATABASE_URL": f"sqlite://{folder}/{name}-{self.port}.db?mode=rwc", **variables}
        self.process = subprocess.Popen([EXAMPLES / name], env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert self.process.poll() is None, f"{name} did not start"
                time.sleep(0.02)
        raise AssertionError(f"{name} does not listen")

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Foreign(http.server.BaseHTTPRequestHandler):
    """Pages of another origin."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>foreign</title>")

    def log_message(self, *_):
        pass


def checks(what, actual, expected):
    assert actual == expected, f"{what}: {actual!r}, not {expected!r}"
    print(f"ok: {what}")


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
    service = Service("cookie", folder)
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
        checks("a logout removes the cookie", list(browser.cookies()), [])
        request = urllib.request.Request(f"{service.url}/users/me", headers={"cookie": f"fastapiusersauth={held}"})
        try:
            status = urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            status = error.code
        checks("and what was in it is dead", status, 401)
    finally:
        service.close()


def the_server_under(browser, folder, policy, name):
    """Tests Secure cookies, which Chromium accepts from http://localhost as from https."""
    service = Service("server", folder, POLICY=policy, LIMITS="off")
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
        checks("a second login takes its place", (list(second), second[name]["value"] != cookie["value"]), ([name], True))
        checks("logout", page.run("fetch('/auth/cookie/logout', { method: 'POST' }).then(response => response.status)"), 204)
        checks("removes it", (page.run(ME), list(browser.cookies())), (401, []))
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
            the_server_under(browser, folder, "fastapi_users", "fastapiusersauth")
            the_server_under(browser, folder, "recommended", "__Host-fastapiusersauth")
        finally:
            browser.close()
    print("all browser checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
