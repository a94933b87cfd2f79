#include "one_instance.h"

static int begin(void **state)
{
    (void)state;
    begin_with_instance((struct sl_plugin){.flags = 0});
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_forget();
    fake_instance_destroy(instance);
    return 0;
}

static void keeps_events_in_their_order(void **state)
{
    (void)state;
    fake_forget();
    host->log(self, SL_LOG_WARN, "one", 3);
    host->close(self, 7, 4000, "go");
    host->log(self, SL_LOG_ERROR, "two", 3);
    const struct fake_event *event = fake_events();
    assert_int_equal(event->kind, FAKE_LOGGED);
    assert_string_equal(event->target, "warn");
    assert_string_equal(event->data, "one");
    assert_ptr_equal(event->by, self);
    event = event->next;
    assert_int_equal(event->kind, FAKE_CLOSED);
    assert_int_equal(event->client_id, 7);
    assert_int_equal(event->code, 4000);
    assert_string_equal(event->data, "go");
    assert_string_equal(event->next->target, "error");
    assert_null(event->next->next);
}

static void counts_events_of_a_kind_and_knows_the_last(void **state)
{
    (void)state;
    fake_forget();
    assert_int_equal(fake_event_count(FAKE_CLOSED), 0);
    assert_null(fake_event_last(FAKE_CLOSED));
    host->close(self, 1, 1000, "");
    host->close(self, 2, 1000, NULL);
    host->log(self, SL_LOG_INFO, "x", 1);
    assert_int_equal(fake_event_count(FAKE_CLOSED), 2);
    assert_int_equal(fake_event_last(FAKE_CLOSED)->client_id, 2);
}

static void the_log_is_a_text_of_lines(void **state)
{
    (void)state;
    fake_forget();
    assert_string_equal(fake_log_text(), "");
    host->log(self, SL_LOG_INFO, "one and more", 3);
    host->close(self, 1, 1000, "not this");
    host->log(self, SL_LOG_DEBUG, "two", 3);
    assert_string_equal(fake_log_text(), "one\ntwo\n");
    fake_forget();
    assert_string_equal(fake_log_text(), "");
    assert_null(fake_events());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_events_in_their_order),
        cmocka_unit_test(counts_events_of_a_kind_and_knows_the_last),
        cmocka_unit_test(the_log_is_a_text_of_lines),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
