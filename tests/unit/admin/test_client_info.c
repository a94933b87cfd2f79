/* core/admin/client_info.c; of a client as a loop has it: test_api_clients.c. */
#include "hub/serving.h"

#include "admin/client_info.h"

#include <string.h>

static struct serving serving;

static int start(void **state)
{
    (void)state;
    serving = serve("endpoints: [{path: /a}]\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    end_serving(&serving);
    return 0;
}

static struct client_info info_of(char *identity)
{
    return (struct client_info){.id = UINT64_MAX,
                                .endpoint = hub_find_endpoint(serving.hub, "/a"),
                                .identity = identity,
                                .address = address_of(7),
                                .subscriptions = 3,
                                .queued_bytes = 4096,
                                .silent_ns = 1500 * NS_PER_MS,
                                .age_ns = 61 * NS_PER_S,
                                .messages_in = 11,
                                .messages_out = UINT32_MAX,
                                .dropped = 13,
                                .bytes_in = 700,
                                .bytes_out = 9000};
}

static void expect_json(const struct client_info *info, const char *expected)
{
    cJSON *object = client_info_describe(info);
    char *text = cJSON_PrintUnformatted(object);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(object);
}

static void everything_known_is_told(void **state)
{
    static char ann[] = "ann";
    struct client_info info = info_of(ann);
    (void)state;
    info.has_traffic = info.is_tls = info.is_closing = true;
    expect_json(&info, "{\"id\":\"18446744073709551615\",\"endpoint\":\"/a\",\"identity\":\"ann\","
                       "\"address\":\"127.0.0.7\",\"port\":0,\"tls\":true,\"state\":\"closing\","
                       "\"topics\":3,\"queued_bytes\":4096,\"silent_ms\":1500,\"age_ms\":61000,"
                       "\"messages_in\":11,\"messages_out\":4294967295,\"messages_dropped\":13,"
                       "\"bytes_in\":700,\"bytes_out\":9000}");
}

static void what_is_not_known_is_left_out(void **state)
{
    struct client_info info = info_of(NULL);
    (void)state;
    expect_json(&info, "{\"id\":\"18446744073709551615\",\"endpoint\":\"/a\",\"identity\":null,"
                       "\"address\":\"127.0.0.7\",\"port\":0,\"tls\":false,\"state\":\"open\","
                       "\"topics\":3,\"queued_bytes\":4096,\"silent_ms\":1500,\"age_ms\":61000,"
                       "\"messages_in\":11,\"messages_out\":4294967295,"
                       "\"messages_dropped\":13}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_known_is_told),
        cmocka_unit_test(what_is_not_known_is_left_out),
    };
    return cmocka_run_group_tests(tests, start, end);
}
