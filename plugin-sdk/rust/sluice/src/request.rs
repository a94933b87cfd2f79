//! Upgrade requests.

use crate::completion::{begin, Defer, Ticket};
use crate::sys::{sl_request, sl_string};
use crate::text::{bytes_of, text_of, with_cstr, EMPTY};
use crate::{Admission, Client, Failure, Host, Plugin};
use std::os::raw::{c_char, c_int};

/// A field of a client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateField {
    /// The whole name: `CN=device-7,O=Example`.
    Subject = 1,
    /// The subject's nth.
    CommonName = 2,
    /// The whole name.
    Issuer = 3,
    /// Hexadecimal.
    Serial = 4,
    /// The fingerprint, hexadecimal.
    Sha256 = 5,
    /// The nth DNS name among the alternative names.
    Dns = 6,
    /// The nth address.
    Email = 7,
    /// The nth URI.
    Uri = 8,
}

/// The request of a client that asks to upgrade.
pub struct Request<'a, P: Plugin> {
    raw: *mut sl_request,
    host: &'a Host<P>,
}

type Lookup = unsafe extern "C" fn(*const sl_request, *const c_char, *mut sl_string) -> bool;

// All of them: `raw` is good, what it lends stays while the hook runs and nothing is done that needs
// `&mut self`.
impl<'a, P: Plugin> Request<'a, P> {
    /// # Safety
    /// `raw` is the request of the running `on_connect`.
    pub(crate) unsafe fn new(raw: *mut sl_request, host: &'a Host<P>) -> Self {
        Request { raw, host }
    }

    /// Whether it came over TLS.
    pub fn secure(&self) -> bool {
        // SAFETY: see above.
        unsafe { (*self.raw).secure }
    }

    /// The path, decoded, without the query.
    pub fn path(&self) -> &str {
        // SAFETY: see above.
        unsafe { text_of((*self.raw).path) }
    }

    /// The query as it came, without the question mark.
    pub fn query_string(&self) -> &str {
        // SAFETY: see above.
        unsafe { text_of((*self.raw).query) }
    }

    /// The subprotocol that has been negotiated so far; empty if none.
    pub fn subprotocol(&self) -> &str {
        // SAFETY: see above.
        unsafe { text_of((*self.raw).subprotocol) }
    }

    fn look_up(&self, with: Lookup, name: &str) -> Option<&[u8]> {
        let mut found = EMPTY;
        // SAFETY: see above.
        let is_there = with_cstr(name, |name| unsafe { with(self.raw, name, &mut found) })?;
        // SAFETY: see above.
        is_there.then(|| unsafe { bytes_of(found) })
    }

    /// The first header of that name, in any case. None also if it is not UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.header_bytes(name)?).ok()
    }

    /// The same as bytes.
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.look_up(self.host.table().request_header, name)
    }

    /// The first query parameter of that name, decoded. None also if it is not UTF-8.
    pub fn query(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.look_up(self.host.table().request_query, name)?).ok()
    }

    /// The first cookie of that name. None also if it is not UTF-8.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.look_up(self.host.table().request_cookie, name)?).ok()
    }

    /// The nth subprotocol that the client offers.
    pub fn offered_subprotocol(&self, index: usize) -> Option<&str> {
        let mut found = EMPTY;
        // SAFETY: see above.
        unsafe {
            (self.host.table().request_subprotocol)(self.raw, index, &mut found)
                .then(|| text_of(found))
        }
    }

    /// A field of the client's certificate, which has been verified.
    pub fn certificate(&self, field: CertificateField, index: usize) -> Option<&str> {
        let mut found = EMPTY;
        // SAFETY: see above.
        unsafe {
            let ask = self.host.table().request_certificate;
            ask(self.raw, field as c_int, index, &mut found).then(|| text_of(found))
        }
    }

    /// Answers with a subprotocol that the client has offered.
    pub fn select_subprotocol(&mut self, name: &str) -> Result<(), Failure> {
        let select = self.host.table().select_subprotocol;
        // SAFETY: see above; it is copied.
        let result = with_cstr(name, |name| unsafe { select(self.raw, name) });
        Failure::check(result.unwrap_or(-1), "select_subprotocol")
    }

    /// How to refuse: a status (400 to 599) and a text. Return what this returns.
    pub fn deny(&mut self, status: u16, reason: &str) -> Admission {
        let deny = |reason| {
            // SAFETY: see above; it is copied.
            unsafe { (self.host.table().deny)(self.raw, c_int::from(status), reason) };
        };
        with_cstr(reason.split('\0').next().unwrap_or(""), deny);
        Admission::Deny
    }

    /// Adds a header to the refusal.
    pub fn deny_header(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let add = self.host.table().deny_header;
        let result = with_cstr(name, |name| {
            // SAFETY: see above; both are copied.
            with_cstr(value, |value| unsafe { add(self.raw, name, value) })
        });
        Failure::check(result.flatten().unwrap_or(-1), "deny_header")
    }

    /// The decision comes later, by the ticket. Return [`Admission::Defer`] then.
    pub fn defer(&mut self, client: &Client<P>, how: Defer) -> Result<Ticket, Failure> {
        begin(client, how)
    }
}
