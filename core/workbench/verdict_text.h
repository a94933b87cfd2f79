/*
 * Verdicts as scenarios, recordings and metrics write them.
 */
#ifndef SLUICE_WORKBENCH_VERDICT_TEXT_H
#define SLUICE_WORKBENCH_VERDICT_TEXT_H

#include "pipeline/verdict.h"

#include <sluice/plugin.h>

/* "continue", "drop"; static storage. */
static inline const char *verdict_text(enum sl_verdict verdict)
{
    return verdict_slot_name(verdict_slot(verdict));
}

#endif
