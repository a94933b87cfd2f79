//! `sluice/plugin.h`, ABI 1.2, member by member and under its names; its comments say what each does.
//! Long on purpose: a table.
//!
//! The tests of Sluice compare where each member lies with what the header's own test asserts.
#![allow(non_camel_case_types, missing_docs)]

use std::os::raw::{c_char, c_int, c_void};

pub const SL_MAGIC: u32 = 0x4355_4c53;
pub const SL_ABI_MAJOR: u16 = 1;
pub const SL_ABI_MINOR: u16 = 2;

pub const SL_ERROR: c_int = -1;
pub const SL_CONTINUE: c_int = 0;
pub const SL_DROP: c_int = 1;
pub const SL_HANDLED: c_int = 2;
pub const SL_CLOSE: c_int = 3;
pub const SL_DENY: c_int = 4;
pub const SL_DEFER: c_int = 5;
pub const SL_GONE: c_int = -2;
pub const SL_REFUSED: c_int = -3;
pub const SL_RELOAD_REPLACE: c_int = -4;
pub const SL_TEXT: c_int = 1;
pub const SL_BINARY: c_int = 2;
pub const SL_OPTION_REQUIRED: u32 = 1;
pub const SL_OPTION_CREDENTIAL: u32 = 2;
pub const SL_COUNTER: c_int = 1;
pub const SL_GAUGE: c_int = 2;
pub const SL_HISTOGRAM: c_int = 3;
pub const SL_HTTP_PROXY_FROM_ENVIRONMENT: u32 = 1;
pub const SL_HTTP_ENDS_WITH_INSTANCE: u32 = 2;
pub const SL_HTTP_WITHOUT_BREAKER: u32 = 4;
pub const SL_FD_READ: u32 = 1;
pub const SL_FD_WRITE: u32 = 2;
pub const SL_FD_ERROR: u32 = 4;
pub const SL_STORAGE_INSTANCE: c_int = 1;
pub const SL_STORAGE_ENDPOINT: c_int = 2;
pub const SL_STORAGE_FAILED: c_int = -1;
pub const SL_STORAGE_NONE: c_int = -2;
pub const SL_STORAGE_FULL: c_int = -3;
pub const SL_STORAGE_DIFFERS: c_int = -4;
pub const SL_STORAGE_KEY_MAX: usize = 512;

/// Structs that only the server looks into.
macro_rules! opaque {
    ($($name:ident)*) => {
        $(#[repr(C)]
        pub struct $name {
            nothing: [u8; 0],
        })*
    };
}
opaque! { sl_client sl_value sl_metric }

#[repr(C)]
#[derive(Clone, Copy)]
pub struct sl_string {
    pub data: *const c_char,
    pub len: usize,
}

#[repr(C)]
pub struct sl_option {
    pub name: *const c_char,
    pub r#type: c_int,
    pub flags: u32,
    pub default_value: *const c_char,
    pub minimum: f64,
    pub maximum: f64,
    pub choices: *const *const c_char,
    pub summary: *const c_char,
}

#[repr(C)]
pub struct sl_instance {
    pub struct_size: u32,
    pub reserved: u32,
    pub host: *const sl_host,
    pub state: *mut c_void,
    pub name: *const c_char,
    pub endpoint: *const c_char,
}

#[repr(C)]
pub struct sl_request {
    pub struct_size: u32,
    pub secure: bool,
    pub path: sl_string,
    pub query: sl_string,
    pub subprotocol: sl_string,
}

#[repr(C)]
pub struct sl_message {
    pub struct_size: u32,
    pub r#type: c_int,
    pub data: *const c_char,
    pub len: usize,
}

#[repr(C)]
pub struct sl_close {
    pub struct_size: u32,
    pub code: u16,
    pub by_peer: bool,
    pub reason: sl_string,
}

#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct sl_ticket {
    pub value: u64,
    pub owner: *mut c_void,
}

#[repr(C)]
pub struct sl_deferral {
    pub struct_size: u32,
    pub is_delay: bool,
    pub timeout: i64,
    pub context: *mut c_void,
    pub on_cancel: Option<unsafe extern "C" fn(*mut sl_instance, sl_ticket, *mut c_void, c_int)>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct sl_pair {
    pub name: sl_string,
    pub value: sl_string,
}

#[repr(C)]
pub struct sl_completion {
    pub struct_size: u32,
    pub r#type: c_int,
    pub data: sl_string,
    pub code: c_int,
    pub reason: sl_string,
    pub headers: *const sl_pair,
    pub header_count: usize,
    pub identity: sl_string,
    pub attributes: *const sl_pair,
    pub attribute_count: usize,
}

#[repr(C)]
pub struct sl_http_request {
    pub struct_size: u32,
    pub flags: u32,
    pub url: sl_string,
    pub method: sl_string,
    pub headers: *const sl_pair,
    pub header_count: usize,
    pub body: sl_string,
    pub timeout: i64,
    pub max_head: usize,
    pub max_body: usize,
    pub ca_file_cstr: *const c_char,
    pub max_redirects: u32,
}

#[repr(C)]
pub struct sl_http_response {
    pub struct_size: u32,
    pub outcome: c_int,
    pub status: c_int,
    pub error: sl_string,
    pub headers: *const sl_pair,
    pub header_count: usize,
    pub body: sl_string,
    pub duration: i64,
}

#[repr(C)]
pub struct sl_client_query {
    pub struct_size: u32,
    pub max: u32,
    pub endpoint_cstr: *const c_char,
    pub identity: sl_string,
    pub cursor: u64,
}

#[repr(C)]
pub struct sl_client_page {
    pub struct_size: u32,
    pub count: u32,
    pub ids: *const u64,
    pub cursor: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct sl_storage_cursor {
    pub position: u64,
    pub among: u32,
    pub part: u32,
}

#[repr(C)]
pub struct sl_storage_entry {
    pub struct_size: u32,
    pub key_len: u32,
    pub key: [c_char; SL_STORAGE_KEY_MAX],
    pub value: *mut c_void,
    pub capacity: usize,
    pub len: usize,
    pub age: i64,
}

#[repr(C)]
pub struct sl_handover {
    pub struct_size: u32,
    pub state_size: u32,
    pub state: *mut c_void,
    pub version: *const c_char,
}

#[repr(C)]
pub struct sl_service {
    pub struct_size: u32,
    pub major: u16,
    pub minor: u16,
    pub table: *const c_void,
    pub provider: *mut sl_instance,
}

#[repr(C)]
pub struct sl_event {
    pub struct_size: u32,
    pub reserved: u32,
    pub name: sl_string,
    pub payload: sl_string,
    pub emitter: *const c_char,
}

type Hook = unsafe extern "C" fn(*mut sl_instance, *mut sl_client) -> c_int;

#[repr(C)]
pub struct sl_plugin {
    pub magic: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub struct_size: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub license: *const c_char,
    pub options: *const sl_option,
    pub options_count: u32,
    pub option_size: u32,
    pub instance_size: u32,
    pub client_size: u32,
    pub create: Option<unsafe extern "C" fn(*mut sl_instance) -> c_int>,
    pub destroy: Option<unsafe extern "C" fn(*mut sl_instance)>,
    pub on_connect:
        Option<unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *mut sl_request) -> c_int>,
    pub on_open: Option<unsafe extern "C" fn(*mut sl_instance, *mut sl_client)>,
    pub on_message:
        Option<unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *const sl_message) -> c_int>,
    pub on_close: Option<unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *const sl_close)>,
    pub on_timer: Option<unsafe extern "C" fn(*mut sl_instance, u64, u64)>,
    pub on_reload: Option<unsafe extern "C" fn(*mut sl_instance) -> c_int>,
    pub on_recheck: Option<Hook>,
    pub on_subscribe: Option<
        unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *const c_char, usize) -> c_int,
    >,
    pub on_publish: Option<
        unsafe extern "C" fn(
            *mut sl_instance,
            *mut sl_client,
            *const c_char,
            usize,
            *const sl_message,
        ) -> c_int,
    >,
    pub on_handover: Option<unsafe extern "C" fn(*mut sl_instance, *const sl_handover)>,
    pub client_free: Option<unsafe extern "C" fn(*mut sl_instance, *mut sl_client)>,
    pub on_event: Option<unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *const sl_event)>,
}

// SAFETY: the table holds pointers to constants and to functions only.
unsafe impl Sync for sl_plugin {}

type Found = unsafe extern "C" fn(*const sl_request, *const c_char, *mut sl_string) -> bool;
type SendTo = unsafe extern "C" fn(*const sl_instance, u64, c_int, *const c_char, usize) -> c_int;
type SendToGroup = unsafe extern "C" fn(
    *const sl_instance,
    *const c_char,
    *const c_char,
    usize,
    c_int,
    *const c_char,
    usize,
) -> c_int;
type CountOf = unsafe extern "C" fn(*const sl_instance, *const c_char, *const c_char, usize) -> i64;
type ClientText = unsafe extern "C" fn(*const sl_client) -> sl_string;
type ClientSend = unsafe extern "C" fn(*mut sl_client, c_int, *const c_char, usize) -> c_int;
type Done = unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *mut c_void);
type HttpDone =
    unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *const sl_http_response, *mut c_void);
type PageDone = unsafe extern "C" fn(*mut sl_instance, *const sl_client_page, *mut c_void);
type FdReady = unsafe extern "C" fn(*mut sl_instance, u64, c_int, u32, *mut c_void);

#[repr(C)]
pub struct sl_host {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub log_enabled: unsafe extern "C" fn(c_int) -> bool,
    pub log: unsafe extern "C" fn(*const sl_instance, c_int, *const c_char, usize),
    pub fail: unsafe extern "C" fn(*mut sl_instance, *const c_char, usize),
    pub time_monotonic: unsafe extern "C" fn() -> i64,
    pub time_wall: unsafe extern "C" fn() -> i64,
    pub allocate: unsafe extern "C" fn(usize) -> *mut c_void,
    pub reallocate: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    pub release: unsafe extern "C" fn(*mut c_void),
    pub option: unsafe extern "C" fn(*const sl_instance, *const c_char) -> *const sl_value,
    pub value_type: unsafe extern "C" fn(*const sl_value) -> c_int,
    pub value_bool: unsafe extern "C" fn(*const sl_value) -> bool,
    pub value_integer: unsafe extern "C" fn(*const sl_value) -> i64,
    pub value_number: unsafe extern "C" fn(*const sl_value) -> f64,
    pub value_string: unsafe extern "C" fn(*const sl_value) -> sl_string,
    pub value_count: unsafe extern "C" fn(*const sl_value) -> usize,
    pub value_at: unsafe extern "C" fn(*const sl_value, usize) -> *const sl_value,
    pub value_key: unsafe extern "C" fn(*const sl_value, usize) -> sl_string,
    pub value_member: unsafe extern "C" fn(*const sl_value, *const c_char) -> *const sl_value,
    pub request_header: Found,
    pub request_query: Found,
    pub request_cookie: Found,
    pub request_subprotocol: unsafe extern "C" fn(*const sl_request, usize, *mut sl_string) -> bool,
    pub select_subprotocol: unsafe extern "C" fn(*mut sl_request, *const c_char) -> c_int,
    pub deny: unsafe extern "C" fn(*mut sl_request, c_int, *const c_char) -> c_int,
    pub deny_header: unsafe extern "C" fn(*mut sl_request, *const c_char, *const c_char) -> c_int,
    pub client_state: unsafe extern "C" fn(*const sl_instance, *mut sl_client) -> *mut c_void,
    pub client_id: unsafe extern "C" fn(*const sl_client) -> u64,
    pub client_address: ClientText,
    pub client_address_bytes: unsafe extern "C" fn(*const sl_client, *mut u8),
    pub client_endpoint: ClientText,
    pub client_identity: ClientText,
    pub identify:
        unsafe extern "C" fn(*mut sl_instance, *mut sl_client, *const c_char, usize) -> c_int,
    pub client_send: ClientSend,
    pub close_with: unsafe extern "C" fn(*mut sl_client, c_int, *const c_char) -> c_int,
    pub message_replace:
        unsafe extern "C" fn(*const sl_message, c_int, *const c_char, usize) -> c_int,
    pub send: SendTo,
    pub close: unsafe extern "C" fn(*const sl_instance, u64, c_int, *const c_char) -> c_int,
    pub broadcast: unsafe extern "C" fn(
        *const sl_instance,
        *const c_char,
        c_int,
        *const c_char,
        usize,
    ) -> c_int,
    pub client_count: unsafe extern "C" fn(*const sl_instance, *const c_char) -> i64,
    pub defer: unsafe extern "C" fn(
        *mut sl_instance,
        *mut sl_client,
        *const sl_deferral,
        *mut sl_ticket,
    ) -> c_int,
    pub complete: unsafe extern "C" fn(sl_ticket, c_int, *const sl_completion) -> c_int,
    pub offload: unsafe extern "C" fn(
        *mut sl_instance,
        u64,
        Option<unsafe extern "C" fn(*mut sl_instance, *mut c_void)>,
        Option<Done>,
        *mut c_void,
    ) -> c_int,
    pub timer_start: unsafe extern "C" fn(*mut sl_instance, i64, i64, u64) -> u64,
    pub timer_stop: unsafe extern "C" fn(*mut sl_instance, u64),
    pub subscribe: unsafe extern "C" fn(*mut sl_client, *const c_char, usize) -> c_int,
    pub unsubscribe: unsafe extern "C" fn(*mut sl_client, *const c_char, usize),
    pub message_topic: unsafe extern "C" fn(*const sl_message, *const c_char, usize) -> c_int,
    pub publish: SendToGroup,
    pub send_to_identity: SendToGroup,
    pub topic_count: CountOf,
    pub identity_count: CountOf,
    pub attribute_set: unsafe extern "C" fn(
        *mut sl_instance,
        *mut sl_client,
        *const c_char,
        *const c_char,
        usize,
    ) -> c_int,
    pub attribute: unsafe extern "C" fn(*const sl_client, *const c_char, *mut sl_string) -> bool,
    pub client_is_new: unsafe extern "C" fn(*const sl_client) -> bool,
    pub request_certificate:
        unsafe extern "C" fn(*const sl_request, c_int, usize, *mut sl_string) -> bool,
    pub metric: unsafe extern "C" fn(
        *mut sl_instance,
        c_int,
        *const c_char,
        *const c_char,
        *const f64,
        usize,
    ) -> *mut sl_metric,
    pub metric_add: unsafe extern "C" fn(*mut sl_metric, f64),
    pub metric_set: unsafe extern "C" fn(*mut sl_metric, f64),
    pub metric_observe: unsafe extern "C" fn(*mut sl_metric, f64),
    pub set_unready: unsafe extern "C" fn(*mut sl_instance, *const c_char),
    pub timeout: unsafe extern "C" fn(*const sl_instance) -> i64,
    pub client_send_control: ClientSend,
    pub send_control: SendTo,
    pub mode: unsafe extern "C" fn(*const sl_instance) -> c_int,
    pub http_request: unsafe extern "C" fn(
        *mut sl_instance,
        u64,
        *const sl_http_request,
        Option<HttpDone>,
        *mut c_void,
    ) -> c_int,
    pub http_header:
        unsafe extern "C" fn(*const sl_http_response, *const c_char, *mut sl_string) -> bool,
    pub client_topics: unsafe extern "C" fn(*const sl_client, *mut u64, *mut sl_string) -> bool,
    pub client_list: unsafe extern "C" fn(
        *mut sl_instance,
        *const sl_client_query,
        Option<PageDone>,
        *mut c_void,
    ) -> c_int,
    pub storage_get:
        unsafe extern "C" fn(*const sl_instance, c_int, sl_string, *mut c_void, usize) -> i64,
    pub storage_set:
        unsafe extern "C" fn(*const sl_instance, c_int, sl_string, sl_string, i64) -> c_int,
    pub storage_replace: unsafe extern "C" fn(
        *const sl_instance,
        c_int,
        sl_string,
        *const sl_string,
        *const sl_string,
        i64,
    ) -> c_int,
    pub storage_add:
        unsafe extern "C" fn(*const sl_instance, c_int, sl_string, i64, i64, *mut i64) -> c_int,
    pub storage_delete: unsafe extern "C" fn(*const sl_instance, c_int, sl_string) -> c_int,
    pub storage_next: unsafe extern "C" fn(
        *const sl_instance,
        c_int,
        *mut sl_storage_cursor,
        *mut sl_storage_entry,
    ) -> c_int,
    pub http_url_error: unsafe extern "C" fn(sl_string) -> *const c_char,
    pub service_provide:
        unsafe extern "C" fn(*mut sl_instance, *const c_char, u16, u16, *const c_void) -> c_int,
    pub service_find:
        unsafe extern "C" fn(*mut sl_instance, *const c_char, u16, u16) -> *const sl_service,
    pub fd_watch:
        unsafe extern "C" fn(*mut sl_instance, c_int, u32, Option<FdReady>, *mut c_void) -> u64,
    pub fd_change: unsafe extern "C" fn(*mut sl_instance, u64, u32) -> c_int,
    pub fd_unwatch: unsafe extern "C" fn(*mut sl_instance, u64),
    pub create_defer: unsafe extern "C" fn(*mut sl_instance, *mut sl_ticket) -> c_int,
    pub create_complete: unsafe extern "C" fn(sl_ticket, *const c_char) -> c_int,
    pub event_listen: unsafe extern "C" fn(*mut sl_instance, sl_string) -> c_int,
    pub event_emit:
        unsafe extern "C" fn(*const sl_instance, *mut sl_client, sl_string, sl_string) -> c_int,
}
