/*
 * What a new configuration changes, in the words of its keys.
 *
 * Any thread: configurations are immutable.
 */
#ifndef SLUICE_CONFIG_CONFIG_CHANGES_H
#define SLUICE_CONFIG_CONFIG_CHANGES_H

struct config;

#define CONFIG_CHANGES_MAX 240 /* bytes; what does not fit is counted at the end */

/* Writes the names of the keys whose values differ, as `--set` would name them: "log.level,
 * endpoints.0.queue.bytes". Of two lists that are not equally long only the list is named, and of a
 * plugin's options only the option: what is in it may be a secret. Empty: nothing differs. */
void config_changes_describe(const struct config *before, const struct config *after,
                             char text[CONFIG_CHANGES_MAX]);

#endif
