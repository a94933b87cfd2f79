#include "pipeline/elf_file.h"
#include "plugins.h"
#include "unit.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

static unsigned char *whole; /* a plugin that was built */
static size_t whole_len;
static char text[512];

static int read_plugin(void **state)
{
    char path[PATH_MAX + 16], folder[PATH_MAX];
    struct stat status;
    (void)state;
    test_plugins_folder(folder);
    snprintf(path, sizeof path, "%s/probe.so", folder);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) != 0)
        return -1;
    whole_len = (size_t)status.st_size;
    whole = malloc(whole_len);
    bool is_read = whole != NULL && read(fd, whole, whole_len) == (ssize_t)whole_len;
    close(fd);
    return is_read ? 0 : -1;
}

static int release_plugin(void **state)
{
    (void)state;
    free(whole);
    return 0;
}

/* A copy of `len` bytes and no more, so that a sanitizer sees every byte that is read behind it. */
static int check(size_t len)
{
    unsigned char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, whole, len);
    int error = elf_file_check(copy, len, text, sizeof text);
    free(copy);
    return error;
}

static void assert_says(const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in: %s", part, text);
}

static void takes_a_whole_file(void **state)
{
    (void)state;
    assert_int_equal(check(whole_len), OK);
}

static void refuses_a_file_that_is_cut_off_anywhere(void **state)
{
    size_t step = whole_len / 1500 + 1;
    (void)state;
    for (size_t len = 0; len < whole_len; len += len < 1200 || len > whole_len - 200 ? 1 : step)
        if (check(len) != ERR_PLUGIN)
            fail_msg("%zu of %zu bytes are taken for a whole file", len, whole_len);
    assert_int_equal(check(whole_len - 1), ERR_PLUGIN);
    assert_says("is not whole");
    assert_says("still being copied");
}

/* As it looks when the place was reserved first, or when the file was written over. */
static void refuses_a_file_whose_end_is_not_written(void **state)
{
    unsigned char *copy = malloc(whole_len);
    size_t step = whole_len / 300 + 1;
    (void)state;
    assert_non_null(copy);
    for (size_t len = sizeof(ElfW(Ehdr)); len < whole_len - sizeof(ElfW(Shdr)); len += step) {
        memset(copy, 0, whole_len);
        memcpy(copy, whole, len);
        if (elf_file_check(copy, whole_len, text, sizeof text) != ERR_PLUGIN)
            fail_msg("%zu bytes and zeros are taken for a whole file", len);
    }
    free(copy);
}

/* Changes one field of the header, checks, and changes it back. */
#define CHECK_WITH(field, value)                                                                   \
    do {                                                                                           \
        ElfW(Ehdr) *header = (ElfW(Ehdr) *)(void *)whole;                                          \
        ElfW(Ehdr) before = *header;                                                               \
        header->field = (value);                                                                   \
        int error = check(whole_len);                                                              \
        *header = before;                                                                          \
        assert_int_equal(error, ERR_PLUGIN);                                                       \
    } while (0)

static void refuses_a_file_of_another_machine(void **state)
{
    (void)state;
    CHECK_WITH(e_machine, EM_S390);
    assert_says("is built for another machine");
    assert_says("machine 22;");
    CHECK_WITH(e_ident[EI_CLASS], ELFCLASSNONE);
    assert_says("is built for another machine");
    CHECK_WITH(e_ident[EI_DATA], ELFDATANONE);
    assert_says("is built for another machine");
}

static void refuses_what_is_no_shared_object(void **state)
{
    static const char script[] = "#!/bin/sh\n";
    (void)state;
    assert_int_equal(elf_file_check(script, sizeof script, text, sizeof text), ERR_PLUGIN);
    assert_says("is not a shared object");
    CHECK_WITH(e_type, ET_REL);
    assert_says("is not a shared object");
    CHECK_WITH(e_phnum, 0);
    assert_says("no program headers");
}

static void takes_a_file_without_sections(void **state)
{
    ElfW(Ehdr) *header = (ElfW(Ehdr) *)(void *)whole;
    ElfW(Ehdr) before = *header;
    (void)state;
    header->e_shoff = 0;
    header->e_shnum = header->e_shstrndx = 0;
    int error = check(whole_len);
    int cut_off = check(whole_len / 4);
    *header = before;
    assert_int_equal(error, OK);
    assert_int_equal(cut_off, ERR_PLUGIN);
}

static ElfW(Shdr) section_of_type(ElfW(Word) type)
{
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)(const void *)whole;
    ElfW(Shdr) section = {.sh_type = SHT_NULL};
    for (unsigned i = 0; i < header->e_shnum && section.sh_type != type; i++)
        memcpy(&section, whole + header->e_shoff + i * sizeof section, sizeof section);
    assert_int_equal(section.sh_type, type);
    return section;
}

static enum elf_stay stay(void)
{
    assert_int_equal(elf_file_check(whole, whole_len, text, sizeof text), OK);
    return elf_file_stay(whole, whole_len);
}

static void knows_symbols_that_are_unique_in_a_process(void **state)
{
    ElfW(Shdr) symbols = section_of_type(SHT_DYNSYM);
    (void)state;
    assert_int_equal(stay(), ELF_STAY_NONE);
    for (uint64_t at = 0; at + sizeof(ElfW(Sym)) <= symbols.sh_size; at += sizeof(ElfW(Sym))) {
        ElfW(Sym) before, symbol;
        memcpy(&before, whole + symbols.sh_offset + at, sizeof before);
        symbol = before;
        symbol.st_info = ELF64_ST_INFO(STB_GNU_UNIQUE, STT_OBJECT);
        memcpy(whole + symbols.sh_offset + at, &symbol, sizeof symbol);
        /* What another file defines keeps that one. */
        assert_int_equal(stay(), symbol.st_shndx == SHN_UNDEF ? ELF_STAY_NONE : ELF_STAY_UNIQUE);
        memcpy(whole + symbols.sh_offset + at, &before, sizeof before);
    }
}

static void knows_files_that_are_marked(void **state)
{
    ElfW(Shdr) dynamic = section_of_type(SHT_DYNAMIC);
    ElfW(Dyn) before, entry = {.d_tag = DT_FLAGS_1};
    (void)state;
    memcpy(&before, whole + dynamic.sh_offset, sizeof before);
    for (unsigned i = 0; i < 2; i++) {
        entry.d_un.d_val = i == 0 ? DF_1_NODELETE : DF_1_NOW;
        memcpy(whole + dynamic.sh_offset, &entry, sizeof entry);
        assert_int_equal(stay(), i == 0 ? ELF_STAY_FLAG : ELF_STAY_NONE);
    }
    memcpy(whole + dynamic.sh_offset, &before, sizeof before);
}

/* Bytes of the headers are changed at random: whatever it says, it reads nothing outside, which a
 * sanitizer sees. */
static void reads_nothing_outside_whatever_the_headers_say(void **state)
{
    unsigned char *copy = malloc(whole_len);
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)(const void *)whole;
    unsigned seed = 1;
    (void)state;
    assert_non_null(copy);
    size_t starts[] = {EI_NIDENT, header->e_phoff, header->e_shoff};
    size_t sizes[] = {sizeof *header - EI_NIDENT, header->e_phnum * sizeof(ElfW(Phdr)),
                      header->e_shnum * sizeof(ElfW(Shdr))};
    memcpy(copy, whole, whole_len);
    for (unsigned round = 0; round < 60000; round++) {
        size_t changed[3];
        for (unsigned i = 0; i < 3; i++) {
            unsigned part = (unsigned)rand_r(&seed) % 3;
            changed[i] = starts[part] + (size_t)rand_r(&seed) % sizes[part];
            copy[changed[i]] = (unsigned char)rand_r(&seed);
        }
        int error = elf_file_check(copy, whole_len, text, sizeof text);
        assert_true(error == OK || error == ERR_PLUGIN);
        if (error == OK)
            assert_in_range(elf_file_stay(copy, whole_len), ELF_STAY_NONE, ELF_STAY_UNIQUE);
        for (unsigned i = 0; i < 3; i++)
            copy[changed[i]] = whole[changed[i]];
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_whole_file),
        cmocka_unit_test(refuses_a_file_that_is_cut_off_anywhere),
        cmocka_unit_test(refuses_a_file_whose_end_is_not_written),
        cmocka_unit_test(refuses_a_file_of_another_machine),
        cmocka_unit_test(refuses_what_is_no_shared_object),
        cmocka_unit_test(takes_a_file_without_sections),
        cmocka_unit_test(knows_symbols_that_are_unique_in_a_process),
        cmocka_unit_test(knows_files_that_are_marked),
        cmocka_unit_test(reads_nothing_outside_whatever_the_headers_say),
    };
    return cmocka_run_group_tests(tests, read_plugin, release_plugin);
}
