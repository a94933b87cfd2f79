/*
 * The rules for configuration values that are texts. Each reports what is wrong and returns 0 or
 * ERR_CONFIG; see `check` in config/schema.h.
 */
#ifndef SLUICE_CONFIG_CONFIG_TEXTS_H
#define SLUICE_CONFIG_CONFIG_TEXTS_H

#include "config/typed.h"

/* An address and port to listen on. */
int config_check_address(const struct typed *typed, const char *text);

/* The same for the admin listener, or "unix:" and the absolute path of a socket. */
int config_check_admin_address(const struct typed *typed, const char *text);

/* A decoded request path: absolute, printable, nothing that an HTTP server would normalise. */
int config_check_endpoint_path(const struct typed *typed, const char *text);

/* A token of RFC 9110, section 5.6.2, as RFC 6455 wants subprotocols to be. */
int config_check_subprotocol(const struct typed *typed, const char *text);

/* "topic", or a JSON Pointer (RFC 6901) to a member. */
int config_check_conflation_key(const struct typed *typed, const char *text);

/* Short, so that a marker costs no more than what it stands for. */
int config_check_gap_text(const struct typed *typed, const char *text);
int config_check_sample(const struct typed *typed, const char *text);

/* A prefix ("10.0.0.0/8") or a whole address, IPv4 or IPv6. */
int config_check_prefix(const struct typed *typed, const char *text);

/* A name for the log, which is not the one that the tokens of admin.token_file have. */
int config_check_token_name(const struct typed *typed, const char *text);

/* Lower case letters, digits and '-': it becomes part of a file's name. */
int config_check_plugin_name(const struct typed *typed, const char *text);

#endif
