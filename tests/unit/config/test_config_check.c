#include "config/config_text.h"

static void checks_values_against_each_other(void **state)
{
    (void)state;
    refused_config(
        "listen: [{address: '*:80'}, {address: '*:0'}, {address: '*:80'}, {address: '*:0'}]\n"
        "demo_page: true\n"
        "limits: {input_bytes: 3MiB}\n"
        "endpoints:\n"
        "- path: /\n"
        "  subprotocols: [a, b, a]\n"
        "- path: /ws\n"
        "  message: {max_size: 2MiB}\n"
        "- path: /ws\n",
        "1:57 listen.2.address: *:80 is the same as listen.0.address\n"
        "5:9 endpoints.0.subprotocols: \"a\" is there twice\n"
        "5:9 endpoints.0.path: / is where demo_page puts its page; choose another path, or set "
        "demo_page: false\n"
        "7:9 endpoints.1: queue.bytes (1MiB) is smaller than message.max_size (2MiB), so the "
        "largest messages could be sent to nobody\n"
        "7:9 endpoints.1: limits.input_bytes (3MiB) is smaller than twice message.max_size "
        "(2MiB), so the largest messages could not be received\n"
        "9:9 endpoints.2.path: /ws is already the path of endpoints.1 (line 7)\n");
}

static void an_admin_that_others_reach_needs_a_token(void **state)
{
    (void)state;
    refused_with("admin: {listen: '*:9090'}",
                 "1:17 admin.listen: *:9090 can be reached from other machines, so "
                 "admin.token_file or admin.tokens is required; or listen on 127.0.0.1\n");
    refused_with("admin: {token_file: a}", "1:8 admin.listen: is missing; it is required\n");
    config_destroy(good_config("admin: {listen: '[::1]:9090'}\n" SMALLEST));
    config_destroy(good_config("admin: {listen: '*:9090', token_file: t}\n" SMALLEST));
}

static void the_admin_listener_has_a_port_of_its_own(void **state)
{
    (void)state;
    refused_config("listen: [{address: '127.0.0.1:9090'}]\n"
                   "admin: {listen: '127.0.0.1:9090'}\n"
                   "endpoints: [{path: /ws}]\n",
                   "2:17 admin.listen: 127.0.0.1:9090 is also in listen; choose another port\n");
    config_destroy(good_config("admin: {listen: '127.0.0.1:0'}\n" SMALLEST));
}

static void a_list_of_revocations_needs_its_authorities(void **state)
{
    (void)state;
    refused_config("listen: [{address: '*:0', tls: {certificate: c, key: k, client_crl: r}}]\n"
                   "endpoints: [{path: /ws}]\n",
                   "1:69 listen.0.tls: client_crl revokes certificates that client_ca has signed; "
                   "set client_ca too\n");
}

static void a_unix_socket_of_the_admin_needs_no_token(void **state)
{
    (void)state;
    config_destroy(good_config("admin: {listen: 'unix:/run/sluice.sock'}\n" SMALLEST));
    refused_with("admin: {listen: ['unix:/run/a.sock', '0.0.0.0:9090']}",
                 "1:17 admin.listen: 0.0.0.0:9090 can be reached from other machines, so "
                 "admin.token_file or admin.tokens is required; or listen on 127.0.0.1\n");
}

static void tokens_with_roles_are_enough_for_an_admin_that_others_reach(void **state)
{
    (void)state;
    config_destroy(good_config("admin:\n"
                               "  listen: '0.0.0.0:9090'\n"
                               "  tokens: [{name: grafana, role: read, file: a}]\n" SMALLEST));
}

static void two_tokens_have_two_names(void **state)
{
    (void)state;
    refused_with("admin: {listen: '127.0.0.1:0', tokens: [{name: a, role: read, file: a}, "
                 "{name: b, role: all, file: b}, {name: a, role: operate, file: c}]}",
                 "1:135 admin.tokens.2.name: a is already the name of admin.tokens.0\n");
}

static void the_largest_message_fits_exactly(void **state)
{
    (void)state;
    config_destroy(good_config("listen: [{address: '*:0'}]\n"
                               "limits: {input_bytes: 4MiB}\n"
                               "endpoints: [{path: /, message: {max_size: 2MiB}, queue: {bytes: "
                               "2MiB}}]\n"));
}

static void keys_of_a_queue_that_would_do_nothing_are_refused(void **state)
{
    (void)state;
    refused_config("listen: [{address: '*:0'}]\n"
                   "endpoints:\n"
                   "- path: /a\n"
                   "  queue: {key: /symbol, gap_text: x}\n"
                   "- path: /b\n"
                   "  queue: {gap_marker: true}\n"
                   "- path: /c\n"
                   "  queue: {overflow: drop-newest, messages: 5, gap_marker: true, gap_text: x}\n"
                   "- path: /d\n"
                   "  queue: {overflow: conflate}\n",
                   "3:9 endpoints.0: queue.key is what conflate tells messages apart by; set "
                   "queue.overflow: conflate too\n"
                   "3:9 endpoints.0: queue.gap_text is the text of gap markers; set "
                   "queue.gap_marker: true too\n"
                   "5:9 endpoints.1: with queue.overflow: close there are no gaps to mark; choose "
                   "another policy, or leave gap_marker out\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_values_against_each_other),
        cmocka_unit_test(an_admin_that_others_reach_needs_a_token),
        cmocka_unit_test(the_admin_listener_has_a_port_of_its_own),
        cmocka_unit_test(a_list_of_revocations_needs_its_authorities),
        cmocka_unit_test(a_unix_socket_of_the_admin_needs_no_token),
        cmocka_unit_test(tokens_with_roles_are_enough_for_an_admin_that_others_reach),
        cmocka_unit_test(two_tokens_have_two_names),
        cmocka_unit_test(the_largest_message_fits_exactly),
        cmocka_unit_test(keys_of_a_queue_that_would_do_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
