/*
 * Properties of Unicode in braces behind \p and \P (22.2.1, UnicodePropertyValueExpression).
 */
#include "ecma.h"

#include <string.h>

#define NAME_MAX_LEN 64 /* bytes of a property's name or value; the longest there is has 32 */

/* General categories (table 70), in pairs of what ECMA-262 and PCRE2 call them. */
static const char *const categories[][2] = {
    {"C", "C"},
    {"Other", "C"},
    {"Cc", "Cc"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Cf", "Cf"},
    {"Format", "Cf"},
    {"Cn", "Cn"},
    {"Unassigned", "Cn"},
    {"Co", "Co"},
    {"Private_Use", "Co"},
    {"Cs", "Cs"},
    {"Surrogate", "Cs"},
    {"L", "L"},
    {"Letter", "L"},
    {"LC", "L&"},
    {"Cased_Letter", "L&"},
    {"Ll", "Ll"},
    {"Lowercase_Letter", "Ll"},
    {"Lm", "Lm"},
    {"Modifier_Letter", "Lm"},
    {"Lo", "Lo"},
    {"Other_Letter", "Lo"},
    {"Lt", "Lt"},
    {"Titlecase_Letter", "Lt"},
    {"Lu", "Lu"},
    {"Uppercase_Letter", "Lu"},
    {"M", "M"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Mc", "Mc"},
    {"Spacing_Mark", "Mc"},
    {"Me", "Me"},
    {"Enclosing_Mark", "Me"},
    {"Mn", "Mn"},
    {"Nonspacing_Mark", "Mn"},
    {"N", "N"},
    {"Number", "N"},
    {"Nd", "Nd"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Nl", "Nl"},
    {"Letter_Number", "Nl"},
    {"No", "No"},
    {"Other_Number", "No"},
    {"P", "P"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Pc", "Pc"},
    {"Connector_Punctuation", "Pc"},
    {"Pd", "Pd"},
    {"Dash_Punctuation", "Pd"},
    {"Pe", "Pe"},
    {"Close_Punctuation", "Pe"},
    {"Pf", "Pf"},
    {"Final_Punctuation", "Pf"},
    {"Pi", "Pi"},
    {"Initial_Punctuation", "Pi"},
    {"Po", "Po"},
    {"Other_Punctuation", "Po"},
    {"Ps", "Ps"},
    {"Open_Punctuation", "Ps"},
    {"S", "S"},
    {"Symbol", "S"},
    {"Sc", "Sc"},
    {"Currency_Symbol", "Sc"},
    {"Sk", "Sk"},
    {"Modifier_Symbol", "Sk"},
    {"Sm", "Sm"},
    {"Math_Symbol", "Sm"},
    {"So", "So"},
    {"Other_Symbol", "So"},
    {"Z", "Z"},
    {"Separator", "Z"},
    {"Zl", "Zl"},
    {"Line_Separator", "Zl"},
    {"Zp", "Zp"},
    {"Paragraph_Separator", "Zp"},
    {"Zs", "Zs"},
    {"Space_Separator", "Zs"},
    /* Binary properties that PCRE2 has no such name for. */
    {"Any", "Any"},
};

/* Binary properties (table 69) that PCRE2 has under the same names. */
static const char *const binaries[] = {
    "ASCII",
    "ASCII_Hex_Digit",
    "AHex",
    "Alphabetic",
    "Alpha",
    "Bidi_Control",
    "Bidi_C",
    "Bidi_Mirrored",
    "Bidi_M",
    "Case_Ignorable",
    "CI",
    "Cased",
    "Changes_When_Casefolded",
    "CWCF",
    "Changes_When_Casemapped",
    "CWCM",
    "Changes_When_Lowercased",
    "CWL",
    "Changes_When_Titlecased",
    "CWT",
    "Changes_When_Uppercased",
    "CWU",
    "Dash",
    "Default_Ignorable_Code_Point",
    "DI",
    "Deprecated",
    "Dep",
    "Diacritic",
    "Dia",
    "Emoji",
    "Emoji_Component",
    "EComp",
    "Emoji_Modifier",
    "EMod",
    "Emoji_Modifier_Base",
    "EBase",
    "Emoji_Presentation",
    "EPres",
    "Extended_Pictographic",
    "ExtPict",
    "Extender",
    "Ext",
    "Grapheme_Base",
    "Gr_Base",
    "Grapheme_Extend",
    "Gr_Ext",
    "Hex_Digit",
    "Hex",
    "IDS_Binary_Operator",
    "IDSB",
    "IDS_Trinary_Operator",
    "IDST",
    "ID_Continue",
    "IDC",
    "ID_Start",
    "IDS",
    "Ideographic",
    "Ideo",
    "Join_Control",
    "Join_C",
    "Logical_Order_Exception",
    "LOE",
    "Lowercase",
    "Lower",
    "Math",
    "Noncharacter_Code_Point",
    "NChar",
    "Pattern_Syntax",
    "Pat_Syn",
    "Pattern_White_Space",
    "Pat_WS",
    "Quotation_Mark",
    "QMark",
    "Radical",
    "Regional_Indicator",
    "RI",
    "Sentence_Terminal",
    "STerm",
    "Soft_Dotted",
    "SD",
    "Terminal_Punctuation",
    "Term",
    "Unified_Ideograph",
    "UIdeo",
    "Uppercase",
    "Upper",
    "Variation_Selector",
    "VS",
    "White_Space",
    "space",
    "XID_Continue",
    "XIDC",
    "XID_Start",
    "XIDS",
};

static const char *find_category(struct json_text name)
{
    for (size_t i = 0; i < sizeof categories / sizeof *categories; i++)
        if (json_text_is(name, categories[i][0]))
            return categories[i][1];
    return NULL;
}

static const char *find_binary(struct json_text name)
{
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
        if (json_text_is(name, binaries[i]))
            return binaries[i];
    return NULL;
}

static void put_property(struct ecma *ecma, bool is_negated, const char *prefix, const char *value)
{
    ecma_put(ecma, is_negated ? "\\P{" : "\\p{");
    ecma_put(ecma, prefix);
    ecma_put(ecma, value);
    ecma_put(ecma, "}");
}

/* Scripts are known to PCRE2 by the names that ECMA-262 has; it says itself if there is none. */
static void put_script(struct ecma *ecma, bool is_negated, const char *prefix,
                       struct json_text value)
{
    char name[NAME_MAX_LEN + 1];
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter || i == NAME_MAX_LEN) {
            ecma->fault = "there is no such script";
            return;
        }
        name[i] = c;
    }
    name[value.len] = '\0';
    put_property(ecma, is_negated, prefix, name);
}

static void put_pair(struct ecma *ecma, bool is_negated, struct json_text name,
                     struct json_text value)
{
    const char *category = NULL;
    if (json_text_is(name, "Script") || json_text_is(name, "sc"))
        put_script(ecma, is_negated, "sc:", value);
    else if (json_text_is(name, "Script_Extensions") || json_text_is(name, "scx"))
        put_script(ecma, is_negated, "scx:", value);
    else if ((json_text_is(name, "General_Category") || json_text_is(name, "gc")) &&
             (category = find_category(value)) != NULL && strcmp(category, "Any") != 0)
        put_property(ecma, is_negated, "", category);
    else
        ecma->fault = "there is no such property as in \\p{...=...}";
}

static void put_lone(struct ecma *ecma, bool is_negated, struct json_text name)
{
    const char *found = find_category(name);
    if (found == NULL)
        found = find_binary(name);
    if (found != NULL)
        put_property(ecma, is_negated, "", found);
    else if (json_text_is(name, "Assigned"))
        put_property(ecma, !is_negated, "", "Cn");
    else
        ecma->fault = "there is no such property as in \\p{...}";
}

void ecma_take_property(struct ecma *ecma, bool is_negated)
{
    const char *start = ecma->at + 1;
    const char *close = NULL;
    if (ecma->at < ecma->end && *ecma->at == '{')
        close = memchr(start, '}', (size_t)(ecma->end - start));
    if (close == NULL) {
        ecma->fault = "\\p has no property behind it, as in \\p{Letter}";
        return;
    }
    ecma->at = close + 1;
    const char *equals = memchr(start, '=', (size_t)(close - start));
    if (equals == NULL)
        put_lone(ecma, is_negated, (struct json_text){start, (size_t)(close - start)});
    else
        put_pair(ecma, is_negated, (struct json_text){start, (size_t)(equals - start)},
                 (struct json_text){equals + 1, (size_t)(close - equals - 1)});
}
