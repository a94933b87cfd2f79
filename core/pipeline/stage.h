/*
 * A stage: an instance's place in a chain, with the policy that it has there.
 *
 * Immutable. The functions are for the loop of the client that the stage is asked about.
 */
#ifndef SLUICE_PIPELINE_STAGE_H
#define SLUICE_PIPELINE_STAGE_H

#include "config/config.h"
#include "pipeline/verdict.h"

#include <sluice/plugin.h>

#include <stdbool.h>
#include <stdint.h>

struct instance;
struct pipeline_loop;

struct stage {
    struct instance *instance; /* one reference */
    enum sl_verdict (*on_message)(struct sl_instance *, struct sl_client *,
                                  const struct sl_message *);
    uint64_t budget; /* ns; UINT64_MAX: none */
    int64_t timeout; /* ns */
    enum on_error on_error;
    bool is_shadow;
    uint8_t shadow_bit; /* of the first eight of the chain in shadow mode one each, else 0 */
};

/* Whether the verdict lets the chain go on. */
static inline bool stage_lets_pass(const struct stage *stage, int verdict)
{
    return verdict == SL_CONTINUE || (verdict == SL_ERROR && stage->on_error == ON_ERROR_CONTINUE);
}

/* Counts a verdict, of a call or of a deferral's end. */
void stage_count(const struct stage *stage, const struct pipeline_loop *loop, int verdict);

/* Counts a deferral that has missed its deadline. */
void stage_count_timeout(const struct stage *stage, const struct pipeline_loop *loop);

/* Counts a call that took longer than the stage's budget. */
void stage_count_over_budget(const struct stage *stage, const struct pipeline_loop *loop,
                             uint64_t ns);

/* The verdict if the hook may give it, else SL_ERROR, which is logged once a second. `loop` may be
 * NULL: the thread is no loop's. */
int stage_check(const struct stage *stage, const struct pipeline_loop *loop, enum verdict_hook hook,
                int verdict);

/* What a stage in shadow mode would have decided: logged once a second, and each time at level
 * debug. A client that it would have refused, or whose message it would have dropped, is counted
 * once. */
void stage_note_shadowed(const struct stage *stage, const struct pipeline_loop *loop,
                         struct sl_client *client, int verdict);

/* Calls on_open, or on_close, if the plugin has it. */
void stage_open(const struct stage *stage, struct sl_client *client);
void stage_close(const struct stage *stage, struct sl_client *client, const struct sl_close *how);

/* The client's state block is about to be seen by the plugin: from now on client_free is owed. */
void owe_client_free(const struct instance *instance, struct sl_client *client);
void stage_lend_client(const struct stage *stage, struct sl_client *client);

/* Calls client_free if it is owed: no hook is called about the client any more. */
void stage_free_client(const struct stage *stage, struct sl_client *client);

#endif
