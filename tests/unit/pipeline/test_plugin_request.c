#include "pipeline/plugin_request.h"
#include "failing_memory.h"
#include "http/http_client.h"
#include "http/served.h"
#include "pipeline/hook.h"
#include "pipeline/rig.h"

#include <sched.h>

static void destroy(struct sl_instance *self)
{
    (void)self;
    note("destroy");
}

static const struct sl_plugin asker = {SL_PLUGIN_HEADER, .name = "asker", .version = "1",
                                       .destroy = destroy};
static const struct sl_plugin other = {SL_PLUGIN_HEADER, .name = "other", .version = "1"};

static struct served served;
static struct chain *chain;
static struct rig_client client;
static char url[64];
static uint32_t flags; /* of what is sent */

static void done(struct sl_instance *self, struct sl_client *seen,
                 const struct sl_http_response *response, void *context)
{
    char text[32];
    assert_ptr_equal(hook_instance(), self);
    assert_int_equal(hook_stage() != NULL, seen != NULL);
    assert_int_equal(response->struct_size, sizeof *response);
    snprintf(text, sizeof text, "%s:%d:%d", (const char *)context, (int)response->outcome,
             response->status);
    note(text);
    note(seen != NULL ? "client" : "nobody");
}

static int set_up(void **state)
{
    const struct rig_stage stage = {.table = &asker};
    const struct http_limits limits = {
        .under_way = 4, .per_owner = 2, .queue = 3, .failures = 1, .pause = 3600 * NS_PER_S};
    rig_set_up(state);
    flags = 0;
    served_begin(&served);
    assert_int_equal(http_client_create(&limits, &rig.pipeline.http), OK);
    chain = rig_chain(&stage, 1);
    rig_client_init(&client, chain, 1);
    rig.findable = &client.seen;
    return 0;
}

static int tear_down(void **state)
{
    http_client_stop(rig.pipeline.http);
    rig_deliver();
    chain_destroy(chain);
    rig_deliver();
    http_client_destroy(rig.pipeline.http);
    served_end(&served);
    return rig_tear_down(state);
}

static struct instance *instance(void)
{
    return chain->stages[0].instance;
}

static int send_to(const char *path, uint64_t client_id)
{
    static char context[] = "x";
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", served.port, path);
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .flags = flags,
                                            .url = sl_string_of(url),
                                            .timeout = 600 * NS_PER_S};
    return plugin_request_send(instance(), client_id, &request, done, context);
}

/* Waits until the HTTP client has nothing to do, and delivers what has come back. */
static void finish_requests(void)
{
    struct http_client_stats stats;
    int64_t deadline = clock_monotonic() + 120 * NS_PER_S;
    do {
        assert_true(clock_monotonic() < deadline);
        sched_yield();
        http_client_read(rig.pipeline.http, &stats);
    } while (stats.waiting + stats.under_way > 0);
    http_client_stop(rig.pipeline.http); /* What it has ended is in the mail. */
    rig_deliver();
}

static void the_response_comes_back_to_the_client(void **state)
{
    (void)state;
    assert_int_equal(send_to("/ok", client.seen.id), OK);
    finish_requests();
    expect_notes("x:1:200 client");
    assert_int_equal(atomic_load(&instance()->references), 1);
}

static void a_request_about_no_client_comes_back_to_the_instance(void **state)
{
    (void)state;
    assert_int_equal(send_to("/ok", 0), OK);
    finish_requests();
    expect_notes("x:1:200 nobody");
}

static void a_client_that_goes_takes_its_request_along(void **state)
{
    (void)state;
    assert_int_equal(send_to("/never", client.seen.id), OK);
    rig.findable = NULL;
    plugin_request_cancel(&rig.pipeline, NULL, client.seen.id);
    finish_requests();
    expect_notes("x:6:0 nobody");
}

static void an_answer_for_a_client_that_has_gone_is_not_shown(void **state)
{
    (void)state;
    rig.findable = NULL;
    assert_int_equal(send_to("/ok", client.seen.id), OK);
    finish_requests();
    expect_notes("x:6:0 nobody");
}

static void a_client_that_leaves_the_instance_takes_its_request_along(void **state)
{
    const struct rig_stage stage = {.table = &other};
    struct chain *next = rig_chain(&stage, 1);
    (void)state;
    assert_int_equal(send_to("/never", client.seen.id), OK);
    plugin_request_cancel(&rig.pipeline, next->stages[0].instance, client.seen.id);
    plugin_request_cancel(&rig.pipeline, instance(), client.seen.id);
    client.seen.chain = next;
    finish_requests();
    expect_notes("x:6:0 nobody");
    chain_destroy(next);
}

static void stopping_ends_what_is_under_way(void **state)
{
    (void)state;
    assert_int_equal(send_to("/never", 0), OK);
    http_client_stop(rig.pipeline.http);
    rig_deliver();
    expect_notes("x:6:0 nobody");
    assert_int_equal(send_to("/ok", 0), ERR_CLOSED);
    assert_int_equal(atomic_load(&instance()->references), 1);
}

static void a_request_keeps_its_instance(void **state)
{
    const struct rig_stage stage = {.table = &asker};
    struct chain *old = chain;
    (void)state;
    assert_int_equal(send_to("/never", 0), OK);
    assert_int_equal(atomic_load(&instance()->references), 2);
    chain = rig_chain(&stage, 1);
    chain_destroy(old);
    rig_deliver();
    expect_notes("");
    http_client_stop(rig.pipeline.http);
    rig_deliver();
    expect_notes("x:6:0 nobody destroy");
}

static void one_that_ends_with_its_instance_does_not_and_is_done_first(void **state)
{
    const struct rig_stage stage = {.table = &asker};
    struct chain *old = chain;
    (void)state;
    flags = SL_HTTP_ENDS_WITH_INSTANCE;
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_to("/never", 0), OK); /* One at least waits. */
    assert_int_equal(atomic_load(&instance()->references), 1);
    chain = rig_chain(&stage, 1);
    chain_destroy(old);
    rig_deliver();
    finish_requests();
    expect_notes("x:6:0 nobody x:6:0 nobody x:6:0 nobody destroy");
}

static void one_that_ends_with_its_instance_ends_by_itself_as_well(void **state)
{
    (void)state;
    flags = SL_HTTP_ENDS_WITH_INSTANCE;
    assert_int_equal(send_to("/ok", client.seen.id), OK);
    finish_requests();
    expect_notes("x:1:200 client");
    assert_int_equal(atomic_load(&instance()->ties), 1);
    assert_int_equal(send_to("/ok", 0), ERR_CLOSED);
    assert_int_equal(atomic_load(&instance()->ties), 1);
    assert_int_equal(atomic_load(&instance()->references), 1);
}

static void refuses_what_is_not_valid(void **state)
{
    const struct sl_pair header = {sl_string_of("X"), sl_string_of("a\r\nb: c")};
    struct sl_http_request request = {.struct_size = sizeof request,
                                      .url = sl_string_of("http://127.0.0.1/"),
                                      .headers = &header,
                                      .header_count = 1};
    struct http_owner_stats stats;
    (void)state;
    assert_int_equal(plugin_request_send(instance(), 0, &request, done, NULL), ERR_INVALID);
    request.header_count = 0;
    assert_int_equal(plugin_request_send(instance(), 0, &request, NULL, NULL), ERR_INVALID);
    assert_false(plugin_request_read(instance(), &stats));
    assert_int_equal(atomic_load(&instance()->references), 1);
}

static void counts_for_its_instance(void **state)
{
    struct http_owner_stats stats;
    (void)state;
    unsigned taken = 0;
    while (taken < 10 && send_to("/never", 0) == OK)
        taken++;
    assert_in_range(taken, 3, 5);
    assert_true(plugin_request_read(instance(), &stats));
    assert_int_equal(stats.rejected, 1);
    http_client_stop(rig.pipeline.http);
    rig_deliver();
    rig.notes[0] = '\0';
    assert_true(plugin_request_read(instance(), &stats));
    assert_int_equal(stats.outcomes[SL_HTTP_CANCELLED], taken);
}

static int try_send(void *context)
{
    (void)context;
    return send_to("/ok", client.seen.id);
}

static void without_memory_nothing_is_called(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(try_send, NULL) >= 4);
    finish_requests();
    expect_notes("x:1:200 client");
    assert_int_equal(atomic_load(&instance()->references), 1);
}

#define request_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        request_test(the_response_comes_back_to_the_client),
        request_test(a_request_about_no_client_comes_back_to_the_instance),
        request_test(a_client_that_goes_takes_its_request_along),
        request_test(an_answer_for_a_client_that_has_gone_is_not_shown),
        request_test(a_client_that_leaves_the_instance_takes_its_request_along),
        request_test(stopping_ends_what_is_under_way),
        request_test(a_request_keeps_its_instance),
        request_test(one_that_ends_with_its_instance_does_not_and_is_done_first),
        request_test(one_that_ends_with_its_instance_ends_by_itself_as_well),
        request_test(refuses_what_is_not_valid),
        request_test(counts_for_its_instance),
        request_test(without_memory_nothing_is_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
