/*
 * What the parts of auth's test program share.
 */
#ifndef AUTH_TESTS_H
#define AUTH_TESTS_H

#include "workbench/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ALICE "alice-0123456789abcdef"
#define BOB "bob-0123456789abcdef"
/* What bob's line holds in place of the token: sha256(BOB). */
#define BOB_SHA256 "f1e8bc0747cb7af2a3e467b91e0f2725de75233957cdd633698b325b4913b244"
#define TOKENS_VARIABLE "SLUICE_TEST_TOKENS"

extern struct plugin *plugin;

/* Begins every test: an empty log, TOKENS_VARIABLE with alice and bob, a bare request. */
int set_up(void **state);

/* Writes `len` bytes to the test's token file with that mode. Returns its path. */
const char *write_tokens(const char *text, size_t len, unsigned mode);

/* An instance, or the test fails. In `options`, %s stands for `path`. */
struct fake_instance *instance_with(const char *options, const char *path);

/* Fails the test unless the options are refused with a sentence that contains `expected`. */
void assert_refused(const char *options, const char *path, const char *expected);

/* Runs on_connect for a new client. *identity gets its name, empty if it has none. */
enum sl_verdict connect_with(struct fake_instance *instance, const struct fake_upgrade *upgrade,
                             struct fake_result *result, const char **identity);

int run_auth_tests(void);
int run_token_list_tests(void);

#endif
