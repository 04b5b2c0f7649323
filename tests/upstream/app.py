"""The Python service before a migration: fastapi-users as set up in its documentation.

DATABASE_URL  sqlite+aiosqlite:///… or postgresql+asyncpg://…
AUTH_SECRET   the secret for all tokens
REDIS_URL     redis://…
HUB_URL       the provider of tests/upstream/hub.py, in the place of GitHub
ISSUER        the provider of tests/provider, if it runs
CLIENT_SECRET the secret of its client `without-pkce`
HOOK_LOG      a file for one JSON line per hook call, including mailed tokens
"""

import json
import os
import uuid
from contextlib import asynccontextmanager
from typing import Optional

import redis.asyncio
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import (
    AuthenticationBackend,
    BearerTransport,
    CookieTransport,
    JWTStrategy,
    RedisStrategy,
)
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users_db_sqlalchemy import (
    SQLAlchemyBaseOAuthAccountTableUUID,
    SQLAlchemyBaseUserTableUUID,
    SQLAlchemyUserDatabase,
)
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from httpx_oauth.clients import github
from httpx_oauth.clients.openid import OpenID
from sqlalchemy import String
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SECRET = os.environ["AUTH_SECRET"]
HOUR = 3600


class Base(DeclarativeBase):
    pass


class OAuthAccount(SQLAlchemyBaseOAuthAccountTableUUID, Base):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    first_name: Mapped[Optional[str]] = mapped_column(String(), nullable=True)
    oauth_accounts: Mapped[list[OAuthAccount]] = relationship("OAuthAccount", lazy="joined")


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    pass


class UserRead(schemas.BaseOAuthAccountMixin, schemas.BaseUser[uuid.UUID]):
    first_name: Optional[str] = None


class UserCreate(schemas.BaseUserCreate):
    first_name: Optional[str] = None


class UserUpdate(schemas.BaseUserUpdate):
    first_name: Optional[str] = None


engine = create_async_engine(os.environ["DATABASE_URL"])
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def get_session():
    async with sessions() as session:
        yield session


async def get_user_db(session=Depends(get_session)):
    yield SQLAlchemyUserDatabase(session, User, OAuthAccount)


async def get_access_token_db(session=Depends(get_session)):
    yield SQLAlchemyAccessTokenDatabase(session, AccessToken)


def note(hook, user, token=None):
    line = {"hook": hook, "user_id": str(user.id)}
    if token is not None:
        line["token"] = token
    with open(os.environ["HOOK_LOG"], "a") as log:
        log.write(json.dumps(line) + "\n")


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET

    async def on_after_forgot_password(self, user, token, request=None):
        note("on_after_forgot_password", user, token)

    async def on_after_request_verify(self, user, token, request=None):
        note("on_after_request_verify", user, token)


async def get_user_manager(user_db=Depends(get_user_db)):
    yield UserManager(user_db)


def get_jwt_strategy():
    return JWTStrategy(secret=SECRET, lifetime_seconds=HOUR)


def get_database_strategy(access_token_db=Depends(get_access_token_db)):
    return DatabaseStrategy(access_token_db, lifetime_seconds=HOUR)


keys = redis.asyncio.from_url(os.environ["REDIS_URL"], decode_responses=True) if os.environ.get("REDIS_URL") else None


def get_redis_strategy():
    return RedisStrategy(keys, lifetime_seconds=HOUR)


def bearer(name):
    return BearerTransport(tokenUrl=f"auth/{name}/login")


backends = [
    AuthenticationBackend("jwt", bearer("jwt"), get_jwt_strategy),
    AuthenticationBackend("db", bearer("db"), get_database_strategy),
    AuthenticationBackend("cookie", CookieTransport(cookie_max_age=HOUR), get_database_strategy),
]
if keys is not None:
    backends.append(AuthenticationBackend("redis", bearer("redis"), get_redis_strategy))

HUB = os.environ["HUB_URL"]
github.AUTHORIZE_ENDPOINT, github.ACCESS_TOKEN_ENDPOINT = f"{HUB}/authorize", f"{HUB}/token"
github.PROFILE_ENDPOINT, github.EMAILS_ENDPOINT = f"{HUB}/user", f"{HUB}/user/emails"
clients = [github.GitHubOAuth2("client", "client secret")]
if "ISSUER" in os.environ:
    discovery = os.environ["ISSUER"] + "/.well-known/openid-configuration"
    clients.append(OpenID("without-pkce", os.environ["CLIENT_SECRET"], discovery, "acme"))

users = FastAPIUsers[User, uuid.UUID](get_user_manager, backends)


@asynccontextmanager
async def lifespan(_):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
for backend in backends:
    app.include_router(users.get_auth_router(backend), prefix=f"/auth/{backend.name}")
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(users.get_reset_password_router(), prefix="/auth")
app.include_router(users.get_verify_router(UserRead), prefix="/auth")
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users")
for client in clients:
    app.include_router(users.get_oauth_router(client, backends[0], SECRET), prefix=f"/auth/{client.name}")
    associate = users.get_oauth_associate_router(client, UserRead, SECRET)
    app.include_router(associate, prefix=f"/auth/associate/{client.name}")
