/*
 * What the parts of validate's test program share.
 */
#ifndef VALIDATE_TESTS_H
#define VALIDATE_TESTS_H

#include "workbench/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

extern struct plugin *plugin;

/* Begins every test: an empty log, memory that does not fail. */
int set_up(void **state);

/* An instance, or the test fails. */
struct fake_instance *instance_with(const char *options);

/* Fails the test unless `options` are refused with a sentence that contains `expected`. */
void assert_refused(const char *options, const char *expected);

/* What one message of `len` bytes meets. Returns 0 if it passed, the close code if it closed its
 * client (whose reason is then last_reason()), or -1 if it was dropped. */
int send_bytes(struct fake_instance *instance, enum sl_message_type type, const char *data,
               size_t len);
int send_text(struct fake_instance *instance, const char *text);
const char *last_reason(void);

int run_validate_tests(void);
int run_json_tests(void);

#endif
