/* What lender does for borrower. */
#ifndef SLUICE_TESTS_LOANS_H
#define SLUICE_TESTS_LOANS_H

#include <sluice/plugin.h>

#define LOAN 4711

struct loans {
    uint32_t struct_size;
    /* Returns LOAN. `client` is that of the hook, or NULL. Any thread. */
    int (*lend)(struct sl_instance *provider, struct sl_client *client);
};

#endif
