#include "cli/json_list.h"

#include "printing.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct printed printed;

static cJSON *number_item(int number)
{
    cJSON *item = cJSON_CreateNumber(number);
    assert_non_null(item);
    return item;
}

/* Prints so many items, and then the list's end, or what comes instead of it. */
static void print_list(int count, bool is_whole)
{
    struct printing printing = printing_begin();
    for (int i = 0; i < count; i++) {
        cJSON *item = number_item(i);
        assert_true(json_list_add("items", item));
        cJSON_Delete(item);
    }
    if (is_whole)
        json_list_end("items");
    else
        fputs(json_list_leave() ? "left" : "no list", stdout);
    printing_end(&printing, &printed);
}

static void items_are_one_list(void **state)
{
    (void)state;
    print_list(3, true);
    assert_string_equal(printed.out, "{\"items\":[0,1,2]}\n");
    print_list(1, true);
    assert_string_equal(printed.out, "{\"items\":[0]}\n");
}

static void no_items_are_an_empty_list(void **state)
{
    (void)state;
    print_list(0, true);
    assert_string_equal(printed.out, "{\"items\":[]}\n");
}

static void a_list_that_is_left_can_have_more_beside_it(void **state)
{
    (void)state;
    print_list(2, false);
    assert_string_equal(printed.out, "{\"items\":[0,1],left");
    print_list(0, false);
    assert_string_equal(printed.out, "no list");
}

static void *no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void without_memory_nothing_of_an_item_is_printed(void **state)
{
    cJSON_Hooks hooks = {.malloc_fn = no_memory, .free_fn = free};
    (void)state;
    cJSON *item = number_item(1);
    struct printing printing = printing_begin();
    cJSON_InitHooks(&hooks);
    bool was_added = json_list_add("items", item);
    cJSON_InitHooks(NULL);
    printing_end(&printing, &printed);
    cJSON_Delete(item);
    assert_false(was_added);
    assert_string_equal(printed.out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_one_list),
        cmocka_unit_test(no_items_are_an_empty_list),
        cmocka_unit_test(a_list_that_is_left_can_have_more_beside_it),
        cmocka_unit_test(without_memory_nothing_of_an_item_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
