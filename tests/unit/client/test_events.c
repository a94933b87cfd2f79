#include "client/remotes.h"

#include "captured_log.h"
#include "base/access_log.h"
#include "failing_memory.h"

static void listen_to_events(void)
{
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    begin_capture();
}

/* Takes the line of that event out of what was logged; NULL: there is none. */
static cJSON *event_of(const char *log, const char *event)
{
    char mark[64];
    snprintf(mark, sizeof mark, "\"event\":\"%s\"", event);
    const char *found = strstr(log, mark);
    if (found == NULL)
        return NULL;
    while (found > log && found[-1] != '\n')
        found--;
    cJSON *object = cJSON_Parse(found);
    assert_non_null(object);
    return object;
}

static double number_in(const cJSON *object, const char *name)
{
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(object, name)));
    return cJSON_GetNumberValue(cJSON_GetObjectItem(object, name));
}

static void name_ada(struct sl_client *client, struct upgrade *upgrade)
{
    (void)upgrade;
    assert_int_equal(sl_client_identify(client, "ada", 3), OK);
}

static void the_beginning_and_the_end_of_a_client_have_one_request_id(void **state)
{
    (void)state;
    script.in_connect = name_ada;
    listen_to_events();
    struct remote remote = remote_join(0);
    clients_pass(5 * NS_PER_S);
    remote_send_close(&remote, CLOSE_GOING_AWAY, "see \"you\"");
    clients_settle();
    const char *log = end_capture();
    cJSON *begun = event_of(log, "upgrade_accepted");
    cJSON *ended = event_of(log, "client_closed");
    assert_non_null(begun);
    assert_non_null(ended);
    assert_member(begun, "identity", "ada");
    assert_member(begun, "endpoint", "/ws");
    assert_member(ended, "identity", "ada");
    assert_member(ended, "client", cJSON_GetStringValue(cJSON_GetObjectItem(begun, "client")));
    assert_member(ended, "request_id",
                  cJSON_GetStringValue(cJSON_GetObjectItem(begun, "request_id")));
    assert_member(ended, "reason", "see \"you\"");
    assert_member(ended, "by", "peer");
    assert_int_equal(number_in(ended, "code"), CLOSE_GOING_AWAY);
    assert_in_range(number_in(ended, "duration_ms"), 5000, 6000);
    cJSON_Delete(begun);
    cJSON_Delete(ended);
    close(remote.socket);
}

static void a_connection_that_breaks_is_closed_by_the_peer_with_1006(void **state)
{
    (void)state;
    listen_to_events();
    struct remote remote = remote_join(0);
    close(remote.socket);
    clients_pass(CLIENT_CLOSE_TIMEOUT);
    cJSON *ended = event_of(end_capture(), "client_closed");
    assert_non_null(ended);
    assert_int_equal(number_in(ended, "code"), CLOSE_ABNORMAL);
    assert_member(ended, "by", "peer");
    assert_false(cJSON_HasObjectItem(ended, "reason"));
    cJSON_Delete(ended);
}

static void refuse_impolitely(struct sl_client *client, struct upgrade *upgrade)
{
    (void)client;
    upgrade_refuse(upgrade, 429, "Not\r\nso fast");
}

static void a_refusal_names_the_instance_and_its_reason(void **state)
{
    (void)state;
    script.connect = SL_DENY;
    script.in_connect = refuse_impolitely;
    listen_to_events();
    struct remote remote = remote_ask(0, NULL, NULL, 0);
    close(remote.socket);
    clients_settle();
    const char *log = end_capture();
    cJSON *refused = event_of(log, "upgrade_refused");
    assert_non_null(refused);
    assert_int_equal(number_in(refused, "status"), 429);
    assert_member(refused, "stage", "pipeline");
    assert_member(refused, "instance", "scripted#1");
    assert_member(refused, "reason", "Not\r\nso fast");
    assert_null(event_of(log, "client_closed"));
    assert_null(event_of(log, "upgrade_accepted"));
    cJSON_Delete(refused);
}

static void a_refusal_that_is_no_plugins_names_its_stage(void **state)
{
    (void)state;
    listen_to_events();
    clients.how.identity_required = true;
    struct remote nameless = remote_ask(0, NULL, NULL, 0);
    cJSON *refused = event_of(end_capture(), "upgrade_refused");
    assert_member(refused, "stage", "identity");
    assert_false(cJSON_HasObjectItem(refused, "instance"));
    cJSON_Delete(refused);
    listen_to_events();
    clients.set.is_draining = true;
    struct remote late = remote_ask(0, NULL, NULL, 0);
    refused = event_of(end_capture(), "upgrade_refused");
    assert_member(refused, "stage", "admission");
    assert_int_equal(number_in(refused, "status"), 503);
    cJSON_Delete(refused);
    close(nameless.socket);
    close(late.socket);
}

static void nothing_is_kept_or_said_while_nobody_wants_to_know(void **state)
{
    (void)state;
    begin_capture();
    struct remote remote = remote_join(0);
    assert_null(remote.client->record);
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    close(remote.socket); /* What came before the level changed has no end either. */
    clients_pass(CLIENT_CLOSE_TIMEOUT);
    assert_string_equal(end_capture(), "");
}

static void without_memory_only_the_end_is_not_told(void **state)
{
    struct upgrade *upgrade;
    struct remote remote = remote_join(0);
    (void)state;
    assert_int_equal(upgrade_create(make_request(NULL), false, NULL, &upgrade), OK);
    listen_to_events();
    fail_allocation(1);
    client_log_accepted(remote.client, upgrade);
    assert_true(end_failing_allocations());
    upgrade_unref(upgrade);
    close(remote.socket);
    clients_pass(CLIENT_CLOSE_TIMEOUT);
    const char *log = end_capture();
    cJSON *begun = event_of(log, "upgrade_accepted");
    assert_non_null(begun);
    assert_null(event_of(log, "client_closed"));
    cJSON_Delete(begun);
}

/* At info, whatever the log's level. */
static void the_access_log_has_a_line_at_a_clients_end(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_JSON);
    access_log_configure(ACCESS_LOG_ALL, 1);
    begin_capture();
    struct remote remote = remote_join(0);
    access_log_configure(ACCESS_LOG_OFF, 1); /* What was begun has its end. */
    remote_send_close(&remote, CLOSE_NORMAL, "");
    clients_settle();
    cJSON *line = parse_line(end_capture());
    assert_member(line, "event", "client_closed");
    assert_member(line, "level", "info");
    cJSON_Delete(line);
    close(remote.socket);
}

static void refusals_alone_can_have_lines(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_JSON);
    access_log_configure(ACCESS_LOG_REFUSALS, 1);
    begin_capture();
    struct remote remote = remote_join(0);
    assert_null(remote.client->record);
    script.connect = SL_DENY;
    struct remote refused = remote_ask(0, NULL, NULL, 0);
    close(remote.socket);
    clients_pass(CLIENT_CLOSE_TIMEOUT);
    cJSON *line = parse_line(end_capture());
    assert_member(line, "event", "upgrade_refused");
    assert_member(line, "level", "info");
    cJSON_Delete(line);
    access_log_configure(ACCESS_LOG_OFF, 1);
    close(refused.socket);
}

/* Of an open client, with what its record tells of the request. */
static cJSON *expect_event_of(const struct remote *remote, const char *log, const char *name)
{
    char id[24];
    cJSON *event = event_of(log, name);
    assert_non_null(event);
    snprintf(id, sizeof id, "%" PRIu64, remote->client->seen.id);
    assert_member(event, "client", id);
    assert_member(event, "identity", "ada");
    assert_member(event, "endpoint", "/ws");
    assert_member(event, "address", "::7");
    assert_int_equal(strlen(cJSON_GetStringValue(cJSON_GetObjectItem(event, "request_id"))), 32);
    return event;
}

/* Lets ada in, with what happens to her told. */
static struct remote join_told(void)
{
    script.in_connect = name_ada;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    begin_capture();
    struct remote remote = remote_join(0);
    end_capture();
    begin_capture();
    return remote;
}

static void a_slow_client_is_told_with_what_becomes_of_it(void **state)
{
    (void)state;
    struct remote remote = join_told();
    client_log_slow(remote.client, false);
    client_log_slow(remote.client, true);
    const char *log = end_capture();
    cJSON *dropped = expect_event_of(&remote, log, "client_slow");
    assert_member(dropped, "action", "dropped");
    assert_int_equal(number_in(dropped, "queued_bytes"), 0);
    assert_non_null(strstr(log, "\"action\":\"closed\""));
    cJSON_Delete(dropped);
    close(remote.socket);
}

static void whoever_has_a_client_closed_is_named(void **state)
{
    (void)state;
    struct remote remote = join_told();
    client_log_kicked(remote.client, 4001, "moved", "127.0.0.1, port 5");
    cJSON *kicked = expect_event_of(&remote, end_capture(), "client_kicked");
    assert_member(kicked, "asked_by", "127.0.0.1, port 5");
    assert_member(kicked, "reason", "moved");
    assert_int_equal(number_in(kicked, "code"), 4001);
    cJSON_Delete(kicked);
    close(remote.socket);
}

static void credentials_that_are_good_no_longer_are_told_once(void **state)
{
    (void)state;
    struct remote remote = join_told();
    client_close(remote.client, CLOSE_UNAUTHORIZED, "certificate expired!", 19);
    client_close(remote.client, CLOSE_UNAUTHORIZED, "again", 5); /* It is closing already. */
    const char *log = end_capture();
    cJSON *expired = expect_event_of(&remote, log, "client_expired");
    assert_member(expired, "reason", "certificate expired");
    assert_null(strstr(log, "again"));
    cJSON_Delete(expired);
    close(remote.socket);
}

static void a_renewal_says_until_when_it_is_good(void **state)
{
    static const struct {
        const char *expires, *ends;
    } renewals[] = {{"1893456000", "2030-01-01T00:00:00Z"},
                    {"", NULL},
                    {"0", NULL},
                    {"x", NULL},
                    {"99999999999999999999", NULL}};
    (void)state;
    struct remote remote = join_told();
    end_capture();
    for (size_t i = 0; i < sizeof renewals / sizeof *renewals; i++) {
        begin_capture();
        client_log_renewed(remote.client, "auth#1", renewals[i].expires,
                           strlen(renewals[i].expires));
        cJSON *renewed = expect_event_of(&remote, end_capture(), "client_renewed");
        assert_member(renewed, "instance", "auth#1");
        if (renewals[i].ends != NULL)
            assert_member(renewed, "ends", renewals[i].ends);
        else
            assert_false(cJSON_HasObjectItem(renewed, "ends"));
        cJSON_Delete(renewed);
    }
    close(remote.socket);
}

static void nothing_of_that_is_told_below_debug(void **state)
{
    (void)state;
    struct remote remote = join_told();
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    client_log_slow(remote.client, true);
    client_log_kicked(remote.client, 4001, "moved", "somebody");
    client_log_renewed(remote.client, "auth#1", "1", 1);
    client_close(remote.client, CLOSE_UNAUTHORIZED, "expired", 7);
    assert_string_equal(end_capture(), "");
    close(remote.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(the_beginning_and_the_end_of_a_client_have_one_request_id),
        clients_test(a_connection_that_breaks_is_closed_by_the_peer_with_1006),
        clients_test(a_refusal_names_the_instance_and_its_reason),
        clients_test(a_refusal_that_is_no_plugins_names_its_stage),
        clients_test(nothing_is_kept_or_said_while_nobody_wants_to_know),
        clients_test(the_access_log_has_a_line_at_a_clients_end),
        clients_test(refusals_alone_can_have_lines),
        clients_test(without_memory_only_the_end_is_not_told),
        clients_test(a_slow_client_is_told_with_what_becomes_of_it),
        clients_test(whoever_has_a_client_closed_is_named),
        clients_test(credentials_that_are_good_no_longer_are_told_once),
        clients_test(a_renewal_says_until_when_it_is_good),
        clients_test(nothing_of_that_is_told_below_debug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
