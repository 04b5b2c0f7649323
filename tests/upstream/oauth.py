"""Logins with providers at both services, which share the table `oauth_account`."""

import pathlib
import re
import secrets
import sys
import urllib.parse

from services import PASSWORD, check, expect, knight

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "provider"))
import visitor

COOKIE = "fastapiusersoauthcsrf"


class Issuer:
    """The certified provider of tests/provider, which is the provider `acme` of both services."""

    name = "acme"

    def __init__(self, folder, ports, log):
        callbacks = [f"http://127.0.0.1:{port}/auth/{kind}acme/callback" for port in ports for kind in ("", "associate/")]
        self.log = open(log, "w")
        self.provider = visitor.Provider(pathlib.Path(folder), callbacks, self.log)
        self.upstream = {"ISSUER": self.provider.issuer, "CLIENT_SECRET": visitor.CLIENT_SECRET}
        self.ours = self.provider.variables("acme", "acme")

    def close(self):
        self.provider.close()
        self.log.close()

    def approve(self, authorization_url, who):
        """Lets a person (subject and address) log in at the provider's pages. Returns the parameters of the callback."""
        until = visitor.query(authorization_url)["redirect_uri"]
        callback = visitor.pass_pages(visitor.Visitor(), authorization_url, who[0], until)
        return {name: value for name, value in visitor.query(callback).items() if name != "state"}


def person(provider=None):
    """Returns the id of a new account at the provider, which is the hub by default, and its address."""
    number = secrets.randbelow(10**9) + 1
    if isinstance(provider, Issuer):
        return f"arthur-{number}", f"arthur-{number}@camelot.bt"
    return number, knight()


class Flow:
    """A flow that a browser has started at a service."""

    def __init__(self, service, kind="", bearer=None, name="github"):
        self.route, self.bearer = f"/auth/{kind}{name}", bearer
        self.response = service.call("GET", f"{self.route}/authorize", bearer=bearer)
        expect(self.response, 200)
        self.url = self.response.json["authorization_url"]
        self.set_cookie = self.response.headers["set-cookie"]
        self.state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query))["state"]

    def finish(self, service, parameters):
        cookie = re.match(f"({COOKIE}=[^;]+)", self.set_cookie)[1]
        query = urllib.parse.urlencode({**parameters, "state": self.state})
        return service.call("GET", f"{self.route}/callback?{query}", bearer=self.bearer, headers={"cookie": cookie})


def run(service, provider, who, **flow):
    """Runs a flow to its end, and another one if the machine is busy."""
    for _ in range(20):
        started = Flow(service, name=provider.name, **flow)
        response = started.finish(service, provider.approve(started.url, who))
        if not service.waited(response, f"{started.route}/callback"):
            break
    return response


def try_log_in(service, provider, who):
    return run(service, provider, who)


def log_in(service, provider, who):
    response = try_log_in(service, provider, who)
    expect(response, 200)
    assert set(response.json) == {"access_token", "token_type"}, response
    return response.json["access_token"]


def associate(service, provider, who, bearer):
    return run(service, provider, who, kind="associate/", bearer=bearer)


def before_the_migration(upstream, providers):
    """Returns people who used fastapi-users before, with their users."""
    people = [(provider, person(provider)) for provider in providers]
    return [(provider, who, upstream.me(log_in(upstream, provider, who)).json["id"]) for provider, who in people]


def rows(two, who):
    """Returns the links of an account: user, access token, refresh token, expiry, address."""
    return [(str(row[0]), *row[1:]) for row in two.database.rows(
        f"SELECT user_id, access_token, refresh_token, expires_at, account_email FROM oauth_account "
        f"WHERE account_id = '{who[0]}'")]


def seen(service, bearer):
    """Returns the user, and the accounts without the tokens of the provider, which only fastapi-users shows (C14)."""
    response = service.me(bearer)
    expect(response, 200)
    user = response.json
    keys = ["id", "oauth_name", "access_token", "expires_at", "refresh_token", "account_id", "account_email"]
    for account in user["oauth_accounts"]:
        assert sorted(account) == sorted(keys), account
        tokens = [account.pop(name) for name in ("access_token", "expires_at", "refresh_token")]
        assert service.name == "upstream" or tokens == ["", None, None], tokens
    return user


@check
def an_account_linked_before_the_migration_logs_in_at_both(two):
    for provider, who, user in two.before["linked"]:
        for service in (two.ours, two.upstream, two.ours):
            assert seen(service, log_in(service, provider, who))["id"] == user, service.name
        assert len(rows(two, who)) == 1


@check
def an_account_linked_by_a_login_at_either_logs_in_at_the_other(two):
    for provider, (one, other) in two.ways_with_providers:
        who = person(provider)
        token = log_in(one, provider, who)
        user = seen(one, token)
        assert (user["email"], user["is_verified"]) == (who[1], False), user
        assert [account["account_id"] for account in user["oauth_accounts"]] == [str(who[0])], user
        for service in (other, one, other):
            again = log_in(service, provider, who)
            for reader in (one, other):
                assert seen(reader, again) == seen(reader, token) == user, (service.name, reader.name)
        assert len(rows(two, who)) == 1


@check
def an_account_associated_at_either_logs_in_at_the_other(two):
    for provider, (one, other) in two.ways_with_providers:
        user, who = one.register(knight()), person(provider)
        response = associate(one, provider, who, one.login(user["email"]))
        expect(response, 200)
        assert [account["account_email"] for account in response.json["oauth_accounts"]] == [who[1]], response
        assert response.json["id"] == user["id"]
        for service in (other, one):
            assert seen(service, log_in(service, provider, who))["id"] == user["id"]
        # Once more, by either: the row is refreshed here, and fastapi-users' attempt to add one fails.
        expect(associate(two.ours, provider, who, two.ours.login(user["email"])), 200)
        assert len(rows(two, who)) == 1


@check
def an_account_belongs_to_one_user_at_both(two):
    """fastapi-users would link an account with several users, and then fail at each login."""
    for one, other in two.ways:
        who = person()
        owner = seen(one, log_in(one, two.hub, who))
        rival = one.register(knight())
        response = associate(two.ours, two.hub, who, two.ours.login(rival["email"]))
        expect(response, 400, {"detail": "OAUTH_USER_ALREADY_EXISTS"})
        # The unique index of the migration holds for both.
        expect(associate(two.upstream, two.hub, who, two.upstream.login(rival["email"])), 500)
        two.upstream.forgive()
        for service in (one, other):
            assert seen(service, log_in(service, two.hub, who))["id"] == owner["id"]
        assert [row[0] for row in rows(two, who)] == [owner["id"]]


@check
def an_address_of_another_account_is_refused_by_both(two):
    for one, other in two.ways:
        user = one.register(knight())
        who = (person()[0], user["email"])
        for service in (one, other):
            expect(try_log_in(service, two.hub, who), 400, {"detail": "OAUTH_USER_ALREADY_EXISTS"})
        assert rows(two, who) == []


@check
def an_inactive_user_is_refused_by_both(two):
    who = person()
    user = seen(two.upstream, log_in(two.upstream, two.hub, who))
    two.database.rows(f"UPDATE \"user\" SET is_active = false WHERE id = '{user['id']}'")
    for service in (two.ours, two.upstream):
        expect(try_log_in(service, two.hub, who), 400, {"detail": "LOGIN_BAD_CREDENTIALS"})


@check
def tokens_of_the_provider_are_stored_by_fastapi_users_only(two):
    who = person()
    log_in(two.ours, two.hub, who)
    assert rows(two, who)[0][1:4] == ("", None, None)
    # A login there fills them, as always; one here leaves them alone and shows nothing of them.
    log_in(two.upstream, two.hub, who)
    stored = rows(two, who)[0]
    assert stored[1].startswith("gho_") and stored[2].startswith("ghr_") and stored[3] > 0, stored
    token = log_in(two.ours, two.hub, who)
    assert rows(two, who) == [stored]
    for path in ("/users/me", "/users/me/oauth-accounts"):
        response = two.ours.call("GET", path, bearer=token)
        assert "gho_" not in response.body and "ghr_" not in response.body, response
    # Both keep the user's address and store that of the provider.
    renamed = (who[0], knight())
    for service in (two.ours, two.upstream):
        assert seen(service, log_in(service, two.hub, renamed))["email"] == who[1]
        assert rows(two, who)[0][4] == renamed[1]
        renamed = (who[0], knight())


@check
def an_account_unlinked_here_is_unlinked_at_both(two):
    for one, _ in two.ways:
        user, who = one.register(knight()), person()
        expect(associate(one, two.hub, who, one.login(user["email"])), 200)
        token = two.ours.login(user["email"])
        accounts = two.ours.call("GET", "/users/me/oauth-accounts", bearer=token).json
        assert [account["account_email"] for account in accounts] == [who[1]], accounts
        expect(two.ours.call("DELETE", f"/users/me/oauth-accounts/{accounts[0]['id']}", bearer=token), 204)
        for service in (two.upstream, two.ours):
            assert seen(service, token)["oauth_accounts"] == []
        assert seen(two.upstream, log_in(two.upstream, two.hub, who))["id"] != user["id"]


@check
def the_last_way_in_is_known_of_accounts_made_here(two):
    for one, status in ((two.ours, 400), (two.upstream, 204)):
        who = person()
        token = log_in(one, two.hub, who)
        account = two.ours.call("GET", "/users/me/oauth-accounts", bearer=token).json[0]
        response = two.ours.call("DELETE", f"/users/me/oauth-accounts/{account['id']}", bearer=token)
        expect(response, status, {"detail": "OAUTH_LAST_WAY_IN"} if status == 400 else None)


@check
def accounts_of_a_user_deleted_here_are_deleted(two):
    """fastapi-users itself fails to delete a user with accounts."""
    for one, other in two.ways:
        admin, who = one.register(knight()), person()
        two.database.rows(f"UPDATE \"user\" SET is_superuser = true WHERE id = '{admin['id']}'")
        user = seen(one, log_in(one, two.hub, who))
        chief = two.ours.login(admin["email"])
        expect(two.ours.call("DELETE", f"/users/{user['id']}", bearer=chief), 204)
        assert rows(two, who) == []
        for service in (one, other):
            assert seen(service, log_in(service, two.hub, who))["id"] != user["id"]


@check
def a_password_makes_no_difference_to_either(two):
    for one, other in two.ways:
        who = person()
        user = seen(one, log_in(one, two.hub, who))
        for service in (one, other):
            expect(service.try_login(who[1], PASSWORD), 400, {"detail": "LOGIN_BAD_CREDENTIALS"})
        token = one.reset_token(user)
        expect(other.call("POST", "/auth/reset-password", {"token": token, "password": PASSWORD}), 200)
        for service in (one, other):
            expect(service.try_login(who[1]), 200)


@check
def a_flow_ends_where_it_began(two):
    """The states of the two services have the same claims and differ in their keys (C15)."""
    for one, other in two.ways:
        flow = Flow(one)
        response = flow.finish(other, two.hub.approve(flow.url, person()))
        expect(response, 400, {"detail": "ACCESS_TOKEN_DECODE_ERROR"})


@check
def responses_differ_only_as_documented(two):
    def cookie(service):
        flow = Flow(service)
        name, *attributes = flow.set_cookie.split("; ")
        return flow, name.split("=")[0], sorted(attribute.lower() for attribute in attributes)

    theirs, ours = cookie(two.upstream), cookie(two.ours)
    assert ours[1] == theirs[1] == COOKIE
    # C15: ten minutes instead of an hour.
    expected = sorted(attribute.replace("max-age=3600", "max-age=600") for attribute in theirs[2])
    assert ours[2] == expected, (ours, theirs)
    names = [list(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(flow.url).query))) for flow in (theirs[0], ours[0])]
    # PKCE is last.
    assert names[1] == [*names[0], "code_challenge", "code_challenge_method"], names
    bearer = {service.name: service.login(service.register(knight())["email"]) for service in (two.upstream, two.ours)}
    for method, path, carries in [
        ("GET", "/auth/github/callback", False),
        ("GET", "/auth/github/callback?code=bad&state=foo", False),
        ("GET", "/auth/github/callback?error=access_denied", False),
        ("GET", "/auth/github/callback?error=access_denied&code=x&state=x", False),
        ("GET", "/auth/associate/github/authorize", False),
        ("GET", "/auth/associate/github/callback?code=x&state=x", False),
        ("GET", "/auth/associate/github/callback", True),
        ("GET", "/auth/associate/github/callback?error=access_denied", True),
        ("POST", "/auth/github/authorize", False),
        ("PUT", "/auth/github/callback", False),
    ]:
        responses = [service.call(method, path, bearer=bearer[service.name] if carries else None)
                     for service in (two.upstream, two.ours)]
        theirs, ours = [(response.status, response.json) for response in responses]
        assert ours == theirs, (method, path, responses)
    # A code that the provider refuses is 500 there (R68).
    flows = [(service, Flow(service)) for service in (two.upstream, two.ours)]
    responses = [flow.finish(service, {"code": "bad"}) for service, flow in flows]
    assert [response.status for response in responses] == [500, 400], responses
    expect(responses[1], 400, {"detail": "OAUTH_PROVIDER_ERROR"})
    two.upstream.forgive()
