/* Fails the Nth call of one kind, once or from then on, as SQLite's tests do. Preloaded (LD_PRELOAD) into
 * fault_driver.cc, which says when counting starts. Calls of the C library to itself do not come by here, so what
 * counts is the program's own.
 *
 *   FAIL_KIND     malloc, write, open, mmap, fallocate, fsync, ftruncate, unlink, rename or thread
 *   FAIL_AT       the first call that fails, from 1; 0: none
 *   FAIL_FOREVER  1: those after it fail, too
 *   FAIL_ERRNO    what it fails with (not for malloc, mmap and thread)
 *
 * The number of calls so far is in the first word of the shared file FAIL_COUNTS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static const char* wanted_kind = "";
static unsigned long fail_at;
static int is_forever, error_number;
static atomic_int is_armed;
static _Atomic uint64_t private_count;
static _Atomic uint64_t* count = &private_count;

__attribute__((constructor)) static void set_up(void) {
  if (getenv("FAIL_KIND") != NULL) wanted_kind = getenv("FAIL_KIND");
  if (getenv("FAIL_AT") != NULL) fail_at = strtoul(getenv("FAIL_AT"), NULL, 10);
  if (getenv("FAIL_FOREVER") != NULL) is_forever = atoi(getenv("FAIL_FOREVER"));
  error_number = getenv("FAIL_ERRNO") != NULL ? atoi(getenv("FAIL_ERRNO")) : EIO;
  if (getenv("FAIL_COUNTS") == NULL) return;
  const int file = open(getenv("FAIL_COUNTS"), O_RDWR);
  void* shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared != MAP_FAILED) count = shared;
  close(file);
}

void fail_nth_arm(int on) { atomic_store(&is_armed, on); }

static int shall_fail(const char* kind) {
  if (!atomic_load(&is_armed) || strcmp(kind, wanted_kind) != 0) return 0;
  const uint64_t number = atomic_fetch_add(count, 1) + 1;
  return fail_at != 0 && (number == fail_at || (is_forever && number > fail_at));
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* glibc's own names: dlsym() may itself allocate. */
extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static void* no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

void* malloc(size_t size) { return shall_fail("malloc") ? no_memory() : __libc_malloc(size); }
void* calloc(size_t n, size_t size) { return shall_fail("malloc") ? no_memory() : __libc_calloc(n, size); }
void* realloc(void* old, size_t size) { return shall_fail("malloc") ? no_memory() : __libc_realloc(old, size); }
void* aligned_alloc(size_t alignment, size_t size) {
  return shall_fail("malloc") ? no_memory() : __libc_memalign(alignment, size);
}

static int failed(void) {
  errno = error_number;
  return -1;
}

ssize_t write(int file, const void* bytes, size_t size) {
  if (file > 2 && shall_fail("write")) return failed();
  return REAL(write)(file, bytes, size);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return shall_fail("write") ? failed() : REAL(pwrite)(file, bytes, size, offset);
}

static int open_mode(int flags, va_list arguments) { return (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0; }

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = open_mode(flags, arguments);
  va_end(arguments);
  return shall_fail("open") ? failed() : REAL(open)(path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = open_mode(flags, arguments);
  va_end(arguments);
  return shall_fail("open") ? failed() : REAL(openat)(directory, path, flags, mode);
}

void* mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) {
  if (shall_fail("mmap")) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return REAL(mmap)(at, size, protection, flags, file, offset);
}

int fallocate(int file, int mode, off_t offset, off_t size) {
  return shall_fail("fallocate") ? failed() : REAL(fallocate)(file, mode, offset, size);
}
int posix_fallocate(int file, off_t offset, off_t size) {
  return shall_fail("fallocate") ? error_number : REAL(posix_fallocate)(file, offset, size);
}
int fsync(int file) { return shall_fail("fsync") ? failed() : REAL(fsync)(file); }
int fdatasync(int file) { return shall_fail("fsync") ? failed() : REAL(fdatasync)(file); }
int ftruncate(int file, off_t size) { return shall_fail("ftruncate") ? failed() : REAL(ftruncate)(file, size); }
int unlink(const char* path) { return shall_fail("unlink") ? failed() : REAL(unlink)(path); }
int rename(const char* from, const char* to) { return shall_fail("rename") ? failed() : REAL(rename)(from, to); }

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  return shall_fail("thread") ? EAGAIN : REAL(pthread_create)(thread, attributes, start, argument);
}
