//! Where each member of the structs in `sys` lies and how large it is, and what its constants are worth. A rule of
//! Sluice's own tests sees to it that these lines say the same as those of tests/unit/sdk/test_abi.c, which the
//! header is compiled with.

use sluice::sys::*;
use std::mem::MaybeUninit;
use std::ptr::addr_of;

macro_rules! layout {
    ($($struct:ident, $member:ident, $offset:expr, $size:expr;)*) => {
        #[test]
        fn every_member_lies_where_the_header_has_it() {
            $({
                let memory = MaybeUninit::<$struct>::zeroed();
                let base = memory.as_ptr();
                // SAFETY: nothing is read; these are places inside of `memory`.
                let (offset, size) = unsafe {
                    let member = addr_of!((*base).$member);
                    (member as usize - base as usize, size_behind(member))
                };
                let name = concat!(stringify!($struct), ".", stringify!($member));
                assert_eq!((name, offset, size), (name, $offset, $size));
            })*
        }
    };
}

/// The size of what a pointer points to, without looking there.
fn size_behind<T>(_: *const T) -> usize {
    std::mem::size_of::<T>()
}

macro_rules! value {
    ($($name:ident, $value:expr;)*) => {
        #[test]
        fn every_constant_is_worth_what_the_header_says() {
            $(assert_eq!((stringify!($name), $name as i64), (stringify!($name), $value));)*
        }
    };
}

#[test]
fn the_plugin_declares_the_version_that_the_header_has() {
    assert_eq!((SL_MAGIC, SL_ABI_MAJOR, SL_ABI_MINOR), (0x4355_4c53, 1, 2));
}

#[rustfmt::skip]
layout! {
    sl_string, data, 0, 8;
    sl_string, len, 8, 8;
    sl_option, name, 0, 8;
    sl_option, r#type, 8, 4;
    sl_option, flags, 12, 4;
    sl_option, default_value, 16, 8;
    sl_option, minimum, 24, 8;
    sl_option, maximum, 32, 8;
    sl_option, choices, 40, 8;
    sl_option, summary, 48, 8;
    sl_instance, struct_size, 0, 4;
    sl_instance, reserved, 4, 4;
    sl_instance, host, 8, 8;
    sl_instance, state, 16, 8;
    sl_instance, name, 24, 8;
    sl_instance, endpoint, 32, 8;
    sl_request, struct_size, 0, 4;
    sl_request, secure, 4, 1;
    sl_request, path, 8, 16;
    sl_request, query, 24, 16;
    sl_request, subprotocol, 40, 16;
    sl_message, struct_size, 0, 4;
    sl_message, r#type, 4, 4;
    sl_message, data, 8, 8;
    sl_message, len, 16, 8;
    sl_close, struct_size, 0, 4;
    sl_close, code, 4, 2;
    sl_close, by_peer, 6, 1;
    sl_close, reason, 8, 16;
    sl_ticket, value, 0, 8;
    sl_ticket, owner, 8, 8;
    sl_deferral, struct_size, 0, 4;
    sl_deferral, is_delay, 4, 1;
    sl_deferral, timeout, 8, 8;
    sl_deferral, context, 16, 8;
    sl_deferral, on_cancel, 24, 8;
    sl_pair, name, 0, 16;
    sl_pair, value, 16, 16;
    sl_completion, struct_size, 0, 4;
    sl_completion, r#type, 4, 4;
    sl_completion, data, 8, 16;
    sl_completion, code, 24, 4;
    sl_completion, reason, 32, 16;
    sl_completion, headers, 48, 8;
    sl_completion, header_count, 56, 8;
    sl_completion, identity, 64, 16;
    sl_completion, attributes, 80, 8;
    sl_completion, attribute_count, 88, 8;
    sl_storage_cursor, position, 0, 8;
    sl_storage_cursor, among, 8, 4;
    sl_storage_cursor, part, 12, 4;
    sl_storage_entry, struct_size, 0, 4;
    sl_storage_entry, key_len, 4, 4;
    sl_storage_entry, key, 8, 512;
    sl_storage_entry, value, 520, 8;
    sl_storage_entry, capacity, 528, 8;
    sl_storage_entry, len, 536, 8;
    sl_storage_entry, age, 544, 8;
    sl_handover, struct_size, 0, 4;
    sl_handover, state_size, 4, 4;
    sl_handover, state, 8, 8;
    sl_handover, version, 16, 8;
    sl_plugin, magic, 0, 4;
    sl_plugin, abi_major, 4, 2;
    sl_plugin, abi_minor, 6, 2;
    sl_plugin, struct_size, 8, 4;
    sl_plugin, flags, 12, 4;
    sl_plugin, name, 16, 8;
    sl_plugin, version, 24, 8;
    sl_plugin, summary, 32, 8;
    sl_plugin, license, 40, 8;
    sl_plugin, options, 48, 8;
    sl_plugin, options_count, 56, 4;
    sl_plugin, option_size, 60, 4;
    sl_plugin, instance_size, 64, 4;
    sl_plugin, client_size, 68, 4;
    sl_plugin, create, 72, 8;
    sl_plugin, destroy, 80, 8;
    sl_plugin, on_connect, 88, 8;
    sl_plugin, on_open, 96, 8;
    sl_plugin, on_message, 104, 8;
    sl_plugin, on_close, 112, 8;
    sl_plugin, on_timer, 120, 8;
    sl_plugin, on_reload, 128, 8;
    sl_plugin, on_recheck, 136, 8;
    sl_plugin, on_subscribe, 144, 8;
    sl_plugin, on_publish, 152, 8;
    sl_client_query, struct_size, 0, 4;
    sl_client_query, max, 4, 4;
    sl_client_query, endpoint_cstr, 8, 8;
    sl_client_query, identity, 16, 16;
    sl_client_query, cursor, 32, 8;
    sl_client_page, struct_size, 0, 4;
    sl_client_page, count, 4, 4;
    sl_client_page, ids, 8, 8;
    sl_client_page, cursor, 16, 8;
    sl_plugin, on_handover, 160, 8;
    sl_plugin, client_free, 168, 8;
    sl_plugin, on_event, 176, 8;
    sl_event, struct_size, 0, 4;
    sl_event, reserved, 4, 4;
    sl_event, name, 8, 16;
    sl_event, payload, 24, 16;
    sl_event, emitter, 40, 8;
    sl_host, struct_size, 0, 4;
    sl_host, abi_major, 4, 2;
    sl_host, abi_minor, 6, 2;
    sl_host, log_enabled, 8, 8;
    sl_host, log, 16, 8;
    sl_host, fail, 24, 8;
    sl_host, time_monotonic, 32, 8;
    sl_host, time_wall, 40, 8;
    sl_host, allocate, 48, 8;
    sl_host, reallocate, 56, 8;
    sl_host, release, 64, 8;
    sl_host, option, 72, 8;
    sl_host, value_type, 80, 8;
    sl_host, value_bool, 88, 8;
    sl_host, value_integer, 96, 8;
    sl_host, value_number, 104, 8;
    sl_host, value_string, 112, 8;
    sl_host, value_count, 120, 8;
    sl_host, value_at, 128, 8;
    sl_host, value_key, 136, 8;
    sl_host, value_member, 144, 8;
    sl_host, request_header, 152, 8;
    sl_host, request_query, 160, 8;
    sl_host, request_cookie, 168, 8;
    sl_host, request_subprotocol, 176, 8;
    sl_host, select_subprotocol, 184, 8;
    sl_host, deny, 192, 8;
    sl_host, deny_header, 200, 8;
    sl_host, client_state, 208, 8;
    sl_host, client_id, 216, 8;
    sl_host, client_address, 224, 8;
    sl_host, client_address_bytes, 232, 8;
    sl_host, client_endpoint, 240, 8;
    sl_host, client_identity, 248, 8;
    sl_host, identify, 256, 8;
    sl_host, client_send, 264, 8;
    sl_host, close_with, 272, 8;
    sl_host, message_replace, 280, 8;
    sl_host, send, 288, 8;
    sl_host, close, 296, 8;
    sl_host, broadcast, 304, 8;
    sl_host, client_count, 312, 8;
    sl_host, defer, 320, 8;
    sl_host, complete, 328, 8;
    sl_host, offload, 336, 8;
    sl_host, timer_start, 344, 8;
    sl_host, timer_stop, 352, 8;
    sl_host, subscribe, 360, 8;
    sl_host, unsubscribe, 368, 8;
    sl_host, message_topic, 376, 8;
    sl_host, publish, 384, 8;
    sl_host, send_to_identity, 392, 8;
    sl_host, topic_count, 400, 8;
    sl_host, identity_count, 408, 8;
    sl_host, attribute_set, 416, 8;
    sl_host, attribute, 424, 8;
    sl_host, client_is_new, 432, 8;
    sl_host, request_certificate, 440, 8;
    sl_host, metric, 448, 8;
    sl_host, metric_add, 456, 8;
    sl_host, metric_set, 464, 8;
    sl_host, metric_observe, 472, 8;
    sl_host, set_unready, 480, 8;
    sl_host, timeout, 488, 8;
    sl_host, client_send_control, 496, 8;
    sl_host, send_control, 504, 8;
    sl_host, mode, 512, 8;
    sl_host, http_request, 520, 8;
    sl_host, http_header, 528, 8;
    sl_http_request, struct_size, 0, 4;
    sl_http_request, flags, 4, 4;
    sl_http_request, url, 8, 16;
    sl_http_request, method, 24, 16;
    sl_http_request, headers, 40, 8;
    sl_http_request, header_count, 48, 8;
    sl_http_request, body, 56, 16;
    sl_http_request, timeout, 72, 8;
    sl_http_request, max_head, 80, 8;
    sl_http_request, max_body, 88, 8;
    sl_http_request, ca_file_cstr, 96, 8;
    sl_http_request, max_redirects, 104, 4;
    sl_http_response, struct_size, 0, 4;
    sl_http_response, outcome, 4, 4;
    sl_http_response, status, 8, 4;
    sl_http_response, error, 16, 16;
    sl_http_response, headers, 32, 8;
    sl_http_response, header_count, 40, 8;
    sl_http_response, body, 48, 16;
    sl_http_response, duration, 64, 8;
    sl_host, client_topics, 536, 8;
    sl_host, client_list, 544, 8;
    sl_host, storage_get, 552, 8;
    sl_host, storage_set, 560, 8;
    sl_host, storage_replace, 568, 8;
    sl_host, storage_add, 576, 8;
    sl_host, storage_delete, 584, 8;
    sl_host, storage_next, 592, 8;
    sl_host, http_url_error, 600, 8;
    sl_service, struct_size, 0, 4;
    sl_service, major, 4, 2;
    sl_service, minor, 6, 2;
    sl_service, table, 8, 8;
    sl_service, provider, 16, 8;
    sl_host, service_provide, 608, 8;
    sl_host, service_find, 616, 8;
    sl_host, fd_watch, 624, 8;
    sl_host, fd_change, 632, 8;
    sl_host, fd_unwatch, 640, 8;
    sl_host, create_defer, 648, 8;
    sl_host, create_complete, 656, 8;
    sl_host, event_listen, 664, 8;
    sl_host, event_emit, 672, 8;
}

#[rustfmt::skip]
value! {
    SL_GONE, -2;
    SL_REFUSED, -3;
    SL_RELOAD_REPLACE, -4;
    SL_ERROR, -1;
    SL_CONTINUE, 0;
    SL_DROP, 1;
    SL_HANDLED, 2;
    SL_CLOSE, 3;
    SL_DENY, 4;
    SL_DEFER, 5;
    SL_TEXT, 1;
    SL_BINARY, 2;
    SL_OPTION_REQUIRED, 1;
    SL_OPTION_CREDENTIAL, 2;
    SL_COUNTER, 1;
    SL_GAUGE, 2;
    SL_HISTOGRAM, 3;
    SL_HTTP_PROXY_FROM_ENVIRONMENT, 1;
    SL_HTTP_ENDS_WITH_INSTANCE, 2;
    SL_HTTP_WITHOUT_BREAKER, 4;
    SL_FD_READ, 1;
    SL_FD_WRITE, 2;
    SL_FD_ERROR, 4;
    SL_STORAGE_INSTANCE, 1;
    SL_STORAGE_ENDPOINT, 2;
    SL_STORAGE_FAILED, -1;
    SL_STORAGE_NONE, -2;
    SL_STORAGE_FULL, -3;
    SL_STORAGE_DIFFERS, -4;
    SL_STORAGE_KEY_MAX, 512;
}
