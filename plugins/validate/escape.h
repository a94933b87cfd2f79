/*
 * Which members are escaped for HTML, and how: `escape_html`.
 *
 * Read in create, immutable afterwards; any thread may check.
 */
#ifndef VALIDATE_ESCAPE_H
#define VALIDATE_ESCAPE_H

#include "json/json_value.h"

#include <sluice/plugin.h>

#define ESCAPE_TARGETS_MAX 32
#define ESCAPE_DEPTH_MAX 32 /* tokens of a JSON Pointer */
#define ESCAPE_GROWTH 6     /* the most bytes that escape_html makes of one */

struct escape_target; /* a name, or a JSON Pointer with '*' for any member or element */

struct escape {
    struct escape_target *targets; /* owned */
    size_t count;                  /* 0: nothing is escaped */
};

/* Reads the option. Returns 0, or SL_ERROR after host->fail; nothing is owned then. */
int escape_init(struct escape *escape, struct sl_instance *self);
void escape_deinit(struct escape *escape, const struct sl_host *host);

/* Whether this value, `depth` steps below the top, is selected. If so, all strings inside it are
 * escaped. */
bool escape_is_target(const struct escape *escape, const struct json_value *value, size_t depth);

/* Whether the text has anything to escape. */
bool escape_is_needed(struct json_text text);

/* Writes a text with &amp; &lt; &gt; &quot; and &#39; where they belong. Returns the bytes written,
 * at most ESCAPE_GROWTH for each one. */
size_t escape_html(struct json_text text, char *out);

#endif
