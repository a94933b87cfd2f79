//! Clients, as hooks see them.

use crate::completion::{begin, Defer, Ticket};
use crate::message::Payload;
use crate::sys::{sl_client, sl_close, sl_string};
use crate::text::{bytes_of, text_of, with_cstr, EMPTY};
use crate::{Failure, Host, Plugin, Verdict};
use std::cell::{RefCell, RefMut};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv6Addr};
use std::os::raw::{c_char, c_int};

/// Names a client for as long as the server runs, and never another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// How a client ended, for this instance.
pub struct Closed<'a> {
    raw: &'a sl_close,
}

impl<'a> Closed<'a> {
    pub(crate) fn new(raw: &'a sl_close) -> Self {
        Closed { raw }
    }

    /// The close code; 1006 if there was none. 0: the client stays, but a reload has taken it away from
    /// the instance.
    pub fn code(&self) -> u16 {
        self.raw.code
    }

    /// Whether the client closed first.
    pub fn by_peer(&self) -> bool {
        self.raw.by_peer
    }

    /// As sent or received; may be empty.
    pub fn reason(&self) -> &'a str {
        // SAFETY: the server lends it to the hook.
        unsafe { text_of(self.raw.reason) }
    }
}

/// A client's state in the server's block: zeroed memory is a slot in which nothing has been made.
#[repr(C)]
pub(crate) struct Slot<T> {
    is_made: bool,
    state: MaybeUninit<RefCell<T>>,
}

impl<T: Default> Slot<T> {
    /// The state's cell; makes it first if it is not there yet.
    ///
    /// # Safety
    /// `slot` stays for `'a`, is used by one thread, and is not cleared meanwhile.
    unsafe fn cell<'a>(slot: *mut Slot<T>) -> &'a RefCell<T> {
        // SAFETY: the caller's. Only the parts are looked at, as somebody may have borrowed the cell.
        unsafe {
            let cell = std::ptr::addr_of_mut!((*slot).state) as *mut RefCell<T>;
            if !(*slot).is_made {
                cell.write(RefCell::new(T::default()));
                (*slot).is_made = true;
            }
            &*cell
        }
    }

    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.is_made) {
            // SAFETY: it was made, and is not looked at again.
            unsafe { self.state.assume_init_drop() }
        }
    }
}

/// The client that a hook is about.
pub struct Client<'a, P: Plugin> {
    pub(crate) raw: *mut sl_client,
    pub(crate) host: &'a Host<P>,
}

// All of them: `raw` is good and the thread is the client's, since a Client is only made for a hook and
// does not leave it.
impl<'a, P: Plugin> Client<'a, P> {
    /// # Safety
    /// `raw` is a client of the running hook, for which `host`'s instance has a state block.
    pub(crate) unsafe fn new(raw: *mut sl_client, host: &'a Host<P>) -> Self {
        Client { raw, host }
    }

    /// The instance's block for the client; NULL if a state has no size.
    pub(crate) fn slot(&self) -> *mut Slot<P::Client> {
        // SAFETY: see above.
        let block = unsafe { (self.host.table().client_state)(self.host.raw(), self.raw) };
        block as *mut Slot<P::Client>
    }

    /// What is kept of the client. It can be borrowed once at a time (else this panics); give it back
    /// before calling what may come back here, as publishing does if the plugin has `on_subscribe`.
    pub fn state(&self) -> RefMut<'_, P::Client> {
        let slot = self.slot();
        assert!(!slot.is_null(), "a state without a size is not kept");
        // SAFETY: the block is aligned for anything up to 16 bytes (see `client_size`), only this crate
        // uses it, and it stays until the hook returns, which the borrow of `self` does not outlive.
        unsafe { Slot::cell(slot) }.borrow_mut()
    }

    /// Its id, for other threads.
    pub fn id(&self) -> ClientId {
        // SAFETY: see above.
        ClientId(unsafe { (self.host.table().client_id)(self.raw) })
    }

    /// Its address as text, without the port.
    pub fn address(&self) -> &str {
        // SAFETY: see above; it does not change.
        unsafe { text_of((self.host.table().client_address)(self.raw)) }
    }

    /// Its address.
    pub fn ip(&self) -> IpAddr {
        let mut bytes = [0u8; 16];
        // SAFETY: see above; it writes 16 bytes.
        unsafe { (self.host.table().client_address_bytes)(self.raw, bytes.as_mut_ptr()) };
        let six = Ipv6Addr::from(bytes);
        match bytes {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => [a, b, c, d].into(),
            _ => six.into(),
        }
    }

    /// The path of its endpoint.
    pub fn endpoint(&self) -> &str {
        // SAFETY: see above; it does not change.
        unsafe { text_of((self.host.table().client_endpoint)(self.raw)) }
    }

    /// Its name, if somebody has identified it.
    pub fn identity(&self) -> Option<String> {
        // SAFETY: see above; it is copied before anybody can change it.
        let name = unsafe { text_of((self.host.table().client_identity)(self.raw)) };
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// In `on_connect`: names it. 1 to 255 bytes.
    pub fn identify(&self, identity: &str) -> Result<(), Failure> {
        let (data, len) = (identity.as_ptr() as *const c_char, identity.len());
        // SAFETY: see above; it is copied.
        let result = unsafe { (self.host.table().identify)(self.host.raw(), self.raw, data, len) };
        Failure::check(result, "identify")
    }

    /// What some plugin has said about it.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mut found = EMPTY;
        let ask = |name| {
            // SAFETY: see above.
            unsafe { (self.host.table().attribute)(self.raw, name, &mut found) }
        };
        // SAFETY: it is copied before anybody can change it.
        with_cstr(name, ask)?.then(|| unsafe { text_of(found) }.to_owned())
    }

    /// Says something about it to the other plugins; None takes it back.
    pub fn set_attribute(&self, name: &str, value: Option<&str>) -> Result<(), Failure> {
        let (data, len) = match value {
            Some(value) => (value.as_ptr() as *const c_char, value.len()),
            None => (std::ptr::null(), 0),
        };
        let set = |name| {
            // SAFETY: see above; all is copied.
            unsafe { (self.host.table().attribute_set)(self.host.raw(), self.raw, name, data, len) }
        };
        Failure::check(with_cstr(name, set).unwrap_or(-1), "attribute_set")
    }

    /// In `on_open`: whether it has just connected, or was there when a reload made the instance.
    pub fn is_new(&self) -> bool {
        // SAFETY: see above.
        unsafe { (self.host.table().client_is_new)(self.raw) }
    }

    /// In `on_open`: it is opened later, by the ticket. Until then its messages wait, and the instances
    /// behind this one do not know it.
    pub fn defer(&self, how: Defer) -> Result<Ticket, Failure> {
        begin(self, how)
    }

    /// Sends it a message.
    pub fn send<'b>(&self, what: impl Into<Payload<'b>>) -> Result<(), Failure> {
        let (kind, data, len) = what.into().parts();
        // SAFETY: see above; it is copied.
        let result = unsafe { (self.host.table().client_send)(self.raw, kind, data, len) };
        Failure::check(result, "client_send")
    }

    /// The same, but no overflow policy drops the message.
    pub fn send_control<'b>(&self, what: impl Into<Payload<'b>>) -> Result<(), Failure> {
        let (kind, data, len) = what.into().parts();
        // SAFETY: see above; it is copied.
        let result = unsafe { (self.host.table().client_send_control)(self.raw, kind, data, len) };
        Failure::check(result, "client_send_control")
    }

    /// In `on_message`: closes it with a code (1000, 1001, 1003, 1007 to 1009, 1011 to 1013, 3000 to 4999) and a
    /// reason. Return what this returns.
    pub fn close_with(&self, code: u16, reason: &str) -> Verdict {
        let close = |reason| {
            // SAFETY: see above; it is copied.
            unsafe { (self.host.table().close_with)(self.raw, c_int::from(code), reason) };
        };
        with_cstr(reason.split('\0').next().unwrap_or(""), close);
        Verdict::Close
    }

    /// From `on_open` on: subscribes it to a topic of its endpoint.
    pub fn subscribe(&self, topic: &str) -> Result<(), Failure> {
        let (name, len) = (topic.as_ptr() as *const c_char, topic.len());
        // SAFETY: see above; it is copied.
        let result = unsafe { (self.host.table().subscribe)(self.raw, name, len) };
        Failure::check(result, "subscribe")
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, topic: &str) {
        // SAFETY: see above.
        unsafe {
            (self.host.table().unsubscribe)(self.raw, topic.as_ptr() as *const c_char, topic.len())
        }
    }

    /// The topics to which it is subscribed.
    pub fn topics(&self) -> Vec<String> {
        let mut cursor = 0;
        let mut topic: sl_string = EMPTY;
        let mut topics = Vec::new();
        // SAFETY: see above; the name is copied at once.
        while unsafe { (self.host.table().client_topics)(self.raw, &mut cursor, &mut topic) } {
            // SAFETY: as above.
            topics.push(String::from_utf8_lossy(unsafe { bytes_of(topic) }).into_owned());
        }
        topics
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// As the server gives it.
    fn zeroed<T>() -> Slot<T> {
        // SAFETY: all zero is a slot in which nothing has been made.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }

    #[test]
    fn a_state_is_made_once_and_dropped_once() {
        let mut slot: Slot<Option<Arc<()>>> = zeroed();
        let counted = Arc::new(());
        // SAFETY: one thread, and it is not cleared before the last use.
        let cell = unsafe { Slot::cell(&mut slot) };
        *cell.borrow_mut() = Some(Arc::clone(&counted));
        assert!(cell.borrow().is_some());
        slot.clear();
        assert_eq!(Arc::strong_count(&counted), 1);
        slot.clear();
        // SAFETY: as above.
        assert!(unsafe { Slot::cell(&mut slot) }.borrow().is_none());
        slot.clear();
    }

    #[test]
    fn a_state_that_is_borrowed_can_be_asked_for_again() {
        let mut slot: Slot<u32> = zeroed();
        let raw: *mut Slot<u32> = &mut slot;
        // SAFETY: one thread, and it is not cleared.
        let (first, second) = unsafe { (Slot::cell(raw), Slot::cell(raw)) };
        let mut borrowed = first.borrow_mut();
        *borrowed += 1;
        assert!(second.try_borrow().is_err());
        drop(borrowed);
        assert_eq!(*second.borrow(), 1);
        slot.clear();
    }
}
