//! Messages.

use crate::completion::{begin, Defer, Ticket};
use crate::sys::{sl_host, sl_message, SL_BINARY, SL_TEXT};
use crate::{Client, Failure, Plugin};
use std::os::raw::{c_char, c_int};

/// A message's content, of its own or to be sent. Texts and bytes turn into it by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

impl<'a> Payload<'a> {
    pub(crate) fn parts(self) -> (c_int, *const c_char, usize) {
        match self {
            Payload::Text(text) => (SL_TEXT, text.as_ptr() as *const c_char, text.len()),
            Payload::Binary(bytes) => (SL_BINARY, bytes.as_ptr() as *const c_char, bytes.len()),
        }
    }
}

impl<'a> From<&'a str> for Payload<'a> {
    fn from(text: &'a str) -> Self {
        Payload::Text(text)
    }
}

impl<'a> From<&'a String> for Payload<'a> {
    fn from(text: &'a String) -> Self {
        Payload::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Payload::Binary(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Payload<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Payload::Binary(bytes)
    }
}

/// The message that a hook is asked about.
pub struct Message<'a> {
    raw: *const sl_message,
    host: &'a sl_host,
}

impl<'a> Message<'a> {
    /// # Safety
    /// `raw` is good for `'a`, and nothing else changes the message meanwhile.
    pub(crate) unsafe fn new(raw: *const sl_message, host: &'a sl_host) -> Self {
        Message { raw, host }
    }

    /// The bytes, of a text too.
    pub fn data(&self) -> &[u8] {
        // SAFETY: the data stays until something is done that needs `&mut self`.
        unsafe { std::slice::from_raw_parts((*self.raw).data as *const u8, (*self.raw).len) }
    }

    /// The text; None of a binary message.
    pub fn text(&self) -> Option<&str> {
        match self.payload() {
            Payload::Text(text) => Some(text),
            Payload::Binary(_) => None,
        }
    }

    /// The content with its type.
    pub fn payload(&self) -> Payload<'_> {
        // SAFETY: `raw` is good.
        if unsafe { (*self.raw).r#type } != SL_TEXT {
            return Payload::Binary(self.data());
        }
        // SAFETY: the contract says that text is valid UTF-8; the server checks what comes and what
        // plugins replace.
        Payload::Text(unsafe { std::str::from_utf8_unchecked(self.data()) })
    }

    /// Replaces the content. Fails if it is larger than the endpoint's messages may be.
    pub fn replace<'b>(&mut self, payload: impl Into<Payload<'b>>) -> Result<(), Failure> {
        let (kind, data, len) = payload.into().parts();
        // SAFETY: `raw` is good, and the data is copied.
        let result = unsafe { (self.host.message_replace)(self.raw, kind, data, len) };
        Failure::check(result, "message_replace")
    }

    /// In `on_message`: what passes the pipeline goes to a topic's subscribers, not to all clients.
    /// An empty name: to all clients again.
    pub fn set_topic(&mut self, topic: &str) -> Result<(), Failure> {
        let (name, len) = (topic.as_ptr() as *const c_char, topic.len());
        // SAFETY: `raw` is good, and the name is copied.
        let result = unsafe { (self.host.message_topic)(self.raw, name, len) };
        Failure::check(result, "message_topic")
    }

    /// In `on_message`: the verdict comes later, by the ticket. Return [`crate::Verdict::Defer`] then.
    pub fn defer<P: Plugin>(&mut self, client: &Client<P>, how: Defer) -> Result<Ticket, Failure> {
        begin(client, how)
    }
}
