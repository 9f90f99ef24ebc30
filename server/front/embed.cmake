# SPDX-License-Identifier: Apache-2.0
# embed.cmake: puts a folder of built files into a library. The targets of page.cmake run it:
#
#   cmake -DFOLDER=DIR -DOUT=DIR -DTAKES=DIR;… -DDEPFILE=FILE -DTARGET=FILE -P embed.cmake
#
# Writes OUT/page.s, which includes each file's bytes, and those of its gzip where that is smaller,
# and OUT/page_table.cc, which defines `embedded_page` (assets.h). TAKES: the sources of the folder.
# DEPFILE names each file and folder in them, so that a change of one builds the page again.

file(GLOB_RECURSE paths RELATIVE ${FOLDER} ${FOLDER}/*)
if(NOT paths)
  message(FATAL_ERROR "${FOLDER} is empty: build the page first")
endif()
# Sorted by path, because `find_path` searches the table by halving.
list(TRANSFORM paths PREPEND "/")
list(SORT paths COMPARE STRING)

file(REMOVE_RECURSE ${OUT}/gzip)
file(MAKE_DIRECTORY ${OUT}/gzip)
set(bytes "        .section .rodata, \"a\", %progbits\n")
set(names "")
set(rows "")
set(number 0)

# A label, and its declaration; a null byte follows, so that two empty files have different addresses.
macro(add_bytes label file)
  string(APPEND bytes "        .global ${label}\n${label}:\n        .incbin \"${file}\"\n        .byte 0\n")
  string(APPEND names "extern const char ${label}[];\n")
endmacro()

foreach(path IN LISTS paths)
  set(file ${FOLDER}${path})
  set(zipped ${OUT}/gzip/${number})
  execute_process(COMMAND gzip -9 -n -c ${file} OUTPUT_FILE ${zipped} COMMAND_ERROR_IS_FATAL ANY)
  file(SIZE ${file} size)
  file(SIZE ${zipped} zipped_size)
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  add_bytes(lockstep_page_${number} ${file})
  set(zip "{}")
  if(zipped_size LESS size)
    add_bytes(lockstep_page_${number}_gzip ${zipped})
    set(zip "{lockstep_page_${number}_gzip, ${zipped_size}}")
  endif()
  string(APPEND rows
    "    Asset{\"${path}\", \"${hash}\", {lockstep_page_${number}, ${size}}, ${zip}},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE ${OUT}/page.s "${bytes}        .section .note.GNU-stack, \"\", %progbits\n")
file(WRITE ${OUT}/page_table.cc "#include <array>

#include \"server/front/assets.h\"

extern \"C\" {
${names}}

namespace lockstep {
namespace {
constexpr std::array table{
${rows}};
}  // namespace

Page embedded_page() { return table; }

}  // namespace lockstep
")

set(sources "")
foreach(each IN LISTS TAKES)
  if(IS_DIRECTORY ${each})
    file(GLOB_RECURSE below LIST_DIRECTORIES true ${each}/*)
    list(APPEND sources ${each} ${below})
  elseif(EXISTS ${each})
    list(APPEND sources ${each})
  endif()
endforeach()
list(TRANSFORM sources REPLACE " " "\\\\ ")
list(JOIN sources " \\\n  " sources)
file(WRITE ${DEPFILE} "${TARGET}: ${sources}\n")
