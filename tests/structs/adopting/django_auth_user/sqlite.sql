-- Django 5, the built-in user: `username` is NOT NULL and unique, addresses are not. An account for cron jobs has none.
CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL);
INSERT INTO "auth_user" (password, is_superuser, username, last_name, email, is_staff, is_active, date_joined, first_name) VALUES
    ('pbkdf2_sha256$1500$KkzKCY4gfxCKDwJk6xDj0b$ofbtkBGxRFlUNGrD1NQqjrH3SYeXhJFYPPX38SnZOZg=', 0, 'arthur', '', 'arthur@camelot.bt', 0, 1, '2026-01-02 03:04:05.678901', 'Arthur'),
    ('!Qq6kJ8yD8Qx2eFqYt0LZ4xNw5vVbGmHsRrTuWpXa', 0, 'cron', '', '', 1, 1, '2026-01-02 03:04:05.678901', '');
