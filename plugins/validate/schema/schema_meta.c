/* The meta-schemas of 2020-12, in our own words: what a schema has to look like. */
#include "schema_node.h"

#include <string.h>

#define BASE "https://json-schema.org/draft/2020-12/"
/* The opening of one vocabulary's meta-schema; each can be extended, by its dynamic anchor. */
#define META(name)                                                                                 \
    "{\"$schema\":\"" BASE "schema\",\"$id\":\"" BASE "meta/" name "\","                           \
    "\"$vocabulary\":{\"" BASE "vocab/" name "\":true},\"$dynamicAnchor\":\"meta\","               \
    "\"type\":[\"object\",\"boolean\"],"
#define SELF "{\"$dynamicRef\":\"#meta\"}"
#define SELVES "{\"type\":\"object\",\"additionalProperties\":" SELF "}"
#define LIST "{\"type\":\"array\",\"minItems\":1,\"items\":" SELF "}"
#define STRING "{\"type\":\"string\"}"
#define REFERENCE "{\"type\":\"string\",\"format\":\"uri-reference\"}"
#define ANCHOR "{\"type\":\"string\",\"pattern\":\"^[A-Za-z_][-A-Za-z0-9._]*$\"}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define NUMBER "{\"type\":\"number\"}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define NAMES "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"uniqueItems\":true}"
#define TYPE                                                                                       \
    "{\"enum\":[\"null\",\"boolean\",\"number\",\"integer\",\"string\",\"array\",\"object\"]}"

static const struct {
    const char *uri;
    const char *text;
} metas[] = {
    {BASE "schema",
     "{\"$schema\":\"" BASE "schema\",\"$id\":\"" BASE "schema\",\"$vocabulary\":{"
     "\"" BASE "vocab/core\":true,\"" BASE "vocab/applicator\":true,"
     "\"" BASE "vocab/unevaluated\":true,\"" BASE "vocab/validation\":true,"
     "\"" BASE "vocab/meta-data\":true,\"" BASE "vocab/format-annotation\":true,"
     "\"" BASE "vocab/content\":true},\"$dynamicAnchor\":\"meta\","
     "\"type\":[\"object\",\"boolean\"],\"allOf\":[{\"$ref\":\"meta/core\"},"
     "{\"$ref\":\"meta/applicator\"},{\"$ref\":\"meta/unevaluated\"},"
     "{\"$ref\":\"meta/validation\"},{\"$ref\":\"meta/meta-data\"},"
     "{\"$ref\":\"meta/format-annotation\"},{\"$ref\":\"meta/content\"}],"
     "\"properties\":{\"definitions\":" SELVES ",\"dependencies\":{\"type\":\"object\","
     "\"additionalProperties\":{\"anyOf\":[" SELF "," NAMES "]}},"
     "\"$recursiveAnchor\":" ANCHOR ",\"$recursiveRef\":" REFERENCE "}}"},
    {BASE "meta/core",
     META("core") "\"properties\":{\"$id\":{\"type\":\"string\",\"format\":\"uri-reference\","
                  "\"pattern\":\"^[^#]*#?$\"},\"$schema\":{\"type\":\"string\",\"format\":\"uri\"},"
                  "\"$ref\":" REFERENCE ",\"$dynamicRef\":" REFERENCE ",\"$anchor\":" ANCHOR ","
                  "\"$dynamicAnchor\":" ANCHOR ",\"$comment\":" STRING ",\"$defs\":" SELVES ","
                  "\"$vocabulary\":{\"type\":\"object\",\"propertyNames\":{\"type\":\"string\","
                  "\"format\":\"uri\"},\"additionalProperties\":" BOOLEAN "}}}"},
    {BASE "meta/applicator",
     META("applicator") "\"properties\":{\"prefixItems\":" LIST ",\"items\":" SELF ","
                        "\"contains\":" SELF ",\"additionalProperties\":" SELF
                        ",\"properties\":" SELVES ","
                        "\"patternProperties\":{\"type\":\"object\",\"additionalProperties\":" SELF
                        ","
                        "\"propertyNames\":{\"format\":\"regex\"}},\"dependentSchemas\":" SELVES ","
                        "\"propertyNames\":" SELF ",\"if\":" SELF ",\"then\":" SELF
                        ",\"else\":" SELF ","
                        "\"allOf\":" LIST ",\"anyOf\":" LIST ",\"oneOf\":" LIST ",\"not\":" SELF
                        "}}"},
    {BASE "meta/unevaluated", META("unevaluated") "\"properties\":{\"unevaluatedItems\":" SELF ","
                                                  "\"unevaluatedProperties\":" SELF "}}"},
    {BASE "meta/validation",
     META("validation") "\"properties\":{\"type\":{\"anyOf\":[" TYPE ",{\"type\":\"array\","
                        "\"items\":" TYPE ",\"minItems\":1,\"uniqueItems\":true}]},\"const\":true,"
                        "\"enum\":{\"type\":\"array\"},\"multipleOf\":{\"type\":\"number\","
                        "\"exclusiveMinimum\":0},"
                        "\"maximum\":" NUMBER ",\"exclusiveMaximum\":" NUMBER ",\"minimum\":" NUMBER
                        ","
                        "\"exclusiveMinimum\":" NUMBER ",\"maxLength\":" COUNT
                        ",\"minLength\":" COUNT ","
                        "\"pattern\":{\"type\":\"string\",\"format\":\"regex\"},\"maxItems\":" COUNT
                        ","
                        "\"minItems\":" COUNT ",\"uniqueItems\":" BOOLEAN ",\"maxContains\":" COUNT
                        ","
                        "\"minContains\":" COUNT ",\"maxProperties\":" COUNT
                        ",\"minProperties\":" COUNT ","
                        "\"required\":" NAMES ",\"dependentRequired\":{\"type\":\"object\","
                        "\"additionalProperties\":" NAMES "}}}"},
    {BASE "meta/meta-data",
     META("meta-data") "\"properties\":{\"title\":" STRING ",\"description\":" STRING ","
                       "\"default\":true,\"deprecated\":" BOOLEAN ",\"readOnly\":" BOOLEAN ","
                       "\"writeOnly\":" BOOLEAN ",\"examples\":{\"type\":\"array\"}}}"},
    {BASE "meta/format-annotation",
     META("format-annotation") "\"properties\":{\"format\":" STRING "}}"},
    {BASE "meta/format-assertion",
     META("format-assertion") "\"properties\":{\"format\":" STRING "}}"},
    {BASE "meta/content",
     META("content") "\"properties\":{\"contentEncoding\":" STRING ","
                     "\"contentMediaType\":" STRING ",\"contentSchema\":" SELF "}}"},
};

const char *schema_meta_find(const char *uri)
{
    for (size_t i = 0; i < sizeof metas / sizeof *metas; i++)
        if (strcmp(uri, metas[i].uri) == 0)
            return metas[i].text;
    return NULL;
}
