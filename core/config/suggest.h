/*
 * "Did you mean ...?": the known name nearest to a misspelt one.
 *
 * Pure, any thread. Names are offered one by one, so that they can come from any kind of table:
 *
 *     struct suggestion suggestion = suggest_begin("lisen");
 *     suggest_offer(&suggestion, "listen");
 *     suggestion.nearest is "listen"
 */
#ifndef SLUICE_CONFIG_SUGGEST_H
#define SLUICE_CONFIG_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *word;    /* borrowed: what was written */
    const char *nearest; /* borrowed from the offers; NULL: none is near enough to be helpful */
    size_t distance;     /* of `nearest` */
};

struct suggestion suggest_begin(const char *word);

/* Considers one known name. Of equally near ones the first stays. */
void suggest_offer(struct suggestion *suggestion, const char *name);

#endif
