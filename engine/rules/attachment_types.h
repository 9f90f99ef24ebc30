// SPDX-License-Identifier: Apache-2.0
// attachment_types.h: which uploaded files models can be given, by media type. Pure.
//
// A model takes images, some take documents and sound, and all take text. What a file is, its bytes
// decide where they can be told; the media type that its sender named is only a hint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/rules/message.h"

namespace lockstep {

enum class AttachmentType : std::uint8_t {
  image,
  document,  // PDF
  sound,
  text,   // what a person reads as text: prose, code, JSON, XML with SVG
  other,  // no model takes it
};

// `media_type`: with parameters or without, in any case.
[[nodiscard]] AttachmentType attachment_type(std::string_view media_type);

// May a request have the bytes of this part, a file? Of an answer only what its provider gets back
// goes out as a file; no provider takes another file in an answer.
[[nodiscard]] bool may_go_out(const Message& message, std::size_t part);

}  // namespace lockstep
