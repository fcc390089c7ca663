# What `cmake --install` leaves: the program, the libraries, the public headers, and two ways to find them.
# The embedded mode and the exactly-once helpers are components of their own, because they alone need SQLite.

include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/restante)

install(TARGETS restante_core restante_link restante restante_typed EXPORT restante-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS restante_store restante_sidecar restante_embedded EXPORT restante-embedded-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS restante_exactly_once EXPORT restante-exactly_once-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET restante_cli)
  install(TARGETS restante_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY core/include/restante patterns/include/restante DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN *.h)

install(EXPORT restante-targets NAMESPACE restante:: DESTINATION ${config_dir})
install(EXPORT restante-embedded-targets NAMESPACE restante:: DESTINATION ${config_dir})
install(EXPORT restante-exactly_once-targets NAMESPACE restante:: DESTINATION ${config_dir})

configure_package_config_file(cmake/restante-config.cmake.in ${PROJECT_BINARY_DIR}/restante-config.cmake
  INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/restante-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/restante-config.cmake ${PROJECT_BINARY_DIR}/restante-config-version.cmake
  DESTINATION ${config_dir})

file(RELATIVE_PATH up_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(package restante restante-typed)
  configure_file(cmake/${package}.pc.in ${PROJECT_BINARY_DIR}/${package}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
