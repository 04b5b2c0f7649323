#!/usr/bin/env python3
"""Generates clients from the document of examples/server.rs with the commands of docs/guide/clients.md, and type-checks the programs
beside this file, which call every operation of fastapi-users in the way that its clients do.

    check.py [--short] SERVER FOLDER    the program, and the folder with node_modules and the Python environment `venv`;
                                        `scripts/nightly clients` makes both. --short: without schemathesis
"""

import json, os, pathlib, shutil, subprocess, sys, tempfile, urllib.parse, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "browser"))
from driver import Service, checks  # noqa: E402

PAGE = (HERE.parents[1] / "docs/guide/clients.md").read_text()
# The programs of these commands, and what each of them makes.
GENERATORS = {
    "npx openapi-ts ": "generated/hey_api",
    "npx orval ": "generated/orval.ts",
    "npx openapi-typescript ": "generated/openapi_typescript.d.ts",
    "openapi-python-client ": "accounts_client",
}
PROVIDER = {"OAUTH_PROVIDERS": "github", "OAUTH_GITHUB_KIND": "github", "OAUTH_GITHUB_CLIENT_ID": "id",
            "OAUTH_GITHUB_CLIENT_SECRET": "secret"}


def command(start):
    """The command of the page that starts so."""
    found = [line for block in PAGE.split("```sh\n")[1:] for line in block.split("```")[0].splitlines() if line.startswith(start)]
    assert len(found) == 1, f"{start}: {found}"
    return found[0]


def run(what, line, folder, packages):
    path = f"{packages}/venv/bin:{packages}/node_modules/.bin:{os.environ['PATH']}"
    done = subprocess.run(line, shell=True, cwd=folder, env={**os.environ, "PATH": path, "CI": "1"}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    assert done.returncode == 0, f"{what}: {line}\n{done.stdout}"
    print(f"ok: {what}")
    return done.stdout


def called(service, path, body=None, **headers):
    request = urllib.request.Request(f"{service.url}{path}", data=body, headers=headers)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def document_of(service):
    return called(service, "/openapi.json")


def sessions_of(service):
    """The sessions of a user who has logged in twice and used one of them."""
    user = {"email": "arthur@camelot.bt", "password": "a long sword of steel"}
    called(service, "/auth/register", json.dumps(user).encode(), **{"content-type": "application/json"})
    form = urllib.parse.urlencode({"username": user["email"], "password": user["password"]}).encode()
    logins = [called(service, "/auth/db/login", form) for _ in range(2)]
    return called(service, "/auth/sessions", authorization=f"Bearer {logins[0]['access_token']}")


def type_checks(name, document, packages):
    """Generates every client from a document, and type-checks the programs."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for program in (HERE / "programs").iterdir():
            shutil.copy(program, folder)
        (folder / "node_modules").symlink_to(pathlib.Path(packages, "node_modules"))
        (folder / "openapi.json").write_text(json.dumps(document))
        for start, made in GENERATORS.items():
            run(f"{name}: {start.strip()}", command(start), folder, packages)
            assert (folder / made).exists(), made
        run(f"{name}: the programs in TypeScript", "tsc --project .", folder, packages)
        run(f"{name}: the program in Python", "mypy --strict --implicit-reexport --follow-imports=silent program.py", folder, packages)


def main():
    short, (server, packages) = "--short" in sys.argv, [word for word in sys.argv[1:] if word != "--short"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        service = Service(server, folder, LIMITS="off", OPERATION_IDS="fastapi", **PROVIDER)
        try:
            document = document_of(service)
            type_checks("examples/server", document, packages)
            recorded = json.loads((HERE.parent / "it/openapi/fastapi_users_15.json").read_text())
            if not short:
                type_checks("fastapi-users", recorded, packages)
            file, sessions = pathlib.Path(folder, "openapi.json"), pathlib.Path(folder, "sessions.json")
            file.write_text(json.dumps(document))
            sessions.write_text(json.dumps(sessions_of(service)))
            shutil.copy(HERE / "scalar.mjs", packages)
            line = f"node {packages}/scalar.mjs {file} {sessions}"
            run("Scalar finds no error in the document, nor in a list of sessions", line, folder, packages)
            if not short:
                line = command("schemathesis ").replace("http://localhost:8000", service.url)
                report = run("schemathesis sends the examples", line, folder, packages)
                bodies = [operation for path in document["paths"].values() for operation in path.values() if "requestBody" in operation]
                examples = [media.get("example") for operation in bodies for media in operation["requestBody"]["content"].values()]
                checks("every request has an example", None in examples, False)
                print(report.strip().splitlines()[-1])
        finally:
            service.close()
        service = Service(server, folder, OPERATION_IDS="camel_case", **PROVIDER)
        try:
            ids = {operation["operationId"] for path in document_of(service)["paths"].values() for operation in path.values()}
            checks("operation ids in camel case", {"authJwtLogin", "usersPatchCurrentUser", "oauthGithubJwtCallback"} <= ids, True)
        finally:
            service.close()
    print("all clients are generated and type-checked")


if __name__ == "__main__":
    main()
