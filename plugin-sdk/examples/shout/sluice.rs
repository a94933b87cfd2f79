//! As much of sluice/plugin.h (ABI 1.0) as this plugin needs, by hand. What it does not use is there
//! as words of the right size; the layout is checked when it is compiled.

use std::os::raw::{c_char, c_int, c_void};

pub const MAGIC: u32 = 0x43554c53;
pub const TEXT: c_int = 1;
pub const ERROR: c_int = -1;
pub const CONTINUE: c_int = 0;

pub enum Client {}

#[repr(C)]
pub struct Message {
    pub struct_size: u32,
    pub kind: c_int,
    pub data: *const c_char,
    pub len: usize,
}

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub before_message_replace: [usize; 34],
    pub message_replace: extern "C" fn(*const Message, c_int, *const c_char, usize) -> c_int,
}

#[repr(C)]
pub struct Instance {
    pub struct_size: u32,
    pub reserved: u32,
    pub host: *const Host,
    pub state: *mut c_void,
    pub name: *const c_char,
    pub endpoint: *const c_char,
}

pub type OnMessage = extern "C" fn(*mut Instance, *mut Client, *const Message) -> c_int;

#[repr(C)]
pub struct Plugin {
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub struct_size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub license: *const c_char,
    pub options: usize,
    pub options_count: u32,
    pub option_size: u32,
    pub instance_size: u32,
    pub client_size: u32,
    pub create: usize,
    pub destroy: usize,
    pub on_connect: usize,
    pub on_open: usize,
    pub on_message: OnMessage,
    pub on_close: usize,
}

/* The table only holds pointers to constants. */
unsafe impl Sync for Plugin {}

const _: () = assert!(std::mem::size_of::<Message>() == 24);
const _: () = assert!(std::mem::size_of::<Instance>() == 40);
const _: () = assert!(std::mem::size_of::<Plugin>() == 120);
const _: () = assert!(std::mem::size_of::<Host>() == 8 + 35 * 8);

/// A constant text that ends with a zero, as C wants it (Debian 12's Rust has no literals for that).
macro_rules! c_text {
    ($text:literal) => {
        concat!($text, "\0").as_ptr() as *const std::os::raw::c_char
    };
}
