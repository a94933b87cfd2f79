#include "one_instance.h"

static struct fake_http_reply reply;
static char notes[64]; /* outcome, status and C or N for each that is done */
static char body[64];

static void answer(const struct sl_http_request *request, struct fake_http_reply *out,
                   void *context)
{
    assert_ptr_equal(context, &reply);
    assert_memory_equal(request->method.data, "GET", 3);
    *out = reply;
}

static int begin(void **state)
{
    (void)state;
    begin_with_instance((struct sl_plugin){.flags = 0});
    notes[0] = body[0] = '\0';
    reply = (struct fake_http_reply){.outcome = SL_HTTP_ANSWERED, .status = 200};
    fake_http_serve(answer, &reply);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (instance != NULL)
        fake_instance_destroy(instance);
    return 0;
}

static void done(struct sl_instance *of, struct sl_client *client,
                 const struct sl_http_response *response, void *context)
{
    size_t used = strlen(notes);
    assert_ptr_equal(of, self);
    assert_string_equal(context, "context");
    snprintf(notes + used, sizeof notes - used, "%d:%d%s ", (int)response->outcome,
             response->status, client != NULL ? "C" : "N");
    snprintf(body, sizeof body, "%.*s", (int)response->body.len, response->body.data);
}

static int ask(uint64_t client_id, int64_t timeout)
{
    static char context[] = "context";
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .url = sl_string_of("http://a.test/"),
                                            .timeout = timeout,
                                            .max_body = 10};
    return host->http_request(self, client_id, &request, done, context);
}

static void answers_when_offloaded_work_is_run(void **state)
{
    const struct sl_pair header = {sl_string_of("X-One"), sl_string_of("1")};
    (void)state;
    reply.body = sl_string_of("text");
    reply.headers = &header;
    reply.header_count = 1;
    assert_int_equal(ask(0, 0), 0);
    assert_string_equal(notes, "");
    fake_run_offloaded();
    assert_string_equal(notes, "1:200N ");
    assert_string_equal(body, "text");
    fake_run_offloaded();
    assert_string_equal(notes, "1:200N ");
}

static void without_a_server_there_is_no_network(void **state)
{
    (void)state;
    fake_http_serve(NULL, NULL);
    assert_int_equal(ask(0, 0), 0);
    fake_run_offloaded();
    assert_string_equal(notes, "2:0N ");
}

static void what_is_never_answered_meets_its_deadline(void **state)
{
    (void)state;
    reply.outcome = (enum sl_http_outcome)0;
    assert_int_equal(ask(0, 2000), 0);
    fake_run_offloaded();
    fake_advance(1999);
    assert_string_equal(notes, "");
    fake_advance(1);
    assert_string_equal(notes, "3:0N ");
}

static void a_client_that_goes_takes_its_request_along(void **state)
{
    (void)state;
    struct sl_client *one = fake_client_create(NULL), *two = fake_client_create(NULL);
    assert_int_equal(ask(fake_client_number(one), 0), 0);
    assert_int_equal(ask(fake_client_number(two), 0), 0);
    fake_client_destroy(one);
    fake_run_offloaded();
    assert_string_equal(notes, "6:0N 1:200C ");
    fake_client_destroy(two);
}

static void the_end_of_an_instance_ends_its_requests(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 0), 0);
    fake_instance_destroy(instance);
    instance = NULL;
    assert_string_equal(notes, "6:0N ");
}

static void keeps_the_limit_of_the_body(void **state)
{
    (void)state;
    reply.body = sl_string_of("0123456789a");
    assert_int_equal(ask(0, 0), 0);
    fake_run_offloaded();
    assert_string_equal(notes, "4:0N ");
    assert_string_equal(body, "");
}

static void takes_only_what_the_server_would_take(void **state)
{
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .url = sl_string_of("http://a.test/\r\n")};
    (void)state;
    assert_int_equal(host->http_request(self, 0, &request, done, NULL), -1);
    assert_non_null(strstr(fake_log_text(), "percent-encoded"));
    reply.is_not_taken = true;
    assert_int_equal(ask(0, 0), -1);
    fake_run_offloaded();
    assert_string_equal(notes, "");
}

#define http_test(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        http_test(answers_when_offloaded_work_is_run),
        http_test(without_a_server_there_is_no_network),
        http_test(what_is_never_answered_meets_its_deadline),
        http_test(a_client_that_goes_takes_its_request_along),
        http_test(the_end_of_an_instance_ends_its_requests),
        http_test(keeps_the_limit_of_the_body),
        http_test(takes_only_what_the_server_would_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
