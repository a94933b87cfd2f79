/*
 * The host's functions for the upgrade request that a connect hook is asked about.
 *
 * As struct sl_host documents them. Only on the client's loop, in that hook.
 */
#ifndef SLUICE_HOST_HOST_REQUEST_H
#define SLUICE_HOST_HOST_REQUEST_H

#include <sluice/plugin.h>

bool host_request_header(const struct sl_request *request, const char *name, struct sl_string *out);
bool host_request_query(const struct sl_request *request, const char *name, struct sl_string *out);
bool host_request_cookie(const struct sl_request *request, const char *name, struct sl_string *out);
bool host_request_subprotocol(const struct sl_request *request, size_t index,
                              struct sl_string *out);
int host_select_subprotocol(struct sl_request *request, const char *subprotocol);
enum sl_verdict host_deny(struct sl_request *request, int status, const char *reason);
int host_deny_header(struct sl_request *request, const char *name, const char *value);
bool host_request_certificate(const struct sl_request *request, enum sl_certificate_field field,
                              size_t index, struct sl_string *out);

#endif
