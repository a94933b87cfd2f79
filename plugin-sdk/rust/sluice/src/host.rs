//! The server's functions for an instance.

use crate::handle::{Handle, Link};
use crate::message::Payload;
use crate::options::Value;
use crate::storage::Storage;
use crate::sys::{self, sl_host, sl_instance};
use crate::text::{duration, nanoseconds, string_of, text_of_cstr, with_cstr, Line};
use crate::watch::Watches;
use crate::{ClientId, Failure};
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::raw::{c_char, c_int};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something does not work.
    Error = 0,
    /// Something may not work.
    Warn = 1,
    /// What an operator wants to know.
    Info = 2,
    /// What helps to find a mistake.
    Debug = 3,
}

/// What an instance is there for. Effects outside of the server belong to `Serve` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Clients, and the plugin decides.
    Serve,
    /// Clients, and what the plugin decides is counted and not done.
    Shadow,
    /// `sluice check`: it is created and dropped again.
    Check,
    /// `sluice replay`: recorded clients.
    Replay,
    /// `sluice test-plugin`: clients of a scenario.
    Test,
    /// One that this crate does not know: none of those that serve.
    Other,
}

/// A timer that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timer(pub(crate) u64);

/// What an instance may ask and say about itself; [`Host`] and [`Setup`] have all of it.
pub struct Instance {
    pub(crate) raw: *mut sl_instance,
}

// SAFETY: the server's functions that this offers may be called from any thread, and who has a
// reference to it knows that the instance is there.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Instance {
    pub(crate) fn table(&self) -> &sl_host {
        // SAFETY: the instance is there, and the server's table stays while it runs.
        unsafe { &*(*self.raw).host }
    }

    /// The plugin's name and its position in the pipeline, for messages.
    pub fn name(&self) -> &str {
        // SAFETY: it stays as long as the instance.
        unsafe { text_of_cstr((*self.raw).name) }
    }

    /// The path of the endpoint that it serves.
    pub fn endpoint(&self) -> &str {
        // SAFETY: as above.
        unsafe { text_of_cstr((*self.raw).endpoint) }
    }

    /// The value of an option; one that is not in the table is not set.
    pub fn option(&self, name: &str) -> Value<'_> {
        // SAFETY: any thread may ask, and the value stays until the hook (or the work) is over, which
        // this reference does not outlive.
        let ask = |name| unsafe { (self.table().option)(self.raw, name) };
        // SAFETY: as above.
        unsafe {
            Value::new(
                with_cstr(name, ask).unwrap_or(std::ptr::null()),
                self.table(),
            )
        }
    }

    /// What it is there for. Only a reload changes this, between serve and shadow.
    pub fn mode(&self) -> Mode {
        // SAFETY: any thread may ask.
        match unsafe { (self.table().mode)(self.raw) } {
            1 => Mode::Serve,
            2 => Mode::Shadow,
            3 => Mode::Check,
            4 => Mode::Replay,
            5 => Mode::Test,
            _ => Mode::Other,
        }
    }

    /// How long a deferral may last.
    pub fn timeout(&self) -> Duration {
        // SAFETY: any thread may ask.
        duration(unsafe { (self.table().timeout)(self.raw) })
    }

    /// Says why the instance cannot do its work (`/readyz` fails then), or with None that it can again.
    pub fn set_unready(&self, reason: Option<&str>) {
        let say = |text: *const c_char| {
            // SAFETY: any thread may say it, and the text is copied.
            unsafe { (self.table().set_unready)(self.raw, text) }
        };
        match reason {
            None => say(std::ptr::null()),
            Some(reason) => {
                with_cstr(reason.split('\0').next().unwrap_or(""), say);
            }
        }
    }

    /// Logs a line, with the instance's name; see the macros, [`crate::info!`] and its like.
    pub fn log(&self, level: Level, text: std::fmt::Arguments) {
        let table = self.table();
        // SAFETY: any thread may log, and the text is copied.
        unsafe {
            if !(table.log_enabled)(level as c_int) {
                return;
            }
            let line = Line::new(text);
            let bytes = line.as_bytes();
            (table.log)(
                self.raw,
                level as c_int,
                bytes.as_ptr() as *const c_char,
                bytes.len(),
            );
        }
    }

    /// A clock that never goes back; inside hooks cheap, and the same for all of one iteration.
    pub fn monotonic(&self) -> Duration {
        // SAFETY: any thread may ask.
        duration(unsafe { (self.table().time_monotonic)() })
    }

    /// The time of day.
    pub fn wall(&self) -> SystemTime {
        // SAFETY: any thread may ask.
        SystemTime::UNIX_EPOCH + duration(unsafe { (self.table().time_wall)() })
    }

    /// What is wrong with a URL for [`crate::HttpRequest`], so that `create` can say so; None: nothing.
    pub fn http_url_error(&self, url: &str) -> Option<&'static str> {
        // SAFETY: any thread may ask, and the sentence is a constant of the server's.
        let error = unsafe { (self.table().http_url_error)(string_of(url.as_bytes())) };
        // SAFETY: as above.
        (!error.is_null()).then(|| unsafe { text_of_cstr(error) })
    }

    /// The instance's own table of what the server keeps over reloads.
    pub fn storage(&self) -> Storage<'_> {
        Storage::new(self, sys::SL_STORAGE_INSTANCE)
    }

    /// The table that all instances of the endpoint share.
    pub fn endpoint_storage(&self) -> Storage<'_> {
        Storage::new(self, sys::SL_STORAGE_ENDPOINT)
    }
}

/// What the macro found out about the plugin's type.
pub(crate) struct Known {
    pub(crate) on_cancel: crate::export::Cancel,
}

/// The server, as one instance sees it. Lent to hooks; threads get it by [`Host::handle`].
pub struct Host<P> {
    instance: Instance,
    /// Differs between all instances there have ever been, so that a metric finds its own again.
    serial: u64,
    known: Known,
    link: Arc<Link>,
    /// The same for what is used while the host is: it is held for single calls of the server.
    calls: Arc<Link>,
    watches: Arc<Watches<P>>,
    plugin: PhantomData<fn() -> P>,
}

impl<P> Deref for Host<P> {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

impl<P> Host<P> {
    pub(crate) fn new(raw: *mut sl_instance, known: Known) -> Host<P> {
        Host {
            instance: Instance { raw },
            serial: crate::metrics::next_serial(),
            known,
            link: Arc::new(Link::new()),
            calls: Arc::new(Link::new()),
            watches: Arc::new(Watches::new(raw)),
            plugin: PhantomData,
        }
    }

    pub(crate) fn raw(&self) -> *mut sl_instance {
        self.instance.raw
    }

    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    pub(crate) fn dynamic(&self) -> &Known {
        &self.known
    }

    pub(crate) fn calls(&self) -> &Arc<Link> {
        &self.calls
    }

    pub(crate) fn watches(&self) -> &Arc<Watches<P>> {
        &self.watches
    }

    /// The instance ends: what is left of the plugin's finds nobody any more.
    pub(crate) fn end(&self) {
        self.link.end();
        self.calls.end();
        self.watches.end(); // last: it drops what is the plugin's, which may panic
    }

    pub(crate) fn registered(&self, raw: *mut sys::sl_metric) -> crate::metrics::Registered {
        crate::metrics::Registered::new(raw, self.serial)
    }

    /// For threads of the plugin's own.
    pub fn handle(&self) -> Handle<P> {
        Handle::new(self, Arc::clone(&self.link))
    }

    /// Sends to a client, on whichever thread it is. One that is gone is not an error.
    pub fn send<'b>(&self, to: ClientId, what: impl Into<Payload<'b>>) -> Result<(), Failure> {
        let (kind, data, len) = what.into().parts();
        // SAFETY: any thread may send, and the data is copied.
        let result = unsafe { (self.table().send)(self.raw, to.0, kind, data, len) };
        Failure::check(result, "send")
    }

    /// The same, but no overflow policy drops the message.
    pub fn send_control<'b>(
        &self,
        to: ClientId,
        what: impl Into<Payload<'b>>,
    ) -> Result<(), Failure> {
        let (kind, data, len) = what.into().parts();
        // SAFETY: as above.
        let result = unsafe { (self.table().send_control)(self.raw, to.0, kind, data, len) };
        Failure::check(result, "send_control")
    }

    /// Closes a client.
    pub fn close(&self, client: ClientId, code: u16, reason: &str) -> Result<(), Failure> {
        let close = |reason| {
            // SAFETY: any thread may close, and the reason is copied.
            unsafe { (self.table().close)(self.raw, client.0, c_int::from(code), reason) }
        };
        Failure::check(with_cstr(reason, close).unwrap_or(-1), "close")
    }

    /// Sends to all clients of the endpoint, not through the pipeline.
    pub fn broadcast<'b>(&self, what: impl Into<Payload<'b>>) -> Result<(), Failure> {
        self.broadcast_raw(std::ptr::null(), what.into())
    }

    /// Sends to all clients of another endpoint, or with `*` of all endpoints.
    pub fn broadcast_to<'b>(
        &self,
        endpoint: &str,
        what: impl Into<Payload<'b>>,
    ) -> Result<(), Failure> {
        let what = what.into();
        with_cstr(endpoint, |endpoint| self.broadcast_raw(endpoint, what))
            .unwrap_or(Err(Failure::Failed("broadcast")))
    }

    fn broadcast_raw(&self, endpoint: *const c_char, what: Payload) -> Result<(), Failure> {
        let (kind, data, len) = what.parts();
        // SAFETY: any thread may send, and all is copied.
        let result = unsafe { (self.table().broadcast)(self.raw, endpoint, kind, data, len) };
        Failure::check(result, "broadcast")
    }

    /// Sends to the subscribers of a topic of the endpoint.
    pub fn publish<'b>(&self, topic: &str, what: impl Into<Payload<'b>>) -> Result<(), Failure> {
        let (kind, data, len) = what.into().parts();
        let (name, name_len) = (topic.as_ptr() as *const c_char, topic.len());
        let publish = self.table().publish;
        // SAFETY: any thread may publish, and all is copied.
        let result =
            unsafe { publish(self.raw, std::ptr::null(), name, name_len, kind, data, len) };
        Failure::check(result, "publish")
    }

    /// Sends to the clients of an identity.
    pub fn send_to_identity<'b>(
        &self,
        identity: &str,
        what: impl Into<Payload<'b>>,
    ) -> Result<(), Failure> {
        let (kind, data, len) = what.into().parts();
        let (name, name_len) = (identity.as_ptr() as *const c_char, identity.len());
        let send = self.table().send_to_identity;
        // SAFETY: as above.
        let result = unsafe { send(self.raw, std::ptr::null(), name, name_len, kind, data, len) };
        Failure::check(result, "send_to_identity")
    }

    /// How many clients the endpoint has.
    pub fn client_count(&self) -> u64 {
        // SAFETY: any thread may ask.
        let count = unsafe { (self.table().client_count)(self.raw, std::ptr::null()) };
        u64::try_from(count).unwrap_or(0)
    }

    /// How many clients are subscribed to a topic.
    pub fn topic_count(&self, topic: &str) -> u64 {
        let (name, len) = (topic.as_ptr() as *const c_char, topic.len());
        // SAFETY: as above.
        let count = unsafe { (self.table().topic_count)(self.raw, std::ptr::null(), name, len) };
        u64::try_from(count).unwrap_or(0)
    }

    /// How many clients have an identity.
    pub fn identity_count(&self, identity: &str) -> u64 {
        let (name, len) = (identity.as_ptr() as *const c_char, identity.len());
        let count = self.table().identity_count;
        // SAFETY: as above.
        let count = unsafe { count(self.raw, std::ptr::null(), name, len) };
        u64::try_from(count).unwrap_or(0)
    }

    /// Starts a timer: [`crate::OnTimer::on_timer`] is called `after` that time, and then at each
    /// `interval`, with `tag`. Never early, up to 20 ms late.
    pub fn timer_start(
        &self,
        after: Duration,
        interval: Option<Duration>,
        tag: u64,
    ) -> Result<Timer, Failure> {
        let interval = interval.map_or(0, nanoseconds);
        // SAFETY: any thread may start one.
        let timer =
            unsafe { (self.table().timer_start)(self.raw, nanoseconds(after), interval, tag) };
        match timer {
            0 => Err(Failure::Failed("timer_start")),
            timer => Ok(Timer(timer)),
        }
    }

    /// Stops a timer; one that is over is ignored.
    pub fn timer_stop(&self, timer: Timer) {
        // SAFETY: any thread may stop one.
        unsafe { (self.table().timer_stop)(self.raw, timer.0) }
    }
}
