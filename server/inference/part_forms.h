// SPDX-License-Identifier: Apache-2.0
// part_forms.h: files, data and names as a request can have them.
//
// Providers take some files as they are. Every other file, and data that its provider can't read
// back, is a line of text in the request. Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/rules/event.h"

namespace lockstep {

[[nodiscard]] bool is_image(const FilePart& file);
[[nodiscard]] bool is_document(const FilePart& file);

// The line of text that stands for a file. It leaves out a `data:` URI: the bytes of a file are no
// text for a model.
[[nodiscard]] std::string note_of(const FilePart& file);
// The same for data.
[[nodiscard]] std::string note_of(const DataPart& data);

// A name in the letters that all providers take, `A-Z a-z 0-9 _ -`, and as long as they take.
[[nodiscard]] std::string plain_name(std::string_view name);

}  // namespace lockstep
