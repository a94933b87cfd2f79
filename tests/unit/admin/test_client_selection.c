/* core/admin/client_selection.c: from the texts of a request to a filter. */
#include "admin/client_selection.h"

#include "hub/serving.h"

static struct serving serving;

static int start_hub(void **state)
{
    (void)state;
    serving = serve("loops: 1\nendpoints: [{path: /ws}]\n");
    return 0;
}

static int stop_hub(void **state)
{
    (void)state;
    end_serving(&serving);
    return 0;
}

static int read_selection(struct client_selection selection, struct client_filter *filter,
                          const char **fault)
{
    static char buffer[SELECTION_TEXT_MAX];
    return client_selection_read(serving.hub, &selection, filter, buffer, fault);
}

static void nothing_is_an_empty_filter(void **state)
{
    struct client_filter filter;
    const char *fault;
    (void)state;
    assert_int_equal(read_selection((struct client_selection){.topic = NULL}, &filter, &fault), OK);
    assert_true(client_filter_is_empty(&filter));
}

static void all_parts_are_read(void **state)
{
    struct client_filter filter;
    const char *fault;
    const struct client_selection selection = {
        .identity = "ann", .address = "2001:db8::/32", .endpoint = "/ws", .topic = "news"};
    (void)state;
    assert_int_equal(read_selection(selection, &filter, &fault), OK);
    assert_string_equal(filter.identity, "ann");
    assert_string_equal(filter.topic, "news");
    assert_ptr_equal(filter.endpoint, hub_find_endpoint(serving.hub, "/ws"));
    assert_true(filter.has_address);
    assert_int_equal(filter.address.length, 32);
}

static void what_is_none_is_told(void **state)
{
    char longest[TOPIC_NAME_MAX + 2];
    struct client_filter filter;
    const char *fault;
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    const struct {
        struct client_selection selection;
        int error;
        const char *text;
    } cases[] = {
        {{.identity = ""}, ERR_INVALID, "an identity is 1 to 255 bytes"},
        {{.identity = longest}, ERR_INVALID, "an identity is 1 to 255 bytes"},
        {{.topic = ""}, ERR_INVALID, "a topic is 1 to 255 bytes"},
        {{.topic = "\xff"}, ERR_INVALID, "a topic is 1 to 255 bytes"},
        {{.address = ""}, ERR_INVALID, "is no address"},
        {{.address = longest}, ERR_INVALID, "is no address"},
        {{.address = "10.0.0.1/8"}, ERR_INVALID, "did you mean 10.0.0.0/8"},
        {{.endpoint = "/none"}, ERR_NOT_FOUND, "no endpoint"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_selection(cases[i].selection, &filter, &fault), cases[i].error);
        assert_non_null(strstr(fault, cases[i].text));
    }
    longest[TOPIC_NAME_MAX] = '\0';
    assert_int_equal(
        read_selection((struct client_selection){.identity = longest}, &filter, &fault), OK);
}

static void it_is_described_for_the_log(void **state)
{
    char text[64];
    const struct client_selection selection = {.identity = "ann", .topic = "news"};
    (void)state;
    client_selection_describe(&selection, text, sizeof text);
    assert_string_equal(text, "identity \"ann\", topic \"news\"");
    client_selection_describe(&selection, text, 8);
    assert_string_equal(text, "identit");
    client_selection_describe(&(struct client_selection){.topic = NULL}, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_an_empty_filter),
        cmocka_unit_test(all_parts_are_read),
        cmocka_unit_test(what_is_none_is_told),
        cmocka_unit_test(it_is_described_for_the_log),
    };
    return cmocka_run_group_tests(tests, start_hub, stop_hub);
}
