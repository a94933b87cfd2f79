//! An instance from `create` to `destroy`: the plugin's value in the server's block.

use crate::client::Slot;
use crate::export::{Dynamic, Save};
use crate::handle::Link;
use crate::host::{Host, Known};
use crate::panics::{caught, report_to_log};
use crate::setup::Setup;
use crate::sys::*;
use crate::{Client, Failure, Plugin};
use std::mem::{align_of, size_of, ManuallyDrop};
use std::os::raw::{c_char, c_int};

/// What the server keeps for an instance. The first two members are for the instance that replaces it,
/// whose code may be another version's.
#[repr(C)]
pub(crate) struct Block<P> {
    pub(crate) magic: u64,
    pub(crate) save: Option<Save>,
    pub(crate) inner: *mut Inner<P>,
}

pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"sluiceRS");

/// The size of that block.
pub const fn instance_size<P>() -> u32 {
    size_of::<Block<P>>() as u32
}

/// The size of a client's block: none for a state without a size.
pub const fn client_size<P: Plugin>() -> u32 {
    assert!(
        align_of::<Slot<P::Client>>() <= 16,
        "the server's blocks are aligned to 16 bytes"
    );
    if size_of::<P::Client>() == 0 {
        0
    } else {
        size_of::<Slot<P::Client>>() as u32
    }
}

/// An instance: the plugin's value, and its host.
pub(crate) struct Inner<P> {
    pub(crate) plugin: ManuallyDrop<P>,
    /// Ended if `start` has failed, while what it had begun may still come back.
    served: Link,
    pub(crate) host: Host<P>,
}

impl<P: Plugin> Inner<P> {
    /// # Safety
    /// `instance` was created by `create` below and is not destroyed while what this returns is used.
    pub(crate) unsafe fn of<'a>(instance: *mut sl_instance) -> &'a Inner<P> {
        // SAFETY: the caller's; `create` has put it there.
        unsafe { &*(*((*instance).state as *const Block<P>)).inner }
    }

    /// For what does not come from a client: runs `code` unless `start` has failed.
    pub(crate) fn while_served<R>(&self, code: impl FnOnce(&P) -> R) -> Option<R> {
        self.served.while_there(|| code(&self.plugin))
    }

    /// The same with a client, or none.
    pub(crate) fn with_client(
        &self,
        client: *mut sl_client,
        code: impl FnOnce(&P, &Host<P>, Option<&Client<P>>),
    ) {
        // SAFETY: the server has just lent it to this instance.
        let client = (!client.is_null()).then(|| unsafe { Client::new(client, &self.host) });
        self.while_served(|plugin| code(plugin, &self.host, client.as_ref()));
    }
}

/// Says in `create` and `on_reload` what the operator is to read.
///
/// # Safety
/// One of these is running.
pub(crate) unsafe fn fail(instance: *mut sl_instance, text: &str) -> c_int {
    // SAFETY: the caller's; the text is copied.
    unsafe { ((*(*instance).host).fail)(instance, text.as_ptr() as *const c_char, text.len()) };
    SL_ERROR
}

/// Whether the server has all functions that this crate knows.
///
/// # Safety
/// The server has lent the instance.
unsafe fn has_all(instance: *mut sl_instance) -> bool {
    // SAFETY: each table begins with its size; what lies behind a shorter one is not read.
    unsafe {
        let table = (*instance).host as *const usize;
        let words = size_of::<sl_host>() / size_of::<usize>();
        *(table as *const u32) as usize >= size_of::<sl_host>()
            && (1..words).all(|word| *table.add(word) != 0)
    }
}

/// `create`.
///
/// # Safety
/// Only for the server.
pub unsafe extern "C" fn create<P: Plugin, D: Dynamic>(instance: *mut sl_instance) -> c_int {
    // SAFETY: the server calls this.
    if !unsafe { has_all(instance) } {
        // SAFETY: as above; the function is in the first version.
        return unsafe { fail(instance, "the server is older than the SDK of this plugin") };
    }
    report_to_log();
    // SAFETY: as above.
    let created = caught(instance, || unsafe { create_value::<P, D>(instance) });
    created.unwrap_or_else(|| {
        // SAFETY: as above.
        unsafe { fail(instance, "it panicked; the log has the place") }
    })
}

/// # Safety
/// `create` is running.
unsafe fn create_value<P: Plugin, D: Dynamic>(instance: *mut sl_instance) -> c_int {
    let host = Host::<P>::new(
        instance,
        Known {
            on_cancel: D::ON_CANCEL,
        },
    );
    let plugin = match P::create(&Setup::new(&host)) {
        Ok(plugin) => plugin,
        Err(error) => {
            host.end();
            if let Some(Failure::Told) = error.downcast_ref() {
                return SL_ERROR;
            }
            // SAFETY: the caller's.
            return unsafe { fail(instance, &error.to_string()) };
        }
    };
    let inner = Box::into_raw(Box::new(Inner {
        plugin: ManuallyDrop::new(plugin),
        served: Link::new(),
        host,
    }));
    // SAFETY: the block is zeroed, `instance_size` large, and nobody reads it before `create` is over,
    // except for what `start` begins.
    unsafe {
        let block = (*instance).state as *mut Block<P>;
        block.write(Block {
            magic: MAGIC,
            save: D::SAVE,
            inner,
        });
        start(inner)
    }
}

/// Calls `start`; if it fails, what it has begun finds nobody when it comes back.
///
/// # Safety
/// `create` is running.
unsafe fn start<P: Plugin>(inner: *mut Inner<P>) -> c_int {
    // SAFETY: nothing frees it before `destroy`; if this fails, nothing does.
    let there = unsafe { &*inner };
    let instance = there.host.raw();
    // What an error says, and how it goes, is the plugin's code as well.
    let begin = || {
        there
            .plugin
            .start(&there.host)
            .map_err(|error| error.to_string())
    };
    let text = match caught(instance, begin) {
        Some(Ok(())) => return 0,
        Some(Err(text)) => text,
        None => "it panicked; the log has the place".to_owned(),
    };
    there.served.end();
    // SAFETY: nobody looks at the value any more; `destroy` is not called. Its host stays, since timers
    // and jobs may still come back; that is a few bytes for a plugin that could not begin.
    let value = unsafe { std::ptr::addr_of_mut!((*inner).plugin) as *mut P };
    // SAFETY: as above.
    caught(instance, || unsafe { std::ptr::drop_in_place(value) });
    caught(instance, || there.host.end());
    // SAFETY: the caller's.
    unsafe { fail(instance, &text) }
}

/// `destroy`.
///
/// # Safety
/// Only for the server.
pub unsafe extern "C" fn destroy<P: Plugin>(instance: *mut sl_instance) {
    // SAFETY: no hook runs any more. Threads of the plugin's own may still use the host while the value
    // is dropped, which ends them; whoever has a handle after that finds that the host has gone.
    unsafe {
        let inner = (*((*instance).state as *mut Block<P>)).inner;
        let value = std::ptr::addr_of_mut!((*inner).plugin) as *mut P;
        caught(instance, || std::ptr::drop_in_place(value));
        caught(instance, || (*inner).host.end());
        drop(Box::from_raw(inner));
    }
}
