#include "front/tls.h"

#include "base/event.h"
#include "client/certificate.h"
#include "delivery/tls_stream.h"
#include "front/tls_sessions.h"
#include "host/certificate_field.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509err.h>
#include <sluice/file.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENT_CHAIN_MAX (32L * 1024) /* bytes of a client's certificates */

/* TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has nothing else. */
static const char ciphers_1_2[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* Why the last OpenSSL call failed, in its words. Empties the thread's error queue. */
static const char *openssl_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return text != NULL ? text : "unknown reason";
}

/* An encrypted key would make OpenSSL ask for its passphrase on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

/* A file that is open, as a name that OpenSSL can open: what it reads is what was checked. */
struct open_file {
    int fd;
    char name[40];
};

/* Also finds out in clear words whether it can be read; OpenSSL's would be less clear. Returns 0 or
 * ERR_CONFIG; then nothing is open. */
static int open_checked(const char *what, const char *path, enum sl_file_kind kind,
                        struct position position, struct diagnostics *diagnostics,
                        struct open_file *out)
{
    char why[512];
    out->fd = sl_file_open(path, kind, NULL, why, sizeof why);
    snprintf(out->name, sizeof out->name, "/proc/self/fd/%d", out->fd);
    if (out->fd >= 0)
        return OK;
    diagnostics_add(diagnostics, position, "the TLS %s '%s' cannot be used: %s", what, path, why);
    return ERR_CONFIG;
}

static void warn_if_expired(SSL_CTX *context, const char *path, struct position position,
                            struct diagnostics *diagnostics)
{
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    if (certificate == NULL)
        return;
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        diagnostics_warn(diagnostics, position,
                         "the certificate '%s' has expired: clients will refuse it", path);
    else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        diagnostics_warn(diagnostics, position,
                         "the certificate '%s' is not valid yet: clients will refuse it", path);
}

static int load_certificate(SSL_CTX *context, const struct tls_config *config,
                            struct diagnostics *diagnostics)
{
    struct open_file file;
    int rc = open_checked("certificate", config->certificate, SL_FILE_READABLE,
                          config->certificate_position, diagnostics, &file);
    if (rc != OK)
        return rc;
    bool is_loaded = SSL_CTX_use_certificate_chain_file(context, file.name) == 1;
    close(file.fd);
    if (is_loaded) {
        warn_if_expired(context, config->certificate, config->certificate_position, diagnostics);
        return OK;
    }
    diagnostics_add(diagnostics, config->certificate_position,
                    "'%s' is not a usable certificate chain in PEM form (%s)", config->certificate,
                    openssl_reason());
    return ERR_CONFIG;
}

static bool is_mismatch(unsigned long error)
{
    int library = ERR_GET_LIB(error);
    int reason = ERR_GET_REASON(error);
    return (library == ERR_LIB_X509 &&
            (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)) ||
           (library == ERR_LIB_SSL && reason == SSL_R_NO_CERTIFICATE_ASSIGNED);
}

/* `matches`: whether a certificate is there that the key must belong to. */
static int load_key(SSL_CTX *context, const struct tls_config *config, bool matches,
                    struct diagnostics *diagnostics)
{
    struct open_file file;
    int rc =
        open_checked("key", config->key, SL_FILE_PRIVATE, config->key_position, diagnostics, &file);
    if (rc != OK)
        return rc;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    ERR_clear_error();
    bool is_loaded = SSL_CTX_use_PrivateKey_file(context, file.name, SSL_FILETYPE_PEM) == 1;
    close(file.fd);
    if (is_loaded && (!matches || SSL_CTX_check_private_key(context) == 1))
        return OK;
    if (is_mismatch(ERR_peek_last_error()))
        diagnostics_add(diagnostics, config->key_position,
                        "the key '%s' does not belong to the certificate '%s'", config->key,
                        config->certificate);
    else
        diagnostics_add(diagnostics, config->key_position,
                        "'%s' is not a usable private key in PEM form without a passphrase (%s)",
                        config->key, openssl_reason());
    return ERR_CONFIG;
}

/* Asks for a client certificate and verifies one that is given; whether it is needed is a question
 * for the pipeline's plugins. */
static int load_client_ca(SSL_CTX *context, const struct tls_config *config,
                          struct diagnostics *diagnostics)
{
    if (config->client_ca == NULL)
        return OK;
    struct open_file file;
    int rc = open_checked("client CA", config->client_ca, SL_FILE_READABLE,
                          config->client_ca_position, diagnostics, &file);
    if (rc != OK)
        return rc;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file.name);
    bool is_loaded = names != NULL && SSL_CTX_load_verify_file(context, file.name) == 1;
    close(file.fd);
    if (!is_loaded) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        diagnostics_add(diagnostics, config->client_ca_position,
                        "'%s' holds no CA certificates in PEM form (%s)", config->client_ca,
                        openssl_reason());
        return ERR_CONFIG;
    }
    SSL_CTX_set_client_CA_list(context, names); /* owns the names */
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return OK;
}

static void warn_if_outdated(const X509_CRL *list, const struct tls_config *config,
                             struct diagnostics *diagnostics)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);
    if (next != NULL && X509_cmp_current_time(next) < 0)
        diagnostics_warn(diagnostics, config->client_crl_position,
                         "the revocation list '%s' is out of date: all clients whose certificates "
                         "come from its issuer are refused",
                         config->client_crl);
}

/* Adds all lists of the file. Returns how many there were. */
static unsigned add_revocation_lists(SSL_CTX *context, const char *name,
                                     const struct tls_config *config,
                                     struct diagnostics *diagnostics)
{
    X509_CRL *list;
    unsigned count = 0;
    BIO *file = BIO_new_file(name, "r");
    while (file != NULL && (list = PEM_read_bio_X509_CRL(file, NULL, NULL, NULL)) != NULL) {
        warn_if_outdated(list, config, diagnostics);
        count += X509_STORE_add_crl(SSL_CTX_get_cert_store(context), list) == 1;
        X509_CRL_free(list);
    }
    BIO_free(file);
    return count;
}

/* Whether reading ended because there was no further list, and not at a damaged one. */
static bool has_read_all(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static int load_client_crl(SSL_CTX *context, const struct tls_config *config,
                           struct diagnostics *diagnostics)
{
    if (config->client_crl == NULL)
        return OK;
    struct open_file file;
    int rc = open_checked("revocation list", config->client_crl, SL_FILE_READABLE,
                          config->client_crl_position, diagnostics, &file);
    if (rc != OK)
        return rc;
    ERR_clear_error();
    unsigned count = add_revocation_lists(context, file.name, config, diagnostics);
    close(file.fd);
    if (count > 0 && has_read_all() &&
        X509_STORE_set_flags(SSL_CTX_get_cert_store(context),
                             X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1)
        return OK;
    diagnostics_add(diagnostics, config->client_crl_position,
                    "'%s' holds no certificate revocation lists in PEM form (%s)",
                    config->client_crl, openssl_reason());
    return ERR_CONFIG;
}

static int restrict_protocol(SSL_CTX *context, int min_version)
{
    static const unsigned char session_context[] = "sluice";
    if (SSL_CTX_set_min_proto_version(context, min_version) != 1 ||
        SSL_CTX_set_cipher_list(context, ciphers_1_2) != 1 ||
        SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1) != 1)
        return ERR_TLS;
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* An idle connection keeps no buffers; the write queue may move and be written in parts. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Sessions resume by ticket, so that they cost the server no memory. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_max_cert_list(context, CLIENT_CHAIN_MAX);
    tls_stream_prepare(context);
    return tls_sessions_prepare(context);
}

int tls_context_create(const struct tls_config *config, struct diagnostics *diagnostics,
                       SSL_CTX **out)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL)
        return ERR_TLS;
    int rc = restrict_protocol(context, config->min_version);
    if (rc == OK) {
        int certificate = load_certificate(context, config, diagnostics);
        int key = load_key(context, config, certificate == OK, diagnostics);
        int client_ca = load_client_ca(context, config, diagnostics);
        int client_crl = load_client_crl(context, config, diagnostics);
        rc = certificate != OK ? certificate : key != OK ? key : client_ca;
        if (rc == OK)
            rc = client_crl;
    }
    ERR_clear_error();
    if (rc != OK) {
        SSL_CTX_free(context);
        return rc;
    }
    *out = context;
    return OK;
}

void tls_log_certificate(X509 *certificate, const char *file, const char *listener)
{
    char message[512];
    char ends[EVENT_TIME_MAX];
    size_t len;
    char *subject = certificate_read(certificate, SL_CERTIFICATE_SUBJECT, 0, &len);
    const struct event_values values = {.message = message,
                                        .texts = {[EVENT_FIELD_LISTENER] = listener,
                                                  [EVENT_FIELD_FILE] = file,
                                                  [EVENT_FIELD_SUBJECT] = subject,
                                                  [EVENT_FIELD_ENDS] = ends}};
    event_time_text(certificate_not_after(certificate), ends);
    snprintf(message, sizeof message, "%s shows the certificate of %s until %s", listener,
             subject != NULL ? subject : "?", ends);
    event_log(EVENT_CERTIFICATE_LOADED, "front", &values);
    free(subject);
}
