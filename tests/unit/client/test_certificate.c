#include "client/certificate.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* A certificate is never used here, so it is signed by its own key and valid at no time. */
struct made {
    X509 *certificate;
    EVP_PKEY *key;
};

static void add_name(X509 *certificate, const char *kind, const char *text, int len)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, kind, MBSTRING_UTF8,
                                                (const unsigned char *)text, len, -1, 0),
                     1);
}

static void add_alternative(GENERAL_NAMES *names, int type, const char *text, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    assert_non_null(name);
    assert_non_null(value);
    assert_int_equal(ASN1_STRING_set(value, text, len), 1);
    GENERAL_NAME_set0_value(name, type, value);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

/* Signs, so that what is read comes out of the encoded form, as that of a client does. */
static void finish(struct made *made, GENERAL_NAMES *names)
{
    X509 *certificate = made->certificate;
    unsigned char *bytes = NULL;
    if (names != NULL)
        assert_int_equal(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
    assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)), 1);
    assert_true(X509_sign(certificate, made->key, EVP_sha256()) > 0);
    int len = i2d_X509(certificate, &bytes);
    assert_true(len > 0);
    const unsigned char *at = bytes;
    X509 *decoded = d2i_X509(NULL, &at, len);
    assert_non_null(decoded);
    OPENSSL_free(bytes);
    X509_free(certificate);
    made->certificate = decoded;
}

static struct made make(void)
{
    struct made made = {X509_new(), EVP_EC_gen("P-256")};
    assert_non_null(made.certificate);
    assert_non_null(made.key);
    assert_int_equal(X509_set_version(made.certificate, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.certificate), 0x1afe), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made.certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made.certificate), 0));
    assert_int_equal(X509_set_pubkey(made.certificate, made.key), 1);
    return made;
}

static void release(struct made *made)
{
    X509_free(made->certificate);
    EVP_PKEY_free(made->key);
}

static void assert_field(const struct made *made, enum sl_certificate_field field, size_t index,
                         const char *expected)
{
    size_t len = 0;
    char *text = certificate_read(made->certificate, field, index, &len);
    if (expected == NULL) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
    free(text);
}

static void reads_names(void **state)
{
    (void)state;
    struct made made = make();
    add_name(made.certificate, "O", "Example", -1);
    add_name(made.certificate, "CN", "J\xc3\xbcrgen", -1);
    add_name(made.certificate, "CN", "second", -1);
    finish(&made, NULL);
    assert_field(&made, SL_CERTIFICATE_SUBJECT, 0, "CN=second,CN=J\xc3\xbcrgen,O=Example");
    assert_field(&made, SL_CERTIFICATE_SUBJECT, 1, NULL);
    assert_field(&made, SL_CERTIFICATE_ISSUER, 0, "CN=second,CN=J\xc3\xbcrgen,O=Example");
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 0, "J\xc3\xbcrgen");
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 1, "second");
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 2, NULL);
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, SIZE_MAX, NULL);
    assert_field(&made, (enum sl_certificate_field)99, 0, NULL);
    release(&made);
}

static void reads_numbers(void **state)
{
    (void)state;
    struct made made = make();
    finish(&made, NULL);
    size_t len = 0;
    assert_field(&made, SL_CERTIFICATE_SERIAL, 0, "1afe");
    assert_field(&made, SL_CERTIFICATE_SERIAL, 1, NULL);
    char *print = certificate_read(made.certificate, SL_CERTIFICATE_SHA256, 0, &len);
    assert_non_null(print);
    assert_int_equal(len, 64);
    assert_int_equal(strspn(print, "0123456789abcdef"), 64);
    free(print);
    release(&made);
}

static void reads_alternative_names(void **state)
{
    (void)state;
    struct made made = make();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    assert_non_null(names);
    add_alternative(names, GEN_DNS, "a.example", -1);
    add_alternative(names, GEN_EMAIL, "a@example", -1);
    add_alternative(names, GEN_DNS, "b.example", -1);
    add_alternative(names, GEN_URI, "spiffe://example/a", -1);
    finish(&made, names);
    assert_field(&made, SL_CERTIFICATE_DNS, 0, "a.example");
    assert_field(&made, SL_CERTIFICATE_DNS, 1, "b.example");
    assert_field(&made, SL_CERTIFICATE_DNS, 2, NULL);
    assert_field(&made, SL_CERTIFICATE_EMAIL, 0, "a@example");
    assert_field(&made, SL_CERTIFICATE_URI, 0, "spiffe://example/a");
    assert_field(&made, SL_CERTIFICATE_URI, 1, NULL);
    release(&made);
}

static void has_none_without_the_extension(void **state)
{
    (void)state;
    struct made made = make();
    finish(&made, NULL);
    assert_field(&made, SL_CERTIFICATE_DNS, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_SUBJECT, 0, NULL);
    release(&made);
}

static void refuses_a_zero_byte(void **state)
{
    (void)state;
    struct made made = make();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    assert_non_null(names);
    add_name(made.certificate, "CN", "good\0evil", 9);
    add_alternative(names, GEN_DNS, "good.example\0.evil", 18);
    add_alternative(names, GEN_DNS, "next.example", -1);
    finish(&made, names);
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_DNS, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_DNS, 1, "next.example"); /* It keeps its number. */
    release(&made);
}

/* -- until when they are valid -- */

static struct made make_ending(const char *end)
{
    struct made made = make();
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(made.certificate), end), 1);
    finish(&made, NULL);
    return made;
}

static void a_chain_ends_with_its_first_certificate(void **state)
{
    const int64_t year_2030 = INT64_C(1893456000) * INT64_C(1000000000);
    struct made late = make_ending("20310101000000Z");
    struct made early = make_ending("20300101000000Z");
    STACK_OF(X509) *chain = sk_X509_new_null();
    (void)state;
    assert_true(certificate_chain_end(chain) == CERTIFICATE_WITHOUT_END);
    assert_true(sk_X509_push(chain, late.certificate) > 0);
    assert_true(certificate_chain_end(chain) > year_2030);
    assert_true(sk_X509_push(chain, early.certificate) > 0);
    assert_true(certificate_chain_end(chain) == year_2030);
    sk_X509_free(chain);
    release(&late);
    release(&early);
}

/* "99991231235959Z" says that there is no end (RFC 5280, section 4.1.2.5). */
static void a_certificate_may_have_no_end(void **state)
{
    struct made made = make_ending("99991231235959Z");
    STACK_OF(X509) *chain = sk_X509_new_null();
    (void)state;
    assert_true(sk_X509_push(chain, made.certificate) > 0);
    assert_true(certificate_chain_end(chain) == CERTIFICATE_WITHOUT_END);
    sk_X509_free(chain);
    release(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(reads_alternative_names),
        cmocka_unit_test(has_none_without_the_extension),
        cmocka_unit_test(refuses_a_zero_byte),
        cmocka_unit_test(a_chain_ends_with_its_first_certificate),
        cmocka_unit_test(a_certificate_may_have_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
