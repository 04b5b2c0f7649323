-- Laravel 11, `0001_01_01_000000_create_users_table.php`.
create table "users" ("id" integer primary key autoincrement not null, "name" varchar not null, "email" varchar not null, "email_verified_at" datetime, "password" varchar not null, "remember_token" varchar, "created_at" datetime, "updated_at" datetime);
create unique index "users_email_unique" on "users" ("email");
insert into users (name, email, email_verified_at, password) values ('Arthur', 'arthur@camelot.bt', '2026-01-02 03:04:05', '$2y$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye');

-- Changes by hand.
ALTER TABLE users ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN is_verified BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET is_verified = email_verified_at IS NOT NULL;
