/* core/admin/api_trace.c: beginning, reading and ending traces, and what is refused. */
#include "admin/admin_fixture.h"

#include "base/clock.h"
#include "client/trace.h"

#include <openssl/sha.h>

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "loops: 2\nendpoints: [{path: /a}, {path: /b}]\n",
                NULL);
    return 0;
}

static int begin(const char *body)
{
    return ask_admin(&fixture, "POST /api/v1/traces", "", body);
}

/* The body of a request for the client that is there. */
static void name_client(char *body, size_t size, const char *more)
{
    cJSON *list = get_json(&fixture, "/api/v1/clients");
    const cJSON *told = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(list, "clients"), 0);
    snprintf(body, size, "{\"client\":\"%s\"%s}", string_in(told, "id"), more);
    cJSON_Delete(list);
}

/* Writes "METHOD /api/v1/traces/ID" of the trace that has just begun. */
static void name_trace(const char *method, char line[64])
{
    cJSON *answer = answered_json(&fixture);
    assert_int_equal(strlen(string_in(answer, "trace")), 16);
    snprintf(line, 64, "%s /api/v1/traces/%s", method, string_in(answer, "trace"));
    cJSON_Delete(answer);
}

static void end_trace(const char *get_line)
{
    char line[80];
    snprintf(line, sizeof line, "DELETE%.64s", get_line + strlen("GET"));
    assert_int_equal(ask_admin(&fixture, line, "", NULL), 200);
}

static void send_masked(int client, const char *text)
{
    uint8_t frame[128] = {0x81, (uint8_t)(0x80 | strlen(text))};
    memcpy(frame + 6, text, strlen(text));
    assert_int_equal(send(client, frame, 6 + strlen(text), 0), 6 + strlen(text));
}

/* Asks until so many records have come; returns them as an array. */
static cJSON *read_records(const char *line, int count)
{
    cJSON *all = cJSON_CreateArray();
    int64_t deadline = clock_monotonic() + 30 * NS_PER_S;
    while (cJSON_GetArraySize(all) < count) {
        assert_true(clock_monotonic() < deadline);
        assert_int_equal(ask_admin(&fixture, line, "", NULL), 200);
        cJSON *answer = answered_json(&fixture);
        cJSON *records = cJSON_GetObjectItemCaseSensitive(answer, "records");
        while (cJSON_GetArraySize(records) > 0)
            cJSON_AddItemToArray(all, cJSON_DetachItemFromArray(records, 0));
        cJSON_Delete(answer);
    }
    return all;
}

static void the_way_of_messages_is_read_until_the_client_has_gone(void **state)
{
    char body[128];
    char line[64];
    (void)state;
    int client = join(fixture.serving.hub, "/a");
    name_client(body, sizeof body, ",\"payload\":100,\"for\":\"5m\"");
    assert_int_equal(begin(body), 200);
    cJSON *answer = answered_json(&fixture);
    assert_int_equal(number_in(answer, "clients"), 1);
    assert_int_equal(number_in(answer, "for_ms"), 300000);
    cJSON_Delete(answer);
    name_trace("GET", line);
    send_masked(client, "hello");
    cJSON *records = read_records(line, 1);
    const cJSON *record = cJSON_GetArrayItem(records, 0);
    assert_string_equal(string_in(record, "event"), "received");
    assert_string_equal(string_in(record, "outcome"), "delivered");
    assert_string_equal(string_in(record, "payload"), "hello");
    cJSON_Delete(records);
    close(client);
    wait_for_clients(fixture.serving.hub, NULL, 0);
    do { /* The last is the end: the echo may be before it. */
        records = read_records(line, 1);
        record = cJSON_GetArrayItem(records, cJSON_GetArraySize(records) - 1);
        bool is_last = strcmp(string_in(record, "event"), "closed") == 0;
        cJSON_Delete(records);
        if (is_last)
            break;
    } while (true);
    assert_int_equal(ask_admin(&fixture, line, "", NULL), 200);
    answer = answered_json(&fixture);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "over")));
    assert_int_equal(number_in(answer, "lost"), 0);
    cJSON_Delete(answer);
    end_trace(line);
    assert_int_equal(ask_admin(&fixture, line, "", NULL), 404);
}

static void a_client_that_is_not_there_is_not_traced(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * TRACES_MAX; i++)
        assert_int_equal(begin("{\"client\":\"1\"}"), 404);
    assert_non_null(strstr(fixture.answer, "no client with this id"));
}

static void only_a_few_are_on_at_once(void **state)
{
    char lines[TRACES_MAX][64];
    (void)state;
    for (unsigned i = 0; i < TRACES_MAX; i++) {
        assert_int_equal(begin("{\"identity\":\"ann\",\"endpoint\":\"/a\"}"), 200);
        name_trace("GET", lines[i]);
    }
    assert_int_equal(begin("{\"identity\":\"ann\"}"), 503);
    assert_non_null(strstr(fixture.answer, "4 traces are on"));
    assert_non_null(strstr(fixture.answer, "Retry-After: 10\r\n"));
    for (unsigned i = 0; i < TRACES_MAX; i++) {
        assert_int_equal(ask_admin(&fixture, lines[i], "", NULL), 200); /* These go on. */
        end_trace(lines[i]);
    }
    assert_int_equal(begin("{\"identity\":\"ann\"}"), 200);
    name_trace("GET", lines[0]);
    end_trace(lines[0]);
}

static void add_token(struct admin_token_set *set, const char *text, enum admin_role role)
{
    struct admin_token *token = &set->tokens[set->count++];
    SHA256((const unsigned char *)text, strlen(text), token->hash);
    token->owner.role = role;
}

static int begin_as(const char *token)
{
    char header[64];
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
    return ask_admin(&fixture, "POST /api/v1/traces", header, "{\"identity\":\"ann\"}");
}

/* Begins some more than there may be, and ends them. Returns how many have begun; *denied: whether
 * one with the role operate was refused then. */
static unsigned begin_as_reader(bool *denied)
{
    static const char *const ending = "Authorization: Bearer operates-0123456789\r\n";
    char lines[TRACES_MAX + 1][64];
    unsigned begun = 0;
    for (unsigned i = 0; i < TRACES_MAX; i++) {
        if (begin_as("reads-0123456789") == 200)
            name_trace("DELETE", lines[begun++]);
        else
            assert_non_null(strstr(fixture.answer, "or 2 of those who may only read"));
    }
    *denied = begin_as("operates-0123456789") != 200;
    if (!*denied)
        name_trace("DELETE", lines[begun]);
    for (unsigned i = 0; i < begun + !*denied; i++)
        ask_admin(&fixture, lines[i], ending, NULL);
    return begun;
}

static void those_who_may_only_read_leave_traces_for_others(void **state)
{
    (void)state;
    struct admin_token_set set = {.count = 0}, none = {.count = 0};
    add_token(&set, "reads-0123456789", ADMIN_ROLE_READ);
    add_token(&set, "operates-0123456789", ADMIN_ROLE_OPERATE);
    admin_tokens_change(&fixture.admin->tokens, &set);
    int64_t start;
    unsigned begun;
    bool denied;
    do { /* One that nobody has read for so long is over. */
        start = clock_monotonic();
        begun = begin_as_reader(&denied);
    } while (clock_monotonic() - start >= TRACE_IDLE);
    assert_int_equal(begun, 2);
    assert_false(denied);
    admin_tokens_change(&fixture.admin->tokens, &none);
}

static const struct {
    const char *body;
    int status;
    const char *detail;
} refused[] = {
    {"{}", 422, "say whom"},
    {"{\"endpoint\":\"/a\"}", 422, "say whom"},
    {"{\"client\":\"1\",\"identity\":\"a\"}", 422, "say whom"},
    {"{\"client\":\"1\",\"endpoint\":\"/a\"}", 422, "say whom"},
    {"{\"client\":\"0\"}", 422, "client is"},
    {"{\"client\":\"\"}", 422, "client is"},
    {"{\"client\":\"-1\"}", 422, "client is"},
    {"{\"client\":\"99999999999999999999\"}", 422, "client is"},
    {"{\"client\":1}", 422, "are strings"},
    {"{\"identity\":\"a\",\"more\":\"b\"}", 422, "nothing else"},
    {"{\"identity\":\"\"}", 422, "an identity is"},
    {"{\"identity\":\"a\",\"endpoint\":\"/c\"}", 404, "no endpoint"},
    {"{\"identity\":\"a\",\"for\":\"0s\"}", 422, "for is"},
    {"{\"identity\":\"a\",\"for\":\"61m\"}", 422, "for is"},
    {"{\"identity\":\"a\",\"for\":\"x\"}", 422, "for is"},
    {"{\"identity\":\"a\",\"payload\":-1}", 422, "payload is"},
    {"{\"identity\":\"a\",\"payload\":4097}", 422, "payload is"},
    {"{\"identity\":\"a\",\"payload\":\"1\"}", 422, "payload is"},
    {"[]", 400, ""},
};

static void what_is_not_understood_is_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(begin(refused[i].body), refused[i].status);
        assert_non_null(strstr(fixture.answer, refused[i].detail));
    }
}

static void an_id_that_is_none_is_not_found(void **state)
{
    static const char *const ids[] = {"1", "0", "x", "00000000000000000000000001", "-1", "0x1"};
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char line[64];
        snprintf(line, sizeof line, "GET /api/v1/traces/%s", ids[i]);
        assert_int_equal(ask_admin(&fixture, line, "", NULL), 404);
        assert_non_null(strstr(fixture.answer, "no such trace"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_of_messages_is_read_until_the_client_has_gone),
        cmocka_unit_test(a_client_that_is_not_there_is_not_traced),
        cmocka_unit_test(only_a_few_are_on_at_once),
        cmocka_unit_test(those_who_may_only_read_leave_traces_for_others),
        cmocka_unit_test(what_is_not_understood_is_refused_with_a_reason),
        cmocka_unit_test(an_id_that_is_none_is_not_found),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
