-- SQLAlchemy 2, a model with keys and references of the type `Uuid`.
CREATE TABLE account (
    id UUID NOT NULL,
    email VARCHAR(255) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    is_active BOOLEAN NOT NULL,
    is_superuser BOOLEAN NOT NULL,
    is_verified BOOLEAN NOT NULL,
    team_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_account_email ON account (email);
CREATE TABLE post (id UUID NOT NULL, author_id UUID NOT NULL, PRIMARY KEY (id), FOREIGN KEY(author_id) REFERENCES account (id) ON DELETE CASCADE);
INSERT INTO account (id, email, password_hash, is_active, is_superuser, is_verified, team_id)
VALUES ('bdfc2b97-4876-4210-9dba-158745062fcd', 'arthur@camelot.bt', '$2b$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye', true, false, true, '0b5e1d0c-8a4f-4c6e-9d3a-2f1e0c9b8a7d');
INSERT INTO post (id, author_id) VALUES ('0b5e1d0c-8a4f-4c6e-9d3a-2f1e0c9b8a7d', 'bdfc2b97-4876-4210-9dba-158745062fcd');
