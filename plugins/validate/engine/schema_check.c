#include "schema_node.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 512
#define WORK_MAX 2000000
#define EXACT 9007199254740992.0

/* Where a check is in the message: a chain on the stack. */
struct place {
    const struct place *parent;
    struct json_text name; /* of a member; data NULL: an item */
    size_t index;
};

/* The resources that were entered, the outermost first. */
struct scope {
    const struct scope *outer;
    const struct resource *resource;
};

struct schema_context {
    struct arena *arena; /* of the marks of one check */
    pcre2_match_context *match_context;
    pcre2_match_data *match_data;
};

struct run {
    const struct schema *schema;
    struct schema_context *context;
    struct schema_finding *finding;
    unsigned quiet; /* what is found is not reported: another branch may still do */
    unsigned depth;
    unsigned work;
    bool has_failed; /* beyond the bounds: nothing that is said counts */
};

/* What has been evaluated of a value: a mark for each item or member. NULL: nobody asks. */
typedef unsigned char *marks;

struct subject {
    const struct json_value *value;
    const struct place *place;
};

static bool check_node(struct run *run, const struct node *node, struct subject subject,
                       const struct scope *scope, marks evaluated);

/* -- reporting -- */

static size_t write_place(const struct place *place, char *out, size_t size)
{
    size_t len = place->parent != NULL ? write_place(place->parent, out, size) : 0;
    if (place->parent == NULL)
        return 0;
    int written = place->name.data != NULL ? snprintf(out + len, size - len, "/%.*s",
                                                      (int)place->name.len, place->name.data)
                                           : snprintf(out + len, size - len, "/%zu", place->index);
    return written > 0 && (size_t)written < size - len ? len + (size_t)written : len;
}

__attribute__((format(printf, 5, 6))) static bool fail(struct run *run, const struct node *node,
                                                       const struct place *place,
                                                       const char *keyword, const char *format, ...)
{
    va_list arguments;
    struct schema_finding *finding = run->finding;
    if (run->quiet > 0 || finding->detail[0] != '\0')
        return false;
    finding->instance[0] = '\0';
    (void)write_place(place, finding->instance, sizeof finding->instance);
    snprintf(finding->schema, sizeof finding->schema, "%s/%s", node->pointer, keyword);
    va_start(arguments, format);
    vsnprintf(finding->detail, sizeof finding->detail, format, arguments);
    va_end(arguments);
    return false;
}

/* Beyond the bounds the whole check fails, whatever branch it was in. */
static bool give_up(struct run *run, const struct node *node, const struct place *place,
                    const char *why)
{
    run->has_failed = true;
    run->quiet = 0;
    return fail(run, node, place, "", "%s", why);
}

static marks take_marks(struct run *run, const struct node *node, struct subject subject)
{
    marks taken = arena_take(run->context->arena, subject.value->count + 1);
    if (taken == NULL)
        (void)give_up(run, node, subject.place, "There is no memory to check it");
    else
        memset(taken, 0, subject.value->count + 1);
    return taken;
}

static void merge(marks into, const unsigned char *from, size_t count)
{
    for (size_t i = 0; into != NULL && i < count; i++)
        into[i] |= from[i];
}

/* -- assertions -- */

static bool matches(struct run *run, const struct node *node, const pcre2_code *code,
                    struct json_text text, const struct place *place)
{
    int result =
        pcre2_match(code, (PCRE2_SPTR)(text.len > 0 ? text.data : ""), text.len, 0,
                    PCRE2_NO_UTF_CHECK, run->context->match_data, run->context->match_context);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
        (void)give_up(run, node, place, "A pattern takes too long to match");
    return result >= 0;
}

static bool check_type(struct run *run, const struct node *node, struct subject subject)
{
    unsigned bit = 1u << subject.value->type;
    if (node->types == 0 || (node->types & bit) != 0 ||
        ((node->types & TYPE_INTEGER_BIT) != 0 && json_is_integer(subject.value)))
        return true;
    return fail(run, node, subject.place, "type", "It is of another type");
}

static bool check_values(struct run *run, const struct node *node, struct subject subject)
{
    bool found = node->enumeration == NULL;
    for (size_t i = 0; !found && i < node->enumeration->count; i++)
        found = json_equal(&node->enumeration->items[i], subject.value);
    if (!found)
        return fail(run, node, subject.place, "enum", "It is none of the values that may be");
    if (node->constant != NULL && !json_equal(node->constant, subject.value))
        return fail(run, node, subject.place, "const", "It is not the value that it has to be");
    return true;
}

static bool is_multiple(double number, double of)
{
    double quotient = number / of;
    if (isfinite(quotient) && fabs(quotient) < EXACT)
        return fabs(quotient - round(quotient)) <= 1e-12 * fmax(1, fabs(quotient));
    double inverse = 1 / of;
    if (floor(number) == number && fabs(inverse - round(inverse)) <= 1e-9 * fabs(inverse) &&
        inverse >= 1)
        return true; /* a whole number of parts that fit into one */
    return fmod(number, of) == 0;
}

static bool check_number(struct run *run, const struct node *node, struct subject subject)
{
    double number = subject.value->number;
    if (subject.value->type != TYPE_NUMBER)
        return true;
    if (node->multiple_of != NULL && !is_multiple(number, node->multiple_of->number))
        return fail(run, node, subject.place, "multipleOf", "It is no multiple of %.*s",
                    (int)node->multiple_of->text.len, node->multiple_of->text.data);
    if (node->maximum != NULL && number > node->maximum->number)
        return fail(run, node, subject.place, "maximum", "It is greater than %.*s",
                    (int)node->maximum->text.len, node->maximum->text.data);
    if (node->exclusive_maximum != NULL && number >= node->exclusive_maximum->number)
        return fail(run, node, subject.place, "exclusiveMaximum", "It is not less than %.*s",
                    (int)node->exclusive_maximum->text.len, node->exclusive_maximum->text.data);
    if (node->minimum != NULL && number < node->minimum->number)
        return fail(run, node, subject.place, "minimum", "It is less than %.*s",
                    (int)node->minimum->text.len, node->minimum->text.data);
    if (node->exclusive_minimum != NULL && number <= node->exclusive_minimum->number)
        return fail(run, node, subject.place, "exclusiveMinimum", "It is not greater than %.*s",
                    (int)node->exclusive_minimum->text.len, node->exclusive_minimum->text.data);
    return true;
}

static bool check_count(struct run *run, const struct node *node, struct subject subject,
                        size_t count, const struct json_value *most, const char *most_keyword,
                        const struct json_value *least, const char *least_keyword)
{
    if (most != NULL && (double)count > most->number)
        return fail(run, node, subject.place, most_keyword, "It has %zu, at most %.*s may be",
                    count, (int)most->text.len, most->text.data);
    if (least != NULL && (double)count < least->number)
        return fail(run, node, subject.place, least_keyword, "It has %zu, at least %.*s have to be",
                    count, (int)least->text.len, least->text.data);
    return true;
}

static bool check_string(struct run *run, const struct node *node, struct subject subject)
{
    struct json_text text = subject.value->text;
    if (subject.value->type != TYPE_STRING)
        return true;
    if ((node->max_length != NULL || node->min_length != NULL) &&
        !check_count(run, node, subject, json_length(text), node->max_length, "maxLength",
                     node->min_length, "minLength"))
        return false;
    if (node->pattern != NULL && !matches(run, node, node->pattern, text, subject.place))
        return fail(run, node, subject.place, "pattern", "It does not match the pattern");
    if (node->format != NULL && !node->format(text))
        return fail(run, node, subject.place, "format", "It is not of the format");
    return true;
}

/* An order in which equal values are side by side; between others it only has to be one. */
static int order_values(const struct json_value *a, const struct json_value *b);

static int order_bytes(struct json_text a, struct json_text b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Members have no order, so objects are compared by what does not depend on it. */
static double weight(const struct json_value *value)
{
    double sum = value->type;
    for (size_t i = 0; i < value->text.len && value->type == TYPE_STRING; i++)
        sum = fmod(sum * 31 + (unsigned char)value->text.data[i], 1e9);
    for (size_t i = 0; i < value->count && value->type == TYPE_ARRAY; i++)
        sum = fmod(sum * 31 + weight(&value->items[i]), 1e9);
    for (size_t i = 0; i < value->count && value->type == TYPE_OBJECT; i++) {
        double name = 7;
        for (size_t j = 0; j < value->members[i].name.len; j++)
            name = fmod(name * 31 + (unsigned char)value->members[i].name.data[j], 1e9);
        sum = fmod(sum + fmod(name * weight(&value->members[i].value), 1e9), 1e9);
    }
    if (value->type == TYPE_NUMBER)
        sum += fmod(value->number, 1e9);
    return value->type == TYPE_BOOLEAN ? sum + value->truth : sum;
}

static int order_values(const struct json_value *a, const struct json_value *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->type == TYPE_STRING)
        return order_bytes(a->text, b->text);
    if (a->type == TYPE_NUMBER && a->number != b->number)
        return a->number < b->number ? -1 : 1;
    double left = weight(a);
    double right = weight(b);
    return (left > right) - (left < right);
}

static int order_pointers(const void *left, const void *right)
{
    return order_values(*(const struct json_value *const *)left,
                        *(const struct json_value *const *)right);
}

static bool check_unique(struct run *run, const struct node *node, struct subject subject)
{
    size_t count = subject.value->count;
    const struct json_value **sorted =
        arena_take(run->context->arena, (count + 1) * sizeof(void *));
    if (sorted == NULL)
        return give_up(run, node, subject.place, "There is no memory to check it");
    for (size_t i = 0; i < count; i++)
        sorted[i] = &subject.value->items[i];
    qsort(sorted, count, sizeof(void *), order_pointers);
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && order_values(sorted[j - 1], sorted[i]) == 0; j--) {
            if (json_equal(sorted[j - 1], sorted[i]))
                return fail(run, node, subject.place, "uniqueItems", "Two of its items are equal");
            if (++run->work > WORK_MAX)
                return give_up(run, node, subject.place, "It takes too long to check");
        }
    return true;
}

static bool check_required(struct run *run, const struct node *node, struct subject subject,
                           const struct json_value *names, const char *keyword)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].type == TYPE_STRING &&
            json_get_text(subject.value, names->items[i].text) == NULL)
            return fail(run, node, subject.place, keyword, "The member \"%.*s\" is missing",
                        (int)names->items[i].text.len, names->items[i].text.data);
    return true;
}

static bool check_object_size(struct run *run, const struct node *node, struct subject subject)
{
    if (subject.value->type != TYPE_OBJECT)
        return true;
    if (node->required != NULL && !check_required(run, node, subject, node->required, "required"))
        return false;
    for (size_t i = 0; i < node->dependency_count; i++)
        if (json_get_text(subject.value, node->dependencies[i].name) != NULL &&
            !check_required(run, node, subject, node->dependencies[i].required,
                            "dependentRequired"))
            return false;
    return check_count(run, node, subject, subject.value->count, node->max_properties,
                       "maxProperties", node->min_properties, "minProperties");
}

static bool check_array_size(struct run *run, const struct node *node, struct subject subject)
{
    if (subject.value->type != TYPE_ARRAY)
        return true;
    return check_count(run, node, subject, subject.value->count, node->max_items, "maxItems",
                       node->min_items, "minItems") &&
           (!node->unique_items || check_unique(run, node, subject));
}

/* -- schemas for the same value -- */

/* Checks a branch that may fail; what it evaluated counts only if it does not. */
static bool try_branch(struct run *run, const struct node *node, struct subject subject,
                       const struct scope *scope, marks evaluated)
{
    marks own = evaluated != NULL ? take_marks(run, node, subject) : NULL;
    if (evaluated != NULL && own == NULL)
        return false;
    run->quiet++;
    bool good = check_node(run, node, subject, scope, own);
    if (run->quiet > 0)
        run->quiet--;
    if (good && !run->has_failed)
        merge(evaluated, own, subject.value->count);
    return good && !run->has_failed;
}

static const struct node *dynamic_target(const struct node *node, const struct scope *scope)
{
    const struct node *target = node->dynamic_ref;
    if (node->dynamic_name.len == 0)
        return target;
    for (; scope != NULL; scope = scope->outer) /* the last one found is the outermost */
        for (const struct anchor *anchor = scope->resource->anchors; anchor != NULL;
             anchor = anchor->next)
            if (anchor->is_dynamic && json_texts_equal(anchor->name, node->dynamic_name))
                target = anchor->node;
    return target;
}

static bool check_combined(struct run *run, const struct node *node, struct subject subject,
                           const struct scope *scope, marks evaluated)
{
    size_t good = 0;
    for (size_t i = 0; i < node->all_of.count; i++)
        if (!check_node(run, node->all_of.items[i], subject, scope, evaluated))
            return false;
    for (size_t i = 0; i < node->any_of.count; i++) {
        good += try_branch(run, node->any_of.items[i], subject, scope, evaluated);
        if (good > 0 && evaluated == NULL)
            break;
    }
    if (node->any_of.count > 0 && good == 0)
        return fail(run, node, subject.place, "anyOf", "It meets none of the alternatives");
    good = 0;
    for (size_t i = 0; i < node->one_of.count && good < 2; i++)
        good += try_branch(run, node->one_of.items[i], subject, scope, evaluated);
    if (node->one_of.count > 0 && good != 1)
        return fail(run, node, subject.place, "oneOf", "It meets %s of the alternatives",
                    good == 0 ? "none" : "more than one");
    if (node->not_ != NULL && try_branch(run, node->not_, subject, scope, NULL))
        return fail(run, node, subject.place, "not", "It is what it must not be");
    return true;
}

static bool check_conditional(struct run *run, const struct node *node, struct subject subject,
                              const struct scope *scope, marks evaluated)
{
    const struct node *branch = node->else_;
    if (node->if_ == NULL)
        return true;
    if (try_branch(run, node->if_, subject, scope, evaluated))
        branch = node->then_;
    return branch == NULL || check_node(run, branch, subject, scope, evaluated);
}

static bool check_in_place(struct run *run, const struct node *node, struct subject subject,
                           const struct scope *scope, marks evaluated)
{
    if (node->ref != NULL && !check_node(run, node->ref, subject, scope, evaluated))
        return false;
    if (node->dynamic_ref != NULL &&
        !check_node(run, dynamic_target(node, scope), subject, scope, evaluated))
        return false;
    if (!check_combined(run, node, subject, scope, evaluated) ||
        !check_conditional(run, node, subject, scope, evaluated))
        return false;
    for (size_t i = 0; i < node->dependent_schema_count; i++)
        if (json_get_text(subject.value, node->dependent_schemas[i].name) != NULL &&
            !check_node(run, node->dependent_schemas[i].node, subject, scope, evaluated))
            return false;
    return true;
}

/* -- schemas for what is inside -- */

static bool check_inside(struct run *run, const struct node *node, const struct place *parent,
                         struct json_text name, size_t index, const struct json_value *value,
                         const struct scope *scope)
{
    struct place place = {.parent = parent, .name = name, .index = index};
    if (name.len == 0 && name.data == NULL)
        place.name.data = NULL;
    struct subject subject = {value, &place};
    marks own = NULL;
    if (run->schema->tracks && value->count > 0 && (own = take_marks(run, node, subject)) == NULL)
        return false;
    return check_node(run, node, subject, scope, own);
}

static const struct node *find_property(const struct node *node, struct json_text name)
{
    for (size_t i = 0; i < node->property_count; i++)
        if (json_texts_equal(node->properties[i].name, name))
            return node->properties[i].node;
    return NULL;
}

/* One member: what it is called decides which schemas it meets. */
static bool check_member(struct run *run, const struct node *node, struct subject subject,
                         size_t index, const struct scope *scope, marks evaluated)
{
    const struct json_member *member = &subject.value->members[index];
    struct json_text name = {member->name.data != NULL ? member->name.data : "", member->name.len};
    const struct node *property = find_property(node, name);
    bool is_known = property != NULL;
    if (property != NULL &&
        !check_inside(run, property, subject.place, name, 0, &member->value, scope))
        return false;
    for (size_t i = 0; i < node->pattern_count; i++) {
        if (!matches(run, node, node->patterns[i].code, name, subject.place))
            continue;
        is_known = true;
        if (!check_inside(run, node->patterns[i].node, subject.place, name, 0, &member->value,
                          scope))
            return false;
    }
    if (!is_known && node->additional != NULL) {
        if (!check_inside(run, node->additional, subject.place, name, 0, &member->value, scope))
            return false;
        is_known = true;
    }
    if (is_known && evaluated != NULL)
        evaluated[index] = 1;
    struct json_value as_text = {.type = TYPE_STRING, .text = name};
    return node->property_names == NULL ||
           check_inside(run, node->property_names, subject.place, name, 0, &as_text, scope);
}

static bool check_object(struct run *run, const struct node *node, struct subject subject,
                         const struct scope *scope, marks evaluated)
{
    if (subject.value->type != TYPE_OBJECT ||
        (node->property_count == 0 && node->pattern_count == 0 && node->additional == NULL &&
         node->property_names == NULL))
        return true;
    for (size_t i = 0; i < subject.value->count; i++)
        if (!check_member(run, node, subject, i, scope, evaluated))
            return false;
    return true;
}

static bool check_contains(struct run *run, const struct node *node, struct subject subject,
                           const struct scope *scope, marks evaluated)
{
    size_t found = 0;
    double least = node->min_contains != NULL ? node->min_contains->number : 1;
    if (node->contains == NULL)
        return true;
    for (size_t i = 0; i < subject.value->count; i++) {
        run->quiet++;
        bool good = check_inside(run, node->contains, subject.place, (struct json_text){NULL, 0}, i,
                                 &subject.value->items[i], scope);
        if (run->quiet > 0)
            run->quiet--;
        if (run->has_failed)
            return false;
        found += good;
        if (good && evaluated != NULL)
            evaluated[i] = 1;
    }
    if ((double)found < least)
        return fail(run, node, subject.place, "contains",
                    "Too few of its items are as they have "
                    "to be");
    if (node->max_contains != NULL && (double)found > node->max_contains->number)
        return fail(run, node, subject.place, "maxContains", "Too many of its items are like that");
    return true;
}

static bool check_array(struct run *run, const struct node *node, struct subject subject,
                        const struct scope *scope, marks evaluated)
{
    if (subject.value->type != TYPE_ARRAY)
        return true;
    for (size_t i = 0; i < subject.value->count; i++) {
        const struct node *item =
            i < node->prefix_items.count ? node->prefix_items.items[i] : node->items;
        if (item == NULL)
            break;
        if (!check_inside(run, item, subject.place, (struct json_text){NULL, 0}, i,
                          &subject.value->items[i], scope))
            return false;
        if (evaluated != NULL)
            evaluated[i] = 1;
    }
    return check_contains(run, node, subject, scope, evaluated);
}

static bool check_unevaluated(struct run *run, const struct node *node, struct subject subject,
                              const struct scope *scope, marks evaluated)
{
    const struct node *rest = subject.value->type == TYPE_ARRAY    ? node->unevaluated_items
                              : subject.value->type == TYPE_OBJECT ? node->unevaluated_properties
                                                                   : NULL;
    for (size_t i = 0; rest != NULL && i < subject.value->count; i++) {
        bool is_array = subject.value->type == TYPE_ARRAY;
        struct json_text name = {NULL, 0};
        if (evaluated[i])
            continue;
        if (!is_array)
            name = (struct json_text){subject.value->members[i].name.data,
                                      subject.value->members[i].name.len};
        if (!check_inside(run, rest, subject.place, name, i,
                          is_array ? &subject.value->items[i] : &subject.value->members[i].value,
                          scope))
            return false;
        evaluated[i] = 1;
    }
    return true;
}

/* -- one schema -- */

static bool check_assertions(struct run *run, const struct node *node, struct subject subject)
{
    return check_type(run, node, subject) && check_values(run, node, subject) &&
           check_number(run, node, subject) && check_string(run, node, subject) &&
           check_array_size(run, node, subject) && check_object_size(run, node, subject);
}

/* A schema's own view of what is evaluated begins empty: what its neighbours evaluated is not its
 * business. */
static bool check_parts(struct run *run, const struct node *node, struct subject subject,
                        const struct scope *scope, marks evaluated)
{
    marks own = NULL;
    if (run->schema->tracks && subject.value->count > 0 &&
        (own = take_marks(run, node, subject)) == NULL)
        return false;
    bool good = check_assertions(run, node, subject) &&
                check_in_place(run, node, subject, scope, own) &&
                check_object(run, node, subject, scope, own) &&
                check_array(run, node, subject, scope, own) &&
                (own == NULL || check_unevaluated(run, node, subject, scope, own));
    if (good && own != NULL)
        merge(evaluated, own, subject.value->count);
    return good && !run->has_failed;
}

static bool check_node(struct run *run, const struct node *node, struct subject subject,
                       const struct scope *scope, marks evaluated)
{
    struct scope own = {.outer = scope, .resource = node->resource};
    if (run->has_failed)
        return false;
    if (node->is_boolean)
        return node->accepts || fail(run, node, subject.place, "", "Nothing may be here");
    if (run->depth == DEPTH_MAX)
        return give_up(run, node, subject.place, "The schemas are too deep inside each other");
    if (++run->work > WORK_MAX)
        return give_up(run, node, subject.place, "It takes too long to check");
    run->depth++;
    bool good =
        check_parts(run, node, subject,
                    scope != NULL && scope->resource == node->resource ? scope : &own, evaluated);
    run->depth--;
    return good;
}

/* -- contexts -- */

struct schema_context *schema_context_create(void)
{
    struct schema_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return NULL;
    context->arena = arena_create();
    context->match_context = pcre2_match_context_create(NULL);
    context->match_data = pcre2_match_data_create(1, NULL);
    if (context->arena != NULL && context->match_context != NULL && context->match_data != NULL)
        return context;
    schema_context_destroy(context);
    return NULL;
}

void schema_context_destroy(struct schema_context *context)
{
    if (context == NULL)
        return;
    arena_destroy(context->arena);
    pcre2_match_context_free(context->match_context);
    pcre2_match_data_free(context->match_data);
    free(context);
}

bool schema_check(const struct schema *schema, struct schema_context *context,
                  const struct json_value *message, struct schema_finding *finding)
{
    struct run run = {.schema = schema, .context = context, .finding = finding};
    struct place root = {.parent = NULL};
    finding->detail[0] = '\0';
    arena_clear(context->arena);
    pcre2_set_match_limit(context->match_context, schema->options.match_limit);
    pcre2_set_depth_limit(context->match_context, 1000);
    return check_node(&run, schema->root, (struct subject){message, &root}, NULL, NULL) &&
           !run.has_failed;
}
