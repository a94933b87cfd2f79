#include "client/certificate.h"
#include "made_certificate.h"
#include "unit.h"

static struct made make_ending(const char *end)
{
    struct made made = make_certificate();
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(made.certificate), end), 1);
    finish_certificate(&made, NULL);
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
    release_certificate(&late);
    release_certificate(&early);
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
    release_certificate(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_ends_with_its_first_certificate),
        cmocka_unit_test(a_certificate_may_have_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
