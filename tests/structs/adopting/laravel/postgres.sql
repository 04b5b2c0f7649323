-- Laravel 11, `0001_01_01_000000_create_users_table.php`.
create table "users" ("id" bigserial not null primary key, "name" varchar(255) not null, "email" varchar(255) not null, "email_verified_at" timestamp(0) without time zone null, "password" varchar(255) not null, "remember_token" varchar(100) null, "created_at" timestamp(0) without time zone null, "updated_at" timestamp(0) without time zone null);
alter table "users" add constraint "users_email_unique" unique ("email");
insert into users (name, email, email_verified_at, password) values ('Arthur', 'arthur@camelot.bt', '2026-01-02 03:04:05', '$2y$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye');

-- Changes by hand.
ALTER TABLE users ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN is_verified BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET is_verified = email_verified_at IS NOT NULL;
