/* See inspect.h. All of it is read from /proc, inside of the node's process namespace. */
#define _GNU_SOURCE
#include "inspect.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct findings {
  /* The program has no interpreter, so nothing can be preloaded. */
  int is_static;
  int is_loaded;
  int uses_io_uring;
  /* Data files that are mapped for writing. */
  int shared_mappings;
};

static int is_static(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  Elf64_Ehdr header;
  int found = 0, read_all = 0;
  if (pread(fd, &header, sizeof header, 0) == sizeof header &&
      memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64) {
    read_all = 1;
    for (int i = 0; i < header.e_phnum; i++) {
      Elf64_Phdr part;
      off_t at = (off_t)(header.e_phoff + (Elf64_Off)i * header.e_phentsize);
      if (pread(fd, &part, sizeof part, at) != sizeof part) break;
      if (part.p_type == PT_INTERP) found = 1;
    }
  }
  close(fd);
  return read_all && !found;
}

/* 0: this user may not look. */
static int read_maps(int pid, const char *data, struct findings *findings) {
  char path[64], line[PATH_MAX + 128];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "re");
  if (!maps) return 0;
  while (fgets(line, sizeof line, maps)) {
    char mode[8] = "";
    int at = 0;
    if (sscanf(line, "%*s %7s %*s %*s %*s %n", mode, &at) < 1) continue;
    if (strstr(line, "/undo.so")) findings->is_loaded = 1;
    int is_data = at > 0 && strncmp(line + at, data, strlen(data)) == 0;
    if (is_data && mode[1] == 'w' && mode[3] == 's') findings->shared_mappings++;
  }
  fclose(maps);
  return 1;
}

static int uses_io_uring(int pid) {
  char path[64], entry_path[PATH_MAX], target[PATH_MAX];
  int found = 0;
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *folder = opendir(path);
  if (!folder) return 0;
  for (struct dirent *entry; !found && (entry = readdir(folder));) {
    snprintf(entry_path, sizeof entry_path, "%s/%s", path, entry->d_name);
    ssize_t length = readlink(entry_path, target, sizeof target - 1);
    if (length < 0) continue;
    target[length] = 0;
    found = strstr(target, "[io_uring]") != 0;
  }
  closedir(folder);
  return found;
}

static void print_name(int pid) {
  char path[64], name[64] = "";
  snprintf(path, sizeof path, "/proc/%d/comm", pid);
  FILE *file = fopen(path, "re");
  if (file) {
    if (!fgets(name, sizeof name, file)) name[0] = 0;
    fclose(file);
  }
  for (char *at = name; *at; at++) {
    if (!isprint((unsigned char)*at) || *at == '"' || *at == '\\') continue;
    putchar(*at);
  }
}

static const char *word(int yes) { return yes ? "true" : "false"; }

/* Kernel threads and processes of other users have no program that this user can see. */
static int has_program(int pid) {
  char path[64], target[8];
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  return readlink(path, target, sizeof target) > 0;
}

static void print_process(int pid, const char *data, int *printed) {
  struct findings findings = {0};
  if (!has_program(pid) || !read_maps(pid, data, &findings)) return;
  findings.is_static = is_static(pid);
  findings.uses_io_uring = uses_io_uring(pid);
  printf("%s{\"pid\":%d,\"name\":\"", (*printed)++ > 0 ? "," : "", pid);
  print_name(pid);
  printf("\",\"static\":%s,\"loaded\":%s,\"ioUring\":%s,\"sharedMappings\":%d}",
         word(findings.is_static), word(findings.is_loaded), word(findings.uses_io_uring),
         findings.shared_mappings);
}

int inspect(const char *data, int pid_count, char **pids) {
  char folder_path[PATH_MAX];
  DIR *folder = opendir("/proc");
  if (!folder || !realpath(data, folder_path)) {
    perror("undo: inspect");
    return 1;
  }
  int printed = 0;
  putchar('[');
  for (int i = 0; i < pid_count; i++) print_process(atoi(pids[i]), folder_path, &printed);
  for (struct dirent *entry; pid_count == 0 && (entry = readdir(folder));) {
    int pid = atoi(entry->d_name);
    if (pid > 0 && pid != getpid()) print_process(pid, folder_path, &printed);
  }
  puts("]");
  closedir(folder);
  return 0;
}
