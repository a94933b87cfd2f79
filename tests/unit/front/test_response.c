/* core/front/response.c: what a client receives. */
#include "front/http_fixture.h"

#include "front/response.h"

/* What is answered next. */
struct planned {
    struct response response;
    const char *sentence, *header; /* instead of it, if there is a sentence */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, which workers read */
static struct planned planned;
static struct http_fixture fixture;
static char answer[8192];

static int answer_request(const void *context, struct mg_connection *conn,
                          const struct address *from)
{
    (void)context;
    (void)from;
    pthread_mutex_lock(&lock);
    struct planned own = planned;
    pthread_mutex_unlock(&lock);
    return own.sentence != NULL ? response_send_text(conn, 403, own.sentence, own.header)
                                : response_send(conn, &own.response);
}

static int answer_unreadable(struct mg_connection *conn, int status, const char *text)
{
    return response_send_text(conn, status, text, NULL);
}

static int start_fixture(void **state)
{
    (void)state;
    start_http(&fixture, (struct request_handler){answer_request, answer_unreadable, NULL});
    return 0;
}

static int stop_fixture(void **state)
{
    (void)state;
    stop_http(&fixture);
    return 0;
}

static void plan(struct planned next)
{
    pthread_mutex_lock(&lock);
    planned = next;
    pthread_mutex_unlock(&lock);
}

static int ask(const char *request)
{
    return exchange(fixture.address.port, request, answer, sizeof answer);
}

static void a_response_has_its_length_and_ends_the_connection(void **state)
{
    (void)state;
    plan((struct planned){.response = {200, "text/css", "X-Own: 1\r\n", "a{}", 3, NULL}});
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 200 OK\r\n"), answer);
    assert_non_null(strstr(answer, "\r\nContent-Type: text/css\r\n"));
    assert_non_null(strstr(answer, "\r\nContent-Length: 3\r\n"));
    assert_non_null(strstr(answer, "\r\nX-Own: 1\r\n"));
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(answer, " GMT\r\n"));
    assert_string_equal(body_of(answer), "a{}");
}

static void head_gets_the_same_without_the_body(void **state)
{
    (void)state;
    plan((struct planned){.response = {200, "text/css", "", "a{}", 3, NULL}});
    assert_int_equal(ask("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_non_null(strstr(answer, "\r\nContent-Length: 3\r\n"));
    assert_string_equal(body_of(answer), "");
}

static void what_a_browser_has_is_not_sent_again(void **state)
{
    (void)state;
    plan((struct planned){.response = {304, "text/css", "", "a{}", 3, "no-cache"}});
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 304);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 304 Not Modified\r\n"), answer);
    assert_non_null(strstr(answer, "\r\nCache-Control: no-cache\r\n"));
    assert_string_equal(body_of(answer), "");
}

static void a_sentence_is_plain_text_with_a_header(void **state)
{
    (void)state;
    plan((struct planned){.sentence = "Not here.", .header = "Allow: GET"});
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 403);
    assert_ptr_equal(strstr(answer, "HTTP/1.1 403 Forbidden\r\n"), answer);
    assert_non_null(strstr(answer, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(answer, "\r\nAllow: GET\r\n"));
    assert_string_equal(body_of(answer), "Not here.\n");
}

static void a_sentence_that_is_too_long_is_cut(void **state)
{
    static char text[2000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    plan((struct planned){.sentence = text});
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 403);
    assert_non_null(strstr(answer, "\r\nContent-Length: 511\r\n"));
    assert_int_equal(strlen(body_of(answer)), 511);
}

/* Closing the connection with the unread body would reset it, and the answer could be lost. */
static void a_refusal_reaches_a_client_that_sends_a_body(void **state)
{
    static char request[200000] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 199900\r\n\r\n";
    (void)state;
    memset(request + strlen(request), 'x', sizeof request - 1 - strlen(request));
    plan((struct planned){.sentence = "Not here."});
    assert_int_equal(ask(request), 403);
    assert_string_equal(body_of(answer), "Not here.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_has_its_length_and_ends_the_connection),
        cmocka_unit_test(head_gets_the_same_without_the_body),
        cmocka_unit_test(what_a_browser_has_is_not_sent_again),
        cmocka_unit_test(a_sentence_is_plain_text_with_a_header),
        cmocka_unit_test(a_sentence_that_is_too_long_is_cut),
        cmocka_unit_test(a_refusal_reaches_a_client_that_sends_a_body),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
