//! A service: how many messages an instance has seen. What is unsafe about services is in here.
#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]

use crate::Rusty;
use sluice::sys::sl_instance;
use sluice::{in_provider, FoundService, Host, Service};
use std::sync::atomic::Ordering;

#[repr(C)]
pub(crate) struct Counting {
    struct_size: u32,
    count: unsafe extern "C" fn(provider: *mut sl_instance) -> i64,
}

// SAFETY: the size is the first member, and `count` catches panics.
unsafe impl Service for Counting {
    const NAME: &'static str = "counting";
    const MAJOR: u16 = 1;
    const MINOR: u16 = 0;
}

pub(crate) static COUNTING: Counting = Counting {
    struct_size: std::mem::size_of::<Counting>() as u32,
    count: count_messages,
};

unsafe extern "C" fn count_messages(provider: *mut sl_instance) -> i64 {
    // SAFETY: only this plugin provides the table.
    let seen = unsafe {
        in_provider(provider, |plugin: &Rusty, _| {
            plugin.seen.load(Ordering::SeqCst)
        })
    };
    seen.unwrap_or(-1)
}

pub(crate) fn count(found: &FoundService<Counting>, host: &Host<Rusty>) -> i64 {
    // SAFETY: the function is called as the table wants it.
    unsafe { (found.table(host).count)(found.provider(host)) }
}
