# CMake toolchain of the wheels: zig's clang, which PyPI has, for the target in TICKERTAPE_ZIG_TARGET, for instance
# x86_64-linux-gnu.2.28. .ci/wheels/build.py sets it, and TICKERTAPE_ZIG, the path of zig.
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "$ENV{TICKERTAPE_ZIG_TARGET}")
set(CMAKE_CXX_COMPILER "$ENV{TICKERTAPE_ZIG}" c++)
set(CMAKE_CXX_COMPILER_TARGET "$ENV{TICKERTAPE_ZIG_TARGET}")
# zig writes debug information unless told otherwise. Unrolled loops are 2 % of the module.
set(CMAKE_CXX_FLAGS_INIT "-g0 -fno-unroll-loops")
# CMake's checks compile without linking. Otherwise zig would build an unoptimised C++ library for them, which takes minutes.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# zig is also the archiver, but the variables for its path take no arguments. Hence whole rules.
set(CMAKE_CXX_ARCHIVE_CREATE "\"$ENV{TICKERTAPE_ZIG}\" ar qc <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_APPEND "\"$ENV{TICKERTAPE_ZIG}\" ar q <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "\"$ENV{TICKERTAPE_ZIG}\" ranlib <TARGET>")
set(CMAKE_STRIP "") # the linker strips (-s)

# Without --rtlib=none zig links its own memcpy() and strlen(), which are slower than glibc's.
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-s --rtlib=none")

# libc++ is inside the module.
set(TICKERTAPE_STATIC_RUNTIME "libc++")

# zig links with libc.so; on systems with musl, and for auditwheel, the library has this name.
if(CMAKE_CXX_COMPILER_TARGET MATCHES "musl")
  set(TICKERTAPE_LIBC_NAME "libc.musl-${CMAKE_SYSTEM_PROCESSOR}.so.1")
endif()
