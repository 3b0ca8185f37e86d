//! HTTP: what is asked of which path, and how answers look on the wire.
//!
//! Paths, methods, headers, formats and statuses are known here and nowhere else; what a search
//! means, how it is found and how a Bundle is written is not.

pub(crate) mod answer;
mod body;
mod condition;
pub(crate) mod error;
mod guard;
pub(crate) mod interaction;
pub(crate) mod internal;
mod negotiate;
mod observe;
pub(crate) mod operation;
mod page;
mod path;
mod prefer;
mod query;
pub(crate) mod request_id;
pub(crate) mod router;
pub(crate) mod sealed;
mod shape;
pub(crate) mod stall;
pub(crate) mod unread;
pub(crate) mod wire;
mod written;
