/* core/front/pending.c on socket pairs; TLS is tested with test_accept_queue_tls.c. */
#include "unit.h"

#include "base/address.h"
#include "front/pending.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define MAX_HEAD 64

static unsigned char scratch[MAX_HEAD];

/* A pending connection and its peer's end. */
struct pair {
    struct pending *pending;
    int peer;
};

static struct pair make_pair(void)
{
    int ends[2];
    struct pair pair = {.pending = calloc(1, sizeof *pair.pending)};
    assert_non_null(pair.pending);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pair.pending->socket = ends[0];
    pair.peer = ends[1];
    return pair;
}

static void destroy_pair(struct pair *pair)
{
    pending_destroy(pair->pending);
    close(pair->peer);
}

static enum pending_state examine(struct pair *pair)
{
    return pending_examine(pair->pending, scratch, MAX_HEAD);
}

static void say(const struct pair *pair, const char *text)
{
    assert_int_equal(send(pair->peer, text, strlen(text), 0), strlen(text));
}

/* Reads all that comes before the end. */
static void read_answer(int peer, char answer[512])
{
    ssize_t len = recv(peer, answer, 511, MSG_WAITALL);
    assert_true(len >= 0);
    answer[len] = '\0';
}

static void a_plain_head_is_ready_with_its_last_byte_and_stays_in_the_socket(void **state)
{
    struct pair pair = make_pair();
    char got[sizeof HEAD] = "";
    (void)state;
    for (size_t i = 0; i + 1 < sizeof HEAD; i++) {
        assert_int_equal(examine(&pair), PENDING_INCOMPLETE);
        assert_int_equal(send(pair.peer, &HEAD[i], 1, 0), 1);
    }
    assert_int_equal(examine(&pair), PENDING_READY);
    assert_int_equal(recv(pair.pending->socket, got, sizeof got, 0), sizeof HEAD - 1);
    assert_string_equal(got, HEAD);
    destroy_pair(&pair);
}

static void a_handshake_can_begin_with_its_first_byte(void **state)
{
    struct pair silent = make_pair();
    struct pair ended = make_pair();
    struct pair plain = make_pair();
    (void)state;
    assert_int_equal(pending_look_for_tls(silent.pending), PENDING_INCOMPLETE);
    assert_int_equal(shutdown(silent.peer, SHUT_WR), 0);
    assert_int_equal(pending_look_for_tls(silent.pending), PENDING_ENDED);
    say(&ended, "\x16");
    ended.pending->has_ended = true; /* as epoll says: it could not answer */
    assert_int_equal(pending_look_for_tls(ended.pending), PENDING_ENDED);
    ended.pending->has_ended = false;
    assert_int_equal(pending_look_for_tls(ended.pending), PENDING_READY);
    ended.pending->has_ended = true; /* What has begun goes on. */
    assert_int_equal(pending_look_for_tls(ended.pending), PENDING_READY);
    say(&plain, "G");
    assert_int_equal(pending_look_for_tls(plain.pending), PENDING_PLAIN_HTTP);
    destroy_pair(&silent);
    destroy_pair(&ended);
    destroy_pair(&plain);
}

static void a_head_as_long_as_may_be_is_ready(void **state)
{
    struct pair pair = make_pair();
    (void)state;
    for (int i = 1; i < MAX_HEAD; i++)
        say(&pair, "x");
    assert_int_equal(examine(&pair), PENDING_INCOMPLETE);
    say(&pair, "x");
    assert_int_equal(examine(&pair), PENDING_READY);
    destroy_pair(&pair);
}

static void what_was_looked_at_is_counted_each_time(void **state)
{
    struct pair pair = make_pair();
    (void)state;
    say(&pair, "GET ");
    assert_int_equal(examine(&pair), PENDING_INCOMPLETE);
    assert_int_equal(examine(&pair), PENDING_INCOMPLETE);
    assert_int_equal(pair.pending->peeked, 8);
    destroy_pair(&pair);
}

static void a_peer_that_ends_before_its_head_is_complete_has_ended(void **state)
{
    struct pair silent = make_pair();
    struct pair half = make_pair();
    (void)state;
    assert_int_equal(shutdown(silent.peer, SHUT_WR), 0);
    assert_int_equal(examine(&silent), PENDING_ENDED);
    say(&half, "GET ");
    assert_int_equal(examine(&half), PENDING_INCOMPLETE);
    half.pending->has_ended = true; /* as epoll says */
    assert_int_equal(examine(&half), PENDING_ENDED);
    destroy_pair(&silent);
    destroy_pair(&half);
}

static void a_complete_head_is_ready_although_the_peer_has_ended(void **state)
{
    struct pair pair = make_pair();
    (void)state;
    say(&pair, HEAD);
    pair.pending->has_ended = true;
    assert_int_equal(examine(&pair), PENDING_READY);
    destroy_pair(&pair);
}

static void a_proxy_header_is_read_and_not_a_byte_more(void **state)
{
    static const char header[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\x7f\0\0\x01"
                                 "\x12\x67\0\x50";
    struct pair pair = make_pair();
    struct address named;
    char text[ADDRESS_TEXT_MAX];
    (void)state;
    pair.pending->proxy_header_stage = PROXY_HEADER_POSSIBLE;
    for (size_t i = 0; i + 1 < sizeof header; i++) {
        assert_int_equal(pending_examine_proxy_header(pair.pending), PENDING_INCOMPLETE);
        assert_int_equal(send(pair.peer, &header[i], 1, 0), 1);
    }
    say(&pair, HEAD);
    assert_int_equal(examine(&pair), PENDING_READY);
    assert_true(pair.pending->is_announced);
    address_from_sockaddr(&named, (const struct sockaddr *)&pair.pending->peer);
    address_text(&named, text);
    assert_string_equal(text, "198.51.100.7");
    assert_int_equal(pair.pending->proxy_header_stage, PROXY_HEADER_DONE);
    destroy_pair(&pair);
}

static void a_proxy_header_of_version_1_is_noted_and_left(void **state)
{
    struct pair pair = make_pair();
    (void)state;
    pair.pending->proxy_header_stage = PROXY_HEADER_POSSIBLE;
    say(&pair, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
    assert_int_equal(pending_examine_proxy_header(pair.pending), PENDING_READY);
    assert_true(pair.pending->has_old_header);
    assert_false(pair.pending->is_announced);
    destroy_pair(&pair);
}

static void an_interrupted_proxy_header_is_bad(void **state)
{
    struct pair pair = make_pair();
    (void)state;
    pair.pending->proxy_header_stage = PROXY_HEADER_POSSIBLE;
    assert_int_equal(send(pair.peer, "\r\n\r\n\0\r\nQUIT\n\x21", 13, 0), 13);
    assert_int_equal(pending_examine_proxy_header(pair.pending), PENDING_INCOMPLETE);
    assert_int_equal(shutdown(pair.peer, SHUT_WR), 0);
    assert_int_equal(pending_examine_proxy_header(pair.pending), PENDING_BAD_PROXY_HEADER);
    destroy_pair(&pair);
}

static void tls_state_is_made_for_the_first_byte_of_tls_only(void **state)
{
    struct pair tls = make_pair();
    struct pair plain = make_pair();
    (void)state;
    tls.pending->context = SSL_CTX_new(TLS_server_method());
    plain.pending->context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(examine(&tls), PENDING_INCOMPLETE);
    assert_int_equal(pending_tls_bytes(tls.pending), 0);
    say(&tls, "\x16");
    assert_int_equal(examine(&tls), PENDING_INCOMPLETE);
    assert_int_equal(pending_tls_bytes(tls.pending), PENDING_HANDSHAKE_BYTES);
    say(&plain, "G");
    assert_int_equal(examine(&plain), PENDING_PLAIN_HTTP);
    assert_null(plain.pending->tls.ssl);
    destroy_pair(&tls);
    destroy_pair(&plain);
}

static void bytes_that_are_no_tls_end_the_connection(void **state)
{
    struct pair pair = make_pair();
    (void)state;
    pair.pending->context = SSL_CTX_new(TLS_server_method());
    say(&pair, "\x01\x02\x03\x04\x05\x06\x07\x08");
    assert_int_equal(examine(&pair), PENDING_ENDED);
    destroy_pair(&pair);
}

static void answers_reach_a_peer_that_is_still_sending(void **state)
{
    struct pair late = make_pair();
    struct pair plain = make_pair();
    char answer[512];
    (void)state;
    say(&late, "GET ");
    pending_send_timeout(late.pending);
    pending_destroy(late.pending);
    read_answer(late.peer, answer);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 408 Request Timeout\r\n"), answer);
    say(&plain, "GET ");
    pending_send_tls_hint(plain.pending);
    pending_destroy(plain.pending);
    read_answer(plain.peer, answer);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 400 Bad Request\r\n"), answer);
    close(late.peer);
    close(plain.peer);
}

static void clearing_a_queue_closes_its_connections(void **state)
{
    struct pending_queue queue = TAILQ_HEAD_INITIALIZER(queue);
    struct pair pairs[3];
    char byte;
    (void)state;
    for (int i = 0; i < 3; i++) {
        pairs[i] = make_pair();
        TAILQ_INSERT_TAIL(&queue, pairs[i].pending, link);
    }
    pending_queue_clear(&queue);
    assert_true(TAILQ_EMPTY(&queue));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(recv(pairs[i].peer, &byte, 1, 0), 0);
        close(pairs[i].peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_head_is_ready_with_its_last_byte_and_stays_in_the_socket),
        cmocka_unit_test(a_handshake_can_begin_with_its_first_byte),
        cmocka_unit_test(a_head_as_long_as_may_be_is_ready),
        cmocka_unit_test(what_was_looked_at_is_counted_each_time),
        cmocka_unit_test(a_peer_that_ends_before_its_head_is_complete_has_ended),
        cmocka_unit_test(a_complete_head_is_ready_although_the_peer_has_ended),
        cmocka_unit_test(a_proxy_header_is_read_and_not_a_byte_more),
        cmocka_unit_test(a_proxy_header_of_version_1_is_noted_and_left),
        cmocka_unit_test(an_interrupted_proxy_header_is_bad),
        cmocka_unit_test(tls_state_is_made_for_the_first_byte_of_tls_only),
        cmocka_unit_test(bytes_that_are_no_tls_end_the_connection),
        cmocka_unit_test(answers_reach_a_peer_that_is_still_sending),
        cmocka_unit_test(clearing_a_queue_closes_its_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
