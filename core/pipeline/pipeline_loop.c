#include "pipeline/pipeline_loop.h"

#include <stdlib.h>

void pipeline_loop_init(struct pipeline_loop *loop, struct loop *base, struct pipeline *pipeline)
{
    *loop = (struct pipeline_loop){.loop = base, .index = base->index, .pipeline = pipeline};
    deferral_table_init(&loop->deferrals);
}

void pipeline_loop_deinit(struct pipeline_loop *loop)
{
    deferral_table_deinit(&loop->deferrals);
    free(loop->spare_message);
}
