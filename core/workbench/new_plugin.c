#include "workbench/new_plugin.h"

#include "config/wrong_option.h"
#include "workbench/complaint.h"
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
    "Usage: sluice new-plugin NAME [FOLDER] [--language c|c++|rust] [--json]\n\n"
    "Writes the beginning of a plugin into FOLDER (default: a new folder NAME): source with an\n"
    "option table, CMakeLists.txt, README.md, a test scenario and an example for CI. It builds, "
    "and\n"
    "passes its own test, as it is.\n\n"
    "NAME is what configurations call the plugin: lower case letters, digits and '-'. With --json\n"
    "one line of JSON says which files were written, or what is wrong.\n";

const struct option new_plugin_options[] = {
    {"language", required_argument, NULL, 'l'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* A file that is written; its path has placeholders, too. */
struct template_file {
    const char *path;
    const unsigned char *text;
    const size_t *len;
};

#define FILE_FROM(path, name) {path, template_##name, &template_##name##_len}

static const struct template_file files_of_c[] = {
    FILE_FROM("@SOURCE@", c_plugin_c),   FILE_FROM("CMakeLists.txt", CMakeLists_txt),
    FILE_FROM("README.md", README_md),   FILE_FROM("tests/@NAME@.yaml", scenario_yaml),
    FILE_FROM("ci.example.yml", ci_yml), {NULL, NULL, NULL},
};

static const struct template_file files_of_cpp[] = {
    FILE_FROM("@SOURCE@", cpp_plugin_cpp), FILE_FROM("CMakeLists.txt", CMakeLists_txt),
    FILE_FROM("README.md", README_md),     FILE_FROM("tests/@NAME@.yaml", scenario_yaml),
    FILE_FROM("ci.example.yml", ci_yml),   {NULL, NULL, NULL},
};

#define CRATE_FILE(array, path) {path, array, &array##_len},

static const struct template_file files_of_rust[] = {
    FILE_FROM("src/lib.rs", rust_plugin_rs),          FILE_FROM("Cargo.toml", rust_Cargo_toml),
    FILE_FROM("CMakeLists.txt", rust_CMakeLists_txt), FILE_FROM("README.md", rust_README_md),
    FILE_FROM("tests/@NAME@.yaml", scenario_yaml),    FILE_FROM("ci.example.yml", rust_ci_yml),
    FILE_FROM(".gitignore", rust_gitignore),          RUST_CRATE(CRATE_FILE){NULL, NULL, NULL},
};

struct language {
    const char *name;      /* of --language */
    const char *other;     /* another name for it, or NULL */
    const char *cmake;     /* what CMake calls it, or NULL: it does not know it */
    const char *extension; /* of the source file */
    const struct template_file *files;
};

/* The first one is the default. */
static const struct language languages[] = {
    {"c", NULL, "C", "c", files_of_c},
    {"c++", "cpp", "CXX", "cpp", files_of_cpp},
    {"rust", NULL, NULL, "rs", files_of_rust},
};

/* What replaces the placeholders, and what is told of it. */
struct names {
    char name[NAME_MAX_LEN + 1];
    char ident[NAME_MAX_LEN + 1];
    char source[NAME_MAX_LEN + 8];
    const struct language *language;
    struct complaint complaint;
    cJSON *files; /* that were written */
};

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
             names->language->extension);
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
                 {"LANGUAGE", names->language->cmake}};
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

/* Makes the folders below `folder` in which a file lies. */
static void make_folders_of(char *path, size_t folder_len)
{
    for (char *slash = strchr(path + folder_len + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755); /* If that fails, the file cannot be written, and it is said then. */
        *slash = '/';
    }
}

static bool write_file(const char *folder, const struct template_file *from,
                       const struct names *names)
{
    char path[PATH_MAX] = "";
    FILE *in_memory = fmemopen(path, sizeof path - 1, "w");
    if (in_memory == NULL)
        return false;
    fprintf(in_memory, "%s/", folder);
    write_filled(in_memory, names, from->path, strlen(from->path));
    fclose(in_memory);
    make_folders_of(path, strlen(folder));
    FILE *file = fopen(path, "wxe");
    if (file != NULL)
        write_filled(file, names, (const char *)from->text, *from->len);
    if (file == NULL || fclose(file) != 0) {
        complain(&names->complaint, "failed", "cannot write %s: %s", path, strerror(errno));
        return false;
    }
    cJSON_AddItemToArray(names->files, cJSON_CreateString(path));
    if (!names->complaint.json)
        printf("  %s\n", path);
    return true;
}

/* Makes the folder, or finds it empty. */
static bool prepare_folder(const struct complaint *complaint, const char *folder)
{
    struct dirent *entry;
    bool is_empty = true;
    if (mkdir(folder, 0755) == 0)
        return true;
    DIR *there = errno == EEXIST ? opendir(folder) : NULL;
    if (there == NULL) {
        complain(complaint, "failed", "cannot make the folder %s: %s", folder, strerror(errno));
        return false;
    }
    while ((entry = readdir(there)) != NULL)
        is_empty =
            is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(there);
    if (!is_empty)
        complain(complaint, "failed",
                 "%s is there already and not empty; choose another name or folder", folder);
    return is_empty;
}

static bool write_all(const char *folder, const struct names *names)
{
    if (!prepare_folder(&names->complaint, folder))
        return false;
    for (const struct template_file *file = names->language->files; file->path != NULL; file++)
        if (!write_file(folder, file, names))
            return false;
    return true;
}

static bool choose_language(struct names *names, const char *name)
{
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        const struct language *language = &languages[i];
        if (strcmp(language->name, name) == 0 ||
            (language->other != NULL && strcmp(language->other, name) == 0)) {
            names->language = language;
            return true;
        }
    }
    complain(&names->complaint, "usage", "there is no template for '%s'; choose c, c++ or rust",
             name);
    return false;
}

/* Reads the options. Returns -1 to go on, or an exit status. */
static int read_options(int argc, char **argv, struct names *names)
{
    char wrong[256];
    int option;
    while ((option = getopt_long(argc, argv, ":h", new_plugin_options, NULL)) != -1) {
        if (option == 'h') {
            fputs(new_plugin_help, stdout);
            return 0;
        }
        if (option == 'j')
            continue; /* It was looked for first. */
        if (option != 'l') {
            wrong_option_describe(new_plugin_options, argv, option, wrong, sizeof wrong);
            complain(&names->complaint, "usage", "%s", wrong);
            return EXIT_USAGE;
        }
        if (!choose_language(names, optarg))
            return EXIT_USAGE;
    }
    return -1;
}

static void report(struct names *names, const char *folder)
{
    if (names->complaint.json) {
        cJSON *answer = cJSON_CreateObject();
        cJSON_AddStringToObject(answer, "name", names->name);
        cJSON_AddStringToObject(answer, "folder", folder);
        cJSON_AddItemToObject(answer, "files", names->files);
        names->files = NULL;
        complaint_print_json(answer);
        return;
    }
    printf(
        "\nBuild and test it:\n\n"
        "  cd %s\n"
        "  cmake -B build && cmake --build build && ctest --test-dir build --output-on-failure\n\n"
        "If Sluice is not installed in a usual place, add -DCMAKE_PREFIX_PATH=PREFIX to the first\n"
        "command. The plugin is then build/plugins/%s.so.\n",
        folder, names->name);
}

static int write_plugin(struct names *names, const char *folder)
{
    names->files = cJSON_CreateArray();
    bool is_written = write_all(folder, names);
    if (is_written)
        report(names, folder);
    cJSON_Delete(names->files);
    return is_written ? 0 : 1;
}

int new_plugin_main(int argc, char **argv)
{
    struct names names = {.language = &languages[0],
                          .complaint = {"new-plugin", complaint_is_json(argc, argv)}};
    int status = read_options(argc, argv, &names);
    if (status >= 0)
        return status;
    if (optind == argc || argc - optind > 2) {
        complain(&names.complaint, "usage", "give the plugin's name, and perhaps a folder");
        return EXIT_USAGE;
    }
    if (!set_names(&names, argv[optind])) {
        complain(&names.complaint, "usage",
                 "'%s' is not a plugin's name: use up to 64 lower case letters, digits and '-', "
                 "beginning with a letter",
                 argv[optind]);
        return EXIT_USAGE;
    }
    return write_plugin(&names, argc - optind == 2 ? argv[optind + 1] : names.name);
}
