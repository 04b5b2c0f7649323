"""The two services, their databases, and what checks of both need."""

import asyncio
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import uuid

import asyncpg

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "shared"))
from waiting import until, until_it_listens

PASSWORD = "guinevere"


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Service:
    """One of the two servers."""

    def __init__(self, name, command, environment, folder, port):
        self.name, self.port = name, port
        self.hooks = os.path.join(folder, f"{name}.hooks")
        self.log = os.path.join(folder, f"{name}.log")
        open(self.hooks, "w").close()
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment, "HOOK_LOG": self.hooks},
            stdout=open(self.log, "a"),
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        until_it_listens(self.process, port, lambda: f"{name} listens: {open(self.log).read()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def forgive(self):
        """Waits for the traceback of an expected failure, and removes it from the log."""
        until(lambda: "Traceback" in open(self.log).read(), f"{self.name} logs a failure")
        os.truncate(self.log, 0)

    def call(self, method, path, body=None, form=None, bearer=None, cookie=None, headers=None):
        headers = dict(headers or {})
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if cookie:
            headers["Cookie"] = f"fastapiusersauth={cookie}"
        if form is not None:
            body, headers["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        elif body is not None:
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        for attempt in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            response = Response(reply.status, reply.headers, reply.read().decode())
            connection.close()
            # A callback has used up its flow, which the caller starts again.
            if "/callback?" in path or not self.waited(response, f"{method} {path}"):
                return response
        return response

    def waited(self, response, request):
        """Returns False unless the machine is busy; then waits until the request can be repeated, which had no effect."""
        if response.status != 503 or "retry-after" not in response.headers:
            return False
        print(f"    {self.name} is busy: {request}", flush=True)
        time.sleep(int(response.headers["retry-after"]))
        return True

    def register(self, email, password=PASSWORD, status=201, **more):
        response = self.call("POST", "/auth/register", {"email": email, "password": password, **more})
        expect(response, status)
        return response.json

    def try_login(self, email, password=PASSWORD, backend="jwt"):
        return self.call("POST", f"/auth/{backend}/login", form={"username": email, "password": password})

    def login(self, email, password=PASSWORD, backend="jwt"):
        response = self.try_login(email, password, backend)
        expect(response, 204 if backend == "cookie" else 200)
        if backend == "cookie":
            return re.match(r"fastapiusersauth=([^;]+)", response.headers["set-cookie"])[1]
        return response.json["access_token"]

    def me(self, token, backend="jwt"):
        return self.call("GET", "/users/me", **carried(token, backend))

    def patch_me(self, token, **changes):
        return self.call("PATCH", "/users/me", changes, bearer=token)

    def logout(self, token, backend="jwt"):
        return self.call("POST", f"/auth/{backend}/logout", **carried(token, backend))

    def mailed(self, path, email, hook, user_id):
        """Requests a mail and returns its token from the hook log."""
        before = len(open(self.hooks).readlines())
        expect(self.call("POST", path, {"email": email}), 202)

        def token():
            calls = map(json.loads, open(self.hooks).readlines()[before:])
            return next((call["token"] for call in calls if call["hook"] == hook and call["user_id"] == user_id), None)

        return until(token, f"{self.name} sends a mail for {path}")

    def reset_token(self, user):
        return self.mailed("/auth/forgot-password", user["email"], "on_after_forgot_password", user["id"])

    def verify_token(self, user):
        return self.mailed("/auth/request-verify-token", user["email"], "on_after_request_verify", user["id"])


def carried(token, backend):
    return {"cookie": token} if backend == "cookie" else {"bearer": token}


def expect(response, status, body=None):
    assert response.status == status, f"expected {status}: {response!r}"
    if body is not None:
        assert json.loads(response.body) == body, f"expected {body}: {response!r}"


class Sqlite:
    def __init__(self, folder):
        self.path = os.path.join(folder, "shared.db")
        self.upstream, self.ours = f"sqlite+aiosqlite:///{self.path}", f"sqlite://{self.path}?mode=rwc"

    def rows(self, statement):
        with contextlib.closing(sqlite3.connect(self.path, timeout=20)) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
            return rows

    def drop(self):
        pass


class Postgres:
    def __init__(self, url):
        self.admin = url
        self.name = f"beside_{uuid.uuid4().hex}"
        self.at(url, f"CREATE DATABASE {self.name}")
        self.ours = urllib.parse.urlsplit(url)._replace(path=f"/{self.name}").geturl()
        self.upstream = self.ours.replace("postgres://", "postgresql+asyncpg://", 1)

    @staticmethod
    def at(url, statement):
        async def run():
            connection = await asyncpg.connect(url)
            try:
                return [tuple(row) for row in await connection.fetch(statement)]
            finally:
                await connection.close()

        return asyncio.run(run())

    def rows(self, statement):
        return self.at(self.ours, statement)

    def drop(self):
        self.at(self.admin, f"DROP DATABASE {self.name} WITH (FORCE)")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(url, port):
    parts = urllib.parse.urlsplit(url)
    with contextlib.suppress(OSError):
        socket.create_connection((parts.hostname, parts.port or port), 2).close()
        return True
    return False


def knight():
    return f"knight-{uuid.uuid4().hex[:12]}@camelot.bt"


CHECKS = []


def check(function):
    CHECKS.append(function)
    return function
