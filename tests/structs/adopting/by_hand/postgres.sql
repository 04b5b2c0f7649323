-- By hand.
CREATE EXTENSION citext;
CREATE DOMAIN address AS citext CHECK (value LIKE '%_@_%');
CREATE TABLE member (member_no smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail address NOT NULL, pw char(60) NOT NULL,
  enabled boolean NOT NULL DEFAULT true, admin boolean NOT NULL DEFAULT false, confirmed boolean NOT NULL DEFAULT false,
  visits integer NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX one_mail_each ON member (mail);
INSERT INTO member (mail, pw, confirmed) VALUES ('arthur@camelot.bt', '$2b$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye', true);
