//! Every flow over real HTTP, against the routes that the derive writes.

<<<<<<< HEAD
mod openapi;
=======
mod http;
>>>>>>> wire
mod support;

mod mail;
mod smoke;
mod wire;
