/* Other people's deflate at its fastest levels, for `tickertape bench` alone. Compiled once for each library:
 * -DLIBDEFLATE -ldeflate, or -DISAL -lisal. Both return the size of a zlib stream, or 0 where it did not fit. */
#include <stddef.h>

#ifdef LIBDEFLATE
#include <libdeflate.h>

const char* version(void) { return LIBDEFLATE_VERSION_STRING; }

size_t deflate_at(int level, const void* in, size_t in_size, void* out, size_t out_size) {
  struct libdeflate_compressor* compressor = libdeflate_alloc_compressor(level);
  if (compressor == NULL) return 0;
  const size_t size = libdeflate_zlib_compress(compressor, in, in_size, out, out_size);
  libdeflate_free_compressor(compressor);
  return size;
}
#endif

#ifdef ISAL
#include <isa-l.h>
#include <stdlib.h>

#define WORDS(x) #x
#define NUMBER(x) WORDS(x)
const char* version(void) {
  return NUMBER(ISAL_MAJOR_VERSION) "." NUMBER(ISAL_MINOR_VERSION) "." NUMBER(ISAL_PATCH_VERSION);
}

size_t deflate_at(int level, const void* in, size_t in_size, void* out, size_t out_size) {
  const size_t sizes[] = {ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};
  struct isal_zstream stream;
  isal_deflate_init(&stream);
  stream.level = (unsigned)level;
  stream.level_buf_size = (unsigned)sizes[level];
  stream.level_buf = malloc(sizes[level] ? sizes[level] : 1);
  stream.gzip_flag = IGZIP_ZLIB;
  stream.end_of_stream = 1;
  stream.flush = NO_FLUSH;
  stream.next_in = (unsigned char*)in;
  stream.avail_in = (unsigned)in_size;
  stream.next_out = out;
  stream.avail_out = (unsigned)out_size;
  const int status = isal_deflate(&stream);
  free(stream.level_buf);
  return status == COMP_OK && stream.avail_in == 0 && stream.internal_state.state == ZSTATE_END ? stream.total_out : 0;
}
#endif
