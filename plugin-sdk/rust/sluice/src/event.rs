//! Events: what plugins tell each other.

use crate::sys::{sl_client, sl_event};
use crate::text::{bytes_of, string_of, text_of, text_of_cstr};
use crate::{Client, Failure, Host, OnEvent, Plugin, Setup};

/// What another instance of the pipeline has told of; lent until [`OnEvent::on_event`] returns.
pub struct Event<'a> {
    raw: &'a sl_event,
}

impl<'a> Event<'a> {
    pub(crate) fn new(raw: &'a sl_event) -> Self {
        Event { raw }
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        // SAFETY: the server lends it to the hook.
        unsafe { text_of(self.raw.name) }
    }

    /// As it was emitted: any bytes, which nobody has looked at.
    pub fn payload(&self) -> &'a [u8] {
        // SAFETY: as above.
        unsafe { bytes_of(self.raw.payload) }
    }

    /// The payload, if it is text.
    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.payload()).ok()
    }

    /// The name of the instance that has emitted it.
    pub fn emitter(&self) -> &'a str {
        // SAFETY: as above.
        unsafe { text_of_cstr(self.raw.emitter) }
    }
}

impl<P: OnEvent> Setup<'_, P> {
    /// From now on [`OnEvent::on_event`] is called for events of that name. A failure has been explained to
    /// the operator; return it.
    pub fn listen(&self, name: &str) -> Result<(), Failure> {
        let listen = self.table().event_listen;
        // SAFETY: `create` is running, and the name is copied.
        match unsafe { listen(self.raw, string_of(name.as_bytes())) } {
            0 => Ok(()),
            _ => Err(Failure::Told),
        }
    }
}

impl<P> Host<P> {
    fn emit_raw(&self, client: *mut sl_client, name: &str, payload: &[u8]) -> Result<(), Failure> {
        let emit = self.table().event_emit;
        let (name, payload) = (string_of(name.as_bytes()), string_of(payload));
        // SAFETY: any thread may emit; a client is one of the running hook's, as `Client` says. Who hears it
        // has it while this runs, and copies what it keeps.
        let result = unsafe { emit(self.raw(), client, name, payload) };
        Failure::check(result, "event_emit")
    }

    /// Tells the other instances of the pipeline that listen to events of that name; when this returns they
    /// have heard it. Hold no lock that they might wait for. Fails in [`OnEvent::on_event`], and, where
    /// somebody listens, if that is no name, or the payload is longer than 64 KiB.
    pub fn emit(&self, name: &str, payload: &[u8]) -> Result<(), Failure> {
        self.emit_raw(std::ptr::null_mut(), name, payload)
    }
}

impl<P: Plugin> Client<'_, P> {
    /// As [`Host::emit`], about this client. While it is not open, those who listen are told of none.
    pub fn emit(&self, name: &str, payload: &[u8]) -> Result<(), Failure> {
        self.host.emit_raw(self.raw, name, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::EMPTY;

    fn event(name: &[u8], payload: &[u8], emitter: &'static [u8]) -> sl_event {
        sl_event {
            struct_size: std::mem::size_of::<sl_event>() as u32,
            reserved: 0,
            name: string_of(name),
            payload: string_of(payload),
            emitter: emitter.as_ptr() as *const _,
        }
    }

    #[test]
    fn a_payload_is_any_bytes() {
        let long = vec![0xff; 65536];
        for bytes in [&b""[..], b"\0", b"text", b"\xff\0\xfe", &long] {
            let raw = event(b"some.thing", bytes, b"other#1\0");
            let event = Event::new(&raw);
            assert_eq!((event.name(), event.emitter()), ("some.thing", "other#1"));
            assert_eq!(event.payload(), bytes);
            assert_eq!(event.text().is_some(), bytes.is_ascii());
        }
    }

    #[test]
    fn what_is_missing_is_empty() {
        let mut raw = event(b"x", b"y", b"\0");
        raw.payload = EMPTY;
        raw.emitter = std::ptr::null();
        let event = Event::new(&raw);
        assert_eq!((event.payload(), event.text()), (&b""[..], Some("")));
        assert_eq!(event.emitter(), "");
    }
}
