-- fastapi-users-db-sqlalchemy 7, SQLAlchemyBaseUserTableUUID and SQLAlchemyBaseAccessTokenTableUUID, `metadata.create_all`.
CREATE TABLE user (
	id CHAR(36) NOT NULL,
	email VARCHAR(320) NOT NULL,
	hashed_password VARCHAR(1024) NOT NULL,
	is_active BOOLEAN NOT NULL,
	is_superuser BOOLEAN NOT NULL,
	is_verified BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_user_email ON user (email);
CREATE TABLE accesstoken (
	user_id CHAR(36) NOT NULL,
	token VARCHAR(43) NOT NULL,
	created_at TIMESTAMP NOT NULL,
	PRIMARY KEY (token),
	FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE cascade
);
CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at);
INSERT INTO user VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'arthur@camelot.bt', '$2b$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye', 1, 0, 1);
