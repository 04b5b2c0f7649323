"""fastapi-users and this library side by side on one database: each must accept the data and tokens of the other.

Run by scripts/nightly, which makes the environment: check.py [--short] SERVER [PROVIDER]. PROVIDER is the folder with
tests/provider/provider.mjs and its packages; without it, the logins with this provider are left out. --short uses one
database: PostgreSQL, or SQLite where no PostgreSQL answers.
"""

import concurrent.futures
import json
import os
import re
import sys
import tempfile
import time
import traceback
import uuid

import bcrypt
import jwt
import redis

import oauth
from hub import Hub
from services import (
    CHECKS,
    PASSWORD,
    Postgres,
    Service,
    Sqlite,
    check,
    expect,
    free_port,
    knight,
    listens,
)

HERE = os.path.dirname(os.path.abspath(__file__))
SECRET = "one secret for two services, 32 bytes and more"
# A hash of PASSWORD by a release before 13.0: contract.md section 17.
BCRYPT = "$2b$12$9kUQblUg4kEcyPmbIJjyJORF8mXGcMzGCDbEnQ1x73RI5WN.y4VIS"
PWDLIB = "$argon2id$v=19$m=65536,t=3,p=4$"


class Two:
    """Both servers, their database and providers, and the data from before the migration."""

    def __init__(self, database, upstream, ours, keys, providers, before):
        self.database, self.upstream, self.ours, self.keys, self.before = database, upstream, ours, keys, before
        self.hub = providers[0]
        self.ways = [(upstream, ours), (ours, upstream)]
        self.ways_with_providers = [(provider, way) for provider in providers for way in self.ways]
        self.stored = [backend for backend in before["tokens"] if backend != "jwt"]

    def hash_of(self, user):
        return self.database.rows(f"SELECT hashed_password FROM \"user\" WHERE id = '{user['id']}'")[0][0]

    def set_hash(self, user, hash):
        self.database.rows(f"UPDATE \"user\" SET hashed_password = '{hash}' WHERE id = '{user['id']}'")


@check
def data_from_before_the_migration_is_valid_at_both(two):
    user = two.before["user"]
    for service in (two.ours, two.upstream):
        for backend, token in two.before["tokens"].items():
            response = service.me(token, backend)
            expect(response, 200, user)
    expect(two.ours.call("POST", "/auth/verify", {"token": two.before["verify"]}), 200)
    expect(two.ours.call("POST", "/auth/reset-password", {"token": two.before["reset"], "password": "galahad"}), 200)
    for service in (two.upstream, two.ours):
        two_login = service.try_login(user["email"], "galahad")
        expect(two_login, 200)


@check
def a_user_of_either_logs_in_at_both(two):
    for one, other in two.ways:
        user = one.register(knight(), first_name="Gawain")
        for service in (other, one):
            token = service.login(user["email"])
            for reader in (one, other):
                expect(reader.me(token), 200, user)
        response = other.patch_me(other.login(user["email"]), first_name="Gareth")
        expect(response, 200, {**user, "first_name": "Gareth"})
        expect(one.me(token), 200, {**user, "first_name": "Gareth"})
        expect(other.call("POST", "/auth/register", {"email": user["email"], "password": PASSWORD}), 400,
               {"detail": "REGISTER_USER_ALREADY_EXISTS"})


@check
def a_jwt_is_accepted_by_both(two):
    for one, other in two.ways:
        user = one.register(knight())
        claims = jwt.decode(one.login(user["email"]), SECRET, algorithms=["HS256"], audience="fastapi-users:auth")
        assert claims["sub"] == user["id"] and claims["aud"] == ["fastapi-users:auth"]
        assert 3590 <= claims["exp"] - time.time() <= 3600, claims
        now = int(time.time())
        for changed, status in [
            ({}, 200),
            ({"exp": now - 1}, 401),
            ({"aud": ["fastapi-users:verify"]}, 401),
            ({"aud": "fastapi-users:auth"}, 200),
            ({"sub": str(uuid.uuid4())}, 401),
            ({"sub": user["id"].upper()}, 200),
        ]:
            forged = jwt.encode({**claims, **changed}, SECRET, algorithm="HS256")
            for reader in (one, other):
                assert reader.me(forged).status == status, (changed, reader.name)
        stranger = jwt.encode(claims, SECRET + "!", algorithm="HS256")
        eternal = jwt.encode({key: claims[key] for key in ("sub", "aud")}, SECRET, algorithm="HS256")
        for reader in (one, other):
            expect(reader.me(stranger), 401)
            expect(reader.me(eternal), 200)


@check
def a_stored_session_of_either_is_valid_and_revocable_at_both(two):
    for backend in two.stored:
        for one, other in two.ways:
            user = one.register(knight())
            for ends_it in (one, other):
                token, bystander = one.login(user["email"], backend=backend), one.login(user["email"], backend=backend)
                assert len(token) == 43 and token != bystander
                for reader in (one, other, one):
                    expect(reader.me(token, backend), 200, user)
                expect(ends_it.logout(token, backend), 204)
                for reader in (one, other):
                    expect(reader.me(token, backend), 401)
                    expect(reader.logout(token, backend), 401)
                    expect(reader.me(bystander, backend), 200)


@check
def stored_sessions_have_the_same_form(two):
    for one, _ in two.ways:
        user = one.register(knight())
        before = time.time()
        token = one.login(user["email"], backend="db")
        rows = two.database.rows(f"SELECT user_id, token, created_at FROM accesstoken WHERE token = '{token}'")
        assert len(rows) == 1 and str(rows[0][0]) == user["id"]
        created = rows[0][2]
        if isinstance(created, str):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", created), created
            created = time.mktime(time.strptime(created[:19], "%Y-%m-%d %H:%M:%S")) - time.timezone
        else:
            created = created.timestamp()
        assert -2 <= created - before <= 60, (created, before)
        if two.keys:
            token = one.login(user["email"], backend="redis")
            key = f"fastapi_users_token:{token}"
            assert two.keys.get(key) == user["id"], two.keys.get(key)
            assert 3500 < two.keys.ttl(key) <= 3600


@check
def an_expired_session_is_rejected_by_both(two):
    age = "'2001-01-01 00:00:00.000000'"
    if isinstance(two.database, Postgres):
        age = "'2001-01-01 00:00:00+00'"
    for one, other in two.ways:
        user = one.register(knight())
        token = one.login(user["email"], backend="db")
        two.database.rows(f"UPDATE accesstoken SET created_at = {age} WHERE token = '{token}'")
        for reader in (one, other):
            expect(reader.me(token), 401)


@check
def one_user_can_have_many_sessions(two):
    user = two.upstream.register(knight())
    two.set_hash(user, bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode())
    first = two.upstream.login(user["email"], backend="db")
    for number in range(22):
        two.ours.login(user["email"], backend="db")
    for reader in (two.upstream, two.ours):
        expect(reader.me(first), 200)


@check
def mail_tokens_of_either_work_once_at_the_other(two):
    for one, other in two.ways:
        user = one.register(knight())
        token = one.verify_token(user)
        expect(other.call("POST", "/auth/verify", {"token": token}), 200, {**user, "is_verified": True})
        for reader in (one, other):
            expect(reader.call("POST", "/auth/verify", {"token": token}), 400,
                   {"detail": "VERIFY_USER_ALREADY_VERIFIED"})
        token = one.reset_token(user)
        expect(other.call("POST", "/auth/reset-password", {"token": token, "password": "galahad"}), 200)
        for reader in (one, other):
            expect(reader.call("POST", "/auth/reset-password", {"token": token, "password": "lancelot"}), 400,
                   {"detail": "RESET_PASSWORD_BAD_TOKEN"})
            expect(reader.try_login(user["email"]), 400)
            expect(reader.try_login(user["email"], "galahad"), 200)


@check
def a_mail_token_is_accepted_for_its_own_purpose_only(two):
    for one, other in two.ways:
        user = one.register(knight())
        verify, reset, access = one.verify_token(user), one.reset_token(user), one.login(user["email"])
        for reader in (one, other):
            for token in (verify, reset):
                expect(reader.me(token), 401)
            for token in (reset, access):
                expect(reader.call("POST", "/auth/verify", {"token": token}), 400, {"detail": "VERIFY_USER_BAD_TOKEN"})
            for token in (verify, access):
                expect(reader.call("POST", "/auth/reset-password", {"token": token, "password": "galahad"}), 400,
                       {"detail": "RESET_PASSWORD_BAD_TOKEN"})


@check
def an_address_change_invalidates_older_verification_tokens(two):
    for one, other in two.ways:
        user = one.register(knight())
        token = one.verify_token(user)
        expect(other.patch_me(other.login(user["email"]), email=knight()), 200)
        for reader in (one, other):
            expect(reader.call("POST", "/auth/verify", {"token": token}), 400, {"detail": "VERIFY_USER_BAD_TOKEN"})


@check
def a_password_changed_at_either_is_changed_at_both(two):
    for one, other in two.ways:
        user = one.register(knight())
        tokens = {backend: one.login(user["email"], backend=backend) for backend in ["jwt", *two.stored]}
        expect(other.patch_me(tokens["jwt"], password="galahad"), 200)
        for reader in (one, other):
            expect(reader.try_login(user["email"]), 400, {"detail": "LOGIN_BAD_CREDENTIALS"})
            expect(reader.try_login(user["email"], "galahad"), 200)
            for backend, token in tokens.items():
                expect(reader.me(token, backend), 200)  # As in upstream, sessions survive (C2).


@check
def hashes_of_both_have_the_same_form_and_are_kept(two):
    for one, other in two.ways:
        user = one.register(knight())
        hash = two.hash_of(user)
        assert hash.startswith(PWDLIB), hash
        for service in (other, one, other):
            service.login(user["email"])
            assert two.hash_of(user) == hash, service.name


@check
def an_old_hash_is_upgraded_once(two):
    for service, other in two.ways:
        user = service.register(knight())
        two.set_hash(user, BCRYPT)
        expect(service.try_login(user["email"], "mordred"), 400)
        assert two.hash_of(user) == BCRYPT
        service.login(user["email"])
        hash = two.hash_of(user)
        assert hash.startswith(PWDLIB), hash
        other.login(user["email"])
        service.login(user["email"])
        assert two.hash_of(user) == hash


@check
def a_deleted_user_is_deleted_at_both(two):
    for one, other in two.ways:
        admin = one.register(knight())
        two.database.rows(f"UPDATE \"user\" SET is_superuser = true WHERE id = '{admin['id']}'")
        chief = other.login(admin["email"])
        user = one.register(knight())
        tokens = [(backend, service.login(user["email"], backend=backend))
                  for backend in ["jwt", *two.stored] for service in (one, other)]
        mails = [service.verify_token(user) for service in (one, other)]
        for reader in (one, other):  # Creates the records of session use before the deletion.
            for backend, token in tokens:
                expect(reader.me(token, backend), 200)
        expect(one.call("DELETE", f"/users/{user['id']}", bearer=chief), 204)
        for reader in (one, other):
            expect(reader.call("DELETE", f"/users/{user['id']}", bearer=chief), 404)
            for backend, token in tokens:
                expect(reader.me(token, backend), 401)
                expect(reader.logout(token, backend), 401)
            for token in mails:
                expect(reader.call("POST", "/auth/verify", {"token": token}), 400)
            expect(reader.try_login(user["email"]), 400)
        again = other.register(user["email"])
        assert again["id"] != user["id"]
        for reader in (one, other):
            expect(reader.me(reader.login(user["email"])), 200, again)


@check
def flags_set_at_either_take_effect_at_both(two):
    for one, other in two.ways:
        admin = one.register(knight())
        two.database.rows(f"UPDATE \"user\" SET is_superuser = true WHERE id = '{admin['id']}'")
        chief = one.login(admin["email"])
        user = other.register(knight())
        path = f"/users/{user['id']}"
        tokens = [(backend, other.login(user["email"], backend=backend)) for backend in ["jwt", *two.stored]]
        expect(one.call("PATCH", path, {"is_active": False}, bearer=chief), 200)
        for reader in (one, other):
            for backend, token in tokens:
                expect(reader.me(token, backend), 401)
            expect(reader.try_login(user["email"]), 400, {"detail": "LOGIN_BAD_CREDENTIALS"})
        expect(one.call("PATCH", path, {"is_active": True}, bearer=chief), 200)
        for service in (one, other):
            for backend in ["jwt", *two.stored]:
                token = service.login(user["email"], backend=backend)
                for reader in (one, other):
                    expect(reader.me(token, backend), 200)


@check
def addresses_identify_the_same_account_at_both(two):
    for one, other in two.ways:
        name = uuid.uuid4().hex[:12]
        user = one.register(f"Knight-{name}@Camelot.BT")
        assert user["email"] == f"Knight-{name}@camelot.bt"
        for service in (one, other):
            for typed in (f"knight-{name}@camelot.bt", f"KNIGHT-{name}@CAMELOT.BT"):
                expect(service.me(service.login(typed)), 200, user)
                expect(service.call("POST", "/auth/register", {"email": typed, "password": PASSWORD}), 400,
                       {"detail": "REGISTER_USER_ALREADY_EXISTS"})
        for address in (f"Gawain <gawain-{name}@camelot.bt>", f"é-{name}@camelot.bt", f"x-{name}@xn--caf-dma.bt"):
            user = one.register(address)
            expect(other.me(other.login(user["email"])), 200, user)
            expect(other.call("POST", "/auth/register", {"email": address, "password": PASSWORD}), 400,
                   {"detail": "REGISTER_USER_ALREADY_EXISTS"})
            name = uuid.uuid4().hex[:12]


@check
def case_folding_outside_of_ascii_differs_on_postgresql_as_documented(two):
    # Upper and lower case outside of ASCII are one account with PostgreSQL's lower(), and two for us on every database.
    name = uuid.uuid4().hex[:12]
    two.upstream.register(f"É-{name}@camelot.bt")
    responses = [service.try_login(f"é-{name}@camelot.bt").status for service in (two.upstream, two.ours)]
    assert responses == ([200, 400] if isinstance(two.database, Postgres) else [400, 400]), responses
    for service in (two.upstream, two.ours):
        expect(service.try_login(f"É-{name}@CAMELOT.bt"), 200)


@check
def rows_written_by_upstream_have_defaults_in_our_columns(two):
    columns = two.database.rows('SELECT * FROM "user" LIMIT 1')
    assert columns, "no users"
    user = two.upstream.register(knight())
    token = two.upstream.login(user["email"], backend="db")
    epoch = two.database.rows(f"SELECT auth_epoch FROM \"user\" WHERE id = '{user['id']}'")
    assert epoch == [(0,)], epoch
    row = two.database.rows(f"SELECT hashed, session_id, auth_epoch FROM accesstoken WHERE token = '{token}'")
    assert row in ([(0, None, None)], [(False, None, None)]), row


def rolling_back(two, start):
    """Runs the recommended policy on the database, then fastapi-users alone again."""
    two.ours.stop()
    ours = start("recommended")
    try:
        old = two.upstream.register(knight())
        mailed = two.upstream.reset_token(old)
        before = two.hash_of(old)
        expect(ours.try_login(old["email"]), 200)
        assert two.hash_of(old) == before, "a stronger hash is kept"
        expect(ours.call("POST", "/auth/reset-password", {"token": mailed, "password": "caliburn sword"}), 400)
        expect(ours.me(two.upstream.login(old["email"])), 401)
        expect(ours.me(two.upstream.login(old["email"], backend="db")), 401)

        password = "the sword in the stone"
        user = ours.register(knight(), password, first_name="Percival")
        token, stored = ours.login(user["email"], password), ours.login(user["email"], password, "db")
        reset = ours.reset_token(user)
    finally:
        ours.stop()
    assert two.hash_of(user).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    expect(two.upstream.me(token), 401)
    expect(two.upstream.me(stored), 401)
    expect(two.upstream.call("POST", "/auth/reset-password", {"token": reset, "password": "galahad"}), 400)
    # fastapi-users accepts any text in the column as a token, so digests must be removed before rolling back.
    digest = two.database.rows(f"SELECT token FROM accesstoken WHERE user_id = '{user['id']}' AND hashed")[0][0]
    expect(two.upstream.me(digest), 200)
    two.database.rows("DELETE FROM accesstoken WHERE hashed")
    expect(two.upstream.me(digest), 401)
    expect(two.upstream.me(two.upstream.login(user["email"], password)), 200, user)
    assert two.hash_of(user).startswith(PWDLIB), "upstream rehashes with its own settings"


def run(name, database, redis_url, server, folder, provider=None):
    os.makedirs(folder, exist_ok=True)
    keys = redis.from_url(redis_url, decode_responses=True) if redis_url else None
    ports = free_port(), free_port()
    hub = Hub()
    issuer = oauth.Issuer(provider, ports, os.path.join(folder, "provider.log")) if provider else None
    providers = [hub, issuer] if issuer else [hub]
    failed, services = [], []
    try:
        environment = {"AUTH_SECRET": SECRET, "DATABASE_URL": database.upstream, "REDIS_URL": redis_url or "",
                       "HUB_URL": hub.url, **(issuer.upstream if issuer else {})}
        command = [sys.executable, "-m", "uvicorn", "--app-dir", HERE, "--port", str(ports[0]), "app:app"]
        upstream = Service("upstream", command, environment, folder, ports[0])
        services.append(upstream)
        user = upstream.register("arthur@camelot.bt", first_name="Arthur")
        backends = ["jwt", "db", "cookie"] + (["redis"] if keys else [])
        before = {
            "user": user,
            "tokens": {backend: upstream.login(user["email"], backend=backend) for backend in backends},
            "verify": upstream.verify_token(user),
            "reset": upstream.reset_token(user),
            "linked": oauth.before_the_migration(upstream, providers),
        }
        environment = {
            "AUTH_SECRET": SECRET,
            "DATABASE_URL": database.ours,
            "REDIS_URL": redis_url or "",
            "BIND": f"127.0.0.1:{ports[1]}",
            "LIMITS": "off",
            "RUST_LOG": "axum_users=info",
            "OAUTH_PROVIDERS": ",".join(provider.name for provider in providers),
            "OAUTH_GITHUB_CLIENT_ID": "client",
            "OAUTH_GITHUB_CLIENT_SECRET": "client secret",
            "OAUTH_GITHUB_AUTHORIZE_URL": f"{hub.url}/authorize",
            "OAUTH_GITHUB_TOKEN_URL": f"{hub.url}/token",
            "OAUTH_GITHUB_USER_URL": f"{hub.url}/user",
            "OAUTH_GITHUB_EMAILS_URL": f"{hub.url}/user/emails",
            "OAUTH_GITHUB_SCOPES": "user user:email",
            **(issuer.ours if issuer else {}),
        }

        def start(policy):
            return Service("ours", [server], {**environment, "POLICY": policy}, folder, ports[1])

        ours = start("fastapi_users")
        services.append(ours)
        paths = ours.call("GET", "/openapi.json").json["paths"]
        missing = [backend for backend in backends if f"/auth/{backend}/login" not in paths]
        assert not missing, f"the server has no backends {missing}"
        two = Two(database, upstream, ours, keys, providers, before)
        chosen = os.environ.get("ONLY", "")
        last = lambda two: rolling_back(two, start)
        last.__name__ = rolling_back.__name__
        for function in (function for function in [*CHECKS, last] if chosen in function.__name__):
            try:
                function(two)
                print(f"{name}: {function.__name__} ... ok", flush=True)
            except Exception:
                failed.append(f"{name}: {function.__name__}")
                print(f"{name}: {function.__name__} ... FAILED", flush=True)
                traceback.print_exc(limit=-3)
        for service in services:
            errors = [line for line in open(service.log) if "Traceback" in line or " ERROR " in line]
            if errors:
                failed.append(f"{name}: {service.name} logged errors")
                print(open(service.log).read()[-4000:])
    finally:
        for service in services:
            service.stop()
        for provider in providers:
            provider.close()
        database.drop()
    return failed


def main():
    arguments = sys.argv[1:]
    short = "--short" in arguments
    server, *provider = (os.path.abspath(path) for path in arguments if path != "--short")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        compare(short, server, folder, *provider)


def compare(short, server, folder, *provider):
    postgres = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test")
    redis_url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")
    left_out = [name for name, url, port in [("PostgreSQL", postgres, 5432), ("Redis", redis_url, 6379)]
                if not listens(url, port)]
    if "Redis" in left_out:
        redis_url = None
    databases = [("SQLite", Sqlite(folder))]
    if "PostgreSQL" not in left_out:
        databases.append(("PostgreSQL", Postgres(postgres)))
    if short:
        databases = databases[-1:]
    # In parallel, since most of the time is spent hashing.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = [
            pool.submit(run, name, database, redis_url, server, os.path.join(folder, name.lower()), *provider)
            for name, database in databases
        ]
        failed = [name for one in running for name in one.result()]
    for name in left_out:
        print(f"skipped: {name}")
    if failed:
        sys.exit("FAILED: " + ", ".join(failed))
    if left_out and os.environ.get("REQUIRE_SERVICES") == "1":
        sys.exit("REQUIRE_SERVICES=1 and missing: " + ", ".join(left_out))


if __name__ == "__main__":
    main()
