#include "pipeline/attributes.h"
#include "unit.h"

#include <string.h>

static void assert_value(const struct attributes *attributes, const char *name,
                         const char *expected)
{
    size_t len = 0;
    const char *value = attributes_get(attributes, name, &len);
    if (expected == NULL) {
        assert_null(value);
        return;
    }
    assert_string_equal(value, expected);
    assert_int_equal(len, strlen(expected));
}

static void sets_replaces_and_removes(void **state)
{
    (void)state;
    struct attributes attributes = {.first = NULL};
    assert_value(&attributes, "plan", NULL);
    assert_int_equal(attributes_set(&attributes, "plan", "gold", 4), OK);
    assert_int_equal(attributes_set(&attributes, "role", "admin", 5), OK);
    assert_int_equal(attributes_set(&attributes, "plan", "silver and more", 6), OK);
    assert_value(&attributes, "plan", "silver");
    assert_value(&attributes, "role", "admin");
    assert_int_equal(attributes.size, strlen("plansilverroleadmin"));
    assert_int_equal(attributes_set(&attributes, "plan", NULL, 0), OK);
    assert_int_equal(attributes_set(&attributes, "nobody", NULL, 0), OK);
    assert_value(&attributes, "plan", NULL);
    attributes_clear(&attributes);
    assert_int_equal(attributes.size, 0);
    assert_null(attributes.first);
}

static void keeps_to_its_limits(void **state)
{
    (void)state;
    struct attributes attributes = {.first = NULL};
    char name[ATTRIBUTE_NAME_MAX + 2] = "";
    static char value[ATTRIBUTE_VALUE_MAX + 1];
    memset(name, 'n', ATTRIBUTE_NAME_MAX + 1);
    assert_int_equal(attributes_set(&attributes, "", "x", 1), ERR_INVALID);
    assert_int_equal(attributes_set(&attributes, name, "x", 1), ERR_INVALID);
    assert_int_equal(attributes_set(&attributes, "x", value, sizeof value), ERR_INVALID);
    memset(value, 'v', sizeof value);
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(attributes_set(&attributes, names[i], value, 4095), OK);
    assert_int_equal(attributes_set(&attributes, "e", value, 4095), ERR_LIMIT);
    assert_int_equal(attributes_set(&attributes, "a", value, 4095), OK); /* in its own place */
    attributes_clear(&attributes);
}

#define TEXT(literal) {.data = (literal), .len = sizeof(literal) - 1}

static void sets_all_or_none(void **state)
{
    struct attributes attributes = {.first = NULL};
    static char value[ATTRIBUTE_VALUE_MAX + 1];
    (void)state;
    memset(value, 'v', ATTRIBUTE_VALUE_MAX);
    const struct sl_pair large = {.name = TEXT("large"), .value = {value, ATTRIBUTE_VALUE_MAX}};
    const struct sl_pair fits[] = {
        {TEXT("a"), TEXT("1")}, {TEXT("b"), TEXT("2")}, {TEXT("a"), TEXT("3")}};
    const struct sl_pair does_not[] = {{TEXT("a"), TEXT("4")}, large};
    assert_int_equal(attributes_set_all(&attributes, fits, 3), OK);
    assert_value(&attributes, "a", "3");
    assert_value(&attributes, "b", "2");
    assert_int_equal(attributes.size, 4);
    for (const char *name = "x\0y\0z"; attributes.size < 3 * ATTRIBUTE_VALUE_MAX; name += 2)
        assert_int_equal(attributes_set(&attributes, name, value, ATTRIBUTE_VALUE_MAX), OK);
    size_t before = attributes.size;
    assert_int_equal(attributes_set_all(&attributes, does_not, 2), ERR_LIMIT);
    assert_value(&attributes, "a", "3");
    assert_int_equal(attributes.size, before);
    const struct sl_pair instead = {.name = TEXT("x"), .value = {value, 7}};
    const struct sl_pair changed[] = {instead, large}; /* They fit, as one is shorter now. */
    assert_int_equal(attributes_set_all(&attributes, changed, 2), OK);
    assert_value(&attributes, "x", "vvvvvvv");
    assert_int_equal(attributes.size, before + 7 + strlen("large"));
    attributes_clear(&attributes);
    assert_int_equal(attributes.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_replaces_and_removes),
        cmocka_unit_test(keeps_to_its_limits),
        cmocka_unit_test(sets_all_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
