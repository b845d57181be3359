/* SPDX-License-Identifier: Apache-2.0 */
/* Key and certificate files: putting and getting them, and what is refused in their folder. */
#include "material_fixture.h"

#include <pthread.h>
#include <sys/resource.h>

/* ---- Putting and getting ---- */

static void what_was_put_is_got(void **state)
{
    struct fixture *f = *state;
    struct material *material = NULL;
    const mode_t before = umask(0); /* must not have a say */
    char name[MATERIAL_NAME_SIZE] = "";
    bool has = true;

    material = open_material(f, false);
    assert_mode(f, "material", 0700);
    assert_int_equal(material_has(material, MATERIAL_KEY, &has, &f->error), DEVSEC_OK);
    assert_false(has);
    put_text(f, material, MATERIAL_KEY, "abc", name);
    umask(before);
    assert_string_equal(name, ABC);
    assert_mode(f, "material/" ABC ".key", 0600);
    assert_got(f, material, MATERIAL_KEY, ABC, "abc");
    assert_not_got(f, material, EMPTY, DEVSEC_ERR_NOT_FOUND, "there is no file " EMPTY ".key");
    assert_int_equal(material_has(material, MATERIAL_KEY, &has, &f->error), DEVSEC_OK);
    assert_true(has);
    assert_int_equal(material_has(material, MATERIAL_REQUEST, &has, &f->error), DEVSEC_OK);
    assert_false(has);

    /* The kinds are told apart by their names alone. */
    put_text(f, material, MATERIAL_REQUEST, "abc", name);
    put_text(f, material, MATERIAL_CERTIFICATES, "", name);
    assert_string_equal(name, EMPTY);
    assert_got(f, material, MATERIAL_REQUEST, ABC, "abc");
    assert_got(f, material, MATERIAL_CERTIFICATES, EMPTY, "");
    names_assert(f, "material", ABC ".csr " ABC ".key " EMPTY ".pem lock ");
    assert_mode(f, "material/lock", 0600);
    material_close(material);
    material_close(NULL);
    material_end(NULL);
}

static void the_longest_file_and_a_longer_one(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    struct material_session *session = begin_session(f, material);
    char *octets = calloc(1, MATERIAL_OCTETS_MAX + 1);
    char name[MATERIAL_NAME_SIZE] = "untouched";
    char *got = NULL;
    size_t length = 0;

    assert_non_null(octets);
    assert_int_equal(material_put(session, MATERIAL_KEY, octets, MATERIAL_OCTETS_MAX + 1, name, &f->error),
                     DEVSEC_ERR_WRONG_LENGTH);
    text_assert(&f->error, DEVSEC_ERR_WRONG_LENGTH, "262145 octets do not go into a file of ");
    assert_string_equal(name, "untouched");
    names_assert(f, "material", "lock ");
    assert_int_equal(material_put(session, MATERIAL_KEY, octets, MATERIAL_OCTETS_MAX, name, &f->error), DEVSEC_OK);
    assert_int_equal(material_get(material, MATERIAL_KEY, name, &got, &length, &f->error), DEVSEC_OK);
    assert_int_equal(length, MATERIAL_OCTETS_MAX);
    assert_memory_equal(got, octets, length);
    free(got);
    free(octets);
    material_end(session);
    material_close(material);
}

/* Nothing is written twice; what lies under the right name with another content, or where others could have written it,
 * is. */
static void what_is_there_already_is_looked_at(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    char name[MATERIAL_NAME_SIZE];
    ino_t first;

    put_text(f, material, MATERIAL_KEY, "abc", name);
    first = inode_of(f, "material/" ABC ".key");
    put_text(f, material, MATERIAL_KEY, "abc", name);
    assert_int_equal(inode_of(f, "material/" ABC ".key"), first);
    assert_string_equal(name, ABC);

    file_put(f, "material/" ABC ".key", "abd");
    put_text(f, material, MATERIAL_KEY, "abc", name);
    assert_got(f, material, MATERIAL_KEY, ABC, "abc");
    file_put(f, "material/" ABC ".key", "ab");
    put_text(f, material, MATERIAL_KEY, "abc", name);
    assert_got(f, material, MATERIAL_KEY, ABC, "abc");

    change_mode(f, "material/" ABC ".key", 0666);
    put_text(f, material, MATERIAL_KEY, "abc", name);
    assert_mode(f, "material/" ABC ".key", 0600);

    remove_file(f, "material/" ABC ".key");
    file_put(f, "elsewhere", "abc");
    make_link(f, "material/" ABC ".key", "../elsewhere");
    put_text(f, material, MATERIAL_KEY, "abc", name);
    assert_got(f, material, MATERIAL_KEY, ABC, "abc");
    file_assert(f, "elsewhere", "abc");
    names_assert(f, "material", ABC ".key lock ");
    material_close(material);
}

/* What others did to a file, and what is said about it. */
static const struct {
    const char *content; /* NULL: as it was */
    mode_t mode;
    enum devsec_err code;
    const char *says;
} damages[] = {
    {"abd", 0600, DEVSEC_ERR_SYNTAX, ABC ".key is damaged: its content has the SHA-256 a52d159f262b..."},
    {"ab", 0600, DEVSEC_ERR_SYNTAX, "is damaged"},
    {"", 0600, DEVSEC_ERR_SYNTAX, "is damaged"},
    {"abc\n", 0600, DEVSEC_ERR_SYNTAX, "is damaged"},
    {NULL, 0620, DEVSEC_ERR_UNSAFE, "with mode 0620; expected root or user"},
    {NULL, 0602, DEVSEC_ERR_UNSAFE, "with mode 0602; expected root or user"},
};

static void a_damaged_file_is_not_got(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    char name[MATERIAL_NAME_SIZE];
    char *path = path_of(f, "material/" ABC ".key");

    for (size_t i = 0; i < COUNT(damages); i++) {
        put_text(f, material, MATERIAL_KEY, "abc", name);
        if (damages[i].content)
            file_put(f, "material/" ABC ".key", damages[i].content);
        change_mode(f, "material/" ABC ".key", damages[i].mode);
        assert_not_got(f, material, ABC, damages[i].code, damages[i].says);
        text_assert(&f->error, damages[i].code, f->directory);
    }
    remove_file(f, "material/" ABC ".key");
    make_link(f, "material/" ABC ".key", "../lock");
    assert_not_got(f, material, ABC, DEVSEC_ERR_UNSAFE, ABC ".key is a symbolic link; expected a regular file");
    remove_file(f, "material/" ABC ".key");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_not_got(f, material, ABC, DEVSEC_ERR_UNSAFE, ABC ".key is not a regular file");
    remove_file(f, "material/" ABC ".key");
    file_put(f, "material/" ABC ".key", "");
    assert_int_equal(truncate(path, (off_t)MATERIAL_OCTETS_MAX + 1), 0);
    assert_not_got(f, material, ABC, DEVSEC_ERR_SYNTAX, ABC ".key is longer than 262144 octets");
    free(path);
    material_close(material);
}

static void what_is_no_digest_names_no_file(void **state)
{
    static const char *const names[] = {
        "",
        "lock",
        "../settings.yaml",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        ABC "0",
        ABC "/../" ABC,
        "../a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015",
    };
    struct fixture *f = *state;
    struct material *material = open_material(f, false);

    for (size_t i = 0; i < COUNT(names); i++)
        assert_not_got(f, material, names[i], DEVSEC_ERR_NOT_FOUND, "expected 64 hexadecimal digits");
    material_close(material);
}

static void a_full_disk_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    struct material_session *session = begin_session(f, material);
    char octets[4096] = "";
    char name[MATERIAL_NAME_SIZE] = "untouched";
    struct rlimit before;
    struct rlimit small;
    enum devsec_err err;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    err = material_put(session, MATERIAL_KEY, octets, sizeof(octets), name, &f->error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, DEVSEC_ERR_IO);
    text_assert(&f->error, DEVSEC_ERR_IO,
                ": cannot write ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7.key.new-");
    text_assert(&f->error, DEVSEC_ERR_IO, ": File too large");
    text_assert(&f->error, DEVSEC_ERR_IO, "/material: ");
    assert_string_equal(name, "untouched");
    names_assert(f, "material", "lock ");
    assert_int_equal(material_put(session, MATERIAL_KEY, octets, sizeof(octets), name, &f->error), DEVSEC_OK);
    material_end(session);
    material_close(material);
}

#define THREADS 4
#define ROUNDS  50

struct putter {
    struct material *material;
    unsigned own;
    bool good;
};

/* The same file as everybody, then one of its own. */
static void *put_many(void *context)
{
    struct putter *putter = context;
    struct material_session *session = NULL;
    char name[MATERIAL_NAME_SIZE];
    char *octets = NULL;
    size_t length = 0;

    putter->good = material_begin(&session, putter->material, NULL) == DEVSEC_OK;
    for (unsigned round = 0; putter->good && round < ROUNDS; round++) {
        char text[2][32];

        snprintf(text[0], sizeof(text[0]), "shared %u", round);
        snprintf(text[1], sizeof(text[1]), "own %u of %u", round, putter->own);
        for (size_t i = 0; putter->good && i < 2; i++) {
            putter->good = material_put(session, MATERIAL_REQUEST, text[i], strlen(text[i]), name, NULL) == DEVSEC_OK &&
                           material_get(putter->material, MATERIAL_REQUEST, name, &octets, &length, NULL) == DEVSEC_OK;
            free(octets);
            octets = NULL;
        }
    }
    material_end(session);
    return NULL;
}

static void threads_do_not_get_in_each_others_way(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    struct putter putters[THREADS];
    pthread_t threads[THREADS];
    struct dirent **entries = NULL;
    char *path = path_of(f, "material");
    int count;

    for (unsigned i = 0; i < THREADS; i++) {
        putters[i] = (struct putter){.material = material, .own = i};
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, &putters[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(putters[i].good);
    }
    count = scandir(path, &entries, NULL, NULL);
    assert_int_equal(count, 3 + ROUNDS * (THREADS + 1)); /* ".", "..", the lock; nothing half-written */
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    free(path);
    material_close(material);
}

/* ---- The folder ---- */

static void assert_folder_refused(struct fixture *f, struct material *open, const char *says)
{
    struct material *material = NULL;
    struct material_session *session = NULL;
    bool answer = false;
    size_t removed = 0;

    for (int read_only = 0; read_only < 2; read_only++) {
        assert_int_equal(material_open(&material, f->directory, read_only != 0, &f->error), DEVSEC_ERR_UNSAFE);
        assert_null(material);
        text_assert(&f->error, DEVSEC_ERR_UNSAFE, says);
    }
    assert_int_equal(material_begin(&session, open, &f->error), DEVSEC_ERR_UNSAFE);
    text_assert(&f->error, DEVSEC_ERR_UNSAFE, says);
    assert_null(session);
    assert_int_equal(material_has(open, MATERIAL_KEY, &answer, &f->error), DEVSEC_ERR_UNSAFE);
    assert_int_equal(material_collect(open, NULL, NULL, &removed, &answer, &f->error), DEVSEC_ERR_UNSAFE);
    assert_not_got(f, open, ABC, DEVSEC_ERR_UNSAFE, says);
}

static void an_unsafe_folder_is_refused(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    struct material *again = NULL;

    change_mode(f, "material", 0770);
    assert_folder_refused(f, material, "with mode 0770; expected root or user");
    change_mode(f, "material", 0702);
    assert_folder_refused(f, material, "with mode 0702; expected root or user");
    remove_file(f, "material");
    make_folder(f, "elsewhere", 0700);
    make_link(f, "material", "elsewhere");
    assert_folder_refused(f, material, "/material is a symbolic link or a file; expected a folder");
    names_assert(f, "elsewhere", "");
    remove_file(f, "material");
    file_put(f, "material", "");
    assert_folder_refused(f, material, "/material is a symbolic link or a file; expected a folder");
    remove_file(f, "material");
    assert_int_equal(material_open(&again, "/nonexistent", false, &f->error), DEVSEC_ERR_IO);
    text_assert(&f->error, DEVSEC_ERR_IO, "cannot open the directory /nonexistent: No such file or directory");
    material_close(material);
}

static void a_folder_of_somebody_else_is_refused(void **state)
{
    struct fixture *f = *state;
    struct material *material = NULL;
    char *path = path_of(f, "material");

    if (geteuid() != 0)
        skip(); /* nobody else could give a folder away */
    material = open_material(f, false);
    assert_int_equal(chown(path, 65534, 65534), 0);
    assert_folder_refused(f, material, "belongs to user 65534 with mode 0700; expected root or user 0");
    free(path);
    material_close(material);
}

static void a_reader_makes_nothing(void **state)
{
    struct fixture *f = *state;
    struct material *reader = open_material(f, true);
    struct material *writer = NULL;
    struct material_session *session = NULL;
    char name[MATERIAL_NAME_SIZE];
    bool answer = true;
    size_t removed = 4711;

    names_assert(f, ".", "");
    assert_not_got(f, reader, ABC, DEVSEC_ERR_NOT_FOUND, "there is no folder ");
    assert_int_equal(material_begin(&session, reader, &f->error), DEVSEC_ERR_IO);
    text_assert(&f->error, DEVSEC_ERR_IO, "/material is open for reading alone");
    assert_null(session);
    assert_int_equal(material_has(reader, MATERIAL_KEY, &answer, &f->error), DEVSEC_OK);
    assert_false(answer);

    /* It sees what others make later, and leaves it. */
    writer = open_material(f, false);
    put_text(f, writer, MATERIAL_KEY, "abc", name);
    assert_got(f, reader, MATERIAL_KEY, ABC, "abc");
    answer = true;
    assert_int_equal(material_collect(reader, NULL, NULL, &removed, &answer, &f->error), DEVSEC_OK);
    assert_false(answer);
    assert_int_equal(removed, 0);
    names_assert(f, "material", ABC ".key lock ");
    material_close(writer);
    material_close(reader);
}

static void a_folder_that_went_is_made_again(void **state)
{
    struct fixture *f = *state;
    struct material *material = open_material(f, false);
    char name[MATERIAL_NAME_SIZE];

    remove_file(f, "material");
    assert_not_got(f, material, ABC, DEVSEC_ERR_NOT_FOUND, "there is no folder ");
    put_text(f, material, MATERIAL_KEY, "abc", name);
    assert_got(f, material, MATERIAL_KEY, ABC, "abc");
    assert_mode(f, "material", 0700);
    material_close(material);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_drop)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_was_put_is_got),
        IN_FOLDER(the_longest_file_and_a_longer_one),
        IN_FOLDER(what_is_there_already_is_looked_at),
        IN_FOLDER(a_damaged_file_is_not_got),
        IN_FOLDER(what_is_no_digest_names_no_file),
        IN_FOLDER(a_full_disk_leaves_nothing),
        IN_FOLDER(threads_do_not_get_in_each_others_way),
        IN_FOLDER(an_unsafe_folder_is_refused),
        IN_FOLDER(a_folder_of_somebody_else_is_refused),
        IN_FOLDER(a_reader_makes_nothing),
        IN_FOLDER(a_folder_that_went_is_made_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
