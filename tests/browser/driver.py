"""Chromium from Debian, and the services that it visits. Uses only Python's standard library."""

import base64, contextlib, fcntl, json, os, pathlib, shutil, socket, subprocess, sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "shared"))
from waiting import until, until_it_listens

SECRET = "q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E"


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

    def window(self, width, height, dark=False):
        """Sets the size of the window and the colour scheme of the system."""
        self.browser.call("Emulation.setDeviceMetricsOverride", self.session, width=width, height=height, deviceScaleFactor=1,
                          mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.call("Emulation.setEmulatedMedia", self.session, features=[scheme])
        self.until(f"innerWidth === {width} && matchMedia('(prefers-color-scheme: {scheme['value']})').matches")

    def picture(self, file):
        """Writes what the window shows, as PNG."""
        data = self.browser.call("Page.captureScreenshot", self.session)["data"]
        pathlib.Path(file).write_bytes(base64.b64decode(data))

    def shows(self, what, script, expected):
        """Checks the value of an expression that scripts of the page or the browser change in their own time."""
        self.until(f"JSON.stringify({script}) === {json.dumps(json.dumps(expected, separators=(',', ':')))}")
        print(f"ok: {what}")

    def until(self, script):
        def found():
            with contextlib.suppress(RuntimeError):  # during navigation
                return self.run(script)

        until(found, lambda: f"{script}\n{self.run('document.documentElement.outerHTML')}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Service:
    """A program of the examples, by default at a free port and with a database of its own. Further variables take precedence."""

    def __init__(self, program, folder, log=subprocess.DEVNULL, port=None, **variables):
        name, self.port = pathlib.Path(program).name, port or free_port()
        self.url = f"http://localhost:{self.port}"
        variables = {"BIND": f"127.0.0.1:{self.port}", "PUBLIC_URL": self.url, "AUTH_SECRET": SECRET,
                     "DATABASE_URL": f"sqlite://{folder}/{name}-{self.port}.db?mode=rwc", **variables}
        self.process = subprocess.Popen([program], env={**os.environ, **variables}, stdout=log)
        until_it_listens(self.process, self.port, f"{name} listens")

    def close(self):
        self.process.terminate()
        self.process.wait(10)


def checks(what, actual, expected):
    assert actual == expected, f"{what}: {actual!r}, not {expected!r}"
    print(f"ok: {what}")
