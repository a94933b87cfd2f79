#include "pipeline/verdict.h"

#include <sluice/plugin.h>

static const char *const slot_names[VERDICT_SLOT_COUNT] = {
    [VERDICT_SLOT_ERROR] = "error", [VERDICT_SLOT_CONTINUE] = "continue",
    [VERDICT_SLOT_DROP] = "drop",   [VERDICT_SLOT_HANDLED] = "handled",
    [VERDICT_SLOT_CLOSE] = "close", [VERDICT_SLOT_DENY] = "deny",
    [VERDICT_SLOT_DEFER] = "defer",
};

const char *verdict_slot_name(enum verdict_slot slot)
{
    return slot_names[slot];
}

enum verdict_slot verdict_slot(int verdict)
{
    static const enum verdict_slot slots[] = {
        [SL_CONTINUE] = VERDICT_SLOT_CONTINUE, [SL_DROP] = VERDICT_SLOT_DROP,
        [SL_HANDLED] = VERDICT_SLOT_HANDLED,   [SL_CLOSE] = VERDICT_SLOT_CLOSE,
        [SL_DENY] = VERDICT_SLOT_DENY,         [SL_DEFER] = VERDICT_SLOT_DEFER,
    };
    return verdict >= 0 && (size_t)verdict < sizeof slots / sizeof *slots ? slots[verdict]
                                                                          : VERDICT_SLOT_ERROR;
}

bool verdict_is_allowed(enum verdict_hook hook, int verdict)
{
    switch (verdict) {
    case SL_ERROR:
    case SL_CONTINUE:
        return true;
    case SL_DENY:
        return hook != VERDICT_OF_MESSAGE && hook != VERDICT_OF_OPEN;
    case SL_DROP:
    case SL_HANDLED:
        return hook == VERDICT_OF_MESSAGE;
    case SL_CLOSE:
        return hook == VERDICT_OF_MESSAGE || hook == VERDICT_OF_OPEN;
    default:
        return false;
    }
}
