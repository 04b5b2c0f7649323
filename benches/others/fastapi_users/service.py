"""A service with fastapi-users and sessions in SQLite, as in its documentation."""

import os
import uuid
from contextlib import asynccontextmanager
from typing import Optional

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase, SQLAlchemyBaseAccessTokenTableUUID
from sqlalchemy import String, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    full_name: Mapped[Optional[str]] = mapped_column(String(), nullable=True)


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    pass


class UserRead(schemas.BaseUser[uuid.UUID]):
    full_name: Optional[str] = None


class UserCreate(schemas.BaseUserCreate):
    full_name: Optional[str] = None


engine = create_async_engine(os.environ["DATABASE_URL"].replace("sqlite://", "sqlite+aiosqlite:///").split("?")[0])
sessions = async_sessionmaker(engine, expire_on_commit=False)


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = verification_token_secret = "q8ZJ2mVx0Lr7TtYw5NfKc3HbPd6GsA1E"


async def session():
    async with sessions() as opened:
        yield opened


async def manager(opened=Depends(session)):
    yield UserManager(SQLAlchemyUserDatabase(opened, User))


def strategy(opened=Depends(session)):
    return DatabaseStrategy(SQLAlchemyAccessTokenDatabase(opened, AccessToken), lifetime_seconds=3600)


backend = AuthenticationBackend("db", BearerTransport("auth/db/login"), strategy)
users = FastAPIUsers[User, uuid.UUID](manager, [backend])


@asynccontextmanager
async def lifespan(_):
    async with engine.begin() as connection:
        await connection.execute(text("PRAGMA journal_mode = WAL"))
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend), prefix="/auth/db")
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(users.get_users_router(UserRead, schemas.BaseUserUpdate), prefix="/users")
