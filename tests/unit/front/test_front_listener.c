/* core/front/front_listener.c: what is said of an address that does not work. */
#include "unit.h"

#include "base/clock.h"
#include "front/front_handler.h"
#include "front/front_listener.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct front_handler handler;
static struct diagnostics diagnostics;

static int init_diagnostics(void **state)
{
    (void)state;
    diagnostics_init(&diagnostics);
    return 0;
}

static int deinit_diagnostics(void **state)
{
    (void)state;
    diagnostics_deinit(&diagnostics);
    return 0;
}

static struct front_listener *make_listener(const struct listen_config *config)
{
    struct front_listener *listener;
    assert_int_equal(front_listener_create(config, NULL, 1, &handler, &diagnostics, &listener), OK);
    return listener;
}

static void keeps_the_address_as_it_is_configured(void **state)
{
    struct listen_config config = {.address = "[::ffff:127.0.0.1]:0"};
    (void)state;
    struct front_listener *listener = make_listener(&config);
    assert_string_equal(listener->configured, "[::ffff:127.0.0.1]:0");
    assert_string_equal(listener->address.host, "127.0.0.1");
    assert_false(listener->address.tls);
    front_listener_destroy(listener);
}

static void refuses_what_is_no_address_and_frees_the_tls_context(void **state)
{
    struct tls_config tls = {.min_version = TLS1_2_VERSION};
    struct listen_config config = {
        .address = "example.org:80", .tls = &tls, .position = {.line = 7}};
    struct front_listener *listener;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method()); /* a leak would be reported */
    (void)state;
    assert_int_equal(front_listener_create(&config, context, 1, &handler, &diagnostics, &listener),
                     ERR_CONFIG);
    assert_int_equal(diagnostics.count, 1);
    assert_int_equal(diagnostics.items[0].position.line, 7);
    assert_non_null(strstr(diagnostics.items[0].text, "'example.org:80' is not an address"));
}

static void a_probe_finds_two_entries_of_one_port(void **state)
{
    struct listen_config config = {.address = "127.0.0.1:0"};
    char text[32];
    int first, second;
    (void)state;
    struct front_listener *any = make_listener(&config);
    assert_int_equal(front_listener_probe(any, &config, false, &diagnostics, &first), OK);
    struct sockaddr_in bound = {.sin_port = 0};
    socklen_t len = sizeof bound;
    assert_int_equal(getsockname(first, (struct sockaddr *)&bound, &len), 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(bound.sin_port));
    config.address = text;
    struct front_listener *same = make_listener(&config);
    assert_int_equal(front_listener_probe(same, &config, false, &diagnostics, &second), ERR_CONFIG);
    assert_non_null(strstr(diagnostics.items[0].text, "another program, or another entry"));
    assert_int_equal(front_listener_probe(same, &config, true, &diagnostics, &second), ERR_CONFIG);
    assert_non_null(strstr(diagnostics.items[1].text, "only with a restart"));
    close(first);
    front_listener_destroy(any);
    front_listener_destroy(same);
}

static void a_probe_says_that_the_machine_has_no_such_address(void **state)
{
    struct listen_config config = {.address = "192.0.2.1:0"}; /* for documentation */
    int probe;
    (void)state;
    struct front_listener *listener = make_listener(&config);
    assert_int_equal(front_listener_probe(listener, &config, false, &diagnostics, &probe),
                     ERR_CONFIG);
    assert_int_equal(probe, -1);
    assert_non_null(strstr(diagnostics.items[0].text, "this machine has no such address"));
    front_listener_destroy(listener);
}

static void opening_chooses_the_port_and_destroying_closes_it(void **state)
{
    struct config config = {.front_request_timeout = NS_PER_S, .front_max_header = 4096};
    struct listen_config listen = {.address = "127.0.0.1:0"};
    char url[64];
    int probe;
    (void)state;
    struct front_listener *listener = make_listener(&listen);
    assert_int_equal(front_listener_open(listener, &config, listen.position, &diagnostics), OK);
    struct bind_address bound = listener->address;
    assert_int_not_equal(bound.port, 0);
    bind_address_url(&bound, url, sizeof url);
    assert_int_equal(bind_address_parse(&bound, strstr(url, "127."), false), OK);
    assert_int_not_equal(bind_address_probe(&bound, &probe), 0);
    front_listener_destroy(listener);
    assert_int_equal(bind_address_probe(&bound, &probe), 0);
    close(probe);
    front_listener_destroy(NULL);
}

static void opening_a_port_that_is_taken_says_so(void **state)
{
    struct config config = {.front_request_timeout = NS_PER_S, .front_max_header = 4096};
    struct listen_config listen = {.address = "127.0.0.1:0"};
    char text[32];
    int taken = -1;
    (void)state;
    struct front_listener *any = make_listener(&listen);
    assert_int_equal(front_listener_probe(any, &listen, false, &diagnostics, &taken), OK);
    struct sockaddr_in bound = {.sin_port = 0};
    socklen_t len = sizeof bound;
    assert_int_equal(getsockname(taken, (struct sockaddr *)&bound, &len), 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(bound.sin_port));
    listen.address = text;
    struct front_listener *listener = make_listener(&listen);
    assert_int_equal(front_listener_open(listener, &config, listen.position, &diagnostics),
                     ERR_CONFIG);
    assert_non_null(strstr(diagnostics.items[0].text, "cannot start listening: "));
    close(taken);
    front_listener_destroy(any);
    front_listener_destroy(listener);
}

int main(void)
{
#define WITH_DIAGNOSTICS(test)                                                                     \
    cmocka_unit_test_setup_teardown(test, init_diagnostics, deinit_diagnostics)
    const struct CMUnitTest tests[] = {
        WITH_DIAGNOSTICS(keeps_the_address_as_it_is_configured),
        WITH_DIAGNOSTICS(refuses_what_is_no_address_and_frees_the_tls_context),
        WITH_DIAGNOSTICS(a_probe_finds_two_entries_of_one_port),
        WITH_DIAGNOSTICS(a_probe_says_that_the_machine_has_no_such_address),
        WITH_DIAGNOSTICS(opening_chooses_the_port_and_destroying_closes_it),
        WITH_DIAGNOSTICS(opening_a_port_that_is_taken_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
