/*
 * The contract's own checks, which every plugin must pass.
 */
#ifndef SLUICE_WORKBENCH_CHECKS_H
#define SLUICE_WORKBENCH_CHECKS_H

#include "workbench/fake.h"

struct yaml_node;

/* What is tested, and with what. */
struct subject {
    const char *file;                   /* the built .so */
    const struct yaml_node *options;    /* for plugins that do not run without; or NULL */
    const struct fake_upgrade *upgrade; /* a client that the plugin lets in; or NULL */
    const struct yaml_node *scenario;   /* whose files and messages are used; or NULL */
    unsigned seed;                      /* of the random messages */
};

struct check {
    const char *name;
    const char *summary;
    void (*run)(const struct subject *subject);
};

extern const struct check checks[];
extern const size_t check_count;

/* Loads the plugin, or fails the check with the server's own sentence. */
struct plugin *subject_load(const struct subject *subject);

#endif
