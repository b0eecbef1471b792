# CMake toolchain: macOS with zig's clang, which PyPI has (`pip install ziglang`; `make macos` links it as .venv/bin/zig). zig
# brings the headers of macOS, stubs of its system library, and libc++, so programs compile and link on any machine; they run
# on a Mac only.
set(TICKERTAPE_MACOS_PROCESSOR arm64 CACHE STRING "arm64 or x86_64")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TICKERTAPE_MACOS_PROCESSOR)
find_program(TICKERTAPE_ZIG zig REQUIRED)

set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR ${TICKERTAPE_MACOS_PROCESSOR})
string(REPLACE arm64 aarch64 zig_processor ${TICKERTAPE_MACOS_PROCESSOR})
set(CMAKE_CXX_COMPILER ${TICKERTAPE_ZIG} c++)
set(CMAKE_CXX_COMPILER_TARGET ${zig_processor}-macos.11.0)

# zig compiles libc++ for each combination of options that links a program: CMake's own trials link none.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# zig chooses processor and SDK by its target; CMake would add options of Apple's compiler.
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_OSX_ARCHITECTURES "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "")
set(CMAKE_INSTALL_NAME_TOOL /bin/false) # nothing is installed
set(CMAKE_STRIP "") # that of Linux does not know the format
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-shared") # besides CMake's -bundle, at which alone the linker of zig 0.17 crashes

# zig is also the archiver. A variable of CMake for a program takes no arguments, hence whole rules.
set(CMAKE_CXX_ARCHIVE_CREATE "\"${TICKERTAPE_ZIG}\" ar qc <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_APPEND "\"${TICKERTAPE_ZIG}\" ar q <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "\"${TICKERTAPE_ZIG}\" ranlib <TARGET>")
