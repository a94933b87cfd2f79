#include "workbench/new_plugin.h"

#include "config/wrong_option.h"
#include "workbench/templates.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAME_MAX_LEN 64
#define EXIT_USAGE 2

const char new_plugin_help[] =
    "Usage: sluice new-plugin NAME [FOLDER] [--language c|c++]\n\n"
    "Writes the beginning of a plugin into FOLDER (default: a new folder NAME): source with an\n"
    "option table, CMakeLists.txt, README.md, a test scenario and an example for CI. It builds, "
    "and\n"
    "passes its own test, as it is.\n\n"
    "NAME is what configurations call the plugin: lower case letters, digits and '-'.\n";

const struct option new_plugin_options[] = {
    {"language", required_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* What replaces the placeholders. */
struct names {
    char name[NAME_MAX_LEN + 1];
    char ident[NAME_MAX_LEN + 1];
    char source[NAME_MAX_LEN + 8];
    bool is_cpp;
};

static int complain(const char *format, const char *what)
{
    fputs("sluice new-plugin: ", stderr);
    fprintf(stderr, format, what);
    fputs("\n", stderr);
    return EXIT_USAGE;
}

/* -- names -- */

static bool set_names(struct names *names, const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (len == 0 || len > NAME_MAX_LEN || name[len] != '\0' || name[0] == '-' ||
        name[len - 1] == '-' || (name[0] >= '0' && name[0] <= '9'))
        return false;
    memcpy(names->name, name, len + 1);
    for (size_t i = 0; i <= len; i++)
        names->ident[i] = name[i] == '-' ? '_' : name[i];
    snprintf(names->source, sizeof names->source, "%s.%s", names->ident,
             names->is_cpp ? "cpp" : "c");
    return true;
}

static const char *replacement(const struct names *names, const char *key, size_t len)
{
    const struct {
        const char *key;
        const char *value;
    } known[] = {{"NAME", names->name},
                 {"IDENT", names->ident},
                 {"SOURCE", names->source},
                 {"LANGUAGE", names->is_cpp ? "CXX" : "C"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].key) == len && memcmp(known[i].key, key, len) == 0)
            return known[i].value;
    return NULL;
}

/* -- files -- */

static void write_filled(FILE *file, const struct names *names, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *end = text[at] == '@' ? memchr(text + at + 1, '@', len - at - 1) : NULL;
        const char *value =
            end != NULL ? replacement(names, text + at + 1, (size_t)(end - text) - at - 1) : NULL;
        if (value != NULL) {
            fputs(value, file);
            at = (size_t)(end - text) + 1;
        } else {
            fputc(text[at++], file);
        }
    }
}

static bool write_file(const char *folder, const char *path, const struct names *names,
                       const unsigned char *text, size_t len)
{
    char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    FILE *file = fopen(whole, "wxe");
    if (file != NULL)
        write_filled(file, names, (const char *)text, len);
    if (file != NULL && fclose(file) == 0) {
        printf("  %s\n", whole);
        return true;
    }
    fprintf(stderr, "sluice new-plugin: cannot write %s: %s\n", whole, strerror(errno));
    return false;
}

/* Makes the folder, or finds it empty. */
static bool prepare_folder(const char *folder)
{
    struct dirent *entry;
    bool is_empty = true;
    if (mkdir(folder, 0755) == 0)
        return true;
    DIR *there = errno == EEXIST ? opendir(folder) : NULL;
    if (there == NULL) {
        fprintf(stderr, "sluice new-plugin: cannot make the folder %s: %s\n", folder,
                strerror(errno));
        return false;
    }
    while ((entry = readdir(there)) != NULL)
        is_empty =
            is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(there);
    if (!is_empty)
        fprintf(stderr,
                "sluice new-plugin: %s is there already and not empty; choose another name or "
                "folder\n",
                folder);
    return is_empty;
}

static bool write_all(const char *folder, const struct names *names)
{
    char tests[PATH_MAX];
    char scenario[NAME_MAX_LEN + 16];
    snprintf(tests, sizeof tests, "%s/tests", folder);
    snprintf(scenario, sizeof scenario, "tests/%s.yaml", names->name);
    if (!prepare_folder(folder) || mkdir(tests, 0755) != 0)
        return false;
    return (names->is_cpp ? write_file(folder, names->source, names, template_cpp_plugin_cpp,
                                       template_cpp_plugin_cpp_len)
                          : write_file(folder, names->source, names, template_c_plugin_c,
                                       template_c_plugin_c_len)) &&
           write_file(folder, "CMakeLists.txt", names, template_CMakeLists_txt,
                      template_CMakeLists_txt_len) &&
           write_file(folder, "README.md", names, template_README_md, template_README_md_len) &&
           write_file(folder, scenario, names, template_scenario_yaml,
                      template_scenario_yaml_len) &&
           write_file(folder, "ci.example.yml", names, template_ci_yml, template_ci_yml_len);
}

int new_plugin_main(int argc, char **argv)
{
    struct names names = {.is_cpp = false};
    char wrong[256];
    int option;
    while ((option = getopt_long(argc, argv, ":h", new_plugin_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(new_plugin_help, stdout);
            return 0;
        }
        if (option != 'l') {
            wrong_option_describe(new_plugin_options, argv, option, wrong, sizeof wrong);
            return complain("%s", wrong);
        }
        names.is_cpp = strcmp(optarg, "c++") == 0 || strcmp(optarg, "cpp") == 0;
        if (!names.is_cpp && strcmp(optarg, "c") != 0)
            return complain("there is no template for '%s'; choose c or c++", optarg);
    }
    if (optind == argc || argc - optind > 2)
        return complain("%s", "give the plugin's name, and perhaps a folder");
    if (!set_names(&names, argv[optind]))
        return complain("'%s' is not a plugin's name: use up to 64 lower case letters, digits and "
                        "'-', beginning with a letter",
                        argv[optind]);
    const char *folder = argc - optind == 2 ? argv[optind + 1] : names.name;
    if (!write_all(folder, &names))
        return 1;
    printf(
        "\nBuild and test it:\n\n"
        "  cd %s\n"
        "  cmake -B build && cmake --build build && ctest --test-dir build --output-on-failure\n\n"
        "If Sluice is not installed in a usual place, add -DCMAKE_PREFIX_PATH=PREFIX to the first\n"
        "command. The plugin is then build/plugins/%s.so.\n",
        folder, names.name);
    return 0;
}
