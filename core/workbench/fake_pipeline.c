/*
 * The pipeline's surroundings: loops whose threads do not run, one for each thread of the test, and
 * the main thread's mailbox.
 */
#include "workbench/fake_internal.h"

#include "pipeline/pipeline.h"

#include <stdatomic.h>

static struct loop loops[FAKE_LOOPS];
static struct pipeline_loop pipeline_loops[FAKE_LOOPS];
static struct pipeline_loop *pipeline_loop_pointers[FAKE_LOOPS];
static struct mailbox control;
static struct memory_account input;
static struct pipeline pipeline;

static atomic_uint thread_count;
static _Thread_local struct pipeline_loop *own_loop;

static void do_nothing(struct loop *loop)
{
    (void)loop;
}

void fake_pipeline_begin(const struct sl_host *host)
{
    if (pipeline.loop_count > 0)
        return;
    pipeline = (struct pipeline){.host = host,
                                 .mode = SL_MODE_TEST,
                                 .calls = &fake_pipeline_calls,
                                 .control = &control,
                                 .input = &input,
                                 .loops = pipeline_loop_pointers,
                                 .loop_count = FAKE_LOOPS};
    memory_account_set_limit(&input, SIZE_MAX);
    /* Without a secret: plugins meet entries in the same order each time. */
    storage_set_limits(&pipeline.storage, FAKE_STORED_BYTES, FAKE_STORED_ENTRIES);
    bool is_good = mailbox_init(&control) == OK;
    for (unsigned i = 0; i < FAKE_LOOPS; i++) {
        is_good = is_good && loop_init(&loops[i], i) == OK;
        loops[i].on_event_end = do_nothing;
        pipeline_loop_init(&pipeline_loops[i], &loops[i], &pipeline);
        pipeline_loop_pointers[i] = &pipeline_loops[i];
    }
    if (!is_good)
        abort();
}

struct pipeline *fake_pipeline(void)
{
    return &pipeline;
}

struct pipeline_loop *fake_loop(void)
{
    if (own_loop != NULL)
        return own_loop;
    unsigned index = atomic_fetch_add(&thread_count, 1);
    if (index >= FAKE_LOOPS)
        fake_fail("hooks run on more than %d threads", FAKE_LOOPS);
    own_loop = &pipeline_loops[index];
    return own_loop;
}

bool fake_has_loop(void)
{
    return own_loop != NULL;
}

void fake_set_now(int64_t now)
{
    fake.now = now;
    for (unsigned i = 0; i < FAKE_LOOPS; i++)
        loops[i].now = now;
}

void fake_deliver(const struct sl_client *client)
{
    loop_deliver_rest(&loops[client_id_loop(client->id)]);
}

void fake_destroy_instances(void)
{
    for (unsigned i = 0; i < FAKE_LOOPS; i++)
        loop_deliver_rest(&loops[i]);
    struct mail *mail = mailbox_take(&control);
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->deliver(NULL, mail);
        mail = next;
    }
}
