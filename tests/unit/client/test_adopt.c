#include "client/remotes.h"

#include "failing_memory.h"

static const struct chain *newest_chain(void)
{
    return clients.endpoint->loop_setups[0]->chain;
}

static void catch_up(struct client *client)
{
    current_loop = clients_loop(0);
    client_catch_up_with_reload(client);
    current_loop = NULL;
}

static void a_client_changes_over_to_the_newest_set_up(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    (void)state;
    catch_up(remote.client);
    expect_notes(""); /* It has it. */
    clients.how.message_max_size = 10;
    clients_set_up();
    catch_up(remote.client);
    expect_notes("close:0:server: open"); /* Its instance is another one. */
    assert_ptr_equal(client_setup(remote.client), clients.endpoint->loop_setups[0]);
    assert_ptr_equal(remote.client->seen.chain, newest_chain());
    remote_send_text(&remote, "more than ten bytes");
    remote_send_text(&other, "more than ten bytes"); /* It has not changed over yet. */
    clients_settle();
    assert_int_equal(clients_closes(CLOSE_TOO_BIG), 1);
    assert_int_equal(other.client->state, CLIENT_OPEN);
    close(remote.socket);
    close(other.socket);
}

static void
a_client_that_a_reload_has_not_reached_changes_over_before_its_next_message(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    clients.how.message_max_size = 10;
    clients_set_up();
    clients.shards[0].switching = 1;
    remote_send_text(&remote, "more than ten bytes");
    clients_settle();
    assert_ptr_equal(remote.client->seen.chain, newest_chain());
    assert_int_equal(clients_closes(CLOSE_TOO_BIG), 1);
    clients.shards[0].switching = 0;
    close(remote.socket);
}

static void the_set_up_before_goes_with_its_last_client(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    assert_int_equal(clients.config.owners, 3); /* The test's, a set-up's, its instance's. */
    clients_set_up();
    assert_int_equal(clients.config.owners, 5);
    catch_up(remote.client);
    loop_deliver_rest(clients_loop(0));
    clients_run_control();
    assert_int_equal(clients.config.owners, 3);
    close(remote.socket);
}

static void whoever_is_ending_or_waits_for_a_verdict_keeps_what_it_has(void **state)
{
    struct remote closing = remote_join(0), waiting = remote_join(0);
    (void)state;
    client_close(closing.client, CLOSE_NORMAL, "", 0);
    client_wait(waiting.client);
    clients_set_up();
    catch_up(closing.client);
    catch_up(waiting.client);
    expect_notes("");
    assert_ptr_not_equal(closing.client->seen.chain, newest_chain());
    assert_ptr_not_equal(waiting.client->seen.chain, newest_chain());
    waiting.client->is_waiting = false;
    client_resume_input(waiting.client); /* Now it does not wait any more. */
    assert_ptr_equal(waiting.client->seen.chain, newest_chain());
    close(closing.socket);
    close(waiting.socket);
}

static void an_endpoint_that_is_gone_leaves_its_clients_alone(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    endpoint_switch_loop(clients.endpoint, 0, NULL);
    catch_up(remote.client);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    assert_non_null(client_setup(remote.client));
    close(remote.socket);
}

static void the_heartbeat_is_that_of_the_new_set_up(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    clients.how.heartbeat_interval = NS_PER_S;
    clients.how.heartbeat_timeout = NS_PER_S;
    clients_set_up();
    catch_up(remote.client);
    clients_pass(NS_PER_S);
    remote_expect(&remote, OPCODE_PING, NULL, 0);
    close(remote.socket);
}

/* -- on_reload: recheck -- */

static struct remote join_and_recheck(enum sl_verdict verdict)
{
    struct remote remote = remote_join(0);
    clients.how.on_reload = ON_RELOAD_RECHECK;
    script.recheck = verdict;
    clients_set_up();
    catch_up(remote.client);
    clients_settle();
    return remote;
}

static void a_client_that_would_still_be_let_in_stays(void **state)
{
    struct remote remote = join_and_recheck(SL_CONTINUE);
    (void)state;
    expect_notes("close:0:server: open recheck");
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    remote_expect_nothing(&remote);
    close(remote.socket);
}

static void a_client_that_would_not_be_is_closed_with_4401(void **state)
{
    struct remote remote = join_and_recheck(SL_DENY);
    (void)state;
    remote_expect_close(&remote, CLOSE_UNAUTHORIZED, "Your credentials are not accepted any more");
    assert_int_equal(clients_closes(CLOSE_UNAUTHORIZED), 1);
    close(remote.socket);
}

static void a_plugin_that_fails_closes_with_1011(void **state)
{
    struct remote remote = join_and_recheck(SL_ERROR);
    (void)state;
    remote_expect_close(&remote, CLOSE_INTERNAL_ERROR,
                        "Your credentials could not be checked again");
    close(remote.socket);
}

static void whoever_has_no_name_is_closed_where_one_is_required_now(void **state)
{
    (void)state;
    clients.how.identity_required = false;
    struct remote remote = remote_join(0);
    clients.how.identity_required = true;
    clients.how.on_reload = ON_RELOAD_RECHECK;
    clients_set_up();
    catch_up(remote.client);
    clients_settle();
    remote_expect_close(&remote, CLOSE_UNAUTHORIZED, "This endpoint needs credentials now");
    close(remote.socket);
}

static void without_memory_for_the_change_the_client_ends(void **state)
{
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct remote remote = remote_join(0);
        uint64_t before = clients_drops(DROP_NO_MEMORY);
        clients_set_up();
        fail_allocation(nth);
        catch_up(remote.client);
        bool has_failed = end_failing_allocations();
        assert_int_equal(remote.client->state, has_failed ? CLIENT_GONE : CLIENT_OPEN);
        assert_int_equal(clients_drops(DROP_NO_MEMORY), before + has_failed);
        clients_settle();
        close(remote.socket);
        clients_settle();
        if (!has_failed) {
            assert_true(nth > 1);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(a_client_changes_over_to_the_newest_set_up),
        clients_test(a_client_that_a_reload_has_not_reached_changes_over_before_its_next_message),
        clients_test(the_set_up_before_goes_with_its_last_client),
        clients_test(whoever_is_ending_or_waits_for_a_verdict_keeps_what_it_has),
        clients_test(an_endpoint_that_is_gone_leaves_its_clients_alone),
        clients_test(the_heartbeat_is_that_of_the_new_set_up),
        clients_test(a_client_that_would_still_be_let_in_stays),
        clients_test(a_client_that_would_not_be_is_closed_with_4401),
        clients_test(a_plugin_that_fails_closes_with_1011),
        clients_test(whoever_has_no_name_is_closed_where_one_is_required_now),
        clients_test(without_memory_for_the_change_the_client_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
