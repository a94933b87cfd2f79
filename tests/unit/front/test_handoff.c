/* core/front/handoff.c with real sockets, and TLS state that has nothing to do. */
#include "unit.h"

#include "delivery/tls_stream.h"
#include "front/handoff.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

static SSL_CTX *context;

static struct pending *make_plain(int socket)
{
    struct pending *pending = calloc(1, sizeof *pending);
    assert_non_null(pending);
    pending->socket = socket;
    return pending;
}

static struct pending *make_pending(int socket)
{
    struct pending *pending = make_plain(socket);
    SSL_CTX_up_ref(context);
    pending->context = context;
    pending->tls.ssl = SSL_new(context);
    assert_non_null(pending->tls.ssl);
    assert_int_equal(tls_stream_attach(pending->tls.ssl, socket, 65536, 100), OK);
    return pending;
}

static void a_claim_gets_what_was_put_and_only_once(void **state)
{
    struct handoff handoff;
    struct pending_tls out;
    int ends[2];
    (void)state;
    handoff_init(&handoff);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct pending *pending = make_pending(ends[0]);
    const SSL *tls = pending->tls.ssl;
    handoff_put(&handoff, pending);
    assert_false(handoff_claim(&handoff, ends[0] + HANDOFF_BUCKETS, &out));
    assert_true(handoff_claim(&handoff, ends[0], &out));
    assert_ptr_equal(out.ssl, tls);
    assert_false(handoff_claim(&handoff, ends[0], &out));
    SSL_free(out.ssl);
    close(ends[0]);
    close(ends[1]);
    handoff_deinit(&handoff);
}

/* A worker without memory closes a socket that it never claimed; the next connection gets its
 * number, and must not get its TLS state. */
static void what_was_never_claimed_is_not_mixed_up_with_what_has_its_number(void **state)
{
    struct handoff handoff;
    struct pending_tls out;
    int ends[2];
    (void)state;
    handoff_init(&handoff);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    handoff_put(&handoff, make_pending(ends[0]));
    struct pending *next = make_pending(ends[0]);
    const SSL *tls = next->tls.ssl;
    handoff_put(&handoff, next);
    assert_true(handoff_claim(&handoff, ends[0], &out));
    assert_ptr_equal(out.ssl, tls);
    assert_false(handoff_claim(&handoff, ends[0], &out));
    assert_int_equal(write(ends[0], "x", 1), 1); /* It is open still. */
    SSL_free(out.ssl);
    close(ends[0]);
    close(ends[1]);
    handoff_deinit(&handoff);
}

static void a_plain_socket_is_the_hand_offs_until_it_is_claimed(void **state)
{
    struct handoff handoff;
    struct pending_tls out;
    int claimed[2], unclaimed[2];
    char byte;
    (void)state;
    handoff_init(&handoff);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, claimed), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, unclaimed), 0);
    handoff_put(&handoff, make_plain(claimed[0]));
    handoff_put(&handoff, make_plain(unclaimed[0]));
    assert_true(handoff_claim(&handoff, claimed[0], &out));
    assert_null(out.ssl);
    assert_null(out.head);
    handoff_deinit(&handoff);
    assert_int_equal(read(unclaimed[1], &byte, 1), 0);
    assert_int_equal(write(claimed[0], "x", 1), 1);
    close(unclaimed[1]);
    close(claimed[0]);
    close(claimed[1]);
}

static int set_up(void **state)
{
    (void)state;
    context = SSL_CTX_new(TLS_server_method());
    if (context != NULL)
        tls_stream_prepare(context);
    return context == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(context);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_gets_what_was_put_and_only_once),
        cmocka_unit_test(what_was_never_claimed_is_not_mixed_up_with_what_has_its_number),
        cmocka_unit_test(a_plain_socket_is_the_hand_offs_until_it_is_claimed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
