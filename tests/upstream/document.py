#!/usr/bin/env python3
"""Records the OpenAPI document of fastapi-users for `tests/it/openapi`.

    document.py FILE    writes the document that the service below serves; needs the packages of requirements.txt

The service has the backends `jwt` (bearer) and `cookie`, the field `first_name`, UUID ids, and the routes of a provider
`github` at the backend `jwt`. It has no database: a document needs none.
"""

import asyncio
import json
import sys
import uuid
from typing import Optional

import httpx
from fastapi import FastAPI
from fastapi_users import FastAPIUsers, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, CookieTransport, JWTStrategy
from httpx_oauth.clients.github import GitHubOAuth2

SECRET = "of a service that nobody calls"


class UserRead(schemas.BaseOAuthAccountMixin, schemas.BaseUser[uuid.UUID]):
    first_name: Optional[str] = None


class UserCreate(schemas.BaseUserCreate):
    first_name: Optional[str] = None


class UserUpdate(schemas.BaseUserUpdate):
    first_name: Optional[str] = None


def strategy():
    return JWTStrategy(secret=SECRET, lifetime_seconds=3600)


def manager():
    raise NotImplementedError("only the document is asked for")


backends = [
    AuthenticationBackend("jwt", BearerTransport(tokenUrl="auth/jwt/login"), strategy),
    AuthenticationBackend("cookie", CookieTransport(), strategy),
]
users = FastAPIUsers(manager, backends)
github = GitHubOAuth2("id", "secret")

app = FastAPI()
for backend in backends:
    app.include_router(users.get_auth_router(backend), prefix=f"/auth/{backend.name}", tags=["auth"])
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth", tags=["auth"])
app.include_router(users.get_reset_password_router(), prefix="/auth", tags=["auth"])
app.include_router(users.get_verify_router(UserRead), prefix="/auth", tags=["auth"])
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users", tags=["users"])
app.include_router(users.get_oauth_router(github, backends[0], SECRET), prefix="/auth/github", tags=["auth"])
associate = users.get_oauth_associate_router(github, UserRead, SECRET)
app.include_router(associate, prefix="/auth/associate/github", tags=["auth"])



async def document():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.get("/openapi.json")).raise_for_status().json()


with open(sys.argv[1], "w") as file:
    json.dump(asyncio.run(document()), file, indent=1)
    file.write("\n")
