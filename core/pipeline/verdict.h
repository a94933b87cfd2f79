/*
 * Verdicts: which hook may give which one, and how they are counted and named.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_PIPELINE_VERDICT_H
#define SLUICE_PIPELINE_VERDICT_H

#include <stdbool.h>

/* What verdicts are counted under. */
enum verdict_slot {
    VERDICT_SLOT_ERROR,
    VERDICT_SLOT_CONTINUE,
    VERDICT_SLOT_DROP,
    VERDICT_SLOT_HANDLED,
    VERDICT_SLOT_CLOSE,
    VERDICT_SLOT_DENY,
    VERDICT_SLOT_DEFER,
    VERDICT_SLOT_COUNT
};

/* The hooks that decide. */
enum verdict_hook {
    VERDICT_OF_CONNECT,
    VERDICT_OF_MESSAGE,
    VERDICT_OF_RECHECK,
    VERDICT_OF_SUBSCRIBE,
    VERDICT_OF_PUBLISH,
    VERDICT_OF_OPEN /* which only its deferral decides */
};

/* The slot of what a hook has returned, a verdict or not. */
enum verdict_slot verdict_slot(int verdict);

/* The name of a verdict for metrics and logs; static storage. */
const char *verdict_slot_name(enum verdict_slot slot);

/* Whether that hook, or the end of its deferral, may decide so. SL_DEFER is no decision. */
bool verdict_is_allowed(enum verdict_hook hook, int verdict);

#endif
