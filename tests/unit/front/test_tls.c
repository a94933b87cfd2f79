/* core/front/tls.c: which files make a context, and what is said of those that do not. */
#include "captured_log.h"
#include "front/certificates.h"

#include "front/tls.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A folder with the files of one listener. */
static char folder[] = "/tmp/sluice-test-XXXXXX";
static char certificate_path[64], key_path[64], other_path[64];
static struct test_certificate good;
static struct diagnostics diagnostics;

static void open_file(const char *path, mode_t mode, FILE **out)
{
    (void)unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
    assert_true(fd >= 0);
    *out = fdopen(fd, "w");
    assert_non_null(*out);
}

static void write_certificate(const char *path, const struct test_certificate *made)
{
    FILE *file;
    open_file(path, 0644, &file);
    assert_int_equal(PEM_write_X509(file, made->certificate), 1);
    fclose(file);
}

static void write_key(const char *path, const struct test_certificate *made, mode_t mode)
{
    FILE *file;
    open_file(path, mode, &file);
    assert_int_equal(PEM_write_PrivateKey(file, made->key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

static void write_text(const char *path, const char *text)
{
    FILE *file;
    open_file(path, 0600, &file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

/* An empty revocation list of `issuer`; its next update is due in `next` seconds. */
static void write_revocations(const char *path, const struct test_certificate *issuer, long next)
{
    FILE *file;
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *last = X509_gmtime_adj(NULL, -2 * HOUR);
    ASN1_TIME *due = X509_gmtime_adj(NULL, next);
    assert_int_equal(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
    assert_int_equal(X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->certificate)), 1);
    assert_int_equal(X509_CRL_set1_lastUpdate(list, last), 1);
    assert_int_equal(X509_CRL_set1_nextUpdate(list, due), 1);
    assert_true(X509_CRL_sign(list, issuer->key, EVP_sha256()) > 0);
    open_file(path, 0644, &file);
    assert_int_equal(PEM_write_X509_CRL(file, list), 1);
    fclose(file);
    ASN1_TIME_free(last);
    ASN1_TIME_free(due);
    X509_CRL_free(list);
}

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(certificate_path, sizeof certificate_path, "%s/certificate.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    snprintf(other_path, sizeof other_path, "%s/other.pem", folder);
    good = make_certificate("localhost", -HOUR, HOUR, NULL);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    free_certificate(&good);
    (void)unlink(certificate_path);
    (void)unlink(key_path);
    (void)unlink(other_path);
    return rmdir(folder);
}

/* Good files before each test. */
static int write_good_files(void **state)
{
    (void)state;
    diagnostics_init(&diagnostics);
    write_certificate(certificate_path, &good);
    write_key(key_path, &good, 0600);
    return 0;
}

static int deinit_diagnostics(void **state)
{
    (void)state;
    diagnostics_deinit(&diagnostics);
    return 0;
}

static struct tls_config configured(void)
{
    return (struct tls_config){.certificate = certificate_path,
                               .key = key_path,
                               .min_version = TLS1_2_VERSION,
                               .certificate_position = {.line = 1},
                               .key_position = {.line = 2},
                               .client_ca_position = {.line = 3},
                               .client_crl_position = {.line = 4}};
}

static SSL_CTX *create(struct tls_config config)
{
    SSL_CTX *context = NULL;
    assert_int_equal(tls_context_create(&config, &diagnostics, &context), OK);
    assert_int_equal(diagnostics.count, 0);
    return context;
}

/* The context cannot be made; the only reason is at `line` and has `text`. */
static void assert_refused(struct tls_config config, int line, const char *text)
{
    SSL_CTX *context;
    assert_int_equal(tls_context_create(&config, &diagnostics, &context), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 1);
    assert_int_equal(diagnostics.items[0].position.line, line);
    assert_non_null(strstr(diagnostics.items[0].text, text));
}

static void good_files_make_a_context_that_keeps_to_the_minimum_version(void **state)
{
    struct tls_config config = configured();
    (void)state;
    config.min_version = TLS1_3_VERSION;
    SSL_CTX *context = create(config);
    assert_int_equal(SSL_CTX_get_min_proto_version(context), TLS1_3_VERSION);
    assert_int_equal(SSL_CTX_get_verify_mode(context), SSL_VERIFY_NONE);
    assert_true((SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION) != 0);
    assert_true((SSL_CTX_get_mode(context) & SSL_MODE_RELEASE_BUFFERS) != 0);
    SSL_CTX_free(context);
    assert_int_equal(diagnostics.warning_count, 0);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    assert_int_equal(unlink(certificate_path), 0);
    assert_refused(configured(), 1, "the TLS certificate '");
}

static void a_certificate_that_is_no_pem_is_refused(void **state)
{
    (void)state;
    write_text(certificate_path, "nonsense\n");
    assert_refused(configured(), 1, "is not a usable certificate chain in PEM form");
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    write_key(key_path, &good, 0644);
    assert_int_equal(chmod(key_path, 0644), 0);
    assert_refused(configured(), 2, "the TLS key '");
}

static void a_key_that_is_no_key_is_refused(void **state)
{
    (void)state;
    write_text(key_path, "nonsense\n");
    assert_refused(configured(), 2, "is not a usable private key in PEM form");
}

static void a_key_of_another_certificate_is_told_as_that(void **state)
{
    struct test_certificate other = make_certificate("other", -HOUR, HOUR, NULL);
    (void)state;
    write_key(key_path, &other, 0600);
    assert_refused(configured(), 2, "does not belong to the certificate");
    free_certificate(&other);
}

static void an_expired_or_future_certificate_is_warned_of(void **state)
{
    struct test_certificate expired = make_certificate("expired", -2 * HOUR, -HOUR, NULL);
    struct test_certificate future = make_certificate("future", HOUR, 2 * HOUR, NULL);
    (void)state;
    write_certificate(certificate_path, &expired);
    write_key(key_path, &expired, 0600);
    SSL_CTX_free(create(configured()));
    assert_int_equal(diagnostics.warning_count, 1);
    assert_non_null(strstr(diagnostics.warnings[0].text, "has expired"));
    write_certificate(certificate_path, &future);
    write_key(key_path, &future, 0600);
    SSL_CTX_free(create(configured()));
    assert_int_equal(diagnostics.warning_count, 2);
    assert_non_null(strstr(diagnostics.warnings[1].text, "is not valid yet"));
    free_certificate(&expired);
    free_certificate(&future);
}

static void a_client_ca_demands_certificates_and_names_itself(void **state)
{
    struct tls_config config = configured();
    (void)state;
    write_certificate(other_path, &good);
    config.client_ca = other_path;
    SSL_CTX *context = create(config);
    assert_int_equal(SSL_CTX_get_verify_mode(context),
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
    assert_int_equal(sk_X509_NAME_num(SSL_CTX_get_client_CA_list(context)), 1);
    SSL_CTX_free(context);
}

static void a_client_ca_without_certificates_is_refused(void **state)
{
    struct tls_config config = configured();
    (void)state;
    write_text(other_path, "nonsense\n");
    config.client_ca = other_path;
    assert_refused(config, 3, "holds no CA certificates");
}

static void a_revocation_list_is_used(void **state)
{
    struct tls_config config = configured();
    (void)state;
    write_revocations(other_path, &good, HOUR);
    config.client_crl = other_path;
    SSL_CTX *context = create(config);
    X509_VERIFY_PARAM *parameters = X509_STORE_get0_param(SSL_CTX_get_cert_store(context));
    assert_true((X509_VERIFY_PARAM_get_flags(parameters) & X509_V_FLAG_CRL_CHECK_ALL) != 0);
    SSL_CTX_free(context);
    assert_int_equal(diagnostics.warning_count, 0);
}

static void a_revocation_list_that_is_overdue_is_warned_of(void **state)
{
    struct tls_config config = configured();
    (void)state;
    write_revocations(other_path, &good, -HOUR);
    config.client_crl = other_path;
    SSL_CTX_free(create(config));
    assert_int_equal(diagnostics.warning_count, 1);
    assert_non_null(strstr(diagnostics.warnings[0].text, "is out of date"));
}

static void a_damaged_revocation_list_is_refused(void **state)
{
    struct tls_config config = configured();
    (void)state;
    write_revocations(other_path, &good, HOUR);
    FILE *file = fopen(other_path, "a");
    fputs("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", file);
    fclose(file);
    config.client_crl = other_path;
    assert_refused(config, 4, "holds no certificate revocation lists");
}

static void every_file_that_does_not_work_is_reported(void **state)
{
    struct tls_config config = configured();
    SSL_CTX *context;
    (void)state;
    config.certificate = config.key = config.client_ca = config.client_crl = "/none.pem";
    assert_int_equal(tls_context_create(&config, &diagnostics, &context), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 4);
}

static void the_log_tells_whose_certificate_it_is_and_until_when(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    begin_capture();
    tls_log_certificate(good.certificate, certificate_path, "127.0.0.1:0");
    cJSON *object = parse_line(end_capture());
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    assert_member(object, "event", "certificate_loaded");
    assert_member(object, "subject", "CN=localhost");
    assert_member(object, "file", certificate_path);
    assert_member(object, "listener", "127.0.0.1:0");
    const char *ends = cJSON_GetStringValue(cJSON_GetObjectItem(object, "ends"));
    assert_true(strlen(ends) == 20 && ends[19] == 'Z');
    cJSON_Delete(object);
}

int main(void)
{
#define WITH_GOOD_FILES(test)                                                                      \
    cmocka_unit_test_setup_teardown(test, write_good_files, deinit_diagnostics)
    const struct CMUnitTest tests[] = {
        WITH_GOOD_FILES(good_files_make_a_context_that_keeps_to_the_minimum_version),
        WITH_GOOD_FILES(a_missing_file_is_named),
        WITH_GOOD_FILES(a_certificate_that_is_no_pem_is_refused),
        WITH_GOOD_FILES(a_key_that_others_may_read_is_refused),
        WITH_GOOD_FILES(a_key_that_is_no_key_is_refused),
        WITH_GOOD_FILES(a_key_of_another_certificate_is_told_as_that),
        WITH_GOOD_FILES(an_expired_or_future_certificate_is_warned_of),
        WITH_GOOD_FILES(a_client_ca_demands_certificates_and_names_itself),
        WITH_GOOD_FILES(a_client_ca_without_certificates_is_refused),
        WITH_GOOD_FILES(a_revocation_list_is_used),
        WITH_GOOD_FILES(a_revocation_list_that_is_overdue_is_warned_of),
        WITH_GOOD_FILES(a_damaged_revocation_list_is_refused),
        WITH_GOOD_FILES(every_file_that_does_not_work_is_reported),
        cmocka_unit_test(the_log_tells_whose_certificate_it_is_and_until_when),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
