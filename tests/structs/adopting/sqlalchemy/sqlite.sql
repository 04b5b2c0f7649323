-- SQLAlchemy 2, a model of its own, created by Alembic with a naming convention.
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE users (
    id INTEGER NOT NULL,
    email VARCHAR(255) NOT NULL,
    password_hash VARCHAR(60) NOT NULL,
    active BOOLEAN NOT NULL,
    is_admin BOOLEAN NOT NULL,
    email_confirmed BOOLEAN NOT NULL,
    name VARCHAR(100),
    created_at DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_email UNIQUE (email),
    CONSTRAINT ck_users_name_not_empty CHECK (name <> '')
);
CREATE INDEX ix_users_created_at ON users (created_at);
INSERT INTO users (email, password_hash, active, is_admin, email_confirmed, name)
VALUES ('arthur@camelot.bt', '$2b$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye', 1, 0, 1, 'Arthur');
