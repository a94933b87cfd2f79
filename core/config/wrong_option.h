/*
 * What getopt_long could not take, as a sentence that names the nearest option.
 *
 * Main thread, right after getopt_long has returned.
 */
#ifndef SLUICE_CONFIG_WRONG_OPTION_H
#define SLUICE_CONFIG_WRONG_OPTION_H

#include <getopt.h>
#include <stddef.h>

/* `result` is the '?' or ':' that getopt_long has returned for `argv`; its short options begin with
 * ':', so that it printed nothing itself. `known` are getopt_long's options, ended by a row of
 * zeros. Writes "there is no option '--confg'; did you mean '--config'?", "--config needs a
 * value" or "--json takes no value". */
void wrong_option_describe(const struct option *known, char *const *argv, int result, char *text,
                           size_t size);

#endif
