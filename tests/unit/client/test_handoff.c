#include "client/handoff.h"

#include "delivery/tls_stream.h"
#include "unit.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct handoff *make_handoff(int ends[2])
{
    struct handoff *handoff = calloc(1, sizeof *handoff);
    const struct request_source source = {.method = "GET", .http_version = "1.1", .path = "/ws"};
    assert_non_null(handoff);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    handoff->socket = ends[0];
    handoff->early = malloc(5);
    assert_non_null(handoff->early);
    handoff->early_len = 5;
    assert_int_equal(request_create(&source, &handoff->request), OK);
    return handoff;
}

static void expect_end(int socket)
{
    char byte;
    assert_int_equal(recv(socket, &byte, 1, MSG_DONTWAIT), 0);
    close(socket);
}

static void destroying_closes_the_socket_and_frees_the_rest(void **state)
{
    int ends[2];
    (void)state;
    handoff_destroy(make_handoff(ends)); /* The sanitizer looks for what would be left. */
    expect_end(ends[1]);
}

static void what_has_been_taken_is_left_alone(void **state)
{
    int ends[2];
    char byte;
    struct handoff *handoff = make_handoff(ends);
    (void)state;
    free(handoff->early);
    request_destroy(handoff->request);
    handoff->early = NULL;
    handoff->request = NULL;
    handoff->socket = -1; /* A client has it. */
    handoff_destroy(handoff);
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
    close(ends[0]);
    expect_end(ends[1]);
}

/* SSL_get_error of the thread's next connection would read what is left in the queue. */
static void a_tls_state_goes_without_leaving_an_error(void **state)
{
    int ends[2];
    struct handoff *handoff = make_handoff(ends);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    (void)state;
    handoff->tls = SSL_new(context);
    assert_int_equal(tls_stream_attach(handoff->tls, handoff->socket, 1000, 10), OK);
    handoff_destroy(handoff);
    assert_int_equal(ERR_peek_error(), 0);
    SSL_CTX_free(context);
    expect_end(ends[1]);
}

static void nothing_can_be_destroyed(void **state)
{
    (void)state;
    handoff_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(destroying_closes_the_socket_and_frees_the_rest),
        cmocka_unit_test(what_has_been_taken_is_left_alone),
        cmocka_unit_test(a_tls_state_goes_without_leaving_an_error),
        cmocka_unit_test(nothing_can_be_destroyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
