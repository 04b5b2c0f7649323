-- Laravel 11, `0001_01_01_000000_create_users_table.php`.
create table `users` (`id` bigint unsigned not null auto_increment primary key, `name` varchar(255) not null, `email` varchar(255) not null, `email_verified_at` timestamp null, `password` varchar(255) not null, `remember_token` varchar(100) null, `created_at` timestamp null, `updated_at` timestamp null) default character set utf8mb4 collate 'utf8mb4_unicode_ci';
alter table `users` add unique `users_email_unique`(`email`);
insert into users (name, email, email_verified_at, password) values ('Arthur', 'arthur@camelot.bt', '2026-01-02 03:04:05', '$2y$04$2WPPJCoe982uO1OdG3/TnuYz/7XDly.ybGqlItr4TrC4J73xuH/Ye');

-- Changes by hand.
ALTER TABLE users ADD COLUMN is_active BOOLEAN NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN is_verified BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET is_verified = email_verified_at IS NOT NULL;
