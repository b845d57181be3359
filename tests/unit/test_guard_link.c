/* SPDX-License-Identifier: Apache-2.0 */
/* guard_link against a real listener in a child process that behaves in every way a guard should not. */
#include "guard/guard_link.h"

#include "mib_object.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

/* One thing that the listener does; everything not named is as devsec_master.so has it. */
struct guard_case {
    const char *name;
    bool silent;       /* accepts and says nothing */
    bool hangs_up;     /* accepts and closes */
    bool garbage;      /* octets that mean nothing */
    size_t cut;        /* octets of the hello that are missing */
    int descriptors;   /* how many go along, less one */
    bool plain_file;   /* the descriptor is a file on disk */
    bool unsealed;     /* the memory file may shrink */
    int page_growth;   /* octets that the page is longer */
    bool empty_page;   /* zeros instead of magic and version */
    uint32_t version;  /* added to the version */
    uint32_t last_arc; /* added to the root's last arc */
    uint32_t root_len; /* added to its length */
    uint32_t engine;   /* added to the length of the engine ID, which is 11 */
    enum devsec_err expected;
    const char *text;
};

static const struct guard_case guard_cases[] = {
    {.name = "as it should be", .expected = DEVSEC_OK},
    {.name = "silent", .silent = true, .expected = DEVSEC_ERR_IO, .text = "said nothing within 500 ms"},
    {.name = "hangs up", .hangs_up = true, .expected = DEVSEC_ERR_IO, .text = "hung up without a word"},
    {.name = "garbage", .garbage = true, .expected = DEVSEC_ERR_UNSAFE, .text = "does not speak as devsec_master.so"},
    {.name = "one octet short", .cut = 1, .expected = DEVSEC_ERR_UNSAFE, .text = "octets, expected"},
    {.name = "one octet",
     .cut = sizeof(struct announce_hello) - 1,
     .expected = DEVSEC_ERR_UNSAFE,
     .text = "sent 1 oct"},
    {.name = "no descriptor", .descriptors = -1, .expected = DEVSEC_ERR_UNSAFE, .text = "sent no descriptors"},
    {.name = "two descriptors", .descriptors = 1, .expected = DEVSEC_ERR_UNSAFE, .text = "sent too many descriptors"},
    {.name = "twenty", .descriptors = 19, .expected = DEVSEC_ERR_UNSAFE, .text = "sent too many descriptors"},
    {.name = "a file", .plain_file = true, .expected = DEVSEC_ERR_UNSAFE, .text = "not a memory file sealed"},
    {.name = "unsealed", .unsealed = true, .expected = DEVSEC_ERR_UNSAFE, .text = "not a memory file sealed"},
    {.name = "long page", .page_growth = 4096, .expected = DEVSEC_ERR_UNSAFE, .text = "its counters have"},
    {.name = "short page", .page_growth = -1, .expected = DEVSEC_ERR_UNSAFE, .text = "its counters have"},
    {.name = "empty page", .empty_page = true, .expected = DEVSEC_ERR_UNSAFE, .text = "its counters are not those"},
    {.name = "newer", .version = 1, .expected = DEVSEC_ERR_UNSAFE, .text = "speaks version 4, expected 3"},
    {.name = "other root", .last_arc = 1, .expected = DEVSEC_ERR_UNSAFE, .text = "guards another subtree"},
    {.name = "longer root", .root_len = 1, .expected = DEVSEC_ERR_UNSAFE, .text = "guards another subtree"},
    {.name = "long engine ID",
     .engine = 22,
     .expected = DEVSEC_ERR_UNSAFE,
     .text = "of 33 octets, expected 32 at most"},
    {.name = "endless engine ID", .engine = 4000000000u, .expected = DEVSEC_ERR_UNSAFE, .text = "expected 32 at most"},
    {.name = "endless root", .root_len = 4000000, .expected = DEVSEC_ERR_UNSAFE, .text = "guards another subtree"},
};

static const char engine_id[] = "an engineID";

struct fixture {
    char folder[64];
    char path[96];
    int listener;
    pid_t child;
};

static int guard_listen(const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    strcpy(fixture->folder, "/tmp/test_guard_link.XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/guard", fixture->folder);
    fixture->listener = -1;
    *state = fixture;
    return 0;
}

static int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->child > 0) {
        kill(fixture->child, SIGKILL);
        waitpid(fixture->child, NULL, 0);
    }
    if (fixture->listener >= 0)
        close(fixture->listener);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static int case_page(const struct guard_case *test, const char *folder)
{
    const struct announce_page page = {.magic = ANNOUNCE_MAGIC,
                                       .version = ANNOUNCE_VERSION,
                                       .denied = {7, 8, 4294967295u},
                                       .v3 = 2,
                                       .v1v2c = 3,
                                       .generation = 17,
                                       .trusted = 1,
                                       .unread = 2};
    const struct announce_page empty = {0};
    char path[96];
    int fd;

    snprintf(path, sizeof(path), "%s/file", folder);
    fd = test->plain_file ? open(path, O_RDWR | O_CREAT, 0600) : memfd_create("page", MFD_ALLOW_SEALING);
    if (fd < 0 || write(fd, test->empty_page ? &empty : &page, sizeof(page)) != (ssize_t)sizeof(page) ||
        ftruncate(fd, (off_t)sizeof(page) + test->page_growth) != 0)
        _exit(1);
    unlink(path);
    if (!test->plain_file && !test->unsealed)
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return fd;
}

/* The child: one client, then waits for its end. */
static void case_serve(const struct guard_case *test, int listener, const char *folder)
{
    struct announce_hello hello = {.magic = ANNOUNCE_MAGIC, .version = ANNOUNCE_VERSION + test->version};
    struct iovec part = {.iov_base = &hello, .iov_len = sizeof(hello) - test->cut};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(20 * sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    const size_t count = (size_t)(test->descriptors + 1);
    const int client = accept(listener, NULL, NULL);
    const int page = case_page(test, folder);
    char octet;

    hello.root_len = (uint32_t)mib_root_len + test->root_len;
    memcpy(hello.root, mib_root, mib_root_len * sizeof(mib_root[0]));
    hello.root[mib_root_len - 1] += test->last_arc;
    hello.engine_id_len = (uint32_t)strlen(engine_id) + test->engine;
    memcpy(hello.engine_id, engine_id, strlen(engine_id));
    if (test->garbage)
        memset(&hello, 0xa5, sizeof(hello));
    if (count > 0) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        for (size_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &page, sizeof(page));
    }
    if (test->hangs_up)
        _exit(0);
    if (!test->silent && sendmsg(client, &message, 0) < 0)
        _exit(1);
    _exit(read(client, &octet, 1) == 0 ? 0 : 1);
}

static size_t open_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* A link says what the guard sent and what is in its page. */
static void assert_opened(const struct guard_link *link)
{
    struct guard_enforced enforced;
    size_t length = 0;

    assert_int_equal(guard_link_denied(link, ANNOUNCE_DENIED_V1V2C), 7);
    assert_int_equal(guard_link_denied(link, ANNOUNCE_DENIED_NO_AUTH), 8);
    assert_int_equal(guard_link_denied(link, ANNOUNCE_DENIED_AUTH_NO_PRIV), 4294967295u);
    guard_link_enforced(link, &enforced);
    assert_int_equal(enforced.v3, 2);
    assert_int_equal(enforced.v1v2c, 3);
    assert_int_equal(enforced.generation, 17);
    assert_true(enforced.trusted);
    assert_int_equal(enforced.unread, 2);
    assert_memory_equal(guard_link_engine_id(link, &length), engine_id, strlen(engine_id));
    assert_int_equal(length, strlen(engine_id));
    assert_true(guard_link_alive(link));
}

static void case_run(struct fixture *fixture, const struct guard_case *test)
{
    struct guard_link *const untouched = (struct guard_link *)(void *)fixture;
    struct guard_link *link = untouched;
    struct devsec_error error = {0};
    enum devsec_err result;
    size_t before;

    fixture->listener = guard_listen(fixture->path, 4);
    before = open_descriptors();
    fixture->child = fork();
    assert_true(fixture->child >= 0);
    if (fixture->child == 0)
        case_serve(test, fixture->listener, fixture->folder);
    result = guard_link_open(&link, fixture->path, getpid(), &error);
    if (result != test->expected)
        fail_msg("%s: %d, expected %d: %s", test->name, (int)result, (int)test->expected, error.text);
    if (test->expected != DEVSEC_OK) {
        if (!strstr(error.text, test->text) || !strstr(error.text, fixture->path) || error.code != result)
            fail_msg("%s: \"%s\" without \"%s\" or the path", test->name, error.text, test->text);
        assert_ptr_equal(link, untouched);
        assert_int_equal(open_descriptors(), before);
    } else {
        assert_opened(link);
        assert_int_equal(open_descriptors(), before + 1);
        kill(fixture->child, SIGKILL);
        waitpid(fixture->child, NULL, 0);
        fixture->child = 0;
        assert_false(guard_link_alive(link));
        guard_link_close(link);
        assert_int_equal(open_descriptors(), before);
    }
}

static void test_what_the_listener_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(guard_cases) / sizeof(guard_cases[0]); i++) {
        void *fixture = NULL;

        fixture_setup(&fixture);
        case_run(fixture, &guard_cases[i]);
        fixture_teardown(&fixture);
    }
}

static void test_nobody_there(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {0};
    struct guard_link *link = NULL;

    assert_int_equal(guard_link_open(&link, fixture->path, getpid(), &error), DEVSEC_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "no guard at /tmp/test_guard_link."));
    assert_non_null(strstr(error.text, "is devsec_master.so loaded in snmpd.conf (dlmod devsec_master"));

    /* The file of a guard that has gone. */
    close(guard_listen(fixture->path, 1));
    assert_int_equal(guard_link_open(&link, fixture->path, getpid(), &error), DEVSEC_ERR_NOT_FOUND);
    assert_null(link);
}

static void test_path_that_cannot_be(void **state)
{
    struct devsec_error error = {0};
    struct guard_link *link = NULL;
    char path[200];

    (void)state;
    memset(path, 'x', sizeof(path));
    path[108] = '\0';
    assert_int_equal(guard_link_open(&link, path, getpid(), &error), DEVSEC_ERR_IO);
    assert_non_null(strstr(error.text, "expected a path of 1 to 107 octets"));
    assert_int_equal(guard_link_open(&link, "", getpid(), &error), DEVSEC_ERR_IO);
    assert_null(link);
}

static void test_somebody_else(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {0};
    struct guard_link *link = NULL;
    char expected[96];

    fixture->listener = guard_listen(fixture->path, 1);
    snprintf(expected, sizeof(expected), "process %ld announces the guard there, but the AgentX master is process %ld",
             (long)getpid(), (long)getppid());
    assert_int_equal(guard_link_open(&link, fixture->path, getppid(), &error), DEVSEC_ERR_UNSAFE);
    assert_non_null(strstr(error.text, expected));
    assert_null(link);
}

/* A listener that never accepts, with its queue full: connect(2) gives EAGAIN for ever. */
static void test_full_queue(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct devsec_error error = {0};
    struct guard_link *link = NULL;
    int clients[8];
    size_t count = 0;

    fixture->listener = guard_listen(fixture->path, 0);
    strcpy(address.sun_path, fixture->path);
    do {
        clients[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    } while (connect(clients[count++], (struct sockaddr *)&address, sizeof(address)) == 0 && count < 8);
    assert_int_equal(guard_link_open(&link, fixture->path, getpid(), &error), DEVSEC_ERR_IO);
    assert_non_null(strstr(error.text, "took no connection within 500 ms"));
    assert_null(link);
    while (count > 0)
        close(clients[--count]);
}

static void test_peer_pid(void **state)
{
    struct devsec_error error = {0};
    pid_t pid = -5;
    int pair[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(guard_peer_pid(pair[0], &pid, &error), DEVSEC_OK);
    assert_int_equal(pid, getpid());
    close(pair[0]);
    close(pair[1]);
    pid = -5;
    assert_int_equal(guard_peer_pid(pair[0], &pid, &error), DEVSEC_ERR_IO);
    assert_non_null(strstr(error.text, "who is at the other end of a socket"));
    assert_int_equal(pid, -5);
}

/* The kernel records who listens when listen(2) is called: here by somebody who then would be snmpd. */
static void listen_as(struct fixture *fixture, uid_t user)
{
    static const struct guard_case good = {.name = "as it should be"};

    int ready[2];
    char octet;
    int fd;

    assert_int_equal(pipe(ready), 0);
    fixture->child = fork();
    assert_true(fixture->child >= 0);
    if (fixture->child == 0) {
        if (user != 0 && setuid(user) != 0)
            _exit(1);
        fd = guard_listen(fixture->path, 1);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        case_serve(&good, fd, fixture->folder);
    }
    assert_int_equal(read(ready[0], &octet, 1), 1);
    close(ready[0]);
    close(ready[1]);
}

static void test_without_a_process_to_compare_with(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {0};
    struct guard_link *link = NULL;

    listen_as(fixture, 0);
    if (guard_link_open(&link, fixture->path, 0, &error) != DEVSEC_OK)
        fail_msg("%s", error.text);
    assert_opened(link);
    guard_link_close(link);
}

static void test_another_users_process(void **state)
{
    struct fixture *fixture = *state;
    struct devsec_error error = {0};
    struct guard_link *link = NULL;

    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(fixture->folder, 0777), 0);
    listen_as(fixture, 65534);
    assert_int_equal(guard_link_open(&link, fixture->path, 0, &error), DEVSEC_ERR_UNSAFE);
    assert_non_null(strstr(error.text, "a process of user 65534 announces the guard there; expected one of root's"));
    assert_null(link);
}

static void test_no_link(void **state)
{
    struct guard_enforced enforced = {.v3 = 5, .trusted = true};

    (void)state;
    guard_link_close(NULL);
    guard_link_enforced(NULL, &enforced);
    assert_int_equal(enforced.v3, 0);
    assert_false(enforced.trusted);
    assert_int_equal(guard_link_denied(NULL, ANNOUNCE_DENIED_NO_AUTH), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_listener_says),
        cmocka_unit_test_setup_teardown(test_nobody_there, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_path_that_cannot_be),
        cmocka_unit_test_setup_teardown(test_somebody_else, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_full_queue, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_peer_pid),
        cmocka_unit_test_setup_teardown(test_without_a_process_to_compare_with, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_another_users_process, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_no_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
