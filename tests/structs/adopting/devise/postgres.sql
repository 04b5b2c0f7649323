-- Rails 7 with Devise 4, `rails generate devise User`.
CREATE TABLE "users" ("id" bigserial primary key, "email" character varying DEFAULT '' NOT NULL, "encrypted_password" character varying DEFAULT '' NOT NULL, "reset_password_token" character varying, "reset_password_sent_at" timestamp(6) without time zone, "remember_created_at" timestamp(6) without time zone, "confirmed_at" timestamp(6) without time zone, "created_at" timestamp(6) without time zone NOT NULL, "updated_at" timestamp(6) without time zone NOT NULL);
CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email");
CREATE UNIQUE INDEX "index_users_on_reset_password_token" ON "users" ("reset_password_token");
INSERT INTO users (email, encrypted_password, confirmed_at, created_at, updated_at)
VALUES ('arthur@camelot.bt', '$2a$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye', '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.678901');

-- Changes by hand.
ALTER TABLE users ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN is_verified BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET is_verified = confirmed_at IS NOT NULL;
