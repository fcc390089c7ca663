# How our own code is compiled, and the small functions that the folders' lists are written with.
#
# Sources are found, not listed: a file in a folder is in the build. CONFIGURE_DEPENDS makes the build look again.

include(GNUInstallDirs)

# Warnings are for our code only: link it PRIVATE. Other people's headers come through imported targets, as SYSTEM.
add_library(restante_warnings INTERFACE)
target_compile_options(restante_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
  -Wundef $<$<BOOL:${RESTANTE_WERROR}>:-Werror>)

# What all of our code sees and nobody else's does: the tree ("core/outbox.h") and the warnings.
add_library(restante_own INTERFACE)
target_include_directories(restante_own INTERFACE ${PROJECT_SOURCE_DIR})
target_link_libraries(restante_own INTERFACE restante_warnings)
target_compile_definitions(restante_own INTERFACE
  $<$<BOOL:${RESTANTE_PLANT_CONFIRM_BEFORE_COMMIT}>:RESTANTE_PLANT_CONFIRM_BEFORE_COMMIT>)

# restante_sources(<variable> <pattern>... [EXCLUDE <regex>...]): the files of this folder, as absolute paths.
function(restante_sources variable)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "EXCLUDE")
  list(TRANSFORM arg_UNPARSED_ARGUMENTS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  file(GLOB found CONFIGURE_DEPENDS ${arg_UNPARSED_ARGUMENTS})
  foreach(regex IN LISTS arg_EXCLUDE)
    list(FILTER found EXCLUDE REGEX ${regex})
  endforeach()
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

# restante_library(<target> [SOURCES <file>...] [INCLUDE <public folder>] [PUBLIC <target>...] [PRIVATE <target>...])
# A static library, known to others as restante::<name without restante_>. Without sources it is an interface, so that
# whoever links it can be configured.
function(restante_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "INCLUDE" "SOURCES;PUBLIC;PRIVATE")
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(public PUBLIC)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:restante_own> ${arg_PRIVATE})
  else()
    add_library(${target} INTERFACE)
    set(public INTERFACE)
  endif()
  target_link_libraries(${target} ${public} ${arg_PUBLIC})
  if(arg_INCLUDE)
    target_include_directories(${target} ${public} $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/${arg_INCLUDE}>)
  endif()
  target_compile_features(${target} ${public} cxx_std_20)
  string(REGEX REPLACE "^restante_" "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  add_library(restante::${name} ALIAS ${target})
endfunction()

# restante_program(<target> SOURCES <file>... [LINK <target>...]): an executable of our own code; nothing, if there are
# no sources.
function(restante_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(NOT arg_SOURCES)
    return()
  endif()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE restante_own ${arg_LINK})
endfunction()

# restante_schema(<target> <file.capnp>...): what these describe, to link; included as <path/of/file.capnp.h> from the
# root of the tree, or by its name alone. Apart from our code, so that no warning of ours is for it.
function(restante_schema target)
  set(generated ${PROJECT_BINARY_DIR}/generated)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE folder)
  foreach(file IN LISTS ARGN)
    set(source ${generated}/${folder}/${file}.c++)
    add_custom_command(
      OUTPUT ${source} ${generated}/${folder}/${file}.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
      COMMAND ${RESTANTE_CAPNP} compile -o ${RESTANTE_CAPNPC_CXX}:${generated} --src-prefix ${PROJECT_SOURCE_DIR}
              ${CMAKE_CURRENT_SOURCE_DIR}/${file}
      DEPENDS ${file}
      COMMENT "Generating ${folder}/${file}.h"
      VERBATIM)
    list(APPEND sources ${source})
  endforeach()
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -w)
  add_library(${target} STATIC ${sources})
  target_link_libraries(${target} PUBLIC PkgConfig::capnp)
  target_include_directories(${target} SYSTEM PUBLIC ${generated} ${generated}/${folder})
endfunction()
