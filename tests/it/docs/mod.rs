//! The documents are held to what they say: every command runs, every example is read, every table is complete,
//! every link leads somewhere. (Their Rust is a doc test of the library.)

mod commands;
mod limits;
mod links;
mod pages;
mod quotes;
mod style;
mod tables;
