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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_replaces_and_removes),
        cmocka_unit_test(keeps_to_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
