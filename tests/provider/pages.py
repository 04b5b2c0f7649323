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
        flows = ("auth/", "auth/associate/", "account/oauth/", "account/link/")
        callbacks = [f"http://localhost:{port}/{flow}acme/callback" for flow in flows]
        self.browser, self.log = browser, open(folder / "log", "w+")
        self.provider = Provider(provider_folder, callbacks, self.log)
        variables = {"OAUTH_PROVIDERS": "acme", "OAUTH_BACKEND": "cookie", "OAUTH_SUCCESS_URL": "/docs?done",
                     "OAUTH_FAILURE_URL": "/docs", "REDIS_URL": "", "PAGES": "on", **self.provider.variables("acme", "acme")}
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


def register_and_log_in(page, email):
    kind = {"content-type": "application/json"}
    body = json.dumps({"email": email, "password": PASSWORD})
    assert fetched(page, "/auth/register", method="POST", headers=kind, body=body)[0] == 201
    form = f"username={email.replace('@', '%40')}&password={PASSWORD.replace(' ', '+')}"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert fetched(page, "/auth/cookie/login", method="POST", headers=kind, body=form)[0] == 204


def open_page(page, name):
    """Opens a ready page of the service."""
    page.run(f"location.assign('/account/{name}')")
    page.until(f"location.pathname === '/account/{name}' && document.readyState === 'complete'")


def follow(page, link):
    page.run(f"document.querySelector('a[href=\"{link}\"]').click()")


def press(page, selector):
    """Presses a button, or follows a link, and waits for the next ready page."""
    page.run(f"window.beforeNavigation = true; document.querySelector({json.dumps(selector)}).click()")
    page.until("!window.beforeNavigation && document.readyState === 'complete'")


def shown(page):
    return page.run("document.body.innerText")


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
    register_and_log_in(page, "gawain@camelot.bt")
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


def press(page, selector):
    """Presses a button or follows a link of a ready page, and waits for the next page."""
    page.run(f"window.beforeNavigation = true; document.querySelector({json.dumps(selector)}).click()")
    page.until("!window.beforeNavigation && document.readyState === 'complete'")


@check
def a_login_by_the_ready_pages(site):
    page = site.page()
    open_page(page, "log-in")
    follow(page, "oauth/acme/authorize")
    enter(page, "arthur-9")
    agree(page)
    back(page, "/docs?done")  # where the provider of this server leads
    open_page(page, "profile")
    assert "arthur-9@camelot.bt" in shown(page)
    press(page, "a[href=linked-accounts]")
    assert "arthur-9@camelot.bt" in shown(page)
    press(page, "form[action=remove-account] button")
    assert "Without this account you could not log in any more" in shown(page), shown(page)
    open_page(page, "linked-accounts")
    assert "arthur-9@camelot.bt" in shown(page)


@check
def an_account_is_linked_and_removed_by_the_ready_pages(site):
    page = site.page()
    register_and_log_in(page, "kay@camelot.bt")
    open_page(page, "linked-accounts")
    follow(page, "link/acme/authorize")
    enter(page, "arthur-10")
    agree(page)
    back(page, "/docs?done")
    open_page(page, "linked-accounts")
    assert "arthur-10@camelot.bt" in shown(page)
    press(page, "form[action=remove-account] button")
    back(page, "/account/linked-accounts?notice=account-removed")
    assert "arthur-10@camelot.bt" not in shown(page)


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
