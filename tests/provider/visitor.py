"""A browser without scripts that goes through the pages of the provider, and the provider itself."""

import base64, hashlib, html.parser, http.cookiejar, json, os, secrets, subprocess, urllib.error, urllib.parse, urllib.request

CLIENT_SECRET = "a secret of the local provider, for tests only"
RESOURCE = "https://api.camelot.example"


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r} {self.headers.get('location', '')}"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Visitor:
    """Keeps cookies as a browser does, which treats http://localhost as secure."""

    def __init__(self):
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        self.cookies = http.cookiejar.CookieJar(policy)
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), NoRedirect)

    def call(self, method, url, headers=None, json_body=None, form=None):
        headers, body = dict(headers or {}), None
        if form is not None:
            body, headers["content-type"] = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
        elif json_body is not None:
            body, headers["content-type"] = json.dumps(json_body).encode(), "application/json"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            reply = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            reply = error
        with reply:
            return Response(reply.status, reply.headers, reply.read().decode())


class Page(html.parser.HTMLParser):
    """The form of a page, and the link that refuses."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.refusal = None, {}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes["action"]
        elif tag == "input":
            self.fields[attributes["name"]] = attributes.get("value", "")
        elif tag == "a" and attributes.get("href", "").endswith("/abort"):
            self.refusal = attributes["href"]


def pass_pages(visitor, url, login, until, refuse=None):
    """Logs in and consents at the provider, unless it remembers that, or refuses at one of its pages (`login`, `consent`).

    Returns the URL with the prefix `until` to which the provider sends the browser.
    """
    refused = False
    for _ in range(20):
        if url.startswith(until):
            assert refused == bool(refuse), f"there was no page {refuse}"
            return url
        response = visitor.call("GET", url)
        if response.status == 200:
            page = Page(response.body)
            prompt = page.fields.get("prompt")
            assert prompt in ("login", "consent"), response.body
            if prompt == refuse:
                refused, response = True, visitor.call("GET", urllib.parse.urljoin(url, page.refusal))
            else:
                typed = {"login": login, "password": "any"} if prompt == "login" else {}
                response = visitor.call("POST", urllib.parse.urljoin(url, page.action), form={**page.fields, **typed})
        assert response.status in (302, 303), f"{url}: {response}"
        url = urllib.parse.urljoin(url, response.headers["location"])
    raise AssertionError(f"no end: {url}")


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def with_query(url, **changes):
    """Returns a URL with other parameters; None removes one."""
    parts = urllib.parse.urlsplit(url)
    parameters = {name: value for name, value in {**query(url), **changes}.items() if value is not None}
    return parts._replace(query=urllib.parse.urlencode(parameters)).geturl()


def decoded(token):
    """Returns the header and the claims of a JWT, unverified."""
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


class Provider:
    """The program provider.mjs."""

    def __init__(self, folder, callbacks, log):
        self.callback = callbacks[0]
        variables = {"PORT": "0", "REDIRECT_URIS": " ".join(callbacks), "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(["node", folder / "provider.mjs"], env=variables, text=True, stdout=subprocess.PIPE,
                                        stderr=log)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"the provider does not start: see {log.name}"
        self.issuer = line.split()[-1]

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def variables(self, name, client):
        """Returns the variables of the server for a provider of this name, which is a client here."""
        prefix = f"OAUTH_{name.upper()}"
        return {f"{prefix}_ISSUER": self.issuer, f"{prefix}_CLIENT_ID": client, f"{prefix}_CLIENT_SECRET": CLIENT_SECRET}

    def rotate(self, overlap=False):
        response = Visitor().call("POST", f"{self.issuer}/rotate{'?overlap' if overlap else ''}")
        assert response.status == 204, response

    def tokens(self, login, client="acme", **parameters):
        """Returns what the token endpoint gives a client for a person who logs in."""
        verifier, visitor = secrets.token_urlsafe(32), Visitor()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        request = {"client_id": client, "response_type": "code", "redirect_uri": self.callback, "scope": "openid email",
                   "code_challenge": challenge, "code_challenge_method": "S256", **parameters}
        url = f"{self.issuer}/auth?{urllib.parse.urlencode(request)}"
        code = query(pass_pages(visitor, url, login, self.callback))["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback, "code_verifier": verifier}
        return self.token_endpoint(form, client)

    def token_endpoint(self, form, client="acme"):
        """Authenticates in the way that provider.mjs gives a client, and calls the token endpoint."""
        headers = {}
        if client == "acme-es256":
            form = {**form, "client_id": client, "client_secret": CLIENT_SECRET}
        else:
            pair = f"{urllib.parse.quote_plus(client)}:{urllib.parse.quote_plus(CLIENT_SECRET)}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        response = Visitor().call("POST", f"{self.issuer}/token", headers, form=form)
        assert response.status == 200, response
        return response.json
