# limits.h with small values: what a run of the simulated world is too short for must be reached in it as well. The
# values must not contradict each other:
#  - A batch of the world has at most 8 messages and about 2,000 octets; every window takes a few of them.
#  - A writer's window may reach back over one block, not more: otherwise its grant would be closed under it. 8 KiB hold
#    at most some 130 of the smallest messages.
#  - Half of `tracked_batches_max` settled entries make a window crowded; half of `loose_messages_max` are let go.
#  - The memory of one subscription is below that of all, and above its minimum.
set(small_limits
  batch_size_target=2048 grant_messages=256 writer_window=8192 writer_topics_max=2 seen_topics_max=2
  tracked_octets_max=12288 tracked_octets_all=24576 tracked_octets_min=3072 tracked_batches_max=16
  page_octets=2048 page_rows=4 transaction_octets=4096 early_ranges_max=8 loose_messages_max=32 ranges_max=16
  published_log_max=8
  settled_ranges_max=256 hold_octets=4096 hold_batches=4 gaps_max=4)

# restante_small_limits(<file>): writes it, and again whenever limits.h has changed.
function(restante_small_limits file)
  set(real ${PROJECT_SOURCE_DIR}/core/include/restante/limits.h)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${real})
  file(READ ${real} text)
  foreach(limit IN LISTS small_limits)
    string(REGEX MATCH "^([a-z_]+)=([0-9]+)$" matched ${limit})
    set(name ${CMAKE_MATCH_1})
    set(value ${CMAKE_MATCH_2})
    string(REGEX REPLACE "(constexpr [a-z0-9_:]+ ${name})[ \n]*=[^;]*;" "\\1 = ${value};" changed "${text}")
    if(changed STREQUAL text)
      message(FATAL_ERROR "limits.h has no ${name} that could be made small (tests/sim/small_limits.cmake)")
    endif()
    set(text "${changed}")
  endforeach()
  file(CONFIGURE OUTPUT ${file} CONTENT "${text}" @ONLY)
endfunction()
