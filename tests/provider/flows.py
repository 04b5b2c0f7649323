"""What examples/server.rs does with the logins of a certified provider, at one backend and on one database."""

import json, os, secrets, urllib.parse

from driver import Service, free_port, until
from visitor import RESOURCE, Provider, Visitor, decoded, pass_pages, query, with_query

PASSWORD = "a long sword of steel"
# The names of the providers at the service, and their clients at the provider.
CLIENTS = {"acme": "acme", "es256": "acme-es256", "eddsa": "acme-eddsa"}

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Site:
    """Two instances of the server with one database, and the provider of their users.

    The second instance links accounts with the same verified address (OAUTH_ASSOCIATE_BY_EMAIL).
    """

    def __init__(self, server, provider_folder, folder, backend, database):
        self.backend, self.number, self.hooks = backend, 0, folder / "hooks"
        port = free_port()
        url = f"http://localhost:{port}"
        callbacks = [f"{url}/auth/{flow}{name}/callback" for name in CLIENTS for flow in ("", "associate/")]
        self.log = open(folder / "log", "w+")
        self.provider = Provider(provider_folder, callbacks, self.log)
        variables = {"OAUTH_PROVIDERS": ",".join(CLIENTS), "OAUTH_BACKEND": backend, "LIMITS": "off", "PUBLIC_URL": url,
                     "OIDC_RESOURCE_ISSUER": self.provider.issuer, "OIDC_RESOURCE_AUDIENCE": RESOURCE,
                     "HOOK_LOG": str(self.hooks), "DATABASE_URL": database, "REDIS_URL": "", "RUST_LOG": "warn"}
        for name, client in CLIENTS.items():
            variables |= self.provider.variables(name, client)
        self.instances = [self.provider]
        try:
            self.instances.append(Service(server, folder, self.log, port=port, **variables))
            self.instances.append(Service(server, folder, self.log, OAUTH_ASSOCIATE_BY_EMAIL="true", **variables))
        except BaseException:
            self.close()
            raise
        self.service, self.linking = self.instances[1:]

    def close(self):
        for instance in reversed(self.instances):
            instance.close()

    def person(self, kind="arthur"):
        """Returns the login of a new person, which is also the subject, and the first part of the address."""
        self.number += 1
        return f"{kind}-{self.number}"

    def guest(self):
        return Guest(self)

    def registered(self, email, verified=True):
        """Returns a browser in which a new user has logged in with a password."""
        guest = self.guest()
        body = {"email": email, "password": PASSWORD}
        expect(guest.call("POST", "/auth/register", json_body=body), 201)
        if verified:
            expect(guest.call("POST", "/auth/request-verify-token", json_body={"email": email}), 202)
            expect(guest.call("POST", "/auth/verify", json_body={"token": self.mailed("on_after_request_verify")}), 200)
        form = {"username": email, "password": PASSWORD}
        guest.logged_in(guest.call("POST", f"/auth/{self.backend}/login", form=form))
        return guest

    def mailed(self, hook):
        """Waits for a mail and returns its token."""
        def tokens():
            calls = [json.loads(line) for line in open(self.hooks)] if self.hooks.exists() else []
            return [call["token"] for call in calls if call["hook"] == hook]

        token = until(tokens, f"a call of {hook}")[-1]
        os.truncate(self.hooks, 0)
        return token


class Guest:
    """A browser at the service."""

    def __init__(self, site):
        self.site, self.visitor, self.token = site, Visitor(), None

    def call(self, method, path, instance=None, **body):
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if method != "GET":
            headers["origin"] = self.site.service.url  # as browsers do
        return self.visitor.call(method, (instance or self.site.service).url + path, headers, **body)

    def start(self, provider="acme", flow="", **request):
        """Starts a login, or with `associate/` an association, and returns the URL at the provider."""
        response = self.call("GET", f"/auth/{flow}{provider}/authorize", **request)
        expect(response, 200)
        return response.json["authorization_url"]

    def pass_pages(self, url, login, refuse=None):
        """Returns the URL of the callback."""
        return pass_pages(self.visitor, url, login, query(url)["redirect_uri"], refuse)

    def finish(self, callback, instance=None):
        parts = urllib.parse.urlsplit(callback)
        return self.call("GET", f"{parts.path}?{parts.query}", instance)

    def logged_in(self, response):
        """Keeps the token of a response, if the browser does not keep a cookie."""
        expect(response, 204 if self.site.backend == "cookie" else 200)
        if self.site.backend != "cookie":
            assert response.json["token_type"] == "bearer"
            self.token = response.json["access_token"]
        return self

    def try_log_in(self, login, provider="acme", instance=None):
        return self.finish(self.pass_pages(self.start(provider), login), instance)

    def log_in(self, login, provider="acme", instance=None):
        return self.logged_in(self.try_log_in(login, provider, instance))

    def associate(self, login, provider="acme"):
        return self.finish(self.pass_pages(self.start(provider, "associate/"), login))

    def me(self):
        response = self.call("GET", "/users/me")
        expect(response, 200)
        return response.json

    def accounts(self):
        response = self.call("GET", "/users/me/oauth-accounts")
        expect(response, 200)
        return response.json

    def unlink(self, account):
        return self.call("DELETE", f"/users/me/oauth-accounts/{account['id']}")


def expect(response, status):
    assert response.status == status, f"expected {status}: {response!r}"


def refused(response, code):
    assert (response.status, response.body) == (400, json.dumps({"detail": code}, separators=(",", ":"))), \
        f"expected {code}: {response!r}"


@check
def a_new_person_becomes_a_user_and_comes_back_as_the_same(site):
    person = site.person()
    guest = site.guest().log_in(person)
    me = guest.me()
    assert (me["email"], me["is_active"], me["is_verified"]) == (f"{person}@camelot.bt", True, False), me
    linked = [(account["oauth_name"], account["account_id"], account["access_token"]) for account in me["oauth_accounts"]]
    assert linked == [("acme", person, "")], linked
    assert guest.log_in(person).me() == me, "the provider remembers the person"
    assert site.guest().log_in(person).me() == me, "in another browser"
    assert site.guest().log_in(site.person()).me()["id"] != me["id"]


@check
def a_person_who_refuses_is_not_logged_in(site):
    person = site.person()
    for page in ("login", "consent"):
        guest = site.guest()
        callback = guest.pass_pages(guest.start(), person, refuse=page)
        assert query(callback)["error"] == "access_denied" and "error_description" in query(callback), callback
        refused(guest.finish(callback), "access_denied")
        expect(guest.call("GET", "/users/me"), 401)
        guest.log_in(person)


@check
def two_tabs_finish_in_any_order(site):
    for order in ((0, 1), (1, 0)):
        guest, person = site.guest(), site.person()
        urls = [guest.start(), guest.start("eddsa")]
        callbacks = [guest.pass_pages(url, person) for url in urls]
        first = guest.finish(callbacks[order[0]])
        guest.logged_in(first)
        # The address belongs to the account that the first tab has created.
        refused(guest.finish(callbacks[order[1]]), "OAUTH_USER_ALREADY_EXISTS")
        assert len(guest.accounts()) == 1
        guest, person = site.guest(), site.person()
        callbacks = [guest.pass_pages(guest.start(), person) for _ in range(2)]
        for index in order:
            guest.logged_in(guest.finish(callbacks[index]))
        assert guest.me()["email"] == f"{person}@camelot.bt"


@check
def a_state_works_once(site):
    guest, person = site.guest(), site.person()
    url = guest.start()
    callbacks = [guest.pass_pages(url, person) for _ in range(2)]
    assert query(callbacks[0])["code"] != query(callbacks[1])["code"], "both codes are valid"
    guest.logged_in(guest.finish(callbacks[0]))
    for callback in callbacks:
        refused(guest.finish(callback), "OAUTH_INVALID_STATE")
        refused(guest.finish(callback, site.linking), "OAUTH_INVALID_STATE")


@check
def a_callback_works_only_as_it_was_meant(site):
    guest, person = site.guest(), site.person()
    callback = guest.pass_pages(guest.start(), person)
    stranger = site.guest()
    refused(stranger.finish(callback), "OAUTH_INVALID_STATE")
    stranger.start()
    refused(stranger.finish(callback), "OAUTH_INVALID_STATE")
    refused(guest.finish(callback.replace("/auth/acme/", "/auth/eddsa/")), "OAUTH_INVALID_STATE")
    guest.logged_in(guest.finish(callback))
    # A code for another flow: its verifier is another one.
    callbacks = [guest.pass_pages(guest.start(), person) for _ in range(2)]
    refused(guest.finish(with_query(callbacks[0], code=query(callbacks[1])["code"])), "OAUTH_PROVIDER_ERROR")
    # The provider names itself in its response (RFC 9207).
    for issuer in ("http://127.0.0.1:1", site.provider.issuer + "/", None):
        callback = guest.pass_pages(guest.start(), person)
        assert query(callback)["iss"] == site.provider.issuer
        refused(guest.finish(with_query(callback, iss=issuer)), "OAUTH_INVALID_STATE")
    # Another client's redirect URI is refused by the provider itself.
    url = guest.start()
    response = guest.visitor.call("GET", with_query(url, redirect_uri="http://127.0.0.1:1/auth/acme/callback"))
    expect(response, 400)
    assert "invalid_redirect_uri" in response.body or "redirect_uri did not match" in response.body, response.body


@check
def an_account_is_associated_listed_and_unlinked(site):
    knight = site.registered(f"{site.person('knight')}@camelot.bt")
    person, other = site.person(), site.person("mordred")
    response = knight.associate(person)
    expect(response, 200)
    assert [account["account_id"] for account in response.json["oauth_accounts"]] == [person]
    expect(site.guest().call("GET", "/auth/associate/acme/authorize"), 401)
    assert site.guest().log_in(person).me()["id"] == knight.me()["id"], "the account logs in"
    # Of an association the address does not matter: that of this person is unverified.
    knight.visitor.cookies.clear("127.0.0.1")
    expect(knight.associate(other, "eddsa"), 200)
    accounts = knight.accounts()
    assert [sorted(account) for account in accounts] == [["account_email", "id", "oauth_name"]] * 2, accounts
    assert {account["oauth_name"]: account["account_email"] for account in accounts} == {
        "acme": f"{person}@camelot.bt", "eddsa": f"{other}@camelot.bt"}
    # It belongs to one user, and what belongs to another user cannot be removed.
    rival = site.registered(f"{site.person('knight')}@camelot.bt")
    refused(rival.associate(person), "OAUTH_USER_ALREADY_EXISTS")
    expect(rival.unlink(accounts[0]), 404)
    assert rival.accounts() == []
    # A flow that one user started does not end as another one.
    callback = knight.pass_pages(knight.start(flow="associate/"), other)
    if site.backend != "cookie":
        thief = site.guest()
        thief.visitor, thief.token = knight.visitor, rival.token
        refused(thief.finish(callback), "Bad Request")
    for account in accounts:
        expect(knight.unlink(account), 204)
        expect(knight.unlink(account), 404)
    assert knight.accounts() == [], "the password is a way in"
    fresh = site.guest().log_in(person)
    assert fresh.me()["id"] != knight.me()["id"]


@check
def the_last_way_in_stays(site):
    person, other = site.person(), site.person()
    guest = site.guest().log_in(person)
    account = guest.accounts()[0]
    refused(guest.unlink(account), "OAUTH_LAST_WAY_IN")
    guest.visitor.cookies.clear("127.0.0.1")
    expect(guest.associate(other, "es256"), 200)
    expect(guest.unlink(account), 204)
    refused(guest.unlink(guest.accounts()[0]), "OAUTH_LAST_WAY_IN")
    assert site.guest().log_in(other, "es256").me()["id"] == guest.me()["id"]


@check
def an_address_decides_only_where_both_sides_have_verified_it(site):
    person = site.person()
    owner = site.registered(f"{person}@camelot.bt")
    refused(site.guest().try_log_in(person), "OAUTH_USER_ALREADY_EXISTS")
    assert site.guest().log_in(person, instance=site.linking).me()["id"] == owner.me()["id"]
    assert site.guest().log_in(person).me()["id"] == owner.me()["id"], "it is linked from now on"
    # Not verified here, which may be an attacker's; not verified there, which certainly may.
    person = site.person()
    site.registered(f"{person}@camelot.bt", verified=False)
    refused(site.guest().try_log_in(person, instance=site.linking), "OAUTH_USER_ALREADY_EXISTS")
    person = site.person("mordred")
    site.registered(f"{person}@camelot.bt")
    refused(site.guest().try_log_in(person, instance=site.linking), "OAUTH_USER_ALREADY_EXISTS")


@check
def addresses_are_as_the_provider_says(site):
    assert site.guest().log_in(site.person("mordred")).me()["is_verified"] is False
    refused(site.guest().try_log_in(site.person("merlin")), "OAUTH_NOT_AVAILABLE_EMAIL")


@check
def each_algorithm_and_client_authentication_works(site):
    for provider, client in CLIENTS.items():
        person = site.person()
        assert site.guest().log_in(person, provider).me()["oauth_accounts"][0]["oauth_name"] == provider
        algorithm = decoded(site.provider.tokens(person, client)["id_token"])[0]["alg"]
        assert algorithm == {"acme": "RS256", "es256": "ES256", "eddsa": "EdDSA"}[provider], algorithm


@check
def a_flow_ends_at_another_instance(site):
    person = site.person()
    me = site.guest().log_in(person).me()
    assert site.guest().log_in(person, instance=site.linking).me() == me


@check
def keys_may_rotate_at_any_time(site):
    for overlap in (True, False):
        for provider in CLIENTS:
            guest, person = site.guest(), site.person()
            callback = guest.pass_pages(guest.start(provider), person)
            site.provider.rotate(overlap)
            guest.logged_in(guest.finish(callback))
            site.guest().log_in(person, provider)


@check
def an_application_on_a_device_exchanges_its_id_token(site):
    person, nonce = site.person(), secrets.token_urlsafe(16)
    email = {"id_token": {"email": None, "email_verified": None}}
    def token():
        return site.provider.tokens(person, nonce=nonce, claims=json.dumps(email))["id_token"]

    body = {"id_token": token(), "nonce": nonce}
    refused(site.guest().call("POST", "/auth/acme/token", json_body={**body, "nonce": "another"}), "OAUTH_PROVIDER_ERROR")
    # The other provider has another client id, so the token is not for it.
    refused(site.guest().call("POST", "/auth/es256/token", json_body=body), "OAUTH_PROVIDER_ERROR")
    guest = site.guest()
    guest.logged_in(guest.call("POST", "/auth/acme/token", json_body=body))
    assert guest.me()["email"] == f"{person}@camelot.bt"
    for instance in (site.service, site.linking):
        refused(site.guest().call("POST", "/auth/acme/token", instance, json_body=body), "OAUTH_INVALID_STATE")
    guest.logged_in(guest.call("POST", "/auth/acme/token", json_body={**body, "id_token": token()}))


@check
def access_tokens_for_this_service_are_users_here(site):
    """RFC 9068: at the backend `sso`, with the accounts of the provider of the same issuer."""
    for client, algorithm in (("acme", "RS256"), ("acme-es256", "ES256"), ("acme-eddsa", "EdDSA")):
        person = site.person()
        token = site.provider.tokens(person, client, resource=RESOURCE, scope="openid email read")["access_token"]
        header, claims = decoded(token)
        assert (header["typ"], header["alg"]) == ("at+jwt", algorithm), header
        expected = {"iss": site.provider.issuer, "aud": RESOURCE, "sub": person, "email": f"{person}@camelot.bt",
                    "email_verified": True, "client_id": client, "scope": "read"}
        assert expected.items() <= claims.items(), claims
        guest = site.guest()
        guest.token = token
        me = guest.me()
        assert me["email"] == f"{person}@camelot.bt", me
        assert site.guest().log_in(person).me()["id"] == me["id"], "a login at the provider is the same user"
        guest.token = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
        expect(guest.call("GET", "/users/me"), 401)
    machine = site.provider.token_endpoint({"grant_type": "client_credentials", "resource": RESOURCE, "scope": "write"})
    header, claims = decoded(machine["access_token"])
    assert (header["typ"], claims["sub"], claims["aud"]) == ("at+jwt", "acme", RESOURCE), claims
    guest = site.guest()
    guest.token = machine["access_token"]
    expect(guest.call("GET", "/users/me"), 401)


@check
def a_provider_that_is_down_is_a_refusal(site):
    guest, person = site.guest(), site.person()
    callback = guest.pass_pages(guest.start(), person)
    site.provider.close()
    refused(guest.finish(callback), "OAUTH_PROVIDER_ERROR")
    expect(guest.call("GET", "/users/me"), 401)
    guest.start()  # what was discovered is kept
