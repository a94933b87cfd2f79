/*
 * What texts may contain: control characters, characters that change the direction of text,
 * Unicode's normal form, and patterns.
 *
 * A text is a string or a name inside a JSON message, or a text message that is not read as JSON.
 * Read in create, immutable afterwards; any thread may check, with a matcher of its own.
 */
#ifndef VALIDATE_TEXTS_H
#define VALIDATE_TEXTS_H

#include "json/arena.h"
#include "refusal.h"
#include "schema/matcher.h"

#include <sluice/plugin.h>

#define DENIED_MAX 64 /* patterns of deny_patterns */

/* What happens to texts with such characters. */
enum text_rule { TEXT_ALLOW, TEXT_REFUSE, TEXT_REMOVE };

struct texts {
    enum text_rule control;
    enum text_rule bidi;
    bool require_nfc;
    pcre2_code *allowed; /* owned; the pattern that a whole text message has to match; or NULL */
    pcre2_code **denied; /* owned, and so are its codes */
    size_t denied_count;
};

/* Reads the options. Returns 0, or SL_ERROR after host->fail; nothing is owned then. */
int texts_init(struct texts *texts, struct sl_instance *self);
void texts_deinit(struct texts *texts, const struct sl_host *host);

/* Whether there is anything that texts_check would look at. */
bool texts_ask(const struct texts *texts);

/* Whether the whole text message matches its pattern. */
bool texts_check_whole(const struct texts *texts, struct matcher *matcher, struct json_text message,
                       struct refusal *refusal);

/* Whether a text contains only what is allowed. Removals come first, so that all rules see the text
 * that is passed on: *text is then owned by the arena, and *is_cleaned becomes true. A name
 * (`is_name`) cannot be changed and is refused instead. */
bool texts_check(const struct texts *texts, struct matcher *matcher, struct arena *arena,
                 struct json_text *text, bool is_name, bool *is_cleaned, struct refusal *refusal);

#endif
