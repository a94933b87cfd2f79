#include "hub/hub.h"
#include "hub/send.h"

#include "hub/serving.h"

#define TWO_LOOPS "loops: 2\n"
#define ENDPOINT "endpoints: [{path: /ws}]\n"
#define PROBE "endpoints: [{path: /ws, pipeline: [{plugin: probe}]}]\n"

/* -- endpoints -- */

static void finds_endpoints_by_their_exact_path(void **state)
{
    (void)state;
    struct serving serving = serve("endpoints: [{path: /ws}, {path: /ws/other}]\n");
    struct endpoint *first = hub_find_endpoint(serving.hub, "/ws");
    struct endpoint *second = hub_find_endpoint(serving.hub, "/ws/other");
    assert_string_equal(first->path, "/ws");
    assert_string_equal(second->path, "/ws/other");
    assert_null(hub_find_endpoint(serving.hub, "/"));
    assert_null(hub_find_endpoint(serving.hub, "/ws/"));
    assert_null(hub_find_endpoint(serving.hub, "/WS"));
    end_serving(&serving);
}

static void takes_limits_from_the_configuration(void **state)
{
    (void)state;
    struct serving serving =
        serve("endpoints: [{path: /ws, message: {max_size: 1KiB, types: [binary]}}]\n");
    struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/ws");
    assert_int_equal(endpoint->setup->limits.message_max, 1024);
    assert_false(endpoint->setup->limits.text);
    assert_true(endpoint->setup->limits.binary);
    end_serving(&serving);
}

static void reports_the_errors_of_all_pipelines(void **state)
{
    struct hub *hub = NULL;
    struct diagnostics diagnostics;
    (void)state;
    struct config *config =
        load_config("endpoints:\n"
                    "- {path: /a, pipeline: [{plugin: nowhere}]}\n"
                    "- {path: /b, pipeline: [{plugin: probe}]}\n"
                    "- path: /c\n"
                    "  pipeline: [{plugin: misnamed}, {plugin: create-fails}]\n");
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_create(config, host_table(), SL_MODE_SERVE, &diagnostics, &hub),
                     ERR_CONFIG);
    assert_null(hub);
    assert_int_equal(diagnostics.count, 3);
    assert_non_null(strstr(diagnostics.items[0].text, "there is no plugin 'nowhere'"));
    assert_non_null(strstr(diagnostics.items[1].text, "calls itself 'another-name'"));
    assert_non_null(strstr(diagnostics.items[2].text, "the moon is in the wrong phase"));
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
}

static void hub_that_never_started_can_be_destroyed(void **state)
{
    struct hub *hub;
    struct diagnostics diagnostics;
    (void)state;
    struct config *config = load_config(TWO_LOOPS PROBE);
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_create(config, host_table(), SL_MODE_SERVE, &diagnostics, &hub), OK);
    hub_destroy(hub);
    hub_destroy(NULL);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
}

/* Mail that leads to the next, from the last loop to the first. */
struct hop {
    struct mail mail; /* first */
    struct hub *hub;
    unsigned left;
};

static void deliver_hop(struct loop *loop, struct mail *mail)
{
    struct hop *hop = (struct hop *)mail;
    (void)loop;
    if (hop->left-- > 1)
        loop_post(&hop->hub->set.shards[hop->left % 2].loop, &hop->mail);
}

static void what_the_last_mail_leads_to_is_delivered_before_the_end(void **state)
{
    struct hub *hub;
    struct diagnostics diagnostics;
    struct hop hop = {.mail.deliver = deliver_hop, .left = 20};
    (void)state;
    struct config *config = load_config(TWO_LOOPS ENDPOINT);
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_create(config, host_table(), SL_MODE_SERVE, &diagnostics, &hub), OK);
    hop.hub = hub;
    loop_post(&hub->set.shards[0].loop, &hop.mail);
    hub_destroy(hub);
    assert_int_equal(hop.left, 0);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
}

/* The create of a neighbour may take longer than the time that an instance has. */
static void the_time_of_an_awaited_instance_begins_with_the_loops(void **state)
{
    struct diagnostics diagnostics;
    struct hub *hub;
    (void)state;
    diagnostics_init(&diagnostics);
    struct config *config = load_config(
        "endpoints: [{path: /ws, pipeline: [{plugin: renewed, options: {create: later}}]}]");
    assert_int_equal(hub_create(config, host_table(), SL_MODE_SERVE, &diagnostics, &hub), OK);
    config->plugin_create_timeout = 3600 * NS_PER_S;
    int64_t before = clock_monotonic();
    assert_true(hub_start_deadline(hub) < before + config->plugin_create_timeout);
    assert_int_equal(hub_start(hub), OK);
    assert_true(hub_start_deadline(hub) >= before + config->plugin_create_timeout);
    hub_destroy(hub);
    config_destroy(config);
    diagnostics_deinit(&diagnostics);
}

/* -- coming in -- */

static void answers_the_upgrade_and_counts_the_client(void **state)
{
    char head[1024];
    (void)state;
    struct serving serving = serve("endpoints: [{path: /a}, {path: /b}]\n");
    struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/a");
    assert_admission(&serving, "/a", 1, ADMISSION_GRANTED);
    int client = hand_over(serving.hub, "/a", address_of(1), NULL, 0);
    read_head(client, head, sizeof head);
    assert_string_equal(head, "HTTP/1.1 101 Switching Protocols\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                              "\r\n");
    assert_int_equal(hub_client_count(serving.hub, endpoint), 1);
    assert_int_equal(hub_client_count(serving.hub, NULL), 1);
    assert_int_equal(hub_client_count(serving.hub, hub_find_endpoint(serving.hub, "/b")), 0);
    leave(client);
    wait_for_clients(serving.hub, endpoint, 0);
    end_serving(&serving);
}

static void handles_what_came_behind_the_request(void **state)
{
    char early[64], head[1024];
    (void)state;
    struct serving serving = serve(ENDPOINT);
    size_t len = client_frame(early, OPCODE_TEXT, "early", 5);
    len += client_frame(early + len, OPCODE_TEXT, "bird", 4);
    assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
    int client = hand_over(serving.hub, "/ws", address_of(1), early, len - 2);
    assert_int_equal(send(client, early + len - 2, 2, 0), 2);
    read_head(client, head, sizeof head);
    expect_text(client, "early");
    expect_text(client, "bird");
    leave(client);
    end_serving(&serving);
}

static void refused_client_gets_an_answer_and_keeps_no_place(void **state)
{
    char head[1024], body[64];
    (void)state;
    struct serving serving = serve("limits: {clients: 1}\n"
                                   "endpoints: [{path: /ws, identity: required}]\n");
    for (int i = 0; i < 3; i++) {
        assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
        int client = hand_over(serving.hub, "/ws", address_of(1), NULL, 0);
        read_head(client, head, sizeof head);
        assert_memory_equal(head, "HTTP/1.1 401 Unauthorized\r\n", 27);
        assert_non_null(strstr(head, "\r\nWWW-Authenticate: Bearer\r\n"));
        read_exactly(client, body, strlen("This endpoint needs credentials\n"));
        expect_end(client);
        while (atomic_load(&serving.hub->admitted) > 0)
            poll(NULL, 0, 1);
    }
    assert_int_equal(hub_client_count(serving.hub, NULL), 0);
    end_serving(&serving);
}

/* -- messages -- */

static void message_reaches_everybody_on_all_loops(void **state)
{
    int clients[6];
    (void)state;
    struct serving serving = serve(TWO_LOOPS ENDPOINT);
    for (int i = 0; i < 6; i++)
        clients[i] = join(serving.hub, "/ws");
    for (int sender = 0; sender < 6; sender += 5) {
        send_text(clients[sender], "hello");
        for (int i = 0; i < 6; i++)
            expect_text(clients[i], "hello");
    }
    for (int i = 0; i < 6; i++)
        leave(clients[i]);
    end_serving(&serving);
}

static void message_stays_within_its_endpoint(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS "endpoints: [{path: /a}, {path: /b}]\n");
    int here = join(serving.hub, "/a"), there = join(serving.hub, "/b");
    send_text(here, "here");
    expect_text(here, "here");
    send_text(there, "there");
    expect_text(there, "there");
    leave(here);
    leave(there);
    end_serving(&serving);
}

static void sender_is_left_out_without_echo(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS "endpoints: [{path: /ws, echo: false}]\n");
    int one = join(serving.hub, "/ws"), two = join(serving.hub, "/ws");
    int three = join(serving.hub, "/ws");
    send_text(one, "from one");
    expect_text(two, "from one");
    expect_text(three, "from one");
    send_text(two, "from two");
    expect_text(one, "from two");
    expect_text(three, "from two");
    leave(one);
    leave(two);
    leave(three);
    end_serving(&serving);
}

static void broadcast_comes_from_any_thread(void **state)
{
    char data[600];
    (void)state;
    struct serving serving = serve(TWO_LOOPS "endpoints: [{path: /a}, {path: /b}]\n");
    int one = join(serving.hub, "/a"), two = join(serving.hub, "/a");
    int other = join(serving.hub, "/b");
    struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/a");
    memset(data, '\xff', sizeof data);
    assert_int_equal(fanout_publish(&endpoint->fanout, OPCODE_TEXT, "news", 4), OK);
    assert_int_equal(fanout_publish(&endpoint->fanout, OPCODE_TEXT, NULL, 0), OK);
    assert_int_equal(fanout_publish(&endpoint->fanout, OPCODE_BINARY, data, sizeof data), OK);
    for (int i = 0; i < 2; i++) {
        int client = i == 0 ? one : two;
        expect_text(client, "news");
        expect_text(client, "");
        struct arrived arrived = read_frame(client);
        assert_int_equal(arrived.opcode, OPCODE_BINARY);
        assert_int_equal(arrived.len, sizeof data);
        assert_memory_equal(arrived.data, data, sizeof data);
        leave(client);
    }
    leave(other);
    end_serving(&serving);
}

/* -- one client by its id, which the probe tells -- */

static uint64_t ask_for_id(int client)
{
    send_text(client, "who");
    return strtoull(read_frame(client).data, NULL, 10);
}

static void clients_are_spread_over_the_loops(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS PROBE);
    int one = join(serving.hub, "/ws"), two = join(serving.hub, "/ws");
    assert_int_not_equal(client_id_loop(ask_for_id(one)), client_id_loop(ask_for_id(two)));
    leave(one);
    leave(two);
    end_serving(&serving);
}

static void sends_to_one_client_by_its_id(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS PROBE);
    int one = join(serving.hub, "/ws"), two = join(serving.hub, "/ws");
    uint64_t first = ask_for_id(one), second = ask_for_id(two);
    assert_int_equal(hub_send(serving.hub, second, OPCODE_TEXT, "two", 3), OK);
    assert_int_equal(hub_send(serving.hub, first, OPCODE_TEXT, "one", 3), OK);
    expect_text(one, "one");
    expect_text(two, "two");
    leave(one);
    leave(two);
    end_serving(&serving);
}

static void closes_one_client_by_its_id(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS PROBE);
    int one = join(serving.hub, "/ws"), two = join(serving.hub, "/ws");
    assert_int_equal(hub_close(serving.hub, ask_for_id(one), 4001, "enough"), OK);
    expect_close(one, 4001, "enough");
    send_close(one, 4001);
    expect_end(one);
    wait_for_clients(serving.hub, NULL, 1);
    leave(two);
    end_serving(&serving);
}

static void id_of_one_who_left_names_nobody_else(void **state)
{
    (void)state;
    struct serving serving = serve("loops: 1\n" PROBE);
    int one = join(serving.hub, "/ws");
    uint64_t old = ask_for_id(one);
    leave(one);
    wait_for_clients(serving.hub, NULL, 0);
    int two = join(serving.hub, "/ws");
    assert_int_not_equal(ask_for_id(two), old);
    assert_int_equal(hub_close(serving.hub, old, 4001, "for the one before"), OK);
    assert_int_equal(hub_send(serving.hub, old, OPCODE_TEXT, "for the one before", 18), OK);
    send_text(two, "still here");
    expect_text(two, "still here");
    leave(two);
    end_serving(&serving);
}

static void ids_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS PROBE);
    assert_int_equal(hub_close(serving.hub, 2, 4001, ""), ERR_INVALID);
    assert_int_equal(hub_send(serving.hub, UINT64_MAX, OPCODE_TEXT, "x", 1), ERR_INVALID);
    assert_int_equal(hub_close(serving.hub, 0, 4001, ""), OK);
    assert_int_equal(hub_close(serving.hub, UINT64_C(0xffffffffffffff00), 4001, ""), OK);
    end_serving(&serving);
}

/* -- the end -- */

static void upgrade_that_comes_while_draining_is_refused(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS ENDPOINT);
    assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
    hub_drain(serving.hub, NS_PER_S);
    int late = hand_over(serving.hub, "/ws", address_of(1), NULL, 0);
    char status[13] = "";
    read_exactly(late, status, sizeof status - 1);
    assert_string_equal(status, "HTTP/1.1 503");
    close(late);
    end_serving(&serving);
}

static void destroying_ends_clients_and_upgrades_on_their_way(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_LOOPS PROBE);
    int one = join(serving.hub, "/ws"), two = join(serving.hub, "/ws");
    assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
    int late = hand_over(serving.hub, "/ws", address_of(1), NULL, 0);
    end_serving(&serving);
    expect_end(one);
    expect_end(two);
    close(late); /* Came in or not, it has been closed and freed: the sanitizers would tell. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_endpoints_by_their_exact_path),
        cmocka_unit_test(takes_limits_from_the_configuration),
        cmocka_unit_test(reports_the_errors_of_all_pipelines),
        cmocka_unit_test(hub_that_never_started_can_be_destroyed),
        cmocka_unit_test(what_the_last_mail_leads_to_is_delivered_before_the_end),
        cmocka_unit_test(the_time_of_an_awaited_instance_begins_with_the_loops),
        cmocka_unit_test(answers_the_upgrade_and_counts_the_client),
        cmocka_unit_test(handles_what_came_behind_the_request),
        cmocka_unit_test(refused_client_gets_an_answer_and_keeps_no_place),
        cmocka_unit_test(message_reaches_everybody_on_all_loops),
        cmocka_unit_test(message_stays_within_its_endpoint),
        cmocka_unit_test(sender_is_left_out_without_echo),
        cmocka_unit_test(broadcast_comes_from_any_thread),
        cmocka_unit_test(clients_are_spread_over_the_loops),
        cmocka_unit_test(sends_to_one_client_by_its_id),
        cmocka_unit_test(closes_one_client_by_its_id),
        cmocka_unit_test(id_of_one_who_left_names_nobody_else),
        cmocka_unit_test(ids_that_cannot_be_are_refused),
        cmocka_unit_test(upgrade_that_comes_while_draining_is_refused),
        cmocka_unit_test(destroying_ends_clients_and_upgrades_on_their_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
