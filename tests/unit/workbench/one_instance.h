/* A fake host with one instance, as a test program's fixture: its setup calls begin_with_instance.
 */
#ifndef SLUICE_TESTS_UNIT_WORKBENCH_ONE_INSTANCE_H
#define SLUICE_TESTS_UNIT_WORKBENCH_ONE_INSTANCE_H

#include "workbench.h"

static struct fake_instance *instance;
static struct sl_instance *self;
static const struct sl_host *host;

static inline void begin_with_instance(struct sl_plugin table)
{
    fake_begin(NULL, false);
    instance = instance_with(table);
    self = fake_instance_seen(instance);
    host = self->host;
}

#endif
