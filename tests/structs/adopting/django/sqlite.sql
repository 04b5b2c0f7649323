-- Django 5, a custom user: AbstractUser with `username = None`, `email = EmailField(unique=True)`, `USERNAME_FIELD = "email"`.
CREATE TABLE "accounts_user" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "password" varchar(128) NOT NULL,
    "last_login" datetime NULL,
    "is_superuser" bool NOT NULL,
    "first_name" varchar(150) NOT NULL,
    "last_name" varchar(150) NOT NULL,
    "is_staff" bool NOT NULL,
    "is_active" bool NOT NULL,
    "date_joined" datetime NOT NULL,
    "email" varchar(254) NOT NULL UNIQUE
);
CREATE TABLE "accounts_user_groups" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "user_id" bigint NOT NULL REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED, "group_id" integer NOT NULL);
INSERT INTO "accounts_user" (password, is_superuser, first_name, last_name, is_staff, is_active, date_joined, email)
VALUES ('pbkdf2_sha256$1500$KkzKCY4gfxCKDwJk6xDj0b$ofbtkBGxRFlUNGrD1NQqjrH3SYeXhJFYPPX38SnZOZg=', 0, 'Arthur', '', 0, 1, '2026-01-02 03:04:05.678901', 'arthur@camelot.bt');
