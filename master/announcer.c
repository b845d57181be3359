/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The announcement: the unix socket where devsecd learns that the guard is here, and the memory it counts in.
 *
 * snmpd is never kept waiting: every descriptor is non-blocking, and a client that does not take what it is sent, or
 * says anything itself, is hung up on.
 */
#include "master.h"

#include "devsec_mib.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANNOUNCER_BACKLOG 8

/* linux/fcntl.h has it since 5.1, glibc's fcntl.h later. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* After snmpd has given up root's rights, only a new start gets at what root made. */
static const char *announcer_advice(int error)
{
    return (error == EACCES || error == EPERM) && geteuid() != 0
               ? "; snmpd has given up root's rights: restart it, and the guard is announced again"
               : "";
}

static void announcer_log_errno(const char *what, const char *path)
{
    const int error = errno;

    snmp_log(LOG_ERR, MASTER_LOG_PREFIX "%s %s: %s; devsecd will not register without the announcement%s\n", what, path,
             strerror(error), announcer_advice(error));
}

void announcer_init(struct announcer *announcer, struct announce_page *page)
{
    announcer->page = page;
    announcer->listener = -1;
    announcer->page_fd = -1;
    for (size_t i = 0; i < ANNOUNCER_CLIENTS_MAX; i++)
        announcer->clients[i] = -1;
}

/*
 * A memory file of one page structure, mapped here to write and sealed against every other writer and against being
 * cut, so that a reader's mapping never faults. What was counted before goes along.
 */
static bool announcer_share_page(struct announcer *announcer)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    struct announce_page *page = MAP_FAILED;
    const char *what = "memfd_create";
    int fd;

    if (announcer->page_fd >= 0)
        return true;
    fd = memfd_create("devsec_guard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        goto out;
    what = "ftruncate";
    if (ftruncate(fd, sizeof(*page)) != 0)
        goto out;
    what = "mmap";
    page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        goto out;
    what = "F_ADD_SEALS";
    /* A kernel before 5.1 does not know the seal on writing: then a reader could falsify the counters, nothing else. */
    if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_FUTURE_WRITE) != 0 && fcntl(fd, F_ADD_SEALS, seals) != 0)
        goto out;
    page->magic = ANNOUNCE_MAGIC;
    page->version = ANNOUNCE_VERSION;
    for (size_t i = 0; i < ANNOUNCE_DENIED_KINDS; i++)
        atomic_store(&page->denied[i], atomic_load(&announcer->page->denied[i]));
    atomic_store(&page->unread, atomic_load(&announcer->page->unread));
    policy_look(&master_state()->policy, page);
    announcer->page = page;
    announcer->page_fd = fd;
    return true;
out:
    announcer_log_errno("cannot share the counters:", what);
    if (page != MAP_FAILED)
        munmap(page, sizeof(*page));
    if (fd >= 0)
        close(fd);
    return false;
}

static void announcer_hang_up(struct announcer *announcer, int fd)
{
    unregister_readfd(fd);
    close(fd);
    for (size_t i = 0; i < ANNOUNCER_CLIENTS_MAX; i++) {
        if (announcer->clients[i] == fd)
            announcer->clients[i] = -1;
    }
    announcer->told_full = false;
}

/* A client became readable. It has nothing to say, so either it hung up or it is not one of ours. */
static void announcer_on_client(int fd, void *data)
{
    char octet;
    const ssize_t got = recv(fd, &octet, sizeof(octet), MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    announcer_hang_up(data, fd);
}

static bool announcer_send_hello(const struct announcer *announcer, int fd)
{
    static const uint32_t root[] = DEVSEC_MIB_ROOT;
    struct announce_hello hello = {.magic = ANNOUNCE_MAGIC, .version = ANNOUNCE_VERSION};
    const size_t engine_id_len = snmpv3_get_engineID(hello.engine_id, sizeof(hello.engine_id));
    struct iovec part = {.iov_base = &hello, .iov_len = sizeof(hello)};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof(control.room)};

    _Static_assert(sizeof(root) <= sizeof(hello.root), "the root's OID does not fit into struct announce_hello");
    hello.root_len = sizeof(root) / sizeof(root[0]);
    memcpy(hello.root, root, sizeof(root));
    hello.engine_id_len = (uint32_t)engine_id_len;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &announcer->page_fd, sizeof(int));
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(hello);
}

static bool announcer_admit(struct announcer *announcer, int fd)
{
    for (size_t i = 0; i < ANNOUNCER_CLIENTS_MAX; i++) {
        if (announcer->clients[i] >= 0)
            continue;
        policy_look_now(&master_state()->policy, announcer->page);
        if (!announcer_send_hello(announcer, fd) ||
            register_readfd(fd, announcer_on_client, announcer) != FD_REGISTERED_OK)
            return false;
        announcer->clients[i] = fd;
        return true;
    }
    if (!announcer->told_full)
        snmp_log(LOG_WARNING, MASTER_LOG_PREFIX "%s: %d clients are connected already; more are turned away\n",
                 announcer->path, ANNOUNCER_CLIENTS_MAX);
    announcer->told_full = true;
    return false;
}

static void announcer_on_listener(int fd, void *data);

static void announcer_on_retry(unsigned alarm, void *data)
{
    struct announcer *announcer = data;

    (void)alarm;
    announcer->retry_alarm = 0;
    if (register_readfd(announcer->listener, announcer_on_listener, announcer) != FD_REGISTERED_OK)
        announcer->retry_alarm = snmp_alarm_register(1, 0, announcer_on_retry, announcer);
}

/* Somebody connects. */
static void announcer_on_listener(int fd, void *data)
{
    struct announcer *announcer = data;
    const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client >= 0) {
        if (!announcer_admit(announcer, client))
            close(client);
        return;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return;
    /* Out of descriptors or memory: the connection keeps waiting, and snmpd must not spin on it. */
    snmp_log(LOG_ERR, MASTER_LOG_PREFIX "%s: accept: %s; trying again in a second\n", announcer->path, strerror(errno));
    unregister_readfd(fd);
    announcer->retry_alarm = snmp_alarm_register(1, 0, announcer_on_retry, announcer);
}

/* Makes room for the socket: true if nothing lies at `path` afterwards. */
static bool announcer_clear_path(const struct sockaddr_un *address)
{
    struct stat status = {0};
    int error = 0;
    int probe;

    if (lstat(address->sun_path, &status) != 0) {
        if (errno != ENOENT)
            announcer_log_errno("cannot look at", address->sun_path);
        return errno == ENOENT;
    }
    if (!S_ISSOCK(status.st_mode)) {
        snmp_log(LOG_ERR,
                 MASTER_LOG_PREFIX "%s is there and is not a socket: it stays, and the guard is not announced\n",
                 address->sun_path);
        return false;
    }
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0 || connect(probe, (const struct sockaddr *)address, sizeof(*address)) != 0)
        error = errno;
    if (probe >= 0)
        close(probe);
    if (announcer_advice(error)[0]) {
        errno = error;
        announcer_log_errno("cannot tell whether somebody listens at", address->sun_path);
        return false;
    }
    if (error != ECONNREFUSED) {
        snmp_log(LOG_ERR,
                 MASTER_LOG_PREFIX "%s is in use%s%s: it stays, and the guard is not announced; is another snmpd "
                                   "running, or does devsecGuardSocket name somebody else's socket?\n",
                 address->sun_path, error ? ": " : " (somebody answers there)", error ? strerror(error) : "");
        return false;
    }
    if (unlink(address->sun_path) != 0 && errno != ENOENT) {
        announcer_log_errno("cannot remove the stale socket", address->sun_path);
        return false;
    }
    return true;
}

/* The folder of the socket is made as snmpd makes that of the AgentX socket, but so that others may pass through. */
static void announcer_make_folder(const char *path)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    const int mode = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_DIR_PERM);
    const char *last = strrchr(path, '/');

    if (!last || last == path)
        return;
    snprintf(folder, sizeof(folder), "%.*s", (int)(last - path), path);
    /* What is wrong with it, if anything, bind(2) will tell. */
    (void)mkdir(folder, mode ? (mode_t)mode : 0755);
}

/* Owner and mode are those of the AgentX socket (agentXPerms): who may register may also see the guard. */
static bool announcer_set_access(const char *path)
{
    const int mode = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCK_PERM);
    const int user = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCK_USER);
    const int group = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCK_GROUP);

    if ((user || group) && lchown(path, user ? (uid_t)user : (uid_t)-1, group ? (gid_t)group : (gid_t)-1) != 0) {
        announcer_log_errno("cannot give the agentXPerms owner to", path);
        return false;
    }
    if (mode && chmod(path, (mode_t)mode) != 0) {
        announcer_log_errno("cannot give the agentXPerms mode to", path);
        return false;
    }
    return true;
}

/* A listening socket at `address`, or -1 and a log line. */
static int announcer_listen(struct announcer *announcer, const struct sockaddr_un *address)
{
    const char *path = address->sun_path;
    const char *what = "cannot make a socket for";
    struct stat status = {0};
    bool bound = false;
    mode_t mask;
    int result;
    int fd;

    announcer_make_folder(path);
    if (!announcer_clear_path(address))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        goto out;
    what = "cannot bind";
    mask = umask(0177);
    result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    umask(mask);
    bound = result == 0;
    if (!bound || lstat(path, &status) != 0)
        goto out;
    what = NULL;
    if (!announcer_set_access(path))
        goto out;
    what = "cannot listen on";
    if (listen(fd, ANNOUNCER_BACKLOG) != 0)
        goto out;
    announcer->device = status.st_dev;
    announcer->inode = status.st_ino;
    return fd;
out:
    if (what)
        announcer_log_errno(what, path);
    if (bound)
        unlink(path);
    if (fd >= 0)
        close(fd);
    return -1;
}

void announcer_open(struct announcer *announcer, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);

    if (announcer->listener >= 0) {
        if (strcmp(announcer->path, path) != 0)
            snmp_log(LOG_WARNING,
                     MASTER_LOG_PREFIX "devsecGuardSocket %s takes effect when snmpd is restarted; until then the "
                                       "guard is announced at %s\n",
                     path, announcer->path);
        return;
    }
    if (length >= sizeof(address.sun_path)) {
        snmp_log(LOG_ERR, MASTER_LOG_PREFIX "devsecGuardSocket %s: the path is longer than %zu octets\n", path,
                 sizeof(address.sun_path) - 1);
        return;
    }
    memcpy(address.sun_path, path, length + 1);
    if (!announcer_share_page(announcer))
        return;
    announcer->listener = announcer_listen(announcer, &address);
    if (announcer->listener < 0)
        return;
    memcpy(announcer->path, path, length + 1);
    if (register_readfd(announcer->listener, announcer_on_listener, announcer) != FD_REGISTERED_OK) {
        snmp_log(LOG_ERR, MASTER_LOG_PREFIX "snmpd watches too many descriptors: the guard is not announced\n");
        announcer_close(announcer);
        return;
    }
    snmp_log(LOG_INFO, MASTER_LOG_PREFIX "announced at %s\n", path);
}

/* The process that the kernel recorded for the other end of a unix socket; 0 if there is none to tell. */
static pid_t announcer_peer(int fd)
{
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

bool announcer_knows_peer(const struct announcer *announcer, int fd)
{
    const pid_t peer = announcer_peer(fd);

    for (size_t i = 0; i < ANNOUNCER_CLIENTS_MAX && peer > 0; i++) {
        if (announcer->clients[i] >= 0 && announcer_peer(announcer->clients[i]) == peer)
            return true;
    }
    return false;
}

void announcer_close(struct announcer *announcer)
{
    struct stat status = {0};

    for (size_t i = 0; i < ANNOUNCER_CLIENTS_MAX; i++) {
        if (announcer->clients[i] >= 0)
            announcer_hang_up(announcer, announcer->clients[i]);
    }
    if (announcer->retry_alarm != 0)
        snmp_alarm_unregister(announcer->retry_alarm);
    announcer->retry_alarm = 0;
    if (announcer->listener < 0)
        return;
    unregister_readfd(announcer->listener);
    close(announcer->listener);
    announcer->listener = -1;
    /* By now snmpd may have given up the right to remove it; the next one takes it for stale. */
    if (lstat(announcer->path, &status) == 0 && status.st_dev == announcer->device && status.st_ino == announcer->inode)
        (void)unlink(announcer->path);
}
