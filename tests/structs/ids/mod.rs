//! Ids of every kind: UUIDs of version 7, types of the application over each kind of column, and ids that the database
//! makes; over every store and strategy. And the UUIDs of other programs in the derive's fields.

mod flows;
mod made_by_database;
mod stores;
mod types;
mod uuid_fields;
