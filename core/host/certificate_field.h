/*
 * What a client's certificate says about it, field by field.
 *
 * Pure, any thread. Only certificates that have been verified against the listener's client_ca are
 * looked at.
 */
#ifndef SLUICE_HOST_CERTIFICATE_FIELD_H
#define SLUICE_HOST_CERTIFICATE_FIELD_H

#include <openssl/types.h>
#include <sluice/plugin.h>

#include <stddef.h>

/* A field of a certificate, as struct sl_host documents it: a zero-terminated copy that the caller
 * frees, or NULL if there is none, or it holds a zero byte. */
char *certificate_read(X509 *certificate, enum sl_certificate_field field, size_t index,
                       size_t *len);

#endif
