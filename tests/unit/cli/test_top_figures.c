#include "cli/top_figures.h"

#include "cli/top_pages.h"
#include "unit.h"

static void expect_figures(double seconds, const char *clients_text, const char *expected)
{
    struct samples before, after;
    assert_int_equal(samples_read(&before, TOP_PAGE_BEFORE), OK);
    assert_int_equal(samples_read(&after, TOP_PAGE_AFTER), OK);
    const struct top_interval interval = {.before = &before, .after = &after, .seconds = seconds};
    cJSON *clients = cJSON_Parse(clients_text);
    cJSON *figures = top_figures(&interval, clients);
    char *text = cJSON_PrintUnformatted(figures);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(figures);
    cJSON_Delete(clients);
    samples_free(&before);
    samples_free(&after);
}

#define VERDICTS(next, drop)                                                                       \
    "\"verdicts\":{\"error\":0,\"continue\":" next ",\"drop\":" drop                               \
    ",\"handled\":0,\"close\":0,\"deny\":0,\"defer\":0}"

static void rates_are_a_second_and_what_costs_most_is_first(void **state)
{
    (void)state;
    expect_figures(
        2, TOP_CLIENTS,
        "{\"seconds\":2,\"configuration\":3,\"clients\":12,\"messages\":{\"in\":100,\"out\":1500},"
        "\"bytes\":{\"in\":0,\"out\":0},\"upgrades\":{\"opened\":2,\"refused\":4},\"closes\":1,"
        "\"drops\":2,\"queued_bytes\":2048,\"loops\":[{\"loop\":\"0\",\"busy\":0.25},"
        "{\"loop\":\"1\",\"busy\":1}],\"plugins\":["
        "{\"instance\":\"dear#1\",\"endpoint\":\"/ws\",\"mode\":\"shadow\",\"calls\":1,"
        "\"busy\":0.25,\"mean_ns\":250000000," VERDICTS(
            "1",
            "0") "},"
                 "{\"instance\":\"cheap#1\",\"endpoint\":\"/"
                 "ws\",\"mode\":\"enforce\",\"calls\":128,"
                 "\"busy\":0.0625,\"mean_ns\":488281.25," VERDICTS(
                     "0",
                     "2") "}],"
                          "\"largest_queues\":[{\"id\":\"7\",\"address\":\"192.0.2.1\","
                          "\"endpoint\":\"/ws\","
                          "\"queued_bytes\":2048,\"silent_ms\":1500,\"identity\":\"a\\u001bb\"}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_a_second_and_what_costs_most_is_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
