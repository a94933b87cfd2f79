//! Plugins for the Sluice WebSocket server, without `unsafe`.
//!
//! A plugin is a type that implements [`Plugin`], and a trait for each hook that it wants. The macro
//! [`plugin!`] exports it:
//!
//! ```ignore
//! use sluice::{Client, Host, Message, OnMessage, Plugin, Result, Setup, Verdict};
//!
//! struct NotEmpty;
//!
//! impl Plugin for NotEmpty {
//!     type Client = ();
//!
//!     fn create(_setup: &Setup<Self>) -> Result<Self> {
//!         Ok(NotEmpty)
//!     }
//! }
//!
//! impl OnMessage for NotEmpty {
//!     fn on_message(
//!         &self,
//!         _host: &Host<Self>,
//!         _client: &Client<Self>,
//!         message: &mut Message,
//!     ) -> Result<Verdict> {
//!         Ok(if message.data().is_empty() { Verdict::Drop } else { Verdict::Continue })
//!     }
//! }
//!
//! sluice::plugin! {
//!     NotEmpty,
//!     name: "not-empty",
//!     version: env!("CARGO_PKG_VERSION"),
//!     summary: "Drops empty messages",
//!     license: "MIT",
//! }
//! ```
//!
//! # What is where
//!
//! - Of the instance, shared by all of its clients: the value that [`Plugin::create`] returns. Hooks of
//!   different clients run at once, so it is [`Sync`]: what changes in it is an atomic or has a lock.
//! - Of a client: [`Client::state`], a [`Plugin::Client`] of its own.
//! - The server's functions: [`Host`] (for any thread, by way of [`Host::handle`]), [`Client`],
//!   [`Request`] and [`Message`] (inside a hook only; the compiler sees to it).
//!
//! # Errors and panics
//!
//! A hook that returns an error has failed: it is logged, and the instance's `on_error` decides what
//! becomes of the client or the message. A panic is caught at the border, logged with its place in the
//! source, and is an error like any other. Set no `panic = "abort"`.
//!
//! # Unloading
//!
//! When an instance ends its value is dropped, and then the server unloads the file. Threads that the
//! plugin has started must have ended by then: end and join them in [`Drop`]. No type can see to this.
#![warn(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

#[cfg(panic = "abort")]
compile_error!("a panic would end the server: take `panic = \"abort\"` out of Cargo.toml");

mod client;
mod clients;
mod completion;
mod creation;
mod event;
mod export;
mod handle;
mod hooks;
mod host;
mod http;
mod instance;
mod job;
mod message;
mod metrics;
mod options;
mod panics;
mod request;
mod service;
mod setup;
mod storage;
pub mod sys;
mod text;
mod watch;

pub use client::{Client, ClientId, Closed};
pub use clients::{ClientCursor, ClientPage, ClientQuery};
pub use completion::{CancelReason, Completion, Defer, Ticket};
pub use creation::CreateTicket;
pub use event::Event;
pub use handle::Handle;
pub use host::{Host, Level, Mode, Timer};
pub use http::{HttpOutcome, HttpRequest, HttpResponse};
pub use message::{Message, Payload};
pub use metrics::{Counter, Gauge, Histogram};
pub use options::{OptionType, Value};
pub use request::{CertificateField, Request};
pub use service::{in_provider, FoundService, Service};
pub use setup::Setup;
pub use storage::{Storage, StorageError};
pub use watch::{FdEvents, Watch};

/// What only the macros of this crate use.
#[doc(hidden)]
pub mod private {
    pub use crate::export::{Absent, Dynamic, Probe};
    pub use crate::hooks::client_free;
    pub use crate::instance::{client_size, create, destroy, instance_size};
    pub use crate::options::{OptionRow, Text};
}

/// Any error: texts, strings and all error types turn into it with `?`.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What hooks return.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the server did not do what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// It cannot: the text names the function. `docs/plugin-reference.md` lists the causes.
    Failed(&'static str),
    /// Another plugin of the endpoint objects to the subscription or the message.
    Refused,
    /// The deferral is over already.
    Gone,
    /// The operator has been told why: return it from `create`.
    Told,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Failure::Failed(function) => write!(out, "the server refused {}", function),
            Failure::Refused => out.write_str("another plugin objects"),
            Failure::Gone => out.write_str("the deferral is over"),
            Failure::Told => out.write_str("the server has said why not"),
        }
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// What a host function's return value means.
    pub(crate) fn check(
        result: std::os::raw::c_int,
        function: &'static str,
    ) -> std::result::Result<(), Failure> {
        match result {
            0 => Ok(()),
            sys::SL_GONE => Err(Failure::Gone),
            sys::SL_REFUSED => Err(Failure::Refused),
            _ => Err(Failure::Failed(function)),
        }
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The next plugin is asked; in the end the message is delivered.
    Continue,
    /// The message goes no further.
    Drop,
    /// The same, as a success: the plugin has done what was asked.
    Handled,
    /// The client is closed with 1008, or as [`Client::close_with`] says.
    Close,
    /// Decided later; only after [`Message::defer`].
    Defer,
}

/// What becomes of an upgrade request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// No objection. (Who is to come in has to be identified by some plugin, if the endpoint says so.)
    Continue,
    /// Refused with 403, or as [`Request::deny`] says.
    Deny,
    /// Decided later; only after [`Request::defer`].
    Defer,
}

/// The answer to a question that is answered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// No objection.
    Continue,
    /// No.
    Deny,
}

/// One use of the plugin in an endpoint's pipeline. The value is dropped when the instance ends.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// What is kept of each client: made when [`Client::state`] is first called for it, and dropped when
    /// the client goes, also where the upgrade has failed after `on_connect`.
    type Client: Default + Send + 'static;

    /// Reads options and registers metrics. An error is what the operator reads, and the server does
    /// not start, or the reload fails.
    fn create(setup: &Setup<Self>) -> Result<Self>;

    /// Called right after `create`. What runs by itself (timers, threads, offloaded work) begins here.
    fn start(&self, host: &Host<Self>) -> Result<()> {
        let _ = host;
        Ok(())
    }
}

/// A client asks to upgrade.
pub trait OnConnect: Plugin {
    /// Called on the client's thread. The request stays until the hook returns.
    fn on_connect(
        &self,
        host: &Host<Self>,
        client: &Client<Self>,
        request: &mut Request<Self>,
    ) -> Result<Admission>;
}

/// A client is registered.
pub trait OnOpen: Plugin {
    /// Called on the client's thread; also when a reload brings a new instance to a client that is
    /// there already ([`Client::is_new`] tells). What the client needs before its first message may
    /// come later: [`Client::defer`].
    fn on_open(&self, host: &Host<Self>, client: &Client<Self>) -> Result<()>;
}

/// A whole message passed the plugins before this one.
pub trait OnMessage: Plugin {
    /// Called on the client's thread.
    fn on_message(
        &self,
        host: &Host<Self>,
        client: &Client<Self>,
        message: &mut Message,
    ) -> Result<Verdict>;
}

/// A client is gone.
pub trait OnClose: Plugin {
    /// Called exactly once for each `on_open`, on the client's thread. Nothing can be sent to it.
    fn on_close(&self, host: &Host<Self>, client: &Client<Self>, how: &Closed);
}

/// A timer fires.
pub trait OnTimer: Plugin {
    /// Called on the instance's thread with what [`Host::timer_start`] was given and has returned.
    fn on_timer(&self, host: &Host<Self>, timer: Timer, tag: u64) -> Result<()>;
}

/// What an instance makes of new options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// It has read them.
    Taken,
    /// A new instance is to take them.
    Replace,
}

/// Options change while the instance stays. A plugin without this gets a new instance instead.
pub trait OnReload: Plugin {
    /// Called on the main thread while other hooks run. After an error the old options stay.
    fn on_reload(&self, host: &Host<Self>) -> Result<Reload>;
}

/// After a reload it is asked whether a client that is there would still be let in.
pub trait OnRecheck: Plugin {
    /// Called on the client's thread.
    fn on_recheck(&self, host: &Host<Self>, client: &Client<Self>) -> Result<Permission>;
}

/// Another plugin subscribes a client to a topic.
pub trait OnSubscribe: Plugin {
    /// Called on the client's thread, inside the other plugin's call: wait for no lock that somebody
    /// holds while subscribing or publishing.
    fn on_subscribe(
        &self,
        host: &Host<Self>,
        client: &Client<Self>,
        topic: &str,
    ) -> Result<Permission>;
}

/// A message is about to go to a topic.
pub trait OnPublish: Plugin {
    /// Called on the thread that publishes, whichever that is: wait for no lock that somebody holds
    /// while subscribing or publishing. `origin` is the client whose message it is, if it is one's.
    fn on_publish(
        &self,
        host: &Host<Self>,
        origin: Option<&Client<Self>>,
        topic: &str,
        message: &mut Message,
    ) -> Result<Permission>;
}

/// Another instance of the pipeline has emitted an event to which this one listens ([`Setup::listen`]).
pub trait OnEvent: Plugin {
    /// Called inside the other plugin's call, on the thread that emits, whichever that is: wait for no lock
    /// that somebody holds while emitting. `client` is the one that it is about, if there is one, perhaps
    /// before this instance's `on_open`. Nothing can be emitted in here.
    fn on_event(
        &self,
        host: &Host<Self>,
        client: Option<&Client<Self>>,
        event: &Event,
    ) -> Result<()>;
}

/// A deferral ended without its completion.
pub trait OnCancel: Plugin {
    /// Called at most once for a ticket, on the client's thread: forget it.
    fn on_cancel(&self, host: &Host<Self>, ticket: Ticket, reason: CancelReason);
}

/// An instance replaces one of the same name, since a reload has brought a rebuilt file or options that
/// the other did not take. What the old one knew passes as bytes, so the two may be different versions.
pub trait OnHandover: Plugin {
    /// What the next instance is to know. Asked of the old instance, when nothing of it runs any more.
    fn save(&self) -> Vec<u8>;

    /// Called once on the main thread, while hooks of this instance run: add to what is there.
    fn on_handover(&self, host: &Host<Self>, saved: &[u8], version: &str);
}

/// Logs an error, with the instance's name: `error!(host, "{} is gone", name)`.
#[macro_export]
macro_rules! error {
    ($host:expr, $($text:tt)+) => { $host.log($crate::Level::Error, ::std::format_args!($($text)+)) };
}

/// Logs a warning.
#[macro_export]
macro_rules! warn {
    ($host:expr, $($text:tt)+) => { $host.log($crate::Level::Warn, ::std::format_args!($($text)+)) };
}

/// Logs what an operator wants to know.
#[macro_export]
macro_rules! info {
    ($host:expr, $($text:tt)+) => { $host.log($crate::Level::Info, ::std::format_args!($($text)+)) };
}

/// Logs what only helps to find a mistake; costs nothing while the level is off.
#[macro_export]
macro_rules! debug {
    ($host:expr, $($text:tt)+) => { $host.log($crate::Level::Debug, ::std::format_args!($($text)+)) };
}
