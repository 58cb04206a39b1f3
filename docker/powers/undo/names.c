/* The calls that give, change and take names. A file that loses its last name is kept beside the log. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"
#include "ledger.h"
#include "tracked.h"

static int rename_tracked(int from_folder, const char *from, int to_folder, const char *to,
                          unsigned flags) {
  char old_path[PATH_MAX], new_path[PATH_MAX];
  int inside = path_inside(from_folder, from, old_path) && path_inside(to_folder, to, new_path);
  if (!inside) return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
  if (disk_fails_names()) return -1;
  ledger_lock();
  if (flags & RENAME_EXCHANGE) record_path(record_warning, old_path, 0, warning_exchange);
  else if (!(flags & RENAME_NOREPLACE)) record_unlinked(new_path);
  int result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
  int before = errno;
  if (result == 0) record_of_file(record_rename, new_path, old_path, new_path);
  errno = before;
  ledger_unlock();
  return result;
}

int rename(const char *from, const char *to) {
  return rename_tracked(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  return rename_tracked(from_folder, from, to_folder, to, 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  return rename_tracked(from_folder, from, to_folder, to, flags);
}

static int remove_folder(int folder, const char *path) {
  char absolute[PATH_MAX];
  struct stat status;
  if (!path_inside(folder, path, absolute) || lstat(absolute, &status) != 0) {
    return (int)syscall(SYS_unlinkat, folder, path, AT_REMOVEDIR);
  }
  if (disk_fails_names()) return -1;
  ledger_lock();
  int result = (int)syscall(SYS_unlinkat, folder, path, AT_REMOVEDIR);
  int before = errno;
  if (result == 0) record_path(record_remove_folder, absolute, 0, status.st_mode & 07777);
  errno = before;
  ledger_unlock();
  return result;
}

int unlinkat(int folder, const char *path, int flags) {
  char absolute[PATH_MAX];
  if (flags & AT_REMOVEDIR) return remove_folder(folder, path);
  if (!path_inside(folder, path, absolute)) {
    return (int)syscall(SYS_unlinkat, folder, path, flags);
  }
  if (disk_fails_names()) return -1;
  ledger_lock();
  record_unlinked(absolute);
  int result = (int)syscall(SYS_unlinkat, folder, path, flags);
  ledger_unlock();
  return result;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return remove_folder(AT_FDCWD, path); }

int remove(const char *path) {
  struct stat status;
  int is_folder = lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
  return is_folder ? rmdir(path) : unlink(path);
}

int mkdirat(int folder, const char *path, mode_t mode) {
  char absolute[PATH_MAX];
  if (!path_inside(folder, path, absolute)) return (int)syscall(SYS_mkdirat, folder, path, mode);
  if (disk_fails_names()) return -1;
  ledger_lock();
  int result = (int)syscall(SYS_mkdirat, folder, path, mode);
  int before = errno;
  if (result == 0) record_path(record_create, absolute, 0, 1);
  errno = before;
  ledger_unlock();
  return result;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  char absolute[PATH_MAX];
  if (!path_inside(to_folder, to, absolute)) {
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
  }
  if (disk_fails_names()) return -1;
  ledger_lock();
  int result = (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
  int before = errno;
  if (result == 0) record_of_file(record_create, absolute, absolute, 0);
  errno = before;
  ledger_unlock();
  return result;
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlinkat(const char *target, int folder, const char *path) {
  char absolute[PATH_MAX];
  if (!path_inside(folder, path, absolute)) {
    return (int)syscall(SYS_symlinkat, target, folder, path);
  }
  if (disk_fails_names()) return -1;
  ledger_lock();
  int result = (int)syscall(SYS_symlinkat, target, folder, path);
  int before = errno;
  if (result == 0) record_of_file(record_create, absolute, absolute, 0);
  errno = before;
  ledger_unlock();
  return result;
}

int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }
