-- What `migrate` makes in an empty database for a user of the six roles. Written by a test (tests/it/docs).
CREATE TABLE IF NOT EXISTS "user" (
    "id" UUID NOT NULL,
    "email" VARCHAR(320) NOT NULL,
    "hashed_password" VARCHAR(1024) NOT NULL,
    "is_active" BOOLEAN NOT NULL,
    "is_superuser" BOOLEAN NOT NULL,
    "is_verified" BOOLEAN NOT NULL,
    "auth_epoch" BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "ix_user_email" ON "user" ("email");
CREATE UNIQUE INDEX IF NOT EXISTS "ix_user_email_canonical" ON "user" (lower("email" COLLATE "C"));
CREATE TABLE IF NOT EXISTS "user_token_state" (
    "token_id" VARCHAR(22) NOT NULL,
    "user_id" UUID,
    "revoked" BOOLEAN NOT NULL,
    "kept_epoch" BIGINT,
    "expires_at" TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY ("token_id"),
    FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS "ix_user_token_state_expires_at" ON "user_token_state" ("expires_at");
CREATE INDEX IF NOT EXISTS "ix_user_token_state_user_id" ON "user_token_state" ("user_id");
CREATE TABLE IF NOT EXISTS "accesstoken" (
    "user_id" UUID NOT NULL,
    "token" VARCHAR(43) NOT NULL,
    "created_at" TIMESTAMP WITH TIME ZONE NOT NULL,
    "hashed" BOOLEAN NOT NULL DEFAULT FALSE,
    "session_id" VARCHAR(22),
    "auth_epoch" BIGINT,
    "last_seen_at" TIMESTAMP WITH TIME ZONE,
    "client" VARCHAR(45),
    "user_agent" VARCHAR(255),
    PRIMARY KEY ("token"),
    FOREIGN KEY ("user_id") REFERENCES "user" ("id") ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS "ix_accesstoken_created_at" ON "accesstoken" ("created_at");
CREATE INDEX IF NOT EXISTS "ix_accesstoken_user_id" ON "accesstoken" ("user_id");
