#include "workbench.h"

#define SECOND INT64_C(1000000000)

static const struct sl_host *host;
static struct sl_ticket ticket;
static struct sl_deferral how;
static int cancelled; /* the reason, or 0 */

static void on_cancel(struct sl_instance *self, struct sl_ticket of, void *context,
                      enum sl_cancel_reason reason)
{
    (void)self;
    REQUIRE(of.value == ticket.value && context == &how);
    cancelled = (int)reason;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    (void)request;
    host = self->host;
    return host->defer(self, client, &how, &ticket);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)message;
    host = self->host;
    return host->defer(self, client, &how, &ticket);
}

static struct fake_instance *instance;
static struct sl_client *client;

static void begin(void)
{
    situation_begin_host();
    cancelled = 0;
    how = (struct sl_deferral){.struct_size = sizeof how, .context = &how, .on_cancel = on_cancel};
    instance =
        instance_with((struct sl_plugin){.on_connect = on_connect, .on_message = on_message});
    client = fake_client_create(NULL);
}

static void send_hello(void)
{
    struct fake_result result;
    begin();
    fake_open(instance, client);
    REQUIRE(fake_message(instance, client, SL_TEXT, "hello", 5, &result) == SL_DEFER);
    REQUIRE(fake_is_deferred(client));
    fake_result_release(&result);
}

static void complete_a_message(void *argument)
{
    struct fake_result result;
    (void)argument;
    send_hello();
    REQUIRE(!fake_await(client, 0, &result));
    REQUIRE(host->complete(ticket, SL_HANDLED, NULL) == 0);
    REQUIRE(fake_await(client, 0, &result));
    REQUIRE(result.verdict == SL_HANDLED && !fake_is_deferred(client) && cancelled == 0);
    REQUIRE(result.len == 5 && memcmp(result.data, "hello", 5) == 0);
    fake_result_release(&result);
}

static void complete_with_another_message(void *argument)
{
    struct fake_result result;
    struct sl_completion details = {
        .struct_size = sizeof details, .type = SL_TEXT, .data = {"bye", 3}};
    (void)argument;
    send_hello();
    REQUIRE(host->complete(ticket, SL_CONTINUE, &details) == 0);
    REQUIRE(fake_await(client, 0, &result));
    REQUIRE(result.verdict == SL_CONTINUE && result.len == 3 && memcmp(result.data, "bye", 3) == 0);
    fake_result_release(&result);
}

static void complete_a_refusal(void *argument)
{
    struct fake_result result;
    const struct sl_pair header = {{"Retry-After", 11}, {"7", 1}};
    struct sl_completion details = {.struct_size = sizeof details,
                                    .code = 429,
                                    .reason = {"Later", 5},
                                    .headers = &header,
                                    .header_count = 1};
    (void)argument;
    begin();
    REQUIRE(fake_connect(instance, client, &result) == SL_DEFER);
    REQUIRE(host->complete(ticket, SL_DENY, &details) == 0);
    REQUIRE(fake_await(client, 0, &result));
    REQUIRE(result.verdict == SL_DENY && result.code == 429);
    REQUIRE(strcmp(result.reason, "Later") == 0);
    REQUIRE(fake_result_has_header(&result, "Retry-After", "7"));
}

static void complete_with_an_identity(void *argument)
{
    struct fake_result result;
    const struct sl_pair attribute = {{"role", 4}, {"admin", 5}};
    struct sl_completion details = {.struct_size = sizeof details,
                                    .identity = {"ada", 3},
                                    .attributes = &attribute,
                                    .attribute_count = 1};
    (void)argument;
    begin();
    REQUIRE(fake_connect(instance, client, &result) == SL_DEFER);
    REQUIRE(host->complete(ticket, SL_CONTINUE, &details) == 0);
    REQUIRE(fake_await(client, 0, &result));
    REQUIRE(result.verdict == SL_CONTINUE);
    REQUIRE(strcmp(fake_client_name(client), "ada") == 0);
    REQUIRE(strcmp(fake_client_attribute(client, "role"), "admin") == 0);
}

static void a_completion_decides(void **state)
{
    (void)state;
    assert_passes(complete_a_message, NULL);
    assert_passes(complete_with_another_message, NULL);
    assert_passes(complete_a_refusal, NULL);
    assert_passes(complete_with_an_identity, NULL);
}

static void pass_the_deadline(void *argument)
{
    struct fake_result result;
    (void)argument;
    send_hello();
    fake_advance(2 * SECOND - 1);
    REQUIRE(!fake_await(client, 0, &result));
    fake_advance(1);
    REQUIRE(cancelled == SL_CANCEL_TIMEOUT);
    REQUIRE(fake_await(client, 0, &result) && result.verdict == SL_ERROR);
    fake_result_release(&result);
    REQUIRE(host->complete(ticket, SL_CONTINUE, NULL) == SL_GONE);
}

static void pass_a_shorter_deadline(void *argument)
{
    struct fake_result result;
    (void)argument;
    begin();
    how.timeout = SECOND;
    fake_open(instance, client);
    fake_message(instance, client, SL_TEXT, "hello", 5, NULL);
    fake_advance(SECOND);
    REQUIRE(cancelled == SL_CANCEL_TIMEOUT && fake_await(client, 0, &result));
}

static void wait_for_a_delay(void *argument)
{
    struct fake_result result;
    (void)argument;
    begin();
    how.is_delay = true;
    how.timeout = 60 * SECOND;
    fake_open(instance, client);
    fake_message(instance, client, SL_TEXT, "hello", 5, NULL);
    fake_advance(60 * SECOND);
    REQUIRE(cancelled == 0);
    REQUIRE(fake_await(client, 0, &result) && result.verdict == SL_CONTINUE);
}

static void settle_what_nobody_completes(void *argument)
{
    struct fake_result result;
    (void)argument;
    begin();
    fake_open(instance, client);
    fake_message(instance, client, SL_TEXT, "hello", 5, &result);
    fake_settle(client, 0, &result);
    REQUIRE(result.verdict == SL_ERROR && !fake_is_deferred(client));
    fake_settle(client, 0, &result); /* Nothing is deferred any more. */
    REQUIRE(result.verdict == SL_ERROR);
    fake_result_release(&result);
}

static struct sl_request *asked; /* that may be looked at until the deferral is over */

static enum sl_verdict on_connect_keeping_request(struct sl_instance *self, struct sl_client *of,
                                                  struct sl_request *request)
{
    asked = request;
    return on_connect(self, of, request);
}

static void on_cancel_reading_the_request(struct sl_instance *self, struct sl_ticket of,
                                          void *context, enum sl_cancel_reason reason)
{
    struct sl_string found;
    REQUIRE(self->host->request_header(asked, "x-test", &found));
    REQUIRE(found.len == 4 && memcmp(found.data, "here", 4) == 0);
    on_cancel(self, of, context, reason);
}

static void cancel_a_connect(void *argument)
{
    const struct fake_upgrade upgrade = {.headers = {{"X-Test", "here"}}};
    (void)argument;
    begin();
    how.on_cancel = on_cancel_reading_the_request;
    instance = instance_with((struct sl_plugin){.on_connect = on_connect_keeping_request});
    client = fake_client_create(&upgrade);
    REQUIRE(fake_connect(instance, client, NULL) == SL_DEFER);
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    REQUIRE(cancelled == SL_CANCEL_CLIENT_GONE);
}

static void a_request_is_there_until_on_cancel_has_returned(void **state)
{
    (void)state;
    assert_passes(cancel_a_connect, NULL);
}

static void settle_what_was_forgotten(void *argument)
{
    struct fake_result result;
    (void)argument;
    begin();
    how.on_cancel = NULL;
    fake_open(instance, client);
    fake_message(instance, client, SL_TEXT, "hello", 5, &result);
    fake_settle(client, 60000, &result);
}

static void settle_a_delay(void *argument)
{
    struct fake_result result;
    (void)argument;
    begin();
    how =
        (struct sl_deferral){.struct_size = sizeof how, .is_delay = true, .timeout = 3600 * SECOND};
    fake_open(instance, client);
    fake_message(instance, client, SL_TEXT, "hello", 5, &result);
    fake_settle(client, 60000, &result);
    REQUIRE(result.verdict == SL_CONTINUE);
    fake_result_release(&result);
}

static void settle_what_was_completed_in_vain(void *argument)
{
    struct fake_result result;
    struct sl_completion details = {.struct_size = sizeof details, .identity = {"\xff", 1}};
    (void)argument;
    begin();
    how.on_cancel = NULL;
    fake_connect(instance, client, &result);
    REQUIRE(host->complete(ticket, SL_CONTINUE, &details) == -1);
    fake_settle(client, 60000, &result);
}

/* However patient the caller is. */
static void what_nobody_can_complete_is_found_at_once(void **state)
{
    (void)state;
    assert_fails(settle_what_was_forgotten, NULL, "what on_message deferred was forgotten");
    assert_passes(settle_a_delay, NULL);
    assert_fails(settle_what_was_completed_in_vain, NULL,
                 "what on_connect deferred stays undecided: host->complete returned -1, since its "
                 "identity is not");
}

static void a_deadline_decides(void **state)
{
    (void)state;
    assert_passes(pass_the_deadline, NULL);
    assert_passes(pass_a_shorter_deadline, NULL);
    assert_passes(wait_for_a_delay, NULL);
    assert_passes(settle_what_nobody_completes, NULL);
}

static void leave_while_deferred(void *argument)
{
    (void)argument;
    send_hello();
    fake_cancel(client, SL_CANCEL_SHUTDOWN);
    REQUIRE(cancelled == SL_CANCEL_SHUTDOWN && !fake_is_deferred(client));
    cancelled = 0;
    fake_cancel(client, SL_CANCEL_SHUTDOWN);
    REQUIRE(cancelled == 0);
    REQUIRE(host->complete(ticket, SL_CONTINUE, NULL) == SL_GONE);
    fake_message(instance, client, SL_TEXT, "again", 5, NULL);
    fake_client_destroy(client);
    REQUIRE(cancelled == SL_CANCEL_CLIENT_GONE);
    fake_forget();
    REQUIRE(host->complete(ticket, SL_CONTINUE, NULL) == SL_GONE);
}

static void a_client_that_leaves_cancels(void **state)
{
    (void)state;
    assert_passes(leave_while_deferred, NULL);
}

static void complete_twice(void *argument)
{
    (void)argument;
    send_hello();
    host->complete(ticket, SL_CONTINUE, NULL);
    host->complete(ticket, SL_CONTINUE, NULL);
}

static void complete_again_and_again(void *argument)
{
    (void)argument;
    send_hello();
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    for (int i = 0; i < 4; i++)
        host->complete(ticket, SL_CONTINUE, NULL);
}

static void deny_a_message(void *argument)
{
    (void)argument;
    send_hello();
    host->complete(ticket, SL_DENY, NULL);
}

static void drop_a_connection(void *argument)
{
    (void)argument;
    begin();
    fake_connect(instance, client, NULL);
    host->complete(ticket, SL_DROP, NULL);
}

static void defer_outside_a_hook(void *argument)
{
    (void)argument;
    begin();
    fake_instance_seen(instance)->host->defer(fake_instance_seen(instance), client, &how, &ticket);
}

static void forget_a_size(void *argument)
{
    (void)argument;
    begin();
    how.struct_size = 0;
    fake_connect(instance, client, NULL);
}

static void wrong_uses_are_failures(void **state)
{
    (void)state;
    assert_fails(complete_twice, NULL, "a ticket was completed twice");
    assert_fails(complete_again_and_again, NULL, "completed again and again");
    assert_fails(deny_a_message, NULL, "verdict 4, which on_message may not return");
    assert_fails(drop_a_connection, NULL, "verdict 1, which on_connect may not return");
    assert_fails(defer_outside_a_hook, NULL, "host->defer was called outside on_connect");
    assert_fails(forget_a_size, NULL, "struct sl_deferral came without struct_size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completion_decides),
        cmocka_unit_test(a_deadline_decides),
        cmocka_unit_test(what_nobody_can_complete_is_found_at_once),
        cmocka_unit_test(a_request_is_there_until_on_cancel_has_returned),
        cmocka_unit_test(a_client_that_leaves_cancels),
        cmocka_unit_test(wrong_uses_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
