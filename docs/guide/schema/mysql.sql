-- What `migrate` makes in an empty database for a user of the six roles. Written by a test (tests/it/docs).
CREATE TABLE IF NOT EXISTS `user` (
    `id` CHAR(36) NOT NULL,
    `email` VARCHAR(320) NOT NULL,
    `hashed_password` VARCHAR(1024) NOT NULL,
    `is_active` BOOLEAN NOT NULL,
    `is_superuser` BOOLEAN NOT NULL,
    `is_verified` BOOLEAN NOT NULL,
    `auth_epoch` BIGINT NOT NULL DEFAULT 0,
    `email_canonical` VARBINARY(1280) GENERATED ALWAYS AS (CAST(LOWER(CONVERT(CAST(CONVERT(`email` USING utf8mb4) AS BINARY) USING hebrew)) AS BINARY)) VIRTUAL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE UNIQUE INDEX `ix_user_email` ON `user` (`email`);
CREATE UNIQUE INDEX `ix_user_email_canonical` ON `user` (`email_canonical`);
CREATE TABLE IF NOT EXISTS `user_token_state` (
    `token_id` VARCHAR(22) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `user_id` CHAR(36),
    `revoked` BOOLEAN NOT NULL,
    `kept_epoch` BIGINT,
    `expires_at` DATETIME(6) NOT NULL,
    PRIMARY KEY (`token_id`),
    FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX `ix_user_token_state_expires_at` ON `user_token_state` (`expires_at`);
CREATE INDEX `ix_user_token_state_user_id` ON `user_token_state` (`user_id`);
CREATE TABLE IF NOT EXISTS `accesstoken` (
    `user_id` CHAR(36) NOT NULL,
    `token` VARCHAR(43) NOT NULL,
    `created_at` DATETIME(6) NOT NULL,
    `hashed` BOOLEAN NOT NULL DEFAULT FALSE,
    `session_id` VARCHAR(22) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `auth_epoch` BIGINT,
    `last_seen_at` DATETIME(6),
    `client` VARCHAR(45) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `user_agent` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    PRIMARY KEY (`token`),
    FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX `ix_accesstoken_created_at` ON `accesstoken` (`created_at`);
CREATE INDEX `ix_accesstoken_user_id` ON `accesstoken` (`user_id`);
