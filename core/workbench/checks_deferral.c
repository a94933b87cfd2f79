/*
 * Checks of deferrals that end without their completion.
 */
#include "workbench/checks_internal.h"

#define WAIT 2000 /* ms of real time for a deferred verdict */

/* Ends what is deferred for the client, and then the client. */
typedef void end_deferral(struct fake_instance *instance, struct sl_client *client, bool is_open);

/* Calls `end` for what on_open defers. Returns 1 if that is something. */
static unsigned end_opening(struct fake_instance *instance, const struct subject *subject,
                            end_deferral *end)
{
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    bool is_in = result.verdict == SL_CONTINUE;
    fake_result_release(&result);
    if (is_in && fake_open(instance, client) == SL_DEFER) {
        end(instance, client, true);
        return 1;
    }
    if (is_in)
        check_client_leave(instance, client);
    else
        fake_client_destroy(client);
    return 0;
}

/* Calls `end` for each thing that the plugin defers. Returns how many there were. */
static unsigned for_each_deferral(struct fake_instance *instance, const struct subject *subject,
                                  end_deferral *end)
{
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_result_release(&result);
    unsigned count = fake_is_deferred(client) ? 1 : 0;
    if (count > 0)
        end(instance, client, false);
    else
        fake_client_destroy(client);
    count += end_opening(instance, subject, end);
    for (size_t i = 0; i < check_message_count(subject); i++) {
        const struct scenario_message *message = check_message(subject, i);
        client = check_client_open(instance, subject);
        if (client == NULL)
            return count;
        fake_message(instance, client, message->type, message->data, message->len, &result);
        fake_result_release(&result);
        if (fake_is_deferred(client)) {
            end(instance, client, true);
            count++;
        } else {
            check_client_leave(instance, client);
        }
    }
    return count;
}

static void leave_while_deferred(struct fake_instance *instance, struct sl_client *client,
                                 bool is_open)
{
    if (is_open)
        check_client_leave(instance, client);
    else
        fake_client_destroy(client);
    fake_run_offloaded(); /* What it had begun ends only now. */
    fake_advance(5 * SECOND);
}

static void let_deadline_pass(struct fake_instance *instance, struct sl_client *client,
                              bool is_open)
{
    struct fake_result result;
    fake_advance(3601 * SECOND);
    if (fake_await(client, WAIT, &result))
        fake_result_release(&result);
    leave_while_deferred(instance, client, is_open);
}

void check_disconnect_while_deferred(const struct subject *subject)
{
    struct fake_instance *instance = subject_create(subject_load(subject), subject, "/ws");
    situation_doing("a client that leaves while its verdict is awaited");
    if (for_each_deferral(instance, subject, leave_while_deferred) == 0)
        situation_skip("nothing was deferred");
    check_client_run(instance, subject);
    fake_instance_destroy(instance);
}

void check_deadline(const struct subject *subject)
{
    struct fake_instance *instance = subject_create(subject_load(subject), subject, "/ws");
    situation_doing("a deferral that misses its deadline");
    if (for_each_deferral(instance, subject, let_deadline_pass) == 0)
        situation_skip("nothing was deferred");
    check_client_run(instance, subject);
    fake_instance_destroy(instance);
}
