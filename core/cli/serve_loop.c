#include "cli/serve_loop.h"

#include "base/clock.h"
#include "cli/serve_log.h"
#include "cli/serve_reload.h"
#include "cli/stop_signals.h"
#include "hub/hub.h"
#include "hub/reload.h"

#include <poll.h>
#include <signal.h>

/* The next signal, or 0. That which is the same whatever the server does has been done. */
static int take_signal(const struct server_parts *parts)
{
    int number = stop_signals_take(parts->signals);
    if (number != SIGUSR1)
        return number;
    serve_log_reopen();
    return 0;
}

int serve_loop_step(struct server_parts *parts, int timeout)
{
    struct pollfd watched[] = {{.fd = stop_signals_fd(parts->signals), .events = POLLIN},
                               {.fd = hub_control_fd(parts->hub), .events = POLLIN}};
    if (poll(watched, 2, timeout) <= 0)
        return 0;
    if ((watched[1].revents & POLLIN) != 0)
        hub_run_control(parts->hub);
    return (watched[0].revents & POLLIN) != 0 ? take_signal(parts) : 0;
}

/* One step until `until`. Returns a signal that asks the server to end, or 0. */
static int step_until(struct server_parts *parts, int64_t until)
{
    int64_t left = until - clock_monotonic();
    int number = serve_loop_step(parts, until == SERVE_FOR_EVER ? -1
                                        : left > 0              ? (int)(left / NS_PER_MS + 1)
                                                                : 0);
    if (number == SIGHUP)
        serve_reload_for_signal(parts);
    return number == SIGINT || number == SIGTERM ? number : 0;
}

int serve_loop_start(struct server_parts *parts, struct diagnostics *diagnostics, int *number)
{
    int error = hub_finish_start(parts->hub, diagnostics);
    while (error == HUB_RELOAD_AWAITED) {
        *number = step_until(parts, hub_start_deadline(parts->hub));
        if (*number != 0)
            return OK;
        error = hub_finish_start(parts->hub, diagnostics);
    }
    return error;
}

int serve_loop_run(struct server_parts *parts, int64_t until)
{
    for (;;) {
        int64_t deadline = serve_reload_deadline(parts);
        if (until != SERVE_FOR_EVER && clock_monotonic() >= until)
            return 0;
        int number = step_until(parts, deadline < until ? deadline : until);
        if (number != 0)
            return number;
        serve_reload_continue(parts);
    }
}
