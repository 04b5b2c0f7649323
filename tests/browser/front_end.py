"""A front end on another origin, with the set-up for development in docs/guide/deployment.md: bearer tokens, and the session cookie.
Also the health check that the server makes of itself."""

import json, os, subprocess

from driver import Service, checks

READ = "response => response.status === 200 || response.status === 201 ? response.json() : { status: response.status }"


def call(url, path, **options):
    return f"fetch('{url}{path}', {json.dumps(options)})"


def form(url, path, fields, credentials):
    options = f"{{ method: 'POST', credentials: '{credentials}', body: new URLSearchParams({json.dumps(fields)}) }}"
    return f"fetch('{url}{path}', {options})"


def the_front_end(browser, folder, server, port, email, password):
    """`port` has pages of another origin."""
    origin = f"http://localhost:{port}"
    service = Service(server, folder, LIMITS="off", CORS_ORIGINS=f"{origin},http://localhost:1", TRUSTED_ORIGINS=origin)
    try:
        api, login = service.url, {"username": email, "password": password}
        page = browser.page(origin)
        registration = json.dumps({"email": email, "password": password})
        registered = page.run(call(api, "/auth/register", method="POST", headers={"content-type": "application/json"},
                                   body=registration) + f".then({READ})")
        checks("a page on another origin registers", registered.get("email"), email)
        token = page.run(form(api, "/auth/jwt/login", login, "omit") + f".then({READ})")["access_token"]
        me = page.run(call(api, "/users/me", headers={"authorization": f"Bearer {token}"}) + f".then({READ})")
        checks("it reads the profile with a bearer token", me.get("email"), email)
        status = page.run(form(api, "/auth/cookie/login", login, "include") + ".then(response => response.status)")
        checks("it logs in with the cookie", status, 204)
        me = page.run(call(api, "/users/me", credentials="include") + f".then({READ})")
        checks("it reads the profile with the cookie", me.get("email"), email)
        changed = page.run(call(api, "/users/me", method="PATCH", credentials="include", headers={"content-type": "application/json"},
                                body=json.dumps({"first_name": "Arthur"})) + f".then({READ})")
        checks("it changes the profile with the cookie", changed.get("first_name"), "Arthur")
        logged_out = page.run(call(api, "/auth/cookie/logout", method="POST", credentials="include") + ".then(response => response.status)")
        checks("it logs out", logged_out, 204)

        # The same page as another origin, which no list has.
        stranger = browser.page(f"http://127.0.0.1:{port}")
        read = call(api, "/users/me", headers={"authorization": f"Bearer {token}"}) + ".then(() => 'read', () => 'blocked')"
        checks("an origin that is not listed reads nothing", stranger.run(read), "blocked")
    finally:
        service.close()
    # Its own health check, as in a container.
    address = {**os.environ, "BIND": f"127.0.0.1:{service.port}"}
    checks("a server that does not run is not healthy", subprocess.run([server, "--health"], env=address, stderr=subprocess.DEVNULL).returncode, 1)
    # Without the lists, the page reads nothing either.
    service = Service(server, folder, LIMITS="off")
    try:
        page = browser.page(origin)
        address = {**os.environ, "BIND": f"127.0.0.1:{service.port}"}
        checks("a server finds itself healthy", subprocess.run([server, "--health"], env=address).returncode, 0)
        checks("no origin is listed by default", page.run(call(service.url, "/health/live") + ".then(() => 'read', () => 'blocked')"), "blocked")
    finally:
        service.close()
