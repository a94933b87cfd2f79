/* core/front/handover.c with real sockets, and TLS state that has nothing to do. */
#include "unit.h"

#include "delivery/tls_stream.h"
#include "front/handover.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

static SSL_CTX *context;

static struct guest *make_guest(int socket)
{
    struct guest *guest = calloc(1, sizeof *guest);
    assert_non_null(guest);
    guest->socket = socket;
    SSL_CTX_up_ref(context);
    guest->context = context;
    guest->tls.ssl = SSL_new(context);
    assert_non_null(guest->tls.ssl);
    assert_int_equal(tls_stream_attach(guest->tls.ssl, socket, 65536, 100), OK);
    return guest;
}

static void a_claim_gets_what_was_put_and_only_once(void **state)
{
    struct handover handover;
    struct guest_tls out;
    int ends[2];
    (void)state;
    handover_init(&handover);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct guest *guest = make_guest(ends[0]);
    const SSL *tls = guest->tls.ssl;
    handover_put(&handover, guest);
    assert_false(handover_claim(&handover, ends[0] + HANDOVER_BUCKETS, &out));
    assert_true(handover_claim(&handover, ends[0], &out));
    assert_ptr_equal(out.ssl, tls);
    assert_false(handover_claim(&handover, ends[0], &out));
    SSL_free(out.ssl);
    close(ends[0]);
    close(ends[1]);
    handover_deinit(&handover);
}

/* A worker without memory closes a socket that it never claimed; the next connection gets its
 * number, and must not get its TLS state. */
static void what_was_never_claimed_is_not_mixed_up_with_what_has_its_number(void **state)
{
    struct handover handover;
    struct guest_tls out;
    int ends[2];
    (void)state;
    handover_init(&handover);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    handover_put(&handover, make_guest(ends[0]));
    struct guest *next = make_guest(ends[0]);
    const SSL *tls = next->tls.ssl;
    handover_put(&handover, next);
    assert_true(handover_claim(&handover, ends[0], &out));
    assert_ptr_equal(out.ssl, tls);
    assert_false(handover_claim(&handover, ends[0], &out));
    assert_int_equal(write(ends[0], "x", 1), 1); /* It is open still. */
    SSL_free(out.ssl);
    close(ends[0]);
    close(ends[1]);
    handover_deinit(&handover);
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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
