/*
 * profanity: masks words in text messages, or drops such messages, or closes their sender.
 *
 * The words become one pattern, compiled in create. A compiled pattern is immutable, so all threads
 * share it; what a match needs besides is made for each message.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <sluice/plugin.h>

#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 65536
#define MATCH_LIMIT 100000 /* steps of a match: more than any honest message needs */

enum action { MASK, DROP, CLOSE };

struct state {
    pcre2_code *pattern;
    pcre2_match_context *limits;
    enum action action;
    struct sl_metric *hits;
};

/* "\\b(?:\\Qdarn\\E|\\Qheck\\E)\\b": each word between \\Q and \\E means itself. */
static size_t build_pattern(const struct sl_instance *self, char *pattern, size_t size)
{
    const struct sl_host *host = self->host;
    const struct sl_value *words = host->option(self, "words");
    size_t len = (size_t)snprintf(pattern, size, "(?<!\\w)(?:");
    for (size_t i = 0; i < host->value_count(words) && len < size; i++) {
        struct sl_string word = host->value_string(host->value_at(words, i));
        len += (size_t)snprintf(pattern + len, size - len, "%s\\Q%.*s\\E", i > 0 ? "|" : "",
                                (int)word.len, word.data);
    }
    if (len < size)
        len += (size_t)snprintf(pattern + len, size - len, ")(?!\\w)");
    return len;
}

static int compile(struct sl_instance *self, struct state *state)
{
    static const uint32_t flags = PCRE2_UTF | PCRE2_CASELESS | PCRE2_UCP | PCRE2_NO_UTF_CHECK;
    int code;
    PCRE2_SIZE at;
    char *pattern = self->host->allocate(PATTERN_MAX);
    if (pattern == NULL)
        return sl_fail(self, "out of memory");
    size_t len = build_pattern(self, pattern, PATTERN_MAX);
    if (len < PATTERN_MAX)
        state->pattern = pcre2_compile((PCRE2_SPTR)pattern, len, flags, &code, &at, NULL);
    self->host->release(pattern);
    if (len >= PATTERN_MAX)
        return sl_fail(self, "all words together are longer than %d bytes", PATTERN_MAX);
    if (state->pattern == NULL)
        return sl_fail(self, "a word cannot be used (PCRE2 error %d)", code);
    pcre2_jit_compile(state->pattern, PCRE2_JIT_COMPLETE); /* If it cannot be, it is only slower. */
    return 0;
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    pcre2_code_free(state->pattern);
    pcre2_match_context_free(state->limits);
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    struct sl_string action = sl_option_string(self, "action");
    state->action = action.data[0] == 'm' ? MASK : action.data[0] == 'd' ? DROP : CLOSE;
    state->hits = self->host->metric(self, SL_COUNTER, "hits_total", "Words found", NULL, 0);
    state->limits = pcre2_match_context_create(NULL);
    if (state->limits == NULL)
        return sl_fail(self, "out of memory");
    pcre2_set_match_limit(state->limits, MATCH_LIMIT);
    int error = compile(self, state);
    if (error != 0)
        destroy(self); /* The server calls it only if create succeeds. */
    return error;
}

/* Puts stars over every match in `text`. Returns how many there were, or a negative error. */
static int mask(const struct state *state, char *text, size_t len)
{
    int hits = 0;
    int found;
    size_t at = 0;
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    if (match == NULL)
        return -1;
    while ((found = pcre2_match(state->pattern, (PCRE2_SPTR)text, len, at, PCRE2_NO_UTF_CHECK,
                                match, state->limits)) > 0) {
        const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(match);
        memset(text + bounds[0], '*', bounds[1] - bounds[0]);
        at = bounds[1];
        hits++;
    }
    pcre2_match_data_free(match);
    return found == PCRE2_ERROR_NOMATCH ? hits : -1;
}

static enum sl_verdict judge(struct sl_instance *self, struct sl_client *client,
                             const struct sl_message *message, const char *masked, int hits)
{
    const struct state *state = self->state;
    if (hits < 0)
        return SL_ERROR; /* on_error decides about what could not be looked at */
    if (hits == 0)
        return SL_CONTINUE;
    self->host->metric_add(state->hits, hits);
    if (state->action == DROP)
        return SL_DROP;
    if (state->action == CLOSE)
        return self->host->close_with(client, 1008, "mind your words");
    return self->host->message_replace(message, SL_TEXT, masked, message->len) == 0 ? SL_CONTINUE
                                                                                    : SL_ERROR;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    if (message->type != SL_TEXT || message->len == 0)
        return SL_CONTINUE;
    char *masked = self->host->allocate(message->len); /* The message itself is only borrowed. */
    if (masked == NULL)
        return SL_ERROR;
    memcpy(masked, message->data, message->len);
    int hits = mask(self->state, masked, message->len);
    enum sl_verdict verdict = judge(self, client, message, masked, hits);
    self->host->release(masked);
    return verdict;
}

static const char *const actions[] = {"mask", "drop", "close", NULL};
static const struct sl_option options[] = {
    {.name = "words",
     .type = SL_OPTION_STRINGS,
     .flags = SL_OPTION_REQUIRED,
     .minimum = 1,
     .maximum = 200,
     .summary = "Words that are not wanted"},
    {.name = "action",
     .type = SL_OPTION_CHOICE,
     .default_value = "mask",
     .choices = actions,
     .summary = "What happens to a message with one of them"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "profanity",
    .version = "1.0.0",
    .summary = "Masks words, or drops or closes for them",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .destroy = destroy,
    .on_message = on_message,
};
