/*
 * The plugin ABI as it has been released, for 64-bit machines: where each member lies and how large
 * it is, and what each enumerator is worth. A line here never changes; what is new gets new lines.
 * If this file does not compile, a change to sluice/plugin.h would break plugins that are built
 * already: see the ABI policy in docs/plugin-reference.md.
 */
#include <sluice/plugin.h>

/* After it: cmocka has a macro with the name of one of its members. */
#include "unit.h"

#define LAYOUT(type, member, offset, size)                                                         \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member " has moved");     \
    _Static_assert(sizeof(((struct type *)0)->member) == (size), #type "." #member " has changed")
#define VALUE(name, value) _Static_assert((int)(name) == (value), #name " has changed")

LAYOUT(sl_string, data, 0, 8);
LAYOUT(sl_string, len, 8, 8);
LAYOUT(sl_option, name, 0, 8);
LAYOUT(sl_option, type, 8, 4);
LAYOUT(sl_option, flags, 12, 4);
LAYOUT(sl_option, default_value, 16, 8);
LAYOUT(sl_option, minimum, 24, 8);
LAYOUT(sl_option, maximum, 32, 8);
LAYOUT(sl_option, choices, 40, 8);
LAYOUT(sl_option, summary, 48, 8);
LAYOUT(sl_instance, struct_size, 0, 4);
LAYOUT(sl_instance, reserved, 4, 4);
LAYOUT(sl_instance, host, 8, 8);
LAYOUT(sl_instance, state, 16, 8);
LAYOUT(sl_instance, name, 24, 8);
LAYOUT(sl_instance, endpoint, 32, 8);
LAYOUT(sl_request, struct_size, 0, 4);
LAYOUT(sl_request, secure, 4, 1);
LAYOUT(sl_request, path, 8, 16);
LAYOUT(sl_request, query, 24, 16);
LAYOUT(sl_request, subprotocol, 40, 16);
LAYOUT(sl_message, struct_size, 0, 4);
LAYOUT(sl_message, type, 4, 4);
LAYOUT(sl_message, data, 8, 8);
LAYOUT(sl_message, len, 16, 8);
LAYOUT(sl_close, struct_size, 0, 4);
LAYOUT(sl_close, code, 4, 2);
LAYOUT(sl_close, by_peer, 6, 1);
LAYOUT(sl_close, reason, 8, 16);
LAYOUT(sl_ticket, value, 0, 8);
LAYOUT(sl_ticket, owner, 8, 8);
LAYOUT(sl_deferral, struct_size, 0, 4);
LAYOUT(sl_deferral, is_delay, 4, 1);
LAYOUT(sl_deferral, timeout, 8, 8);
LAYOUT(sl_deferral, context, 16, 8);
LAYOUT(sl_deferral, on_cancel, 24, 8);
LAYOUT(sl_pair, name, 0, 16);
LAYOUT(sl_pair, value, 16, 16);
LAYOUT(sl_completion, struct_size, 0, 4);
LAYOUT(sl_completion, type, 4, 4);
LAYOUT(sl_completion, data, 8, 16);
LAYOUT(sl_completion, code, 24, 4);
LAYOUT(sl_completion, reason, 32, 16);
LAYOUT(sl_completion, headers, 48, 8);
LAYOUT(sl_completion, header_count, 56, 8);
LAYOUT(sl_completion, identity, 64, 16);
LAYOUT(sl_completion, attributes, 80, 8);
LAYOUT(sl_completion, attribute_count, 88, 8);
LAYOUT(sl_plugin, magic, 0, 4);
LAYOUT(sl_plugin, abi_major, 4, 2);
LAYOUT(sl_plugin, abi_minor, 6, 2);
LAYOUT(sl_plugin, struct_size, 8, 4);
LAYOUT(sl_plugin, flags, 12, 4);
LAYOUT(sl_plugin, name, 16, 8);
LAYOUT(sl_plugin, version, 24, 8);
LAYOUT(sl_plugin, summary, 32, 8);
LAYOUT(sl_plugin, license, 40, 8);
LAYOUT(sl_plugin, options, 48, 8);
LAYOUT(sl_plugin, options_count, 56, 4);
LAYOUT(sl_plugin, option_size, 60, 4);
LAYOUT(sl_plugin, instance_size, 64, 4);
LAYOUT(sl_plugin, client_size, 68, 4);
LAYOUT(sl_plugin, create, 72, 8);
LAYOUT(sl_plugin, destroy, 80, 8);
LAYOUT(sl_plugin, on_connect, 88, 8);
LAYOUT(sl_plugin, on_open, 96, 8);
LAYOUT(sl_plugin, on_message, 104, 8);
LAYOUT(sl_plugin, on_close, 112, 8);
LAYOUT(sl_plugin, on_timer, 120, 8);
LAYOUT(sl_plugin, on_reload, 128, 8);
LAYOUT(sl_plugin, on_recheck, 136, 8);
LAYOUT(sl_host, struct_size, 0, 4);
LAYOUT(sl_host, abi_major, 4, 2);
LAYOUT(sl_host, abi_minor, 6, 2);
LAYOUT(sl_host, log_enabled, 8, 8);
LAYOUT(sl_host, log, 16, 8);
LAYOUT(sl_host, fail, 24, 8);
LAYOUT(sl_host, time_monotonic, 32, 8);
LAYOUT(sl_host, time_wall, 40, 8);
LAYOUT(sl_host, allocate, 48, 8);
LAYOUT(sl_host, reallocate, 56, 8);
LAYOUT(sl_host, release, 64, 8);
LAYOUT(sl_host, option, 72, 8);
LAYOUT(sl_host, value_type, 80, 8);
LAYOUT(sl_host, value_bool, 88, 8);
LAYOUT(sl_host, value_integer, 96, 8);
LAYOUT(sl_host, value_number, 104, 8);
LAYOUT(sl_host, value_string, 112, 8);
LAYOUT(sl_host, value_count, 120, 8);
LAYOUT(sl_host, value_at, 128, 8);
LAYOUT(sl_host, value_key, 136, 8);
LAYOUT(sl_host, value_member, 144, 8);
LAYOUT(sl_host, request_header, 152, 8);
LAYOUT(sl_host, request_query, 160, 8);
LAYOUT(sl_host, request_cookie, 168, 8);
LAYOUT(sl_host, request_subprotocol, 176, 8);
LAYOUT(sl_host, select_subprotocol, 184, 8);
LAYOUT(sl_host, deny, 192, 8);
LAYOUT(sl_host, deny_header, 200, 8);
LAYOUT(sl_host, client_state, 208, 8);
LAYOUT(sl_host, client_id, 216, 8);
LAYOUT(sl_host, client_address, 224, 8);
LAYOUT(sl_host, client_address_bytes, 232, 8);
LAYOUT(sl_host, client_endpoint, 240, 8);
LAYOUT(sl_host, client_identity, 248, 8);
LAYOUT(sl_host, identify, 256, 8);
LAYOUT(sl_host, client_send, 264, 8);
LAYOUT(sl_host, close_with, 272, 8);
LAYOUT(sl_host, message_replace, 280, 8);
LAYOUT(sl_host, send, 288, 8);
LAYOUT(sl_host, close, 296, 8);
LAYOUT(sl_host, broadcast, 304, 8);
LAYOUT(sl_host, client_count, 312, 8);
LAYOUT(sl_host, defer, 320, 8);
LAYOUT(sl_host, complete, 328, 8);
LAYOUT(sl_host, offload, 336, 8);
LAYOUT(sl_host, timer_start, 344, 8);
LAYOUT(sl_host, timer_stop, 352, 8);
LAYOUT(sl_host, subscribe, 360, 8);
LAYOUT(sl_host, unsubscribe, 368, 8);
LAYOUT(sl_host, message_topic, 376, 8);
LAYOUT(sl_host, publish, 384, 8);
LAYOUT(sl_host, send_to_identity, 392, 8);
LAYOUT(sl_host, topic_count, 400, 8);
LAYOUT(sl_host, identity_count, 408, 8);
LAYOUT(sl_host, attribute_set, 416, 8);
LAYOUT(sl_host, attribute, 424, 8);
LAYOUT(sl_host, client_is_new, 432, 8);
LAYOUT(sl_host, request_certificate, 440, 8);
LAYOUT(sl_host, metric, 448, 8);
LAYOUT(sl_host, metric_add, 456, 8);
LAYOUT(sl_host, metric_set, 464, 8);
LAYOUT(sl_host, metric_observe, 472, 8);
LAYOUT(sl_host, set_unready, 480, 8);
LAYOUT(sl_host, timeout, 488, 8);
LAYOUT(sl_host, client_send_control, 496, 8);
LAYOUT(sl_host, send_control, 504, 8);
VALUE(SL_ERROR, -1);
VALUE(SL_CONTINUE, 0);
VALUE(SL_DROP, 1);
VALUE(SL_HANDLED, 2);
VALUE(SL_CLOSE, 3);
VALUE(SL_DENY, 4);
VALUE(SL_DEFER, 5);
VALUE(SL_TEXT, 1);
VALUE(SL_BINARY, 2);
VALUE(SL_LOG_ERROR, 0);
VALUE(SL_LOG_WARN, 1);
VALUE(SL_LOG_INFO, 2);
VALUE(SL_LOG_DEBUG, 3);
VALUE(SL_OPTION_BOOL, 1);
VALUE(SL_OPTION_INTEGER, 2);
VALUE(SL_OPTION_NUMBER, 3);
VALUE(SL_OPTION_STRING, 4);
VALUE(SL_OPTION_DURATION, 5);
VALUE(SL_OPTION_SIZE, 6);
VALUE(SL_OPTION_RATE, 7);
VALUE(SL_OPTION_CHOICE, 8);
VALUE(SL_OPTION_STRINGS, 9);
VALUE(SL_OPTION_PATH, 10);
VALUE(SL_OPTION_SECRET, 11);
VALUE(SL_OPTION_MAP, 12);
VALUE(SL_OPTION_MAPS, 13);
VALUE(SL_OPTION_REQUIRED, 1);
VALUE(SL_OPTION_CREDENTIAL, 2);
VALUE(SL_CANCEL_CLIENT_GONE, 1);
VALUE(SL_CANCEL_TIMEOUT, 2);
VALUE(SL_CANCEL_SHUTDOWN, 3);
VALUE(SL_CERTIFICATE_SUBJECT, 1);
VALUE(SL_CERTIFICATE_COMMON_NAME, 2);
VALUE(SL_CERTIFICATE_ISSUER, 3);
VALUE(SL_CERTIFICATE_SERIAL, 4);
VALUE(SL_CERTIFICATE_SHA256, 5);
VALUE(SL_CERTIFICATE_DNS, 6);
VALUE(SL_CERTIFICATE_EMAIL, 7);
VALUE(SL_CERTIFICATE_URI, 8);
VALUE(SL_COUNTER, 1);
VALUE(SL_GAUGE, 2);
VALUE(SL_HISTOGRAM, 3);

static void header_declares_this_abi(void **state)
{
    (void)state;
    assert_int_equal(SL_MAGIC, 0x43554c53);
    assert_int_equal(SL_ABI_MAJOR, 1);
    assert_int_equal(SL_ABI_MINOR, 2);
}

static void cpp_header_is_the_same_as_the_macro(void **state)
{
    (void)state;
    static const struct sl_plugin by_macro = {SL_PLUGIN_HEADER};
    struct sl_plugin by_function = sl_plugin_header();
    assert_memory_equal(&by_macro, &by_function, sizeof by_macro);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_declares_this_abi),
        cmocka_unit_test(cpp_header_is_the_same_as_the_macro),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
