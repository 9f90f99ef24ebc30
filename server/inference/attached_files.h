// SPDX-License-Identifier: Apache-2.0
// attached_files.h: the uploaded files of a path, as their bytes.
//
// A file of a path that was uploaded is named by the hash of its bytes, which tells a model server
// nothing. Before a composer sees the path, each such file gets its bytes in place of its name:
//
//   an image   `data:` in base64, if it is a PNG, JPEG, GIF or WebP: all providers take these. Its
//              bytes say which, and not the media type, which may be wrong: a provider refuses a
//              picture of another type, and with it every later turn of the thread
//   a PDF      `data:` in base64
//   a sound    the same, if it is a WAV or an MP3
//   a text     of a user: a text, with a line before it that names the file
//
// What a file is meant to be, its part says, or without that its upload. A file of an answer goes
// back to the provider that made it, byte for byte.
//
// Every other file keeps its name, and goes out as a line of text; so does one whose bytes are not
// there. A repair says so. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "engine/rules/producer.h"
#include "server/inference/repairs.h"

namespace lockstep {

// The context with the bytes of its files; nothing if its path names no uploaded file.
[[nodiscard]] std::optional<Context> with_files(const Context& context);

// Why this file is only a line of text in the request.
[[nodiscard]] RepairKind repair_of(const FilePart& file, const Context& context);

}  // namespace lockstep
