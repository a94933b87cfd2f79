//! What the server calls: each hook finds the plugin's value, and no panic leaves it.

use crate::client::{Client, Closed};
use crate::completion::{CancelReason, Ticket};
use crate::host::{Host, Level, Timer};
use crate::instance::{fail, instance_size, Block, Inner, MAGIC};
use crate::message::Message;
use crate::panics::caught;
use crate::request::Request;
use crate::sys::*;
use crate::text::{bytes_of, text_of, text_of_cstr};
use crate::*;
use std::os::raw::{c_char, c_int, c_void};

/// Runs a hook that returns a verdict. One that fails is logged here.
///
/// # Safety
/// As of `Inner::of`.
unsafe fn decide<P: Plugin, V: Into<c_int>>(
    instance: *mut sl_instance,
    name: &str,
    hook: impl FnOnce(&P, &Host<P>) -> Result<V>,
) -> c_int {
    let decided = caught(instance, || {
        // SAFETY: the caller's.
        let inner = unsafe { Inner::<P>::of(instance) };
        hook(&inner.plugin, &inner.host)
            .map(V::into)
            .unwrap_or_else(|error| {
                inner
                    .host
                    .log(Level::Error, format_args!("{}: {}", name, error));
                SL_ERROR
            })
    });
    decided.unwrap_or(SL_ERROR)
}

impl From<Verdict> for c_int {
    fn from(verdict: Verdict) -> c_int {
        match verdict {
            Verdict::Continue => SL_CONTINUE,
            Verdict::Drop => SL_DROP,
            Verdict::Handled => SL_HANDLED,
            Verdict::Close => SL_CLOSE,
            Verdict::Defer => SL_DEFER,
        }
    }
}

impl From<Admission> for c_int {
    fn from(admission: Admission) -> c_int {
        match admission {
            Admission::Continue => SL_CONTINUE,
            Admission::Deny => SL_DENY,
            Admission::Defer => SL_DEFER,
        }
    }
}

impl From<Permission> for c_int {
    fn from(permission: Permission) -> c_int {
        match permission {
            Permission::Continue => SL_CONTINUE,
            Permission::Deny => SL_DENY,
        }
    }
}

/// Without a verdict.
struct Nothing;

impl From<Nothing> for c_int {
    fn from(_: Nothing) -> c_int {
        0
    }
}

// -- the hooks; each is only in the table if the plugin has its trait --
// All of them: the server calls them for an instance that `create` has made, and lends what it hands in
// until they return.

pub(crate) unsafe extern "C" fn on_connect<P: OnConnect>(
    instance: *mut sl_instance,
    client: *mut sl_client,
    request: *mut sl_request,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_connect", |plugin: &P, host| {
            let mut request = Request::new(request, host);
            plugin.on_connect(host, &Client::new(client, host), &mut request)
        })
    }
}

pub(crate) unsafe extern "C" fn on_open<P: OnOpen>(
    instance: *mut sl_instance,
    client: *mut sl_client,
) {
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_open", |plugin: &P, host| {
            plugin
                .on_open(host, &Client::new(client, host))
                .map(|()| Nothing)
        });
    }
}

pub(crate) unsafe extern "C" fn on_message<P: OnMessage>(
    instance: *mut sl_instance,
    client: *mut sl_client,
    message: *const sl_message,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_message", |plugin: &P, host| {
            let mut message = Message::new(message, host.table());
            plugin.on_message(host, &Client::new(client, host), &mut message)
        })
    }
}

pub(crate) unsafe extern "C" fn on_close<P: OnClose>(
    instance: *mut sl_instance,
    client: *mut sl_client,
    how: *const sl_close,
) {
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_close", |plugin: &P, host| {
            plugin.on_close(host, &Client::new(client, host), &Closed::new(&*how));
            Ok(Nothing)
        });
    }
}

/// The last call about a client: its state is dropped.
unsafe extern "C" fn drop_state<P: Plugin>(instance: *mut sl_instance, client: *mut sl_client) {
    // SAFETY: see above; nobody has borrowed the state, as no hook of the client runs.
    unsafe {
        decide(instance, "client_free", |_: &P, host| {
            let slot = Client::new(client, host).slot();
            if !slot.is_null() {
                (*slot).clear();
            }
            Ok(Nothing)
        });
    }
}

/// `client_free`, for a state that is to be dropped.
pub const fn client_free<P: Plugin>(
) -> Option<unsafe extern "C" fn(*mut sl_instance, *mut sl_client)> {
    if std::mem::needs_drop::<P::Client>() {
        Some(drop_state::<P>)
    } else {
        None
    }
}

pub(crate) unsafe extern "C" fn on_timer<P: OnTimer>(
    instance: *mut sl_instance,
    timer: u64,
    tag: u64,
) {
    caught(instance, || {
        // SAFETY: see above.
        let inner = unsafe { Inner::<P>::of(instance) };
        let done = inner.while_served(|plugin| plugin.on_timer(&inner.host, Timer(timer), tag));
        if let Some(Err(error)) = done {
            inner
                .host
                .log(Level::Error, format_args!("on_timer: {}", error));
        }
    });
}

pub(crate) unsafe extern "C" fn on_reload<P: OnReload>(instance: *mut sl_instance) -> c_int {
    // SAFETY: see above.
    let inner = unsafe { Inner::<P>::of(instance) };
    // What an error says, and how it goes, is the plugin's code as well.
    let reload = || {
        inner
            .plugin
            .on_reload(&inner.host)
            .map_err(|error| error.to_string())
    };
    let text = match caught(instance, reload) {
        Some(Ok(Reload::Taken)) => return 0,
        Some(Ok(Reload::Replace)) => return SL_RELOAD_REPLACE,
        Some(Err(text)) => text,
        None => "it panicked; the log has the place".to_owned(),
    };
    // SAFETY: see above.
    unsafe { fail(instance, &text) }
}

pub(crate) unsafe extern "C" fn on_recheck<P: OnRecheck>(
    instance: *mut sl_instance,
    client: *mut sl_client,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_recheck", |plugin: &P, host| {
            plugin.on_recheck(host, &Client::new(client, host))
        })
    }
}

pub(crate) unsafe extern "C" fn on_subscribe<P: OnSubscribe>(
    instance: *mut sl_instance,
    client: *mut sl_client,
    topic: *const c_char,
    len: usize,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_subscribe", |plugin: &P, host| {
            let topic = text_of(sl_string { data: topic, len });
            plugin.on_subscribe(host, &Client::new(client, host), topic)
        })
    }
}

pub(crate) unsafe extern "C" fn on_publish<P: OnPublish>(
    instance: *mut sl_instance,
    origin: *mut sl_client,
    topic: *const c_char,
    len: usize,
    message: *const sl_message,
) -> c_int {
    // SAFETY: see above; a client that is named is on this thread.
    unsafe {
        decide(instance, "on_publish", |plugin: &P, host| {
            let topic = text_of(sl_string { data: topic, len });
            let origin = (!origin.is_null()).then(|| Client::new(origin, host));
            let mut message = Message::new(message, host.table());
            plugin.on_publish(host, origin.as_ref(), topic, &mut message)
        })
    }
}

pub(crate) unsafe extern "C" fn on_event<P: OnEvent>(
    instance: *mut sl_instance,
    client: *mut sl_client,
    event: *const sl_event,
) {
    // SAFETY: see above; a client that is named is on this thread.
    unsafe {
        decide(instance, "on_event", |plugin: &P, host| {
            let client = (!client.is_null()).then(|| Client::new(client, host));
            plugin
                .on_event(host, client.as_ref(), &Event::new(&*event))
                .map(|()| Nothing)
        });
    }
}

pub(crate) unsafe extern "C" fn on_cancel<P: OnCancel>(
    instance: *mut sl_instance,
    ticket: sl_ticket,
    _context: *mut c_void,
    reason: c_int,
) {
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_cancel", |plugin: &P, host| {
            plugin.on_cancel(
                host,
                Ticket::new(ticket, host.table()),
                CancelReason::of(reason),
            );
            Ok(Nothing)
        });
    }
}

// -- taking over --

/// What an old instance gives the new one: calls `put` once with the bytes.
pub(crate) unsafe extern "C" fn save<P: OnHandover>(
    state: *mut c_void,
    sink: *mut c_void,
    put: unsafe extern "C" fn(*mut c_void, *const u8, usize),
) {
    // SAFETY: the state is a block that `create` has filled.
    let inner = unsafe { &*(*(state as *const Block<P>)).inner };
    if let Some(bytes) = caught(inner.host.raw(), || inner.plugin.save()) {
        // SAFETY: the bytes are copied.
        unsafe { put(sink, bytes.as_ptr(), bytes.len()) };
    }
}

unsafe extern "C" fn put(sink: *mut c_void, bytes: *const u8, len: usize) {
    // SAFETY: `on_handover` below has given its Vec, and `save` its bytes.
    unsafe {
        let sink = &mut *(sink as *mut Option<Vec<u8>>);
        *sink = Some(
            bytes_of(sl_string {
                data: bytes as *const c_char,
                len,
            })
            .to_vec(),
        );
    }
}

pub(crate) unsafe extern "C" fn on_handover<P: OnHandover>(
    instance: *mut sl_instance,
    from: *const sl_handover,
) {
    // SAFETY: the old state is as large as it says; one that begins with the magic is a block of some
    // version of this crate, whose code is still there.
    let saved = unsafe {
        let block = (*from).state as *const Block<P>;
        let is_ours = (*from).state_size >= instance_size::<P>() && (*block).magic == MAGIC;
        let mut saved: Option<Vec<u8>> = None;
        if let (true, Some(save)) = (is_ours, is_ours.then(|| (*block).save).flatten()) {
            save((*from).state, &mut saved as *mut _ as *mut c_void, put);
        }
        saved
    };
    let saved = match saved {
        Some(saved) => saved,
        None => return,
    };
    // SAFETY: see above.
    unsafe {
        decide(instance, "on_handover", |plugin: &P, host| {
            plugin.on_handover(host, &saved, text_of_cstr((*from).version));
            Ok(Nothing)
        });
    }
}
