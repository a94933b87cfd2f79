//! Deferrals: verdicts that come later.

use crate::message::Payload;
use crate::sys::{sl_completion, sl_deferral, sl_host, sl_pair, sl_string, sl_ticket};
use crate::sys::{SL_CLOSE, SL_CONTINUE, SL_DENY, SL_DROP, SL_ERROR, SL_HANDLED};
use crate::text::{nanoseconds, string_of, EMPTY};
use crate::{Client, Failure, Plugin};
use std::os::raw::c_int;
use std::time::Duration;

/// How to defer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defer {
    timeout: Option<Duration>,
    is_delay: bool,
}

impl Defer {
    /// Until the instance's `timeout`; past it the instance's `on_error` decides.
    pub fn new() -> Defer {
        Defer::default()
    }

    /// A shorter deadline.
    pub fn timeout(mut self, timeout: Duration) -> Defer {
        self.timeout = Some(timeout);
        self
    }

    /// Slows the client down: at the end the chain goes on, and `on_cancel` is not called.
    pub fn delay(time: Duration) -> Defer {
        Defer {
            timeout: Some(time),
            is_delay: true,
        }
    }
}

/// Why a deferral ended without its completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelReason {
    /// The client left first, or a reload has taken it away from the instance.
    ClientGone,
    /// The deadline has passed.
    Timeout,
    /// The server is stopping.
    Shutdown,
    /// One that this crate does not know.
    Other,
}

impl CancelReason {
    pub(crate) fn of(reason: c_int) -> CancelReason {
        match reason {
            1 => CancelReason::ClientGone,
            2 => CancelReason::Timeout,
            3 => CancelReason::Shutdown,
            _ => CancelReason::Other,
        }
    }
}

/// Names one deferral; goes to any thread. Completing one that is over is harmless.
#[derive(Clone, Copy)]
pub struct Ticket {
    raw: sl_ticket,
    host: *const sl_host,
}

// SAFETY: a ticket is a number, `owner` is not looked at here, and the server's functions stay while
// it runs.
unsafe impl Send for Ticket {}
// SAFETY: as above.
unsafe impl Sync for Ticket {}

impl PartialEq for Ticket {
    fn eq(&self, other: &Ticket) -> bool {
        self.raw == other.raw
    }
}

impl Eq for Ticket {}

impl std::hash::Hash for Ticket {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(out, "Ticket({})", self.raw.value)
    }
}

impl Ticket {
    pub(crate) fn new(raw: sl_ticket, host: *const sl_host) -> Ticket {
        Ticket { raw, host }
    }

    /// Decides the deferral, from any thread. [`Failure::Gone`]: it is over. Any other failure: the
    /// completion is not valid (an identity that is none, say), and the deferral is still open.
    pub fn complete(self, with: impl Into<Completion>) -> Result<(), Failure> {
        let completion = with.into();
        let result = completion.with_raw(|verdict, details| {
            // SAFETY: any thread may call this, and everything is copied.
            unsafe { ((*self.host).complete)(self.raw, verdict, details) }
        });
        Failure::check(result, "complete")
    }
}

/// A verdict, and what goes with it. Verdicts turn into it by themselves.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    verdict: c_int,
    kind: c_int,
    data: Vec<u8>,
    code: c_int,
    reason: String,
    headers: Vec<(String, String)>,
    identity: String,
    attributes: Vec<(String, String)>,
}

impl Completion {
    fn of(verdict: c_int) -> Completion {
        Completion {
            verdict,
            ..Completion::default()
        }
    }

    /// No objection, of a message or a connecting client.
    pub fn proceed() -> Completion {
        Completion::of(SL_CONTINUE)
    }

    /// A message goes no further.
    pub fn drop_message() -> Completion {
        Completion::of(SL_DROP)
    }

    /// The same, as a success.
    pub fn handled() -> Completion {
        Completion::of(SL_HANDLED)
    }

    /// The client is closed.
    pub fn close(code: u16, reason: &str) -> Completion {
        Completion {
            code: c_int::from(code),
            reason: reason.into(),
            ..Completion::of(SL_CLOSE)
        }
    }

    /// A connecting client is refused.
    pub fn deny(status: u16, reason: &str) -> Completion {
        Completion {
            code: c_int::from(status),
            reason: reason.into(),
            ..Completion::of(SL_DENY)
        }
    }

    /// The plugin could not decide: `on_error` does.
    pub fn error() -> Completion {
        Completion::of(SL_ERROR)
    }

    /// A message's new content.
    pub fn replace<'a>(mut self, payload: impl Into<Payload<'a>>) -> Completion {
        let payload = payload.into();
        self.kind = payload.parts().0;
        self.data = match payload {
            Payload::Text(text) => text.as_bytes().to_vec(),
            Payload::Binary(bytes) => bytes.to_vec(),
        };
        self
    }

    /// A header of the refusal.
    pub fn header(mut self, name: &str, value: &str) -> Completion {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Names a connecting client.
    pub fn identity(mut self, identity: &str) -> Completion {
        self.identity = identity.into();
        self
    }

    /// A connecting client's attribute.
    pub fn attribute(mut self, name: &str, value: &str) -> Completion {
        self.attributes.push((name.into(), value.into()));
        self
    }

    fn with_raw(&self, run: impl FnOnce(c_int, *const sl_completion) -> c_int) -> c_int {
        let headers = pairs_of(&self.headers);
        let attributes = pairs_of(&self.attributes);
        run(
            self.verdict,
            &sl_completion {
                struct_size: std::mem::size_of::<sl_completion>() as u32,
                r#type: self.kind,
                data: text_or_none(&self.data),
                code: self.code,
                reason: text_or_none(self.reason.as_bytes()),
                headers: headers.as_ptr(),
                header_count: headers.len(),
                identity: text_or_none(self.identity.as_bytes()),
                attributes: attributes.as_ptr(),
                attribute_count: attributes.len(),
            },
        )
    }
}

fn text_or_none(bytes: &[u8]) -> sl_string {
    if bytes.is_empty() {
        EMPTY
    } else {
        string_of(bytes)
    }
}

pub(crate) fn pairs_of(pairs: &[(String, String)]) -> Vec<sl_pair> {
    let raw = |(name, value): &(String, String)| sl_pair {
        name: string_of(name.as_bytes()),
        value: string_of(value.as_bytes()),
    };
    pairs.iter().map(raw).collect()
}

/// Begins a deferral for the hook that runs.
pub(crate) fn begin<P: Plugin>(client: &Client<P>, how: Defer) -> Result<Ticket, Failure> {
    let host = client.host;
    let how = sl_deferral {
        struct_size: std::mem::size_of::<sl_deferral>() as u32,
        is_delay: how.is_delay,
        timeout: how.timeout.map_or(0, nanoseconds),
        context: std::ptr::null_mut(),
        on_cancel: host.dynamic().on_cancel,
    };
    let mut ticket = sl_ticket {
        value: 0,
        owner: std::ptr::null_mut(),
    };
    // SAFETY: a client is there inside a hook only, and `how` is copied.
    let verdict = unsafe { (host.table().defer)(host.raw(), client.raw, &how, &mut ticket) };
    if verdict != crate::sys::SL_DEFER {
        return Err(Failure::Failed("defer"));
    }
    Ok(Ticket::new(ticket, host.table()))
}
