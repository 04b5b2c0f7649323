-- By hand.
CREATE TABLE member (member_no INTEGER PRIMARY KEY, mail TEXT COLLATE NOCASE NOT NULL UNIQUE, pw TEXT NOT NULL,
  enabled INT NOT NULL DEFAULT 1, admin INT NOT NULL DEFAULT 0, confirmed INT NOT NULL DEFAULT 0, visits INT NOT NULL DEFAULT 0) STRICT;
INSERT INTO member (mail, pw, confirmed) VALUES ('arthur@camelot.bt', '$2b$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye', 1);
