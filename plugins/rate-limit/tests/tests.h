/*
 * What the parts of rate-limit's test program share.
 */
#ifndef RATE_LIMIT_TESTS_H
#define RATE_LIMIT_TESTS_H

#include "workbench/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define START (1000 * SECOND) /* what the virtual clock shows when a test begins */

extern struct plugin *plugin;

/* Begins every test: the clock at START, an empty log. */
int set_up(void **state);

/* An instance, or the test fails. */
struct fake_instance *instance_with(const char *options);

/* Fails the test unless `options` are refused with a sentence that contains `expected`. */
void assert_refused(const char *options, const char *expected);

/* A client that has connected and opened. */
struct sl_client *open_client(struct fake_instance *instance, const char *address);

/* Sends one text message of `len` bytes. Returns whether it passed; if not it was dropped. */
bool passes(struct fake_instance *instance, struct sl_client *client, size_t len);

/* How many of `count` messages of one byte, sent at once, pass. */
unsigned pass_at_once(struct fake_instance *instance, struct sl_client *client, unsigned count);

int run_limit_tests(void);
int run_shared_tests(void);
int run_key_tests(void);

#endif
