#include "schema_node.h"

#include "uri.h"

#include <string.h>

struct schema_anchor *schema_find_anchor(const struct schema_resource *resource,
                                         struct json_text name, bool dynamic)
{
    for (struct schema_anchor *anchor = resource->anchors; anchor != NULL; anchor = anchor->next)
        if ((anchor->dynamic || !dynamic) && json_text_compare(anchor->name, name) == 0)
            return anchor;
    return NULL;
}

static struct json_value *find_root(struct schema *schema, const char *uri)
{
    for (struct schema_resource *resource = schema->resources; resource != NULL;
         resource = resource->next)
        if (strcmp(resource->uri, uri) == 0)
            return resource->root;
    struct schema_document *document = schema_find_document(schema, uri);
    return document == NULL ? NULL : document->root;
}

/* Where the document that `value` is in was loaded from. */
static const char *document_uri(const struct schema *schema, const struct json_value *value)
{
    while (value->parent != NULL)
        value = value->parent;
    const struct schema_document *document = schema->documents;
    while (document != NULL && document->root != value)
        document = document->next;
    return document == NULL ? "" : document->uri;
}

/* The root that the reference leads to. A relative one is also looked for next to the document's
 * file: people keep files together whatever their $id says. */
static struct json_value *find_target(struct schema *schema, const struct schema_node *node,
                                      const struct json_value *value, char **fragment)
{
    const char *bases[] = {node->resource->uri, document_uri(schema, value)};
    char *reference = arena_copy(&schema->arena, value->text.data, value->text.len);
    for (int i = 0; i < 2 && reference != NULL; i++) {
        char *uri = uri_resolve(&schema->arena, bases[i], reference);
        if (uri == NULL)
            return schema_fail(schema, value, "there is no memory");
        *fragment = uri_split_fragment(uri);
        struct json_value *root = find_root(schema, uri);
        if (root != NULL || schema->error[0] != '\0')
            return root;
        if (uri_has_scheme(reference))
            break;
    }
    return schema_fail(schema, value,
                       "it leads to a document that is not there; nothing is fetched, so it has "
                       "to be a file in the schema's folder or a document that is given");
}

/* Compiles the schema at a place that may not be one for schemas, such as inside an unknown
 * keyword. */
static struct schema_node *node_at(struct schema *schema, struct json_value *value)
{
    struct json_value *above = value;
    while (above->parent != NULL && above->attachment == NULL)
        above = above->parent;
    const struct schema_node *node = above->attachment;
    return node == NULL ? NULL : schema_compile(schema, value, node->resource);
}

static struct schema_node *resolve_reference(struct schema *schema, struct schema_node *node,
                                             const struct json_value *value, bool dynamic)
{
    char *fragment = NULL;
    struct json_value *root = find_target(schema, node, value, &fragment);
    if (root == NULL || fragment == NULL)
        return NULL;
    struct json_text name = {fragment, uri_decode(fragment)};
    if (name.len == 0 || name.data[0] == '/') {
        struct json_value *target = json_pointer_find(root, name);
        if (target == NULL)
            return schema_fail(schema, value, "there is nothing where it points");
        return node_at(schema, target);
    }
    const struct schema_node *root_node = root->attachment;
    const struct schema_anchor *anchor = schema_find_anchor(root_node->resource, name, dynamic);
    if (anchor == NULL && dynamic)
        anchor = schema_find_anchor(root_node->resource, name, false);
    if (anchor == NULL)
        return schema_fail(schema, value, "there is no such anchor");
    if (dynamic && anchor->dynamic)
        node->dynamic_name = name;
    return anchor->node;
}

bool schema_resolve_references(struct schema *schema)
{
    while (schema->pending != NULL) {
        struct schema_node *node = schema->pending;
        const struct json_value *ref = json_member_cstr(node->source, "$ref");
        const struct json_value *dynamic = json_member_cstr(node->source, "$dynamicRef");
        schema->pending = node->next;
        if (ref != NULL && (node->ref = resolve_reference(schema, node, ref, false)) == NULL)
            return false;
        if (dynamic != NULL &&
            (node->dynamic_ref = resolve_reference(schema, node, dynamic, true)) == NULL)
            return false;
    }
    return true;
}

#define VOCABULARY_URI "https://json-schema.org/draft/2020-12/vocab/"

static unsigned vocabulary_find(struct json_text uri)
{
    static const struct {
        const char *uri;
        unsigned vocabulary;
    } known[] = {
        {VOCABULARY_URI "core", VOCABULARY_CORE},
        {VOCABULARY_URI "applicator", VOCABULARY_APPLICATOR},
        {VOCABULARY_URI "unevaluated", VOCABULARY_UNEVALUATED},
        {VOCABULARY_URI "validation", VOCABULARY_VALIDATION},
        {VOCABULARY_URI "format-annotation", VOCABULARY_FORMAT},
        {VOCABULARY_URI "format-assertion", VOCABULARY_FORMAT_ASSERTION},
        {VOCABULARY_URI "meta-data", VOCABULARY_OTHER},
        {VOCABULARY_URI "content", VOCABULARY_OTHER},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (json_text_is(uri, known[i].uri))
            return known[i].vocabulary;
    return 0;
}

static unsigned read_vocabularies(struct schema *schema, const struct json_value *list)
{
    unsigned vocabularies = VOCABULARY_CORE;
    if (list->type != JSON_OBJECT)
        return VOCABULARY_DEFAULT;
    for (const struct json_value *member = list->first; member != NULL; member = member->next) {
        unsigned vocabulary = vocabulary_find(member->name);
        if (vocabulary == 0 && member->type == JSON_BOOLEAN && member->boolean) {
            schema_fail(schema, member, "this vocabulary is required, but not known");
            return 0;
        }
        vocabularies |= vocabulary;
    }
    return vocabularies;
}

unsigned schema_vocabularies(struct schema *schema, const struct json_value *root,
                             unsigned otherwise)
{
    const struct json_value *name = json_member_cstr(root, "$schema");
    if (name == NULL)
        return otherwise;
    char *uri = name->type != JSON_STRING
                    ? NULL
                    : arena_copy(&schema->arena, name->text.data, name->text.len);
    if (uri == NULL) {
        schema_fail(schema, name, "it has to be a URI");
        return 0;
    }
    uri_split_fragment(uri);
    if (strstr(uri, "://json-schema.org/draft") != NULL)
        return VOCABULARY_DEFAULT; /* older drafts are read as 2020-12 */
    struct schema_document *meta = schema_find_document(schema, uri);
    if (meta == NULL) {
        if (schema->error[0] == '\0')
            schema_fail(schema, name, "this meta-schema is not known, and nothing is fetched");
        return 0;
    }
    const struct json_value *list = json_member_cstr(meta->root, "$vocabulary");
    return list == NULL ? VOCABULARY_DEFAULT : read_vocabularies(schema, list);
}
