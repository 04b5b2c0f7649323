"""A login, an association and a refusal through the provider's pages in Chromium."""

import json

from driver import Browser, Service, free_port
from visitor import Provider, Visitor, pass_pages

PASSWORD = "a long sword of steel"

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Site:
    """The server with the backend `cookie`, which sends browsers back to /docs, and its provider at another site."""

    def __init__(self, browser, server, provider_folder, folder):
        port = free_port()
        callbacks = [f"http://localhost:{port}/auth/{flow}acme/callback" for flow in ("", "associate/")]
        self.browser, self.log = browser, open(folder / "log", "w+")
        self.provider = Provider(provider_folder, callbacks, self.log)
        variables = {"OAUTH_PROVIDERS": "acme", "OAUTH_BACKEND": "cookie", "OAUTH_SUCCESS_URL": "/docs?done",
                     "OAUTH_FAILURE_URL": "/docs", "REDIS_URL": "", **self.provider.variables("acme", "acme")}
        try:
            self.service = Service(server, folder, self.log, port=port, **variables)
        except BaseException:
            self.provider.close()
            raise

    def close(self):
        self.service.close()
        self.provider.close()
        self.log.close()

    def page(self):
        """Opens a page of the service in a browser without cookies."""
        self.browser.call("Storage.clearCookies")
        page = self.browser.page(f"{self.service.url}/docs")
        page.place = self.service.url
        return page


def fetched(page, path, **options):
    """Fetches as a page of the service. Returns the status and the body."""
    text = page.run(f"fetch({json.dumps(path)}, {json.dumps(options)})"
                    ".then(async response => JSON.stringify([response.status, await response.text()]))")
    status, body = json.loads(text)
    return status, body and json.loads(body)


def leave(page, path):
    """Starts a flow as a front end does."""
    page.run(f"fetch({json.dumps(path)}).then(response => response.json()).then(body => location.assign(body.authorization_url))")


def enter(page, login):
    page.until("!!document.querySelector('[name=login]')")
    page.run(f"document.querySelector('[name=login]').value = {json.dumps(login)};"
             "document.querySelector('[name=password]').value = 'any';"
             "document.querySelector('button[type=submit]').click()")


def agree(page):
    page.until("!!document.querySelector('[name=prompt][value=consent]')")
    page.run("document.querySelector('button[type=submit]').click()")


def back(page, path):
    page.until(f"location.href === {json.dumps(page.place + path)} && document.readyState === 'complete'")


@check
def a_login_through_the_pages(site):
    page = site.page()
    assert fetched(page, "/users/me")[0] == 401
    leave(page, "/auth/acme/authorize")
    enter(page, "arthur")
    agree(page)
    back(page, "/docs?done")
    status, me = fetched(page, "/users/me")
    assert (status, me["email"]) == (200, "arthur@camelot.bt"), me
    cookies = site.browser.cookies()
    for name in ("__Host-fastapiusersauth", "__Host-fastapiusersoauthcsrf"):
        cookie = cookies[name]
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/"), cookie
    # The provider knows the person, so nobody enters anything.
    leave(page, "/auth/acme/authorize")
    page.until("location.search === '?done'")
    assert fetched(page, "/users/me") == (200, me)


@check
def an_association_through_the_pages(site):
    page = site.page()
    def post(path, body):
        return fetched(page, path, method="POST", headers={"content-type": "application/json"}, body=json.dumps(body))

    assert post("/auth/register", {"email": "gawain@camelot.bt", "password": PASSWORD})[0] == 201
    form = f"username=gawain%40camelot.bt&password={PASSWORD.replace(' ', '+')}"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert fetched(page, "/auth/cookie/login", method="POST", headers=kind, body=form)[0] == 204
    leave(page, "/auth/associate/acme/authorize")
    enter(page, "arthur-7")
    agree(page)
    back(page, "/docs?done")
    status, accounts = fetched(page, "/users/me/oauth-accounts")
    assert (status, [account["account_email"] for account in accounts]) == (200, ["arthur-7@camelot.bt"]), accounts
    # The account logs in as this user now, and can be removed.
    assert fetched(page, "/auth/cookie/logout", method="POST")[0] == 204
    leave(page, "/auth/acme/authorize")
    page.until("location.search === '?done'")
    assert fetched(page, "/users/me")[1]["email"] == "gawain@camelot.bt"
    assert fetched(page, f"/users/me/oauth-accounts/{accounts[0]['id']}", method="DELETE")[0] == 204
    assert fetched(page, "/users/me/oauth-accounts") == (200, [])


@check
def a_refusal_through_the_pages(site):
    page = site.page()
    leave(page, "/auth/acme/authorize")
    page.until("!!document.querySelector('a[href$=\"/abort\"]')")
    page.run("document.querySelector('a[href$=\"/abort\"]').click()")
    back(page, "/docs?error=access_denied")
    assert fetched(page, "/users/me")[0] == 401


@check
def a_callback_of_another_browser_logs_nobody_in(site):
    """Login CSRF: the attacker's own callback, opened in the browser of somebody who has started a login."""
    attacker = Visitor()
    url = json.loads(attacker.call("GET", f"{site.service.url}/auth/acme/authorize").body)["authorization_url"]
    callback = pass_pages(attacker, url, "arthur-8", site.service.url)
    page = site.page()
    assert fetched(page, "/auth/acme/authorize")[0] == 200
    page.run(f"location.assign({json.dumps(callback)})")
    back(page, "/docs?error=OAUTH_INVALID_STATE")
    assert fetched(page, "/users/me")[0] == 401
