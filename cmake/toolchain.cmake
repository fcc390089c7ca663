# The compiler's settings for everything that is built here: language, hardening, sanitizers, cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

# Position independent also where CMake would not by itself: static libraries end up in executables that are PIE.
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# One folder for the programs, so that a person finds them: build/dev/bin/restante.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endif()

find_program(CCACHE_PROGRAM ccache)
mark_as_advanced(CCACHE_PROGRAM)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Only where we are the top: a project that adds us as a folder has its own opinion on all of these.
if(PROJECT_IS_TOP_LEVEL)
  add_compile_options(-fstack-protector-strong -fdiagnostics-color=auto)
  add_link_options(LINKER:-z,relro LINKER:-z,now)
  if(RESTANTE_SANITIZE)
    add_compile_options(-fsanitize=${RESTANTE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${RESTANTE_SANITIZE})
    # As shared libraries, g++'s UBSan tells its log_path to ASan, whose function of that name comes first, and its
    # findings go to a standard error that nobody may read. Static, with its names hidden, it has its own. ASan stays
    # shared: static, its accept() would stand before the one that guards the product (patterns/link/accept_guard.cpp).
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND RESTANTE_SANITIZE STREQUAL "address,undefined")
      add_link_options(-static-libubsan LINKER:--exclude-libs,libubsan.a)
    endif()
  else()
    # Not under sanitizers, whose interceptors do not know the checked variants. It needs optimization to do anything.
    add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  endif()
endif()
