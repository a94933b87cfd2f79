/*
 * origin: lets in browsers only if the page that connects is of a listed origin.
 *
 * A browser sends cookies with every connection, whichever page opens it. The Origin header, which
 * pages cannot change, names the page's origin.
 */
#include "origin_pattern.h"

#include <sluice/plugin.h>

#include <string.h>

#define PATTERNS_MAX 1000

struct state {
    struct origin *patterns; /* owned */
    size_t count;
    bool allows_null;
    bool allows_absent;
    struct sl_metric *allowed;
    struct sl_metric *foreign;
    struct sl_metric *null;
    struct sl_metric *absent;
    struct sl_metric *malformed;
};

static const char *const choices[] = {"deny", "allow", NULL};

static const struct sl_option options[] = {
    {.name = "allow",
     .type = SL_OPTION_STRINGS,
     .summary =
         "The origins that may connect, such as https://example.com, with their port unless "
         "it is the scheme's own; https://*.example.com stands for one label; also file:// and "
         "app://., as applications send them"},
    {.name = "null",
     .type = SL_OPTION_CHOICE,
     .default_value = "deny",
     .choices = choices,
     .summary = "What happens to Origin: null, which sandboxed pages send, and local files in some "
                "browsers"},
    {.name = "absent",
     .type = SL_OPTION_CHOICE,
     .default_value = "deny",
     .choices = choices,
     .summary = "What happens to clients without an Origin, which are no browsers"},
};

static bool option_allows(const struct sl_instance *self, const char *option)
{
    struct sl_string choice = sl_option_string(self, option);
    return choice.len == 5 && memcmp(choice.data, "allow", 5) == 0;
}

static int read_patterns(struct sl_instance *self, struct state *state)
{
    const struct sl_host *host = self->host;
    const struct sl_value *allow = host->option(self, "allow");
    size_t count = host->value_count(allow);
    if (count == 0 && !state->allows_null && !state->allows_absent)
        return sl_fail(self, "nobody could connect: list the origins of your pages in allow, such "
                             "as [https://example.com]");
    if (count > PATTERNS_MAX)
        return sl_fail(self, "allow lists %zu origins, but %d is the most", count, PATTERNS_MAX);
    state->patterns = host->allocate((count + 1) * sizeof *state->patterns);
    if (state->patterns == NULL)
        return sl_fail(self, "there is no memory for allow");
    for (; state->count < count; state->count++) {
        struct sl_string text = host->value_string(host->value_at(allow, state->count));
        const char *wrong = origin_parse_pattern(text, &state->patterns[state->count]);
        if (wrong != NULL) {
            host->release(state->patterns);
            return sl_fail(self, "allow: \"%.*s\" %s", (int)(text.len < 100 ? text.len : 100),
                           text.data, wrong);
        }
    }
    return 0;
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    const struct sl_host *host = self->host;
    state->allows_null = option_allows(self, "null");
    state->allows_absent = option_allows(self, "absent");
    state->allowed = host->metric(self, SL_COUNTER, "allowed_total", "Clients let in", NULL, 0);
    state->foreign = host->metric(self, SL_COUNTER, "refused_foreign_total",
                                  "Clients refused: an origin that is not listed", NULL, 0);
    state->null = host->metric(self, SL_COUNTER, "refused_null_total",
                               "Clients refused: Origin: null", NULL, 0);
    state->absent = host->metric(self, SL_COUNTER, "refused_absent_total",
                                 "Clients refused: no Origin", NULL, 0);
    state->malformed = host->metric(self, SL_COUNTER, "refused_malformed_total",
                                    "Clients refused: an Origin that is none", NULL, 0);
    return read_patterns(self, state);
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    self->host->release(state->patterns);
}

static enum sl_verdict answer_verdict(const struct sl_instance *self, struct sl_request *request,
                                      bool allowed, struct sl_metric *refused)
{
    const struct state *state = self->state;
    self->host->metric_add(allowed ? state->allowed : refused, 1);
    return allowed ? SL_CONTINUE
                   : self->host->deny(request, 403, "Pages of this origin may not connect here.");
}

static bool is_listed_origin(const struct state *state, const struct origin *origin)
{
    for (size_t i = 0; i < state->count; i++)
        if (origin_matches(&state->patterns[i], origin))
            return true;
    return false;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    const struct state *state = self->state;
    struct sl_string text;
    struct origin origin;
    (void)client;
    if (!self->host->request_header(request, "Origin", &text))
        return answer_verdict(self, request, state->allows_absent, state->absent);
    if (text.len == 4 && memcmp(text.data, "null", 4) == 0)
        return answer_verdict(self, request, state->allows_null, state->null);
    if (origin_parse(text, &origin) != NULL)
        return answer_verdict(self, request, false, state->malformed);
    return answer_verdict(self, request, is_listed_origin(state, &origin), state->foreign);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "origin",
    .version = "1.0.0",
    .summary = "Lets in only pages of the origins that are listed",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
};
