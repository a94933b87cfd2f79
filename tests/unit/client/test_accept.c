#include "client/ban_list.h"
#include "client/remotes.h"

#include "failing_memory.h"
#include "pipeline/hook.h"

/* Asks for an upgrade that is refused, and reads the response. Everything is over afterwards. */
static void expect_refusal(const char *status_line, const char *part)
{
    char response[2048];
    struct remote remote = remote_ask(0, NULL, NULL, 0);
    assert_null(remote.client);
    size_t len = remote_read(&remote, response, sizeof response - 1);
    response[len] = '\0';
    assert_memory_equal(response, status_line, strlen(status_line));
    assert_non_null(strstr(response, part));
    remote_expect_end(&remote);
    assert_int_equal(clients.left, 0); /* Its end is awaited, see close.c. */
    close(remote.socket);
    clients_settle();
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients.endpoint->connected, 0);
}

static void an_upgrade_that_nobody_objects_to_becomes_a_client(void **state)
{
    char head[1024];
    (void)state;
    struct remote remote = remote_ask(0, NULL, NULL, 0);
    remote_read_head(&remote, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    assert_non_null(strstr(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    remote_expect_nothing(&remote);
    const struct audience *audience = &clients.endpoint->fanout.audiences[0];
    assert_int_equal(audience->count, 1);
    struct client *client = (struct client *)audience->members[0];
    assert_int_equal(client->state, CLIENT_OPEN);
    assert_ptr_equal(shard_find(&clients.shards[0], client->seen.id), client);
    assert_ptr_equal(client_setup(client), clients.endpoint->loop_setups[0]);
    assert_ptr_equal(client_endpoint(client), clients.endpoint);
    assert_int_equal(clients.endpoint->connected, 1);
    expect_notes("connect open");
    close(remote.socket);
}

/* The response stands in front of what an open hook sends. */
static void say_hello(struct sl_client *client, struct upgrade *upgrade)
{
    (void)upgrade;
    assert_true(client->is_connecting);
    assert_int_equal(client_send(client_of(client), OPCODE_TEXT, "no", 2), ERR_CLOSED);
}

static void nothing_is_sent_before_the_response(void **state)
{
    (void)state;
    script.in_connect = say_hello;
    struct remote remote = remote_join(0);
    remote_expect_nothing(&remote);
    close(remote.socket);
}

static void a_subprotocol_of_the_endpoints_is_answered(void **state)
{
    static char *const offered[] = {"chat.v1", "chat.v2"};
    char head[1024];
    (void)state;
    clients.how.subprotocols = (char **)(uintptr_t)offered;
    clients.how.subprotocol_count = 2;
    struct remote remote = remote_ask(0, "chat.v3, chat.v2", NULL, 0);
    remote_read_head(&remote, head, sizeof head);
    assert_non_null(strstr(head, "Sec-WebSocket-Protocol: chat.v2\r\n"));
    close(remote.socket);
}

/* -- refusals -- */

static void refuse_politely(struct sl_client *client, struct upgrade *upgrade)
{
    (void)client;
    upgrade_refuse(upgrade, 429, "Not so fast");
}

static void a_plugin_refuses_with_its_status_and_its_reason(void **state)
{
    (void)state;
    script.connect = SL_DENY;
    script.in_connect = refuse_politely;
    expect_refusal("HTTP/1.1 429 ", "Not so fast");
    expect_notes("connect"); /* No open hook, no close hook. */
}

static void identify(struct sl_client *client, struct upgrade *upgrade)
{
    (void)upgrade;
    assert_int_equal(sl_client_identify(client, "ada", 3), OK);
}

static void whoever_nobody_has_named_is_refused_where_a_name_is_required(void **state)
{
    (void)state;
    clients.how.identity_required = true;
    expect_refusal("HTTP/1.1 401 ", "WWW-Authenticate: Bearer\r\n");
    script.in_connect = identify;
    struct remote remote = remote_join(0);
    assert_int_equal(topic_count(&clients.endpoint->fanout, TOPIC_IDENTITY, "ada", 3), 1);
    close(remote.socket);
}

/* Its address may have been banned while its verdict was awaited. */
static void whoever_is_banned_is_refused_when_the_name_is_known(void **state)
{
    struct ban_list bans;
    struct ban ban = {.until = BAN_FOR_GOOD};
    char fault[256];
    (void)state;
    assert_int_equal(ban_list_init(&bans, 10), OK);
    clients.set.bans = &bans;
    assert_null(ban_read_identity(&ban, "ada"));
    assert_int_equal(ban_list_put(&bans, &ban), OK);
    struct remote remote = remote_join(0);
    close(remote.socket);
    clients_settle();
    clients.left = 0;
    script.in_connect = identify;
    expect_refusal("HTTP/1.1 403 ", "This identity is banned");
    assert_int_equal(clients_upgrades(UPGRADE_BANNED), 1);
    assert_true(ban_list_remove(&bans, 0, &ban));
    assert_null(ban_read_address(&ban, "::/1", fault));
    assert_int_equal(ban_list_put(&bans, &ban), OK);
    clients.left = 0;
    expect_refusal("HTTP/1.1 403 ", "This address is banned");
    clients.set.bans = NULL;
    ban_list_deinit(&bans);
}

static void each_upgrade_is_counted_once_by_what_became_of_it(void **state)
{
    (void)state;
    script.connect = SL_DENY;
    script.in_connect = refuse_politely;
    expect_refusal("HTTP/1.1 429 ", "Not so fast");
    script.connect = SL_CONTINUE;
    script.in_connect = NULL;
    clients.left = 0;
    clients.how.identity_required = true;
    expect_refusal("HTTP/1.1 401 ", "WWW-Authenticate: Bearer\r\n");
    clients.left = 0;
    clients.endpoint->is_active = false;
    expect_refusal("HTTP/1.1 404 ", "no WebSocket endpoint");
    clients.endpoint->is_active = true;
    clients.how.identity_required = false;
    struct remote remote = remote_join(0);
    assert_int_equal(clients_upgrades(UPGRADE_DENIED), 1);
    assert_int_equal(clients_upgrades(UPGRADE_UNIDENTIFIED), 1);
    assert_int_equal(clients_upgrades(UPGRADE_UNAVAILABLE), 1);
    assert_int_equal(clients_upgrades(UPGRADE_OPENED), 1);
    close(remote.socket);
    clients_settle();
    assert_int_equal(clients_upgrades(UPGRADE_UNFINISHED), 0); /* It was open before it left. */
}

static void nobody_is_let_in_while_the_server_ends(void **state)
{
    (void)state;
    clients.set.is_draining = true;
    expect_refusal("HTTP/1.1 503 ", "shutting down");
    expect_notes("");
}

static void nobody_is_let_in_while_all_is_drained_or_the_endpoint_is(void **state)
{
    struct drain_scope *const scopes[] = {&clients.set.drain, &clients.endpoint->drain};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        scopes[i]->from = clock_monotonic();
        scopes[i]->number = 1;
        expect_refusal("HTTP/1.1 503 ", "draining");
        drain_stop(scopes[i]);
        clients.left = 0;
    }
    expect_notes("");
}

static void an_endpoint_that_is_not_there_any_more_is_not_found(void **state)
{
    (void)state;
    clients.endpoint->is_active = false;
    expect_refusal("HTTP/1.1 404 ", "no WebSocket endpoint");
    expect_notes("");
}

static void an_endpoint_that_is_being_set_up_is_to_be_tried_again(void **state)
{
    (void)state;
    endpoint_switch_loop(clients.endpoint, 0, NULL);
    expect_refusal("HTTP/1.1 503 ", "try again");
    expect_notes("");
}

/* -- what came behind the request -- */

static void early_messages_are_handled_behind_the_response(void **state)
{
    uint8_t early[64];
    (void)state;
    clients.how.echo = true;
    size_t len = encode(early, 0x81, "first", 5);
    len += encode(early + len, 0x81, "second", 6);
    struct remote remote = remote_ask(0, NULL, early, len - 3);
    char head[1024];
    remote_read_head(&remote, head, sizeof head);
    remote_expect_text(&remote, "first");
    remote_expect_nothing(&remote);
    remote_write(&remote, early + len - 3, 3);
    clients_settle();
    remote_expect_text(&remote, "second");
    expect_notes("connect open first second");
    close(remote.socket);
}

static void early_messages_of_a_refused_client_are_not(void **state)
{
    uint8_t early[64];
    (void)state;
    script.connect = SL_DENY;
    struct remote remote = remote_ask(0, NULL, early, encode(early, 0x81, "first", 5));
    clients_settle();
    expect_notes("connect");
    close(remote.socket);
}

/* -- deferred upgrades -- */

static struct sl_ticket ticket;

static void defer(struct sl_client *client, struct upgrade *upgrade)
{
    (void)upgrade;
    script.connect = deferral_begin(hook_instance(), client, NULL, &ticket);
    assert_int_equal(script.connect, SL_DEFER);
}

/* An upgrade with a message behind it that waits for a verdict. */
static struct remote ask_and_wait(void)
{
    uint8_t early[16];
    script.in_connect = defer;
    struct remote remote = remote_ask(0, NULL, early, encode(early, 0x81, "first", 5));
    clients_settle();
    remote_expect_nothing(&remote);
    expect_notes("connect");
    return remote;
}

static void a_deferred_upgrade_is_answered_when_it_is_decided(void **state)
{
    char head[1024];
    (void)state;
    struct remote remote = ask_and_wait();
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), 0);
    clients_settle();
    remote_read_head(&remote, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    expect_notes("open first");
    remote_send_text(&remote, "second");
    clients_settle();
    expect_notes("second");
    close(remote.socket);
}

static void a_deferred_upgrade_may_be_refused(void **state)
{
    char head[1024];
    (void)state;
    struct remote remote = ask_and_wait();
    assert_int_equal(deferral_complete(ticket, SL_DENY, NULL), 0);
    clients_settle();
    remote_read_head(&remote, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 403 ", 13);
    expect_notes("");
    close(remote.socket);
}

static void whoever_leaves_before_the_verdict_is_gone(void **state)
{
    (void)state;
    struct remote remote = ask_and_wait();
    close(remote.socket);
    clients_settle();
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients_upgrades(UPGRADE_UNFINISHED), 1);
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), SL_GONE);
    clients_settle();
    expect_notes("");
}

/* -- ends -- */

static void an_upgrade_for_a_loop_that_has_ended_gives_its_place_back(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    post_handoff(0, make_handoff(ends, NULL, "early", 5));
    loop_deliver_rest(clients_loop(0)); /* On the thread that tears the server down. */
    assert_int_equal(clients.left, 1);
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
    expect_notes("");
    close(ends[1]);
}

static void try_to_identify(struct sl_client *client, struct upgrade *upgrade)
{
    (void)upgrade;
    script.connect = sl_client_identify(client, "ada", 3) == OK ? SL_CONTINUE : SL_ERROR;
}

/* Lets a client in while an allocation fails. Returns false if there are fewer than `nth`. */
static bool join_with_failure(unsigned nth)
{
    int ends[2];
    uint8_t early[16];
    char response[1024] = "";
    clients_open(1);
    script.in_connect = try_to_identify;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    struct remote remote = {.socket = ends[1]};
    post_handoff(0, make_handoff(ends, NULL, early, encode(early, 0x81, "hi", 2)));
    fail_allocation(nth);
    clients_iterate(0);
    bool has_failed = end_failing_allocations();
    remote_read(&remote, response, sizeof response - 1);
    bool is_in = strncmp(response, "HTTP/1.1 101 ", 13) == 0;
    assert_true(is_in || has_failed);
    clients_settle();
    if (!is_in && response[0] != '\0')
        assert_memory_equal(response, "HTTP/1.1 5", 10);
    close(remote.socket);
    clients_settle();
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients.endpoint->connected, 0);
    assert_true(!has_failed || is_in || response[0] != '\0' || clients_drops(DROP_NO_MEMORY) <= 1);
    clients_close();
    return has_failed;
}

static void every_failing_allocation_gives_the_place_back_once(void **state)
{
    unsigned nth = 1;
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    while (join_with_failure(nth))
        nth++;
    assert_true(nth > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(an_upgrade_that_nobody_objects_to_becomes_a_client),
        clients_test(nothing_is_sent_before_the_response),
        clients_test(a_subprotocol_of_the_endpoints_is_answered),
        clients_test(a_plugin_refuses_with_its_status_and_its_reason),
        clients_test(whoever_nobody_has_named_is_refused_where_a_name_is_required),
        clients_test(whoever_is_banned_is_refused_when_the_name_is_known),
        clients_test(each_upgrade_is_counted_once_by_what_became_of_it),
        clients_test(nobody_is_let_in_while_the_server_ends),
        clients_test(nobody_is_let_in_while_all_is_drained_or_the_endpoint_is),
        clients_test(an_endpoint_that_is_not_there_any_more_is_not_found),
        clients_test(an_endpoint_that_is_being_set_up_is_to_be_tried_again),
        clients_test(early_messages_are_handled_behind_the_response),
        clients_test(early_messages_of_a_refused_client_are_not),
        clients_test(a_deferred_upgrade_is_answered_when_it_is_decided),
        clients_test(a_deferred_upgrade_may_be_refused),
        clients_test(whoever_leaves_before_the_verdict_is_gone),
        clients_test(an_upgrade_for_a_loop_that_has_ended_gives_its_place_back),
        cmocka_unit_test(every_failing_allocation_gives_the_place_back_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
