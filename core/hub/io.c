#include "hub/io.h"

#include "config/config.h"
#include "delivery/ring.h"
#include "hub/hub.h"

#include <stdio.h>

/* Any number of writes but one is worth it to an operator who asks for io_uring by its name. */
#define LEAST_ASKED_FOR 2u

static void give_loop_submissions(struct hub *hub, struct delivery_loop *loop, uint32_t least)
{
    struct submission *submission;
    if (submission_create(least, &submission, &hub->io_refusal) == OK)
        delivery_use_submission(loop, submission);
}

int io_set_up(struct hub *hub, const struct config *config, struct diagnostics *diagnostics)
{
    bool is_asked_for = config->io == CONFIG_IO_IO_URING;
    uint32_t least = is_asked_for ? LEAST_ASKED_FOR : SUBMISSION_WORTH;
    if (config->io == CONFIG_IO_EPOLL)
        return OK;
    if (is_asked_for && !ring_is_built_in()) {
        diagnostics_add(diagnostics, config->io_position,
                        "io: io_uring is not in this program, which was built without liburing; "
                        "say `auto` or `epoll`, or build it with liburing 2.3 or newer");
        return ERR_CONFIG;
    }
    for (unsigned i = 0; i < hub->set.count && hub->io_refusal == NULL; i++)
        give_loop_submissions(hub, &hub->set.shards[i].delivery, least);
    if (is_asked_for && hub->io_refusal != NULL)
        diagnostics_warn(diagnostics, config->io_position,
                         "io: io_uring is not available here: %s; plain writes are used instead",
                         hub->io_refusal);
    return OK;
}

unsigned io_count_submitting(const struct hub *hub)
{
    unsigned count = 0;
    for (unsigned i = 0; i < hub->set.count; i++)
        count += atomic_load_explicit(&hub->set.shards[i].delivery.submission_bytes,
                                      memory_order_relaxed) > 0;
    return count;
}

void io_describe(const struct hub *hub, char text[IO_TEXT_MAX])
{
    unsigned count = io_count_submitting(hub);
    const char *name = count > 0 ? "io_uring" : "epoll";
    if (count > 0 && count < hub->set.count)
        snprintf(text, IO_TEXT_MAX, "io_uring on %u of %u loops (%s)", count, hub->set.count,
                 hub->io_refusal != NULL ? hub->io_refusal : "it has failed on the others");
    else if (count == 0 && hub->io_refusal != NULL)
        snprintf(text, IO_TEXT_MAX, "epoll; no io_uring: %s", hub->io_refusal);
    else
        snprintf(text, IO_TEXT_MAX, "%s", name);
}
