/* core/admin/api_topics.c over HTTP. */
#include "admin/admin_fixture.h"

#include "delivery/topic.h"
#include "hub/hub.h"

static void subscribe(const char *path, const char *name, int clients)
{
    struct endpoint *endpoint = hub_find_endpoint(fixture.serving.hub, path);
    struct topic_key key = topic_key_of(&endpoint->fanout, TOPIC_NAMED, name, strlen(name));
    for (int i = 0; i < clients; i++)
        assert_int_equal(topic_counts_add(&fixture.serving.hub->set.delivery.topic_counts, &key),
                         OK);
}

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "loops: 2\nendpoints: [{path: /ws}, {path: /other}]\n",
                NULL);
    subscribe("/ws", "news", 2);
    subscribe("/ws", "new \"\x01\xc3\xa9", 3);
    subscribe("/other", "news", 5);
    return 0;
}

/* Checks that a query is answered with these numbers of subscribers, in this order. */
static void assert_answer(const char *query, const int *subscribers, int count, int found)
{
    char path[256];
    snprintf(path, sizeof path, "/api/v1/topics%s", query);
    cJSON *body = get_json(&fixture, path);
    const cJSON *topics = cJSON_GetObjectItemCaseSensitive(body, "topics");
    assert_int_equal(cJSON_GetArraySize(topics), count);
    for (int i = 0; i < count; i++)
        assert_int_equal(number_in(cJSON_GetArrayItem(topics, i), "subscribers"), subscribers[i]);
    assert_int_equal(number_in(body, "found"), found);
    cJSON_Delete(body);
}

static void topics_are_listed_by_subscribers_or_by_name(void **state)
{
    (void)state;
    assert_answer("", (const int[]){5, 3, 2}, 3, 3);
    assert_answer("?sort=subscribers&limit=1", (const int[]){5}, 1, 3);
    assert_answer("?sort=name&endpoint=/ws", (const int[]){3, 2}, 2, 2);
}

static void an_endpoint_and_a_part_of_the_name_say_which(void **state)
{
    (void)state;
    assert_answer("?endpoint=/other", (const int[]){5}, 1, 1);
    assert_answer("?search=ews", (const int[]){5, 2}, 2, 2);
    assert_answer("?search=%C3%A9", (const int[]){3}, 1, 1);
    assert_answer("?search=NEWS", NULL, 0, 0);
}

static void a_topic_is_described(void **state)
{
    (void)state;
    cJSON *body = get_json(&fixture, "/api/v1/topics?search=%01");
    const cJSON *topic = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "topics"), 0);
    assert_string_equal(string_in(topic, "name"), "new \"\x01\xc3\xa9");
    assert_string_equal(string_in(topic, "endpoint"), "/ws");
    cJSON_Delete(body);
}

static void what_is_no_query_is_refused(void **state)
{
    static const struct {
        const char *query;
        int status;
    } cases[] = {{"limit=0", 400},  {"limit=101", 400},  {"limit=x", 400},
                 {"search=", 400},  {"search=%ff", 400}, {"search=a%00", 400},
                 {"sort=", 400},    {"sort=age", 400},   {"endpoint=/nowhere", 404},
                 {"endpoint=", 404}};
    char line[128];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(line, sizeof line, "GET /api/v1/topics?%s", cases[i].query);
        assert_int_equal(ask_admin(&fixture, line, "", NULL), cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_listed_by_subscribers_or_by_name),
        cmocka_unit_test(an_endpoint_and_a_part_of_the_name_say_which),
        cmocka_unit_test(a_topic_is_described),
        cmocka_unit_test(what_is_no_query_is_refused),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
