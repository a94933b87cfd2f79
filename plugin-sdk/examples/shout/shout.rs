//! shout: turns text messages into capital letters.

#[macro_use]
mod sluice;

use sluice::{Client, Instance, Message, Plugin};
use std::os::raw::{c_char, c_int};

/// What the host lends is only good until this returns, so the new text is made at once.
extern "C" fn on_message(this: *mut Instance, _client: *mut Client, message: *const Message) -> c_int {
    let (host, lent) = unsafe { (&*(*this).host, &*message) };
    if lent.kind != sluice::TEXT || lent.len == 0 {
        return sluice::CONTINUE;
    }
    let bytes = unsafe { std::slice::from_raw_parts(lent.data as *const u8, lent.len) };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => return sluice::ERROR,
    };
    let loud = text.to_uppercase();
    match (host.message_replace)(message, sluice::TEXT, loud.as_ptr() as *const c_char, loud.len()) {
        0 => sluice::CONTINUE,
        _ => sluice::ERROR,
    }
}

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static sluice_plugin: Plugin = Plugin {
    magic: sluice::MAGIC,
    abi_major: 1,
    abi_minor: 0,
    struct_size: std::mem::size_of::<Plugin>() as u32,
    flags: 0,
    name: c_text!("shout"),
    version: c_text!("1.0.0"),
    summary: c_text!("Turns text into capital letters"),
    license: c_text!("MIT"),
    options: 0,
    options_count: 0,
    option_size: 0,
    instance_size: 0,
    client_size: 0,
    create: 0,
    destroy: 0,
    on_connect: 0,
    on_open: 0,
    on_message,
    on_close: 0,
};
