#include "workbench.h"

#include "workbench/scenario_http.h"

static struct sl_instance *self;
static int status;
static char text[64];

static void done(struct sl_instance *of, struct sl_client *client,
                 const struct sl_http_response *response, void *context)
{
    struct sl_string found;
    (void)client, (void)context;
    status = response->outcome == SL_HTTP_ANSWERED ? response->status : -(int)response->outcome;
    if (of->host->http_header(response, "X-One", &found))
        snprintf(text, sizeof text, "%.*s", (int)found.len, found.data);
}

static void begin(const char *list)
{
    situation_begin_host();
    self = fake_instance_seen(instance_with((struct sl_plugin){.flags = 0}));
    scenario_http_begin(yaml_of(list));
}

static int ask(const char *url, const char *body)
{
    const struct sl_pair header = {sl_string_of("Authorization"), sl_string_of("Bearer x")};
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .url = sl_string_of(url),
                                            .headers = &header,
                                            .header_count = 1,
                                            .body = sl_string_of(body)};
    int result = self->host->http_request(self, 0, &request, done, NULL);
    fake_run_offloaded();
    return result;
}

static void run(void *list)
{
    begin(list);
    ask("http://a.test/x", "");
    scenario_http_end();
}

static void answers_fit(void *list)
{
    begin(list);
    ask("http://a.test/two", "{\"n\": 2}");
    if (status != 201 || strcmp(text, "1") != 0)
        situation_fail("status %d, header %s", status, text);
    ask("http://a.test/one", "");
    ask("http://a.test/one", "");
    if (status != -SL_HTTP_FAILED)
        situation_fail("status %d", status);
    if (ask("http://a.test/three", "") != -1)
        situation_fail("was taken");
    scenario_http_end();
}

static void entries_answer_by_method_and_url(void **state)
{
    (void)state;
    assert_passes(answers_fit,
                  (char[]){"- {expect: {url: 'http://a.test/one'}, times: 2, respond: fail}\n"
                           "- expect: {url: 'http://a.test/two', method: POST, json: '{\"n\":2}',\n"
                           "           headers: {authorization: Bearer x}}\n"
                           "  respond: {status: 201, headers: {X-One: 1}, body: text}\n"
                           "- {respond: not_taken}\n"});
}

static void what_was_not_expected_fails_the_scenario(void **state)
{
    (void)state;
    assert_passes(run, (char[]){"- respond: {}\n"});
    assert_fails(run, (char[]){"- {expect: {url: 'http://b.test/'}, respond: {}}\n"},
                 "asked for GET http://a.test/x, which no entry");
    assert_fails(run, (char[]){"- {expect: {method: POST}, respond: {}}\n"}, "no entry");
    assert_fails(run, (char[]){"- {expect: {headers: {X: y}}, respond: {}}\n"},
                 "has no header 'X: y'");
    assert_fails(run, (char[]){"- {expect: {body: text}, respond: {}}\n"}, "body: expected 'text'");
}

static void what_was_expected_and_did_not_come_fails_it_too(void **state)
{
    (void)state;
    assert_fails(run, (char[]){"- respond: {}\n- respond: {}\n"}, "has not asked for this");
    assert_fails(run, (char[]){"- {respond: {}, times: 3}\n"}, "so often");
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_fails(run, (char[]){"{respond: {}}"}, "expected a list");
    assert_fails(run, (char[]){"- {expect: {}}\n"}, "needs 'respond'");
    assert_fails(run, (char[]){"- {respond: sometimes}\n"}, "or one of fail, nothing");
    assert_fails(run, (char[]){"- {respond: {status: 99}}\n"}, "a status is 200 to 599");
    assert_fails(run, (char[]){"- {respond: {body: x, stat: 200}}\n"}, "unknown key 'stat'");
    assert_fails(run, (char[]){"- {expect: {path: /x}, respond: {}}\n"}, "unknown key 'path'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_answer_by_method_and_url),
        cmocka_unit_test(what_was_not_expected_fails_the_scenario),
        cmocka_unit_test(what_was_expected_and_did_not_come_fails_it_too),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
