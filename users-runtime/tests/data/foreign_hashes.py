"""Makes foreign_hashes.jsonl: password hashes made by the software that other systems store them with.

    pip install Django==5.2.19 Werkzeug==3.1.9 argon2-cffi==25.1.0 bcrypt==5.0.0 pyscryptfirebase==0.0.2
    apt-get install ruby ruby-devise ruby-bcrypt      # ruby 3.1.2, devise 4.8.1, bcrypt-ruby 3.1.18
    python foreign_hashes.py > foreign_hashes.jsonl

One line per hash: the system, the kind, the password, the string as that system stores it. Salts are random, so the file
is another one each time. `unsure` marks what bcrypt made of more than 72 bytes or of a NUL; `config` is what the system was set up with.
Django and Werkzeug make each kind once with the costs of that release, and otherwise with small ones.

Firebase's are made by pyscryptfirebase, which is the C code of github.com/firebase/scrypt; it is first held to the example
that Firebase publishes there. Firebase stores salt and hash apart; the string of them is ours.
"""

import base64
import json
import subprocess

import django
from django.conf import settings

settings.configure(PASSWORD_HASHERS=[
    "django.contrib.auth.hashers." + name for name in (
        "PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "Argon2PasswordHasher", "BCryptPasswordHasher",
        "BCryptSHA256PasswordHasher", "ScryptPasswordHasher",
    )
])
django.setup()

import argon2
import bcrypt
from django.contrib.auth import hashers
from pyscryptfirebase import encrypt
from werkzeug.security import check_password_hash, generate_password_hash

PASSWORDS = ["guinevere", "guénièvre 👑 пароль", "", "the lady of the lake " * 5, "gu\0nevere", " spaces around "]


def line(system, kind, password, stored, **more):
    print(json.dumps({"system": system, "kind": kind, "password": password, "stored": stored, **more}))


def django_hash(hasher, password, **cost):
    for name, value in cost.items():
        setattr(hasher, name, value)
    stored = hasher.encode(password, hasher.salt())
    assert hashers.check_password(password, stored)
    unsure = {"unsure": True} if hasher.algorithm == "bcrypt" and "\0" in password else {}
    line("django", hasher.algorithm, password, stored, **unsure)


class Argon2i(hashers.Argon2PasswordHasher):
    """Django 1.10 to 3.1 had Argon2i."""

    def params(self):
        params = super().params()
        params.type = argon2.low_level.Type.I
        return params


for password in PASSWORDS:
    django_hash(hashers.PBKDF2PasswordHasher(), password, iterations=1_500)
    django_hash(hashers.PBKDF2SHA1PasswordHasher(), password, iterations=1_500)
    django_hash(hashers.ScryptPasswordHasher(), password, work_factor=256, parallelism=2)
    django_hash(hashers.Argon2PasswordHasher(), password, memory_cost=64, parallelism=2)
    django_hash(Argon2i(), password, memory_cost=64, parallelism=1)
    django_hash(hashers.BCryptSHA256PasswordHasher(), password, rounds=4)
    if len(password.encode()) <= 72:
        django_hash(hashers.BCryptPasswordHasher(), password, rounds=4)
    else:  # what Django made with bcrypt before 5.0, which refuses to cut
        stored = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
        line("django", "bcrypt", password, f"bcrypt${stored}", unsure=True)
for hasher in (hashers.PBKDF2PasswordHasher, hashers.PBKDF2SHA1PasswordHasher, hashers.ScryptPasswordHasher,
               hashers.Argon2PasswordHasher, hashers.BCryptSHA256PasswordHasher, hashers.BCryptPasswordHasher):
    django_hash(hasher(), "guinevere")
line("django", "unusable", "guinevere", hashers.make_password(None))

for password in PASSWORDS:
    for method in ("pbkdf2:sha256:1500", "pbkdf2:sha512:1500", "pbkdf2:sha1:1500", "scrypt:256:8:2"):
        stored = generate_password_hash(password, method)
        assert check_password_hash(stored, password)
        line("werkzeug", method.rsplit(":", method.count(":") - (method[0] == "p"))[0], password, stored)
line("werkzeug", "pbkdf2:sha256", "guinevere", generate_password_hash("guinevere", "pbkdf2"))
line("werkzeug", "scrypt", "guinevere", generate_password_hash("guinevere"))

DEVISE = """
require "active_support"; require "devise"; require "json"
Klass = Struct.new(:pepper, :stretches)
JSON.parse(STDIN.read).each do |pepper, stretches, password|
  klass = Klass.new(pepper, stretches)
  stored = begin
    Devise::Encryptor.digest(klass, password)
  rescue ArgumentError # bcrypt-ruby takes no NUL
    next
  end
  raise "devise" unless Devise::Encryptor.compare(klass, stored, password)
  puts JSON.generate([pepper, password, stored])
end
"""
PEPPERS = ["", "5f4a9c", "7d3e" * 32]  # none, one that fits, and the 128 digits of Devise's own generator
asked = [[pepper, 4, password] for pepper in PEPPERS for password in PASSWORDS]
asked += [[PEPPERS[2], 12, "guinevere"], [PEPPERS[2], 4, "g" * 72]]
made = subprocess.run(["ruby", "-e", DEVISE], input=json.dumps(asked), capture_output=True, text=True, check=True)
for row in made.stdout.splitlines():
    pepper, password, stored = json.loads(row)
    more = {"unsure": True} if len(password.encode()) > 72 else {}
    line("devise", "bcrypt", password, stored, config=pepper, **more)

KEY, SEPARATOR = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==", "Bw=="
PUBLISHED = ("user1password", "42xEC+ixf3L2lw==", 8, 14,
             "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==")


def firebase(password, salt, rounds, memory):
    hashed = encrypt(*map(base64.b64decode, (KEY, salt, SEPARATOR)), rounds, memory, password)
    return f"firebase${rounds}${memory}${salt}${base64.b64encode(hashed).decode()}"


stored = firebase(*PUBLISHED[:4])
assert stored.endswith("$" + PUBLISHED[4])
line("firebase", "published", PUBLISHED[0], stored, config=[KEY, SEPARATOR])
for number, password in enumerate(PASSWORDS):
    stored = firebase(password, base64.b64encode(bytes([number]) * 10).decode(), 8, 10)
    line("firebase", "scrypt", password, stored, config=[KEY, SEPARATOR])
