/* SPDX-License-Identifier: Apache-2.0 */
/* The client's end of the guard's announcement; guard_link.h and announce.h say what travels. */
#include "guard/guard_link.h"

#include "mib_object.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define GUARD_LINK_WAIT_MS  500
#define GUARD_LINK_PAUSE_MS 10 /* between tries while the guard's queue of connections is full */
#define GUARD_LINK_FDS_MAX  8  /* descriptors in one message that are received so as to be closed */

struct guard_link {
    int fd;
    const struct announce_page *page;
    uint8_t engine_id[ANNOUNCE_ENGINE_ID_MAX];
    size_t engine_id_len;
};

static int64_t guard_link_now(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum devsec_err guard_peer(int fd, struct ucred *peer, struct devsec_error *error)
{
    socklen_t length = sizeof(*peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length) != 0)
        return devsec_fail_errno(error, "cannot ask the kernel who is at the other end of a socket");
    return DEVSEC_OK;
}

enum devsec_err guard_peer_pid(int fd, pid_t *pid, struct devsec_error *error)
{
    struct ucred peer = {0};
    enum devsec_err err = guard_peer(fd, &peer, error);

    if (err)
        return err;
    if (peer.pid <= 0)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the kernel does not know which process is at the other end of a socket; expected a unix "
                           "socket whose listener runs in the same or a child pid namespace");
    *pid = peer.pid;
    return DEVSEC_OK;
}

/* The sentence for a connect(2) that failed with errno. */
static enum devsec_err guard_link_refused(const char *path, struct devsec_error *error)
{
    if (errno == ECONNREFUSED)
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND,
                           "no guard at %s: the socket is there, but nobody listens; snmpd ended, or took "
                           "devsec_master.so out when it could not read its configuration on a reload: its log says "
                           "why, and snmpd has to be restarted",
                           path);
    if (errno == ENOENT || errno == ENOTDIR)
        return devsec_fail(error, DEVSEC_ERR_NOT_FOUND,
                           "no guard at %s: is devsec_master.so loaded in snmpd.conf (dlmod devsec_master ..., "
                           "devsecGuardSocket %s), and snmpd running?",
                           path, path);
    if (errno == EAGAIN)
        return devsec_fail(error, DEVSEC_ERR_IO, "the guard at %s took no connection within %d ms: does snmpd hang?",
                           path, GUARD_LINK_WAIT_MS);
    if (errno == EACCES)
        return devsec_fail_errno(error,
                                 "cannot connect to the guard at %s: the socket has the owner and mode of "
                                 "snmpd.conf's agentXPerms, which must let this user in",
                                 path);
    return devsec_fail_errno(error, "cannot connect to the guard at %s", path);
}

/* A connected non-blocking socket in *fd, which the caller closes also on failure if it is not -1. */
static enum devsec_err guard_link_connect(int *fd, const char *path, int64_t deadline, struct devsec_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);

    if (length == 0 || length >= sizeof(address.sun_path))
        return devsec_fail(error, DEVSEC_ERR_IO, "the guard's socket \"%s\": expected a path of 1 to %zu octets", path,
                           sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, length + 1);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return devsec_fail_errno(error, "cannot make a socket to reach the guard at %s", path);
    while (connect(*fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        /* unix(7): a full queue of connections is EAGAIN, and nothing tells when it has room. */
        if ((errno != EAGAIN && errno != EINTR) || guard_link_now() >= deadline)
            return guard_link_refused(path, error);
        (void)poll(NULL, 0, GUARD_LINK_PAUSE_MS);
    }
    return DEVSEC_OK;
}

/* For those who cannot tell which process is snmpd: at least no other user's may be the guard. */
static enum devsec_err guard_link_check_user(int fd, const char *path, struct devsec_error *error)
{
    struct ucred peer = {0};

    if (guard_peer(fd, &peer, error) != DEVSEC_OK)
        return devsec_error_prefix(error, "the guard at %s", path);
    if (peer.uid != 0 && peer.uid != geteuid())
        return devsec_fail(
            error, DEVSEC_ERR_UNSAFE,
            "the guard at %s: a process of user %lu announces the guard there; expected one of root's or "
            "of user %lu, who asks",
            path, (unsigned long)peer.uid, (unsigned long)geteuid());
    return DEVSEC_OK;
}

/* Before a word is read: only the process that is the AgentX master may be the guard. */
static enum devsec_err guard_link_check_peer(int fd, const char *path, pid_t master_pid, struct devsec_error *error)
{
    pid_t peer = 0;

    if (master_pid == 0)
        return guard_link_check_user(fd, path, error);
    if (guard_peer_pid(fd, &peer, error) != DEVSEC_OK)
        return devsec_error_prefix(error, "the guard at %s", path);
    if (peer != master_pid)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the guard at %s: process %ld announces the guard there, but the AgentX master is process "
                           "%ld; does devsecGuardSocket name the same path in the configuration of that snmpd?",
                           path, (long)peer, (long)master_pid);
    return DEVSEC_OK;
}

/*
 * Takes the descriptors out of a message: the first one into *page_fd, the others are closed. Returns how many there
 * were.
 */
static size_t guard_link_take_fds(struct msghdr *message, int *page_fd)
{
    size_t count = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len; at += sizeof(int), count++) {
            int fd = -1;

            memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
            if (*page_fd < 0)
                *page_fd = fd;
            else
                close(fd);
        }
    }
    return count;
}

/* Waits for the guard's one message. The caller closes *page_fd, also on failure, if it is not -1. */
static enum devsec_err guard_link_receive(int fd, const char *path, int64_t deadline, struct announce_hello *hello,
                                          int *page_fd, struct devsec_error *error)
{
    struct iovec part = {.iov_base = hello, .iov_len = sizeof(*hello)};
    union {
        struct cmsghdr header; /* for its alignment */
        char room[CMSG_SPACE(GUARD_LINK_FDS_MAX * sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room)};
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ssize_t got;
    size_t fds;

    do {
        const int64_t left = deadline - guard_link_now();

        if (left <= 0)
            return devsec_fail(error, DEVSEC_ERR_IO,
                               "the guard at %s said nothing within %d ms: does snmpd hang, or is this another "
                               "program's socket?",
                               path, GUARD_LINK_WAIT_MS);
        (void)poll(&ready, 1, (int)left);
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (got < 0)
        return devsec_fail_errno(error, "cannot read from the guard at %s", path);
    fds = guard_link_take_fds(&message, page_fd);
    if (got == 0)
        return devsec_fail(error, DEVSEC_ERR_IO,
                           "the guard at %s hung up without a word: are too many clients connected to it?", path);
    if (got != (ssize_t)sizeof(*hello))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the guard at %s sent %zd octets, expected %zu: not devsec_master.so", path, got,
                           sizeof(*hello));
    if (fds != 1 || (message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the guard at %s sent %s descriptors, expected 1: not devsec_master.so", path,
                           fds == 0 ? "no" : "too many");
    return DEVSEC_OK;
}

static enum devsec_err guard_link_check_hello(const struct announce_hello *hello, const char *path,
                                              struct devsec_error *error)
{
    if (hello->magic != ANNOUNCE_MAGIC)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "the guard at %s does not speak as devsec_master.so does", path);
    if (hello->version != ANNOUNCE_VERSION)
        return devsec_fail(
            error, DEVSEC_ERR_UNSAFE,
            "the guard at %s speaks version %u, expected %u: install devsecd and devsec_master.so of the "
            "same release, and restart snmpd",
            path, (unsigned)hello->version, (unsigned)ANNOUNCE_VERSION);
    if (hello->root_len != mib_root_len || mib_root_len > ANNOUNCE_ROOT_MAX ||
        memcmp(hello->root, mib_root, mib_root_len * sizeof(mib_root[0])) != 0)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the guard at %s guards another subtree: devsec_master.so and devsecd were built for "
                           "different enterprise numbers",
                           path);
    if (hello->engine_id_len > ANNOUNCE_ENGINE_ID_MAX)
        return devsec_fail(
            error, DEVSEC_ERR_UNSAFE,
            "the guard at %s names an snmpEngineID of %u octets, expected %d at most: not devsec_master.so", path,
            (unsigned)hello->engine_id_len, ANNOUNCE_ENGINE_ID_MAX);
    return DEVSEC_OK;
}

/* A file that its maker can still cut would end this process by SIGBUS: only a sealed one is mapped. */
static enum devsec_err guard_link_map(int page_fd, const char *path, const struct announce_page **out,
                                      struct devsec_error *error)
{
    const struct announce_page *page;
    struct stat status = {0};
    const int seals = fcntl(page_fd, F_GET_SEALS);

    if (seals < 0 || !(seals & F_SEAL_SHRINK))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE,
                           "the guard at %s sent a descriptor that is not a memory file sealed against shrinking",
                           path);
    if (fstat(page_fd, &status) != 0)
        return devsec_fail_errno(error, "the guard at %s: cannot examine its counters", path);
    if (status.st_size != (off_t)sizeof(*page))
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "the guard at %s: its counters have %lld octets, expected %zu",
                           path, (long long)status.st_size, sizeof(*page));
    page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, page_fd, 0);
    if (page == MAP_FAILED)
        return devsec_fail_errno(error, "the guard at %s: cannot map its counters", path);
    *out = page;
    if (page->magic != ANNOUNCE_MAGIC || page->version != ANNOUNCE_VERSION)
        return devsec_fail(error, DEVSEC_ERR_UNSAFE, "the guard at %s: its counters are not those of devsec_master.so",
                           path);
    return DEVSEC_OK;
}

enum devsec_err guard_link_open(struct guard_link **out, const char *path, pid_t master_pid, struct devsec_error *error)
{
    const int64_t deadline = guard_link_now() + GUARD_LINK_WAIT_MS;
    struct announce_hello hello = {0};
    struct guard_link *link = NULL;
    enum devsec_err result;
    int page_fd = -1;

    link = calloc(1, sizeof(*link));
    if (!link)
        return devsec_fail(error, DEVSEC_ERR_MEMORY, "out of memory while connecting to the guard at %s", path);
    link->fd = -1;
    result = guard_link_connect(&link->fd, path, deadline, error);
    if (result == DEVSEC_OK)
        result = guard_link_check_peer(link->fd, path, master_pid, error);
    if (result == DEVSEC_OK)
        result = guard_link_receive(link->fd, path, deadline, &hello, &page_fd, error);
    if (result == DEVSEC_OK)
        result = guard_link_check_hello(&hello, path, error);
    if (result == DEVSEC_OK)
        result = guard_link_map(page_fd, path, &link->page, error);
    if (page_fd >= 0)
        close(page_fd);
    if (result == DEVSEC_OK) {
        memcpy(link->engine_id, hello.engine_id, hello.engine_id_len);
        link->engine_id_len = hello.engine_id_len;
        *out = link;
    } else {
        guard_link_close(link);
    }
    return result;
}

void guard_link_close(struct guard_link *link)
{
    union {
        const struct announce_page *page;
        void *address; /* munmap(2) takes no const */
    } mapped = {0};

    if (!link)
        return;
    mapped.page = link->page;
    if (mapped.address)
        munmap(mapped.address, sizeof(*link->page));
    if (link->fd >= 0)
        close(link->fd);
    free(link);
}

int guard_link_fd(const struct guard_link *link)
{
    return link->fd;
}

bool guard_link_alive(const struct guard_link *link)
{
    char octet;
    const ssize_t got = recv(link->fd, &octet, sizeof(octet), MSG_PEEK | MSG_DONTWAIT);

    /* The guard has said everything: an octet more is as good as its end. */
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

uint32_t guard_link_denied(const struct guard_link *link, enum announce_denied kind)
{
    return link ? atomic_load_explicit(&link->page->denied[kind], memory_order_relaxed) : 0;
}

void guard_link_enforced(const struct guard_link *link, struct guard_enforced *enforced)
{
    *enforced = (struct guard_enforced){0};
    if (!link)
        return;
    enforced->v3 = atomic_load(&link->page->v3);
    enforced->v1v2c = atomic_load(&link->page->v1v2c);
    enforced->generation = atomic_load(&link->page->generation);
    enforced->trusted = atomic_load(&link->page->trusted) != 0;
    enforced->unread = atomic_load(&link->page->unread);
}

const uint8_t *guard_link_engine_id(const struct guard_link *link, size_t *length)
{
    *length = link->engine_id_len;
    return link->engine_id;
}
