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
// A sound as data, in one of the two forms that Chat Completions takes: `wav` or `mp3`; else empty.
[[nodiscard]] std::string_view sound_form(const FilePart& file);

// The line of text that stands for a file. It leaves out a `data:` URI, and the hash of an uploaded
// file: they are no text for a model.
[[nodiscard]] std::string note_of(const FilePart& file);
// The same for data.
[[nodiscard]] std::string note_of(const DataPart& data);

// A name in the letters that all providers take, `A-Z a-z 0-9 _ -`, and as long as they take.
[[nodiscard]] std::string plain_name(std::string_view name);

}  // namespace lockstep
