//! An instance that begins later.

use crate::handle::Link;
use crate::sys::{sl_host, sl_ticket, SL_GONE};
use crate::text::with_cstr;
use crate::{Failure, Host};
use std::os::raw::c_char;
use std::sync::Arc;

/// What an instance waits for before clients come to it. Goes to any thread. If it is dropped, the
/// instance cannot begin: the server does not start, or the reload fails.
#[must_use = "an instance whose ticket is dropped does not begin"]
pub struct CreateTicket {
    raw: sl_ticket,
    host: *const sl_host,
    /// The server looks into `raw` only while the instance is there.
    calls: Arc<Link>,
    is_open: bool,
}

// SAFETY: the server's function may be called from any thread, and `raw` is not looked at here.
unsafe impl Send for CreateTicket {}
// SAFETY: as above.
unsafe impl Sync for CreateTicket {}

impl CreateTicket {
    fn complete(&mut self, error: *const c_char) -> Result<(), Failure> {
        self.is_open = false;
        let result = self.calls.while_there(|| {
            // SAFETY: any thread may call this while the instance is there, and the text is copied.
            unsafe { ((*self.host).create_complete)(self.raw, error) }
        });
        Failure::check(result.unwrap_or(SL_GONE), "create_complete")
    }

    fn complete_with(&mut self, reason: &str) -> Result<(), Failure> {
        let reason = reason.split('\0').next().unwrap_or("");
        with_cstr(reason, |reason| self.complete(reason)).unwrap_or(Err(Failure::Gone))
    }

    /// The instance begins. [`Failure::Gone`]: the deadline has passed, or the instance has ended.
    pub fn ready(mut self) -> Result<(), Failure> {
        self.complete(std::ptr::null())
    }

    /// It cannot begin; `reason` is the sentence for the operator.
    pub fn fail(mut self, reason: &str) -> Result<(), Failure> {
        self.complete_with(reason)
    }
}

impl Drop for CreateTicket {
    fn drop(&mut self) {
        if self.is_open {
            let _ = self.complete_with("what it waited for was given up");
        }
    }
}

impl<P> Host<P> {
    /// In [`crate::Plugin::start`] only: the instance begins when its ticket says so. Until then no client
    /// comes to it, while its timers, threads, offloaded work and HTTP requests run. The deadline is
    /// `plugins.create_timeout`.
    pub fn create_defer(&self) -> Result<CreateTicket, Failure> {
        let mut raw = sl_ticket {
            value: 0,
            owner: std::ptr::null_mut(),
        };
        // SAFETY: the instance is there; the server sees whether its `create` is running.
        let result = unsafe { (self.table().create_defer)(self.raw(), &mut raw) };
        Failure::check(result, "create_defer")?;
        Ok(CreateTicket {
            raw,
            host: self.table(),
            calls: Arc::clone(self.calls()),
            is_open: true,
        })
    }
}
