/*
 * A client as the pipeline sees it: what stands behind the pointer that plugins are handed.
 *
 * Only the client's loop.
 */
#ifndef SLUICE_PIPELINE_SL_CLIENT_H
#define SLUICE_PIPELINE_SL_CLIENT_H

#include <sluice/plugin.h>

#include <stdbool.h>
#include <stdint.h>

struct sl_client {
    uint64_t id;              /* generation << 32 | slot << 8 | loop */
    char *identity;           /* owned, zero-terminated; NULL: not identified */
    uint32_t inline_size;     /* of the state blocks behind the client, bytes */
    bool has_moved_state : 1; /* its plugins' state is in blocks of its own */
    bool is_carried_over : 1; /* a reload is bringing it to new instances */
};

#endif
