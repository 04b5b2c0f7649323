#!/usr/bin/env python3
"""Logins with a certified OpenID Connect provider (provider.mjs) against examples/server.rs: all flows over HTTP on each
database with bearer tokens and cookies, and a login, an association and a refusal through the pages in Chromium.

Run by `scripts/nightly oauth`, which installs the provider. Uses only Python's standard library, and the clients of the
databases.

    check.py [--short] SERVER PROVIDER    the program, and the folder with provider.mjs and its packages; --short: SQLite only
    ONLY=words                            only checks with this text in their name
    REQUIRE_SERVICES=1                    a missing database or browser is a failure
"""

import concurrent.futures, contextlib, os, pathlib, shutil, socket, subprocess, sys, tempfile, time, traceback, \
    urllib.parse, uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "browser"))

import flows, pages


class Database:
    """An empty database, made by the command of a client. Returns its URL."""

    def __init__(self, name, url, port, commands, arguments):
        self.name, self.url, self.port = name, urllib.parse.urlsplit(url), port
        self.command = next(filter(shutil.which, commands), None)
        self.arguments = arguments

    def missing(self):
        if not self.command:
            return f"{self.name} (no client)"
        with contextlib.suppress(OSError):
            socket.create_connection((self.url.hostname, self.url.port or self.port), 2).close()
            return None
        return self.name

    def run(self, statement):
        subprocess.run([self.command, *self.arguments(self.url), statement], check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def empty(self, _):
        name = f"oauth_{uuid.uuid4().hex}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield self.url._replace(path=f"/{name}").geturl()
        finally:
            self.run(f"DROP DATABASE {name}")


class Sqlite:
    name = "SQLite"

    @staticmethod
    def missing():
        return None

    @staticmethod
    @contextlib.contextmanager
    def empty(folder):
        yield f"sqlite://{folder}/server.db?mode=rwc"


def mysql_arguments(url):
    options = {"host": url.hostname, "port": url.port or 3306, "user": url.username, "password": url.password}
    return ["--protocol=TCP", *(f"--{name}={value}" for name, value in options.items() if value), "-e"]


DATABASES = [
    Sqlite,
    Database("PostgreSQL", os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test"), 5432, ["psql"],
             lambda url: ["-q", url.geturl(), "-c"]),
    Database("MariaDB", os.environ.get("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test"), 3306, ["mariadb", "mysql"],
             mysql_arguments),
]


def run_checks(name, checks, site, failed):
    for function in checks:
        if os.environ.get("ONLY", "") not in function.__name__:
            continue
        start = time.monotonic()
        try:
            function(site)
            print(f"{name}: {function.__name__} ... ok, {time.monotonic() - start:.1f} s", flush=True)
        except Exception:
            failed.append(f"{name}: {function.__name__}")
            print(f"{name}: {function.__name__} ... FAILED\n{traceback.format_exc(limit=-4)}", flush=True)


def on_database(server, provider, folder, database):
    """Runs all flows with both backends. Returns what failed."""
    failed = []
    for backend in ("jwt", "cookie"):
        name = f"{database.name}, {backend}"
        place = pathlib.Path(folder) / f"{database.name}-{backend}"
        place.mkdir()
        with database.empty(place) as url:
            site = flows.Site(server, provider, place, backend, url)
            try:
                run_checks(name, flows.CHECKS, site, failed)
            finally:
                site.close()
            site.log.seek(0)
            errors = [line for line in site.log if " ERROR " in line or "panicked" in line]
            if errors:
                failed.append(f"{name}: the server logged errors")
                print("".join(errors[:20]), flush=True)
            site.log.close()
    return failed


def in_browser(server, provider, folder):
    """Runs the checks in Chromium. Returns what failed, and what is missing."""
    place = pathlib.Path(folder) / "browser"
    place.mkdir()
    try:
        browser = pages.Browser(str(place / "profile"))
    except FileNotFoundError:
        return [], ["Chromium"]
    failed = []
    try:
        with contextlib.closing(pages.Site(browser, server, provider, place)) as site:
            run_checks("Chromium", pages.CHECKS, site, failed)
    finally:
        browser.close()
    return failed, []


def main():
    arguments = sys.argv[1:]
    short = "--short" in arguments
    server, provider = (pathlib.Path(path).resolve() for path in arguments if path != "--short")
    chosen = DATABASES[:1] if short else DATABASES
    left_out = [missing for missing in (database.missing() for database in chosen) if missing]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, concurrent.futures.ThreadPoolExecutor() as pool:
        running = [pool.submit(on_database, server, provider, folder, database)
                   for database in chosen if not database.missing()]
        failed, missing = in_browser(server, provider, folder)
        left_out += missing
        failed += [name for one in running for name in one.result()]
    for name in left_out:
        print(f"left out: {name}")
    if failed:
        sys.exit("FAILED: " + ", ".join(failed))
    if left_out and os.environ.get("REQUIRE_SERVICES") == "1":
        sys.exit("REQUIRE_SERVICES=1 and missing: " + ", ".join(left_out))
    print("all flows with the provider passed")


if __name__ == "__main__":
    main()
