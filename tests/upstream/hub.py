"""A provider like GitHub, with the form of its answers. Both services use it."""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import urllib.parse


class Hub:
    name = "github"

    def __init__(self):
        self.codes, self.people = {}, {}
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                self.answer(hub.token(dict(urllib.parse.parse_qsl(form))))

            def do_GET(self):
                # GitHub accepts both schemes.
                token = self.headers.get("authorization", "").split(" ")[-1]
                person = hub.people.get(token)
                if person is None:
                    self.answer({"message": "Bad credentials", "status": "401"}, 401)
                elif self.path == "/user":
                    self.answer({"login": "octocat", "id": person[0], "type": "User", "email": None})
                else:
                    self.answer([
                        {"email": "octocat@users.noreply.github.example", "primary": False, "verified": True,
                         "visibility": None},
                        {"email": person[1], "primary": True, "verified": True, "visibility": "private"},
                    ])

            def answer(self, body, status=200):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json; charset=utf-8")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def approve(self, authorization_url, person):
        """Lets a person (number and address) agree. Returns the parameters with which the browser is sent back."""
        assert authorization_url.startswith(f"{self.url}/authorize?"), authorization_url
        request = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(authorization_url).query))
        assert (request["response_type"], request["client_id"]) == ("code", "client"), request
        code = secrets.token_hex(10)
        self.codes[code] = (request["redirect_uri"], request.get("code_challenge"), person)
        return {"code": code}

    def token(self, form):
        redirect_uri, challenge, person = self.codes.pop(form.get("code"), (None, None, None))
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if challenge is not None and base64.urlsafe_b64encode(verifier).decode().rstrip("=") != challenge:
            person = None
        if person is None or form.get("redirect_uri") != redirect_uri:
            return {"error": "bad_verification_code",
                    "error_description": "The code passed is incorrect or expired.",
                    "error_uri": "https://docs.github.com/apps/troubleshooting"}
        if (form.get("client_id"), form.get("client_secret")) != ("client", "client secret"):
            return {"error": "incorrect_client_credentials"}
        token = f"gho_{secrets.token_hex(18)}"
        self.people[token] = person
        return {"access_token": token, "expires_in": 28800, "refresh_token": f"ghr_{secrets.token_hex(36)}",
                "refresh_token_expires_in": 15811200, "scope": "user,user:email", "token_type": "bearer"}
